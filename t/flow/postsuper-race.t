#!/bin/sh
# postsuper beside a running system under load: what was not asked to be deleted is delivered, once
#
# Messages come and go, inodes and with them queue IDs are used again, and all
# the while listings are taken and deleted. PH_LARGE=1: 10,000 messages.
. "$(dirname "$0")/../lib.sh"
count=600
[ -z "${PH_LARGE-}" ] || count=10000
sink_port=$(free_port)
instance_new "$T/ours" "transport_maps = inline:{ {remote.example = smtp:[127.0.0.1]:$sink_port} }" \
    'in_flow_delay = 0' 'smtpd_client_connection_rate_limit = 0' 'default_destination_concurrency_limit = 2'
mkdir "$T/sink"
"$PH_BIN/smtp-sink" -R "$T/sink" -d '%M.' "127.0.0.1:$sink_port" 100 >"$T/sink.out" 2>&1 &
sink=$!
stop_sink() { kill "$sink" $sender 2>/dev/null; }
sender=
on_exit stop_sink
ok 'the instance starts' instance_start "$T/ours"
MAIL_CONFIG=$T/ours/etc; export MAIL_CONFIG

for part in 1 2 3; do
	perl -MIO::Socket::INET -e '
		my ($port, $n, $part) = @ARGV;
		my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port) or die;
		my $say = sub { print $s "$_[0]\r\n"; my $l = <$s>; $l = <$s> while $l =~ /^\d+-/; die $l if $l !~ /^[23]/ };
		<$s>; $say->("EHLO client.example");
		for my $i (1 .. $n) {
			$say->("MAIL FROM:<s\@origin.example>");
			$say->("RCPT TO:<r$part-$i\@remote.example>");
			$say->("DATA"); $say->("Subject: $i\r\n\r\nMessage $i\r\n.");
			print "r$part-$i\@remote.example\n";
		}
		$say->("QUIT")' "$(instance_port "$T/ours")" $((count / 3)) $part >"$T/accepted.$part" &
	sender="$sender $!"
done
sending() { for p in $sender; do kill -0 "$p" 2>/dev/null && return 0; done; return 1; }
: >"$T/deleted"; : >"$T/errors"
rounds=0
while sending; do
	# Some of what is there: every third by the digits of its recipient.
	postqueue --select 'rcpt ~ "[258]@"' --format jsonl >"$T/list" 2>/dev/null
	[ -s "$T/list" ] || continue
	postsuper --delete --ids "$T/list" --yes --json >"$T/result" 2>>"$T/errors" </dev/null
	jq -r 'select(.event == "result" and .result == "done") | .id' "$T/result" | sort -u >"$T/ids"
	jq -r '.id + " " + .recipients[0].address' "$T/list" | sort -u | join - "$T/ids" | cut -d' ' -f2 >>"$T/deleted"
	rounds=$((rounds + 1))
done
wait $sender
sort "$T"/accepted.* >"$T/accepted"
is "$count messages were accepted" "$(wc -l <"$T/accepted")" $((count / 3 * 3))
empty() { [ -z "$(find "$T/ours/spool/incoming" "$T/ours/spool/active" "$T/ours/spool/deferred" -type f)" ]; }
ok 'the queue runs empty' wait_for 240 empty
ok "some were deleted, in $rounds rounds" [ "$(wc -l <"$T/deleted")" -gt 20 ]
find "$T/sink" -type f -exec sed -n 's/^X-Rcpt-Args: <\([^>]*\)>.*/\1/p' {} + | sort >"$T/got"
sort -u "$T/deleted" >"$T/gone"
is 'nothing was deleted that was not listed' "$(grep -v '[258]@' "$T/gone" | head -n 3)" ''
is 'nobody got a message twice' "$(uniq -d "$T/got" | head -n 3)" ''
is 'every message was delivered, or it was this one that was deleted' \
    "$(sort -u "$T/got" "$T/gone" | comm -3 - "$T/accepted" | head -n 5)" ''
is 'all that was not to be deleted was delivered' \
    "$(grep -v '[258]@' "$T/accepted" | comm -23 - "$T/got" | head -n 5)" ''
is 'the tools had nothing else to say' "$(grep -Ev ': (gone|is in no queue|another message)|: is gone' "$T/errors" | head -n 3)" ''
done_testing
