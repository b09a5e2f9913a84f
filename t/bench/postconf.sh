#!/bin/bash
# postconf.sh - one run of postconf, Posthorn's and Debian's in turns
#
#   postconf.sh [RUNS]          default 200
#
# Milliseconds of processor time and of wall time for a whole process, median
# of five rounds; "start" is a program that does nothing, the floor.
set -u
. "$(dirname "$0")/setup.sh"
runs=${1:-200}
cp "$PH_SRC/t/data/postconf/debian-site/"*.cf "$W/"
touch -d '1 hour ago' "$W"/*.cf
libs=$(bash "$PEER_SETUP" env "$PEER_CACHE" | sed -n 's/.* LD_LIBRARY_PATH=\([^ ]*\).*/\1/p')

# measure LIBRARY_PATH COMMAND...: "CPU WALL" in ms, the medians of $runs runs
measure() {
	LD_LIBRARY_PATH=$1 "$PH_TOOLS/stopwatch" /dev/null "$runs" "${@:2}" |
	    awk '{ printf "%.2f %.2f\n", $2 * 1000, $1 * 1000 }'
}
median() { sort -n | awk '{ c[NR] = $1; w[NR] = $2 } END { print c[int((NR + 1) / 2)], w[int((NR + 1) / 2)] }'; }

printf '%-12s %18s %18s %8s\n' 'postconf' 'ours cpu/wall ms' 'peer cpu/wall ms' 'ratio'
compare() {
	: >"$W/ours"; : >"$W/peer"
	for round in 1 2 3 4 5; do
		measure '' "$PH_BIN/postconf" -c "$W" "$@" >>"$W/ours"
		measure "$libs" "$PEER_CACHE/root/usr/sbin/postconf" -c "$W" "$@" >>"$W/peer"
	done
	echo "$(median <"$W/ours") $(median <"$W/peer")" |
	    awk -v what="$*" '{ printf "%-12s %9s /%7s %9s /%7s %7.1fx\n", what, $1, $2, $3, $4, $3 / $1 }'
}
compare -d
compare -n
compare -x
compare -h myhostname
measure '' /bin/true | awk '{ printf "%-12s %9s /%7s\n", "start", $1, $2 }'
