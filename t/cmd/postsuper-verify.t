#!/bin/sh
# postsuper: --verify finds what is wrong with a queue, and nothing where nothing is
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/spool.sh"
S=$T/a/spool

# findings CASE: of a spool that holds this one, but for its name, which was another inode's
findings() {
	rm -rf "$T/a"
	spool_new "$T/a"
	spool_golden "$T/a" "$1"
	postsuper --verify 2>&1 | grep -v -e ' files*, ' -e 'its name says inode' -e 'stands in the wrong place'
}
clean=
for meta in "$PH_SRC"/t/data/queue/*/meta.txt; do
	case=$(basename "$(dirname "$meta")")
	case $case in bad-*|flush-log) continue ;; esac
	got=$(findings "$case")
	[ -z "$got" ] || clean="$clean$case: $got
"
done
is 'nothing in what is sound' "$clean" ''
for pair in 'bad-no-end:no end record' 'bad-truncated:unexpected EOF|no end record' 'bad-type:no place here' \
    'bad-rcpt-count:says [0-9]+ recipients, and there are' 'bad-no-sender:no sender record' \
    'bad-no-time:no arrival time' 'bad-no-size:no size record' 'bad-two-senders:a second sender' \
    'bad-pointer-loop:reverse jump' 'bad-size-text:size record' 'bad-empty:no end record' \
    'bad-length-eof:unexpected EOF'; do
	like "${pair%%:*} is found" "$(findings "${pair%%:*}")" "${pair#*:}"
done

rm -rf "$T/a"; spool_new "$T/a"
id=$(queue-put -q hold -s a@list.example b@one.example); spool_own "$T/a"
is 'a good message in its place' "$(postsuper --verify)" '1 file, 0 findings'
cp -p "$S/hold/$id" "$T/sound"
printf %15d 7 | dd of="$S/hold/$id" bs=1 seek=2 conv=notrunc status=none
like 'a size that is not there' "$(postsuper --verify)" 'the size record says 7 bytes of content, and there are [0-9]+'
cat "$T/sound" >"$S/hold/$id"
chmod 722 "$S/hold/$id"
like 'a mode without meaning' "$(postsuper --verify)" "hold/$id: mode 0722 means nothing"
ok 'something found is status 4' fails_with 4 postsuper --verify
chmod 700 "$S/hold/$id"
ln "$S/hold/$id" "$T/a/other"
like 'another link' "$(postsuper --verify)" 'has 2 links'
rm "$T/a/other"
: >"$S/bounce/NOBODY1"; spool_own "$T/a"
like 'a log of nobody' "$(postsuper --verify)" 'bounce/NOBODY1: is the log of no message'
rm "$S/bounce/NOBODY1"
mv "$S/hold/$id" "$S/hold/x.$id"
like 'a name that nobody delivers' "$(postsuper --verify)" 'is no queue ID'
ok 'as JSON' sh -c "postsuper --verify --json | jq -se 'first.event == \"finding\" and last.findings == 1'"

# Names and places.
anew() {	# one good message, in deferred; $file is it
	rm -rf "$T/a"; spool_new "$T/a"
	[ "$(id -u)" != 0 ] || chown "$spool_owner" "$T/a"
	id=$(queue-put -q deferred -s a@list.example b@one.example); spool_own "$T/a"
	file=$(find "$S/deferred" -name "$id")
}
anew
cp -p "$file" "$file.copy"; mv "$file.copy" "$file"
like 'a file that was copied' "$(postsuper --verify)" "$id: its name says inode [0-9]+, and it is [0-9]+"
anew
hash=$(printf %.1s "$id"); other=$([ "$hash" = A ] && echo B || echo A)
mkdir -m 700 "$S/deferred/$other" "$S/defer/$hash" "$S/defer/$other"
echo x >"$S/defer/$hash/$id"; chmod 600 "$S/defer/$hash/$id"; spool_own "$T/a"
is 'a message and its log' "$(postsuper --verify)" '2 files, 0 findings'
mv "$S/defer/$hash/$id" "$S/defer/$other/$id"
is 'a log in the wrong place' "$(postsuper --verify | head -n 1)" "defer/$other/$id: stands in the wrong place: it should be defer/$hash/$id"
mv "$S/defer/$other/$id" "$S/defer/$hash/$id"; mv "$file" "$S/deferred/$other/$id"
is 'a message in the wrong place' "$(postsuper --verify | head -n 1)" "deferred/$other/$id: stands in the wrong place: it should be deferred/$hash/$id"
mv "$S/deferred/$other/$id" "$S/corrupt/$id"
is 'a log of what is corrupt is no orphan' "$(postsuper --verify | grep "defer/")" ''
anew
mkfifo "$S/hold/0123456789" "$S/defer/0123456789"; mkdir -p "$S/bounce/0123456789"; : >"$S/trace/no.id"; spool_own "$T/a"
is 'what is no file, or has no name' "$(postsuper --verify | sort)" '5 files, 4 findings
bounce/0123456789: is no regular file
defer/0123456789: is no regular file
hold/0123456789: is no regular file
trace/no.id: its name is no queue ID'
anew
mv "$file" "${file%/*}/1234"
like 'a name without an inode' "$(postsuper --verify)" '1234: its name holds no inode number'
if [ "$(id -u)" = 0 ]; then
	anew; chown bin "$file"
	like 'whose it is' "$(postsuper --verify)" "$id: belongs to user $(id -u bin), not to nobody"
	mv "$file" "$S/maildrop/$id"; chmod 744 "$S/maildrop/$id"
	is 'in maildrop it is the sender'"'"'s, and may be read' "$(postsuper --verify | grep -e mode -e belongs)" ''
fi

# Records, bent one by one. bend PERL: the good message is $_, and changes
inplace() { perl -0777 -pe "$1" "$file" >"$T/bent"; cat "$T/bent" >"$file"; }
bend() { anew; inplace "$1"; postsuper --verify; }
like 'a second size record' "$(bend 's/^(C.{96})/$1$1/s')" 'offset 97: a second size record'
like 'the content is elsewhere' "$(bend 's/^(C.\s*\d+\s+)(\d+)/$1.sprintf("%0*d", length $2, $2 + 1)/se')" \
	'the size record puts the content at [0-9]+, and it is at [0-9]+'
like 'a line of the message behind its end' "$(bend 's/X\0E/X\0N\x03abcE/s')" 'a record of type regular_text \(78\) has no place here'
# Repair writes a size record only where all else is sound.
like 'a size that can be put right' "$(bend 's/^(C.\s*\d+\s+\d+\s+)1/${1}7/s' >/dev/null; postsuper --repair --dry-run --json)" '"repair": "size"'
like 'and one that cannot' "$(bend 's/^(C.\s*\d+\s+\d+\s+)1/${1}7/s; s/\x53(.)a\@list/\x46$1a\@list/s' >/dev/null; postsuper --repair --dry-run --json)" 'recipients.*"repair": "none"'
bend 's/^(C.\s*)(\d+)/$1.sprintf("%*d", length $2, 7)/se' >/dev/null
postsuper --repair --yes >/dev/null 2>&1
is 'what was repaired is sound' "$(postsuper --verify)" '1 file, 0 findings'
done_testing
