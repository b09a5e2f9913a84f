#!/bin/sh
# postsuper --edit: what changes and what stays, what is refused, undo
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/spool.sh"

spool_new "$T/s"
sed -i "s,^data_directory.*,data_directory = $T/s/data," "$T/s/etc/main.cf"
mkdir "$T/s/data"
[ "$(id -u)" != 0 ] || chown "$spool_owner" "$T/s/data"
cd "$T/s/spool" || exit 1

edit() { postsuper --edit --yes "$@"; }
only() { find incoming active deferred hold corrupt -type f | sed 's,.*/,,'; }
records() { postcat -e -q "$1"; }
content() { postcat -hb -q "$1"; }
todo() { postcat -e -q "$1" | sed -n 's/^recipient: //p' | tr '\n' ' '; }
clear_spool() { find . -type f -exec rm -f {} +; rm -rf trash/*; rm -f "$T/s/data/"*; }
put() {	# put QUEUE RCPT ...: a message, its ID in $id
	queue=$1; shift
	id=$(queue-put -q "$queue" -s ann@a.example "$@") || exit 1
}

# One of everything
cat >"$T/message" <<EOT
Received: by test
Subject: =?utf-8?q?old?=
 folded
DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=s;
 h=From:Subject:To; bh=x; b=y
From: ann@a.example
Content-Type: multipart/mixed; boundary=b

--b

Hello.
--b
Content-Type: application/x-msdownload
Content-Disposition: attachment; filename="virus.exe"
Content-Transfer-Encoding: base64

TVqQAAMAAAA=
--b--
EOT
put deferred -d 5000 -i "$T/message" bob@b.example eve@e.example joe@j.example
path=$(find deferred -name "$id")
before=$(stat -c '%a %U %Y' "$path")
out=$(edit --set-sender new@n.example --add-rcpt zoe@z.example \
    --drop-rcpt 'domain = e.example' --mark-done 'local = joe' \
    --map-rcpt 's/^bob@/robert@/' --filter smtp:[127.0.0.1]:10 \
    --set-header 'Subject: Gr'"$(printf '\303\274\303\237')"'e' --del-header x-none \
    --set-header 'X-New: yes' --strip-attachment '*.exe' "$id" 2>&1)
new=$(only)
like 'both IDs are told' "$out" "^$id -> $new \(deferred\)"
like 'and what broke' "$out" 'warning: breaks the DKIM signature of a.example, which signs: Subject, body'
is 'mode, owner and next attempt are those of the original' \
    "$(stat -c '%a %U %Y' "$(find deferred -name "$new")")" "$before"
got=$(records "$new")
like 'sender' "$got" '^sender: new@n.example$'
like 'filter' "$got" '^content_filter: smtp:\[127.0.0.1\]:10$'
is 'recipients' "$(printf '%s\n' "$got" | grep 'recipient: ' | grep -v original)" \
'recipient: robert@b.example
canceled_recipient: eve@e.example
done_recipient: joe@j.example
recipient: zoe@z.example'
is 'the content' "$(content "$new")" "$(cat <<EOT
Received: by test
Subject: =?UTF-8?B?R3LDvMOfZQ==?=
DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=s;
 h=From:Subject:To; bh=x; b=y
From: ann@a.example
Content-Type: multipart/mixed; boundary=b
X-New: yes

--b

Hello.
--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

[removed: virus.exe, application/x-msdownload, 8 bytes]
--b--
EOT
)"
ok 'the edit can be undone' postsuper --undo last --yes
is 'the original is back' "$(only)" "$id"
is 'as it was' "$(stat -c '%a %U %Y' "$path")" "$before"
clear_spool

# Other changes, where they leave the message, and the way back
put hold bob@b.example eve@e.example
printf 'bob@b.example\tzed@z.example\n' >"$T/table"
chmod 644 "$T/table"
ok 'a table maps, a redirection is set' edit --map-rcpt "map texthash:$T/table" \
    --redirect all@r.example "$id"
new=$(only)
got=$(records "$new")
like 'the recipient of the table' "$got" '^recipient: zed@z.example$'
like 'what it was stays told' "$got" '^original_recipient: bob@b.example$'
like 'the redirection' "$got" '^redirect_to: all@r.example$'
is 'what was on hold stays there' "$(ls hold)" "$new"
clear_spool
put deferred bob@b.example eve@e.example
sum=$(sha256sum <"$(find deferred -type f)")
ok '--keep-held' edit --keep-held --set-sender '<>' "$id"
is 'leaves it on hold' "$(ls hold)" "$(only)"
like 'without a sender' "$(records "$(only)")" '^sender: $'
clear_spool
put deferred bob@b.example eve@e.example
sum=$(sha256sum <"$(find deferred -type f)")
like 'in place, and nobody left' "$(edit --drop-rcpt 'domain = b.example' --mark-done 'local = eve' "$id")" \
    'warning: no recipient is left'
is 'only types change' "$(records "$id" | sed -n 's/^\([a-z]*_recipient\): \(.*\)/\1 \2/p' | grep -v original)" \
'canceled_recipient bob@b.example
done_recipient eve@e.example'
ok 'undone' postsuper --undo last --yes
is 'the file is what it was' "$(sha256sum <"$(find deferred -type f)")" "$sum"
ok 'a new file again' edit --set-sender x@y.example "$id"
new=$(only)
path=$(find deferred -type f)
at=$(postcat -eo "$path" | sed -n 's/^ *\([0-9]*\) recipient: bob.*/\1/p')
printf D | dd of="$path" bs=1 seek="$at" conv=notrunc 2>/dev/null	# delivered meanwhile
ok 'with a recipient served it cannot be undone' fails_with 4 postsuper --undo last --yes
is 'and stays' "$(only)" "$new"
clear_spool
ok 'two messages at once' sh -c '
    queue-put -q deferred -n 2 bob@b.example >/dev/null && chown -R "$(stat -c %U hold)" deferred &&
    postsuper --edit --yes --set-sender x@y.example ALL'
is 'both are changed' "$(for m in $(only); do records "$m" | grep -c "^sender: x@y"; done | tr -d '\n')" 11
is 'a change that is there already' \
    "$(edit --set-sender x@y.example ALL 2>/dev/null | head -n 1)" 'edited: 0 messages, nothing: 2'
clear_spool

# What is refused
put hold bob@b.example
ok 'no change' fails_with 1 postsuper --edit --yes "$id"
ok 'a bad argument' fails_with 1 edit --set-header nonsense "$id"
ok 'a change without --edit' fails_with 1 postsuper --set-sender x@y --yes "$id"
ok 'another action beside it' fails_with 1 edit --delete --set-sender x@y "$id"
ok 'without a yes nothing is done' sh -c "postsuper --edit --set-sender x@y $id </dev/null; [ \$? = 5 ]"
ok 'a message that is not there' fails_with 3 edit --set-sender x@y ABCDEF12345
is 'a dry run shows what would change' \
    "$(postsuper --edit --dry-run --set-sender x@y.example "$id" | tail -n 1)" \
    '    sender: <ann@a.example> -> <x@y.example>'
is 'and changes nothing' "$(only)" "$id"
head -c 200 "hold/$id" >"$T/cut"
cat "$T/cut" >"hold/$id"
ok 'a damaged file' fails_with 4 edit --set-sender x@y.example "$id"
is 'is left alone' "$(only) $(stat -c %s "hold/$id")" "$id 200"
clear_spool
put maildrop -m 744 bob@b.example
ok 'what is not picked up yet' fails_with 3 edit --set-sender x@y.example "$id"
clear_spool
put hold bob@b.example

# --editor
cat >"$T/editor" <<'EOT'
#!/bin/sh
sed -i -e 's/^recipient: <bob/recipient: <bobby/' -e 's/^Subject: .*/Subject: edited/' "$1"
EOT
chmod 755 "$T/editor"
VISUAL=$T/editor edit --editor "$id" >"$T/out" 2>"$T/err"
like '--editor shows the difference' "$(cat "$T/err")" '^\+Subject: edited$'
like 'and makes it' "$(records "$(only)"; content "$(only)")" '^Subject: edited$'
like '' "$(records "$(only)")" '^recipient: bobby@b.example$'
clear_spool
# Header fields in UTF-8 need a server that takes them: as long as there is one.
clear_spool
utf8=$(printf 'gr\303\274n')
printf '%s\n' "Subject: $utf8" 'From: ann@a.example' '' "$utf8" >"$T/one8"
printf '%s\n' "Subject: $utf8" "X-Note: $utf8" '' "$utf8" >"$T/two8"
utf8_put() {	# as a server stores what came with SMTPUTF8
	clear_spool
	put hold -i "$1" bob@b.example
	printf '%15d' 3 | dd of="hold/$id" bs=1 seek=82 conv=notrunc status=none
}
sendopts() { postcat --json "$(only)" | jq '.. | .sendopts? // empty' | head -n 1; }
utf8_put "$T/one8"
is 'a message with a header field in UTF-8' "$(sendopts)" 3
edit --set-header 'Subject: plain' "$id" >/dev/null 2>&1
is 'without its only such field it needs none' "$(sendopts)" 1
utf8_put "$T/one8"
edit --set-header 'From: eve@e.example' "$id" >/dev/null 2>&1
is 'another field changes nothing' "$(sendopts)" 3
utf8_put "$T/two8"
edit --set-header 'Subject: plain' "$id" >/dev/null 2>&1
is 'nor does one of two' "$(sendopts)" 3
edit --del-header X-Note "$(only)" >/dev/null 2>&1
is 'the second does' "$(sendopts)" 1
utf8_put "$T/one8"
edit --set-header "Subject: $utf8" "$id" >/dev/null 2>&1
is 'what is set is encoded' "$(sendopts)" 1
utf8_put "$T/one8"
edit --set-sender new@n.example "$id" >/dev/null 2>&1
is 'without a change of header fields all stays' "$(sendopts)" 3
edit --set-sender "$utf8@n.example" "$(only)" >/dev/null 2>&1
is 'a sender in UTF-8 needs one' "$(sendopts)" 7
edit --set-sender new@n.example "$(only)" >/dev/null 2>&1
is 'and another does not' "$(sendopts)" 3
# Who is reached while the edit waits has got it.
clear_spool
put hold bob@b.example eve@e.example
spool_own "$T/s"
at=$(postcat -eo -q "$id" | sed -n 's/^ *\([0-9]*\) recipient: eve.*/\1/p')
flock -s "hold/$id" -c "touch $T/locked; until test -e $T/reached; do sleep 0.05; done; printf D | dd of=hold/$id bs=1 seek=$at conv=notrunc status=none" &
agent=$!
wait_for 10 test -f "$T/locked"
edit --set-sender new@n.example "$id" >"$T/out" 2>&1 &
editor=$!
sleep 0.3; touch "$T/reached"
wait $agent; wait $editor
is 'who was reached meanwhile is not to do any more' "$(todo "$(only)")" 'bob@b.example '
like 'the rest of the edit is done' "$(records "$(only)")" '^sender: new@n.example'

# One byte each, in place: the next attempt is not due for that.
clear_spool
put deferred -d 5000 bob@b.example eve@e.example
spool_own "$T/s"
path=$(find deferred -name "$id")
before=$(stat -c '%i %Y' "$path")
edit --drop-rcpt 'domain = e.example' "$id" >/dev/null 2>&1
is 'a recipient less, in the same file' "$(stat -c '%i %Y' "$path") $(todo "$id")" "$before bob@b.example "
postsuper --undo last --yes >/dev/null 2>&1
is 'and one more' "$(stat -c '%i %Y' "$path") $(todo "$id")" "$before bob@b.example eve@e.example "

# A split: some recipients go through submission again, the rest stays.
clear_spool
put deferred -d 5000 -r Asasl_username=ann -i "$T/message" bob@b.example eve@e.example joe@j.example
path=$(find deferred -name "$id")
printf '\nrecipient=%s\noffset=%s\nstatus=4.0.0\nreason=no\n\n' eve@e.example \
    "$(postcat -eo -q "$id" | sed -n 's/^ *\([0-9]*\) recipient: eve.*/\1/p')" >"$T/log"
mkdir -p "defer/$(printf %.1s "$id")"; cp "$T/log" "defer/$(printf %.1s "$id")/$id"
spool_own "$T/s"
before=$(stat -c '%i %a %U %Y' "$path")
sum=$(content "$id")
ok 'a dry run tells who' sh -c 'postsuper --requeue --only-recipients "domain = e.example" --dry-run "$1" | grep -q "^ *requeued: <eve@e.example>"' - "$id"
is 'and does nothing' "$(todo "$id")$(ls maildrop)" 'bob@b.example eve@e.example joe@j.example '
out=$(postsuper --requeue --only-recipients 'domain = e.example or local = joe' --yes "$id" 2>&1)
like 'both IDs are told' "$out" "^$id -> [0-9A-Fa-z]+ \(deferred\)"
new=$(ls maildrop)
is 'the rest stays where it was' "$(todo "$id")$(stat -c '%i %a %U %Y' "$path")" "bob@b.example $before"
is 'the others are requeued' "$(todo "$new")" 'eve@e.example joe@j.example '
is 'as the same message' "$(content "$new")" "$sum"
like 'from the same login' "$(records "$new")" '^named_attribute: sasl_username=ann'
ok 'both are sound' sh -c 'postsuper --verify | grep ", 0 findings"'
is 'no log tells of who is gone' "$(find defer -type f)" ''
ok 'undo, while pickup has not been there' sh -c 'postsuper --undo last --yes | grep "^restored: 1 message"'
is 'has all in one again' "$(todo "$id")$(ls maildrop)" 'bob@b.example eve@e.example joe@j.example '
postsuper --requeue --only-recipients 'domain = e.example' --yes "$id" >/dev/null 2>&1
rm maildrop/*
ok 'afterwards it is too late' sh -c 'postsuper --undo last --yes 2>&1 | grep "pickup has taken"'
is 'and nothing comes twice' "$(todo "$id")" 'bob@b.example joe@j.example '
ok 'who is not there' sh -c 'postsuper --requeue --only-recipients "domain = e.example" --yes "$1" | grep "nothing: 1"' - "$id"
ok 'all of them' sh -c 'postsuper --requeue --only-recipients "local ~ ." --yes "$1" 2>&1 | grep "all its recipients are meant: requeue the message"' - "$id"
mv "$(find deferred -name "$id")" active/
ok 'what is active' sh -c 'postsuper --requeue --only-recipients "local = joe" --yes "$1" 2>&1 | grep "is active: hold it first"' - "$id"
is 'is left alone' "$(ls active; ls maildrop hold)" "$(printf '%s\n' "$id" hold: '' maildrop:)"
# One that fails half way: all of it is on hold, until it can be finished.
clear_spool
put deferred -d 5000 bob@b.example eve@e.example
log=defer/$(printf %.1s "$id")/$id
mkdir -p "${log%/*}"
printf '\nrecipient=eve@e.example\noffset=%s\nstatus=4.0.0\nreason=no\n\n' \
    "$(postcat -eo -q "$id" | sed -n 's/^ *\([0-9]*\) recipient: eve.*/\1/p')" >"$log"
spool_own "$T/s"
chmod 500 "${log%/*}"
ok 'a split that fails' sh -c 'postsuper --requeue --only-recipients "local = eve" --yes "$1" 2>&1 | grep "stays on hold, and so does [0-9A-F]*, until --recover: .*Permission denied"' - "$id"
is 'leaves nothing to be delivered' "$(find maildrop incoming active deferred -type f)" ''
chmod 700 "${log%/*}"
ok 'is finished later' sh -c 'postsuper --recover | grep "the recipients are requeued now"'
is 'with each recipient once' "$(todo "$id")+ $(todo "$(ls maildrop)")" 'bob@b.example + eve@e.example '
is 'and no log of who is gone' "$(find defer -type f)" ''
for args in "--delete --only-recipients local=joe" "--requeue --hold --only-recipients local=joe" "--requeue --only-recipients local=joe --add-rcpt a@b"; do
	ok "not with others: $args" fails_with 1 postsuper $args --yes "$id"
done
done_testing
