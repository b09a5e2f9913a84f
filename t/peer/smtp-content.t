#!/bin/sh
# smtp: content on the wire: 7 bits, long lines, generic maps, checks
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
. "$(dirname "$0")/smtp-pair.sh"
cat >"$T/header" <<'E'
/^X-Drop:/	IGNORE
/^X-Strip:/	STRIP as asked
/^X-Rep:/	REPLACE X-Replaced: yes
/^X-Pre:/	PREPEND X-Prepended: yes
/^X-Warn:/	WARN careful
/^X-Info:/	INFO
/^X-Bad:/	REJECT no
/^X-Ok:/	OK
/^X-Long:/	WARN long
E
cat >"$T/odd" <<'E'
/^X-Drop:/	DUNNO
/^X-Strip:/	ignore
/^X-Rep:/	REPLACE no header
/^X-Pre:/	PREPEND
/^X-Warn:/	REPLACE
/^X-Info:/	HOLD
/^X-Bad:/	NONSENSE here
/^X-Ok:/	PREPEND no header
/^X-Long:/	PREPEND X-Very: long long long long long long long long long long long long long long long long long long long long long long long long long
/^Subject:/	info   blanks  
E
cat >"$T/body" <<'E'
/drop this/	IGNORE
/strip this/	STRIP as asked
/^replace this/	REPLACE .dots replace
/^prepend this/	PREPEND prepended
/warn about/	WARN careful
/info about/	INFO
/bad action/	DISCARD now
E
cat >"$T/addr" <<'E'
/^X-Rep:/	REPLACE Sender: joe@inside.example
/^X-Pre:/	PREPEND Reply-To: joe@inside.example
/^To:/	REPLACE X-To: joe@inside.example
/^From:/	REPLACE From: joe@inside.example
E
chmod 644 "$T/addr" "$T/header" "$T/odd" "$T/body"
fallback=$(free_port)
gen='smtp_generic_maps = inline:{ {joe@inside.example = joe.doe@outside.example}, {@local.example = @outside.example}, {bob=robert} }'
cat >"$T/cases" <<EOT
- ; @EHLO ; text8 ; -
- ; @EHLO ; multi8 ; -
- ; @EHLO ; nested8 ; -
- ; @EHLO ; digest8 ; -
- ; @EHLO ; bare8 ; -
- ; @EHLO ; bare8 ; -B8BITMIME -f snd@x.example rcpt
- ; @EHLO ; broken8 ; -
- ; @EHLO ; open8 ; -
- ; @EHLO ; message8 ; -
- ; @EHLO ; global8 ; -
- ; @EHLO ; twocte ; -
- ; @EHLO ; comment8 ; -
- ; @EHLO ; utf8nested ; -
- ; @EHLO ; utf8part ; -
- ; @EHLO SMTPUTF8 8BITMIME ; utf8part ; -
- ; @EHLO ; headonly ; -
- ; @EHLO ; long8 ; -
- ; @EHLO 8BITMIME ; long8 ; -
- ; @EHLO 8BITMIME PIPELINING ; nested8 ; -
disable_mime_output_conversion = yes ; @EHLO ; nested8 ; -
- ; @EHLO ; long ; -
smtp_line_length_limit = 0 ; @EHLO ; long ; -
smtp_line_length_limit = 20 ; @EHLO ; long ; -
smtp_line_length_limit = 12 ; @EHLO ; short ; -
smtp_line_length_limit = 20 ; @EHLO ; text8 ; -
$gen ; @EHLO ; generic ; -f joe@inside.example bob
$gen | smtp_line_length_limit = 30 ; @EHLO ; generic ; -f joe+x@inside.example bob
$gen ; @EHLO ; nested8 ; -
$gen ; @EHLO ; long ; -
smtp_header_checks = regexp:$T/header ; @EHLO ; headers ; -
smtp_mime_header_checks = regexp:$T/header ; @EHLO ; headers ; -
smtp_nested_header_checks = regexp:$T/header ; @EHLO ; headers ; -
smtp_body_checks = regexp:$T/body ; @EHLO ; headers ; -
smtp_header_checks = regexp:$T/odd ; @EHLO ; headers ; -
smtp_header_checks = regexp:$T/header | smtp_mime_header_checks = regexp:$T/header | smtp_nested_header_checks = regexp:$T/header | smtp_body_checks = regexp:$T/body ; @EHLO PIPELINING ; headers ; -
smtp_header_checks = static:WARN ; @EHLO ; generic ; -
smtp_body_checks = static:WARN ; @EHLO ; multi8 ; -
smtp_body_checks = static:WARN ; @EHLO ; nested8 ; -
smtp_mime_header_checks = static:WARN ; @EHLO ; nested8 ; -
smtp_nested_header_checks = static:WARN ; @EHLO ; nested8 ; -
smtp_body_checks = static:WARN ; @EHLO 8BITMIME ; nested8 ; -
smtp_body_checks = static:WARN ; @EHLO ; long ; -
smtp_header_checks = static:WARN ; @EHLO ; long ; -
smtp_header_checks = fail:x ; @EHLO ; short ; -
smtp_body_checks = fail:x ; @EHLO ; short ; -
smtp_body_checks = static:REPLACE ; @EHLO ; short ; -
smtp_body_checks = static:PREPEND ; @EHLO ; short ; -
smtp_body_checks = static:{PREPEND  two blanks} ; @EHLO ; short ; -
lmtp_header_checks = regexp:$T/header ; @EHLO ; headers ; -
lmtp_mime_header_checks = fail:x ; @EHLO ; headers ; -
lmtp_nested_header_checks = fail:x ; @EHLO ; headers ; -
lmtp_body_checks = fail:x ; @EHLO ; headers ; -
smtp_body_checks = fail:x | smtp_fallback_relay = [127.0.0.1]:$fallback ; @EHLO ; headers ; -
smtp_header_checks = regexp:$T/header | $gen ; @EHLO ; headers ; -
smtp_header_checks = inline:{ {nothing=OK} }, regexp:$T/addr | $gen ; @EHLO ; headers ; -
smtp_header_checks = static:IGNORE ; @EHLO ; headonly ; -
smtp_body_checks = static:IGNORE ; @EHLO ; long ; -
smtp_body_checks = regexp:$T/body | smtp_header_checks = regexp:$T/header ; @EHLO ; text8 ; -
$gen ; @EHLO ; text8 ; -
EOT
pair_cases "$T/cases"
pair_run ''
is 'the same is logged' "$(diff "$T/peer.log" "$T/ours.log")" ''
is 'and the same is sent' "$(diff -r "$T/peer.wire" "$T/ours.wire")" ''
ok 'all of it' test "$(ls "$T/ours.wire" | wc -l)" -eq "$pair_count"
done_testing
