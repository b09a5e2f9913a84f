#!/bin/sh
# smtpd, encrypted: the same conversations with Debian's postfix and with ours;
# replies, certificates, log lines and Received: headers must be the same
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../tls.sh"
. "$(dirname "$0")/peer.sh"
. "$(dirname "$0")/smtpd-pair.sh"

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

smtpd_pair "compatibility_level = 3.6
smtpd_authorized_xclient_hosts =
smtpd_authorized_xforward_hosts =
smtpd_authorized_verp_clients =
smtpd_tls_security_level =
smtpd_tls_cert_file = $certs/server.pem
smtpd_tls_key_file = $certs/server.key
smtpd_tls_loglevel = 1
smtpd_tls_received_header = yes"
talk_prepare() { sed "s|@T@|$certs|g"; }
smtpd_pair_talks "$PH_SRC/t/data/smtpd-tls"
smtpd_pair_start

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

for name in $talks; do
	read -r theirs ours <"$T/$name.ports"
	wrap=$(sed -n 's/^#-wrap/wrap/p' "$T/$name.talk")
	: >"$peer_log"
	: >"$our_log"
	# shellcheck disable=SC2086
	talk_tls "$theirs" $wrap <"$T/$name.talk" >"$T/$name.peer.raw" 2>&1 & their_talk=$!
	# shellcheck disable=SC2086
	talk_tls "$ours" $wrap <"$T/$name.talk" >"$T/$name.ours.raw" 2>&1
	wait $their_talk
	for side in peer ours; do same_shape <"$T/$name.$side.raw" >"$T/$name.$side"; done
	smtpd_pair_same "$name"
	grep -q 'queued as' "$T/$name.peer.raw" || continue
	received "$T/$name.peer.raw" peer peer postcat >"$T/$name.peer.received"
	received "$T/$name.ours.raw" as "$T/ours" postcat >"$T/$name.ours.received"
	ok "$name: Received: is the same" diff "$T/$name.peer.received" "$T/$name.ours.received"
done
done_testing
