#!/bin/sh
# postsuper beside a running Postfix: deleted and taken back, nothing is lost, nothing twice
#
# PH_LARGE=1: 10,000 messages instead of 600.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
count=600
[ -z "${PH_LARGE-}" ] || count=10000
ports=$(free_ports 1)
peer_new peer "transport_maps = inline:{ {remote.example = smtp:[127.0.0.1]:$ports} }
mynetworks = 127.0.0.0/8
in_flow_delay = 0
minimal_backoff_time = 1h
maximal_backoff_time = 1h
queue_run_delay = 1h
smtpd_client_connection_rate_limit = 0"
must() { ok "$@"; [ $failures = 0 ] || done_testing; }
must 'the peer starts' peer_start peer
S=$T/peer/spool
peer_tools peer

perl -MIO::Socket::INET -e '
	my ($port, $n) = @ARGV;
	my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port) or die;
	my $say = sub { print $s "$_[0]\r\n"; my $l = <$s>; $l = <$s> while $l =~ /^\d+-/; die $l if $l !~ /^[23]/ };
	<$s>; $say->("EHLO client.example");
	for my $i (1 .. $n) {
		$say->("MAIL FROM:<s\@origin.example>");
		$say->("RCPT TO:<r$i\@remote.example>");
		$say->("RCPT TO:<q$i\@remote.example>") if $i % 3 == 0;
		$say->("DATA"); $say->("Subject: $i\r\n\r\nMessage $i\r\n.");
	}
	$say->("QUIT")' "$(peer_port peer)" $count
deferred() { [ "$(find "$S/deferred" -type f | wc -l)" = $count ] && [ -z "$(find "$S/active" "$S/incoming" -type f)" ]; }
must "$count messages are deferred" wait_for 120 deferred

picture() {
	(cd "$S" && find deferred hold incoming active bounce defer trace -type f -printf '%p %i %m %T@ ' -exec md5sum -b {} + |
	    sed 's/ \([0-9a-f]\{32\}\) \*/\n\1 /' | sort)
}
picture >"$T/before"
find "$S/deferred" -type f -printf '%f\n' | shuf -n $((count / 2)) >"$T/half"
like 'a random half is deleted' "$(postsuper --delete --ids "$T/half" --yes 2>&1)" "^deleted: $((count / 2)) messages"
is 'the other half is there' "$(find "$S/deferred" -type f | wc -l)" $((count - count / 2))
is "the peer's listing shows only that" "$(peer peer postqueue -j | wc -l)" $((count - count / 2))
ok "the peer's check is content" peer peer postsuper -s
like 'undo' "$(postsuper --undo last --yes 2>&1)" "^restored: $((count / 2)) messages"
picture >"$T/after"
ok 'inode, mode, times, content and logs are as before' cmp "$T/before" "$T/after"
like 'hold and release, and both taken back' "$(postsuper --hold --select 'nrcpt = 2' --yes 2>&1; postsuper --undo last --yes 2>&1)" "^restored: $((count / 3))"
picture >"$T/after"
ok 'as before again' cmp "$T/before" "$T/after"

# Now somebody answers there.
cd "$T" && mkdir sink && "$PH_BIN/smtp-sink" -R "$T/sink" -d '%M.' -u "$(id -un)" "127.0.0.1:$ports" 100 >"$T/sink.out" 2>&1 &
sink=$!
stop_sink() { kill "$sink" 2>/dev/null; }
on_exit stop_sink
like 'everything is scheduled' "$(postsuper --flush --yes ALL 2>&1)" "scheduled: $count messages"
empty() { [ -z "$(find "$S/deferred" "$S/active" "$S/incoming" "$S/hold" -type f)" ]; }
ok 'the queue runs empty' wait_for 180 empty
cat "$T"/sink/* | sed -n 's/^X-Rcpt-Args: <\([^>]*\)>.*/\1/p' | sort >"$T/got"
perl -e 'for (1 .. shift) { print "r$_\@remote.example\n"; print "q$_\@remote.example\n" if $_ % 3 == 0 }' $count | sort >"$T/want"
ok 'each recipient got it exactly once' cmp "$T/got" "$T/want"
is 'nothing is left in the trash' "$(find "$S/trash" -mindepth 1 | wc -l)" 0

# A message returned with a reason of our own, by the peer's queue manager.
kill "$sink"
mkdir -p "$T/mail"
peer peer sendmail -f nobody@peer.example nobody@remote.example <<-'EOT'
	Subject: returned

	text
	EOT
one() { [ "$(find "$S/deferred" -type f | wc -l)" = 1 ]; }
ok 'one more is deferred' wait_for 30 one
like 'it is bounced' "$(postsuper --bounce --reason 'this mailing was stopped' --yes ALL 2>&1)" 'returned to sender: 1 message'
ok 'the queue manager takes it' wait_for 60 empty
returned() { grep -rq 'this mailing was stopped' "$T"/peer/mail/ 2>/dev/null; }
ok 'and the sender reads why' wait_for 30 returned
done_testing
