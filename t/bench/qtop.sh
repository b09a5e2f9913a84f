#!/bin/bash
# qtop.sh - what a user of the queue browser waits for
#
#   qtop.sh [MESSAGES ...]     default 10000 100000, with BENCH_LARGE set 1000000 too
#
# No other system browses its queue, so what stands beside the figures are the
# budgets, and the floor: find, which only walks and looks at every entry.
# BENCH_DIR says on which file system the queues are made (default /var/tmp);
# BENCH_SPOOL names one that is there already.
set -u
PH_SRC=${PH_SRC:-$(cd "$(dirname "$0")/../.." && pwd)}
PH_BIN=${PH_BIN:-$PH_SRC/build/bin}
W=$(mktemp -d "${BENCH_DIR:-/var/tmp}/posthorn-bench.XXXXXX") || exit 1
trap 'rm -rf "$W"' EXIT
export LC_ALL=C.UTF-8 HOME=$W MAIL_CONFIG=$W/conf
mkdir "$W/conf"
printf 'hash_queue_names = deferred, defer\n' >"$W/conf/main.cf"
sizes=${*:-10000 100000 ${BENCH_LARGE:+1000000}}
[ -z "${BENCH_SPOOL-}" ] || sizes=given

# line NAME FIGURE BUDGET: says whether it was kept
line() {
	awk -v name="$1" -v figure="$2" -v budget="$3" 'BEGIN {
		printf "  %-34s %9s", name, figure
		if (budget != "") printf "   budget %6s  %s", budget, figure + 0 <= budget + 0 ? "kept" : "NOT KEPT"
		print "" }'
}
figure() { sed -n "s/^$1 //p" "$W/times"; }

for n in $sizes; do
	spool=${BENCH_SPOOL:-$W/spool$n}
	if [ "$n" != given ]; then
		mkdir "$spool"
		"$PH_SRC/t/fill-queue.pl" "$spool" $((n / 2)) 1 &
		"$PH_SRC/t/fill-queue.pl" "$spool" $((n - n / 2)) 2
		wait
	fi
	# Twice: the first fills the cache.
	for i in 1 2; do
		"$PH_BIN/qtop" --batch --times --queue-dir "$spool" --size 120x50 >/dev/null 2>"$W/times" || cat "$W/times"
	done
	count=$(figure messages)
	start=$(date +%s.%N)
	find "$spool/deferred" "$spool/active" "$spool/incoming" "$spool/hold" -type f -printf '%i %T@\n' >/dev/null
	floor=$(echo "$start $(date +%s.%N)" | awk '{ printf "%.3f", $2 - $1 }')
	limit=3 memory=
	[ "$count" -lt 500000 ] || limit=15 memory=350
	echo "$count messages"
	line 'first rows, s' "$(figure first-rows-s)" 0.2
	line 'complete, with reasons, s' "$(figure complete-s)" "$limit"
	line 'in order, s' "$(figure sorted-s)" ''
	line 'key to screen while scanning, ms' "$(figure key-while-scanning-ms)" 50
	line 'key to screen, ms' "$(figure key-ms)" 50
	line 'unchanged refresh, s of CPU' "$(figure refresh-cpu-s)" 0.15
	line 'every entry looked at, s of CPU' "$(figure thorough-cpu-s)" ''
	line 'memory, MiB' "$(figure memory-mib)" "$memory"
	line 'floor: find, s' "$floor" ''
	[ "$n" = given ] || rm -rf "$spool"
done
