#!/bin/sh
# smtp: whatever a server says, and wherever it hangs up, recipients end the same
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
. "$(dirname "$0")/smtp-pair.sh"
two='short ; -f snd@x.example one two'
P='@EHLO PIPELINING'
slow='smtp_helo_timeout = 1s | smtp_mail_timeout = 1s | smtp_rcpt_timeout = 1s | smtp_data_init_timeout = 1s | smtp_data_done_timeout = 1s | smtp_quit_timeout = 1s | smtp_rset_timeout = 1s'
cat >"$T/filter" <<'E'
/^250 2.0.0 ok$/	550 5.7.1 filtered
/^250-SIZE/	250-SIZE 10
/^550-(.*)/	250-$1
/^550 (.*)/	450 soft $1
E
chmod 644 "$T/filter"
cat >"$T/cases" <<EOT
smtp_reply_filter = regexp:$T/filter ; @EHLO ; $two
smtp_reply_filter = regexp:$T/filter ; 220 x|250-x\r\n250-SIZE 1000\r\n250 PIPELINING|250 ok|250 ok|354 go|250 ok ; $two
smtp_reply_filter = regexp:$T/filter ; 220 x|250 x|250 ok|550-5.1.1 a\r\n550 5.1.1 b ; $two
smtp_reply_filter = fail:x ; @EHLO ; $two
lmtp_reply_filter = regexp:$T/filter ; @EHLO ; $two
- ; 550 no thanks ; $two
- ; 421 busy ; $two
- ; 220 ok|500 x|421 4.3.2 go ; $two
- ; 220 ok|250 ok|550 5.7.1 no sender ; $two
- ; 220 ok|250 ok|450 4.1.8 later ; $two
- ; 220 ok|250 ok|250 ok|550 5.1.1 no user ; $two
- ; 220 ok|250 ok|250 ok|421 4.4.2 gone ; $two
- ; 220 ok|250 ok|250 ok|250 ok|554 5.5.1 no data ; $two
- ; 220 ok|250 ok|250 ok|250 ok|250 ok|354 go|552 5.2.2 full ; $two
- ; 220 ok|250 ok|250 ok|250 ok|550 no|354 go|451 wait ; $two
- ; CLOSE ; $two
- ; 220 ok|CLOSE ; $two
- ; 220 ok|250 ok|CLOSE ; $two
- ; 220 ok|250 ok|250 ok|CLOSE ; $two
- ; 220 ok|250 ok|250 ok|250 ok|CLOSE ; $two
- ; 220 ok|250 ok|250 ok|250 ok|250 ok|354 go|CLOSE ; $two
- ; 220 ok|250 ok|650 odd ; $two
- ; 220-multi\r\n220 ok|250-x\r\n250-SIZE 10\r\n250 DSN ; $two
- ; 220 ok|250-x\r\n250-PIPELINING\r\n250 8BITMIME|250 ok|550 5.1.1 no user|450 4.1.1 not yet|503 5.5.1 no ; $two
- ; 220 ok|250 ok|250 ok|550-5.1.1 line one\r\n550 5.1.1 line two ; $two
- ; 220 ok|250 ok|250 ok|250 ok|250 ok|354 go|250 2.0.0 queued as X ; $two
- ; 220 ok|250 ok|250 ok|250 ok|250 ok|250 early ; $two
- ; 220 ok|250 ok|250 ok|550 4.1.1 mixed ; $two
- ; 220 ok|250 ok|250 ok|550  ; $two
- ; $P ?RCPT=450 4.1.1 not yet ?DATA=503 5.5.1 no ; $two
- ; $P ?RCPT=550 5.1.1 no ?DATA=554 5.5.1 none ; $two
- ; $P ?one=450 4.1.1 not yet ; $two
- ; $P ?MAIL=550 5.1.8 no ?RCPT=503 5.5.1 mail first ?DATA=503 5.5.1 mail first ; $two
- ; $P ?MAIL=450 4.1.8 later ?RCPT=503 5.5.1 mail first ?DATA=503 5.5.1 mail first ; $two
- ; $P ?MAIL=450 4.1.8 later ; $two
- ; $P ?DATA=421 4.3.2 closing ; $two
- ; $P ?DATA=250 odd ; $two
- ; $P ?DATA=554 5.7.1 no ; $two
- ; $P ?DATA=354-go\r\n354 on ; $two
- ; $P ?RCPT=251 2.1.5 will forward ; $two
- ; $P ?RCPT=252 2.1.5 cannot verify ; $two
$slow ; $P ?EHLO=354 what ; $two
- ; 354 what ; $two
- ; 150 what ; $two
- ; 220 ok|150 what ; $two
- ; 220 ok|250 ok|RESET ; $two
- ; 220 ok|250 ok|250 ok|RESET ; $two
- ; RESET ; $two
- ; 220 ok|250 ok|250 ok|250 ok|250 ok|RESET ; $two
- ; 220 ok|250 ok|250 ok|250 ok|250 ok|354 go|RESET ; $two
- ; 220 hello there|250 ok ; $two
- ; 220 ESMTP here.example|250 ok ; $two
- ; 220 here.example|250 here.example ; $two
smtp_always_send_ehlo = no ; 220 hello there|250 ok ; $two
smtp_always_send_ehlo = no ; 220 hello ESMTP there|250 ok ; $two
smtp_always_send_ehlo = no ; 220 hello esmtpish there|250 ok ; $two
smtp_always_send_ehlo = no ; 220 x,ESMTP|250 ok ; $two
smtp_always_send_ehlo = no ; 220-x\r\n220 x esmtp|250 ok ; $two
smtp_never_send_ehlo = yes ; @EHLO SIZE ; $two
smtp_helo_name = other.example ; @EHLO SIZE ; $two
- ; @EHLO SIZE ; $two
- ; @EHLO SIZE 10 ; $two
- ; @EHLO SIZE=10 ; $two
- ; @EHLO SIZE 8BITMIME ; $two
- ; @EHLO SIZE PIPELINING ; $two
- ; @EHLO SIZE 8BITMIME ; text8 ; -f snd@x.example one
disable_mime_output_conversion = yes ; @EHLO SIZE ; text8 ; -f snd@x.example one
- ; 220 ok|250-x\r\n250-SIZE:10\r\n250 ok ; $two
- ; 220 ok|250-x\r\n250-SIZE 10\r\n250-SIZE 10000\r\n250 ok ; $two
- ; 220 ok|250-x\r\n250-SIZE +10\r\n250 ok ; $two
- ; 220 ok|250-x\r\n250-SIZE 10x\r\n250 ok ; $two
- ; 220 ok|250-SIZE 10\r\n250 ok ; $two
- ; @EHLO=SIZE ; $two
- ; 220 ok|250-x\r\n250-SIZE 0\r\n250 ok ; $two
- ; 220 ok|250-x\r\n250-SIZE -1\r\n250 ok ; $two
- ; 220 ok|250-x\r\n250-SIZE 99999999999999999999\r\n250 ok ; $two
- ; 220 ok|250-x\r\n250-size 1000000\r\n250 ok ; $two
- ; 220 ok|250-x\r\n250  SIZE 1000000 x ; $two
- ; 220 ok|250-x\r\n250-PIPELINING\r\n250 8BITMIME|250 ok|550 5.1.1 no user|450 4.1.1 not yet|354 go|250 done ; $two
- ; 220 ok|250-x\r\n250-PIPELINING\r\n250 8BITMIME|250 ok|550 5.1.1 no user|450 4.1.1 not yet|354 go|554 no valid recipients ; $two
smtp_skip_5xx_greeting = no ; 554 5.3.2 go away ; $two
smtp_skip_5xx_greeting = no ; 554 go away ; $two
smtp_skip_5xx_greeting = no ; 421 4.3.2 busy ; $two
smtp_skip_quit_response = no ; @EHLO ; $two
smtp_skip_quit_response = no ; $P ; $two
smtp_pix_workaround_threshold_time = 0 | smtp_pix_workaround_delay_time = 1s ; 220 ***********|250 ok ; $two
smtp_pix_workarounds = ; 220 ***********|250 ok ; $two
smtp_pix_workarounds = delay_dotcrlf ; 220 ***********|250 ok ; $two
smtp_pix_workarounds = disable_esmtp ; 220-****\r\n220 ESMTP|250 ok ; $two
smtp_pix_workaround_maps = static:disable_esmtp | smtp_pix_workarounds = ; 220 ***ESMTP|250 ok ; $two
smtp_pix_workarounds = disable_esmtp ; 220 ** * ESMTP|250 ok ; $two
smtp_pix_workarounds = disable_esmtp ; 220 *2*0**|250 ok ; $two
smtp_pix_workarounds = disable_esmtp ; 220 **** *** ****|250 ok ; $two
smtp_pix_workarounds = disable_esmtp ; 220 ***3***|250 ok ; $two
smtp_pix_workarounds = disable_esmtp ; 221 ***|250 ok ; $two
smtp_pix_workarounds = disable_esmtp ; 220 |250 ok ; $two
smtp_discard_ehlo_keywords = vrfy, xforward, etrn, starttls, auth, 8bitmime, dsn, enhancedstatuscodes, size, chunking, pipelining ; @EHLO SIZE ; $two
smtp_discard_ehlo_keywords = dsn, silent-discard ; @EHLO DSN ; $two
lmtp_discard_lhlo_keywords = dsn ; @EHLO DSN ; short ; -f snd@x.example one
lmtp_discard_lhlo_keyword_address_maps = fail:x ; @EHLO DSN ; $two
smtp_discard_ehlo_keywords = pipelining, size ; @EHLO SIZE PIPELINING 8BITMIME ; $two
smtp_discard_ehlo_keyword_address_maps = static:size ; @EHLO SIZE PIPELINING ; $two
smtp_discard_ehlo_keyword_address_maps = static:{silent-discard, dsn} ; @EHLO SIZE DSN ; $two
smtp_discard_ehlo_keyword_address_maps = fail:x ; @EHLO SIZE ; $two
smtp_pix_workaround_maps = fail:x ; @EHLO SIZE ; $two
- ; @EHLO DSN ; short ; -N success,delay -R hdrs -V env+id=x -f snd@x.example one two
- ; @EHLO DSN ; short ; -N never -f snd@x.example one two
- ; @EHLO DSN SIZE ; short ; -N failure -R full -f snd@x.example one+x two
- ; @EHLO ; short ; -N success -f snd@x.example one
- ; @EHLO SMTPUTF8 8BITMIME ; short ; -f snd@x.example one
- ; @EHLO SMTPUTF8 8BITMIME ; utf8nested ; -f snd@x.example one
- ; @EHLO SMTPUTF8 ; utf8nested ; -f snd@x.example one
- ; @EHLO 8BITMIME ; utf8nested ; -f snd@x.example one
- ; @EHLO SMTPUTF8 8BITMIME ; short ; -f s\303\251@x.example one
smtp_send_xforward_command = yes ; @EHLO XFORWARD NAME ADDR PROTO HELO SOURCE PORT IDENT ; $two
smtp_send_xforward_command = yes ; @EHLO XFORWARD NAME FOO ; $two
smtp_send_xforward_command = yes ; @EHLO XFORWARD ; $two
smtp_send_xforward_command = yes ; @EHLO XFORWARD NAME ADDR ?XFORWARD=501 no ; $two
smtp_send_xforward_command = yes ; @EHLO XFORWARD NAME ADDR ?XFORWARD=421 no ; $two
smtp_send_xforward_command = yes ; @EHLO ; $two
smtp_quote_rfc821_envelope = no ; @EHLO ; short ; -f snd@x.example "a_b"
$slow ; WAIT 3 ; $two
$slow ; 220 ok|WAIT 3 ; $two
$slow ; 220 ok|250 ok|WAIT 3 ; $two
$slow ; 220 ok|250 ok|250 ok|WAIT 3 ; $two
$slow ; 220 ok|250 ok|250 ok|250 ok|250 ok|WAIT 3 ; $two
$slow ; 220 ok|250 ok|250 ok|250 ok|250 ok|354 go|WAIT 3 ; $two
$slow ; 220-ok\r\n2\c|WAIT 3 ; $two
smtp_rcpt_timeout = 1s ; $P ?two=WAIT 3 ; $two
smtp_xforward_timeout = 1s | smtp_send_xforward_command = yes ; @EHLO XFORWARD NAME ?XFORWARD=WAIT 3 ; $two
- ; 220 ok|250 ok|250 ok|250 ok|550\0no|354 go|250 done ; $two
$slow ; 220 ok|250 ok|250 ok|5\c|WAIT 3 ; $two
$slow ; 220 ok|250 ok|250 ok|250 ok|banana|WAIT 3 ; $two
$slow ; banana|WAIT 3 ; $two
- ; 220-x\r\nbanana\r\n220 ok|250 ok ; $two
- ; 220 ok|250 ok|550-x\r\nbanana\r\n550 y ; $two
- ; 220 ok|250 ok|550-x\r\n\r\n550 y ; $two
- ; 220 ok|250 ok|\r\n\r\n550 y ; $two
- ; $P ?DATA=banana\r\n354 go ; $two
- ; 220 ok|250 ok|250 ok|250-x\r\n550 5.1.1 y|250 ok|354 go|250 ok ; $two
- ; 220 ok|250 ok|250 ok|550 5.1.1\r\n|250 ok|354 go|250 ok ; $two
- ; 220 ok|250 ok|250 ok|550 |250 ok|354 go|250 ok ; $two
- ; 220 ok|250 ok|250 ok|550|250 ok|354 go|250 ok ; $two
- ; 220 ok|250 ok|250 ok|550 5.1.1  two  blanks |250 ok|354 go|250 ok ; $two
- ; 220 ok|250 ok|250 ok|550 2.1.1 wrong class|250 ok|354 go|250 ok ; $two
- ; 220 ok|250 ok|250 ok|550 5.1 short|250 ok|354 go|250 ok ; $two
- ; 220 ok|250 ok|250 ok|550 5.1.1234 long|250 ok|354 go|250 ok ; $two
- ; 220 ok|250 ok|250 ok|550-5.1.1 a\r\n550-5.1.2 b\r\n550 5.1.3 c|250 ok|354 go|250 ok ; $two
- ; 220 ok|250 ok|250 ok|550-a\r\n550-5.1.2 b\r\n550 c|250 ok|354 go|250 ok ; $two
- ; 220 ok|250 ok|250 ok|450 4.2.1 a|550 5.1.1 b|250 ok|354 go|250 ok ; $two
- ; 220 ok|250 ok|250 ok|600 a|700 b|250 ok|354 go|250 ok ; $two
lmtp_skip_quit_response = no ; @EHLO PIPELINING ; short ; -f snd@x.example one
lmtp_skip_quit_response = no ; 220 x|500 what ; $two
lmtp_skip_quit_response = no ; 220 x|421 what ; $two
lmtp_skip_quit_response = no ; 220 x|250 x|250 ok|250 ok|250 ok|354 go|250 2.1.5 first\r\n452 4.2.2 second ; $two
lmtp_skip_quit_response = no ; 220 x|250 x|250 ok|250 ok|250 ok|354 go|552 5.2.2 first\r\n250 2.1.5 second ; $two
lmtp_skip_quit_response = no ; 220 x|250 x|250 ok|550 5.1.1 no|250 ok|354 go|250 2.1.5 only ; $two
lmtp_data_done_timeout = 1s ; 220 x|250 x|250 ok|250 ok|250 ok|354 go|250 2.1.5 first|WAIT 2 ; $two
lmtp_skip_quit_response = no ; 220 x|250 x|250 ok|250 ok|250 ok|354 go|CLOSE ; $two
lmtp_assume_final = yes ; 220 x|250-x\r\n250 DSN|250 ok|250 ok|250 ok|354 go|250 2.1.5 first\r\n250 2.1.5 second ; short ; -N success -f snd@x.example one two
EOT
pair_cases "$T/cases"
pair_run ''
# We tell of nonsense whatever the server offers, and we say QUIT to whoever we
# decide not to talk to.
told() { sed 's/EHLO_MASK_//; /^warning: [^ ]* non-/d; /^warning: to prevent/d
    /^warning: .*lookup error for.* 220 /d; /^warning: .*lookup error for "220 /d' "$1"; }
grep -L '^MAIL' "$T"/*.wire/* | xargs sed -i '/^QUIT/d'
is 'every recipient ends as with the peer' "$(told "$T/peer.log" >"$T/a"; told "$T/ours.log" | diff "$T/a" -)" ''
is 'and the server is told the same' "$(diff -r "$T/peer.wire" "$T/ours.wire")" ''
ok 'all of them' test "$(grep -c status= "$T/ours.log")" -ge "$pair_count"
done_testing
