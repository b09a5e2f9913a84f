#!/bin/sh
# postsuper: on two equal spools the peer's and ours say and do the same
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
peer_new peer

# fill SPOOL: everything that postsuper may meet; prints five IDs. No name shorter
# than the ID part of an inode: the peer calls one bogus or renames it, by chance.
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
	bad hold/4jWkNw3G2Tz1c6Ls; bad hold/bad.name
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
		at_once peer peer postsuper -c "$T/etc" $args
	else
		at_once postsuper -c "$T/etc" $args
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

# maillog_file and nobody who serves it: postsuper writes there itself, as the owner.
cf_set "$T/peer/etc/main.cf" "maillog_file_prefixes = $T"
logged() {	# logged DIRECTORY-MODE: what the two say, and what they write
	for w in peer ours; do
		rm -rf "$T/log"; mkdir -m "$1" "$T/log"; chown postfix "$T/log"
		run $w "maillog_file = $T/log/mail" -h @1 -d @2
		sed -E 's/^[A-Z][a-z]+ +[0-9]+ [0-9:]+ [^ ]+ //; s/\[[0-9]+\]/[PID]/' "$T/log/mail" 2>/dev/null | neutral >"$T/$w.log"
	done
}
logged 700
is 'a log file: said' "$(cat "$T/ours.out")" "$(cat "$T/peer.out")"
is 'a log file: written' "$(cat "$T/ours.log")" "$(cat "$T/peer.log")"
logged 500
is 'a log file that may not be written: said' "$(cat "$T/ours.out")" "$(cat "$T/peer.out")"
is 'a log file that may not be written: done' "$(cat "$T/ours.tree")" "$(cat "$T/peer.tree")"

# -v also tells what the libraries of each do: what postsuper itself says is compared.
said_verbosely() { run peer '' "$@"; run ours '' "$@"
	for w in peer ours; do grep -E 'renamed file|removed file|remove (sub)?directory|queue: |fatal|warning|exit|message' "$T/$w.out" >"$T/$w.v"; done; }
said_verbosely -v -s
is '-v: the repair' "$(cat "$T/ours.v")" "$(cat "$T/peer.v")"
said_verbosely -v -d ALL
is '-v: everything deleted' "$(cat "$T/ours.v")" "$(cat "$T/peer.v")"
said_verbosely -v -h @2 -r @3
is '-v: by ID' "$(cat "$T/ours.v")" "$(cat "$T/peer.v")"
done_testing
