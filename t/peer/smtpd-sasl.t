#!/bin/sh
# smtpd: logins with Debian's postfix and with ours, checked by the same Dovecot
# and the same sasldb; replies, log lines and Received: headers must be the same
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../tls.sh"
. "$(dirname "$0")/../sasl.sh"
. "$(dirname "$0")/peer.sh"

only=${1:-}
certs_new
cert_new server mail.example DNS:mail.example
common="myhostname = peer.example
mydomain = peer.example
mail_name = Postfix
myorigin = peer.example
mydestination = peer.example, localhost
mynetworks = 127.0.0.0/8
local_recipient_maps =
alias_maps =
compatibility_level = 3.6
smtpd_client_connection_count_limit = 0
smtpd_client_event_limit_exceptions =
smtpd_error_sleep_time = 0
smtpd_authorized_xclient_hosts =
smtpd_authorized_xforward_hosts =
smtpd_authorized_verp_clients =
disable_dns_lookups = yes
smtpd_tls_security_level =
smtpd_tls_cert_file = $certs/server.pem
smtpd_tls_key_file = $certs/server.key
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
in_flow_delay = 0
smtpd_sasl_path = private/auth"
peer_new peer "$common"
instance_new "$T/ours"
cf_set "$T/ours/etc/main.cf" "$common"
port=$(free_port)
for side in peer ours; do sasldb_new "$T/$side/etc/sasl" peer.example; done
dovecot_new "$T/dove" "$T/peer/spool/private/auth" "$T/ours/spool/private/auth" "$port"
must 'Dovecot starts' dovecot_start "$T/dove"

# One service for each conversation: its port, and its options from "#-o".
add_service() {	# add_service MASTER_CF PORT TALK
	{
		echo "127.0.0.1:$2 inet n - n - - smtpd"
		sed -n 's/^#-o \(.*\)/  -o { \1 }/p' "$3"
	} >>"$1"
}

talks=
# shellcheck disable=SC2046
set -- $(free_ports $((2 * $(ls "$PH_SRC"/t/data/smtpd-sasl/*.talk | wc -l))))
for talk in "$PH_SRC"/t/data/smtpd-sasl/*.talk; do
	name=$(basename "$talk" .talk)
	[ -z "$only" ] || [ "$only" = "$name" ] || continue
	talks="$talks $name"
	sed "s/@PORT@/$port/" "$talk" | perl -MMIME::Base64 -pe 's/\@PLAIN\((.*?),(.*?)\)/encode_base64("\0$1\0$2", "")/ge;
	    s/\@B\((.*?)\)/encode_base64($1, "")/ge; s/\@LONG\((\d+)\)/"A" x $1/ge' >"$T/$name.talk"
	echo "$1 $2" >"$T/$name.ports"
	shift 2
	read -r theirs ours <"$T/$name.ports"
	add_service "$T/peer/etc/master.cf" "$theirs" "$T/$name.talk"
	add_service "$T/ours/etc/master.cf" "$ours" "$T/$name.talk"
done
# Mail stays where it is: nobody has to deliver it.
sed -i '/^qmgr/d' "$T/peer/etc/master.cf" "$T/ours/etc/master.cf"

must "the peer's instance starts" peer_start peer
must 'our instance starts' instance_start "$T/ours" </dev/null

same_shape() {
	sed -E -e 's/queued as [0-9A-F]+/queued as QID/' -e 's/^(S: 334 )(PD|bm|cm).*/\1CHALLENGE/'
}

log_shape() {
	grep '/smtpd\[' | sed -E -e 's/^.*smtpd\[[0-9]+\]: //' \
	    -e 's/^(warning: )?[0-9A-F]{8,}: /\1QID: /' -e 's/for service [0-9.:]+/for service S/' \
	    -e '/^connect from|message-id=|unable to look up/d'
}

received() {	# the first Received: header of the last message
	find "$1"/spool/incoming "$1"/spool/maildrop -type f -newer "$T/.mark" | head -1 | while read -r file; do
		postcat "$file" | grep -o '(Authenticated sender.*)\|with E*SMTP[SA]* \|sasl_[a-z]*=.*\|rewrite_context=.*'
	done
}

for name in $talks; do
	read -r theirs ours <"$T/$name.ports"
	: >"$T/peer/log/maillog"
	: >"$T/ours/log/mail.log"
	find "$T"/*/spool/incoming -type f -delete
	touch -d '1 second ago' "$T/.mark"
	talk_tls "$theirs" <"$T/$name.talk" 2>&1 | same_shape >"$T/$name.peer" & their_talk=$!
	talk_tls "$ours" <"$T/$name.talk" 2>&1 | same_shape >"$T/$name.ours"
	wait $their_talk
	ok "$name: the replies are the same" diff "$T/$name.peer" "$T/$name.ours"
	wait_for 3 grep -q 'disconnect\|fatal' "$T/peer/log/maillog"
	wait_for 3 grep -q 'disconnect\|fatal' "$T/ours/log/mail.log"
	log_shape <"$T/peer/log/maillog" >"$T/$name.peer.log"
	log_shape <"$T/ours/log/mail.log" >"$T/$name.ours.log"
	ok "$name: the log lines are the same" diff "$T/$name.peer.log" "$T/$name.ours.log"
	! grep -q 'queued as' "$T/$name.ours" ||
	    is "$name: what is kept of the login is the same" "$(received "$T/ours")" "$(received "$T/peer")"
done
dovecot_stop "$T/dove"
done_testing
