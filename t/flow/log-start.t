#!/bin/sh
# the log service: more warnings at start than its socket holds, and a start
# that fails after its socket was made
. "$(dirname "$0")/../lib.sh"
I=$T/i
instance_new "$I"
for i in $(seq 40); do
	echo "message_size_limit = ${i}000000" >>"$I/etc/main.cf"
done
cat >"$T/greets.pl" <<'PERL'
use IO::Socket::INET;
my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ARGV[0]") or exit 1;
exit(<$s> !~ /^220/);
PERL
must 'it starts' instance_start "$I"
ok 'smtpd greets before anybody has waited for the log' \
    timeout 8 perl "$T/greets.pl" "$(instance_port "$I")"
ok 'the warnings are in the log' wait_for 5 instance_logged "$I" \
    'smtpd.*warning: .*main.cf, line [0-9]+: overriding earlier entry'
instance_stop "$I"

# What a supervisor says that held the socket of the log service and gave up.
cat >"$T/takes.pl" <<'PERL'
use IO::Socket::INET;
my $s = IO::Socket::INET->new(Listen => 1, LocalPort => $ARGV[0]) or exit 1;
print "taken\n"; close STDOUT; sleep 60;
PERL
port=$(free_port)
mkfifo "$T/taken"
perl "$T/takes.pl" "$port" >"$T/taken" & taker=$!
read -r taken <"$T/taken"
echo "127.0.0.1:$port inet n - n - - smtpd" >>"$I/etc/master.cf"
ok 'a service whose port is taken ends the start' fails_with 1 instance_start "$I"
ok 'the log says which port' instance_logged "$I" \
    "master.*fatal: bind 127.0.0.1 port $port: Address already in use"
kill "$taker"
done_testing
