#!/bin/sh
# TLS: which configuration file of the library counts (tls_config_file, tls_config_name)
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../tls.sh"

certs_new
cert_new server mail.example DNS:mail.example
# Under its usual name and under one that has to be asked for.
cat >"$T/library.cnf" <<'E'
openssl_conf = usual
mail = other
[usual]
ssl_conf = usual_ssl
[usual_ssl]
system_default = usual_tls
[usual_tls]
Ciphersuites = TLS_AES_128_GCM_SHA256
[other]
ssl_conf = other_ssl
[other_ssl]
system_default = other_tls
[other_tls]
Ciphersuites = TLS_CHACHA20_POLY1305_SHA256
E
chmod 644 "$T/library.cnf"
instance_new "$T/i" 'local_recipient_maps =' 'myhostname = mx.example' \
    "smtpd_tls_cert_file = $certs/server.pem" \
    "smtpd_tls_key_file = $certs/server.key" \
    'smtpd_tls_loglevel = 1' 'smtpd_tls_security_level = may'
conf=$(instance_conf "$T/i")
service() {	# service NAME PORT OPTION ...
	eval "$1=$2"
	echo "127.0.0.1:$2 inet n - n - - smtpd"
	echo "  -o syslog_name=$1"
	shift 2
	for o in "$@"; do echo "  -o { $o }"; done
}
# shellcheck disable=SC2046
set -- $(free_ports 6)
{
	service plain "$1"
	service none "$2" 'tls_config_file = none'
	service file "$3" "tls_config_file = $T/library.cnf"
	service named "$4" "tls_config_file = $T/library.cnf" 'tls_config_name = mail'
	service missing "$5" 'tls_config_file = /nonexistent/library.cnf'
	service relative "$6" 'tls_config_file = library.cnf'
} >>"$conf/master.cf"
must 'the instance starts' instance_start "$T/i" </dev/null

hello() { printf 'QUIT\r\n' | timeout 20 openssl s_client -starttls smtp -connect "127.0.0.1:$1" >"$T/said" 2>&1; }
uses() { hello "$2"; wait_for 5 instance_logged "$T/i" "$1/smtpd.*TLS connection established from .*with cipher $3 "; }
ok 'by default the library chooses' uses plain "$plain" TLS_AES_256_GCM_SHA384
ok 'and without a file' uses none "$none" TLS_AES_256_GCM_SHA384
ok 'unless a file says otherwise' uses file "$file" TLS_AES_128_GCM_SHA256
ok 'or a part of it that has a name' uses named "$named" TLS_CHACHA20_POLY1305_SHA256
hello "$missing"
ok 'a file that is not there is said' instance_logged "$T/i" \
    'missing/smtpd.* warning: cannot load the TLS library.s configuration: tls_config_file = /nonexistent/library.cnf, .*disabling TLS support'
hello "$relative"
ok 'and so is one that is no path' instance_logged "$T/i" \
    'relative/smtpd.* warning: bad tls_config_file: "library.cnf"'
done_testing
