#!/bin/sh
# postmap: building, changing and listing tables
. "$(dirname "$0")/../lib.sh"

mkdir "$T/conf"
echo 'compatibility_level = 3.6' >"$T/conf/main.cf"
export MAIL_CONFIG="$T/conf"
cd "$T" || exit 1

cat >src <<'E'
key value
  cont
# comment

  more
KEY again
alias: like
only
"a b" quoted
"bad x
E
want='"a b"	quoted
alias:	like
key	value  cont  more'
warnings='postmap: warning: LABEL: duplicate entry: "key"
postmap: warning: src, line 7: record is in "key: value" format; is this an alias file?
postmap: warning: src, line 8: expected format: key whitespace value
postmap: warning: src, line 10: unbalanced '\''"'\'' in '\''"bad x'\'' -- ignoring this line'
for type in gdbm lmdb cdb hash; do
	suffix=$type label=$type:src
	[ $type != hash ] || suffix=gdbm label=gdbm:src
	[ $type != cdb ] || label=src
	ok "$type: builds" sh -c "postmap $type:src 2>err"
	is "$type: each bad line is named" "$(sed "s/$label: dup/LABEL: dup/" err)" "$warnings"
	is "$type: lists what it stored" "$(postmap -s $type:src | LC_ALL=C sort)" "$want"
	ok "$type: the file has its suffix" test -f src.$suffix
	ok "$type: nothing is left over" test ! -e src.$suffix.tmp
	is "$type: the first duplicate stays" "$(postmap -q KEY $type:src)" 'value  cont  more'
	postmap -r $type:src 2>/dev/null
	is "$type: -r replaces duplicates" "$(postmap -q key $type:src)" again
	is "$type: -w is silent about duplicates" "$(postmap -w $type:src 2>&1 | grep -c duplicate)" 0
	postmap -f $type:src 2>/dev/null
	is "$type: -f keeps letter case" "$(postmap -fq KEY $type:src)" again
done
is 'without a type the default one is built' "$(rm -f src.gdbm; postmap src 2>/dev/null; ls src.gdbm)" src.gdbm

for type in gdbm lmdb; do
	postmap -w $type:src 2>/dev/null
	printf 'new one\nkey other\n' | postmap -i $type:src 2>err
	is "$type: -i adds" "$(postmap -q new $type:src)" one
	is "$type: -i keeps what is there" "$(postmap -q key $type:src)" 'value  cont  more'
	is "$type: and says so" "$(cat err)" "postmap: warning: $type:src: duplicate entry: \"key\""
	printf 'key other\n' | postmap -ir $type:src
	is "$type: -ir replaces" "$(postmap -q key $type:src)" other
	ok "$type: -d deletes" postmap -d NEW $type:src
	ok "$type: -d of nothing is 1" fails_with 1 postmap -d new $type:src
	printf 'key\nnone\n' >keys
	ok "$type: -d - deletes" sh -c "postmap -d - $type:src <keys"
	is "$type: what is left" "$(postmap -s $type:src | wc -l)" 2
	printf 'a b\n' | postmap -i $type:fresh
	is "$type: -i makes a new table" "$(postmap -s $type:fresh)" 'a	b'
	ok "$type: -d does not" fails_with 1 postmap -d x $type:absent
	ok "$type: really not" test ! -e absent.$type
done
is 'cdb tables are not changed' "$(postmap -d x cdb:src 2>&1)" \
    'postmap: fatal: dict_cdb_open: inappropriate open flags for cdb database - specify O_RDONLY or O_WRONLY|O_CREAT|O_TRUNC'

# A failed build leaves the old table.
for type in gdbm lmdb cdb; do
	printf 'k old\n' >t
	postmap $type:t
	printf 'k new\n' >t
	(ulimit -f 1; trap '' XFSZ; seq 100000 | sed 's/$/ value/' >big 2>/dev/null)
	seq 100000 | sed 's/$/ value/' >>t
	(ulimit -f 64; trap '' XFSZ; exec postmap $type:t) >out 2>&1
	is "$type: a full disk is an error" $? 1
	is "$type: and leaves the old table" "$(postmap -q k $type:t)" old
	ok "$type: and no temporary file" test ! -e t.$type.tmp
	postmap $type:t 2>/dev/null
	is "$type: the next build works" "$(postmap -q k $type:t)" new
done

# Two builds at once: each is complete, one after the other.
for type in gdbm lmdb cdb; do
	for n in 1 2 3 4; do postmap -w $type:t 2>>errors & done
	wait
	is "$type: builds at once do not disturb each other" "$(cat errors)" ''
	is "$type: the table is whole" "$(postmap -s $type:t | wc -l)" 100001
done

for mode in 600 640 444; do
	printf 'k v\n' >m$mode
	chmod $mode m$mode
	for type in gdbm lmdb cdb; do
		postmap $type:m$mode
		want=$(printf %o $((0644 & (0$mode | 0600))))
		is "$type: readable as its source, $mode" "$(stat -c %a m$mode.$type)" "$want"
		rm -f m$mode.$type
		postmap -p $type:m$mode
		is "$type: with -p readable by all, $mode" "$(stat -c %a m$mode.$type)" 644
	done
done

mkdir real; printf 'k v\n' >linked
for type in gdbm lmdb cdb; do
	ln -s real/index.$type linked.$type
	: >real/index.$type
	postmap $type:linked
	ok "$type: a symbolic link stays one" test -h linked.$type
	is "$type: what it leads to is built" "$(postmap -q k $type:linked)" v
done

is 'unknown types are refused' "$(postmap foo:src 2>&1)" 'postmap: fatal: unsupported dictionary type: foo'
is 'types that are only read are not built' "$(postmap pcre:src 2>&1)" \
    'postmap: fatal: unsupported dictionary type: pcre does not support bulk-mode creation.'
is 'a missing source is an error' "$(postmap cdb:absent 2>&1)" \
    'postmap: fatal: open absent: No such file or directory'
is 'usage' "$(postmap 2>&1)" \
    'postmap: fatal: usage: postmap [-bfFhimnNoprsuUvw] [-c config_dir] [-d key] [-q key] [map_type:]file...'
ok 'usage is exit 1' fails_with 1 postmap
ok '--help succeeds' postmap --help
cp conf/main.cf saved
echo 'k hash' >moved
ok 'hash: is served by the usual type' sh -c 'postmap hash:moved && rm moved.gdbm'
echo 'posthorn_bdb_redirect = lmdb' >>conf/main.cf
ok 'or by the one of posthorn_bdb_redirect' sh -c 'postmap hash:moved && postmap btree:moved && rm moved.lmdb'
printf 'default_database_type = lmdb\ndefault_cache_db_type = hash\nposthorn_bdb_redirect = warn\n' | cat saved - >conf/main.cf
is 'warn says so' "$(postmap hash:moved 2>&1)" 'postmap: warning: redirecting hash:moved to lmdb:moved'
echo 'non_bdb_custom_mapping = btree=cdb, hash:moved=cdb, hash=lmdb' >>conf/main.cf
is 'a table of its own mapping' "$(postmap hash:moved 2>&1)" 'postmap: warning: redirecting hash:moved to cdb:moved'
is 'or of that for its type' "$(echo 'k v' >plain; postmap hash:plain 2>&1; postmap btree:plain 2>&1)" 'postmap: warning: redirecting hash:plain to lmdb:plain
postmap: warning: redirecting btree:plain to cdb:plain'
sed -i '/^non_bdb/d' conf/main.cf
is 'a usual type that is none is gdbm' "$(postmap btree:moved 2>&1)" 'postmap: warning: redirecting btree:moved to gdbm:moved'
is 'hash: is refused when asked for' "$(echo 'posthorn_bdb_redirect = no' | cat saved - >conf/main.cf; postmap -q x hash:src 2>&1)" \
    "postmap: fatal: Berkeley DB support for 'hash:src' is not available; build the table as gdbm:, lmdb: or cdb:, or set posthorn_bdb_redirect"

# Many records are in the file already when one turns out to be replaced.
perl -e 'print "k$_ value of $_\n" for 1 .. 5000; print "k$_ new\n", $_ % 2 ? "K$_ " . "newest" x 9 . "\n" : "" for 11 .. 20, 4990 .. 4999; print "z last\n"' >often
for type in gdbm lmdb cdb; do
	postmap -r $type:often
	is "$type: -r keeps the last of many" "$(postmap -s $type:often | LC_ALL=C sort | cksum)" \
	    "$(perl -lane '$F[0] = lc $F[0]; $v{$F[0]} = $_ =~ s/^\S+ //r; END { print "$_\t$v{$_}" for sort keys %v }' often | LC_ALL=C sort | cksum)"
done

if [ "$(id -u)" = 0 ]; then
	echo 'compatibility_level = 3.6' >conf/main.cf
	printf 'k v\n' >src3; : >src3.cdb.tmp; chown 65534 src3.cdb.tmp
	postmap cdb:src3
	is 'a temporary file of somebody else is not used' "$(stat -c %u src3.cdb)" 0
	printf 'k v\n' >src4; postmap lmdb:src4; chown 65534:65534 src4.lmdb; chmod 640 src4.lmdb
	postmap lmdb:src4
	is 'owner and mode of an index stay' "$(stat -c %u:%g:%a src4.lmdb)" 65534:65534:640
	mkdir own; printf 'k v\n' >own/f; chown 65534:65534 own own/f
	for type in gdbm lmdb cdb; do
		postmap $type:own/f
		is "$type: belongs to the owner of its source" "$(stat -c %u:%g own/f.$type)" 65534:65534
		rm own/f.$type
		postmap -o $type:own/f
		is "$type: with -o to root" "$(stat -c %u:%g own/f.$type)" 0:0
		rm own/f.$type
	done
fi
done_testing
