#!/bin/bash
# qtop.sh - what a user of the queue browser waits for
#
#   qtop.sh [MESSAGES ...]     default 10000 100000, with BENCH_LARGE set 1000000 too
#
# No other system browses its queue, so what stands beside the figures are the
# budgets, and the floor: find, which only walks and looks at every entry.
# BENCH_DIR says on which file system the queues are made (default /dev/shm: a
# disk's noise is not what is measured here); BENCH_SPOOL names one that is
# there already.
set -u
PH_SRC=${PH_SRC:-$(cd "$(dirname "$0")/../.." && pwd)}
PH_BIN=${PH_BIN:-$PH_SRC/build/bin}
PH_TOOLS=${PH_TOOLS:-${PH_BIN%/bin}/t/tools}
W=$(mktemp -d "${BENCH_DIR:-/dev/shm}/posthorn-bench.XXXXXX") || exit 1
trap 'rm -rf "$W"' EXIT
trap 'exit 1' INT TERM
chmod 755 "$W"
export LC_ALL=C.UTF-8 HOME=$W MAIL_CONFIG=$W/conf
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

# The queue of a system that never runs, with nothing due for a day.
fill() {
	rm -rf "$W/conf" "$2"
	mkdir -p "$W/conf" "$2"
	cat >"$W/conf/main.cf" <<-EOT
	queue_directory = $2
	data_directory = $W
	mail_owner = $(if [ "$(id -u)" = 0 ]; then echo nobody; else id -un; fi)
	hash_queue_names = deferred, defer
	EOT
	mkdir -m 700 "$2"/{maildrop,incoming,active,deferred,hold,corrupt,defer}
	[ "$(id -u)" != 0 ] || chown nobody "$2"/*
	"$PH_TOOLS/queue-fill" -d 86400 "$1"
}

for n in $sizes; do
	spool=${BENCH_SPOOL:-$W/spool}
	[ "$n" = given ] || fill "$n" "$spool"
	# Twice: the first fills the cache.
	for i in 1 2; do
		"$PH_BIN/qtop" --batch --times --queue-dir "$spool" --size 120x50 >/dev/null 2>"$W/times" || cat "$W/times"
	done
	count=$(figure messages)
	start=$(date +%s.%N)
	find "$spool/deferred" "$spool/active" "$spool/incoming" "$spool/hold" -type f -printf '%i %T@\n' >/dev/null
	floor=$(echo "$start $(date +%s.%N)" | awk '{ printf "%.3f", $2 - $1 }')
	# What shares the machine slows both: between runs only their ratio can be compared.
	start=$(date +%s.%N)
	(cd "$spool" && "$PH_TOOLS/queue-floor" 2 >/dev/null)
	reads=$(echo "$start $(date +%s.%N)" | awk '{ printf "%.3f", $2 - $1 }')
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
	line 'floor: all files read, 2 threads, s' "$reads" ''
	line 'complete, over that floor' "$(echo "$(figure complete-s) $reads" | awk '{ printf "%.2f", $1 / ($2 > 0 ? $2 : .001) }')" ''
	[ "$n" = given ] || rm -rf "$spool"
done
