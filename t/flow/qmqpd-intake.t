#!/bin/sh
# qmqpd: mail comes in by QMQP, from trusted hosts only, and hostile bytes do not
. "$(dirname "$0")/../lib.sh"

I=$T/i
instance_new "$I" 'mydestination =' 'default_transport = discard:kept' 'mail_name = Postfix' 'message_size_limit = 1000' \
    'header_checks = pcre:{{/^Subject: bad/ REJECT no such thing}}' \
    'qmqpd_timeout = 1s' 'qmqpd_error_delay = 0'
set -- $(free_ports 3)
cat >>"$I/etc/master.cf" <<EOF
127.0.0.1:$1 inet n - n - - qmqpd -o qmqpd_authorized_clients=127.0.0.1
127.0.0.1:$2 inet n - n - - qmqpd
127.0.0.1:$3 inet n - n - - qmqpd -o qmqpd_authorized_clients=127.0.0.1 -o qmqpd_client_port_logging=yes -o qmqpd_error_delay=3600
EOF
must 'it starts' instance_start "$I"
talk() { port=$1; shift; printf '%s\n' "$@" | perl "$PH_SRC/t/qmqp.pl" "$port"; }
like 'a message is taken' "$(talk "$1" 'send Subject: x\n\nbody\n|a@x.example|b@y.example|c@z.example')" '^[0-9]+:KOk: queued as [0-9A-F]+,$'
for to in b@y.example c@z.example; do
	ok "$to gets it" wait_for 20 instance_logged "$I" "to=<$to>, .*status=sent \\(kept\\)"
done
ok 'the log says from whom it came' instance_logged "$I" 'qmqpd\[[0-9]*\]: [0-9A-F]+: client=localhost\[127.0.0.1\]$'
like 'a sender may ask for VERP' "$(talk "$1" 'send x|a-@x.example-@[]|b@y.example')" ':KOk'
is 'a stranger is refused' "$(talk "$2" 'send x|a@x.example|b@y.example')" \
    '66:DError: localhost[127.0.0.1] is not authorized to use this service,'
is 'content may be refused' "$(talk "$1" 'send Subject: bad\n\n|a@x.example|b@y.example')" '27:DError: 5.7.1 no such thing,'
is 'nobody to send to' "$(talk "$1" 'send x|a@x.example')" '31:DError: no recipients specified,'
is 'what is no request' "$(talk "$1" 'raw EHLO me\r\n' 'raw 5:hello,' 'raw 999999999999:' 'raw 9:1001:' 'raw 9:1:x,1:\0,' 'send x|a@x.example|b@y\n.example' \
    'end 99:9:x' 'raw 99:1:x,' end)" '58:Dnetstring format error while receiving QMQP packet header,
55:Dnetstring format error while receiving message content,
74:Dnetstring length exceeds storage limit while receiving QMQP packet header,
71:Dnetstring length exceeds storage limit while receiving message content,
54:Dnetstring format error while receiving sender address,
57:Dnetstring format error while receiving recipient address,
closed
closed
closed'
ok 'who hangs up is logged' instance_logged "$I" ': localhost\[127.0.0.1\]: lost connection while receiving message content$'
ok 'and who is silent' instance_logged "$I" ': localhost\[127.0.0.1\]: read/write timeout while receiving sender address$'
# A wrong client waits for its answer; others are served meanwhile.
talk "$3" 'raw x' >/dev/null 2>&1 &
ok 'the port may be logged' wait_for 10 instance_logged "$I" 'qmqpd\[[0-9]*\]: [0-9A-F]+: localhost\[127.0.0.1\]:[0-9]+: netstring format error'
like 'an error costs its sender time, and nobody else' "$(talk "$3" 'send x|a@x.example|b@y.example')" ':KOk'
none_left() { [ -z "$(find "$I/spool/incoming" "$I/spool/active" -type f)" ]; }
ok 'no half of a message is left' wait_for 20 none_left
kill_children
done_testing
