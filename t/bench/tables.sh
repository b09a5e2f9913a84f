#!/bin/bash
# tables.sh - lookup tables, Posthorn and Debian's postfix in one run
#
#   tables.sh [ENTRIES ...]     default 10000 100000 1000000
#
# Builds, single queries (whole process), 100,000 lookups through one process,
# and tables of 10,000 patterns. Seconds of wall time, resident memory, ratio.
# gdbm has no peer: it is compared with the peer's lmdb.
# "Library alone" is the floor: what the library needs for the same entries.
set -u
. "$(dirname "$0")/setup.sh"
mkdir "$W/conf" "$W/ours" "$W/peer"
printf 'compatibility_level = 3.6\n' >"$W/conf/main.cf"
sizes=${*:-10000 100000 1000000}

# run SYSTEM INPUT COUNT COMMAND...: prints seconds each and KB of memory
run() {
	local system=$1; shift
	cd "$W/$system" || exit 1
	if [ "$system" = ours ]; then
		MAIL_CONFIG=$W/conf PATH=$PH_BIN:$PATH measure "$@"
	else
		(eval "$(bash "$PEER_SETUP" env "$PEER_CACHE")"; measure "$@")
	fi
}

measure() { "$PH_TOOLS/stopwatch" "$@" | awk '{ print $1, $3 }'; }

median() { sort -n | awk '{ t[NR] = $1; if ($2 > rss) rss = $2 } END { print t[int((NR + 1) / 2)], rss }'; }

# compare LABEL ROUNDS OURS PEER: both are arguments of run, space-separated.
# The two take turns, so that other work on the machine meets both; medians.
compare() {
	local i
	for ((i = 0; i < $2; i++)); do
		run ours $3 >>"$W/ours.times"
		run peer $4 >>"$W/peer.times"
	done
	echo "$(median <"$W/ours.times") $(median <"$W/peer.times")" | awk -v l="$1" '{
		printf "%-32s %9.4f s %7.1f MB   %9.4f s %7.1f MB   x%.2f\n",
		    l, $1, $2 / 1024, $3, $4 / 1024, $3 / $1 }'
	rm "$W/ours.times" "$W/peer.times"
}

# flush FILE: how long a new file of this size takes to the disk
flush() {
	perl -e 'use Time::HiRes "time"; use IO::Handle;
		my $t = "x" x -s $ARGV[0]; open my $f, ">", "$ARGV[0].flush"; print $f $t; $f->flush;
		my $t0 = time; $f->sync; printf "%.4f\n", time - $t0; unlink "$ARGV[0].flush"' "$1"
}

# library LABEL ARGUMENT...: what table-raw says, if it is there
library() {
	local label=$1; shift
	[ ! -x "$PH_TOOLS/table-raw" ] || printf '%-32s %9.4f s\n' "library alone, $label" "$("$PH_TOOLS/table-raw" "$@")"
}

entries() { perl -e 'for (1 .. $ARGV[0]) { my $k = ($_ * 7919) % 1000003; print "user$k\@host", $_ % 997, ".example.com\tdest$_\@mail.example.net\n" }' "$1"; }

printf '%-32s %-22s   %-22s\n' '' 'Posthorn' "Debian's postfix"
for n in $sizes; do
	entries "$n" >"$W/ours/t$n"
	cp "$W/ours/t$n" "$W/peer/t$n"
	[ "$n" -gt 100000 ] && rounds=3 || rounds=9
	for type in lmdb cdb; do
		compare "build $type, $n" $rounds "/dev/null 1 postmap $type:t$n" "/dev/null 1 postmap $type:t$n"
	done
	compare "build gdbm, $n (peer: lmdb)" $rounds "/dev/null 1 postmap gdbm:t$n" "/dev/null 1 postmap lmdb:t$n"
	printf '%-32s %9.4f s   (ours waits for it, theirs does not)\n' "flush of t$n.cdb" "$(flush "$W/ours/t$n.cdb")"
	for how in 'lmdb' 'lmdb sorted' 'cdb' 'gdbm'; do
		set -- $how
		rm -f "$W/raw"
		library "$how, $n" "$1" "$W/ours/t$n" "$W/raw" ${2-}
	done
done
n=${sizes%% *}
key=$(head -n 1 "$W/ours/t$n" | cut -f1)
for type in lmdb cdb; do
	compare "postmap -q KEY $type:, process" 5 "/dev/null 20 postmap -q $key $type:t$n" "/dev/null 20 postmap -q $key $type:t$n"
done
compare "postmap -q KEY gdbm: (peer: lmdb)" 5 "/dev/null 20 postmap -q $key gdbm:t$n" "/dev/null 20 postmap -q $key lmdb:t$n"
n=${sizes##* }
cut -f1 "$W/ours/t$n" | head -n 100000 >"$W/keys"
while [ "$(wc -l <"$W/keys")" -lt 100000 ]; do cut -f1 "$W/ours/t$n" >>"$W/keys"; done
head -n 100000 "$W/keys" | shuf --random-source=/dev/zero >"$W/keys.mixed"
for type in lmdb cdb; do
	compare "100000 lookups in $type of $n" 5 "$W/keys.mixed 1 postmap -q - $type:t$n" "$W/keys.mixed 1 postmap -q - $type:t$n"
	library "$type, lookups" "$type" "$W/keys.mixed" "$W/ours/t$n.$type" query
done
compare "100000 in gdbm (peer: lmdb)" 5 "$W/keys.mixed 1 postmap -q - gdbm:t$n" "$W/keys.mixed 1 postmap -q - lmdb:t$n"

# 10,000 patterns, keys that match near the end or not at all.
perl -e 'for (1 .. 10000) { print "/^user$_(\\+[a-z]+)?\@(mail|mx)\\.example\\.(com|org)\$/ dest$_\$1\n" }' >"$W/ours/patterns"
cp "$W/ours/patterns" "$W/peer/patterns"
perl -e 'for (1 .. 200) { print "user", 9000 + $_ * 7, "+x\@mx.example.org\n" }' >"$W/pkeys"
echo user1@mx.example.org >"$W/onekey"
for type in regexp pcre; do
	compare "one lookup in $type of 10000" 5 "$W/onekey 1 postmap -q - $type:patterns" "$W/onekey 1 postmap -q - $type:patterns"
	compare "200 lookups in $type of 10000" 5 "$W/pkeys 1 postmap -q - $type:patterns" "$W/pkeys 1 postmap -q - $type:patterns"
done
