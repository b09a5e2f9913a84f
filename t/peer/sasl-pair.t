#!/bin/sh
# Logins across the two systems: our client at Debian's postfix, and its client
# at ours, by every mechanism that both sides know
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../sasl.sh"
. "$(dirname "$0")/peer.sh"

mechanisms='PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-256'
common='myhostname = host.example
mydestination =
mail_name = Postfix
compatibility_level = 3.6
disable_dns_lookups = yes
default_transport = discard:gone
smtp_tls_security_level =
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = inline:{{127.0.0.1=joe:secret}}
smtp_sasl_security_options = noanonymous'
peer_new peer "$common"
instance_new "$T/ours"
cf_set "$T/ours/etc/main.cf" "$common"
theirs=$(peer_port peer) ours=$(instance_port "$T/ours")

clients() {	# clients NAME PORT: a transport a mechanism, to the other system
	list=
	for m in $mechanisms; do
		name=$(echo "$m" | tr 'A-Z' 'a-z' | tr -d -)
		list="$list {$name.example = $name:[127.0.0.1]:$2},"
		printf '%s unix - - n - - smtp\n\t-o smtp_sasl_mechanism_filter=%s\n' "$name" "$m" >>"$T/$1/etc/master.cf"
	done
	cf_set "$T/$1/etc/main.cf" "transport_maps = inline:{ ${list%,} }"
}
# Whoever gets such mail has it discarded, and does not send it back.
clients peer "$ours"
clients ours "$theirs"
for side in peer ours; do
	sed -i 's/^\(127\.0\.0\.1:[0-9]* .*smtpd\)$/\1\n\t-o content_filter=discard:taken/' "$T/$side/etc/master.cf"
done
dovecot_new "$T/dove" "$T/peer/spool/private/auth" "$T/ours/spool/private/auth"
must 'Dovecot starts' dovecot_start "$T/dove"
must "the peer's instance starts" peer_start peer
must 'our instance starts' instance_start "$T/ours" </dev/null

logged() { grep -q "smtpd.*, sasl_method=$2, sasl_username=joe\$" "$1"; }
for m in $mechanisms; do
	name=$(echo "$m" | tr 'A-Z' 'a-z' | tr -d -)
	printf 'Subject: x\n\nhi\n' | peer peer sendmail -f snd@x.example "r@$name.example"
	ok "the peer logs in at ours: $m" wait_for 10 logged "$T/ours/log/mail.log" "$m"
	printf 'Subject: x\n\nhi\n' | as "$T/ours" sendmail -f snd@x.example "r@$name.example"
	ok "we log in at the peer: $m" wait_for 10 logged "$T/peer/log/maillog" "$m"
done
dovecot_stop "$T/dove"
done_testing
