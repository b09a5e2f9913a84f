#!/bin/sh
# smtp, encrypted: the same mail to the same servers by Debian's postfix and by
# ours; log lines and what the servers saw must be the same. And each delivers
# to the other.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../tls.sh"
. "$(dirname "$0")/peer.sh"

certs_new
cert_new server localhost DNS:localhost rsa
cert_new client client.example DNS:client.example
cert_self self self.example
fingerprint=$(cert_print server)

common="myhostname = peer.example
mydomain = peer.example
myorigin = peer.example
mydestination = peer.example
mynetworks = 127.0.0.0/8
local_recipient_maps =
alias_maps =
compatibility_level = 3.6
disable_dns_lookups = yes
smtp_bind_address = 127.0.0.1
smtpd_client_connection_count_limit = 0
smtp_tls_loglevel = 1
smtp_tls_security_level = none
smtpd_tls_security_level = encrypt
smtpd_tls_loglevel = 1
smtpd_tls_received_header = yes
smtpd_tls_cert_file = $certs/server.pem
smtpd_tls_key_file = $certs/server.key
transport_maps = texthash:$T/transport
process_number_limit = 200
maximal_backoff_time = 4000s"
peer_new peer "$common"
instance_new "$T/ours"
cf_set "$(instance_conf "$T/ours")/main.cf" "$common"

# A transport and a server for each case and side: LIST has "NAME PORT".
cases() { grep -v '^#' "$PH_SRC/t/data/smtp-tls/cases"; }
mkdir "$T/seen-peer" "$T/seen-ours"
cases >"$T/cases"
while IFS='|' read -r name options server; do
	# shellcheck disable=SC2046
	set -- $(free_ports 2)
	case $server in *cert=*) ;; *) server="cert=$certs/server.pem key=$certs/server.key $server" ;; esac
	for side in peer ours; do
		{
			echo "x$name unix - - n - - smtp"
			echo "$options" | sed "s|@T@|$certs|g; s|@FP@|$fingerprint|g; s|@PORT@|$1|g" | tr ';' '\n' |
			    sed 's/.*/  -o { & }/'
		} >>"$T/$side/etc/master.cf"
		echo "$name $1 $server" | sed "s|@T@|$certs|g" >>"$T/$side.servers"
		echo "$name.$side x$name:[localhost]:$1" >>"$T/transport"
		echo "$1" >"$T/$name.$side.port"
		shift
	done
done <"$T/cases"
# shellcheck disable=SC2046
cat >>"$T/transport" <<EOF
swap.ours swap:[localhost]:$(peer_port peer)
swap.peer swap:[localhost]:$(instance_port "$T/ours")
EOF
for side in peer ours; do
	cat >>"$T/$side/etc/master.cf" <<-EOF
	swap unix - - n - - smtp
	  -o { smtp_tls_security_level = secure }
	  -o { smtp_tls_CAfile = $certs/ca.pem }
	EOF
done

sink() {	# sink SIDE: until the pipe closes
	mkfifo "$T/$1.pipe"
	python3 "$PH_SRC/t/tls-sink.py" "$T/seen-$1" <"$T/$1.pipe" >"$T/$1.ready" 2>&1 &
}
sink peer
sink ours
exec 5>"$T/peer.pipe" 6>"$T/ours.pipe"
{ cat "$T/peer.servers"; echo; } >&5
{ cat "$T/ours.servers"; echo; } >&6
must 'the servers start' wait_for 10 grep -q ready "$T/peer.ready" "$T/ours.ready"
must "the peer's instance starts" peer_start peer
must 'our instance starts' instance_start "$T/ours" </dev/null 5>&- 6>&-

send() {	# send SIDE SENDMAIL ...
	side=$1; shift
	while IFS='|' read -r name _; do
		printf 'Subject: %s\n\nbody\n' "$name" | "$@" -f "root@peer.example" "u@$name.$side" 5>&- 6>&-
	done <"$T/cases"
	printf 'Subject: swap\n\nbody\n' | "$@" -f root@peer.example "nobody@swap.$side" 5>&- 6>&-
}
send peer peer peer sendmail &
send ours as "$T/ours" sendmail
wait $!
peer_log=$T/peer/log/maillog our_log=$T/ours/log/mail.log
all_done() {	# all_done LOG DIR: each recipient has a status, some more than one
	[ -z "$(find "$2/spool/maildrop" "$2/spool/incoming" "$2/spool/active" -type f)" ] &&
	    [ "$(sed -n 's/.*\/smtp\[.* to=<\([^>]*\)>.*status=.*/\1/p' "$1" | sort -u | wc -l)" -gt "$(wc -l <"$T/cases")" ]
}
ok "the peer has tried all" wait_for 60 all_done "$peer_log" "$T/peer"
ok 'we have tried all' wait_for 60 all_done "$our_log" "$T/ours"

# A process has one of these transports: its lines belong to the case.
log_of() {	# log_of LOG CASE SIDE
	pid=$(sed -n "s/.*\/smtp\[\([0-9]*\)\]: [0-9A-F]*: to=<[a-z]*@$2\.$3>.*/\1/p" "$1" | head -1)
	grep -a "/smtp\[${pid:-none}\]" "$1" | sed -E -e 's/^.*smtp\[[0-9]+\]: //' \
	    -e 's/^[0-9A-F]{8,}: /QID: /' -e "s/\\.$3>/>/" -e "s/:$(cat "$T/$2.$3.port" 2>/dev/null || echo x)/:PORT/g" \
	    -e 's/delay=.*, dsn/dsn/' -e '/[Ss]ession ticket|initializing the client/d' \
	    -e 's/queued as [0-9A-F]+/queued as QID/'
}

while IFS='|' read -r name _; do
	log_of "$peer_log" "$name" peer >"$T/peer.lines"
	log_of "$our_log" "$name" ours >"$T/our.lines"
	if cmp -s "$T/peer.lines" "$T/our.lines" && [ -s "$T/peer.lines" ]; then
		result 0 "$name: the log lines are the same"
	else
		result 1 "$name: the log lines are the same"
		diff "$T/peer.lines" "$T/our.lines" | sed 's/^/#   /'
	fi
	# Bytes of a handshake that nobody wanted are no commands.
	seen() { grep -aE '^(C: [A-Z]+ |C: [A-Z]+$|TLS|BODY)' "$1" | sed 's/\.\(peer\|ours\)>/>/' | grep -av '^BODY'; }
	is "$name: so is what the server saw" "$(seen "$T/seen-ours/$name")" "$(seen "$T/seen-peer/$name")"
done <"$T/cases"

like 'our mail reaches the peer' "$(log_of "$our_log" swap ours)" '^Verified TLS connection established to localhost'
like 'which takes it' "$(log_of "$our_log" swap ours)" 'status=sent \(250 2.0.0 Ok: queued as'
like "the peer's mail reaches us" "$(log_of "$peer_log" swap peer)" '^Verified TLS connection established to localhost'
like 'and we take it' "$(log_of "$peer_log" swap peer)" 'status=sent \(250 2.0.0 Ok: queued as'
exec 5>&- 6>&-
done_testing
