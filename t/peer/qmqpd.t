#!/bin/sh
# qmqpd: the same replies, log lines and queue files as Debian's postfix
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"

# Mail stays on hold, where its files can be looked at.
common='compatibility_level = 3.6
myhostname = here.example
mydomain = here.example
myorigin = here.example
mail_name = Postfix
mydestination = here.example
alias_maps =
alias_database =
default_transport = discard:gone
content_filter = discard:filtered
message_size_limit = 20000
qmqpd_error_delay = 0
in_flow_delay = 0
qmqpd_timeout = 1s
header_checks = pcre:{{/^Subject: disc/ DISCARD} {/^Subject: rej5/ REJECT} {/^Subject: rej4/ REJECT 4.7.1 later} {/^Subject: rejt/ REJECT go away}}'
peer_new peer "$common"
instance_new "$T/ours" "$common"
# shellcheck disable=SC2046
set -- $(free_ports 8)
peer_ports="$1 $2 $3 $4" ours_ports="$5 $6 $7 $8"
for side in peer ours; do
	eval "set -- \$${side}_ports"
	cf_set "$T/$side/etc/main.cf" "$common"
	cat >>"$T/$side/etc/master.cf" <<EOF
127.0.0.1:$1 inet n - n - - qmqpd -o qmqpd_authorized_clients=127.0.0.1 -o { virtual_alias_maps = static:{kept@here.example} } -o receive_override_options=no_address_mappings
127.0.0.1:$2 inet n - n - - qmqpd
127.0.0.1:$3 inet n - n - - qmqpd -o qmqpd_authorized_clients=!localhost,127.0.0.0/8
127.0.0.1:$4 inet n - n - - qmqpd -o qmqpd_authorized_clients=localhost
EOF
	sed -i '/^qmgr/d' "$T/$side/etc/master.cf"
done
must "the peer's instance starts" peer_start peer
must 'our instance starts' instance_start "$T/ours" </dev/null

long=$(printf %05000d 7)
cat >"$T/taken" <<EOF
send Subject: a\n\nbody\n|a@x.example|b@y.example
send Subject: b\n\nbody, no end|a@x.example|b@y.example|c@y.example|d
send Subject: c\r\n\r\nbody\r\n.\r\n..\r\n|a@x.example|b@y.example
send ||b@y.example
send Subject: d\n\n|a|
send From me\n>From me\nSubject: e\n\nFrom me\n|a@x.example|b c@y.example|"b c"@y.example
send  continued\nSubject: f\n\n$long\n|a@x.example|b@y.example
send Subject: g\n\nx\n|a-@x.example-@[]|b@y.example
send Subject: h\n\nx\n|a+@x.example-@[]|b@y.example
send Subject: i\n\nx\n|a@x.example-@[]|b@y.example
send Subject: j\n\nx\n|#@[]|b@y.example
send Subject: k\n\n\0nul\xe9\xff\n|a@x.example|b\xc3\xa9@y.example
send To: plain\nSubject: l\n\nx|a@x.example|"q
raw 99:10:Subject: a,2:ab,3:abc,,
raw 005:0010:Subject: a,:,03:abc,,
EOF
cat >"$T/refused" <<EOF
send Subject: rej5\n\n|a@x.example|b@y.example
send Subject: rej4\n\n|a@x.example|b@y.example
send Subject: rejt\n\n|a@x.example|b@y.example
send x|a@x.example
send x
send Subject: x\n\n$long$long$long$long$long|a@x.example|b@y.example
send x|$long@x.example|b@y.example
send x|a@x.example|$long
raw hello\n
raw 5:hello,
raw 99999999999999999999:
raw 20001:99999999999999999999:
raw -1:a
raw :a
raw 16:1:x,2:abx3:abc,
end
end 10:5:hel
end 16:1:x,2:ab,3
end 16:1:x,2:ab,3:abc,
EOF
port() { eval "set -- \$$1_ports \$2"; eval "echo \$$5"; }
talk() { perl "$PH_SRC/t/qmqp.pl" "$(port "$1" "$2")" <"$3" | sed 's/^[0-9]*:K.*as [0-9A-F]*,$/K/'; }
is 'what is taken' "$(talk ours 1 "$T/taken")" "$(talk peer 1 "$T/taken")"
is 'what is refused' "$(talk ours 1 "$T/refused")" "$(talk peer 1 "$T/refused")"
printf '%s\n' 'send Subject: z\n\n|a@x.example|b@y.example' >"$T/one"
for n in 2 3 4; do is "who may send, $n" "$(talk ours $n "$T/one")" "$(talk peer $n "$T/one")"; done
echo 'raw 16:1:x,2:ab,3' >"$T/slow"
is 'who is silent' "$(talk ours 1 "$T/slow")" "$(talk peer 1 "$T/slow")"

lines() { cat "$T/$1"/log/* | sed -n 's/.*postfix\/\(qmqpd\|cleanup\)\[[0-9]*\]: \(warning: \)\{0,1\}\([0-9A-F]*: \)\{0,1\}/\2/p' | grep -v 'message-id=\|main.cf\|^statistics'; }
is 'log lines' "$(lines ours)" "$(lines peer)"

# Queue files, in the order in which they came.
files() {
	for f in $(ls -tr --time-style=full-iso "$T/$1"/spool/incoming); do
		postcat -c "$T/ours/etc" -e -bh "$T/$1/spool/incoming/$f" | sed "s/$f/ID/g; s/_port=[0-9]*/_port=N/"
	done | sed 's/[0-9]\{14\}\.ID/DATE.ID/; s/[A-Z][a-z][a-z],\{0,1\} [ 0-9][0-9]* [A-Z][a-z][a-z] [0-9]* [0-9:]* +0000/DATE/
	    /^message_size:/d; s/\(_time: \).*/\1/; s/for <"">;/for <>;/'
}
shape() { files "$1" | sed 's/^ *[0-9]* //; /^\*\*\* /d; /create_time/d'; }
is 'as many files' "$(ls "$T/ours/spool/incoming" | wc -l)" "$(ls "$T/peer/spool/incoming" | wc -l)"
is 'the same queue files' "$(shape ours)" "$(shape peer)"
done_testing
