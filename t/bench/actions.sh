#!/bin/bash
# actions.sh - postsuper on a full queue, ours, Debian's, and the floor
#
#   actions.sh [MESSAGES [ACTIONS]]       default 100000 shHrd
#
# A spool of deferred messages with their logs, made anew for each line that
# consumes it. Seconds of wall time after a sync. The floor is a program that
# only unlinks or renames, with one thread and with two. BENCH_DIR says on
# which file system (default /var/tmp).
set -u
. "$(dirname "$0")/setup.sh"
make -s -C "$PH_SRC" build/t/tools/spool-floor build/t/tools/queue-fill >/dev/null || exit 1
n=${1:-100000} actions=${2:-shHrd}
queues='maildrop incoming active deferred hold corrupt bounce defer trace flush private public pid'

cp -r "$PEER_CACHE/etc" "$W/etc"
grep -Ev '^(queue_directory|maillog_file|hash_queue_names|hash_queue_depth|data_directory) *=' \
    "$PEER_CACHE/etc/main.cf" >"$W/etc/main.cf"
mkdir "$W/data"; chown postfix "$W/data"
cat >>"$W/etc/main.cf" <<CF
queue_directory = $W/spool
data_directory = $W/data
hash_queue_names = deferred, defer
hash_queue_depth = 1
syslog_facility = local7
CF

fill() {
	rm -rf "$W/spool"; mkdir "$W/spool"
	(cd "$W/spool" && mkdir -m 700 $queues)
	chown -R postfix "$W/spool"
	MAIL_CONFIG=$W/etc "$PH_TOOLS/queue-fill" "$n"
	sync
}

# timed COMMAND...: sets s
timed() {
	sync
	s=$(perl -MTime::HiRes=time -e '
		my $t = time;
		my $pid = fork;
		if (!$pid) { open STDOUT, ">", "/dev/null"; open STDERR, ">", "/dev/null"; exec @ARGV }
		waitpid $pid, 0;
		die "@ARGV: exit $?\n" if $? && $ARGV[-1] ne "--may-fail";
		printf "%.2f", time - $t' "$@") || exit 1
}
ours() { timed "$PH_BIN/postsuper" -c "$W/etc" "$@"; }
peer() { timed bash "$PEER_SETUP" cmd "$PEER_CACHE" postsuper -c "$W/etc" "$@"; }

row() {	# row WHAT OURS PEER FLOOR1 FLOOR2
	printf '%-34s %8s %8s %8s %8s  %s\n' "$1" "$2" "$3" "$4" "$5" \
	    "$(awk -v a="$2" -v b="$3" 'BEGIN { if (a > 0 && b != "-") printf "%.2f times as fast", b / a }')"
}

echo "# $n messages, a log each; seconds; floor with one thread and with two"
printf '%-34s %8s %8s %8s %8s\n' action ours peer floor1 floor2
declare -A t
wants() { case $actions in *$1*) return 0 ;; esac; return 1; }
for who in ours peer; do
	wants r && { fill; $who -r ALL; t[$who,r]=$s; }
	fill
	wants s && { $who -s; t[$who,s]=$s; }
	wants h && { $who -h ALL; t[$who,h]=$s; }
	wants H && wants h && { $who -H ALL; t[$who,H]=$s; }
	wants d && { $who -d ALL; t[$who,d]=$s; }
done
for threads in '' -t; do
	case $actions in *[hHr]*)
		fill
		timed "$PH_TOOLS/spool-floor" rename $threads "$W/spool/deferred" "$W/spool/hold"
		t[floor$threads,h]=$s t[floor$threads,H]=$s t[floor$threads,r]=$s
	esac
	wants d || continue
	fill
	timed "$PH_TOOLS/spool-floor" unlink $threads "$W/spool/defer" "$W/spool/deferred"
	t[floor$threads,d]=$s
done
for a in s h H r d; do
	[ -n "${t[ours,$a]-}" ] || continue
	case $a in s) what='postsuper -s' ;; *) what="postsuper -$a ALL" ;; esac
	row "$what" "${t[ours,$a]}" "${t[peer,$a]}" "${t[floor,$a]--}" "${t[floor-t,$a]--}"
done
