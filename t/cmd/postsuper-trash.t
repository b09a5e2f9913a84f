#!/bin/sh
# postsuper: what can go wrong with the trash: no rights, no space, another file system, a crash
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/spool.sh"
S=$T/a/spool
away=
leave() { [ -z "$away" ] || rm -rf "$away"; mountpoint -q "$T/small" && umount "$T/small"; }
on_exit leave

fresh() {	# three deferred messages with logs, one of them on hold
	rm -rf "$T/a"
	spool_new "$T/a" "${1-}"
	[ "$spool_uid" != 0 ] || chown "$spool_owner" "$T/a"
	ids=$(queue-put -q deferred -s a@list.example -d 3600 -n 2 b@one.example)
	ids="$ids $(queue-put -q hold -s a@list.example c@one.example)"
	for id in $ids; do
		logs=$S/defer/${id%"${id#?}"}
		[ -d "$logs" ] || mkdir "$logs"
		echo "log of $id" >"$logs/$id"
		echo "bounces of $id" >"$S/bounce/$id"
	done
	spool_own "$T/a"
}
# picture: every file of the queues: where, inode, mode, times, content
picture() {
	(cd "$S" && find maildrop incoming active deferred hold bounce defer trace -type f -printf '%p %i %m %T@ ' -exec md5sum -b {} \; | sort)
}

fresh
before=$(picture)
ok 'deleted' said 0 'deleted: 3 messages' --delete --yes ALL
is 'nothing is left in the queues, logs neither' "$(picture)" ''
ok 'undone' said 0 'restored: 3 messages' --undo last --yes
is 'inode, mode, times, content and logs are as they were' "$(picture)" "$before"

# No rights.
if [ "$(id -u)" = 0 ]; then
	mkdir "$S/trash.mine"; rmdir "$S/trash"; mv "$S/trash.mine" "$S/trash"; chown "$spool_owner" "$S/trash"
fi
chmod 500 "$S/trash"
ok 'a trash that cannot be written' said 1 'make directory trash/.*: Permission denied' --delete --yes ALL
like 'the way out is told' "$(cat "$T/out")" '--no-undo'
is 'nothing happened' "$(picture)" "$before"
ok 'the way out' said 0 'deleted: 3' --delete --no-undo --yes ALL
is 'deletes' "$(picture)" ''
fresh
before=$(picture)
chmod 500 "$T/a"
ok 'a journal that cannot be written' said 1 'actions.jsonl: Permission denied' --delete --yes ALL
is 'nothing happened either' "$(picture)" "$before"
is 'and nothing is left behind' "$(find "$S/trash" -mindepth 1)" ''
ok 'for good, it is a warning' said 0 'warning: not in the journal' --delete --no-undo --yes ALL
chmod 755 "$T/a"

# Undo of those with a reason: their logs are in the trash, too.
fresh
log_of() {	# log_of ID REASON LOCAL-PART
	printf '\nrecipient=%s@one.example\nstatus=4.4.1\naction=delayed\nreason=%s\n\n' "$3" "$2" >"$S/defer/$(printf %.1s "$1")/$1"
}
n=0
for id in $ids; do
	n=$((n + 1))
	case $n in
	1) log_of "$id" 'connect to mx.example[192.0.2.1]:25: Connection refused' b ;;
	2) log_of "$id" 'mailbox is full' b ;;
	3) log_of "$id" 'mailbox is full' c ;;
	esac
done
one=$(echo $ids | cut -d" " -f1)
postsuper --delete --yes ALL >/dev/null 2>&1
is 'what is in the trash is listed when it is asked for' "$(postqueue --select 'queue = trash' --format ids | sort)" "$(printf '%s\n' $ids | sort)"
is 'with its reasons' "$(postqueue --select 'queue = trash and class = connect' --format ids)" "${ids%%[!0-9A-F]*}"
is 'and only then' "$(postqueue --select 'age < 1d or subject ~ "trash"' --format ids)" ''
ok 'there is no other way out of it' said 3 'nothing matched' --hold --yes --select 'queue = trash'
ok 'the class of a reason tells which are restored' said 0 'restored: 1 message$' --undo last --yes --select 'class = connect'
ok 'that one' test -n "$(find "$S" -name "$one" -path '*/deferred/*')"
ok 'so does the text' said 0 'restored: 2 messages' --undo last --yes --select 'reason ~ "is full"'

# A bounce of what somebody is delivering.
fresh
one=${ids##* }
flock -o -s "$S/hold/$one" -c "touch $T/locked; exec sleep 60" &
agent=$!
wait_for 10 test -f "$T/locked"
ok 'what is being delivered is not bounced' said 4 'is being delivered now' --bounce --reason why --yes "$one"
ok 'and still on hold' test -f "$S/hold/$one"
kill -- "$agent" $(ps -o pid= --ppid "$agent"); wait "$agent" 2>/dev/null
ok 'afterwards it is' said 0 'returned to sender: 1' --bounce --reason why --yes "$one"

# Another file system.
if [ -d /dev/shm ] && [ -w /dev/shm ] && [ "$(stat -c %d /dev/shm)" != "$(stat -c %d "$T")" ]; then
	away=$(mktemp -d /dev/shm/posthorn-t.XXXXXX)
	[ "$(id -u)" != 0 ] || chown "$spool_owner" "$away"
	fresh
	held=${ids##* }
	sum=$(md5sum <"$S/hold/$held")
	times=$(stat -c '%a %Y' "$S/hold/$held")
	ln -s "$away" "$S/trash"
	exec 9<"$S/hold/$held"	# its inode stays in use, so that no copy gets it
	ok 'a trash on another file system takes copies' said 0 'deleted: 3 messages' --delete --yes ALL
	is 'the originals are gone' "$(picture)" ''
	ok 'undo says the new ID' said 0 "^$held is [0-9A-F]+ now" --undo last --yes
	exec 9<&-
	new=$(sed -n "s/^$held is \(.*\) now/\1/p" "$T/out")
	is 'the same time part, its own inode' "$new" "$(printf %.5s "$held")$(printf %X "$(stat -c %i "$S/hold/$new")")"
	is 'the content is the same' "$(md5sum <"$S/hold/$new")" "$sum"
	is 'mode and time too' "$(stat -c '%a %Y' "$S/hold/$new")" "$times"
	is 'its logs have its name' "$(cat "$S/bounce/$new" "$S/defer/$(printf %.1s "$new")/$new")" "bounces of $held
log of $held"
	is 'three messages again' "$(picture | grep -c -e ^deferred -e ^hold)" 3
	is 'nothing is left in the trash' "$(find "$away" -mindepth 1)" ''
	# What was killed between the copy and the removal.
	cp -p "$S/hold/$new" "$T/kept"
	postsuper --delete --yes "$new" >/dev/null 2>&1
	mv "$T/kept" "$S/hold/$new"
	ok 'what is still in its queue is not put there twice' said 0 'restored: 0 messages, nothing: 1' --undo last --yes
	is 'and still there once' "$(find "$S/hold" -type f | wc -l)" 1
	rm -f "$away"/*/* "$S/hold"/*; rmdir "$away"/*

	# An edit keeps its original there, too.
	held=$(queue-put -q hold -s a@list.example c@one.example); spool_own "$T/a"
	sum=$(md5sum <"$S/hold/$held")
	ok 'an edit with its trash there' said 0 'edited: 1 message' --edit --set-sender new@list.example --yes "$held"
	ok 'is undone' said 0 'restored: 1 message' --undo last --yes
	held=$(basename "$S"/hold/*)
	is 'with the original content' "$(md5sum <"$S/hold/$held")" "$sum"
	is 'and nothing else' "$(find "$S/hold" -type f | wc -l)$(find "$away" -mindepth 1)" 1

	# What somebody delivers is not copied: nobody would learn whom he reached.
	flock -o -s "$S/hold/$held" -c "touch $T/locked2; exec sleep 60" &
	agent=$!
	wait_for 10 test -f "$T/locked2"
	ok 'what is being delivered is not copied' said 4 'is being delivered now' --delete --yes "$held"
	ok 'and where it was' test -f "$S/hold/$held"
	kill -- "$agent" $(ps -o pid= --ppid "$agent"); wait "$agent" 2>/dev/null

	# Killed anywhere; then what is in the queues is delivered; then undone, killed anywhere again.
	deliver() {	# each ready message once, by its content
		find "$S/deferred" "$S/hold" -type f ! -name '*.*' -perm -100 -exec md5sum {} \; -delete | cut -c1-32 >>"$T/delivered"
	}
	sums() { find "$S/deferred" "$S/hold" -type f -exec md5sum {} \; | cut -c1-32 | sort; }
	away_fresh() { rm -rf "${away:?}"/*; fresh; rm "$S"/deferred/*/*; ln -s "$away" "$S/trash"; : >"$T/delivered"; }
	if command -v kill-at >/dev/null && { kill-at 0 true 2>/dev/null; [ $? != 125 ]; }; then
		n=1 bad=
		while :; do
			away_fresh
			want=$(sums)
			kill-at $n postsuper --delete --yes ALL >"$T/out" 2>&1
			rc=$?
			[ $((n % 2)) = 0 ] || deliver
			postsuper --undo last --yes >"$T/out" 2>&1
			deliver
			[ "$(sort "$T/delivered")" = "$want" ] || bad="$bad $n: $(cat "$T/out")"
			[ $rc = 137 ] || break
			n=$((n + 1))
		done
		is 'a copying delete that is killed, delivery, undo: each message once' "$bad" ''
		ok 'killed often enough' [ $n -gt 25 ]
		n=1 bad=
		while :; do
			away_fresh
			want=$(sums)
			postsuper --delete --yes ALL >"$T/out" 2>&1
			kill-at $n postsuper --undo last --yes >"$T/out" 2>&1
			rc=$?
			[ $((n % 2)) = 0 ] || deliver
			postsuper --undo last --yes >>"$T/out" 2>&1
			deliver
			[ "$(sort "$T/delivered")" = "$want" ] || bad="$bad $n: $(cat "$T/out")"
			[ $rc = 137 ] || break
			n=$((n + 1))
		done
		is 'an undo of copies that is killed, delivery, undo: each message once' "$bad" ''
		ok 'killed often enough' [ $n -gt 25 ]
	fi
	rm -rf "$away"; away=
fi

# No space: a small file system of its own.
mkdir "$T/small"
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=1m,mode=755 none "$T/small" 2>/dev/null; then
	fresh
	cp -a "$S" "$T/small/"
	echo "queue_directory = $T/small/spool" >>"$T/a/etc/main.cf"
	sed -i "/^queue_directory = .*a.spool/d" "$T/a/etc/main.cf"
	S=$T/small/spool
	for f in "$S"/deferred/*/* "$S"/hold/*; do	# names carry their inodes again
		mv "$f" "${f%/*}/$(basename "$f" | cut -c1-5)$(printf %X "$(stat -c %i "$f")")"
	done
	postsuper --trash >"$T/out" 2>&1
	before=$(picture)
	dd if=/dev/zero of="$T/small/ballast" bs=4k 2>/dev/null
	like 'a full disk is told' "$(postsuper --delete --dry-run ALL)" 'almost full, and the trash frees nothing: --no-undo does'
	ok 'a full disk refuses' said 1 'No space left on device' --delete --yes ALL
	is 'and loses nothing' "$(picture)" "$before"
	ok 'but deletes for good' said 0 'deleted: 3 messages' --delete --no-undo --yes ALL
	is 'with the logs' "$(picture | grep -v '^bounce\|^defer')" ''
	# More than posthorn_trash_limit of it: the oldest go, no more than needed.
	rm -rf "$T/small"/ballast "$S"/trash/*
	echo 'posthorn_trash_limit = 50' >>"$T/a/etc/main.cf"
	for n in 1 2 3 4 5 6; do
		before=$id
		id=$(queue-put -q hold -b 100000 -s a@list.example b@one.example); chown "$spool_owner" "$S/hold/$id"
		postsuper --delete --yes "$id" >/dev/null 2>&1
	done
	is 'what is over the limit goes when something is done, not when it is looked at' "$(for i in 1 2; do postsuper --trash --json | wc -l; done | xargs)" '5 5'
	ok 'what came just before is kept' test -e "$(find "$S/trash" -name "$before")"
	echo 'posthorn_trash_limit = 1' >>"$T/a/etc/main.cf"
	id=$(queue-put -q hold -b 100000 -s a@list.example b@one.example); chown "$spool_owner" "$S/hold/$id"
	like 'one that is over the limit alone is warned about' "$(postsuper --delete --yes "$id" 2>&1)" 'warning: more than posthorn_trash_limit: the next action will purge it'
	is 'and kept until then' "$(find "$S/trash" -type f -name '[0-9A-F]*' ! -name '*.*')" "$(find "$S/trash" -name "$id")"
	S=$T/a/spool
	umount "$T/small"
fi

# Killed before each system call that changes something.
if command -v kill-at >/dev/null; then
	n=1 bad=0 worst=
	while :; do
		fresh
		before=$(picture)
		kill-at $n postsuper --delete --yes ALL >"$T/out" 2>&1
		rc=$?
		[ $rc != 125 ] || break
		there=$(find "$S/deferred" "$S/hold" "$S/trash" -type f ! -name '*.*' 2>/dev/null | wc -l)
		[ "$there" = 3 ] || { bad=$((bad + 1)); worst="$n: $there messages"; }
		postsuper --undo last --yes >"$T/out" 2>&1
		[ "$(picture)" = "$before" ] || { bad=$((bad + 1)); worst="$n: $(cat "$T/out")"; }
		[ $rc = 137 ] || break
		n=$((n + 1))
	done
	is "killed at any of $n calls, nothing is lost, and undo restores all" "$bad$worst" 0
	[ $rc = 125 ] || ok 'there were enough of them' [ $n -gt 15 ]
fi

# The short option, when it is asked to.
fresh 'posthorn_trash_classic = yes'
before=$(picture)
first=${ids%%
*}
is '-d says what it always says' "$(postsuper -d "$first" 2>&1)" "postsuper: $first: removed
postsuper: Deleted: 1 message"
is '-d ALL too' "$(postsuper -d ALL 2>&1 | tail -n 1)" 'postsuper: Deleted: 2 messages'
is 'all are deleted' "$(picture)" ''
postsuper --undo last --yes >"$T/out"; postsuper --undo last --yes >"$T/out"
is 'and can be taken back' "$(picture)" "$before"
done_testing
