#!/bin/bash
# mail.sh - mail flow, Posthorn and Debian's postfix in one run
#
#   mail.sh [MESSAGES]          default 2000; 4 KB each
#
# For intake (SMTP to durable queue, there put on hold), relay (SMTP through
# to smtp-sink), local delivery (to a maildir) and sendmail submission:
# messages per second, CPU milliseconds per message (all processes of the mail
# system summed), and the ratio. Then idle memory, memory with 200 sessions
# that gave a recipient, and start to first 220.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/systems.sh"
messages=${1:-2000}
n=$messages
start_systems

measure() {	# measure SYSTEM FUNCTION ARGS...: sets wall and cpu
	local system=$1 run=$2 c0 c1 t0 t1; shift 2
	c0=$(cpu_of "$system"); t0=$(date +%s%N)
	"$run" "$system" "$@" >/dev/null || echo "  ($system: $run $* failed)" >&2
	t1=$(date +%s%N); c1=$(cpu_of "$system")
	wall=$(echo "$t0 $t1" | awk '{ printf "%.3f", ($2 - $1) / 1e9 }')
	cpu=$(echo "$c0 $c1" | awk '{ printf "%.3f", $2 - $1 }')
}

both() {	# both LABEL FUNCTION ARGS...
	local label=$1; shift
	# What starts on first use is not counted.
	n=50 "$1" ours "${@:2}" >/dev/null; n=50 "$1" peer "${@:2}" >/dev/null
	measure ours "$@"; local ow=$wall oc=$cpu
	measure peer "$@"
	awk -v l="$label" -v n="$n" -v ow="$ow" -v oc="$oc" -v pw="$wall" -v pc="$cpu" 'BEGIN {
		printf "%-20s %6.0f/s %6.3f ms   %6.0f/s %6.3f ms   wall x%.2f  cpu x%.2f\n",
		    l, n / ow, oc * 1000 / n, n / pw, pc * 1000 / n, pw / ow, (oc > 0 ? pc / oc : 0) }'
}

intake() { source_mail "$1" "$2" "$n" a@hold.example; }
relay()  { source_mail "$1" "$2" "$n" a@relay.example && drained "$1"; }
to_box() { source_mail "$1" "$2" "$n" box@box.example && drained "$1"; }

printf '%-20s %-20s   %-20s\n' '' 'Posthorn' "Debian's postfix"
for s in 1 10 50; do both "intake, $s sessions" intake "$s"; empty_queues; done
for s in 1 10 50; do both "relay, $s sessions" relay "$s"; done
for s in 1 10 50; do both "local, $s sessions" to_box "$s"; done

# A submission's CPU is that of the command and its children, which the shell waits for.
for system in ours peer; do
	perl "$here/submit.pl" 300 "$W/message" $(sendmail_of $system) -f a@b.example c@held.example |
	    sed "s/^/sendmail, $system: /"
done
empty_queues
for system in ours peer; do
	echo "idle memory, $system: $(perl "$here/cpu.pl" -m "$(master_of $system)") KiB PSS"
done
for system in ours peer; do
	perl "$here/sessions.pl" "$(port_of $system)" 200 >"$W/sessions.$system" &
	pid=$!
	for i in $(seq 300); do [ -s "$W/sessions.$system" ] && break; sleep 0.1; done
	echo "200 sessions, $system: $(perl "$here/cpu.pl" -m "$(master_of $system)") KiB PSS"
	kill $pid; wait $pid 2>/dev/null
done
stop_systems

# The peer's "postfix start" runs shell scripts; its supervisor alone is what
# one could not do without. The fastest of some: the machine's noise only adds.
started() {	# started LABEL SYSTEM PREFIX COMMAND...: PREFIX sets its environment
	local label=$1 system=$2 prefix=$3 i; shift 3
	for i in 1 2 3 4 5; do
		(eval "$prefix"; cd "$(spool_of "$system")" &&
		    perl "$here/first220.pl" "$(port_of "$system")" "$@" 2>>"$W/start.$system")
		stop_systems
	done | sort -n | sed -n "1s/.*/start to first 220, $label: & ms/p"
}
of_peer=$(bash "$PEER_SETUP" env "$W/peer")
started 'ours' ours "export MAIL_CONFIG=$W/ours/etc" "$PH_BIN/postfix" start
started "peer's postfix start" peer "$of_peer" postfix start
started "peer's bare master" peer "$of_peer" master -w
