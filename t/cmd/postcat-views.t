#!/bin/sh
# postcat: the long options: what they show, safely, also of hostile files
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/spool.sh"

spool_new "$T/s"
printf '%s\n' 'Received: from mx.a.example (mx.a.example [192.0.2.1])' \
' by relay.b.example (Postfix) with ESMTP id X for <bob.b@b.example>;' \
' Sat, 21 Nov 2026 07:37:22 +0000 (UTC)' \
'Received: by mx.a.example; Sat, 21 Nov 2026 07:37:02 +0000' \
'Subject: =?utf-8?q?caf=C3?= =?utf-8?b?qQ==?= au' '  lait' \
'From: "Ann A" <ann.a@a.example>' 'To: Bob <bob.b@b.example>' \
'Date: Sat, 21 Nov 2026 08:37:00 +0100' \
"Received: from home.example (Authenticated sender: willi); Sat, 21 Nov 2026 07:37:01 +0000" \
'Authentication-Results: relay.b.example; auth=pass smtp.auth=zoe smtp.mailfrom=list+paul=home.example@list.example' \
'X-Sent-By: Erika Mustermann <erika@c.example>, room 42' 'Organization: Mustermann Ltd.' \
'X-Mailer: Mailer 1.2' 'Message-ID: <erika.1@c.example>' \
"X-Evil: $(printf '\033[31mred \342\200\256 bidi')" \
'Content-Type: multipart/mixed; boundary=b' '' 'preamble' '--b' \
'Content-Type: multipart/alternative; boundary=c' '' '--c' \
'Content-Type: text/plain; charset=iso-8859-1; x-author="Otto"' \
'Content-Transfer-Encoding: quoted-printable' '' \
'Sch=F6n, ann.a@a.example!' '--c' 'Content-Type: text/html' '' \
'<b>html</b>' '--c--' '--b' 'Content-Type: application/pdf' \
'Content-Transfer-Encoding: base64' \
'Content-Disposition: attachment; filename="../../.x/pass.pdf"' '' \
'aGVsbG8=!' '--b--' >"$T/message"
id=$(queue-put -q deferred -d 5000 -s ann.a@a.example -r Asasl_username=ann.a \
    -i "$T/message" bob.b@b.example carol@c.example)
spool_own "$T/s"
file=$(echo "$T"/s/spool/deferred/?/"$id")
mkdir "$T/out"
cd "$T/out" || exit 1

like 'a summary' "$(postcat --summary "$id")" '^Subject +caf. au lait$|^Subject  +caf'
for line in '^state +deferred$' '^next attempt +.*\(in 1h' '^expires ' \
    '^sender +<ann.a@a.example>$' '^recipients +2 to do, 0 done, 0 cancelled$' \
    '^login +ann.a' '^attachment +../../.x/pass.pdf  application/pdf, 5 bytes$' \
    '^warning +part 2: bytes that are not base64$'; do
	like "... $line" "$(postcat --summary "$id")" "$line"
done
like 'hops with their delays' "$(postcat --timeline "$id")" \
    'hop  mx.a.example -> relay.b.example  \+20s$'
is 'a field, decoded' "$(postcat --header subject "$id")" \
    "$(printf 'caf\303\251 au lait')"
is 'a field, raw' "$(postcat --header subject --raw "$id")" \
    "Subject: =?utf-8?q?caf=C3?= =?utf-8?b?qQ==?= au
  lait"
ok 'a field that is not there' fails_with 3 postcat --header nope "$id"
like 'the tree' "$(postcat --mime "$id")" \
    '^1.1  +text/plain  charset=iso-8859-1  quoted-printable  25 -> 23 bytes$'
like '' "$(postcat --mime "$id")" \
    '^2  +application/pdf  base64  9 -> 5 bytes  attachment  "../../.x/pass.pdf"  \[bytes that are not base64\]$'
is 'numbers and types' "$(postcat --mime "$id" | awk '{print $1, $2}')" \
'0 multipart/mixed
1 multipart/alternative
1.1 text/plain
1.2 text/html
2 application/pdf'
is 'a part as it stands' "$(postcat --part 1.1 "$id")" 'Sch=F6n, ann.a@a.example!'
is 'a part decoded' "$(postcat --part 2 --decode "$id")" 'hello'
ok 'a part that is not there' fails_with 3 postcat --part 7 "$id"
is 'a part under its own name, made safe' "$(postcat --part 2 --decode --auto-name "$id")" pass.pdf
is 'a second one does not replace it' "$(postcat --part 2 --decode --auto-name "$id")" pass-1.pdf
is 'both hold it' "$(cat pass.pdf pass-1.pdf)" hellohello
is 'the text' "$(postcat --text "$id")" "$(printf 'Sch\303\266n, ann.a@a.example!')"
ok 'the exact message' sh -c "postcat --eml $id | cmp - $T/message"
ok 'with the line ends of SMTP' sh -c "postcat --eml --crlf $id | sed 's/\r\$//' | cmp - $T/message"
ok '--output' sh -c "postcat --eml --output $T/out/eml $id && cmp $T/out/eml $T/message"
is 'JSON' "$(postcat --json "$id" | jq -r '.envelope.recipients[1].address, .headers[2].value, .parts[4].file_name, .complete')" \
"carol@c.example
$(printf 'caf\303\251 au lait')
../../.x/pass.pdf
true"
ok 'JSON content is the message' sh -c "postcat --json $id | jq -rj .content | cmp - $T/message"
is 'each record at its offset' \
    "$(postcat --json "$id" | jq -r '.records[] | select(.type == "R") | .offset')" \
    "$(postcat -eoq "$id" | sed -n 's/^ *\([0-9]*\) recipient: .*/\1/p')"

# Selections, several, none
is 'a selection' "$(postcat --header to --select 'subject ~ lait')" \
"==> deferred/$(printf %.1s "$id")/$id <==
Bob <bob.b@b.example>"
ok 'that matches nothing' fails_with 3 postcat --mime --select 'subject = nope'
ok 'an ID that is nowhere' fails_with 3 postcat --mime ABCDEF123456
ok 'one of two' fails_with 4 postcat --mime "$id" ABCDEF123456
ok 'a file by name' sh -c "[ \"\$(postcat --text $file)\" = \"\$(postcat --text -q $id)\" ]"
is 'a pipe' "$(cat "$file" | postcat --text)" "$(postcat --text "$id")"
ok 'a damaged file that is asked for its text' fails_with 1 \
    postcat --eml "$PH_SRC/t/data/queue/bad-truncated/0BEEFA84023"
ok 'views do not mix with classic options' fails_with 1 postcat -h --text "$id"
ok 'nor with each other' fails_with 1 postcat --mime --text "$id"
ok 'an option that means nothing there' fails_with 1 postcat --mime --decode "$id"

# Differences
cp "$file" "$T/copy"
ok 'nothing differs' postcat --diff "$T/copy" "$id"
LC_ALL=C sed -i 's/carol@c/carla@c/g' "$T/copy"
is 'what differs' "$(postcat --diff "$T/copy" "$id" | grep '^[-+]recipient:')" \
'-recipient: carla@c.example
+recipient: carol@c.example'
postcat --diff "$T/copy" "$id" >/dev/null
is 'is told by the status' $? 10

# Redaction
got=$(postcat --redact --eml "$id"; postcat --redact --json "$id")
for word in ann.a bob.b carol 'Ann A' caf lait Sch aGVs willi zoe paul Erika erika Mustermann 'room 42' Otto; do
	ok "redacted: $word" sh -c '! printf %s "$1" | grep -qF -- "$2"' - "$got" "$word"
done
fields=$(postcat --redact --headers "$id")
like 'a field that nobody knows keeps its form, and domains' "$fields" '^X-Sent-By: xxxxx xxxxxxxxxx <user[0-9]+@c.example>, xxxx xx$'
like 'what programs tell stays' "$fields" '^X-Mailer: Mailer 1.2$'
like 'a login goes' "$fields" '\(Authenticated sender: user[0-9]+\)'
like 'so does the reader whose address a list put into its own' "$fields" '^ +smtp.mailfrom=user[0-9]+@list.example$'
like 'a Message-ID is the same wherever it stands' "$fields" '^Message-ID: <user[0-9]+@c.example>$'
like 'the same by the same' "$(postcat --redact --headers "$id" | grep From)" '<user1@a.example>'
is 'the envelope too' "$(postcat --redact --json "$id" | jq -r .envelope.sender)" user1@a.example
like 'file names too, but for their kind' "$(postcat --redact --mime "$id")" 'attachment  "file[0-9]+.pdf"'
mkdir -p "$T/s/spool/defer/$(printf %.1s "$id")"
cat >"$T/s/spool/defer/$(printf %.1s "$id")/$id" <<-'EOT'

	<carol@c.example>: host mx said: 450 no mailbox "carol" here
	recipient=carol@c.example
	status=4.2.1
	action=delayed
	reason=host mx said: 450 no mailbox "carol" here

	EOT
spool_own "$T/s"
for view in --summary --timeline --json; do
	like "the reason of a recipient: $view" "$(postcat --redact $view "$id")" '450 no mailbox .?"user[0-9]+'
	ok "... without the name" sh -c "! postcat --redact $view $id | grep carol"
done
is 'the structure stays' "$(postcat --redact --mime "$id" | awk '{print $1, $2}')" \
    "$(postcat --mime "$id" | awk '{print $1, $2}')"

# Attempts that the log tells of, with the logs of before
mkdir -m 755 "$T/log"
line() { echo "$1 mx postfix/smtp[1]: $id: to=<carol@c.example>, status=deferred ($2)"; }
line '2026-11-20T10:00:00.5+00:00' 'another message of this ID' >"$T/log/mail"
arrived=$(postcat --json "$id" | jq .envelope.arrived)
# Half a minute, a minute ... after it came; the first of them in the oldest file.
at() { date -u -d "@$((${arrived%.*} + $1))" '+%b %e %H:%M:%S'; }
{ line "$(at 30)" first; line "$(at 60)" second; } | gzip >"$T/log/mail.2.gz"
line "$(at 90)" third >"$T/log/mail-20991231"
{ line "$(at 120)" fourth; echo "x postfix/qmgr[1]: $id: removed"; echo 'no end'; } >>"$T/log/mail"
line "$(at 90)" 'no log' >"$T/log/mailbox"
touch -d '40 seconds' "$T/log/mail.2.gz"; touch -d '50 seconds' "$T/log/mail-20991231"; touch -d '60 seconds' "$T/log/mail"
echo "maillog_file = $T/log/mail" >>"$T/s/etc/main.cf"
is 'all attempts, from all logs, in their order' "$(postcat --timeline "$id" | sed -n 's/^log .*status=deferred (\(.*\))/\1/p' | xargs)" \
    'first second third fourth'
ok 'redacted' sh -c "! postcat --redact --timeline $id | grep carol"
like 'but there' "$(postcat --redact --timeline "$id")" '^log .*to=<user[0-9]+@c.example>, status=deferred \(fourth\)'

# The schema has each member that is written, and what it says is always there is.
postcat --json-schema >"$T/schema"
for k in message file envelope recipient size record header part; do
	case $k in message) at=.;; file|envelope) at=.$k;; recipient) at='.envelope.recipients[]';; size) at=.envelope.size;; *) at=".${k}s[]";; esac
	is "the schema knows all of a $k" "$(postcat --json "$id" | jq -c --slurpfile s "$T/schema" --arg k $k '($s[0]."$defs"[$k]) as $d |
	    '"$at"' | select((keys - ($d.properties | keys)) != [] or ($d.required - keys) != [])')" ''
done

# Records: pointers, damage
got=$(postcat --records "$PH_SRC/t/data/queue/milter-everything/70AE8A84021")
like 'a pointer and its target' "$got" '^     186  p  17      pointer_record  ---> 1426$'
like '' "$got" '^    1426  S  20      sender  <--- 186$'
like 'dead bytes' "$got" '^     203  -  3       not reached by any record$'
like 'damage' "$(postcat --records "$PH_SRC"/t/data/queue/bad-truncated/0*)" \
    '!  DAMAGE  .*unexpected EOF'

# Whatever the file: no view crashes, hangs, or lets a control byte through to
# a terminal; JSON is JSON.
script -qec true /dev/null >/dev/null 2>&1 && has_script=1 || has_script=
bad=
for f in "$PH_SRC"/t/data/queue/*/*; do
	case ${f##*/} in *.*) continue ;; esac
	for view in --summary --timeline --headers --mime --text --eml --json --records '--redact --records'; do
		timeout 20 postcat $view "$f" >"$T/got" 2>/dev/null
		case $? in 0|1|3|4) ;; *) bad="$bad $view:${f##*queue/}" ;; esac
		[ "$view" != --json ] || jq -e . "$T/got" >/dev/null || bad="$bad json:${f##*queue/}"
	done
done
is 'all views of all golden files' "$bad" ''
if [ -n "$has_script" ]; then
	bad=
	for view in --summary --headers --header\ x-evil --eml --json; do
		script -qec "env TERM=dumb postcat --color=never $view $id" /dev/null </dev/null >"$T/tty" 2>&1
		! LC_ALL=C tr -d '\n\t\r' <"$T/tty" | LC_ALL=C grep -q '[[:cntrl:]]' || bad="$bad $view"
		! grep -q "$(printf '\342\200\256')" "$T/tty" || [ "$view" = --json ] || bad="$bad bidi:$view"
	done
	is 'no control byte reaches a terminal' "$bad" ''
fi
perl -e 'print "Content-Type: text/html; charset=x\n", "X: ", "a" x 1048576, "\n\n", "<a href=\"" x 50000, "\0\xff\e[2J\n"' >"$T/hostile"
id=$(queue-put -q hold -i "$T/hostile" a@b.example); spool_own "$T/s"
bad=
for view in --summary --timeline --headers --mime --text --json --records; do
	timeout 20 postcat $view "$id" >"$T/got" 2>/dev/null || bad="$bad $view"
done
is 'a hostile message' "$bad" ''
ok 'is JSON, too' sh -c "postcat --json $id | jq -e .content_b64"
done_testing
