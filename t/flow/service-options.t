#!/bin/sh
# cleanup and rewrite work inside other roles; the options that master.cf gives
# to their services count all the same
. "$(dirname "$0")/../lib.sh"
I=$T/i
instance_new "$I" 'myhostname = mx.example' 'myorigin = mx.example' \
    'mydestination = mx.example' 'mynetworks = 192.0.2.1' 'local_recipient_maps =' \
    'smtpd_recipient_restrictions = check_recipient_access inline:{held@mx.example=HOLD}, permit'
set -- $(free_ports 3)
own=$1 lost=$2 routed=$3
cat >>"$I/etc/master.cf" <<EOT
127.0.0.1:$own inet n - n - - smtpd
  -o cleanup_service_name=authclean
127.0.0.1:$lost inet n - n - - smtpd
  -o cleanup_service_name=nowhere
127.0.0.1:$routed inet n - n - - smtpd
  -o rewrite_service_name=rewrite2
authclean unix n - n - 0 cleanup
  -o { header_checks = inline:{ {x = y} }, regexp:$I/etc/authclean }
rewrite2 unix - - n - - trivial-rewrite
  -o mydestination=other.example
EOT
printf '%s\n' '/^X-Secret:/ IGNORE' '/^X-Bad:/ REJECT 5.7.9 no' >"$I/etc/authclean"
sed -i '/^qmgr/d' "$I/etc/master.cf"
must 'the instance starts' instance_start "$I"

talk() {	# talk PORT RECIPIENT HEADER
	{
		printf '%s\n' 'EHLO x' 'MAIL FROM:<a@b.example>' "RCPT TO:<$2>" DATA
		printf '>>>%s\\r\\n\\r\\nbody\\r\\n.\\r\\n\n<<<\nQUIT\n' "$3"
	} | perl "$PH_SRC/t/talk.pl" "$1" >"$T/out" 2>&1
}
id() { sed -n 's/.*queued as \([0-9A-Za-z]*\).*/\1/p' "$T/out"; }
queued() { find "$I/spool/incoming" "$I/spool/hold" -type f -name "$(id)"; }

talk "$(instance_port "$I")" joe@mx.example 'X-Secret: 1'
like 'the plain service leaves the header alone' "$(as "$I" postcat "$(queued)")" '^X-Secret: 1'
talk "$own" joe@mx.example 'X-Secret: 1\r\nSubject: s'
text=$(as "$I" postcat "$(queued)")
like 'mail reaches a cleanup of its own name' "$text" '^Subject: s'
is 'whose header checks are applied' "$(printf '%s\n' "$text" | grep -c X-Secret)" 0
talk "$own" joe@mx.example 'X-Bad: 1'
like 'which may refuse' "$(cat "$T/out")" '^S: 550 5\.7\.9 no'
talk "$own" held@mx.example 'Subject: s'
like 'what an access table asks for reaches it, too' "$(queued)" '/hold/'
talk "$lost" joe@mx.example 'Subject: s'
like 'a service that is not there means later' "$(cat "$T/out")" '^S: 451 4\.3\.0'
ok 'which is logged' wait_for 5 instance_logged "$I" 'warning: .*public/nowhere'

talk "$routed" joe@mx.example 'Subject: s'
like 'addresses are resolved by a rewrite service of its own' "$(cat "$T/out")" \
    '^S: 454 4\.7\.1 <joe@mx\.example>: Relay access denied'
sed -i '/^rewrite  *unix/s/$/ -o mydestination=third.example/' "$I/etc/master.cf"
instance_reload "$I"
refused() { talk "$(instance_port "$I")" joe@mx.example 'Subject: s'; grep -q '^S: 5.*Relay\|^S: 4.*Relay' "$T/out"; }
ok 'or by the usual one with options' wait_for 5 refused
done_testing
