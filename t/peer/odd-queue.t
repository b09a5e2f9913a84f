#!/bin/sh
# odd-queue: spools full of odd but legal files, read and treated as by the peer, byte by byte
#
# Nothing runs: both read the queue directly. PH_SEED=n: other spools, and
# PH_LARGE=1: twenty times as many.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
peer_new peer
seed=${PH_SEED:-1}
rounds=1
[ -z "${PH_LARGE-}" ] || rounds=20

# spool SEED SHORT|LONG|BOTH DEPTH LONG-IDS: a new one, and main.cf for it
spool() {
	rm -rf "$T/spool" "$T/etc" "$T/ours.etc"; mkdir "$T/spool"
	perl "$PH_SRC/t/odd-queue.pl" "$T/spool" 120 "$1" "$2" "$3" >"$T/whole"
	chown -R postfix "$T/spool"
	cp -r "$T/peer/etc" "$T/etc"
	hash='incoming deferred hold defer'
	[ "$3" != 0 ] || hash=saved
	cf_set "$T/etc/main.cf" "queue_directory = $T/spool
maillog_file =
mail_name = Postfix
hash_queue_names = $hash
hash_queue_depth = $(($3 > 0 ? $3 : 1))
enable_long_queue_ids = $4"
	cp -r "$T/etc" "$T/ours.etc"
	cf_set "$T/ours.etc/main.cf" "command_directory = $PH_BIN"
}

bash "$PEER_SETUP" env "$T/peer" >"$T/peer.env"
theirs() ( . "$T/peer.env"; export MAIL_CONFIG="$T/etc"; exec "$@" )
ours() ( export MAIL_CONFIG="$T/ours.etc"; exec "$@" )

# same SENTENCE COMMAND ...: output, messages and status of both
same() {
	sentence=$1; shift
	for w in theirs ours; do
		$w "$@" >"$T/$w.out" 2>"$T/$w.err" </dev/null
		echo "exit $?" >>"$T/$w.err"
	done
	# Its -v also speaks of how it reads the configuration.
	sed -i '/^postcat: \(name_mask\|inet_addr\)/d' "$T/theirs.err"
	ok "$sentence" cmp "$T/theirs.out" "$T/ours.out"
	ok "$sentence: what it says" diff "$T/theirs.err" "$T/ours.err"
}

# Inodes differ between two spools, and the order of directories.
neutral() { sed -E 's/\b([A-F0-9]{5})[A-F0-9]{6,8}\b/\1INODE/g; s/\b([0-9A-Za-z]{10}z)[0-9A-Za-z]+/\1INODE/g' | sort; }

# treated SENTENCE SPOOL... ARGS...: what postsuper says and leaves behind
treated() {
	sentence=$1 kind="$2 $3 $4"; shift 4
	for w in theirs ours; do
		spool "$seed" $kind
		$w postsuper "$@" 2>&1 </dev/null | neutral >"$T/$w.out"
		# The peer makes hash directories of logs that do not exist.
		(cd "$T/spool" && find . -printf '%p %m %y %s\n') | grep -v '^./\(defer\|incoming\|hold\|deferred\)\(/.\)* 700 d' | neutral >"$T/$w.tree"
	done
	ok "$sentence" diff "$T/theirs.out" "$T/ours.out"
	ok "$sentence: what is left" diff "$T/theirs.tree" "$T/ours.tree"
}

views() {
	spool "$seed" "$@"
	same "$seed $*: postqueue -p" postqueue -p
	same "$seed $*: postqueue -j" postqueue -j
	same "$seed $*: mailq" mailq
	same "$seed $*: sendmail -bp" sendmail -bp
	# A damaged one ends postcat.
	files=$(cat "$T/whole")
	for view in '' -e -h -b -vod -vrod; do
		same "$seed $*: postcat $view" postcat $view $files
	done
	same "$seed $*: postcat -q" postcat -q $(basename -a $(grep -v /corrupt/ "$T/whole"))
}

# The peer takes two seconds each time.
actions() {
	treated "$seed $*: postsuper -s" "$@" -s
	[ "$1" = both ] || [ -n "${PH_LARGE-}" ] || return
	treated "$seed $*: postsuper -S -p" "$@" -S -p
	for action in -h -H -e -r -d; do
		treated "$seed $*: postsuper $action ALL" "$@" $action ALL
	done
}

while [ $rounds -gt 0 ]; do
	views short 0 no
	views long 2 yes
	actions long 2 yes
	seed=$((seed + 1))
	views short 1 yes
	views both 1 no
	actions both 1 no
	seed=$((seed + 1))
	rounds=$((rounds - 1))
done
done_testing
