#!/bin/sh
# TLS sessions that go on: what clients and servers keep in tlsmgr, for how
# long, and that no policy is passed by with what another one began
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../tls.sh"

certs_new
cert_new server localhost DNS:localhost
fingerprint=$(cert_print server)
# shellcheck disable=SC2016
instance_new "$T/i" 'in_flow_delay = 0' 'smtp_bind_address = 127.0.0.1' \
    'smtp_tls_security_level = may' 'lmtp_tls_security_level = may' \
    'smtp_tls_loglevel = 2' 'lmtp_tls_loglevel = 2' 'smtpd_tls_loglevel = 2' \
    'smtpd_tls_security_level = may' \
    "smtpd_tls_cert_file = $certs/server.pem" "smtpd_tls_key_file = $certs/server.key" \
    'mynetworks = 127.0.0.0/8' \
    'smtp_tls_session_cache_database = btree:$data_directory/smtp_scache' \
    'lmtp_tls_session_cache_database = lmdb:$data_directory/lmtp_scache' \
    'smtpd_tls_session_cache_database = btree:$data_directory/smtpd_scache' \
    "transport_maps = texthash:$T/transport" 'queue_run_delay = 1h'
conf=$(instance_conf "$T/i")
# shellcheck disable=SC2046
set -- $(free_ports 4)
bare=$1 lmtp=$2 kept=$3 port=$4
via() {	# via NAME TRANSPORT PORT [OPTION ...]
	echo "$1.example $1:[localhost]:$3" >>"$T/transport"
	{
		echo "$1 unix - - n - - $2"
		echo "  -o syslog_name=$1"
		shift 3
		for o in "$@"; do echo "  -o { $o }"; done
	} >>"$conf/master.cf"
}
via may smtp "$port"
via old smtp "$port" 'smtp_tls_protocols = TLSv1.2'
via secure smtp "$port" 'smtp_tls_security_level = secure' "smtp_tls_CAfile = $certs/ca.pem"
via stranger smtp "$port" 'smtp_tls_security_level = secure'
via named smtp "$port" 'smtp_tls_security_level = secure' "smtp_tls_CAfile = $certs/ca.pem" \
    'smtp_tls_secure_cert_match = other.example'
via print smtp "$port" 'smtp_tls_security_level = fingerprint' "smtp_tls_fingerprint_cert_match = $fingerprint"
via misprint smtp "$port" 'smtp_tls_security_level = fingerprint' 'smtp_tls_fingerprint_cert_match = 00:11'
via none smtp "$port" 'smtp_tls_session_cache_database ='
via alone smtp "$port" 'tlsmgr_service_name = nobody'
via bare smtp "$bare"
via lmtp lmtp "$lmtp"
serve() {	# serve NAME PORT [OPTION ...]: what comes in goes nowhere
	echo "127.0.0.1:$2 inet n - n - - smtpd -o content_filter=discard: -o syslog_name=$1"
	shift 2
	for o in "$@"; do echo "  -o $o"; done
}
{
	serve ticketd "$port"
	serve keptd "$kept" tls_session_ticket_cipher=
	serve bared "$bare" tls_session_ticket_cipher= smtpd_tls_session_cache_database= \
	    smtpd_tls_always_issue_session_ids=no
} >>"$conf/master.cf"
mkdir "$T/seen"
mkfifo "$T/pipe"
python3 "$PH_SRC/t/tls-sink.py" "$T/seen" <"$T/pipe" >"$T/ready" 2>&1 &
exec 5>"$T/pipe"
printf '%s\n' "lmtp $lmtp lmtp=yes resume=yes cert=$certs/server.pem key=$certs/server.key" '' >&5
must 'the server starts' wait_for 10 grep -q ready "$T/ready"
must 'the instance starts' instance_start "$T/i" </dev/null 5>&-

# Messages go one after the other: what the first has left, the second finds.
sent=0
mail() {	# mail NAME
	sent=$((sent + 1))
	printf 'Subject: x\n\nx\n' | as "$T/i" sendmail -f '' "u$sent@$1.example" 5>&-
	wait_for 10 instance_logged "$T/i" "$1/(smtp|lmtp).*to=<u$sent@.*status=" || echo "# no status of $1"
}
count() { instance_log "$T/i" | grep -cE "$1"; }
reused() { count "$1/(smtp|lmtp)\[.*Reusing old session"; }
kinds() { instance_log "$T/i" | sed -n "s/.* $1\/.* \([A-Za-z]*\) TLS connection established to .*/\1/p" | tr '\n' ' '; }
twice() { mail "$1"; mail "$1"; }

for t in may old lmtp; do
	twice $t
	is "$t: the second session goes on" "$(reused $t)" 1
done
is 'a server whom nobody vouches for stays one' "$(kinds may)" 'Untrusted Untrusted '
mail secure
is 'what began without proof is no proof' "$(reused secure)" 0
mail secure
is 'what began with it goes on' "$(reused secure)" 1
is 'verified, as it was' "$(kinds secure)" 'Verified Verified '
mail print
is 'a fingerprint begins anew, too' "$(reused print)" 0
mail print
is 'and goes on' "$(reused print) $(kinds print)" '1 Verified Verified '
for t in stranger named misprint; do
	twice $t
	is "$t: no session of others helps" "$(count "to=<u[0-9]*@$t.example>.*status=deferred \(Server certificate not verified\)") $(reused $t)" '2 0'
	is "$t: nothing is kept of it" "$(count "$t/smtp.*save session")" 0
done
twice none
is 'nothing is kept where there is no table' "$(count 'none/smtp.*(looking for|save) session')" 0
twice alone
is 'without tlsmgr mail goes out all the same' "$(count 'alone/smtp.*to=<u[0-9]*@alone.example>.*status=sent') $(reused alone)" '2 0'
ok 'and the log says why sessions begin anew' instance_logged "$T/i" 'alone/smtp.*warning: .*nobody.*TLS sessions cannot be resumed'
twice bare
is 'a server that knows nobody again begins anew' "$(reused bare)" 0
is 'tables are there for those that have one' \
    "$(cd "$T/i/data" && echo *scache*)" 'lmtp_scache.lmdb smtp_scache.lmdb smtpd_scache.lmdb'
is 'and nobody else reads them' "$(stat -c %a "$T/i/data/smtp_scache.lmdb")" 600

# What a client without tickets sees of a server.
hello() {	# hello PORT OPTION ...: "New", "Reused", and whether there is a session ID
	hello_port=$1; shift
	printf 'QUIT\r\n' | timeout 20 openssl s_client -starttls smtp -connect "127.0.0.1:$hello_port" -no_ticket -tls1_2 "$@" 2>/dev/null |
	    sed -n 's/^\(New\|Reused\),.*/\1/p; s/^ *Session-ID: *\(.*\)/id \1/p' | sed 's/[0-9A-F]\{64\}/.../' | tr '\n' ' '
}
is 'a server gives out an ID' "$(hello "$kept" -sess_out "$T/session")" 'New id ... '
is 'and knows it again' "$(hello "$kept" -sess_in "$T/session")" 'Reused id ... '
ok 'from its table' wait_for 5 instance_logged "$T/i" 'keptd/smtpd.*reloaded session [0-9A-F]{64}&l=[0-9]+ from smtpd cache'
is 'another service keeps nothing and gives out none' "$(hello "$bare")" 'New id  '

# An entry has its time.
cf_set "$conf/main.cf" 'smtp_tls_session_cache_timeout = 1s'
must 'the instance starts again with a shorter time' as "$T/i" postfix reload
mail may
ok 'old entries are dropped' wait_for 10 instance_logged "$T/i" 'cache lmdb:.*/smtp_scache full cleanup: retained=0 dropped=[1-9]'
exec 5>&-
done_testing
