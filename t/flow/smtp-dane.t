#!/bin/sh
# smtp: signed TLSA records decide how a server is checked (RFC 7672)
#
# The outcomes were seen with Debian's postfix and the same zone.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../tls.sh"

certs_new
cert_new server mail.test DNS:mail.test,DNS:anchor.test
cat "$certs/ca.pem" >>"$certs/server.pem"	# an anchor in the DNS has to be in the chain
# shellcheck disable=SC2046
set -- $(free_ports 2)
port=$1 clear=$2
ee="3 1 1 $(key_print server | tr -d :)"
ta="2 0 1 $(openssl x509 -in "$certs/ca.pem" -outform der | openssl dgst -sha256 | sed 's/.*= *//')"
other="3 1 1 $(printf '%064d' 0)"
ee_of() { openssl x509 -in "$certs/server.pem" -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst "-$1" | sed 's/.*= *//'; }

zone() {	# zone NAME TLSA ...: a signed host with these records
	echo "$1 A 127.0.0.1"
	echo "$1 SECURE"
	host=$1; shift
	for r in "$@"; do echo "_$port._tcp.$host TLSA $r"; done
	[ $# = 0 ] || echo "_$port._tcp.$host SECURE"
}
{
	zone mail.test "$ee"
	echo 'mx.test MX 10 mail.test'
	echo 'mx.test SECURE'
	echo 'unsigned-mx.test MX 10 mail.test'
	echo 'alias.test CNAME mail.test'
	echo 'alias.test SECURE'
	zone anchor.test "$ta"
	zone unnamed.test "$ta"
	zone two.test "$other" "$ee"
	zone ranked.test "$ee" "3 1 2 $(printf '%0128d' 0)"
	zone long.test "3 1 2 $(ee_of sha512)"
	zone private.test "3 1 200 $(ee_of sha384)"
	zone other.test "$other"
	zone useless.test "1 1 1 $(key_print server | tr -d :)"
	zone broken.test
	echo "_$port._tcp.broken.test SERVFAIL"
	zone none.test
	zone unsigned.test "$ee" | grep -v '^unsigned.test SECURE'
	zone unsigned-tlsa.test "$ee" | grep -v '^_.* SECURE'
	zone stripped.test
	echo "_$clear._tcp.stripped.test TLSA $ee"
	echo "_$clear._tcp.stripped.test SECURE"
} >"$T/zone"
dns-responder -f "$T/zone" >"$T/dns" & 
wait_for 5 test -s "$T/dns"

# shellcheck disable=SC2016
instance_new "$T/i" 'smtp_bind_address = 127.0.0.1' \
    'smtp_tls_session_cache_database = lmdb:$data_directory/smtp_scache' \
    'smtp_dns_support_level = dnssec' 'smtp_tls_security_level = dane' \
    'smtp_tls_loglevel = 1' "posthorn_dns_servers = 127.0.0.1:$(cat "$T/dns")" \
    "transport_maps = texthash:$T/transport" 'queue_run_delay = 1h'
conf=$(instance_conf "$T/i")
transport() {	# transport NAME OPTION ...
	echo "$1 unix - - n - - smtp"
	shift
	for o in "$@"; do echo "  -o { $o }"; done
}
{
	transport dane
	transport only 'smtp_tls_security_level = dane-only'
	transport mxenc 'smtp_tls_dane_insecure_mx_policy = encrypt'
	transport force 'smtp_tls_force_insecure_host_tlsa_lookup = yes'
	transport off 'smtp_dns_support_level = enabled'
	transport short 'tls_dane_digests = sha256 md5 sha384=1'
	transport more 'tls_dane_digests = sha256 sha384=200 sha512'
} >>"$conf/master.cf"
for t in dane only mxenc force off short more; do
	for d in mx unsigned-mx; do echo "$d.$t $t:$d.test:$port"; done
	for d in mail alias anchor unnamed two other useless broken none unsigned unsigned-tlsa ranked long private; do
		echo "$d.$t $t:[$d.test]:$port"
	done
	echo "stripped.$t $t:[stripped.test]:$clear"
done >"$T/transport"

mkdir "$T/seen"
mkfifo "$T/pipe"
python3 "$PH_SRC/t/tls-sink.py" "$T/seen" <"$T/pipe" >"$T/ready" 2>&1 &
exec 5>"$T/pipe"
printf '%s\n' "server $port resume=yes cert=$certs/server.pem key=$certs/server.key" "clear $clear offer=no" '' >&5
must 'the servers start' wait_for 10 grep -q ready "$T/ready"
must 'the instance starts' instance_start "$T/i" </dev/null 5>&-

set --
for d in mx unsigned-mx mail alias anchor unnamed two other useless broken none unsigned unsigned-tlsa stripped; do
	set -- "$@" "$d.dane" "$d.only"
done
set -- "$@" unsigned-mx.mxenc unsigned.force mail.off ranked.dane long.dane private.only
set -- "$@" ranked.short long.short ranked.more long.more private.more
for d in "$@"; do
	printf 'Subject: x\n\nx\n' | as "$T/i" sendmail -f '' "u@$d" 5>&-
done
all_done() { [ "$(instance_log "$T/i" | grep -c '/smtp\[.*status=')" = $# ]; }
must 'each had its turn' wait_for 20 all_done "$@"

# What the log says between two messages of one process belongs to the second.
story() {
	instance_log "$T/i" | awk -v want="to=<u@$1>" '
		/\/smtp\[/ {
			match($0, /smtp\[[0-9]+\]/); pid = substr($0, RSTART, RLENGTH)
			line = $0; sub(/^.*smtp\[[0-9]+\]: /, "", line); text[pid] = text[pid] line "\n"
			if (index($0, want)) { printf "%s", text[pid]; exit }
			if (/status=/) text[pid] = ""
		}'
}
sent() {	# sent HOW DESTINATION
	like "$2: $1" "$(story "$2")" "^$1 TLS connection established to "
	like "$2: sent" "$(story "$2")" 'status=sent'
}
waits() {	# waits WHY DESTINATION
	like "$2: waits, $1" "$(story "$2")" "status=deferred \\($1"
}

for t in dane only; do
	for d in mx mail alias anchor two; do sent Verified $d.$t; done
	waits 'Server certificate not verified' other.$t
	# Who vouches for the certificate does not say whose it is.
	waits 'Server certificate not verified' unnamed.$t
	waits 'TLSA lookup error for broken.test:' broken.$t
done
like 'a mismatch is explained' "$(story other.dane)" \
    'server certificate verification failed for other.test\[127.0.0.1\]:[0-9]+: num=65:no matching DANE TLSA records'
like 'the name with the records is asked for' "$(cat "$T/seen/server")" '^TLS .* sni=mail.test'
# Nothing signed, or nothing that can be used: as good as can be.
for d in useless none unsigned unsigned-tlsa; do sent Untrusted $d.dane; done
sent Trusted unsigned-mx.dane
sent Untrusted unsigned-mx.mxenc
sent Verified unsigned.force
# dane-only does without none of it.
waits 'TLSA records unusable' useless.only
for d in none unsigned unsigned-tlsa; do waits 'no TLSA records found' $d.only; done
waits 'non DNSSEC destination' unsigned-mx.only
for t in dane only; do waits 'TLS is required, but was not offered by host stripped.test' stripped.$t; done
like 'without DNSSEC there is no DANE, and the log says so' "$(story mail.off)" \
    'warning: \[mail.test\]:[0-9]+: dane configured with dnssec lookups disabled'
sent Untrusted mail.off

# Nor does a session that goes on prove more than it did. A cache may lose one.
again() { printf 'Subject: x\n\nx\n' | as "$T/i" sendmail -f '' "again@$1" 5>&-; }
goes_on() {	# goes_on HOW DESTINATION: the server signs nothing then
	again "$2"
	instance_logged "$T/i" "$1 TLS connection established to mail.test.*server-signature [A-Z]+ \([a-z0-9]+\)$"
}
again other.dane
ok 'what does not match has its turn again' wait_for 10 instance_logged "$T/i" 'to=<again@other.dane>.*status='
ok 'a session goes on, verified' wait_for 10 goes_on Verified mail.dane
ok 'one of a host that only looks verified does not become so' wait_for 10 goes_on Trusted unsigned-mx.dane
log=$(instance_log "$T/i")
like 'and what did not match waits' "$log" 'to=<again@other.dane>.*status=deferred \(Server certificate not verified\)'

# Of several digests the best counts, and what is none of them is no record.
waits 'Server certificate not verified' ranked.dane
sent Verified long.dane
waits 'TLSA records unusable' private.only
sent Verified ranked.short
sent Untrusted long.short
for d in ranked long private; do sent Verified $d.more; done
log=$(instance_log "$T/i")
like 'a digest without its number is said' "$log" 'warning: tls_dane_digests: digest algorithm md5 needs an explicit number'
like 'and one with a number of another' "$log" 'warning: tls_dane_digests: number 1 of digest algorithm sha384 is that of another one'
exec 5>&-
done_testing
