#!/bin/sh
# TLS sessions that go on: Debian's postfix and ours as client and as server,
# each with each; the log lines of both ends must be the same in all four
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../tls.sh"
. "$(dirname "$0")/peer.sh"

certs_new
cert_new server localhost DNS:localhost rsa
common="myhostname = peer.example
mydomain = peer.example
myorigin = peer.example
mydestination = peer.example
mynetworks = 127.0.0.0/8
alias_maps =
compatibility_level = 3.6
disable_dns_lookups = yes
smtp_bind_address = 127.0.0.1
smtpd_client_connection_count_limit = 0
smtp_tls_loglevel = 2
smtp_tls_security_level = secure
smtp_tls_CAfile = $certs/ca.pem
smtpd_tls_security_level = encrypt
smtpd_tls_loglevel = 2
smtpd_tls_cert_file = $certs/server.pem
smtpd_tls_key_file = $certs/server.key
smtp_tls_session_cache_database = btree:\$data_directory/smtp_scache
smtpd_tls_session_cache_database = btree:\$data_directory/smtpd_scache
transport_maps = texthash:$T/transport
process_number_limit = 200"
peer_new peer "$common"
instance_new "$T/ours"
cf_set "$(instance_conf "$T/ours")/main.cf" "$common"

# What a name says: client to server, how the server remembers, the version.
names=
# shellcheck disable=SC2046
set -- $(free_ports 16)
for client in peer ours; do
	for server in peer ours; do
		for how in tickets cache; do
			for version in TLSv1.2 TLSv1.3; do
				name=$client-$server-$how-$version
				names="$names $name"
				echo "$name.$client x$name:[localhost]:$1" >>"$T/transport"
				{
					echo "x$name unix - - n - - smtp"
					echo "  -o syslog_name=C$name -o smtp_tls_mandatory_protocols=$version"
				} >>"$T/$client/etc/master.cf"
				{
					echo "127.0.0.1:$1 inet n - n - - smtpd"
					echo "  -o content_filter=discard: -o syslog_name=S$name"
					[ $how = tickets ] || echo '  -o tls_session_ticket_cipher='
				} >>"$T/$server/etc/master.cf"
				shift
			done
		done
	done
done
must "the peer's instance starts" peer_start peer
must 'our instance starts' instance_start "$T/ours" </dev/null
log() { cat "$T/peer/log/maillog" "$T/ours/log/mail.log"; }

round() {	# round NUMBER: one message each, and all are there
	for name in $names; do
		case $name in
		peer-*) printf 'Subject: x\n\nx\n' | peer peer sendmail -f root@peer.example "u$1@$name.peer" ;;
		*) printf 'Subject: x\n\nx\n' | as "$T/ours" sendmail -f root@peer.example "u$1@$name.ours" ;;
		esac
	done
	all_sent() { [ "$(log | grep -c "to=<u$1@.*status=sent (250 2.0.0 Ok: queued")" = 16 ]; }
	ok "round $1: all is sent" wait_for 30 all_sent "$1"
	all_gone() { [ "$(log | grep -c "S.*/smtpd.*disconnect")" = $((16 * $1)) ]; }
	wait_for 5 all_gone "$1"
}
round 1
round 2

# Names and digests of sessions are each one's own. The peer's server gives two
# tickets for its cache, and keeps what is in tickets, too; our client keeps
# one, when it knows that the server is the right one.
shape() {	# shape PREFIX NAME
	log | grep -E "$1$2/smtpd?\[" | sed -E -e 's/^.*smtpd?\[[0-9]+\]: //' -e '/SSL_|save session|initializing/d' \
	    -e 's/[0-9A-F]{8,}: (client|to)=/QID: \1=/' -e 's/session [^ ]*&[^ ]*/session ID/' \
	    -e 's/\]:[0-9]+/]:PORT/' -e 's/u([12])@[^>]*/u\1/' -e 's/delay=.*, dsn/dsn/' \
	    -e 's/queued as [0-9A-F]+/queued as QID/' -e 's/expiration: [0-9]+/expiration: N/'
}
for how in tickets cache; do
	for version in TLSv1.2 TLSv1.3; do
		for end in C S; do
			shape $end peer-peer-$how-$version >"$T/model"
			like "$how, $version, $end: a session goes on" "$(cat "$T/model")" 'Reusing old session'
			for pair in peer-ours ours-peer ours-ours; do
				shape $end $pair-$how-$version >"$T/shape"
				if cmp -s "$T/model" "$T/shape"; then
					result 0 "$pair, $how, $version, $end: the log is the same"
				else
					result 1 "$pair, $how, $version, $end: the log is the same"
					diff "$T/model" "$T/shape" | sed 's/^/#   /'
				fi
			done
		done
	done
done
done_testing
