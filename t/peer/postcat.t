#!/bin/sh
# postcat: option by option, every golden file reads as with the peer's
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
peer_new peer
eval "$(bash "$PEER_SETUP" env "$T/peer")"
theirs=$(command -v postcat)
ours=$PH_BIN/postcat

for opt in -d -o -ho -bd -he -es0 -vs97 -bs97 -vb; do
	bad=
	for file in "$PH_SRC"/t/data/queue/*/*; do
		case ${file##*/} in *.*) continue ;; esac
		# The real one does not stop on these.
		case $file in *pointer-loop*|*size-zero*) continue ;; esac
		"$theirs" $opt "$file" >"$T/a" 2>"$T/a.err"; a=$?
		"$ours" $opt "$file" >"$T/b" 2>"$T/b.err"; b=$?
		# Its -v also speaks of how it reads the configuration.
		grep -v "^$theirs: \(name_mask\|inet_addr\|dict\|mynet\)" "$T/a.err" | sed "s,^$theirs,," >"$T/a.said"
		sed "s,^$ours,," "$T/b.err" >"$T/b.said"
		[ $a = $b ] && cmp -s "$T/a" "$T/b" && cmp -s "$T/a.said" "$T/b.said" ||
		    bad="$bad ${file#$PH_SRC/t/data/queue/}"
	done
	is "postcat $opt" "$bad" ''
done
done_testing
