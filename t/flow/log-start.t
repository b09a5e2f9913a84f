#!/bin/sh
# the log service: more warnings at start than its socket holds
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
ok 'it starts' instance_start "$I"
ok 'smtpd greets before anybody has waited for the log' \
    timeout 8 perl "$T/greets.pl" "$(instance_port "$I")"
ok 'the warnings are in the log' wait_for 5 instance_logged "$I" \
    'smtpd.*warning: .*main.cf, line [0-9]+: overriding earlier entry'
done_testing
