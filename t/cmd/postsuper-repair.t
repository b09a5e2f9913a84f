#!/bin/sh
# postsuper: --repair mends what is safe to mend, through the trash, and says what it cannot
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/spool.sh"
S=$T/a/spool

fresh() {	# one good message on hold
	rm -rf "$T/a"
	spool_new "$T/a"
	id=$(queue-put -q hold -s a@list.example b@one.example)
	own
}
own() { spool_own "$T/a"; [ "$(id -u)" != 0 ] || chown "$spool_owner" "$T/a"; }
picture() {
	(cd "$S" && find maildrop incoming active deferred hold bounce defer trace ! -type d -printf '%p %i %m %T@ %y ' \
	    \( -type f -exec md5sum -b {} \; -o -printf '\n' \) | sort)
}
# poke OFFSET TEXT: in the size record of the message
poke() { printf %s "$2" | dd of="$S/hold/$id" bs=1 seek="$1" conv=notrunc status=none; }

fresh
before=$(picture)
ok 'nothing to repair' said 3 'nothing to repair' --repair --yes
is 'nothing is done' "$(picture)" "$before"

: >"$S/bounce/NOBODY1"
mkdir "$S/defer/N"; echo reasons >"$S/defer/N/NOBODY1"
: >"$S/incoming/123456.789"; chmod 600 "$S/incoming/123456.789"; touch -d '8 days ago' "$S/incoming/123456.789"
: >"$S/incoming/4F2AB10C"; chmod 600 "$S/incoming/4F2AB10C"; touch -d '8 days ago' "$S/incoming/4F2AB10C"
: >"$S/incoming/4F2AB10D"; chmod 600 "$S/incoming/4F2AB10D"
ln -s /etc/passwd "$S/deferred/5F2AB10C"
chmod 722 "$S/hold/$id"
good=$(head -c 97 "$S/hold/$id" | md5sum)
poke 2 '              7'; poke 18 '              9'; poke 34 '              5'
touch -d '2025-01-01 00:00' "$S/hold/$id"
own
before=$(picture)
ok 'a dry run' said 0 'bounce/NOBODY1: is the log of no message \(goes to the trash\)' --repair --dry-run
like 'tells of each' "$(sort "$T/out")" 'mode 0722 means nothing \(gets a mode\)'
like 'and how' "$(cat "$T/out")" 'says 5 recipients, and there are 1 \(gets a size record\)'
ok 'without a yes' said 5 'refused' --repair
is 'change nothing' "$(picture)" "$before"
ok 'repaired' said 0 'repaired: 6 files' --repair --yes --note storm
token=$(sed -n 's/.*--undo //p' "$T/out")
is 'only the message is left, and what is still being written' "$(cd "$S" && find incoming deferred hold bounce defer ! -type d | sort)" "hold/$id
incoming/4F2AB10D"
is 'all is sound' "$(postsuper --verify)" '2 files, 0 findings'
is 'mode and time' "$(stat -c '%a %y' "$S/hold/$id")" '700 2025-01-01 00:00:00.000000000 +0000'
is 'the size record is what it was' "$(head -c 97 "$S/hold/$id" | md5sum)" "$good"
like 'the journal knows' "$(postsuper --journal)" 'repair.*storm'
ok 'undone' said 0 'restored' --undo last --yes
is 'everything is as it was' "$(picture)" "$before"
is 'the trash is empty' "$(ls "$S/trash")" ''
is "undo had the repair's token" "$(postsuper --journal --json | jq -rs 'map(select(.of != null)) | first.of')" "$token"

# Names, as -S.
fresh
mkdir -p "$S/defer/4"
mv "$S/hold/$id" "$S/hold/4F2AB10C"; echo reasons >"$S/defer/4/4F2AB10C"; chmod 722 "$S/hold/4F2AB10C"; own
ok 'a name of another inode, and a mode' said 0 'repaired: ' --repair --yes
is 'are sound' "$(postsuper --verify)" '2 files, 0 findings'
is 'the log went along' "$(cd "$S" && cat defer/*/"$(ls hold)")" reasons

# What cannot be mended.
fresh
head -c 300 "$S/hold/$id" >"$S/cut"; cat "$S/cut" >"$S/hold/$id"; rm "$S/cut"
before=$(picture)
ok 'a file that is cut' said 4 'cannot be repaired' --repair --yes
is 'is left alone' "$(picture)" "$before"
: >"$S/bounce/NOBODY1"; own
ok 'beside what can be' said 4 'repaired: 1 file' --repair --yes
like 'and named' "$(sed -n '/what is left/,$p' "$T/out")" "$id: .*cannot be repaired"

fresh
poke 34 '              5'
mkfifo "$T/go"
flock -s "$S/hold/$id" sh -c "echo >'$T/locked'; read word <'$T/go'" &
wait_for 5 test -f "$T/locked"
rm "$T/locked"
busy() { postsuper --repair --yes 2>&1 </dev/null | grep -q 'is being delivered'; }
ok 'what is being delivered is left alone' wait_for 5 busy
echo >"$T/go"; wait
ok 'afterwards it is repaired' said 0 '"done": 1, "left": 0' --repair --yes --json
ok 'no operand, no selection' said 1 'does not go with' --repair --select 'size > 1'
# A second name is somebody else's: what he reads is not changed.
fresh
ln "$S/hold/$id" "$T/a/other"; chmod 722 "$S/hold/$id"
ok 'a file with two names' said 4 'not repaired: .*has 2 links' --repair --yes
is 'is left as it is' "$(stat -c %a "$S/hold/$id")" 722

# Another depth of directories.
rm -rf "$T/a"; spool_new "$T/a"
ids=$(queue-put -q deferred -d 5000 -n 20 -s a@list.example b@one.example)
held=$(queue-put -q hold -s a@list.example b@one.example)
for i in $ids; do mkdir -p "$S/defer/$(printf %.1s "$i")"; echo "log of $i" >"$S/defer/$(printf %.1s "$i")/$i"; done
: >"$S/deferred/odd.name"
own
files() { (cd "$S" && find deferred hold defer -type f -printf '%f %i %m %T@\n' | sort); }
before=$(files)
ok 'all in its place' said 3 'moved: 0 of 41 files, 0 directories' --reorder --yes
echo 'hash_queue_depth = 3
hash_queue_names = deferred, hold' >>"$T/a/etc/main.cf"
sed -i '/^hash_queue_names = deferred, defer$/d' "$T/a/etc/main.cf"
ok 'a dry run counts' said 0 '^would be moved: 41 of 41 files' --reorder --dry-run
is 'and moves nothing' "$(ls "$S/hold")" "$held"
ok 'without a yes nothing is done' said 5 'so --yes is needed' --reorder
ok 'deeper, and flat' said 0 '^moved: 41 of 41 files, [0-9]+ director' --reorder --yes --note 'more disks'
is 'every file is where it belongs' "$(cd "$S" && find deferred hold defer -type f ! -name odd.name | sort)" \
    "$({
	for i in $ids; do
		echo "deferred/$i" | sed 's,/\(.\)\(.\)\(.\),/\1/\2/\3/\1\2\3,'
		echo "defer/$i"
	done
	echo "hold/$held" | sed 's,/\(.\)\(.\)\(.\),/\1/\2/\3/\1\2\3,'
    } | sort)"
is 'and nothing else of it has changed' "$(files)" "$before"
is 'directories that nobody wants are gone' "$(find "$S/defer" -mindepth 1 -type d)" ''
like 'the journal knows' "$(postsuper --journal | tail -n 1)" 'reorder: 41  by .*note: more disks'
ok 'which cannot be undone by the journal' said 1 'reorder cannot be undone' --undo "$(postsuper --journal --json | tail -n 1 | jq -r .token)" --yes
like 'but by the parameters' "$(sed -i '/^hash_queue_depth/d; s/^hash_queue_names.*/hash_queue_names = deferred, defer/' "$T/a/etc/main.cf"; postsuper --reorder --yes --json)" '"files": 41, "done": 41, "failed": 0'
is 'all as it was' "$(files)" "$before"
mkdir "$S/hold/x"; cp "$S/hold/$held" "$S/hold/x/"; own
ok 'another file there is not replaced' said 4 "hold/x/$held to hold/$held: File exists" --reorder --yes
is 'and both stay' "$(cd "$S" && find hold -type f | sort)" "hold/$held
hold/x/$held"
done_testing
