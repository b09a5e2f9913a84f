#!/bin/sh
# postsuper: --export-queue and --import-queue move mail to another host: nothing lost, nothing twice
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/spool.sh"
S=$T/a/spool R=$T/b/spool A=$T/mail.tar

on() { MAIL_CONFIG=$T/$1/etc; export MAIL_CONFIG; }
host() {	# host NAME [main.cf lines]: an empty queue
	rm -rf "$T/$1"
	spool_new "$T/$1" "${2-}"
	[ "$(id -u)" != 0 ] || chown "$spool_owner" "$T/$1"
}
fresh() {	# two deferred messages with logs, one on hold, one that pickup has not seen
	rm -f "$A"
	host b "${1-}"
	host a
	ids=$(queue-put -q deferred -s a@list.example -d 3600 -n 2 b@one.example)
	ids="$ids $(queue-put -q hold -s a@list.example c@one.example)"
	for id in $ids; do
		mkdir -p "$S/defer/$(printf %.1s "$id")"
		echo "log of $id" >"$S/defer/$(printf %.1s "$id")/$id"
		echo "bounces of $id" >"$S/bounce/$id"
	done
	spool_own "$T/a"
}
mail() { (cd "$1" && find maildrop incoming active deferred hold defer bounce trace -type f | sort); }
sums() { (cd "$1" && find deferred hold -type f -exec md5sum -b {} \; | cut -d' ' -f1 | sort); }

fresh
before=$(mail "$S") sums=$(sums "$S")
ok 'a dry run' said 0 'export 3 messages' --export-queue "$A" --dry-run ALL
ok 'without a yes' said 5 'refused' --export-queue "$A" ALL
is 'do nothing' "$(mail "$S"; ls "$T")" "$before
a
b
out"
ok 'nothing matches' said 3 'nothing matched' --export-queue "$A" --yes --select 'sender = nobody@list.example'
ok 'which ones must be said' said 1 'which messages' --export-queue "$A" --yes
ok 'exported' said 0 'exported: 3 messages' --export-queue "$A" --yes ALL
token=$(sed -n 's/.*--undo //p' "$T/out")
is 'nothing is left to be delivered here' "$(mail "$S")" ''
is 'one file is there, for its owner alone' "$(stat -c %a "$A"; ls "$T")" "600
a
b
mail.tar
out"
is 'any tar reads it' "$(tar tf "$A" | wc -l)" 10
like 'the manifest' "$(tar xOf "$A" manifest.jsonl | jq -s -r 'first | "\(.format) \(.v) \(.messages) \(.host)"')" '^posthorn-queue 1 3 test.example$'
ok 'is not overwritten' said 1 'is there already' --export-queue "$A" --yes ALL

on b
ok 'looked at' said 0 'import 3 messages of test.example' --import-queue "$A" --dry-run
is 'is not imported' "$(mail "$R")" ''
ok 'imported' said 0 'imported: 3 messages, on hold' --import-queue "$A" --yes
is 'the same mail' "$(sums "$R")" "$sums"
is 'all on hold' "$(find "$R/hold" -type f | wc -l)" 3
is 'sound, and each with the name of its inode' "$(postsuper --verify)" '9 files, 0 findings'
is 'logs are those of their messages' "$(for f in "$R"/hold/*; do
	id=${f##*/}
	[ -f "$R/bounce/$id" ] && [ -f "$R/defer/$(printf %.1s "$id")/$id" ] && echo yes
done | sort | uniq -c | tr -s ' ')" ' 3 yes'
ok 'but once' said 5 'was imported here before' --import-queue "$A" --yes
is 'nothing came twice' "$(find "$R/hold" -type f | wc -l)" 3
like 'the journal knows' "$(postsuper --journal)" 'import'

on a
ok 'undone here' said 0 'restored: 3' --undo "$token" --yes
like 'with a warning' "$(cat "$T/out")" 'warning: the messages are in an archive, too .export [0-9a-f]{32} to .*mail.tar.: from now on it must not be imported'
is 'they are on hold, since they are elsewhere, too' "$(sums "$S"; find "$S/hold" -type f | wc -l; find "$S/deferred" -type f)" "$sums
3"
rm "$A"
ok 'kept' said 0 'stay here, on hold' --export-queue "$A" --keep --yes ALL
is 'on hold' "$(find "$S/hold" -type f | wc -l)" 3

# A next attempt later than any here could be is due at once.
fresh 'maximal_backoff_time = 4000s'
set -- $ids
touch -d '+30 days' "$S/hold/$3"; chmod 710 "$S/hold/$3"; near=$(stat -c %Y "$(find "$S/deferred" -name "$1")")
postsuper --export-queue "$A" --yes "$1" "$3" >/dev/null 2>&1
on b
postsuper --import-queue "$A" --yes >/dev/null 2>&1
is 'times of the next attempt' "$(find "$R/hold" -type f -printf '%Ts\n' | while read -r t; do
	[ "$t" = "$near" ] && echo kept
	[ "$t" -le "$(date +%s)" ] && echo due
done | sort | tr '\n' ' ')" 'due kept '
is 'the request to expire is kept' "$(find "$R/hold" -type f -printf '%m\n' | sort | xargs)" '700 710'
fresh
set -- $ids
touch -d 1960-01-01 "$S/hold/$3"
postsuper --export-queue "$A" --yes "$3" >/dev/null 2>&1
on b
postsuper --import-queue "$A" --yes >/dev/null 2>&1
ok 'a time before all times is now' [ "$(find "$R/hold" -type f -printf '%Ts' | cut -d. -f1)" -gt 1000000000 ]

fresh 'enable_long_queue_ids = yes'
postsuper --export-queue "$A" --yes --select 'queue = deferred' >/dev/null 2>&1
is 'a selection' "$(find "$S/hold" "$S/deferred" -type f | wc -l)" 1
on b
ok 'released' said 0 '"undo": false, "done": 2' --import-queue "$A" --release --yes --json
ok 'is for import alone' said 1 'does not go with' --import-queue "$A" --hold --yes
is 'are deferred, with long names' "$(find "$R/deferred" -type f -name '??????????*z*' | wc -l)" 2
is 'and sound' "$(postsuper --verify)" '6 files, 0 findings'

# A delivery that is going on is waited for: its recipient is not exported as if it had not got it.
fresh
mkfifo "$T/go"
busy=$(find "$S/deferred" -type f | head -1)
flock -s "$busy" sh -c "echo >'$T/locked'; read word <'$T/go'" &
wait_for 5 test -f "$T/locked"
postsuper --export-queue "$A" --yes ALL >"$T/out" 2>&1 </dev/null &
exporter=$!
all_held() { [ "$(find "$S/hold" -type f | wc -l)" = 3 ]; }
ok 'all go on hold' wait_for 5 all_held
ok 'and there is no archive yet' [ ! -f "$A" ]
echo >"$T/go"
wait "$exporter"
is 'until it has ended' "$(cat "$T/out" | head -1; find "$S/hold" -type f)" "exported: 3 messages to $A"
rm -f "$T/go" "$T/locked"

# What fails leaves everything as it was.
fresh
queue-put -q maildrop -s a@list.example b@one.example >/dev/null
spool_own "$T/a"
ok 'what pickup has not taken stays' said 4 'pickup has not taken it' --export-queue "$A" --yes ALL
is 'and is all that stays' "$(mail "$S" | sed 's,/.*,,')" 'maildrop'
fresh
last=$(find "$S/deferred" -type f -name '*' | tail -1); last=${last##*/}
rm "$S/bounce/$last"; mkdir "$S/bounce/$last"
placed() { (cd "$S" && find deferred hold defer bounce -type f -printf '%p %i %T@ %m\n' | sort); }
before=$(placed)
ok 'a log that cannot be read: there will be no archive' said 1 'Is a directory' --export-queue "$A" --yes ALL
like 'the messages had been on hold for it' "$(postsuper --journal)" 'hold: 3|hold: 2'
is 'everything is back in its queue, with its times' "$(placed)" "$before"
no_temp() { [ "$(ls "$T")" = 'a
b
out' ]; }
ok 'and no file is left' wait_for 5 no_temp

# Archives from strangers.
fresh
postsuper --export-queue "$A" --yes ALL >/dev/null 2>&1
on b
hostile() {	# hostile NAME REGEX: $T/bad.tar is refused, and nothing is left of it
	ok "$1: refused" said 1 "$2" --import-queue "$T/bad.tar" --yes
	is "$1: leaves nothing" "$(mail "$R")" ''
}
# remake PYTHON: change the members (a list of [TarInfo, bytes]) of the archive
remake() {
	python3 - "$A" "$T/bad.tar" "$1" <<-'EOT'
	import sys, tarfile, io
	src = tarfile.open(sys.argv[1])
	m = [[i, src.extractfile(i).read()] for i in src]
	exec(sys.argv[3])
	out = tarfile.open(sys.argv[2], 'w', format=tarfile.USTAR_FORMAT)
	for i, data in m:
	    if i.isreg(): i.size = len(data)
	    out.addfile(i, io.BytesIO(data) if i.isreg() else None)
	out.close()
	EOT
}
remake 'm[0][0].name = "/etc/passwd"'; hostile 'an absolute path' 'bad.tar: offset 0: a name with a directory'
remake 'm[0][0].name = "../x"'; hostile 'a way out' 'a name with a directory'
remake 'm[0][0].type = tarfile.SYMTYPE; m[0][0].linkname = "x"'; hostile 'a link' 'a link'
remake 'm[0][0].type = tarfile.CHRTYPE'; hostile 'a device' 'no plain file'
remake 'm[0][0].type = tarfile.DIRTYPE'; hostile 'a directory' 'a directory|with a directory'
remake 'm.insert(1, m[0])'; hostile 'a file twice' 'is there twice'
remake 'm[0][1] = m[0][1][:-1] + b"x"'; hostile 'another content' 'has another checksum'
remake 'm[0][1] += b"x"'; hostile 'another size' 'not as large'
remake 'del m[0]'; hostile 'a file missing' 'in the manifest alone'
remake 'del m[-1]'; hostile 'no manifest' 'manifest.jsonl: is missing'
remake 'i = tarfile.TarInfo("EXTRA"); m.insert(0, [i, b"x"])'; hostile 'a file too many' 'does not name all files'
remake 'm[-1][1] = b"x" + m[-1][1]'; hostile 'a damaged manifest' 'is damaged'
remake 'm[-1][1] += m[-1][1].splitlines(True)[1]'; hostile 'a manifest that repeats itself' 'in the manifest twice'
remake '
import hashlib, json
for i, (info, data) in enumerate(m[:-1]):
    if "." in info.name: continue
    old = hashlib.sha256(data).hexdigest()
    data = data[:200] + b"\377" * (len(data) - 200)
    m[i][1] = data
    m[-1][1] = m[-1][1].replace(old.encode(), hashlib.sha256(data).hexdigest().encode())
    break'
hostile 'no queue file' 'is no sound queue file'
# bend PYTHON: an archive whose first message, d, is another, and whose manifest says so
bend() {
	remake "
import hashlib
for i, (info, d) in enumerate(m[:-1]):
    if '.' in info.name: continue
    old = hashlib.sha256(d).hexdigest()
    d = bytearray(d); $1; d = bytes(d)
    m[i][1] = d
    m[-1][1] = m[-1][1].replace(old.encode(), hashlib.sha256(d).hexdigest().encode())
    break"
}
bend "d[d.index(b'S\x0ea@list')] = ord('A')"; hostile 'no sender' 'is no sound queue file'
bend "d[d.index(b'T', 97)] = ord('A')"; hostile 'no time of arrival' 'is no sound queue file'
bend "d[-2] = ord('A')"; hostile 'no end' 'is no sound queue file'
bend "d[:] = d.replace(b'R\rb@one', b'D\rb@one').replace(b'R\rc@one', b'D\rc@one')"; hostile 'nobody left' 'is no sound queue file'
head -c 1500 "$A" >"$T/bad.tar"; hostile 'a cut archive' 'is cut'
head -c -1024 "$A" >"$T/bad.tar"; hostile 'an end cut off' 'is cut'
{ cat "$A"; printf x; } >"$T/bad.tar"; hostile 'something behind the end' 'behind the end'
cp "$A" "$T/bad.tar"; printf 77777777777 | dd of="$T/bad.tar" bs=1 seek=124 conv=notrunc status=none
hostile 'a header that was changed' 'wrong checksum of a header'
head -c 100 /dev/urandom >"$T/bad.tar"; hostile 'no archive' 'is cut'
rmdir "$R/bounce"; : >"$R/bounce"
ok 'a log that cannot be written' said 1 'bounce' --import-queue "$A" --yes
is 'leaves nothing of the messages' "$(mail "$R" | grep -v '^bounce$')" ''
rm "$R/bounce"; mkdir -m 700 "$R/bounce"; spool_own "$T/b"
ok 'the good one is still welcome' said 0 'imported: 3' --import-queue "$A" --yes
ok 'an import is not what --undo takes back' said 3 'no action to undo' --undo last --yes

# One host: what is here, or came back, is not imported; what was imported does not come back.
fresh
postsuper --export-queue "$A" --keep --yes ALL >/dev/null 2>&1
ok 'what was kept is not imported' said 5 'mail.tar: its message .* is here, in hold' --import-queue "$A" --yes
is 'nor is anything else' "$(find "$S/hold" "$S/deferred" -type f | wc -l)" 3
postsuper --delete --no-undo --yes ALL >/dev/null 2>&1
ok 'what was lost is' said 0 'imported: 3 messages' --import-queue "$A" --yes
fresh
postsuper --export-queue "$A" --yes ALL >"$T/out" 2>&1
token=$(sed -n 's/.*--undo //p' "$T/out")
is 'the trash tells the archive' "$(postsuper --trash --json | jq -r .archive)" "$(tar xOf "$A" manifest.jsonl | jq -r -s '.[0].archive')"
postsuper --import-queue "$A" --release --yes >/dev/null 2>&1
ok 'what was imported is not undone' said 1 'would be here twice' --undo "$token" --yes
is 'each message is here once' "$(find "$S/hold" "$S/deferred" "$S/incoming" -type f | wc -l)" 3
fresh
postsuper --export-queue "$A" --yes ALL >"$T/out" 2>&1
postsuper --undo "$(sed -n 's/.*--undo //p' "$T/out")" --yes --select 'sender = a@list.example' >/dev/null 2>&1
postsuper -d ALL 2>/dev/null
ok 'what came back, and may be delivered by now, is not imported' said 5 'came back by the undo' --import-queue "$A" --yes
is 'nothing of it' "$(mail "$S" | grep -v '^bounce\|^defer')" ''

# Killed at each step: afterwards the import can be completed, and nothing is there twice.
crash= killed=0
for n in 1 3 5 8 12 16 20 24 30 40 60; do
	host b
	kill-at "$n" postsuper --import-queue "$A" --yes >/dev/null 2>&1 </dev/null
	[ $? != 137 ] || killed=$((killed + 1))
	postsuper --import-queue "$A" --yes >"$T/out" 2>&1 </dev/null
	rc=$?
	count=$(find "$R/hold" -type f -perm -700 | wc -l)
	{ [ $rc = 0 ] || { [ $rc = 5 ] && grep -q 'before' "$T/out"; }; } && [ "$count" = 3 ] ||
	    crash="$crash$n: status $rc, $count messages; "
done
is 'killed and done again' "$crash" ''
# An export that is killed leaves its messages where they were, on hold, or in trash with the archive.
for n in 1 3 5 8 12 16 20 24 30 40 60 80; do
	fresh
	kill-at "$n" postsuper --export-queue "$A" --yes ALL >/dev/null 2>&1 </dev/null
	[ $? != 137 ] || killed=$((killed + 1))
	count=$(find "$S/deferred" "$S/hold" -type f | wc -l) free=$(find "$S/deferred" -type f | wc -l)
	trash=$(find "$S/trash" -type f -perm -700 2>/dev/null | wc -l)
	{ [ $((count + trash)) = 3 ] && { [ -f "$A" ] || [ "$count" = 3 ]; } && { [ ! -f "$A" ] || [ "$free" = 0 ]; } &&
	    [ $trash -le 3 ]; } || crash="$crash$n: $count here, $trash in trash; "
done
is 'an export that is killed loses nothing and frees nothing' "$crash" ''
ok 'they were killed indeed' [ $killed -gt 10 ]
done_testing
