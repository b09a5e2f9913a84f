#!/bin/sh
# smtp, lmtp: mail goes out encrypted, waits where it must be and cannot, and
# goes in the clear only where that is allowed
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../tls.sh"

certs_new
cert_new server localhost DNS:localhost
cert_self self self.example
mine="cert=$certs/server.pem key=$certs/server.key"

instance_new "$T/i" 'smtp_bind_address = 127.0.0.1' \
    'smtp_tls_loglevel = 1' 'smtp_tls_security_level = may' \
    "smtp_tls_CAfile = $certs/ca.pem" "lmtp_tls_CAfile = $certs/ca.pem" \
    'lmtp_tls_loglevel = 1' \
    "transport_maps = texthash:$T/transport" 'minimal_backoff_time = 1h' \
    'maximal_backoff_time = 1h' 'queue_run_delay = 1h'
conf=$(instance_conf "$T/i")
mkdir "$T/seen"
# shellcheck disable=SC2046
set -- $(free_ports 8)
case_new() {	# case_new NAME PORT TRANSPORT SINK_OPTIONS [OPTION ...]
	echo "$1 $2 $4" >>"$T/servers"
	echo "$1.example x$1:[localhost]:$2" >>"$T/transport"
	{
		echo "x$1 unix - - n - - $3"
		shift 4
		for o in "$@"; do echo "  -o { $o }"; done
	} >>"$conf/master.cf"
}
case_new plain "$1" smtp "$mine"
case_new passing "$2" smtp "$mine handshake=close"
case_new must "$3" smtp "$mine handshake=close" 'smtp_tls_security_level = encrypt'
case_new forged "$4" smtp "cert=$certs/self.pem key=$certs/self.key" 'smtp_tls_security_level = verify'
case_new early "$5" smtp "$mine early=250_early" 'smtp_tls_block_early_mail_reply = yes'
case_new lmtp "$6" lmtp "$mine lmtp=yes" 'lmtp_tls_security_level = secure'
case_new stripped "$7" smtp "$mine offer=no" 'smtp_tls_security_level = encrypt'
case_new cached "$8" smtp "$mine" 'smtp_connection_cache_on_demand = yes' \
    'smtp_connection_cache_destinations = static:all'

mkfifo "$T/pipe"
python3 "$PH_SRC/t/tls-sink.py" "$T/seen" <"$T/pipe" >"$T/ready" 2>&1 &
exec 5>"$T/pipe"
{ cat "$T/servers"; echo; } >&5
must 'the servers start' wait_for 10 grep -q ready "$T/ready"
must 'the instance starts' instance_start "$T/i" </dev/null 5>&-

mail() { printf 'Subject: x\n\nsecret\n' | as "$T/i" sendmail -f '' "$@" 5>&-; }
logged() { wait_for 10 instance_logged "$T/i" "$1"; }
seen() { cat "$T/seen/$1"; }

mail u@plain.example
ok 'mail is sent' logged 'to=<u@plain.example>.* status=sent'
ok 'encrypted, and the server is one we trust' logged 'Trusted TLS connection established to localhost\[127.0.0.1\]'
is 'the commands of the message came inside' "$(sed -n '/^TLS/,$p' "$T/seen/plain" | grep -cE '^C: (EHLO|MAIL|RCPT|DATA)')" 4

mail u@must.example u@forged.example u@stripped.example
ok 'mail that must be encrypted waits when the handshake fails' logged \
    'to=<u@must.example>.* dsn=4.7.5, status=deferred \(Cannot start TLS: handshake failure\)'
ok 'and when the certificate is nobody'"'"'s' logged \
    'to=<u@forged.example>.* dsn=4.7.5, status=deferred \(Server certificate not verified\)'
ok 'which the log explains' logged 'certificate verification failed for localhost\[127.0.0.1\]:[0-9]+: self-signed certificate'
ok 'and when somebody took the offer away' logged \
    'to=<u@stripped.example>.* dsn=4.7.4, status=deferred \(TLS is required, but was not offered by host localhost\[127.0.0.1\]\)'
is 'no server heard of the message' "$(cat "$T/seen/must" "$T/seen/forged" "$T/seen/stripped" | grep -cE '^C: (MAIL|RCPT|DATA)')" 0

mail u@passing.example
ok 'a server whose TLS fails is tried again later' logged \
    'to=<u@passing.example>.* status=deferred \(Cannot start TLS: handshake failure\)'
as "$T/i" postconf minimal_backoff_time=1s	# so much of the time is over
instance_reload "$T/i" 5>&-
retried() { as "$T/i" postqueue -f 5>&-; instance_logged "$T/i" 'to=<u@passing.example>.* status=sent'; }
ok 'and, if that does not help, without' wait_for 10 retried
like 'in the clear' "$(seen passing)" '^C: MAIL FROM'
# What must be encrypted was tried again with it.
is 'mail that must be encrypted still waits' "$(seen must | grep -c '^C: MAIL')" 0

mail u@early.example
ok 'a server that answers what was not asked gets nothing' logged \
    'to=<u@early.example>.* status=deferred \(unexpected server message'
is 'not a word of the message' "$(seen early | grep -c '^C: MAIL')" 0

mail u@lmtp.example v@lmtp.example
ok 'LMTP does it too' logged 'to=<v@lmtp.example>.* status=sent'
ok 'and checks the name' logged 'postfix/lmtp.* Verified TLS connection established to localhost'
like 'with LHLO again inside' "$(sed -n '/^TLS/,$p' "$T/seen/lmtp")" '^C: LHLO'

mail u@cached.example
ok 'mail to a server whose connections are kept' logged 'to=<u@cached.example>.* status=sent'
ok 'ends its session when it is encrypted' wait_for 5 grep -q '^C: QUIT' "$T/seen/cached"
exec 5>&-
done_testing
