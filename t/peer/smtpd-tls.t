#!/bin/sh
# smtpd, encrypted: the same conversations with Debian's postfix and with ours;
# replies, certificates, log lines and Received: headers must be the same
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../tls.sh"
. "$(dirname "$0")/peer.sh"

only=${1:-}
certs_new
cert_new server mail.example DNS:mail.example rsa
cert_new ec mail.example DNS:mail.example
cert_new other other.example DNS:other.example
cert_new client 'Client (one) "x"' DNS:client.example rsa
cert_self self self.example
for name in client ec; do cat "$certs/$name.key" "$certs/$name.pem" >"$certs/$name.both"; done
for name in other.example .dom.example; do echo "$name $certs/other.key, $certs/other.pem"; done >"$certs/sni"
echo "broken.example $certs/other.key" >>"$certs/sni"
echo "$(cert_print client) ok" >"$certs/relay"
echo "$(key_print self) REJECT by its key" >"$certs/access"

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
smtpd_error_sleep_time = 0
smtpd_authorized_xclient_hosts =
smtpd_authorized_xforward_hosts =
smtpd_authorized_verp_clients =
disable_dns_lookups = yes
smtpd_tls_security_level =
smtpd_tls_cert_file = $certs/server.pem
smtpd_tls_key_file = $certs/server.key
smtpd_tls_loglevel = 1
smtpd_tls_received_header = yes"
peer_new peer "$common"
instance_new "$T/ours"
cf_set "$(instance_conf "$T/ours")/main.cf" "$common"

# One service for each conversation: its port, and its options from "#-o".
add_service() {	# add_service MASTER_CF PORT TALK
	{
		echo "127.0.0.1:$2 inet n - n - - smtpd"
		sed -n 's/^#-o \(.*\)/  -o { \1 }/p' "$3"
	} >>"$1"
}

talks=
# shellcheck disable=SC2046
set -- $(free_ports $((2 * $(ls "$PH_SRC"/t/data/smtpd-tls/*.talk | wc -l))))
for talk in "$PH_SRC"/t/data/smtpd-tls/*.talk; do
	name=$(basename "$talk" .talk)
	[ -z "$only" ] || [ "$only" = "$name" ] || continue
	talks="$talks $name"
	sed "s|@T@|$certs|g" "$talk" >"$T/$name.talk"
	echo "$1 $2" >"$T/$name.ports"
	add_service "$T/peer/etc/master.cf" "$1" "$T/$name.talk"
	add_service "$(instance_conf "$T/ours")/master.cf" "$2" "$T/$name.talk"
	shift 2
done
# Mail stays where it is: nobody has to deliver it.
sed -i '/^qmgr/d' "$T/peer/etc/master.cf" "$(instance_conf "$T/ours")/master.cf"

must "the peer's instance starts" peer_start peer
must 'our instance starts' instance_start "$T/ours" </dev/null

same_shape() {
	sed -E -e 's/queued as [0-9A-F]+/queued as QID/' -e '/^S: 250.CHUNKING$/d' |
	    awk '/^S: 250-SMTPUTF8$/ { sub("-", " ") } { print }'
}

# Lines of smtpd since the mark, without what differs by nature.
log_shape() {
	grep '/smtpd\[' | sed -E -e 's/^.*smtpd\[[0-9]+\]: //' \
	    -e 's/^(warning: )?[0-9A-F]{8,}: /\1QID: /' \
	    -e 's/for service [0-9.:]+/for service S/' \
	    -e 's/key expiration: [0-9]+/key expiration: N/' \
	    -e '/public\/qmgr|initializing the server-side|^connect from/d'
}

# The Received: header of the message that this conversation left.
received() {	# received TALK_OUTPUT postcat ...
	id=$(sed -n 's/.*queued as //p' "$1")
	shift
	[ -z "$id" ] || "$@" -h -q "$id" 2>/dev/null |
	    awk '/^Received:/ { on = 1; print; next } /^[^ \t]/ { on = 0 } on' |
	    sed -E -e 's/ id [0-9A-F]+/ id QID/' -e 's/; .*/; DATE/'
}

same() {	# same SENTENCE NAME SUFFIX
	if cmp -s "$T/$2.peer$3" "$T/$2.ours$3"; then
		result 0 "$2: $1"
	else
		result 1 "$2: $1"
		diff "$T/$2.peer$3" "$T/$2.ours$3" | sed 's/^/#   /'
	fi
}

for name in $talks; do
	read -r theirs ours <"$T/$name.ports"
	wrap=$(sed -n 's/^#-wrap/wrap/p' "$T/$name.talk")
	: >"$T/peer/log/maillog"
	: >"$T/ours/log/mail.log"
	# shellcheck disable=SC2086
	talk_tls "$theirs" $wrap <"$T/$name.talk" >"$T/$name.peer.raw" 2>&1 & their_talk=$!
	# shellcheck disable=SC2086
	talk_tls "$ours" $wrap <"$T/$name.talk" >"$T/$name.ours.raw" 2>&1
	wait $their_talk
	for side in peer ours; do same_shape <"$T/$name.$side.raw" >"$T/$name.$side"; done
	same 'the replies are the same' "$name" ''
	wait_for 3 grep -q disconnect "$T/peer/log/maillog"
	wait_for 3 grep -q disconnect "$T/ours/log/mail.log"
	log_shape <"$T/peer/log/maillog" >"$T/$name.peer.log"
	log_shape <"$T/ours/log/mail.log" >"$T/$name.ours.log"
	same 'the log lines are the same' "$name" .log
	grep -q 'queued as' "$T/$name.peer.raw" || continue
	received "$T/$name.peer.raw" peer peer postcat >"$T/$name.peer.received"
	received "$T/$name.ours.raw" as "$T/ours" postcat >"$T/$name.ours.received"
	same 'Received: is the same' "$name" .received
done
done_testing
