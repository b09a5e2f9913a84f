#!/bin/sh
# postqueue: the listing of every hand-made queue file, as a real Postfix shows it
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/spool.sh"

for dir in "$PH_SRC"/t/data/queue/*/; do
	case=$(basename "$dir")
	[ -f "$dir/postqueue.txt" ] || continue
	# Where the real showq crashes there is nothing to compare.
	grep -q '^\[exit' "$dir/postqueue.txt" && continue
	spool_new "$T/$case"
	spool_golden "$T/$case" "$case"
	sed '/^\[/,$d' "$dir/postqueue.txt" >"$T/want"
	if grep -q '^{' "$T/want"; then
		postqueue -j 2>/dev/null >"$T/got"
		is "$case: -j" "$(cat "$T/got")" "$(grep '^{' "$T/want")"
		sed -i '/^{/d' "$T/want"
	fi
	postqueue -p 2>/dev/null >"$T/got"
	is "$case: -p" "$(cat "$T/got")" "$(cat "$T/want")"
done

spool_new "$T/odd"
spool_golden "$T/odd" bad-no-sender
is 'a file without a sender hides and breaks nothing' \
    "$(postqueue -p 2>/dev/null)" 'Mail queue is empty'
spool_golden "$T/odd" bad-two-senders
spool_golden "$T/odd" made-good
is 'nor does one with two' "$(postqueue -j 2>/dev/null | wc -l)" 2
done_testing
