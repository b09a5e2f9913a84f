#!/bin/sh
# smtpd: mail comes in by SMTP, and what must not come in stays out
. "$(dirname "$0")/../lib.sh"

talk() { perl "$PH_SRC/t/talk.pl" "$@"; }

instance_new "$T/i" 'local_recipient_maps =' \
    'mydestination = mx.example' 'myhostname = mx.example' \
    'message_size_limit = 50000' \
    'smtpd_authorized_xclient_hosts = 127.0.0.1' \
    'smtpd_client_event_limit_exceptions =' \
    'smtpd_client_connection_count_limit = 2' \
    'smtpd_client_message_rate_limit = 6'
port=$(instance_port "$T/i")
spool=$T/i/spool
# Nobody takes mail out of the queue, so that it can be counted.
sed -i '/^qmgr/d' "$T/i/etc/master.cf"
must 'the instance starts' instance_start "$T/i" </dev/null
queued() { find "$spool/incoming" "$spool/hold" -type f -perm -0700 | wc -l | tr -d ' '; }

talk "$port" >"$T/out" <<'EOF'
EHLO client.example
MAIL FROM:<a@b.example>
RCPT TO:<c@mx.example>
DATA
>>>Subject: hello\r\n\r\n..x\r\n.\r\n
<<<
QUIT
EOF
like 'a message is taken' "$(cat "$T/out")" '^S: 250 2.0.0 Ok: queued as [0-9A-F]+'
is 'and stands in the queue' "$(queued)" 1
id=$(sed -n 's/.*queued as //p' "$T/out")
message=$(as "$T/i" postcat -q "$id" 2>/dev/null)
like 'with our Received header' "$message" '^Received: from client\.example \(localhost \[127\.0\.0\.1\]\)'
like 'the recipient in it' "$message" '^	for <c@mx\.example>; '
like 'and its dot unstuffed' "$message" '^\.x$'
ok 'the log names the client' wait_for 5 instance_logged "$T/i" "$id: client=localhost\[127\.0\.0\.1\]"
ok 'and counts the commands' wait_for 5 instance_logged "$T/i" \
    'disconnect from localhost\[127\.0\.0\.1\] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5$'

talk "$port" >"$T/out" <<'EOF'
EHLO x
MAIL FROM:<a@b.example>
RCPT TO:<c@mx.example>
DATA
>>>half a mess
EOF
ok 'a connection that breaks is logged' wait_for 5 instance_logged "$T/i" \
    'lost connection after DATA \([0-9]+ bytes\)'
is 'and leaves no message' "$(queued)" 1
is 'not even an unfinished one' "$(find "$spool/incoming" -type f | wc -l | tr -d ' ')" 1

talk "$port" >"$T/out" <<'EOF'
EHLO x
XCLIENT NAME=[UNAVAILABLE] ADDR=192.0.2.1
EHLO x
MAIL FROM:<a@b.example>
RCPT TO:<c@elsewhere.example>
RCPT TO:<c%elsewhere.example@mx.example>
QUIT
EOF
is 'strangers do not relay' "$(grep -c '^S: 454 4.7.1 .*: Relay access denied' "$T/out")" 2

big=$(perl -e 'print "x" x 900, "\\r\\n" for 1 .. 60')
printf 'EHLO x\nMAIL FROM:<a@b.example>\nRCPT TO:<c@mx.example>\nDATA\n>>>%s.\\r\\n\n<<<\nQUIT\n' \
    "$(printf '%s' "$big" | tr -d '\n')" | talk "$port" >"$T/out"
like 'a message over the limit is refused' "$(cat "$T/out")" '^S: 552 5\.3\.4 Error: message file too big'
is 'and not kept' "$(queued)" 1

# Two connections that stay, and a third. The first two end with the script.
perl -MIO::Socket::INET -e '
	my @s = map { IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0]) } 1 .. 2;
	print scalar readline $_ for @s;
	my $third = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0]);
	print scalar readline $third;
' "$port" >"$T/out"
is 'two connections are greeted' "$(grep -c '^220 ' "$T/out")" 2
like 'the third is one too many' "$(tail -1 "$T/out")" '^421 4\.7\.0 mx\.example Error: too many connections from 127\.0\.0\.1'
ok 'which is logged' wait_for 5 instance_logged "$T/i" 'Connection concurrency limit exceeded: 3 from'

ok 'connections that went away are not counted' wait_for 5 sh -c "
	echo QUIT | perl '$PH_SRC/t/talk.pl' $port | grep -q '^S: 220'"
for i in 1 2 3 4 5 6 7 8; do
	printf 'EHLO x\nMAIL FROM:<a@b.example>\nQUIT\n' | talk "$port"
done >"$T/out"
like 'who sends too often is slowed down' "$(cat "$T/out")" \
    '^S: 450 4\.7\.1 Error: too much mail from 127\.0\.0\.1'

# The last that is within a limit, and the first that is not.
instance_new "$T/j" 'local_recipient_maps =' 'mydestination = mx.example' \
    'myhostname = mx.example' 'smtpd_client_event_limit_exceptions =' \
    'smtpd_client_connection_rate_limit = 3' 'smtpd_client_message_rate_limit = 2' \
    'smtpd_client_recipient_rate_limit = 2' 'anvil_rate_time_unit = 600s' \
    'debug_peer_list = localhost' 'debug_peer_level = 1'
must 'another instance starts' instance_start "$T/j" </dev/null
{
	printf 'EHLO x\nMAIL FROM:<a@b.example>\nRCPT TO:<c@mx.example>\nRCPT TO:<d@mx.example>\n'
	printf 'RCPT TO:<e@mx.example>\nRSET\nMAIL FROM:<a@b.example>\nRSET\nMAIL FROM:<a@b.example>\nQUIT\n'
} | talk "$(instance_port "$T/j")" >"$T/out"
is 'two messages are allowed, and two recipients' "$(grep -Ec '^S: 250 2\.1\.[05] Ok' "$T/out")" 4
ok 'a client of debug_peer_list is logged in detail' wait_for 5 instance_logged "$T/j" \
    'smtpd\[[0-9]+\]: < localhost\[127\.0\.0\.1\]: RCPT TO:<e@mx\.example>'
ok 'and what it is told' wait_for 5 instance_logged "$T/j" '> localhost\[127\.0\.0\.1\]: 220 '
is 'the third of each is refused' "$(grep -c '^S: 450 4\.7\.1 Error: too m[a-z]* ' "$T/out")" 2
for i in 2 3 4; do echo QUIT | talk "$(instance_port "$T/j")"; done >"$T/out"
is 'three connections are allowed' "$(grep -c '^S: 220' "$T/out")" 2
is 'and not a fourth' "$(grep -c '^S: 421 4\.7\.0 mx\.example Error: too many connections from' "$T/out")" 1
ok 'which is logged with its number' wait_for 5 instance_logged "$T/j" \
    'warning: Connection rate limit exceeded: 4 from localhost\[127\.0\.0\.1\] for service '

# A filter before the queue: what it takes is not queued here.
filter=$(free_port)
timeout 60 smtp-sink "127.0.0.1:$filter" 10 >/dev/null 2>&1 & sink=$!
instance_new "$T/k" 'local_recipient_maps =' 'mydestination = mx.example' \
    'myhostname = mx.example' "smtpd_proxy_filter = 127.0.0.1:$filter"
sed -i '/^qmgr/d' "$T/k/etc/master.cf"
must 'an instance with a filter starts' instance_start "$T/k" </dev/null
{
	printf 'EHLO x\nMAIL FROM:<a@b.example>\nRCPT TO:<c@mx.example>\nDATA\n'
	printf '>>>Subject: x\\r\\n\\r\\n..x\\r\\n.\\r\\n\n<<<\nQUIT\n'
} >"$T/filtered.talk"
filtered() { talk "$(instance_port "$T/k")" <"$T/filtered.talk" >"$T/out"; grep -q "$1" "$T/out"; }
ok 'a filter that comes up takes mail' wait_for 5 filtered '^S: 250 2\.0\.0 Ok'
ok 'which the log says' wait_for 5 instance_logged "$T/k" 'proxy-accept: END-OF-MESSAGE: 250 2\.0\.0 Ok'
is 'and no queue file is made' "$(find "$T/k/spool/incoming" -type f | wc -l | tr -d ' ')" 0
kill $sink; wait $sink 2>/dev/null
ok 'without its filter mail has to wait' filtered '^S: 451 4\.3\.0 Error: queue file write error'

printf 'EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@mx.example>\r\nDATA\r\nSubject: y\r\n\r\nz\r\n.\r\nQUIT\r\n' |
    as "$T/i" sendmail -bs >"$T/out" 2>"$T/err"
like 'sendmail -bs holds a session on its standard input' "$(cat "$T/out")" '250 2.0.0 Ok: queued as'

# Installed for real, postdrop is set-gid, and no user could write the maildrop otherwise.
mkdir "$T/commands"
printf '#!/bin/sh\ngrep NoNewPrivs /proc/self/status >"%s"\n' "$T/rights" >"$T/commands/postdrop"
chmod 755 "$T/commands/postdrop"
cf_set "$T/i/etc/main.cf" "command_directory = $T/commands"
printf 'EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@mx.example>\r\nDATA\r\nQUIT\r\n' |
    as "$T/i" sendmail -bs >"$T/out" 2>"$T/err"
like 'what it runs may be set-gid' "$(cat "$T/rights")" '^NoNewPrivs:.0$'
done_testing
