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
		at_once "$theirs" $opt "$file" >"$T/a" 2>"$T/a.err"; a=$?
		at_once "$ours" $opt "$file" >"$T/b" 2>"$T/b.err"; b=$?
		# Its -v also speaks of how it reads the configuration.
		grep -v "^$theirs: \(name_mask\|inet_addr\|dict\|mynet\)" "$T/a.err" | sed "s,^$theirs,," >"$T/a.said"
		sed "s,^$ours,," "$T/b.err" >"$T/b.said"
		[ $a = $b ] && cmp -s "$T/a" "$T/b" && cmp -s "$T/a.said" "$T/b.said" ||
		    bad="$bad ${file#$PH_SRC/t/data/queue/}"
	done
	is "postcat $opt" "$bad" ''
done

# A live spool: what it wrote a moment ago, by queue ID.
printf 'defer_transports = local smtp\n' >>"$T/peer/etc/main.cf"
must "the peer's instance starts" peer_start peer
{ echo 'Subject: long'; echo; perl -e 'print "x" x 5000, "\n", "y" x 2048, "\n"'; } >"$T/m1"
printf 'Subject: 8bit \303\251\nTo: a@b.example\n\n\351\377 \0 nul\nno newline at the end' >"$T/m2"
printf ' starts with a blank\n\nFrom here\n.\n..\n' >"$T/m3"
perl -e 'print "Subject: folded\n"; print " ", "z" x 900, "\n" for 1 .. 5; print "\nbody\n"' >"$T/m4"
: >"$T/m5"
for m in 1 2 3 4 5; do
	peer peer sendmail -i -N success,delay -F "Name $m" -f "sender$m@peer.example" nobody@peer.example "far$m@there.example" <"$T/m$m"
done
deferred() { [ "$(find "$T/peer/spool/deferred" -type f | wc -l)" = 5 ]; }
ok 'five messages are deferred' wait_for 30 deferred
bad=
for id in $(find "$T/peer/spool/deferred" -type f | sed 's,.*/,,'); do
	for opt in '' -e -h -b -o -d -vo -vrod -eh -s97v; do
		"$theirs" $opt -q "$id" >"$T/a" 2>"$T/a.err"; a=$?
		MAIL_CONFIG=$T/peer/etc "$ours" $opt -q "$id" >"$T/b" 2>"$T/b.err"; b=$?
		[ $a = $b ] && cmp -s "$T/a" "$T/b" || bad="$bad $id:$opt"
	done
done
is 'they read the same by queue ID' "$bad" ''
for id in ABCDEF not/an/id ''; do
	peer peer postcat -q "$id" >"$T/a" 2>&1; a=$?
	MAIL_CONFIG=$T/peer/etc "$ours" -q "$id" >"$T/b" 2>&1; b=$?
	is "and fail alike: '$id'" "$b $(sed 's,^[^:]*: ,,' "$T/b")" "$a $(sed 's,^[^:]*: ,,' "$T/a")"
done
done_testing
