#!/bin/sh
# smtp: logins at servers, as Debian's postfix does it: what is said, what is
# logged, and what becomes of the recipients
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
. "$(dirname "$0")/smtp-pair.sh"
one='short ; -f snd@x.example one'
two='short ; -f snd@x.example one two'
on='smtp_sasl_auth_enable = yes | smtp_sasl_password_maps = static:joe:secret | smtp_sasl_security_options = noanonymous'
lon='lmtp_sasl_auth_enable = yes | lmtp_sasl_password_maps = static:joe:secret | lmtp_sasl_security_options = noanonymous'
# A greeting, and what is offered; replies to what follows stand behind.
g='220 mx.example ESMTP|250-mx.example\r\n250-PIPELINING\r\n250'
ok='250 ok|250 ok|354 go|250 2.0.0 taken'
cram=PDEuMkBteD4=
cat >"$T/cases" <<EOT
$on ; $g AUTH PLAIN LOGIN CRAM-MD5|235 2.7.0 in|$ok ; $one
$on | smtp_sasl_mechanism_filter = plain ; $g AUTH PLAIN LOGIN|235 2.7.0 in|$ok ; $one
$on | smtp_sasl_mechanism_filter = plain ; $g AUTH PLAIN LOGIN|535 5.7.8 no|$ok ; $one
$on | smtp_sasl_mechanism_filter = plain | smtp_sasl_auth_soft_bounce = no ; $g AUTH PLAIN LOGIN|535 5.7.8 no|$ok ; $two
$on | smtp_sasl_mechanism_filter = plain | smtp_sasl_auth_soft_bounce = no ; $g AUTH PLAIN LOGIN|454 4.7.0 later|$ok ; $one
$on | smtp_sasl_mechanism_filter = plain | smtp_sasl_auth_soft_bounce = no ; $g AUTH PLAIN LOGIN|535 no|$ok ; $one
$on | smtp_sasl_mechanism_filter = login ; $g AUTH PLAIN LOGIN|334 VXNlcm5hbWU6|334 UGFzc3dvcmQ6|235 in|$ok ; $one
$on | smtp_sasl_mechanism_filter = login ; $g AUTH PLAIN LOGIN|334 VXNlcm5hbWU6|535 5.7.8 no|$ok ; $one
$on | smtp_sasl_mechanism_filter = login ; $g AUTH PLAIN LOGIN|334 ***|501 5.5.4 what|$ok ; $one
$on | smtp_sasl_mechanism_filter = login ; $g AUTH PLAIN LOGIN|334|334|235 ok|$ok ; $one
$on | smtp_sasl_mechanism_filter = login ; $g AUTH PLAIN LOGIN|334 VXNlcm5hbWU6|334 UGFzc3dvcmQ6|334 AAAA|501 5.7.0 x|$ok ; $one
$on | smtp_sasl_mechanism_filter = cram-md5 ; $g AUTH CRAM-MD5|334 $cram|235 in|$ok ; $one
$on | smtp_sasl_mechanism_filter = cram-md5 ; $g AUTH CRAM-MD5|334 $cram|535-5.7.8 no\r\n535 5.7.8 and no|$ok ; $one
$on | smtp_sasl_mechanism_filter = cram-md5 ; $g AUTH CRAM-MD5|334 $cram|CLOSE ; $one
$on | smtp_sasl_mechanism_filter = plain ; $g AUTH PLAIN|CLOSE ; $one
$on | smtp_sasl_mechanism_filter = plain ; $g AUTH PLAIN|250 odd|$ok ; $one
$on | smtp_sasl_mechanism_filter = plain ; $g AUTH PLAIN|334 x|$ok ; $one
$on | smtp_sasl_mechanism_filter = plain ; $g AUTH PLAIN|334 |$ok ; $one
$on | smtp_sasl_mechanism_filter = plain ; $g AUTH PLAIN|421 4.3.2 bye ; $one
$on | smtp_sasl_mechanism_filter = plain ; $g AUTH PLAIN|650 odd ; $one
$on | smtp_sasl_mechanism_filter = plain ; $g AUTH=PLAIN LOGIN|235 in|$ok ; $one
$on | smtp_sasl_mechanism_filter = plain ; 220 mx|250-mx\r\n250-AUTH LOGIN\r\n250-AUTH=PLAIN LOGIN\r\n250 X|235 in|$ok ; $one
$on | smtp_sasl_mechanism_filter = plain ; 220 mx|250-mx\r\n250-AUTH LOGIN\r\n250-AUTH CRAM-MD5\r\n250 X|235 in|$ok ; $one
$on | smtp_sasl_mechanism_filter = !plain ; $g AUTH PLAIN LOGIN|$ok ; $one
$on | smtp_sasl_mechanism_filter = !plain, static:rest ; $g AUTH PLAIN LOGIN|334 VXNlcm5hbWU6|334 UGFzc3dvcmQ6|235 in|$ok ; $one
$on ; $g AUTH FROB|$ok ; $one
$on ; $g AUTH|$ok ; $one
$on ; $g X|$ok ; $one
$on ; 220 mx SMTP|500 what|250 mx|$ok ; $one
$on | smtp_discard_ehlo_keywords = auth ; $g AUTH PLAIN|$ok ; $one
smtp_sasl_auth_enable = yes | smtp_sasl_password_maps = static:joe:secret ; $g AUTH PLAIN LOGIN|$ok ; $one
smtp_sasl_auth_enable = yes | smtp_sasl_password_maps = static:joe:secret ; $g AUTH PLAIN LOGIN CRAM-MD5|334 $cram|235 in|$ok ; $one
smtp_sasl_auth_enable = yes | smtp_sasl_password_maps = static:joe:secret | smtp_sasl_security_options = nodictionary,noplaintext ; $g AUTH PLAIN LOGIN CRAM-MD5|334 $cram|235 in|$ok ; $one
smtp_sasl_auth_enable = yes | smtp_sasl_password_maps = static:joe:secret | smtp_sasl_security_options = ; $g AUTH ANONYMOUS|235 in|$ok ; $one
smtp_sasl_auth_enable = yes | smtp_sasl_password_maps = fail:x ; $g AUTH PLAIN|235 in|$ok ; $one
$on | smtp_sasl_password_maps = static:joe ; $g AUTH PLAIN|235 in|$ok ; $one
$on | smtp_sasl_mechanism_filter = plain | smtp_sasl_password_maps = static:joe: ; $g AUTH PLAIN|235 in|$ok ; $one
$on | smtp_sasl_mechanism_filter = plain | smtp_sasl_password_maps = static::x ; $g AUTH PLAIN|235 in|$ok ; $one
$on | smtp_sasl_mechanism_filter = plain | smtp_sasl_password_maps = static:jo:e:x ; $g AUTH PLAIN|235 in|$ok ; $one
$on | smtp_sasl_mechanism_filter = plain | smtp_sasl_password_maps = inline:{127.0.0.1=host:pw} ; $g AUTH PLAIN|235 in|$ok ; $one
$on | smtp_sasl_mechanism_filter = plain | smtp_sasl_password_maps = inline:{snd@x.example=joe:x} ; $g AUTH PLAIN|$ok ; $one
$on | smtp_sasl_mechanism_filter = plain | smtp_sasl_password_maps = inline:{snd@x.example=joe:x} | smtp_sender_dependent_authentication = yes ; $g AUTH PLAIN|235 in|$ok ; $one
$on | smtp_sasl_mechanism_filter = plain | smtp_sasl_password_maps = inline:{@x.example=joe:x} | smtp_sender_dependent_authentication = yes ; $g AUTH PLAIN|235 in|$ok ; $one
$on | smtp_sasl_mechanism_filter = plain | smtp_sasl_password_maps = inline:{{@x.example=joe:x}, {127.0.0.1=host:x}} | smtp_sender_dependent_authentication = yes ; $g AUTH PLAIN|235 in|$ok ; short ; -f snd@y.example one
$on | smtp_sasl_mechanism_filter = plain | smtp_send_dummy_mail_auth = yes ; $g AUTH PLAIN|235 in|$ok ; $one
$on | smtp_sasl_mechanism_filter = plain | smtp_send_dummy_mail_auth = yes ; $g X|$ok ; $one
$on | smtp_sasl_mechanism_filter = plain | send_cyrus_sasl_authzid = yes ; $g AUTH PLAIN|235 in|$ok ; $one
$on | smtp_sasl_mechanism_filter = cram-md5 | send_cyrus_sasl_authzid = yes ; $g AUTH CRAM-MD5|334 $cram|235 in|$ok ; $one
$lon | lmtp_sasl_mechanism_filter = plain ; $g AUTH PLAIN|235 in|$ok ; $one
$lon | lmtp_sasl_mechanism_filter = plain ; $g AUTH PLAIN|535 5.7.8 no|$ok ; $one
$lon | lmtp_sasl_mechanism_filter = cram-md5 ; $g AUTH CRAM-MD5|334 $cram|535 5.7.8 no|$ok ; $one
$on | smtp_sasl_mechanism_filter = plain ; $g AUTH PLAIN|501 5.5.2 bad|$ok ; $one
$on | smtp_sasl_mechanism_filter = plain ; $g AUTH PLAIN|530 5.7.0 Must issue a STARTTLS command first|$ok ; $one
$on | smtp_sasl_mechanism_filter = plain | smtp_sasl_auth_soft_bounce = no ; $g AUTH PLAIN|421 4.3.2 bye ; $one
smtp_sasl_auth_enable = yes | smtp_sasl_password_maps = static:joe:secret | smtp_sasl_auth_soft_bounce = no ; $g AUTH PLAIN LOGIN|$ok ; $one
$on | smtp_sasl_mechanism_filter = plain | smtp_mail_timeout = 1s | smtp_helo_timeout = 1s ; $g AUTH PLAIN|WAIT 3 ; $one
$on ; 220 mx|250-mx\r\n250-AUTH LOGIN\r\n250-AUTH=PLAIN\r\n250 X|235 in|$ok ; $one
$on ; 220 mx|250-mx\r\n250-AUTH PLAIN\r\n250-AUTH=LOGIN\r\n250 X|334 VXNlcm5hbWU6|334 UGFzc3dvcmQ6|235 in|$ok ; $one
$on | smtp_sasl_mechanism_filter = plain | smtp_send_dummy_mail_auth = yes ; 220 mx|250-mx\r\n250-AUTH PLAIN\r\n250-SIZE 100000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 DSN|235 in|$ok ; message8 ; -R hdrs -V abc -f snd@x.example one
$on | smtp_sasl_mechanism_filter = plain ; $g AUTH PLAIN|334-x\r\n334 y|$ok ; $one
EOT
pair_cases "$T/cases"
pair_run ''
ok 'the log lines are the same' diff "$T/peer.log" "$T/ours.log"
ok 'the servers were told the same' diff -r "$T/peer.wire" "$T/ours.wire"
done_testing
