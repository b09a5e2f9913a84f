#!/bin/sh
# postmap: an index whose owner may not make files in its directory
. "$(dirname "$0")/../lib.sh"
[ "$(id -u)" = 0 ] || skip_all 'only root can give files away'

mkdir "$T/conf"
echo 'compatibility_level = 3.6' >"$T/conf/main.cf"
export MAIL_CONFIG="$T/conf"
umask 022
user=65534
as_user() { setpriv --reuid $user --regid $user --clear-groups env PATH="$PATH" "$@"; }

# place NAME: a directory of root's with a source of the user's
place() {
	mkdir "$T/$1"; cd "$T/$1" || exit 1
	echo 'key old' >t; chown $user:$user t
}
change() { echo 'key new' >t; }
value() { postmap -q key "$1:t"; }
owner() { stat -c %u:%g:%a "$1"; }

for type in gdbm lmdb cdb; do
	place root-$type
	ok "$type: made in a directory of root's" postmap $type:t
	is "$type: for the owner of the source" "$(owner t.$type)" $user:$user:644
	chgrp 7 t.$type; chmod 640 t.$type; change
	ok "$type: made again" postmap $type:t
	is "$type: with what the source says now" "$(value $type)" new
	[ $type = cdb ] || is "$type: group and mode stay" "$(owner t.$type)" $user:7:640
	is "$type: nothing else is left" "$(ls | tr '\n' ' ')" "t t.$type "

	# What a crash left: root's, before it was handed over; the user's; another's.
	for left in 0 $user 1; do
		echo junk >t.$type.tmp; chown $left t.$type.tmp
		ok "$type: what user $left left is in nobody's way" postmap $type:t
	done
	is "$type: the user's index" "$(value $type) $(stat -c %u t.$type) $(ls | tr '\n' ' ')" "new $user t t.$type "
	(ulimit -f 0; trap '' XFSZ; at_once postmap $type:t) 2>err
	is "$type: what fails leaves nothing" "$(value $type) $(ls | tr '\n' ' ')" "new err t t.$type "
	rm err

	# Root gives nothing away that was not the user's.
	chown 0:0 t.$type; change
	ok "$type: an index of root's is not the user's to change" fails_with 1 at_once postmap $type:t
	is "$type: root is told why" "$(at_once postmap $type:t 2>&1)" "postmap: warning: $type:t is built with the rights of user $user, who owns its source; -o keeps those of root
postmap: fatal: open database t.$type.tmp: Permission denied"
	rm t.$type; chmod 775 .
	ok "$type: a directory that others may write to is not root's alone" fails_with 1 at_once postmap $type:t
	chmod 755 .; chown 1 .
	ok "$type: nor is that of a third user" fails_with 1 at_once postmap $type:t
	chown 0 .; mkdir other; chown $user other; mv t other/real; ln -s other/real t
	ok "$type: nor is a source that only seems to be there" fails_with 1 at_once postmap $type:t
	is "$type: nothing was made" "$(ls | tr '\n' ' ')" 'other t '

	# The user's own directory leads to one of root's while root works in it.
	cd "$T" || exit 1
	mkdir trap-$type victim-$type; echo 'key x' >trap-$type/t
	chown -R $user trap-$type; ln -s ../victim-$type/t.$type trap-$type/t.$type
	ok "$type: a link to where nothing is" postmap $type:trap-$type/t
	is "$type: makes nothing there" "$(ls victim-$type)" ''
	echo secret >victim-$type/t.$type
	ln -sf ../victim-$type/t.$type trap-$type
	ok "$type: a link to what is not his" fails_with 1 at_once postmap $type:trap-$type/t
	is "$type: that is not changed" "$(ls victim-$type; cat victim-$type/t.$type)" "t.$type
secret"
done

# The owner himself, without root: lmdb can be changed in one step where it is.
place alone
postmap lmdb:t; seq 3000 | sed 's/.*/key& old/' >t; postmap lmdb:t
inode=$(stat -c %i t.lmdb)
seq 2000 | sed 's/.*/key& new/' >t
ok 'lmdb: the owner of an index rebuilds it in place' as_user postmap lmdb:t
is 'the file is the same' "$(stat -c %i t.lmdb)" "$inode"
is 'the entries are those of the source' "$(postmap -s lmdb:t | sort)" "$(tr ' ' '\t' <t | sort)"
is 'it knows its source' "$(postmap --if-stale lmdb:t; postmap --verify lmdb:t)" ''
seq 100000 | sed 's/.*/key& newer/' >t
ok 'many more entries fit' as_user postmap lmdb:t
is 'and are found' "$(postmap -q key99999 lmdb:t)" newer
cp t.lmdb before
seq 100000 | sed 's/.*/key& newest/' >t
ok 'no room: an error' fails_with 1 as_user sh -c 'ulimit -f 100; trap "" XFSZ; exec postmap lmdb:t'
like 'that names the table' "$(cat "$T/.out")" 'fatal: .*lmdb:t'
is 'and the old entries' "$(postmap -s lmdb:t | sort | sed -n '1p;$p')" "$(printf 'key1\tnewer\nkey99999\tnewer')"
for type in gdbm cdb; do
	chmod 777 .; as_user postmap $type:t; chmod 755 .
	ok "$type: cannot" fails_with 1 as_user postmap $type:t
	like "$type: and says where" "$(cat "$T/.out")" "^postmap: fatal: open database t.$type.tmp: Permission denied"
done
done_testing
