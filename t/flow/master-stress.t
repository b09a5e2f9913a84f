#!/bin/sh
# master: stress at the process limit; clients of processes that left
. "$(dirname "$0")/../lib.sh"
I=$T/i
instance_new "$I" "daemon_directory = $T/libexec"
mkdir "$T/libexec"; mkdir -m 777 "$T/out"
ln -s "$(command -v posthornd)" "$T/libexec/posthornd"
install -m 755 "$PH_SRC/t/probe-service.pl" "$T/libexec/probe"
port=$(instance_port "$I")
sed -i '/ inet /d' "$I/etc/master.cf"
cat >>"$I/etc/master.cf" <<CF
passed  pass - - n -  2 probe $T/out/passed
127.0.0.1:$port inet n - n - 3 smtpd
CF
must 'the instance starts' instance_start "$I"
knock() {
	exec perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new(Peer => shift) or die; sleep shift' \
	    "$I/spool/private/passed" "$1"
}
lives() { [ "$(grep -c generation= "$T/out/passed")" -ge "$1" ]; }
knock 60 & one=$!
wait_for 5 lives 1
like 'no stress at first' "$(head -n 1 "$T/out/passed")" 'stress=\|'
busy() { grep -q passed "$T/out/passed"; }
wait_for 5 busy
knock 60 & two=$!
ok 'a second process is started for the second client' wait_for 5 lives 2
like 'the last one within the limit is told of stress' "$(grep generation=2 "$T/out/passed")" 'stress=yes\|'
ok 'and the log warns' wait_for 5 instance_logged "$I" \
    'warning: service "passed" \(private/passed\) has reached its process limit "2"'
kill $one $two
old_gone() { ! kill -0 "$(sed -n 's/ .*//p' "$T/out/passed" | head -n 1)" 2>/dev/null; }
ok 'the unstressed one leaves after its client' wait_for 5 old_gone

# smtpd sessions that stay fill the limit of three.
perl -MIO::Socket::INET -e '
	my ($port, $n) = @ARGV; my @s;
	for (1 .. $n) { my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port) or die; <$s>; push @s, $s }
	$| = 1; print "up\n"; sleep 60' "$port" 3 >"$T/up" & holder=$!
ok 'three sessions are served at once' wait_for 10 test -s "$T/up"
children() { ps -o args= --ppid "$(tr -d ' ' <"$I/spool/pid/master.pid")" | grep -c '^smtpd'; }
is 'by three processes' "$(children)" 3
ok 'a loopback service is not told of stress' sh -c '! grep -q "127.*process limit" "$1"' sh "$I/log/mail.log"
kill $holder
ok 'the next client is served' timeout 30 smtp-source -m 1 -f a@posthorn.example \
    -t "$(stat -c %U "$I/spool/active")@posthorn.example" "127.0.0.1:$port"

# A table changes while several processes are free: all of them are stale.
newaliases_count() { grep -c 'has changed -- restarting' "$I/log/mail.log"; }
for n in 1 2 3; do
	echo "new$n: postmaster" >>"$I/etc/aliases"
	as "$I" newaliases
	ok "round $n: a client is served at once although tables changed" timeout 30 \
	    smtp-source -m 1 -f a@posthorn.example -t "new$n@posthorn.example" "127.0.0.1:$port"
done
ok 'processes restarted for it' test "$(newaliases_count)" -ge 1
instance_stop "$I"
done_testing
