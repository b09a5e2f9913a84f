#!/bin/sh
# tables in a running instance: without an index, rebuilt while in use, broken
. "$(dirname "$0")/../lib.sh"

mkdir "$T/tables"
chmod 755 "$T" "$T/tables"
V=$T/tables/virtual
instance_new "$T/i"
export MAIL_CONFIG="$(instance_conf "$T/i")"
[ "$(id -u)" = 0 ] && owner=postfix || owner=$(id -un)
postconf -e 'virtual_alias_domains = v.example' \
    "virtual_alias_maps = hash:$V, regexp:$T/tables/re, cdb:$T/tables/gone" \
    'mydestination = box.example' 'myorigin = box.example' \
    'virtual_mailbox_domains = mb.example' \
    'virtual_mailbox_maps = inline:{one@mb.example=one/, two@mb.example=two/, three@mb.example=three/}' \
    "virtual_mailbox_base = $T/i/mail" 'virtual_minimum_uid = 1' \
    "virtual_uid_maps = static:$(id -u $owner)" "virtual_gid_maps = static:$(id -g $owner)"
printf 'a@v.example one@mb.example\n' >"$V"
printf '/^r.*@v\\.example$/ two@mb.example\n' >"$T/tables/re"
printf 'never a@b\n' >"$T/tables/gone"
postmap "cdb:$T/tables/gone"
must 'the instance starts' instance_start "$T/i"
send() { printf 'Subject: %s\n\nx\n' "$1" | sendmail -f s@box.example "$1"; }
mails() { find "$T/i/mail/$1/new" -type f 2>/dev/null | wc -l; }
has() { [ "$(mails "$1")" = "$2" ]; }

send a@v.example
ok 'a table without an index is read from its source' wait_for 20 has one 1
ok 'the log says how to build it' wait_for 5 instance_logged "$T/i" "hash:$V has no index; using the text file $V. To build the index: postmap hash:$V"
send rx@v.example
ok 'patterns work beside it' wait_for 20 has two 1

# The advice is followed: the index is noticed though the source stays.
printf 'a@v.example three@mb.example\n' | postmap -i "hash:$V"
send a@v.example
ok 'the new index is used' wait_for 20 has three 1
printf 'a@v.example two@mb.example\n' >"$V"
postmap "hash:$V"
send a@v.example
ok 'a rebuilt index is noticed without a reload' wait_for 20 has two 2

# Each indexed type, by daemons that have it open all the time.
for type in gdbm lmdb cdb; do
	printf '%s@v.example one@mb.example\n' $type >"$T/tables/$type"
	postmap "$type:$T/tables/$type"
done
postconf -e "virtual_alias_maps = hash:$V, gdbm:$T/tables/gdbm, lmdb:$T/tables/lmdb, cdb:$T/tables/cdb, regexp:$T/tables/re, cdb:$T/tables/gone"
postfix -c "$MAIL_CONFIG" reload >/dev/null 2>&1
count=$(mails one)
for type in gdbm lmdb cdb; do
	send $type@v.example
	count=$((count + 1))
	ok "$type is in use" wait_for 20 has one $count
done
count=$(mails three)
for type in gdbm lmdb cdb; do
	printf '%s@v.example three@mb.example\n' $type >"$T/tables/$type"
	postmap "$type:$T/tables/$type"
	send $type@v.example
	count=$((count + 1))
	ok "a rebuilt $type is noticed without a reload" wait_for 20 has three $count
done

# A table that cannot be opened defers what needs it, and nothing is lost.
rm "$T/tables/gone.cdb"
instance_reload "$T/i"
send b@v.example
ok 'a missing table is named' wait_for 10 instance_logged "$T/i" "open database $T/tables/gone.cdb: No such file or directory"
is 'nothing is bounced for it' "$(instance_log "$T/i" | grep -c 'status=bounced')" 0
instance_stop "$T/i"
done_testing
