#!/bin/sh
# postsuper: on two equal spools the peer's and ours say and do the same
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
peer_new peer

# fill SPOOL: everything that postsuper may meet; prints five IDs
fill() (
	rm -rf "$1"; mkdir -p "$1"; cd "$1" || exit 1
	mkdir maildrop incoming active deferred hold corrupt bounce defer trace flush private public pid
	bad() { echo x >"$1"; chmod "${2-700}" "$1"; }
	good() {
		echo x >"${1%/*}/new"
		id=${1##*/}$(printf %X "$(stat -c %i "${1%/*}/new")")
		mv "${1%/*}/new" "${1%/*}/$id"; chmod "${2-700}" "${1%/*}/$id"
		echo "$id"
	}
	mkdir -p deferred/A deferred/0/1 defer/A defer/B
	a=$(good deferred/A/A0001); bad "defer/A/$a" 600; bad "bounce/$a" 600; bad "trace/$a" 600
	b=$(good incoming/B0001); c=$(good active/C0001); d=$(good hold/D0001); e=$(good maildrop/E0001 744)
	good incoming/F0001 600 >/dev/null
	g=$(good incoming/F0002 600); touch -d '8 days ago' "incoming/$g"
	bad incoming/123.456 600; touch -d '8 days ago' incoming/123.456
	bad incoming/999.456 600
	bad incoming/BADFFFF; bad defer/B/BADFFFF 600
	bad deferred/A/A9999FFFFFF1
	bad hold/4jWkNw3G2Tz1c6Ls; bad hold/XYZ; bad hold/bad.name
	ln -s /etc/passwd incoming/SYMLINK; mkfifo incoming/FIFO1
	mkdir incoming/subdir incoming/full; bad incoming/full/x
	bad flush/site_example 600
	[ -z "${ODD-}" ] || bad incoming/Q
	chown -R postfix .
	echo "$a $b $c $d $e"
)

# Inodes differ between two copies; so does the order of directories.
neutral() { sed -E "s/([A-F0-9]{5})[A-F0-9]{6,8}/\1INODE/g" | sort; }

run() {		# run peer|ours CONFIG ARGS: output and tree to $T/$1.out, $T/$1.tree
	who=$1 extra=$2; shift 2
	rm -rf "$T/etc"; cp -r "$T/peer/etc" "$T/etc"
	grep -Ev '^(queue_directory|maillog_file) *=' "$T/peer/etc/main.cf" >"$T/etc/main.cf"
	printf '%b\n' "queue_directory = $T/spool\n$extra" >>"$T/etc/main.cf"
	ids=$(fill "$T/spool")
	args=
	for arg in "$@"; do
		case $arg in @*) arg=$(echo $ids | cut -d' ' -f"${arg#@}") ;; esac
		args="$args $arg"
	done
	if [ "$who" = peer ]; then
		peer peer postsuper -c "$T/etc" $args
	else
		postsuper -c "$T/etc" $args
	fi >"$T/.raw" 2>&1 </dev/null
	echo "exit $?" >>"$T/.raw"
	neutral <"$T/.raw" >"$T/$who.out"
	# The peer makes hash directories of logs that do not exist.
	(cd "$T/spool" && find . -printf '%p %m %y\n') | neutral | grep -v '^./defer/. 700 d' >"$T/$who.tree"
}

same() {
	sentence=$1; shift
	run peer "$@"; run ours "$@"
	is "$sentence: said" "$(cat "$T/ours.out")" "$(cat "$T/peer.out")"
	is "$sentence: done" "$(cat "$T/ours.tree")" "$(cat "$T/peer.tree")"
}

same 'no arguments: repair and purge' ''
same 'everything deleted' '' -d ALL
same 'everything held' '' -h ALL incoming active
same 'everything requeued' '' -r ALL
same 'hold released' '' -H ALL hold
same 'everything expired' '' -e ALL incoming
same 'each action by ID' '' -d @1 -h @2 -r @3 -H @4 -r @5
same 'expiry by ID, and IDs that are none' '' -e @1 -e @1 -f @4 -h @5 -d nosuch -d 'bad!'
same 'long IDs are left alone' 'enable_long_queue_ids = yes'
same 'maildrop may not be hashed' 'hash_queue_names = maildrop' -s
same 'two levels' 'hash_queue_names = incoming deferred\nhash_queue_depth = 2' -s
same 'no such queue' '' -s bogus
same 'IDs are not trusted after a repair' '' -s -d @1
# What was done before it is found depends on the order of the directory.
ODD=1
run peer '' -h ALL incoming; run ours '' -h ALL incoming
is 'a file where a directory should be' "$(grep -e fatal -e exit "$T/ours.out")" "$(grep -e fatal -e exit "$T/peer.out")"
ODD=
same 'queues by name' '' -d ALL trace incoming
same 'a missing argument' '' -d
same 'an unknown option' '' -Z
done_testing
