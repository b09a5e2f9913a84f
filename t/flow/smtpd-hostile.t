#!/bin/sh
# smtpd: clients that never end a line, flood, drip or vanish cost themselves
# a session; memory stays bounded and the log tells
. "$(dirname "$0")/../lib.sh"
cat >"$T/mad.pl" <<'P'
# mad.pl MODE PORT: do something terrible to the server, print its last reply
use IO::Socket::INET; use strict; $SIG{PIPE} = 'IGNORE'; $SIG{ALRM} = sub { print "STILL OPEN\n"; exit };
my ($mode, $port) = @ARGV; alarm 60;
my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") or die "connect: $!";
my $r = <$c>;
my $mail = "EHLO x\r\nMAIL FROM:<a\@x.example>\r\n";
sub say_all { my $s = shift; while (length $s) { my $n = syswrite($c, $s) or return; substr($s, 0, $n, '') } }
if ($mode eq 'oneline') { say_all('A' x 1_000_000 . "\r\nQUIT\r\n") }
if ($mode eq 'nuls') { say_all("NO\0OP\r\nMAIL FROM:<a\0b\@x.example>\r\n" x 3 . "QUIT\r\n") }
if ($mode eq 'garbage') { srand 1; say_all(join '', map { chr rand 256 } 1 .. 200_000) }
if ($mode eq 'drip') { for (1 .. 100) { syswrite($c, 'A') or last; select undef, undef, undef, 0.2 } }
if ($mode eq 'vanish' || $mode eq 'endless') {
	say_all("${mail}RCPT TO:<postmaster\@posthorn.example>\r\nDATA\r\n");
	while ($r = <$c>) { last if $r =~ /^354/ }
	if ($mode eq 'vanish') { say_all("Subject: half\r\n\r\n" . "half\r\n" x 1000); exit }
	say_all('x' x 20_000_000 . "\r\n.\r\nQUIT\r\n");
}
if ($mode =~ /^chunk/) {
	say_all("${mail}RCPT TO:<postmaster\@posthorn.example>\r\n");
	say_all($mode eq 'chunkvanish' ? "BDAT 100000\r\n" . 'x' x 5000 : "BDAT 4000000000000000000 LAST\r\nQUIT\r\n");
	while ($r = <$c>) { last if $r =~ /^5/ || ($mode eq 'chunkvanish' && $r =~ /^250 2.1.5/) }
	print $r; exit;
}
# Replies are read meanwhile, or the flood would stop by itself.
if ($mode eq 'flood' && !fork) { say_all($mail); say_all("RCPT TO:<u$_\@y.example>\r\n") for 1 .. 100_000; exit }
while (<$c>) { $r = $_ }
print $r;
P
I=$T/i
ok 'an instance is made' instance_new "$I" 'smtpd_timeout = 2s' 'smtpd_error_sleep_time = 0' \
    'smtpd_per_request_deadline = yes' 'smtpd_min_data_rate = 500'
must 'and started' instance_start "$I"
mad() { perl "$T/mad.pl" "$1" "$(instance_port "$I")" 2>&1 | tr -d '\r'; }
logs() { ok "which is logged: $1" wait_for 5 instance_logged "$I" "$1"; }

is 'a command of a megabyte is one wrong command' "$(mad oneline)" '221 2.0.0 Bye'
is 'so are commands with NUL' "$(mad nuls)" '221 2.0.0 Bye'
mad garbage >/dev/null
logs 'non-SMTP command from|too many errors after CONNECT'
mad flood >/dev/null	# what the reset leaves of the last reply is up to TCP
logs 'too many errors after RCPT from'
is 'a message too big is refused, line end or not' "$(mad endless)" '221 2.0.0 Bye'
logs 'queue file size limit exceeded'
like 'a byte now and then does not buy time' "$(mad drip)" '^421 4\.4\.2 .*timeout exceeded'
logs 'timeout after CONNECT from'
mad vanish
logs 'lost connection after DATA'
mad chunkvanish >/dev/null
logs 'lost connection after BDAT \([0-9]+ bytes\) from'
is 'a chunk that nobody could hold is refused before it comes' "$(mad chunkhuge)" \
    '552 5.3.4 Chunk exceeds message size limit'

# Sanitizers take memory of their own.
if [ -z "${PH_SAN-}" ]; then
	peak=0
	for p in $(pgrep -P "$(tr -d ' ' <"$I/spool/pid/master.pid")" -x smtpd); do
		kb=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$p/status" 2>/dev/null)
		[ "${kb:-0}" -le $peak ] || peak=$kb
	done
	ok "no process grew above 32 MB ($peak KB)" test $peak -gt 0 -a $peak -lt 32768
fi
is 'control bytes do not reach the log' "$(instance_log "$I" | tr -d '\n\t -~' | wc -c | tr -d ' ')" 0
is 'nothing is queued' "$(as "$I" postqueue -p)" 'Mail queue is empty'
is 'nothing half-written stays' "$(find "$I/spool/incoming" "$I/spool/active" -type f | wc -l | tr -d ' ')" 0
ok 'honest mail goes on' timeout 20 smtp-source -m 1 -f a@x.example -t postmaster@posthorn.example "127.0.0.1:$(instance_port "$I")"
ok 'to its mailbox' wait_for 10 instance_logged "$I" 'to=<.*status=sent'
ok 'no process died' sh -c "! grep -Eq 'panic:|fatal:|killed by signal|exit status' '$I/log/mail.log'"
done_testing
