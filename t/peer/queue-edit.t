#!/bin/sh
# queue-edit: messages edited in a running Postfix's spool are read and delivered by it
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"

peer_new peer 'local_recipient_maps =
local_header_rewrite_clients =
mydestination = peer.example
defer_transports = local
enable_long_queue_ids = yes'
must "the peer's instance starts" peer_start peer
conf=$T/peer/etc
super() { MAIL_CONFIG=$conf postsuper "$@"; }

printf 'Subject: %s\nFrom: ann@peer.example\n\nHello %s\n' one one >"$T/one"
printf 'Subject: %s\nFrom: ann@peer.example\n\nHello %s\n' two two >"$T/two"
peer peer sendmail -f ann@peer.example nobody@peer.example root@peer.example <"$T/one"
peer peer sendmail -f ann@peer.example nobody@peer.example root@peer.example <"$T/two"
queued() { [ "$(find "$T/peer/spool/deferred" -type f | wc -l)" = "$1" ]; }
ok 'two messages are deferred' wait_for 30 queued 2
one=$(MAIL_CONFIG=$conf postqueue --select 'subject = one' --format ids)
two=$(MAIL_CONFIG=$conf postqueue --select 'subject = two' --format ids)

# A new file: other sender, subject and recipients; the log goes along.
super --edit --yes --set-sender new@peer.example --map-rcpt 's/^root@/nobody2@/' \
    --drop-rcpt 'local = nobody' --add-rcpt daemon@peer.example \
    --set-header 'Subject: edited' "$one" >"$T/out" 2>&1
new=$(sed -n "s/^$one -> \([^ ]*\) .*/\1/p" "$T/out")
like 'it has a new long ID, with the same time' "$new" "^${one%z*}z"
peer peer postcat -q "$new" >"$T/a" 2>&1
MAIL_CONFIG=$conf postcat -q "$new" >"$T/b" 2>&1
is "the peer's postcat reads it as ours does" "$(cat "$T/a")" "$(cat "$T/b")"
like 'with the new sender' "$(cat "$T/a")" '^sender: new@peer.example$'
like "the peer's listing has it" "$(peer peer postqueue -p)" "^$new .* new@peer.example"

# In place: listings forget the recipient, too.
super --edit --yes --drop-rcpt 'local = root' "$two" >"$T/out2" 2>&1
like 'an edit in place keeps the ID' "$(cat "$T/out2")" "^$two \(deferred\)"
is "the peer's listing has one recipient less" \
    "$(peer peer postqueue -j | jq -r "select(.queue_id == \"$two\") | .recipients[].address")" \
    nobody@peer.example

# A split: its pickup takes some of the recipients, the others stay.
printf 'Subject: %s\nFrom: ann@peer.example\n\nHello %s\n' three three |
    peer peer sendmail -f ann@peer.example games@peer.example sync@peer.example
ok 'a third is deferred' wait_for 30 queued 3
three=$(MAIL_CONFIG=$conf postqueue --select 'subject = three' --format ids)
super --requeue --only-recipients 'local = sync' --yes "$three" >"$T/out3" 2>&1
apart() { [ "$(MAIL_CONFIG=$conf postqueue --select 'subject = three and queue = deferred' --columns nrcpt,rcpt --format csv | tr -d '\r' | sed 1d | sort | tr '\n' ' ')" = '1,games@peer.example 1,sync@peer.example ' ]; }
ok 'its pickup makes two messages of it' wait_for 40 apart
is 'the one keeps its ID' "$(MAIL_CONFIG=$conf postqueue --select 'rcpt = games@peer.example' --format ids)" "$three"

# Now it may deliver.
sed -i '/^defer_transports/d' "$conf/main.cf"
ok 'reload' peer peer postfix reload
peer peer postqueue -f
box() { ls "$T/peer/mail/$1/new" 2>/dev/null | wc -l; }
arrived() { [ "$(box "$1")" = "$2" ]; }
ok 'the added recipient gets it' wait_for 40 arrived daemon 1
ok 'the dropped one only the other' wait_for 40 arrived nobody 1
like 'as edited' "$(cat "$T"/peer/mail/daemon/new/*)" '^Subject: edited$'
like 'from the new sender' "$(cat "$T"/peer/mail/daemon/new/*)" '^Return-Path: <new@peer.example>$'
is 'nobody got it twice, or without being asked' "$(box root) $(grep -l 'Hello one' "$T"/peer/mail/nobody/new/* | wc -l)" '0 0'
ok 'the one of a split' wait_for 40 arrived games 1
ok 'and the other' wait_for 40 arrived sync 1
gone() { [ "$(find "$T/peer/spool" -path '*/trash' -prune -o -name "$1" -print | wc -l)" = 0 ]; }
ok 'and it left the queue' wait_for 40 gone "$two"
ok 'nothing in it was called corrupt' sh -c "! grep -E 'corrupt|panic|fatal' $T/peer/log/maillog"
ok 'what was delivered cannot be undone' sh -c "! MAIL_CONFIG=$conf postsuper --undo last --yes"
done_testing
