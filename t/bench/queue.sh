#!/bin/bash
# queue.sh - listing and counting a large deferred queue, beside the peer and beside the floor
#
# MESSAGES (default 100000) with a defer log each, the same in both queues.
# The floor is queue-floor with two threads: it opens and reads the same files
# and does nothing else. BENCH_DIR: a disk's noise is not what is measured
# here, so the default is /dev/shm. LARGE=1000000 also measures what only we have
# on a queue of that size. What shares the machine slows all of it, now more
# and now less: so each row runs its programs in turns, and has a floor of its own.
here=$(cd "$(dirname "$0")" && pwd)
BENCH_DIR=${BENCH_DIR:-/dev/shm}
. "$here/systems.sh"
MESSAGES=${MESSAGES:-100000}
TIMEFORMAT='%R %U %S'
trap 'stop_systems; rm -rf "$W"' EXIT

bash "$PEER_SETUP" setup "$W/peer" "$(free_port)"
"$PH_BIN/postfix" init "$W/ours" >/dev/null
for s in ours peer; do
	# Nothing is due for a day: the queue managers leave it alone.
	MAIL_CONFIG=$W/$s/etc "$PH_TOOLS/queue-fill" -d 86400 "$MESSAGES"
done
ours() { MAIL_CONFIG=$W/ours/etc "$PH_BIN/$1" "${@:2}"; }
theirs() { bash "$PEER_SETUP" cmd "$W/peer" "$@"; }

# one COMMAND: seconds, and seconds of CPU of the command and what it started
# itself (a showq service that runs anyway is not in it); "-": none
one() { [ "$1" = - ] || { time eval "$1" >/dev/null 2>&1; } 2>&1; }
# row NAME OURS THEIRS FLOOR: commands, each the best of three; "-": there is none
row() {
	local i times=$W/times
	rm -f "$times".*
	for i in 1 2 3; do
		one "$2" >>"$times.1"; one "${3:--}" >>"$times.2"; one "${4:--}" >>"$times.3"
	done
	for i in 1 2 3; do
		sort -n "$times.$i" | awk 'NR == 1 { printf "%s %s ", $1, $2 + $3 } END { if (NR == 0) printf "- - " }'
	done | awk -v name="$1" '{
		printf "%-30s %6.2f s %6.2f CPU", name, $1, $2
		if ($3 != "-") printf " | peer %6.2f s %6.2f CPU %5.1fx %5.1fx", $3, $4,
		    $3 / ($1 > 0 ? $1 : .001), $4 / ($2 > 0 ? $2 : .001)
		if ($5 != "-") printf " | floor %5.2f s %5.2f CPU %5.2f %5.2f", $5, $6, $1 / $5, $2 / $6
		print "" }'
}
floor() { (cd "$W/ours/spool" && "$PH_TOOLS/queue-floor" 2); }

echo "$MESSAGES deferred messages"
row 'postqueue -p, system down' 'ours postqueue -p' 'theirs postqueue -p' floor
row 'postqueue -j, system down' 'ours postqueue -j' 'theirs postqueue -j' floor
start_system ours >/dev/null 2>&1
start_system peer >/dev/null 2>&1
row 'postqueue -p, by showq' 'ours postqueue -p' 'theirs postqueue -p' floor
row 'postqueue -j, by showq' 'ours postqueue -j' 'theirs postqueue -j' floor
first() { ours postqueue -p | head -n 1; }
row 'first line of -p, by showq' first - -
stop_systems >/dev/null 2>&1
row 'recipient domains by age' 'ours postqueue --shape' 'theirs qshape deferred' floor
row '--format jsonl' 'ours postqueue --format jsonl' - floor
row '--group-by class,relay' 'ours postqueue --group-by class,relay' - floor
row '--select of the envelope' 'ours postqueue --select "sender ~ user19" --count' - floor
row '--count' 'ours postqueue --count' - -
[ -n "${LARGE-}" ] || exit 0

find "$W/peer/spool/deferred" "$W/peer/spool/defer" -type f -delete
MAIL_CONFIG=$W/ours/etc "$PH_TOOLS/queue-fill" -d 86400 $((LARGE - MESSAGES))
echo "$LARGE deferred messages"
row '--count' 'ours postqueue --count' - -
row '--select of the envelope' 'ours postqueue --select "sender ~ user19" --count' - -
row '--shape' 'ours postqueue --shape' - -
for args in '-p' '--format jsonl' '--shape' '--sort size --format ids'; do
	kb=$(MAIL_CONFIG=$W/ours/etc perl -e '
		my $pid = fork; if (!$pid) { open STDOUT, ">", "/dev/null"; open STDERR, ">", "/dev/null"; exec @ARGV; }
		my $peak = 0;
		while (waitpid($pid, 1) == 0) {
			if (open my $f, "<", "/proc/$pid/status") { while (<$f>) { $peak = $1 if /^VmHWM:\s+(\d+)/ } }
			select undef, undef, undef, .02;
		}
		print $peak' "$PH_BIN/postqueue" $args)
	printf '%-34s %8.0f MiB at most\n' "memory of $args" "$((kb / 1024))"
done
