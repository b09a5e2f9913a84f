#!/bin/sh
# smtpd: logins with Debian's postfix and with ours, checked by the same Dovecot
# and the same sasldb; replies, log lines and Received: headers must be the same
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../tls.sh"
. "$(dirname "$0")/../sasl.sh"
. "$(dirname "$0")/peer.sh"
. "$(dirname "$0")/smtpd-pair.sh"

only=${1:-}
certs_new
cert_new server mail.example DNS:mail.example
smtpd_pair "compatibility_level = 3.6
smtpd_client_event_limit_exceptions =
smtpd_authorized_xclient_hosts =
smtpd_authorized_xforward_hosts =
smtpd_authorized_verp_clients =
smtpd_tls_security_level =
smtpd_tls_cert_file = $certs/server.pem
smtpd_tls_key_file = $certs/server.key
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth"
port=$(free_port)
for side in peer ours; do sasldb_new "$T/$side/etc/sasl" peer.example; done
dovecot_new "$T/dove" "$T/peer/spool/private/auth" "$T/ours/spool/private/auth" "$port"
must 'Dovecot starts' dovecot_start "$T/dove"

talk_prepare() {
	sed "s/@PORT@/$port/" | perl -MMIME::Base64 -pe 's/\@PLAIN\((.*?),(.*?)\)/encode_base64("\0$1\0$2", "")/ge;
	    s/\@B\((.*?)\)/encode_base64($1, "")/ge; s/\@LONG\((\d+)\)/"A" x $1/ge'
}

smtpd_pair_talks "$PH_SRC/t/data/smtpd-sasl"
smtpd_pair_start

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

said_all='disconnect\|fatal'
for name in $talks; do
	read -r theirs ours <"$T/$name.ports"
	: >"$peer_log"
	: >"$our_log"
	find "$T"/*/spool/incoming -type f -delete
	touch -d '1 second ago' "$T/.mark"
	talk_tls "$theirs" <"$T/$name.talk" 2>&1 | same_shape >"$T/$name.peer" & their_talk=$!
	talk_tls "$ours" <"$T/$name.talk" 2>&1 | same_shape >"$T/$name.ours"
	wait $their_talk
	smtpd_pair_same "$name"
	! grep -q 'queued as' "$T/$name.ours" ||
	    is "$name: what is kept of the login is the same" "$(received "$T/ours")" "$(received "$T/peer")"
done
dovecot_stop "$T/dove"
done_testing
