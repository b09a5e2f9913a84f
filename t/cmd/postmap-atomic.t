#!/bin/sh
# postmap: readers see the old table or the new one, whatever happens
. "$(dirname "$0")/../lib.sh"

mkdir "$T/conf"
echo 'compatibility_level = 3.6' >"$T/conf/main.cf"
export MAIL_CONFIG="$T/conf"
cd "$T" || exit 1
pids=
stop_all() { [ -z "$pids" ] || kill $pids 2>/dev/null; }
on_exit stop_all

# Two versions; each entry of one says "old", of the other "new".
seq 20000 | sed 's/.*/key& old value &/' >old
seq 20000 | sed 's/.*/key& new value &/' >new
all="$(seq -f key%.0f 1 997 20000) key20000"

# whole TYPE: the table is one of the versions from its first key to its last
whole() {
	printf '%s\n' $all | postmap -q - "$1:t" | awk '{ seen[$2]++ } END {
		n = seen["old"] + seen["new"]
		exit !(n == '"$(printf '%s\n' $all | wc -l)"' && (seen["old"] == 0 || seen["new"] == 0)) }'
}

for type in gdbm lmdb cdb; do
	cp old t; postmap $type:t
	ok "$type: whole to begin with" whole $type

	# SIGKILL at thirty moments of a build.
	cp new t
	bad=0 killed=0
	for ms in $(seq 1 3 88); do
		postmap $type:t & pid=$!
		perl -e 'select undef, undef, undef, $ARGV[0] / 1000' $ms
		kill -KILL $pid 2>/dev/null
		wait $pid 2>/dev/null
		[ $? -ne 137 ] || killed=$((killed + 1))
		whole $type || bad=$((bad + 1))
	done
	is "$type: a killed build leaves a whole table" $bad 0
	ok "$type: some were killed" test $killed -gt 0
	postmap $type:t
	is "$type: the next build works" "$(postmap -q key20000 $type:t)" 'new value 20000'
	ok "$type: and leaves nothing over" test ! -e t.$type.tmp

	# Builds of both versions, again and again, while others read.
	cp old one; cp new two
	(for i in 1 2 3 4 5 6; do for v in one two; do cp $v t.src; mv t.src t; postmap $type:t; done; done; : >done.$type) &
	pids=$!
	bad=0 rounds=0
	until [ -e done.$type ]; do
		whole $type || bad=$((bad + 1))
		rounds=$((rounds + 1))
	done
	wait $pids; pids=
	is "$type: no reader met half a table or none" $bad 0
	ok "$type: there were readers" test $rounds -gt 2

	# The second build waits for the first, and starts from the source as it is then.
	cp old t; postmap $type:t
	echo 'key1 newest' >t
	(flock 9; : >held.$type; wait_for 60 test -e release.$type) 9>t.$type.tmp &
	holder=$!
	pids=$holder
	wait_for 10 test -e held.$type
	postmap $type:t & builder=$!
	pids="$holder $builder"
	ok "$type: a build waits for another" wait_for 20 grep -q -e "-> FLOCK.* $builder " /proc/locks
	is "$type: meanwhile the old table is there" "$(postmap -q key1 $type:t)" 'old value 1'
	: >release.$type
	wait $builder
	is "$type: then it goes on" $? 0
	is "$type: with the source as it was" "$(postmap -q key1 $type:t)" newest
	wait $holder; pids=

	# What cannot be built, or not be put in place, changes nothing.
	echo 'key1 later' >t
	mkdir ro; cp t ro/t; postmap $type:ro/t
	err=$( (ulimit -f 0; trap '' XFSZ; exec postmap $type:t) 2>&1)
	is "$type: no room at all is status 1" $? 1
	like "$type: the table is named" "$err" "^postmap: fatal: .*($type:t|t\.$type\.tmp)"
	is "$type: and the old table stays" "$(postmap -q key1 $type:t)" newest
	mkdir t.$type.tmp
	ok "$type: a directory in the way is an error" fails_with 1 postmap $type:t
	rmdir t.$type.tmp; rm -r ro
	ln -s /etc/hostname t.$type.tmp
	ok "$type: so is a link" fails_with 1 postmap $type:t
	rm t.$type.tmp
	mkfifo t.$type.tmp
	ok "$type: so is a pipe" fails_with 1 timeout 20 postmap $type:t
	rm t.$type.tmp
	is "$type: still the old table" "$(postmap -q key1 $type:t)" newest
	rm -f t t.$type
done

# All entries that a format cannot hold are named in one run.
printf 'a 1\n%0600d 2\nb 3\n%0700d 4\n' 1 2 >long
postmap lmdb:long >err 2>&1
is 'a build with bad entries fails' $? 1
is 'and names them all' "$(cut -c1-60 err)" \
    'postmap: warning: long, line 2: error updating lmdb:long: MD
postmap: warning: long, line 4: error updating lmdb:long: MD
postmap: fatal: error updating lmdb:long: MDB_BAD_VALSIZE: U'
ok 'and makes no index' test ! -e long.lmdb
sed -i 4d long
like 'a lone one is named as well' "$(postmap lmdb:long 2>&1)" '^postmap: warning: long, line 2: error updating lmdb:long: MDB_BAD_VALSIZE'
like 'and with -i' "$(postmap -i lmdb:new <long 2>&1)" '^postmap: warning: stdin, line 2: error updating lmdb:new: MDB_BAD_VALSIZE'

# An index is changed by -i and -d in the same way.
for type in gdbm lmdb; do
	cp old t; postmap $type:t
	bad=0
	for ms in 1 4 8 14 20 30 40; do
		seq 5000 | sed 's/.*/more& old value &/' | postmap -iw $type:t & pid=$!
		perl -e 'select undef, undef, undef, $ARGV[0] / 1000' $ms
		kill -KILL $pid 2>/dev/null
		wait $pid 2>/dev/null
		whole $type || bad=$((bad + 1))
		case $(postmap -s $type:t | grep -c '^more') in 0|5000) ;; *) bad=$((bad + 1)) ;; esac
	done
	is "$type: a killed -i has added all or nothing" $bad 0
	is "$type: and the next works" "$(echo 'more1 x' | postmap -ir $type:t; postmap -q more1 $type:t)" x
done
done_testing
