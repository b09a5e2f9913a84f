#!/bin/sh
# tlsproxy: TLS for postscreen's clients; who asks it nonsense gets nothing
. "$(dirname "$0")/../lib.sh"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=mx.example \
    -keyout "$T/key.pem" -out "$T/cert.pem" 2>/dev/null
cat "$T/key.pem" "$T/cert.pem" >"$T/chain.pem"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=client.example \
    -keyout "$T/ckey.pem" -out "$T/ccert.pem" 2>/dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=other.example \
    -keyout "$T/other.pem" -out "$T/ocert.pem" 2>/dev/null
cat "$T/ocert.pem" >>"$T/other.pem"

I=$T/inst
# shellcheck disable=SC2016
must 'an instance is made' instance_new "$I" 'myhostname = mx.example' 'postscreen_greet_banner =' \
    'postscreen_access_list =' 'postscreen_cache_map =' 'postscreen_pipelining_enable = yes' \
    "smtpd_tls_chain_files = $T/chain.pem" 'smtpd_tls_security_level = may' 'smtpd_tls_loglevel = 1' \
    'smtpd_tls_session_cache_database = btree:$data_directory/smtpd_scache'
ports=$(free_ports 7)
set -- $ports
good=$1 off=$2 bare=$3 asks=$4 absent=$5 needs=$6 kept=$7
screen() { echo "127.0.0.1:$1 inet n - n - 1 postscreen -o tlsproxy_service_name=$2"; }
cat >>"$I/etc/master.cf" <<M
smtpd pass - - n - - smtpd
good unix - - n - 0 tlsproxy -o syslog_name=good
off unix - - n - 0 tlsproxy -o tlsproxy_tls_security_level=none
bare unix - - n - 0 tlsproxy -o smtpd_tls_chain_files=/nonexistent
asks unix - - n - 0 tlsproxy -o syslog_name=asks -o tlsproxy_tls_ask_ccert=yes -o tlsproxy_tls_loglevel=2
needs unix - - n - 0 tlsproxy -o syslog_name=needs -o tlsproxy_tls_req_ccert=yes -o tlsproxy_tls_security_level=encrypt
  -o tlsproxy_tls_chain_files=$T/other.pem
$(screen "$needs" needs)
kept unix - - n - 0 tlsproxy -o syslog_name=kept -o tls_session_ticket_cipher=
$(screen "$kept" kept)
$(screen "$good" good)
$(screen "$off" off)
$(screen "$bare" bare)
$(screen "$asks" asks)
$(screen "$absent" absent)
M
must 'and started' instance_start "$I"
talk() { port=$1; shift; printf "$@" | python3 "$PH_SRC/t/talk-tls.py" "$port"; }
session='EHLO c.test\nSTARTTLS\n!tls %s\nEHLO c.test\nNOOP\nQUIT\n'

# ---- sessions ----
like 'a client talks behind TLS' "$(talk "$good" "$session" '')" '^S: 221 2\.0\.0 Bye'
like 'an older version will do' "$(talk "$good" "$session" max=TLSv1_2)" '^TLS TLSv1\.2 subject'
ok 'the log says which' wait_for 5 instance_logged "$I" 'good/tlsproxy\[[0-9]+\]: Anonymous TLS connection established from \[127\.0\.0\.1\]:[0-9]+: TLSv1\.2 with cipher'
like 'what was said before is forgotten' "$(talk "$good" 'EHLO c.test\nMAIL FROM:<>\nSTARTTLS\n!tls\nRCPT TO:<a@b.test>\nQUIT\n')" '503 5\.5\.1 Error: need MAIL'
like 'nothing is taken over from in front of the handshake' \
    "$(talk "$good" 'EHLO c.test\n>>>STARTTLS\\r\\nMAIL FROM:<>\\r\\n\n<<<\n!tls\nRCPT TO:<a@b.test>\nQUIT\n')" '503 5\.5\.1 Error: need MAIL'
like 'a client that does not encrypt is gone' "$(talk "$good" 'EHLO c.test\nSTARTTLS\nEHLO c.test\n')" '^EOF'
ok 'and logged' wait_for 5 instance_logged "$I" 'good/tlsproxy\[[0-9]+\]: TLS handshake failed for service=smtpd peer=\[127\.0\.0\.1\]:[0-9]+$'
talk "$asks" "$session" "cert=$T/ccert.pem key=$T/ckey.pem" >/dev/null
ok 'a certificate is asked for, and described' wait_for 5 instance_logged "$I" 'asks/tlsproxy\[[0-9]+\]: .*subject_CN=client\.example'
like 'who needs one asks for it' "$(talk "$needs" "$session" "cert=$T/ccert.pem key=$T/ckey.pem")" '^TLS TLSv1\.3 subject=CN = other\.example'
ok 'and says what it thinks of it' wait_for 5 instance_logged "$I" 'needs/tlsproxy\[[0-9]+\]: certificate verification failed for \[127\.0\.0\.1\]:[0-9]+: self-signed'
like 'nobody is refused: no mail is taken here' "$(talk "$needs" "$session" '')" '^S: 221 2\.0\.0 Bye'
quit() { printf 'QUIT\r\n'; sleep 0.3; }
for port in "$good" "$kept"; do
	quit | openssl s_client -quiet -starttls smtp -connect "127.0.0.1:$port" -tls1_2 -sess_out "$T/session" >/dev/null 2>&1
	quit | openssl s_client -starttls smtp -connect "127.0.0.1:$port" -tls1_2 -sess_in "$T/session" >"$T/resumed" 2>&1
	like 'a session can be resumed, with a ticket and without' "$(cat "$T/resumed")" '^Reused, TLSv1\.2'
done

# ---- no TLS, but mail ----
for port in "$off" "$bare" "$absent"; do
	like 'where TLS cannot be had, the client is told so and goes on' \
	    "$(talk "$port" 'EHLO c.test\nSTARTTLS\nNOOP\nQUIT\n' | tail -5 | tr '\n' ' ')" \
	    '454 4\.7\.0 TLS not available due to local problem C: NOOP S: 250 2\.0\.0 Ok C: QUIT S: 221'
done
ok 'a role that is off says so' wait_for 5 instance_logged "$I" 'tlsproxy\[[0-9]+\]: warning: TLS server role is disabled with tlsproxy_tls_security_level or tlsproxy_use_tls$'
ok 'and a certificate that is not there' wait_for 5 instance_logged "$I" 'tlsproxy\[[0-9]+\]: warning: .*/nonexistent'

# ---- nonsense ----
ask() {	# ask FD-OR-EMPTY BYTES: what it answers behind its greeting
	python3 - "$I/spool/private/good" "$@" <<'P'
import array, socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(5)
s.connect(sys.argv[1])
greeting = s.recv(100)
anc = []
pair = socket.socketpair()
if sys.argv[2] == 'fd':
    anc = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [pair[0].fileno()]))]
data = sys.argv[3].encode().decode('unicode_escape').encode('latin1')
s.sendmsg([data[:1]], anc)
try:
    s.sendall(data[1:])
    print(greeting.split(b'\0')[1].decode(), s.recv(100))
except OSError as e:
    print('gone', e)
P
}
is 'a request is answered' "$(ask fd '\0peer\0x\0timeout\x005\0\0')" "tlsproxy_protocol b'status\\x000\\x00\\x00'"
is 'without a descriptor there is nothing to do' "$(ask no '\0peer\0x\0timeout\x005\0\0' | sed 's/^gone.*/gone/; s/.*tlsproxy_protocol b..$/gone/')" gone
is 'nor without a time limit' "$(ask fd '\0peer\0x\0\0')" "tlsproxy_protocol b''"
is 'nor with one that is none' "$(ask fd '\0peer\0x\0timeout\x000\0\0')" "tlsproxy_protocol b''"
python3 -c 'print("\\0" + "x" * 9000)' >"$T/long"
like 'a request that is too long is not waited for' "$(ask fd "$(cat "$T/long")")" "b''|gone"
ok 'that is warned of' wait_for 5 instance_logged "$I" 'good/tlsproxy\[[0-9]+\]: warning: malformed request$'
like 'the service goes on' "$(talk "$good" "$session" '')" '^S: 221 2\.0\.0 Bye'
ok 'no process has died' sh -c "! grep -E 'killed by|exit status|\]: (fatal|panic): ' '$I/log/mail.log'"
done_testing
