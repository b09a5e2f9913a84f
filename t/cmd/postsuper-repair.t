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
done_testing
