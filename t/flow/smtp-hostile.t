#!/bin/sh
# smtp: servers that are slow, silent, endless or mad cost one delivery, no more
. "$(dirname "$0")/../lib.sh"
servers=
stop_servers() { for p in $servers; do kill "$p" 2>/dev/null; done; servers=; }
on_exit stop_servers
cat >"$T/mad.pl" <<'P'
# mad.pl MODE: prints its port; does something terrible to each client
use IO::Socket::INET; use strict; $| = 1; $SIG{PIPE} = 'IGNORE'; $SIG{CHLD} = 'IGNORE';
my $mode = shift; my $l = IO::Socket::INET->new(Listen => 20, LocalAddr => '127.0.0.1'); print $l->sockport, "\n";
while (my $c = $l->accept) {
	if (fork) { close $c; next }
	close $l; alarm 60;
	if ($mode eq 'endless') { 1 while syswrite $c, "220-more and more\r\n" x 100 }
	if ($mode eq 'blank') { 1 while syswrite $c, "\r\n" x 1000 }
	if ($mode eq 'lines') { for (1 .. 50) { syswrite($c, "220-x\r\n") or last; select undef, undef, undef, 0.5 } }
	if ($mode eq 'oneline') { 1 while syswrite $c, 'x' x 10000 }
	if ($mode eq 'drip') { for (1 .. 50) { syswrite($c, '2') or last; select undef, undef, undef, 0.5 } }
	if ($mode eq 'binary') { syswrite $c, "220-\0\1\2\377\e[31m\r\n\xff\xfe\r\n220 hi\r\n"; }
	if ($mode eq 'binary' or $mode eq 'hangup') {
		syswrite $c, "220 hi\r\n" if $mode eq 'hangup';
		while (<$c>) {
			if (/^EHLO/) { syswrite $c, "250-x\r\n250-SIZE zzz\r\n250-SIZE 99999999999999999999999\r\n250 PIPELINING\r\n" }
			elsif (/^DATA/) { syswrite $c, "354 go\r\n"; if ($mode eq 'hangup') { read $c, my $b, 1000; exit } while (<$c>) { last if /^\.\r/ } syswrite $c, "550 5.0.0 \e[31m\0no\r\n" }
			else { syswrite $c, "250 ok\r\n" }
		}
	}
	sleep 60; exit;
}
P
mad() { timeout 300 perl "$T/mad.pl" "$1" >"$T/$1.port" & servers="$servers $!"; wait_for 5 test -s "$T/$1.port"; eval "$1_port=$(cat "$T/$1.port")"; }
sink() { name=$1; shift; timeout 300 smtp-sink "$@" 127.0.0.1:0 100 >"$T/$name.port" 2>/dev/null & servers="$servers $!"; wait_for 5 test -s "$T/$name.port"; eval "${name}_port=$(cat "$T/$name.port")"; }
for m in endless lines blank oneline drip binary hangup; do mad $m; done
sink good
sink silent -W connect:60
sink slow -W rcpt:60
sink nonsense --reply 'connect=hello there, who are you?'
sink chatty --reply 'connect=220-hello\r\nI forgot the code here\r\n220 mx ESMTP'
sink empty --reply 'ehlo=250-\r\n\r\n250 '

r() { printf '{%s.example = smtp:[127.0.0.1]:%s}, ' "$1" "$2"; }
I=$T/inst
ok 'an instance is made' instance_new "$I" 'smtp_helo_timeout = 2s' 'smtp_rcpt_timeout = 2s' \
    "transport_maps = inline:{ $(r endless "$endless_port")$(r blank "$blank_port")$(r oneline "$oneline_port")$(r drip "$drip_port")$(r binary "$binary_port")$(r hangup "$hangup_port")$(r silent "$silent_port")$(r slow "$slow_port")$(r nonsense "$nonsense_port")$(r chatty "$chatty_port")$(r empty "$empty_port"){lines.example = dl:[127.0.0.1]:$lines_port}, {good.example = smtp:[127.0.0.1]:$good_port} }"
echo 'dl unix - - n - - smtp -o smtp_per_request_deadline=yes' >>"$I/etc/master.cf"
must 'and started' instance_start "$I"
perl -e 'print "Subject: big\n\n", "0123456789abcdef\n" x 60000' >"$T/big"
printf "Subject: small\n\nhello\n" >"$T/small"
submit() { id=$(as "$I" enqueue "" "r@$1.example" <"${2:-$T/small}") && as "$I" postkick public qmgr I; }
ends() { submit "$2" "${4:-$T/small}"; ok "$1" wait_for 20 instance_logged "$I" "$id: to=<r@$2.example>, .*$3"; }
H='127\.0\.0\.1\[127\.0\.0\.1\]'

ends 'one that never greets' silent "status=deferred \(conversation with $H timed out while receiving the initial server greeting\)"
ends 'one that is slow' slow "status=deferred \(conversation with $H timed out while sending RCPT TO\)"
ends 'one that greets with nonsense' nonsense 'status=deferred'
ok 'which is logged' wait_for 5 instance_logged "$I" "warning: $id: non-SMTP response from $H:$nonsense_port: hello there, who are you\?"
ends 'one that mixes nonsense in is served' chatty 'status=sent'
ends 'empty lines in a reply are harmless' empty 'status=sent'
ends 'an endless reply ends' endless "status=deferred \(Protocol error: host $H sent an invalid reply"
ends 'endless empty lines end' blank "status=deferred \((Protocol error|conversation with)"
ends 'an endless line ends' oneline "status=deferred \((Protocol error|conversation with)"
ends 'a byte now and then does not buy time' drip "status=deferred \(conversation with $H timed out"
ends 'with a deadline a line now and then does not, either' lines "status=deferred \(conversation with $H timed out"
ends 'binary replies' binary 'status=bounced \(host .* said: 550 5\.0\.0 '
is 'control bytes do not reach the log' "$(instance_log "$I" | tr -d '\n\t -~' | wc -c | tr -d ' ')" 0
ends 'one that hangs up in the message' hangup "status=deferred \(lost connection with $H while sending (message body|end of data)" "$T/big"
ends 'and after all that mail still flows' good 'status=sent'
ok 'no process died of it' sh -c "! grep -Eq 'panic:|killed by signal|exit status' '$I/log/mail.log'"
done_testing
