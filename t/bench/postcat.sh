#!/bin/bash
# postcat.sh - postcat -q of a small and a large message, Posthorn and Debian's postfix in one run
#
#   postcat.sh [RUNS]     default 300
#
# The same queue file in both spools; the two take turns, so that what else the
# machine does hurts both. Milliseconds of wall and CPU time of a whole process.
set -u
. "$(dirname "$0")/setup.sh"
runs=${1:-300}

eval "$(bash "$PEER_SETUP" env "$PEER_CACHE")"
theirs=$(command -v postcat) mail_owner=$(postconf -h mail_owner)
mkdir -p "$W/etc" "$W/spool/deferred" "$W/spool/hold"
cat >"$W/etc/main.cf" <<CF
compatibility_level = 3.6
queue_directory = $W/spool
data_directory = $W
mail_owner = $mail_owner
setgid_group = $(postconf -h setgid_group)
hash_queue_names = flush
CF
export MAIL_CONFIG=$W/etc
chown -R "$mail_owner" "$W/spool"

measure() {	# measure ID: wall and CPU of ours, of theirs, medians of five rounds
	local round
	for round in 1 2 3 4 5; do
		"$PH_TOOLS/stopwatch" /dev/null "$((runs / 5))" "$PH_BIN/postcat" -q "$1" >>"$W/ours"
		"$PH_TOOLS/stopwatch" /dev/null "$((runs / 5))" "$theirs" -q "$1" >>"$W/theirs"
	done
	echo "$(sort -n "$W/ours" | sed -n 3p) $(sort -n "$W/theirs" | sed -n 3p)" | awk '{
		printf "ours %.2f ms (cpu %.2f)  theirs %.2f ms (cpu %.2f)  ratio %.2f\n",
		    $1 * 1000, $2 * 1000, $4 * 1000, $5 * 1000, $1 / $4 }'
	rm "$W/ours" "$W/theirs"
}

small=$("$PH_TOOLS/queue-put" -q deferred user@there.example) || exit 1
large=$("$PH_TOOLS/queue-put" -q deferred -b 5000000 user@there.example) || exit 1
cmp <("$PH_BIN/postcat" -q "$small") <("$theirs" -q "$small") || exit 1
printf 'postcat -q, 500 bytes: '; measure "$small"
printf 'postcat -q, 5 MB:      '; measure "$large"
