#!/bin/sh
# queue files: ours are read and delivered by a Postfix, and the reverse
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"

held='defer_transports = smtp local virtual relay
local_header_rewrite_clients =
mynetworks = 127.0.0.0/8'
peer_new peer "$held
local_recipient_maps ="
instance_new "$T/ours"
instance_lines "$T/ours/etc" "$held
virtual_mailbox_domains = box.example
virtual_mailbox_base = $T/ours/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:$(instance_uid "$T/ours")
virtual_gid_maps = static:$(instance_gid "$T/ours")
virtual_minimum_uid = 1"
must "the peer's instance starts" peer_start peer
must 'the instance starts' instance_start "$T/ours"

perl "$PH_SRC/t/corpus.pl" "$T/sent" 40 /usr/lib/python3.11/test/test_email/data >"$T/list"
head -n 20 "$T/list" >"$T/list.ours"
tail -n 20 "$T/list" >"$T/list.peer"
perl "$PH_SRC/t/inject.pl" 127.0.0.1 "$(instance_port "$T/ours")" 2 s@origin.example \
    nobody@peer.example <"$T/list.ours" >"$T/ack.ours"
is 'we take 20 messages' "$(wc -l <"$T/ack.ours")" 20
perl "$PH_SRC/t/inject.pl" 127.0.0.1 "$(peer_port peer)" 2 s@origin.example \
    user@box.example <"$T/list.peer" >"$T/ack.peer"
is 'the peer takes 20 messages' "$(wc -l <"$T/ack.peer")" 20

deferred() { [ "$(find "$T/$1/spool/deferred" -type f | wc -l)" = 20 ]; }
ok 'ours are deferred' wait_for 20 deferred ours
ok "the peer's are deferred" wait_for 20 deferred peer
instance_stop "$T/ours"
peer_stop peer

differ=0
for f in $(find "$T/ours/spool/deferred" "$T/peer/spool/deferred" -type f); do
	postcat "$f" >"$T/a" 2>&1
	peer peer postcat "$f" >"$T/b" 2>&1
	cmp -s "$T/a" "$T/b" || { differ=$((differ + 1)); diff "$T/a" "$T/b" | head -n 5 | sed 's/^/# /'; }
done
is 'postcat prints the same for all 40, ours and theirs' "$differ" 0

# Exchange the files: same file system, so each keeps the inode its name carries.
mkdir "$T/from-ours" "$T/from-peer"
find "$T/ours/spool/deferred" -type f -exec mv {} "$T/from-ours/" \;
find "$T/peer/spool/deferred" -type f -exec mv {} "$T/from-peer/" \;
chown postfix "$T"/from-ours/*
chown "$(instance_uid "$T/ours"):$(instance_gid "$T/ours")" "$T"/from-peer/*
touch "$T"/from-ours/* "$T"/from-peer/*
mv "$T"/from-ours/* "$T/peer/spool/incoming/"
mv "$T"/from-peer/* "$T/ours/spool/incoming/"
rm -f "$T"/ours/spool/defer/*/* "$T"/peer/spool/defer/*/*
sed -i '/^defer_transports/d' "$T/ours/etc/main.cf" "$T/peer/etc/main.cf"
must "the peer's instance starts" peer_start peer
must 'the instance starts' instance_start "$T/ours"

delivered() { [ "$(ls "$1" 2>/dev/null | wc -l)" = 20 ]; }
ok 'the peer delivers our files' wait_for 30 delivered "$T/peer/mail/nobody/new"
ok 'we deliver the files of the peer' wait_for 30 delivered "$T/ours/mail/box/new"
ok 'our messages came out unchanged' \
    perl "$PH_SRC/t/arrived.pl" exactly "$T/ack.ours" "$T/peer/mail/nobody"
ok "the peer's messages came out unchanged" \
    perl "$PH_SRC/t/arrived.pl" exactly "$T/ack.peer" "$T/ours/mail/box"
done_testing
