#!/bin/sh
# postsuper: mail is exported from a system that delivers it, and goes out from another one: each message once
. "$(dirname "$0")/../lib.sh"
count=200
sink_port=$(free_port)
for host in from to; do
	instance_new "$T/$host" "transport_maps = inline:{ {remote.example = smtp:[127.0.0.1]:$sink_port} }" \
	    'smtpd_client_connection_rate_limit = 0' 'default_destination_concurrency_limit = 2'
done
mkdir "$T/sink"
"$PH_BIN/smtp-sink" -R "$T/sink" -d '%M.' "127.0.0.1:$sink_port" 100 >"$T/sink.out" 2>&1 &
sink=$!
sender=
stop_sink() { kill "$sink" $sender 2>/dev/null; }
on_exit stop_sink
must 'one system starts' instance_start "$T/from"
must 'the other one, too' instance_start "$T/to"
perl -MIO::Socket::INET -e '
	my ($port, $n, $archive) = @ARGV;
	my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port) or die;
	my $say = sub { print $s "$_[0]\r\n"; my $l = <$s>; $l = <$s> while $l =~ /^\d+-/; die $l if $l !~ /^[23]/ };
	<$s>; $say->("EHLO client.example");
	for (my $i = 1; $i <= $n || ($i < 20 * $n && !-e $archive); $i++) {
		$say->("MAIL FROM:<s\@origin.example>");
		$say->("RCPT TO:<r$i\@remote.example>");
		$say->("DATA"); $say->("Subject: $i\r\n\r\nMessage $i\r\n.");
		print "r$i\@remote.example\n";
	}
	$say->("QUIT")' "$(instance_port "$T/from")" $count "$T/0.tar" >"$T/accepted" &
sender=$!
archives=0
while kill -0 "$sender" 2>/dev/null; do
	MAIL_CONFIG=$T/from/etc postsuper --export-queue "$T/$archives.tar" --yes --select 'rcpt ~ "[2468]@"' \
	    >>"$T/said" 2>>"$T/errors" </dev/null
	[ ! -f "$T/$archives.tar" ] || archives=$((archives + 1))
done
wait "$sender"
moved=$(sed -n 's/^exported: \([0-9]*\) .*/\1/p' "$T/said" | awk '{ n += $1 } END { print n + 0 }')
ok "some were moved: $moved in $archives archives" [ "$moved" -gt 0 ]
# What was delivered while it was taken is ended by the next look at the queue.
empty() {
	MAIL_CONFIG=$T/$1/etc postqueue -f
	[ -z "$(find "$T/$1/spool/incoming" "$T/$1/spool/active" "$T/$1/spool/deferred" "$T/$1/spool/hold" -type f)" ]
}
ok 'the first system runs empty' wait_for 60 empty from
bad=
for n in $(seq 0 $((archives - 1))); do
	MAIL_CONFIG=$T/to/etc postsuper --import-queue "$T/$n.tar" --release --yes >>"$T/said" 2>&1 </dev/null || bad="$bad$n "
done
is 'all are imported' "$bad" ''
ok 'the second system runs empty' wait_for 60 empty to
sort "$T/accepted" >"$T/want"
find "$T/sink" -type f -exec sed -n 's/^X-Rcpt-Args: <\([^>]*\)>.*/\1/p' {} + | sort >"$T/got"
is 'every message was delivered, once' "$(diff "$T/want" "$T/got")" ''
done_testing
