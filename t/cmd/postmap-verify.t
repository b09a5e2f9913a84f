#!/bin/sh
# postmap: is an index what its source says, and must it be built again?
. "$(dirname "$0")/../lib.sh"

mkdir "$T/conf"
echo 'compatibility_level = 3.6' >"$T/conf/main.cf"
export MAIL_CONFIG="$T/conf"
cd "$T" || exit 1

# --verify
printf 'a 1\nb 2\nc 3\n' >src
for type in gdbm lmdb cdb; do
	postmap $type:src
	ok "$type: a fresh index is verified" postmap --verify $type:src
	printf 'a 1\nb changed\nd 4\n' >new
	cp new src2; postmap $type:src2; cp src src2; touch -d '1 hour ago' src2
	postmap --verify $type:src2 >out 2>&1
	is "$type: differences are status 4" $? 4
	is "$type: each difference is named" "$(LC_ALL=C sort out)" "$type:src2: different value: \"b\" (line 2)
$type:src2: extra: \"d\"
$type:src2: missing: \"c\" (line 3)"
	rm src2.*
	is "$type: so is a missing index" "$(postmap --verify $type:src2)" \
	    "$type:src2: open database src2.$type: No such file or directory"
	ok "$type: with status 4" fails_with 4 postmap --verify $type:src2
	echo 'this is no index, whatever its name says' >src2.$type
	touch -d '1 hour ago' src2
	like "$type: and one of another format" "$(postmap --verify --json $type:src2)" \
	    '^\{"v": 1, "table": "'$type':src2", "finding": "format", "text": "open database src2.*"\}$'
	rm src2.$type
done
touch -d '1 hour ago' src.cdb
is 'an old index' "$(postmap --verify cdb:src)" 'cdb:src: older than its source'
postmap cdb:src
chmod 600 src
like 'an index that tells more' "$(postmap --verify cdb:src)" 'mode 644 gives more than 600 of its source'
chmod 640 src.cdb
like 'be it to a group' "$(postmap --verify cdb:src)" 'mode 640 gives more than 600 of its source'
chmod 644 src
chmod 646 src.cdb
is 'an index that everybody may write' "$(postmap --verify cdb:src)" 'cdb:src: mode 646 lets others write it'
chmod 664 src.cdb
is 'an index that others may write' "$(postmap --verify cdb:src)" 'cdb:src: mode 664 lets others write it'
if [ "$(id -u)" = 0 ]; then
	postmap cdb:src; chown 65534 src.cdb
	is 'an index of somebody else' "$(postmap --verify cdb:src)" 'cdb:src: owner 65534 is not the owner 0 of its source'
fi
printf 'a 1\nA 2\nb\nc \033[31mx\n' >dup
postmap -w cdb:dup 2>/dev/null
is 'duplicates, and lines that are no entries' "$(postmap --verify cdb:dup 2>&1)" \
    'postmap: warning: dup, line 3: expected format: key whitespace value
cdb:dup: duplicate in source: "A" (line 2)'
printf 'a 1\nb\n' >half; postmap cdb:half 2>/dev/null
ok 'a line that is no entry is a finding' fails_with 4 postmap --verify cdb:half
postmap -r cdb:dup 2>/dev/null
is 'by -r the last of them counts' "$(postmap -r --verify cdb:dup 2>/dev/null)" 'cdb:dup: duplicate in source: "A" (line 2)'
printf '\033]0;x\a 1\n' >esc; cp esc esc2; postmap cdb:esc2; echo 'x y' >esc2; touch -d '1 hour ago' esc2
is 'no control byte reaches the terminal' "$(postmap --verify cdb:esc2 | grep extra)" 'cdb:esc2: extra: "\x1b]0;x\x07"'
printf 'k \377\n' >bin; postmap -u cdb:bin; echo 'x y' >bin; touch -d '1 hour ago' bin
printf '\377k v\n' >bin; postmap -u cdb:bin; echo 'x y' >bin; touch -d '1 hour ago' bin
is 'JSON is UTF-8; the bytes are in a twin' "$(postmap -u --verify --json cdb:bin | grep extra)" \
    '{"v": 1, "table": "cdb:bin", "finding": "extra", "key": "\ufffdk", "key_b64": "/2s="}'
ok 'a missing source is an error' fails_with 1 postmap --verify cdb:absent
cp src bare
is 'hash: without an index is not verified by its source' "$(postmap --verify hash:bare)" \
    'hash:bare: open database bare.gdbm: No such file or directory'
echo 'root: me' >al; postalias lmdb:al
ok 'the markers of an alias database are no extras' postalias --verify lmdb:al
echo 'host pem' >sni; echo secret >pem; touch -d '1 hour ago' sni pem; postmap -F cdb:sni
ok 'with -F the content of the files is compared' postmap -F --verify cdb:sni
echo other >pem
is 'and differs when they do' "$(postmap -F --verify cdb:sni)" 'cdb:sni: different value: "host" (line 1)'

# --if-stale
stamp() { stat -c %i src.cdb; }
postmap cdb:src
before=$(stamp)
ok 'a fresh index is left alone' postmap --if-stale --exit-code cdb:src
is 'really' "$(stamp)" "$before"
touch src
ok 'a touched source with the same content, too' postmap --if-stale --exit-code cdb:src
is 'really' "$(stamp)" "$before"
ok 'and then looks fresh to others' test ! src -nt src.cdb
echo 'd 4' >>src
touch -d '1 hour ago' src.cdb
ok 'a changed source is built' fails_with 10 postmap --if-stale --exit-code cdb:src
echo 'e 5' >>src
touch -d '1 hour ago' src.cdb
ok 'which is a success' postmap --if-stale cdb:src
is 'and there' "$(postmap -q e cdb:src)" 5
sed -i '/^e /d' src; postmap cdb:src
is 'really' "$(postmap -q d cdb:src)" 4
touch -d '1 hour ago' src.cdb
ok 'an older index with the same entries is enough' postmap --if-stale --exit-code cdb:src
ok 'and is dated' test ! src -nt src.cdb
rm src.cdb
is 'a missing index is built' "$(postmap --if-stale cdb:src)" 'cdb:src: 4 entries'
is 'JSON' "$(rm src.cdb; postmap --if-stale --json cdb:src)" '{"v": 1, "table": "cdb:src", "entries": 4}'
ok 'a missing source is an error' fails_with 1 postmap --if-stale cdb:absent
is 'several at once' "$(rm src.cdb; postmap --if-stale cdb:src cdb:dup 2>/dev/null)" 'cdb:src: 4 entries
cdb:dup: 3 entries'
if postmap -v cdb:src 2>&1 | grep -q 'no note is kept'; then
	echo '# this file system keeps no notes'
else
	for type in gdbm lmdb cdb; do
		printf 'a 1\n' >old; touch -d '2 hours ago' old
		printf 'a 2\n' >cur; postmap $type:cur
		cp -p old cur
		ok "$type: an older source that is restored is built" fails_with 10 postmap --if-stale --exit-code $type:cur
		is "$type: really" "$(postmap -q a $type:cur)" 1
		ok "$type: once" postmap --if-stale --exit-code $type:cur
		ok "$type: other options are another index" fails_with 10 postmap -f --if-stale --exit-code $type:cur
	done
	for type in gdbm lmdb; do
		echo 'b 2' | postmap -i $type:cur
		touch cur
		ok "$type: an index changed since is built" fails_with 10 postmap --if-stale --exit-code $type:cur
		ok "$type: the change is gone" fails_with 1 postmap -q b $type:cur
	done
fi

# --watch
pid=
stop_watch() { [ -z "$pid" ] || kill "$pid" 2>/dev/null; }
on_exit stop_watch
says() { [ "$(postmap -q "$1" lmdb:w/table 2>/dev/null)" = "$2" ]; }
mkdir w; printf 'a 1\n' >w/table; printf 'k: v\n' >w/other
postmap --watch lmdb:w/table cdb:w/other gone/table >log 2>&1 &
pid=$!
ok 'watching begins with a build' wait_for 20 says a 1
printf 'a 2\n' >w/table
ok 'a written source is built' wait_for 20 says a 2
printf 'a 3\n' >w/new; mv w/new w/table
ok 'so is one that was renamed into place' wait_for 20 says a 3
mkdir w/v1 w/v2; printf 'a 4\n' >w/v1/table; printf 'a 5\n' >w/v2/table
ln -s v1 w/now; ln -sf now/table w/link; mv -T w/link w/table
ok 'and one behind a link' wait_for 20 says a 4
ln -s v2 w/next; mv -T w/next w/now
ok 'also when the link above it moves' wait_for 20 says a 5
rm w/table
ok 'a source that goes away is a warning' wait_for 20 grep -q 'warning: open w/table' log
is 'and the index stays' "$(postmap -q a lmdb:w/table)" 5
mkdir gone; printf 'x y\n' >gone/table
ok 'a directory that appears later is watched' wait_for 20 test -f gone/table.gdbm
is 'what cannot be built is not watched' "$(postmap --watch regexp:src 2>&1)" 'postmap: fatal: regexp:src has no index file'
kill "$pid"; wait "$pid"
is 'SIGTERM is the regular end' $? 0
pid=
like 'each build is a line' "$(cat log)" '^lmdb:w/table: 1 entry$'
done_testing
