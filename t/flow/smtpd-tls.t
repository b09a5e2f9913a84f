#!/bin/sh
# smtpd: encrypted sessions, client certificates, and clients that do not play fair
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../tls.sh"

certs_new
cert_new server mail.example DNS:mail.example
cert_new other other.example DNS:other.example
cert_new client client.example DNS:client.example
cert_new serving mx.client.example DNS:mx.client.example '' serverAuth
cert_self self self.example
cert_key forged
openssl req -x509 -new -key "$certs/forged.key" -out "$certs/forged.pem" -days 2 -subj /CN=forged.example \
    -addext extendedKeyUsage=serverAuth 2>/dev/null
echo "other.example $certs/other.key, $certs/other.pem" >"$certs/sni"
echo "$(key_print client) ok" >"$certs/relay"

instance_new "$T/i" 'local_recipient_maps =' 'mydestination = mx.example' \
    'myhostname = mx.example' 'smtpd_error_sleep_time = 0' \
    'smtpd_client_event_limit_exceptions =' \
    "smtpd_tls_cert_file = $certs/server.pem" \
    "smtpd_tls_key_file = $certs/server.key" \
    "smtpd_tls_CAfile = $certs/ca.pem" \
    'smtpd_tls_loglevel = 1' 'smtpd_tls_received_header = yes' \
    'smtpd_tls_security_level = may'
conf=$(instance_conf "$T/i")
# shellcheck disable=SC2046
set -- $(free_ports 11)
policy=$7
service() {	# service NAME PORT OPTION ...
	eval "$1=$2"
	echo "127.0.0.1:$2 inet n - n - - smtpd"
	shift 2
	for o in "$@"; do echo "  -o { $o }"; done
}
service may "$1" 'smtpd_starttls_timeout = 1' 'smtpd_tls_ask_ccert = yes' \
    'mynetworks = 192.0.2.0/24' "relay_clientcerts = texthash:$certs/relay" \
    "tls_server_sni_maps = texthash:$certs/sni" \
    'smtpd_relay_restrictions = permit_tls_clientcerts, reject_unauth_destination' >>"$conf/master.cf"
service encrypt "$2" 'smtpd_tls_security_level = encrypt' >>"$conf/master.cf"
service wrapped "$3" 'smtpd_tls_wrappermode = yes' 'smtpd_tls_req_ccert = yes' >>"$conf/master.cf"
service broken "$4" 'smtpd_tls_key_file = /no/such/key' >>"$conf/master.cf"
service limited "$5" 'smtpd_client_new_tls_session_rate_limit = 1' >>"$conf/master.cf"
service asking "$6" 'smtpd_tls_ask_ccert = yes' \
    "smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:$policy, reject_unauth_destination" >>"$conf/master.cf"
service fresh "$8" 'max_use = 1' >>"$conf/master.cf"
service stranger "$9" 'smtpd_tls_CAfile =' >>"$conf/master.cf"
service alone "${10}" 'tlsmgr_service_name = nobody' >>"$conf/master.cf"
service lenient "${11}" 'smtpd_tls_security_level = encrypt' 'smtpd_tls_req_ccert = yes' \
    'tls_trust_server_ccerts = yes' 'smtpd_tls_loglevel = 2' >>"$conf/master.cf"
service strict "$(free_port)" 'smtpd_tls_security_level = encrypt' 'smtpd_tls_req_ccert = yes' >>"$conf/master.cf"
sed -i '/^qmgr/d' "$conf/master.cf"
must 'the instance starts' instance_start "$T/i" </dev/null
logged() { wait_for 5 instance_logged "$T/i" "$1"; }
queued() { find "$T/i/spool/incoming" -type f | wc -l | tr -d ' '; }
message() { as "$T/i" postcat -hq "$(sed -n 's/.*queued as //p' "$1")"; }

# ---- mail ----

talk_tls "$may" >"$T/out" <<'EOF'
EHLO client.example
STARTTLS
!tls
EHLO client.example
MAIL FROM:<a@b.example>
RCPT TO:<c@mx.example>
DATA
>>>Subject: hello\r\n\r\nbody\r\n.\r\n
<<<
QUIT
EOF
like 'STARTTLS is offered' "$(sed '/Ready to start/q' "$T/out")" '^S: 250-STARTTLS$'
like 'and gives our certificate' "$(cat "$T/out")" '^TLS TLSv1.3 subject.*mail.example'
is 'inside it is not offered again' "$(sed '1,/^TLS/d' "$T/out" | grep -c STARTTLS)" 0
like 'mail comes in' "$(cat "$T/out")" '^S: 250 2.0.0 Ok: queued'
received=$(message "$T/out")
like 'Received: says how' "$received" '^	\(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 \(256/256 bits\)$'
like 'and that nobody proved who he is' "$received" '^	\(Client did not present a certificate\)$'
like 'by ESMTPS' "$received" ' with ESMTPS id '
ok 'the log has one line about it' logged \
    'Anonymous TLS connection established from localhost\[127.0.0.1\]: TLSv1.3 with cipher'

# A long message crosses many records, both ways of counting time included.
{
	printf 'EHLO x\nSTARTTLS\n!tls\nEHLO x\nMAIL FROM:<a@b.example>\nRCPT TO:<c@mx.example>\nDATA\n>>>'
	perl -e 'print "x" x 70, "\\r\\n" for 1 .. 20000'
	printf '.\\r\\n\n<<<\nQUIT\n'
} | talk_tls "$may" >"$T/out" 2>&1
is 'a long message arrives whole' "$(as "$T/i" postcat -bq "$(sed -n 's/.*queued as //p' "$T/out")" | grep -c 'xxxxxxx$')" 20000

# ---- what must not get through ----

before=$(queued)
talk_tls "$may" >"$T/out" <<'EOF'
EHLO x
>>>STARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@b.example>\r\n
<<<
!tls
RCPT TO:<c@mx.example>
NOOP
QUIT
EOF
like 'what was sent behind STARTTLS in the clear counts for nothing' "$(cat "$T/out")" \
    '^S: 503 5.5.1 Error: need MAIL command'
is 'and answers come to what was sent inside only' "$(sed '1,/^TLS/d' "$T/out" | grep -c '^S:')" 3

talk_tls "$encrypt" >"$T/out" <<'EOF'
EHLO x
MAIL FROM:<a@b.example>
QUIT
EOF
like 'at level encrypt nothing goes in the clear' "$(cat "$T/out")" '^S: 530 5.7.0 Must issue a STARTTLS command first'

talk_tls "$may" >"$T/out" <<'EOF'
EHLO x
STARTTLS
>>>\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03
<<<
EOF
is 'a handshake that stalls ends' "$(tail -1 "$T/out")" EOF
ok 'and the log says why' logged 'SSL_accept error from localhost\[127.0.0.1\]: Connection timed out'
talk_tls "$may" >"$T/out" <<'EOF'
EHLO x
STARTTLS
>>>MAIL FROM:<a@b.example>\r\n
<<<
EOF
is 'one that is none ends at once' "$(tail -1 "$T/out")" EOF
ok 'and is counted as failed' logged 'disconnect from .* ehlo=1 starttls=0/1 commands=1/2'

# Far more than OpenSSL takes: 100 kB of certificates by default. There is time to read it.
cert_self huge huge.example
i=0
while [ $i -lt 8 ]; do cat "$certs/ca.pem"; i=$((i + 1)); done >"$certs/8"
i=0
while [ $i -lt 40 ]; do cat "$certs/8"; i=$((i + 1)); done >>"$certs/huge.pem"
printf 'EHLO x\nSTARTTLS\n!tls max=TLSv1_2 cert=%s key=%s\nQUIT\n' "$certs/huge.pem" "$certs/huge.key" |
    talk_tls "$asking" >"$T/out" 2>&1
is 'a huge chain of certificates is refused' "$(tail -1 "$T/out")" 'TLS failed'
ok 'with the reason in the log' logged 'TLS library problem: .*(excessive message size|certificate list too long)'
ok 'and the server lives' talk_tls "$may" </dev/null

# ---- who the client is ----

relay() { printf 'EHLO x\nSTARTTLS\n!tls %s\nEHLO x\nMAIL FROM:<a@b.example>\nRCPT TO:<c@elsewhere.example>\nQUIT\n' "$1"; }
relay '' | talk_tls "$may" >"$T/out"
like 'a stranger may not relay' "$(cat "$T/out")" '^S: 554 5.7.1 <c@elsewhere.example>: Relay access denied'
relay "cert=$certs/self.pem key=$certs/self.key" | talk_tls "$may" >"$T/out"
like 'nor with a certificate nobody knows' "$(cat "$T/out")" 'Relay access denied'
relay "cert=$certs/client.pem key=$certs/client.key" | talk_tls "$may" >"$T/out"
like 'a key that relay_clientcerts has may' "$(tail -3 "$T/out" | head -1)" '^S: 250 2.1.5 Ok'
ok 'its chain is good' logged 'Trusted TLS connection established from localhost'

echo QUIT | talk_tls "$wrapped" wrap "cert=$certs/client.pem" "key=$certs/client.key" >"$T/out"
like 'the wrapped service greets inside' "$(cat "$T/out")" '^S: 220 '
echo QUIT | talk_tls "$wrapped" wrap >"$T/out"
like 'and sends those without a certificate away' "$(cat "$T/out")" \
    '^S: 421 4.7.1 mx.example Error: No client certificate presented'
echo QUIT | talk_tls "$wrapped" wrap "cert=$certs/self.pem" "key=$certs/self.key" >"$T/out"
like 'and those with one of their own making' "$(cat "$T/out")" \
    '^S: 421 4.7.1 mx.example Error: Client certificate not trusted'
ok 'saying why in the log' logged 'certificate verification failed for localhost\[127.0.0.1\]: self-signed certificate'

printf 'EHLO x\nSTARTTLS\n!tls sni=other.example\nQUIT\n' | talk_tls "$may" >"$T/out"
like 'a name that is asked for gets its own certificate' "$(cat "$T/out")" '^TLS .*other.example'

perl -MIO::Socket::INET -e '
	my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", LocalPort => $ARGV[0], ReuseAddr => 1) or die;
	open(my $f, ">", "$ARGV[1].new"); close $f; rename "$ARGV[1].new", $ARGV[1];
	while (my $c = $l->accept) {
		open(my $out, ">", "$ARGV[1].new");
		while (<$c>) { print $out $_; last if /^\n/ }
		close $out; rename "$ARGV[1].new", $ARGV[1];
		print $c "action=dunno\n\n"; close $c;
	}' "$policy" "$T/asked" 3>&- & 
wait_for 5 test -e "$T/asked"
printf 'EHLO x\nSTARTTLS\n!tls cert=%s key=%s\nEHLO x\nMAIL FROM:<a@b.example>\nRCPT TO:<c@mx.example>\nQUIT\n' \
    "$certs/client.pem" "$certs/client.key" | talk_tls "$asking" >"$T/out"
is 'a policy server learns what there is to know' "$(grep -E '^(ccert|encryption)_' "$T/asked")" \
"ccert_subject=client.example
ccert_issuer=Test+20CA
ccert_fingerprint=$(cert_print client)
ccert_pubkey_fingerprint=$(key_print client)
encryption_protocol=TLSv1.3
encryption_cipher=TLS_AES_256_GCM_SHA384
encryption_keysize=256"

# ---- sessions that go on ----

resume() {	# resume PORT -sess_out|-sess_in FILE
	echo Q | timeout 20 openssl s_client -starttls smtp \
	    -connect "127.0.0.1:$1" -tls1_2 -crlf "$2" "$3" >"$T/out" 2>&1
	grep -Eo '^(New|Reused), TLS' "$T/out"
}
is 'a first session is new' "$(resume "$fresh" -sess_out "$T/session")" 'New, TLS'
is 'the next goes on, though another process serves it' "$(resume "$fresh" -sess_in "$T/session")" 'Reused, TLS'
is 'but not where other authorities are trusted' "$(resume "$stranger" -sess_in "$T/session")" 'New, TLS'
as "$T/i" postkick private tlsmgr W
is 'a wake-up call changes nothing' "$(resume "$fresh" -sess_in "$T/session")" 'Reused, TLS'
is 'without tlsmgr sessions are new' "$(resume "$alone" -sess_out "$T/session2")" 'New, TLS'
ok 'and the log says why' logged 'warning: .*nobody.*: TLS sessions cannot be resumed'

# ---- what cannot work, and what is too much ----

talk_tls "$broken" >"$T/out" <<'EOF'
EHLO x
STARTTLS
MAIL FROM:<a@b.example>
QUIT
EOF
like 'without its key the server cannot' "$(cat "$T/out")" '^S: 454 4.7.0 TLS not available due to local problem'
like 'but takes mail' "$(tail -3 "$T/out")" '^S: 250 2.1.0 Ok'
ok 'and names the file' logged 'warning: cannot get RSA private key from file "/no/such/key": disabling TLS support'

once() { printf 'EHLO x\nSTARTTLS\n!tls\nNOOP\nQUIT\n' | talk_tls "$limited" >"$T/out"; }
once
once
like 'too many new sessions end one' "$(cat "$T/out")" '^S: 421 4.7.0 mx.example Error: too many new TLS sessions'
once
like 'and the next is not begun' "$(cat "$T/out")" '^S: 454 4.7.0 Error: too many new TLS sessions'
ok 'which the log tells' logged 'warning: New TLS session rate limit exceeded: 2 from localhost'

# ---- a server's certificate in a client's hand ----
printf 'EHLO c.example\nSTARTTLS\n!tls cert=%s key=%s\nNOOP\nQUIT\n' "$certs/serving.pem" "$certs/serving.key" >"$T/serving"
printf 'EHLO c.example\nSTARTTLS\n!tls cert=%s key=%s\nNOOP\nQUIT\n' "$certs/forged.pem" "$certs/forged.key" >"$T/forged"
like 'it is no good for that' "$(talk_tls "$strict" <"$T/serving")" '^S: 421 4.7.1 mx.example Error: Client certificate not trusted'
like 'unless main.cf says so' "$(talk_tls "$lenient" <"$T/serving")" '^S: 250 2.0.0 Ok'
like 'but somebody has to vouch for it' "$(talk_tls "$lenient" <"$T/forged")" '^S: 421 4.7.1 mx.example Error: Client certificate not trusted'
again() {	# again -sess_out|-sess_in: with the certificate that nobody vouches for
	printf 'NOOP\r\n' | timeout 20 openssl s_client -starttls smtp -ign_eof -connect "127.0.0.1:$lenient" -tls1_2 \
	    -cert "$certs/forged.pem" -key "$certs/forged.key" "$1" "$T/forged.session" 2>/dev/null |
	    grep -Eo '^(New|Reused), TLS|^421 4.7.1.*' | tr '\n' ' '
}
again -sess_out >"$T/out"
like 'not even when its session goes on' "$(again -sess_in)" '^Reused, TLS.*421 4.7.1 mx.example Error: Client certificate not trusted'
done_testing
