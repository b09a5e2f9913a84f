#!/bin/sh
# SASL: mail from one system to another that wants a login, and what happens
# when the login fails or whoever checks passwords goes away
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../tls.sh"
. "$(dirname "$0")/../sasl.sh"

certs_new
cert_new server mail.example DNS:mail.example
policy=$(free_port)
S=$T/server C=$T/client
ok 'a submission server is made' instance_new "$S" 'myhostname = mail.example' \
    'smtpd_tls_security_level = may' 'smtpd_tls_auth_only = yes' \
    "smtpd_tls_cert_file = $certs/server.pem" "smtpd_tls_key_file = $certs/server.key" \
    'smtpd_sasl_auth_enable = yes' 'smtpd_sasl_type = dovecot' 'smtpd_sasl_path = private/auth' \
    'smtpd_client_restrictions = permit_sasl_authenticated, reject' \
    "smtpd_sender_restrictions = check_policy_service inet:127.0.0.1:$policy" \
    'smtpd_relay_restrictions = permit_sasl_authenticated, reject' \
    'default_transport = discard' 'smtpd_error_sleep_time = 0' 'max_idle = 5s'
P=$(instance_port "$S")
printf '[127.0.0.1]:%s joe:secret\n' "$P" >"$T/passwd"
ok 'a satellite is made' instance_new "$C" 'myhostname = sat.example' \
    'smtp_tls_security_level = encrypt' 'smtp_sasl_auth_enable = yes' \
    "smtp_sasl_password_maps = texthash:$T/passwd" 'smtp_sasl_tls_security_options = noanonymous' \
    'smtp_sasl_mechanism_filter = plain, login' 'smtp_sasl_auth_soft_bounce = no' \
    'smtp_sasl_auth_cache_name = proxy:lmdb:$data_directory/failed' \
    "transport_maps = inline:{ {y.example = smtp:[127.0.0.1]:$P}, {cram.example = cram:[127.0.0.1]:$P}, {sender.example = sender:[127.0.0.1]:$P}, {odd.example = odd:[127.0.0.1]:$P}, {none.example = none:[127.0.0.1]:$P}, {loud.example = loud:[127.0.0.1]:$P}, {sure.example = sure:[127.0.0.1]:$P} }"
cat >>"$C/etc/master.cf" <<M
cram unix - - n - - smtp
	-o smtp_sasl_mechanism_filter=cram-md5
	-o smtp_sasl_tls_security_options=noplaintext,noanonymous
	-o smtp_sasl_auth_cache_name=
sure unix - - n - - smtp
	-o smtp_sasl_mechanism_filter=plain,digest-md5 -o smtp_tls_security_level=fingerprint
	-o smtp_tls_fingerprint_digest=sha256
	-o { smtp_tls_fingerprint_cert_match = $(cert_print server) }
	-o smtp_sasl_tls_verified_security_options=noplaintext -o smtp_sasl_auth_cache_name=
loud unix - - n - - smtp -v
	-o smtp_sasl_auth_cache_name=
sender unix - - n - 1 smtp
	-o smtp_sender_dependent_authentication=yes
	-o { smtp_sasl_password_maps = inline:{ {a@x.example = joe:secret}, {b@x.example = jane@example.com:p ss} } }
	-o smtp_connection_cache_destinations=[127.0.0.1]:$P -o smtp_sasl_auth_cache_name=
odd unix - - n - - smtp
	-o smtp_sasl_type=frob
none unix - - n - - smtp
	-o smtp_sasl_password_maps=
M
dovecot_new "$T/dove" "$S/spool/private/auth"
must 'Dovecot starts' dovecot_start "$T/dove"
python3 - "$policy" "$T/asked" <<'E' &
import socketserver, sys
class H(socketserver.StreamRequestHandler):
    def handle(self):
        lines = []
        for line in self.rfile:
            if line == b'\n':
                with open(sys.argv[2], 'ab') as f: f.write(b''.join(lines))
                self.wfile.write(b'action=dunno\n\n'); lines = []
            else: lines.append(line)
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer.daemon_threads = True
socketserver.ThreadingTCPServer(('127.0.0.1', int(sys.argv[1])), H).serve_forever()
E
must 'the server starts' instance_start "$S" </dev/null
must 'the satellite starts' instance_start "$C" </dev/null
printf 'Subject: test\n\nhello\n' >"$T/small"
submit() { id=$(as "$C" enqueue "$@" <"$T/small") && as "$C" postkick public qmgr I; }
ends() { ok "$1" wait_for 15 instance_logged "$C" "$id: to=<$2>, .*$3"; }
no_dovecot() { ! [ -e "$S/spool/private/auth" ]; }

submit s@x.example r@y.example
ends 'mail of a satellite is relayed' r@y.example 'status=sent \(250'
ok 'because it logs in' instance_logged "$S" 'client=localhost\[127\.0\.0\.1\], sasl_method=(PLAIN|LOGIN), sasl_username=joe$'
ok 'a policy service hears who it is' grep -q '^sasl_username=joe$' "$T/asked"
ok 'the next server hears of the login in Received' wait_for 10 instance_logged "$S" 'disconnect from .* auth=1 '
submit s@x.example r@cram.example
ends 'a mechanism that hides the password' r@cram.example 'status=sent \(250'
ok 'is used where that is asked for' instance_logged "$S" 'sasl_method=CRAM-MD5, sasl_username=joe$'
submit s@x.example r@sure.example
ends 'a server that is known by its certificate' r@sure.example 'status=sent \(250'
ok 'may have rules of its own' instance_logged "$S" 'sasl_method=DIGEST-MD5, sasl_username=joe$'
submit s@x.example r@loud.example
ends 'verbose logging' r@loud.example 'status=sent \(250'
ok 'shows the conversation' instance_logged "$C" '> .*AUTH'
ok 'but no password' fails_with 1 grep -q "$(plain joe secret)\\|$(b64 secret)" "$C/log/mail.log"

submit a@x.example r@sender.example
ends 'a sender logs in as one user' r@sender.example 'status=sent \(250'
submit b@x.example r@sender.example
ends 'another sender' r@sender.example 'status=sent \(250'
ok 'as another one, whatever session is open' instance_logged "$S" 'sasl_username=jane@example\.com$'

# who checks passwords goes away, and is back
dovecot_stop "$T/dove"
must 'Dovecot starts again' dovecot_start "$T/dove"
submit s@x.example r2@y.example
ends 'after a restart of Dovecot logins go on' r2@y.example 'status=sent \(250'

# wrong passwords
sed -i 's/secret/wrong/' "$T/passwd"
as "$C" postfix reload >/dev/null 2>&1
submit s@x.example r3@y.example
ends 'a refused login bounces mail, when that is asked for' r3@y.example \
    'dsn=5\.7\.8, status=bounced \(SASL authentication failed; server 127\.0\.0\.1\[127\.0\.0\.1\] said: 535 5\.7\.8 Error: authentication failed'
ok 'the line that log watchers look for is there' instance_logged "$S" \
    'warning: localhost\[127\.0\.0\.1\]: SASL (PLAIN|LOGIN) authentication failed: \(reason unavailable\), sasl_username=joe$'
tries() { grep -c 'authentication failed' "$S/log/mail.log"; }
before=$(tries)
submit s@x.example r4@y.example
ends 'the next message does not try again' r4@y.example 'dsn=5\.7\.8, status=bounced \(SASL \[CACHED\] authentication failed; server 127\.0\.0\.1 said: 535 5\.7\.8 Error'
is 'as the server can tell' "$(tries)" "$before"
# The digest is that of the peer, which may use the same file.
like 'what failed is kept as the peer keeps it' "$(as "$C" postmap -s lmdb:"$C/data/failed")" \
    "^127\.0\.0\.1;joe	[0-9]{10,};$(printf wrong | openssl dgst -sha1 -binary | base64);5\.7\.8;535 5\.7\.8 Error: "
sed -i 's/wrong/secret/' "$T/passwd"
as "$C" postfix reload >/dev/null 2>&1
submit s@x.example r5@y.example
ends 'a new password is tried at once' r5@y.example 'status=sent \(250'
is 'and what failed is forgotten' "$(as "$C" postmap -s lmdb:"$C/data/failed")" ''

# mistakes of ours
submit s@x.example r@odd.example
ok 'an unknown kind of login is said by name' wait_for 10 instance_logged "$C" \
    'warning: unsupported SASL client implementation: frob'
submit s@x.example r@none.example
ok 'and so are passwords that are nowhere' wait_for 10 instance_logged "$C" \
    'fatal: specify a password table via the .smtp_sasl_password_maps. configuration parameter'

# the server without Dovecot: nobody can be asked
dovecot_stop "$T/dove"
instance_stop "$S"
ok 'without Dovecot the server starts' instance_start "$S" </dev/null
submit s@x.example r6@y.example
ends 'mail waits' r6@y.example 'status=deferred'
ok 'and the log says for what' instance_logged "$S" "warning: SASL: Connect to Dovecot auth socket 'private/auth' failed: "
done_testing
