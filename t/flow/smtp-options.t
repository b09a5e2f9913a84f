#!/bin/sh
# smtp: what main.cf asks for: no clear text, no login, generic maps, DSN, sessions kept
. "$(dirname "$0")/../lib.sh"
sinks=
stop_sinks() { for p in $sinks; do kill "$p" 2>/dev/null; done; sinks=; }
on_exit stop_sinks
sink() { name=$1; shift; timeout 300 smtp-sink "$@" -D "$T/$name" 127.0.0.1:0 100 >"$T/$name.port" 2>"$T/$name.err" & sinks="$sinks $!"; wait_for 5 test -s "$T/$name.port"; eval "${name}_port=$(cat "$T/$name.port")"; }
sink plain
sink nodsn -N
sink lmtp -L -N
sink seven -8
I=$T/inst
ok 'an instance is made' instance_new "$I" 'smtp_tls_security_level = may' \
    "smtp_tls_policy_maps = inline:{ {[127.0.0.1]:$nodsn_port = none} }" \
    "transport_maps = inline:{ {plain.example = smtp:[127.0.0.1]:$plain_port}, {seven.example = smtp:[127.0.0.1]:$seven_port}, {nodsn.example = smtp:[127.0.0.1]:$nodsn_port}, {lmtp.example = lmtp:[127.0.0.1]:$lmtp_port}, {login.example = login:[127.0.0.1]:$plain_port}, {other.example = login:[127.0.0.1]:$nodsn_port}, {generic.example = generic:[127.0.0.1]:$plain_port}, {xf.example = xf:[127.0.0.1]:$plain_port}, {enc.example = enc:[127.0.0.1]:$plain_port}, {one.example = one:[127.0.0.1]:$plain_port}, {narrow.example = narrow:[127.0.0.1]:$plain_port} }"
cat >>"$I/etc/master.cf" <<M
login unix - - n - - smtp
	-o smtp_sasl_auth_enable=yes
	-o { smtp_sasl_password_maps = inline:{ {[127.0.0.1]:$plain_port = user:pass} } }
generic unix - - n - - smtp
	-o { smtp_generic_maps = inline:{ {joe@inside.example = joe.doe@outside.example}, {@local.example = @outside.example} } }
	-o recipient_delimiter=+ -o { propagate_unmatched_extensions = canonical, generic }
xf unix - - n - - smtp
	-o smtp_send_xforward_command=yes
enc unix - - n - - smtp
	-o smtp_tls_security_level=encrypt
one unix - - n - 1 smtp
	-o { smtp_connection_cache_destinations = [127.0.0.1]:$plain_port } -o smtp_connection_reuse_count_limit=3
narrow unix - - n - - smtp
	-o debug_peer_list=127.0.0.0/8 -o debug_peer_level=1
	-o smtp_line_length_limit=20 -o smtp_discard_ehlo_keywords=dsn,pipelining -o smtp_helo_name=hello.example
M
must 'and started' instance_start "$I"
printf 'Subject: test\n\nhello\n' >"$T/small"
submit() { id=$(as "$I" enqueue $opts "$@" <"${file:-$T/small}") && as "$I" postkick public qmgr I; }
ends() { ok "$1" wait_for 15 instance_logged "$I" "$id: to=<$2>, .*$3"; }
opts= file=

submit s@a.example r@plain.example
ends 'level may without TLS sends in the clear' r@plain.example 'status=sent'
submit s@a.example r@enc.example
ends 'mail that needs TLS waits for a server that has it' r@enc.example 'dsn=4\.7\.4, status=deferred \(TLS is required, but'
submit s@a.example r@login.example
ends 'a password does not go out in the clear unless that is said' r@login.example 'dsn=4\.7\.0, status=deferred \(SASL authentication failed; cannot authenticate to server 127\.0\.0\.1\[127\.0\.0\.1\]: no mechanism available'
submit s@a.example r@other.example
ends 'a server without a password entry needs none' r@other.example 'status=sent'
is 'only the two were sent' "$(cat "$T/plain" "$T/nodsn" | grep -c ^X-Mail-Args)" 2

printf 'From: Joe <joe@inside.example>\nTo: x@local.example,\n\ty@else.example\nCc: joe+a@inside.example, x+b@local.example\nX-Note: joe@inside.example\nSubject: joe@inside.example\n\njoe@inside.example\n' >"$T/gen"
file=$T/gen; rm -f "$T/plain"
submit joe@inside.example r@generic.example
ends 'generic maps: sent' r@generic.example 'status=sent'
wait_for 5 grep -q '^joe@inside' "$T/plain"
like 'the envelope is rewritten' "$(cat "$T/plain")" '^X-Mail-Args: <joe.doe@outside.example>'
like 'From is rewritten' "$(cat "$T/plain")" '^From: Joe <joe.doe@outside.example>'
like 'To is rewritten' "$(cat "$T/plain")" 'x@outside.example'
like 'an extension that no key holds is propagated' "$(cat "$T/plain")" '^Cc: joe\.doe\+a@outside.example, x\+b@outside.example'
like 'others in it are not' "$(cat "$T/plain")" 'y@else.example'
like 'other headers are not' "$(cat "$T/plain")" '^Subject: joe@inside.example'
like 'the body is not' "$(cat "$T/plain")" '^joe@inside.example'

file=; opts='-n 2'; rm -f "$T/plain"
submit s@a.example r@plain.example
ends 'NOTIFY=SUCCESS: sent' r@plain.example 'status=sent'
like 'the next server is asked to report' "$(cat "$T/plain")" '^X-Rcpt-Args: <r@plain.example> ORCPT=rfc822;r@plain.example NOTIFY=SUCCESS'
is 'and we do not' "$(ls "$I/spool/trace" | grep -c "$id")" 0
submit s@a.example r@nodsn.example
ends 'a server without DSN: sent' r@nodsn.example 'status=sent'
ok 'then we report' wait_for 5 instance_logged "$I" "$id: sender delivery status notification"
opts=

printf 'Subject: long\n\n0123456789012345678901234\n.123456789012345678901\n' >"$T/long"
file=$T/long; rm -f "$T/plain"
submit s@a.example r@narrow.example
ends 'a long line is broken' r@narrow.example 'status=sent'
ok 'which is logged' wait_for 5 instance_logged "$I" "$id: breaking line > 20 bytes with <CR><LF>SPACE"
is 'behind a space' "$(sed '1,/^Subject/d' "$T/plain" | sed -n '2,5p')" "$(printf '01234567890123456789\n 01234\n.1234567890123456789\n 01')"
ok 'a host of debug_peer_list is logged in detail' wait_for 5 instance_logged "$I" 'smtp\[[0-9]+\]: > 127\.0\.0\.1.*: EHLO hello\.example'
ok 'and no other' sh -c "! grep -q ': > .*EHLO mail' '$I/log/mail.log'"
like 'the helo name is ours to choose' "$(cat "$T/plain")" '^X-Helo-Args: hello.example'
like 'DSN is not used when discarded' "$(cat "$T/plain")" '^X-Rcpt-Args: <r@narrow.example>$'
file=

printf 'MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nh\303\251llo\n' >"$T/8bit"
file=$T/8bit opts=-8; rm -f "$T/plain"
submit s@a.example r@plain.example
ends '8-bit content for a server that takes it' r@plain.example 'status=sent'
like 'is announced' "$(cat "$T/plain")" '^X-Mail-Args: <s@a.example> BODY=8BITMIME'
ok 'and stays' grep -q "$(printf 'h\303\251llo')" "$T/plain"
submit s@a.example r@seven.example
ends '8-bit content for a server that does not' r@seven.example 'status=sent'
like 'becomes quoted-printable' "$(cat "$T/seven")" '^h=C3=A9llo'
like 'and says so' "$(cat "$T/seven")" '^Content-Transfer-Encoding: quoted-printable'
file= opts=

submit s@a.example r@xf.example
ends 'XFORWARD is spoken' r@xf.example 'status=sent'

as "$I" postfix stop; for i in 1 2 3 4 5 6 7 8 9 10; do as "$I" enqueue s@a.example "k$i@plain.example" <"$T/small" >/dev/null; done
must 'ten messages for one host' instance_start "$I"
ok 'are sent' wait_for 15 sh -c "[ \$(grep -c 'to=<k[0-9]*@plain.example>.*status=sent' '$I/log/mail.log') = 10 ]"
ok 'some in sessions that were kept' wait_for 5 instance_logged "$I" 'to=<k[0-9]*@plain.example>, .*conn_use='
for i in 1 2 3 4 5 6 7; do submit s@a.example "o$i@one.example"; done
ok 'seven more by one process' wait_for 15 sh -c "[ \$(grep -c 'to=<o[0-9]*@one.example>.*status=sent' '$I/log/mail.log') = 7 ]"
is 'are three to a session' "$(sed -n 's/.*to=<o[0-9]*@one.example>.*\(conn_use=[0-9]*\).*/\1/p' "$I/log/mail.log" | sort | uniq -c | tr -s ' \n' ' ')" ' 2 conn_use=2 2 conn_use=3 '
done_testing
