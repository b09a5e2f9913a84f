#!/bin/sh
# milter: a filter on the library that real ones use sees mail, changes it,
# refuses it, and goes away
. "$(dirname "$0")/../lib.sh"
[ -x "$PH_TOOLS/test-milter" ] || skip_all 'no libmilter'

# shellcheck disable=SC2046
set -- $(free_ports 3)
filter=$1 second=$2
I=$T/i
instance_new "$I" 'myhostname = mx.example' 'mydestination = mx.example' \
    'local_recipient_maps =' 'default_transport = local' \
    "smtpd_milters = inet:127.0.0.1:$filter" "non_smtpd_milters = \$smtpd_milters" \
    'milter_default_action = tempfail' 'smtpd_client_connection_count_limit = 0'
sed -i '/^qmgr/d' "$I/etc/master.cf"	# mail stays where we can look at it
port=$(instance_port "$I")
: >"$T/orders"
MAIL_CONFIG=$I/etc; export MAIL_CONFIG

milter() {	# milter: start it; milter_pid
	test-milter "inet:$filter@127.0.0.1" "$T/orders" "$T/log" >"$T/ready" &
	milter_pid=$!
	wait_for 10 grep -q ready "$T/ready"
}
orders() { printf '%s\n' "$@" >"$T/orders"; }
talk() { perl "$PH_SRC/t/talk.pl" "$port" 2>&1; }
# message [BODY]: a whole session; the answer to the final dot
message() {
	printf '%s\n' 'EHLO client.example' 'MAIL FROM:<a@client.example>' 'RCPT TO:<u@mx.example>' \
	    'RCPT TO:<v@mx.example>' DATA ">>>Subject: x\\r\\n\\r\\n${1:-body}\\r\\n.\\r\\n" '<<<' QUIT |
	    talk | sed -n 's/^S: //p' | tail -2 | head -1
}
queued() { postcat "$2" "$I/spool/${3:-incoming}/$(echo "$1" | sed 's/.*queued as //')"; }

milter
must 'it starts' instance_start "$I"

reply=$(message)
like 'mail passes' "$reply" '^250 2.0.0 Ok: queued as'
is 'it was told of the session' "$(sed -n 's/ .=.*//; s/ {.*//; s/ [ij_v]=.*//; /^\(connect\|helo\|mail\|rcpt\|data\|eoh\|eom\)/p' "$T/log")" \
    'connect [localhost] [127.0.0.1]
helo [client.example]
mail [<a@client.example>]
rcpt [<u@mx.example>]
rcpt [<v@mx.example>]
data
eoh
eom'
like 'with the macros of each' "$(cat "$T/log")" '^rcpt \[<v@mx.example>\] i=[0-9A-F]+ .*\{rcpt_addr\}=v@mx.example \{rcpt_host\}=mx.example \{rcpt_mailer\}=local'

orders 'eom add X-Added one\n two' 'eom insert 1 X-First yes' 'eom change 1 Subject changed' \
    'eom from <new@client.example>' 'eom rcpt <w@mx.example>' 'eom unrcpt <u@mx.example>' 'eom body new\n.\nbody'
reply=$(message)
is 'headers are added, inserted, changed' "$(queued "$reply" -h | grep -E '^(X-|Subject| two)')" \
    'X-First: yes
Subject: changed
X-Added: one
 two'
is 'the body is another' "$(queued "$reply" -b)" '
new
.
body'
is 'so are sender and recipients' "$(queued "$reply" -e | grep -E '^(sender|recipient):')" \
    'sender: new@client.example
recipient: v@mx.example
recipient: w@mx.example'
is 'no other records are left' "$(postsuper 2>&1; queued "$reply" -v | grep -cE 'pointer|canceled|padding')" 0

# A body that does not fit into memory buffers comes out as it went in.
line=$(printf '%1000s' | tr ' ' x)
long=$line; for i in 1 2 3 4 5 6 7; do long="$long\\r\\n$long"; done
orders 'eom add X-Big yes'
reply=$(message "$long")
is 'a large body stays whole' "$(queued "$reply" -b | md5sum)" "$(printf '\n%b\n' "$long" | tr -d '\r' | md5sum)"
like 'with the new header' "$(queued "$reply" -h)" '^X-Big: yes'

orders 'eom quarantine suspicious'
reply=$(message)
ok 'quarantine: on hold' queued "$reply" -h hold
orders 'eom discard'
n=$(find "$I/spool/incoming" -type f | wc -l)
like 'discard: the client is content' "$(message)" '^250 2.0.0 Ok'
is 'and nothing is kept' "$(find "$I/spool/incoming" -type f | wc -l)" "$n"
orders 'eom reply 552 5.7.9 not that'
is 'a refusal in its own words' "$(message)" '552 5.7.9 not that'
orders 'rcpt reply 550 5.1.7 not them'
is 'recipients refused' "$(message)" '554 5.5.1 Error: no valid recipients'
ok 'which is logged' instance_logged "$I" \
    'NOQUEUE: milter-reject: RCPT from localhost\[127.0.0.1\]: 550 5.1.7 not them; from=<a@client.example> to=<u@mx.example> proto=ESMTP helo=<client.example>'

# Two filters: the second sees what the first has made of it.
orders 'eom add X-First 1'
test-milter "inet:$second@127.0.0.1" /dev/null "$T/log2" >"$T/ready2" &
wait_for 10 grep -q ready "$T/ready2"
both="smtpd_milters = inet:127.0.0.1:$filter, { inet:127.0.0.1:$second, command_timeout=5s, default_action=accept }"
cf_set "$I/etc/main.cf" "$both"
instance_reload "$I"
message >/dev/null
like 'the second filter sees what the first has added' "$(cat "$T/log2")" '^header \[X-First\] \[1\]'

# Mail that no client brought.
: >"$T/log"
orders 'eom add X-Local 1'
echo hello | sendmail -f a@mx.example u@mx.example
ok 'sendmail: the filter is told' wait_for 10 grep -q '^eom' "$T/log"
ok 'and adds its header' wait_for 10 sh -c "grep -lq 'X-Local' $I/spool/incoming/*"
orders 'mail reject'
echo bad | sendmail -f a@mx.example u@mx.example
ok 'a refusal is a bounce' wait_for 10 instance_logged "$I" 'sender non-delivery notification'
ok 'and is logged' instance_logged "$I" 'milter-reject: MAIL from localhost\[127.0.0.1\]: 5.7.1 Command rejected; from=<a@mx.example>'

# It goes away in the middle.
orders 'body die'
cf_set "$I/etc/main.cf" "smtpd_milters = inet:127.0.0.1:$filter"
instance_reload "$I"
is 'a filter that dies: try again later' "$(message)" '451 4.7.1 Service unavailable - try again later'
wait $milter_pid
like 'one that is not there: the same' "$(printf 'EHLO x\nMAIL FROM:<a@b.example>\nQUIT\n' | talk)" \
    '^S: 451 4.7.1 Service unavailable - try again later'
cf_set "$I/etc/main.cf" 'milter_default_action = accept'
instance_reload "$I"
like 'unless mail may pass without it' "$(message)" '^250 2.0.0 Ok'
cf_set "$I/etc/main.cf" 'milter_default_action = quarantine'
instance_reload "$I"
reply=$(message)
ok 'or waits for a look' queued "$reply" -h hold
done_testing
