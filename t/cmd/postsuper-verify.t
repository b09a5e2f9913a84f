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
done_testing
