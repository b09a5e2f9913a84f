#!/bin/sh
# postmap and postalias say, print and return what Debian's do
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
. "$(dirname "$0")/tables.sh"

both a <<'E'
 continues nothing
key value
  cont
# comment

  more
KEY again
key: alias like
only
"a b" quoted
esc\ aped key
"bad quote x
"bad quote y  	
xy é
ÉTÉ summer
trail   value  with  blanks  	
tab	separated	value
"" empty quoted
\
x	
@dom @other
E
printf 'bad \377 utf\n\377key x\nnul a\000b\nlast line' >>"$T/ours/a"
cp "$T/ours/a" "$T/theirs/a"

for type in lmdb cdb; do
	same 'builds' postmap $type:a
	same 'builds again, replacing duplicates' postmap -r $type:a
	same 'builds silently' postmap -w $type:a
	for key in key KEY 'key:' '"a b"' 'a b' 'esc\ aped' été ÉTÉ xy trail tab '""' '\' nul last none '' @dom; do
		case $type$key in lmdb) continue ;; esac
		same 'finds' postmap -q "$key" $type:a
	done
	printf 'key\nnone\nKEY\n\xc3\x89t\xc3\xa9\nxy' >"$T/in"
	same 'finds from standard input' postmap -q - $type:a
	printf 'none\nother\n' >"$T/in"
	same 'finds nothing from standard input' postmap -q - $type:a
	rm "$T/in"
	same 'builds without folding' postmap -f $type:a
	same 'finds upper case' postmap -fq KEY $type:a
	same 'finds upper case not folded' postmap -q KEY $type:a
	same 'builds with NULs' postmap -N $type:a
	same 'reads with NULs' postmap -q key $type:a
	same 'builds without NULs' postmap -n $type:a
	same 'reads without NULs' postmap -q key $type:a
	same 'builds without UTF-8' postmap -u $type:a
	printf '\377key' >"$T/in"
	same 'finds what is not UTF-8' postmap -uq - $type:a
	rm "$T/in"
done
same 'builds for the listing' postmap lmdb:a
same 'lists' postmap -s lmdb:a
same 'lists only the first' postmap -s lmdb:a lmdb:none
same 'default type' postmap -q key a
same 'first hit wins' postmap -q key cdb:a lmdb:none
same 'a second table is asked' postmap -q none cdb:a static:x

# Changes in place.
printf 'new one\nkey other\nNEW two\n' >"$T/in"
same 'adds' postmap -i lmdb:a
same 'adds, replacing' postmap -ir lmdb:a
same 'adds, ignoring' postmap -iw lmdb:a
same 'adds to a new table' postmap -i lmdb:fresh
rm "$T/in"
same 'lists after changes' postmap -s lmdb:a
same 'lists the new table' postmap -s lmdb:fresh
same 'deletes' postmap -d KEY lmdb:a
same 'deletes nothing' postmap -d KEY lmdb:a
same 'deletes from one of two' postmap -d new lmdb:a lmdb:fresh
printf 'xy\nnothere\n' >"$T/in"
same 'deletes from standard input' postmap -d - lmdb:a
rm "$T/in"
same 'lists after deletion' postmap -s lmdb:a
same 'cannot add to cdb' postmap -i cdb:a

# Permissions of new files.
for mode in 600 640 644 664 400; do
	for side in ours theirs; do
		printf 'k v\n' >"$T/$side/p$mode"
		chmod $mode "$T/$side/p$mode"
	done
	for type in lmdb cdb; do
		same 'builds' postmap $type:p$mode
		is "mode of $type from $mode" "$(stat -c %a "$T/ours/p$mode.$type")" \
		    "$(stat -c %a "$T/theirs/p$mode.$type")"
		rm "$T/ours/p$mode.$type" "$T/theirs/p$mode.$type"
		same 'builds' postmap -p $type:p$mode
		is "mode of $type with -p from $mode" "$(stat -c %a "$T/ours/p$mode.$type")" \
		    "$(stat -c %a "$T/theirs/p$mode.$type")"
	done
done
chmod 777 "$T/ours" "$T/theirs"
for side in ours theirs; do
	printf 'k v\n' >"$T/$side/owned"
	chown 65534:65534 "$T/$side/owned"
done
chmod 755 "$T" "$T/conf"
for type in lmdb cdb; do
	same 'builds as the owner' postmap $type:owned
	is "owner of $type" "$(stat -c %u:%g "$T/ours/owned.$type")" "$(stat -c %u:%g "$T/theirs/owned.$type")"
	rm "$T/ours/owned.$type" "$T/theirs/owned.$type"
	same 'builds as root' postmap -o $type:owned
	is "owner of $type with -o" "$(stat -c %u:%g "$T/ours/owned.$type")" "$(stat -c %u:%g "$T/theirs/owned.$type")"
done
rm "$T"/ours/owned.* "$T"/theirs/owned.*
same 'several tables, several owners' postmap lmdb:owned lmdb:a cdb:owned cdb:a
is 'owners of several' "$(cd "$T/ours" && stat -c %u owned.lmdb a.lmdb owned.cdb a.cdb)" \
    "$(cd "$T/theirs" && stat -c %u owned.lmdb a.lmdb owned.cdb a.cdb)"

# Its owner may make no file beside it. (A first build is denied there, not here.)
chmod 755 "$T/ours" "$T/theirs"
for side in ours theirs; do
	printf 'k w\n' >"$T/$side/owned"; chgrp 7 "$T/$side/owned.lmdb"; chmod 640 "$T/$side/owned.lmdb"
done
same 'rebuilds in a directory of root' postmap lmdb:owned
is 'owner, group and mode of an old index' "$(stat -c %u:%g:%a "$T/ours/owned.lmdb")" "$(stat -c %u:%g:%a "$T/theirs/owned.lmdb")"
is 'what a reader of ours writes theirs reads' "$(peer peer postmap -q k lmdb:$T/ours/owned)" w
chmod 777 "$T/ours" "$T/theirs"

# Values from files.
printf 'one\n' | both f1
printf 'two' | both f2
both files <<'E'
k f1
l f1 f2,f1
m missing
n ,
E
same 'stores files' postmap -F lmdb:files
same 'gives files back' postmap -Fq l lmdb:files
same 'shows base64' postmap -q l lmdb:files
same 'shows base64 of one' postmap -q k lmdb:files
same 'complains of what is no base64' postmap -Fq key lmdb:a
same 'lists files' postmap -Fs lmdb:files
touch -d '10 minutes ago' "$T/ours/files" "$T/theirs/files"
same 'texthash with files' postmap -Fq k texthash:files

# Memory and pattern types.
touch -d '10 minutes ago' "$T/ours/a" "$T/theirs/a"
for key in key KEY 'key:' '"a b"' été xy last none; do
	same 'texthash' postmap -q "$key" texthash:a
done
same 'inline' postmap -q a 'inline:{ {a = b c}, d=e }'
same 'inline' postmap -q D 'inline:{ {a = b c}, d=e }'
for t in 'inline:{foo=bar, x = y}' 'inline:{}' 'inline:{,}' 'inline:x' 'inline:{foo}' \
    'inline:{ {a b = c} }' 'inline:{ {a=b} x}' 'inline:{ {a=b}' 'inline:{{"a b" = c}}' \
    'inline:{{"a = c}}' 'inline:{a=}' 'inline:{{a=}}' 'inline:{a=b=c}' 'inline:{{}}' 'static:x' 'static:{ x y }' 'static:{x' 'static:{x}y' \
    'static:' 'fail:x' 'internal:x' 'environ:x' 'unix:passwd.byname' 'unix:x' 'randmap:{a}' 'randmap:{{a b}}' \
    'randmap:x' 'randmap:{}' 'pipemap:x' 'pipemap:{}' 'pipemap:{x}' 'pipemap:{inline:{a=b},inline:{b=c}}' \
    'pipemap:{inline:{a=b},inline:{c=d}}' 'unionmap:{inline:{a=b},static:c}' 'unionmap:{static:x,fail:y}' \
    'pipemap:{static:a,fail:y}' 'unionmap:{lmdb:none}' 'regexp:{{/^(a)$/ <$1>}}' 'regexp:{{/A/i x}}' 'pcre:{{/(?i)A/i x}}' \
    'pcre:none' 'cidr:none' 'texthash:none' 'lmdb:none' 'cdb:none' 'regexp:none' 'cidr:{{a}}' 'cidr:{}' 'cidr:{a}' \
    'foo:x' ':x' 'foo:' 'regexp:{ {!/a/ x} }' 'regexp:{ {!/b/ x} }'; do
	same 'type' postmap -q a "$t"
	same 'type' postmap -fq HOME "$t"
done
both bad.cidr <<'E'
10.1.2.3/8 x
10.0.0.0/33 x
10.0.0.0/a x
10.0.0/8 x
10.0.0.0/ x
[10.0.0.0 x
[10.0.0.0]x x
[10.0.0.0]x/8 x
[10.0.0.0/8]z x
[::1]/129 x
! x
10.0.0.0/8
if 10.0.0.0/8
if
endif x
endif
endif
if 11.0.0.0/8
[] x
[]/8 x
1.2.3.4 yes
E
both bad.re <<'E'
/^a(b)?(c)$/ x$1-${2}y$(2)$$
/unclosed
/badflag/q x
/bad(/ x
/nores/
/idx/ ${abc}
/idx/ $1x
/idx/ $0
/idx/ ${1
/idx/ a $
/idx/ $9
!/neg/ $1
if /x/ extra
endif
endif
endif foo
if /y/
foo
!foo
!
if
if foo
if /bad(/
endif
/a/!/b/ c
/a/! c
!!/x/ y
|bar| baz
/(x)/ text ${1)
E
same 'cidr complains' postmap -q 1.2.3.4 cidr:bad.cidr
for key in ac abc AC x bar q; do
	same 'regexp complains' postmap -q $key regexp:bad.re
	same 'pcre complains' postmap -q $key pcre:bad.re
done

# Messages.
cat >"$T/in" <<'E'
From: a@example.com
Subject: a
 folded header
X-Other: b
Content-Type: multipart/mixed; boundary="xx"

preamble
--xx
Content-Type: text/plain
X-Inner: a

body line a
--xx
Content-Type: message/rfc822

Subject: nested a

nested body a
--xx--
epilogue a
E
for opt in -h -b -hm -bm -hb -hbm -hU -m; do
	same 'message' postmap $opt -q - 'regexp:{ {/a/ X} }'
done
rm "$T/in"

# Usage and conflicts.
same 'usage' postmap
same 'usage' postmap -z
same 'usage' postmap -q x
same 'conflict' postmap -q x -d y lmdb:a
same 'conflict' postmap -q x -s lmdb:a
same 'conflict' postmap -s -q x lmdb:a
same 'conflict' postmap -d x -d y lmdb:a
same 'listing nothing' postmap -s
same 'message options alone' postmap -h lmdb:a
same 'message options alone' postmap -b -q x lmdb:a
same 'message options alone' postmap -m lmdb:a
same 'create' postmap lmdb:none
same 'create' postmap none
same 'create' postmap regexp:a
same 'create' postmap fail:a
same 'create' postmap proxy:lmdb:a
same 'create' postmap static:a
same 'add' postmap -i static:a
same 'delete' postmap -d x 'inline:{a=b}'
same 'delete' postmap -d x internal:x
same 'delete' postmap -d x environ:x
same 'delete' postmap -d x static:a
same 'delete' postmap -d x fail:a
same 'list' postmap -s static:a
same 'list' postmap -s 'inline:{a=b}'
same 'list' postmap -s fail:x
same 'empty value' postmap -q a 'inline:{a=}'
printf '' | both empty
same 'empty source' postmap lmdb:empty
same 'empty table' postmap -s lmdb:empty
same 'empty source' postmap cdb:empty
printf '%0600d v\n' 1 | both long
# Ours says in which line, too.
ask postmap lmdb:long
is 'a key too long for lmdb' "$(grep -v ': warning: long, line 1: ' "$T/ours.out")" "$(cat "$T/theirs.out")"
same 'a long key' postmap -q "$(printf %0600d 1)" lmdb:a
same 'empty key' postmap -q '' lmdb:a

# postalias
both al <<'E'
root: me
 , other
grp: a b <c@d>
Upper: Mixed@Case.Com
"a b": x
"q""r": z
\esc: y
x (c): y (d)
nul: ""
inc: :include:/path, "|prog arg a", /file , |cmd x
w.x: a.b@c.d , e%f@g
no value
noval:
a,b: c
u@d: e
u%d: e
u!d: e
se;mi: x;y
lit: a@[1.2.3.4], [x y]
bs: a\,b "c\"d" \root
g: grp: a, b;
lt: <a@b>, c <d@e>
: x
q"uo"te: x"y"z
com: (a (b) c) d
un: "abc
x1: a . b
x3: a % b @ c
x4: a < b > c
x6: a \ b
x8: "a\b"
x10: a:b : c
x13: (x)(y)a(z)
x14: a,,b ,  , c
x15: a ,
x18: (un
x19: [un
x20: a\
x24: ) a
é: ü
E
for type in lmdb cdb; do
	same 'builds' postalias $type:al
	for key in root UPPER 'a b' '"a b"' nul none 'x (c)'; do
		same 'finds' postalias -q "$key" $type:al
	done
	printf 'root\nnone\nUpper\n' >"$T/in"
	same 'finds from standard input' postalias -q - $type:al
	rm "$T/in"
done
same 'builds, replacing' postalias -r lmdb:al
same 'lists' postalias -s lmdb:al
same 'lists as postmap' postmap -s lmdb:al
same 'builds without NULs' postalias -n lmdb:al
same 'lists' postalias -s lmdb:al
same 'builds' postalias lmdb:al
echo 'more: one' >"$T/in"
same 'adds' postalias -i lmdb:al
rm "$T/in"
same 'lists' postalias -s lmdb:al
same 'deletes' postalias -d root lmdb:al
same 'usage' postalias
same 'usage' postalias -b
same 'conflict' postalias -q x -s lmdb:al

# Files are interchangeable, both ways.
for type in lmdb cdb; do
	postmap -c "$T/conf" $type:"$T/ours/a" 2>/dev/null
	peer peer postmap $type:"$T/theirs/a" 2>/dev/null
	for key in key été last; do
		is "the peer reads our $type: $key" "$(peer peer postmap -q "$key" $type:"$T/ours/a")" \
		    "$(postmap -c "$T/conf" -q "$key" $type:"$T/theirs/a")"
		like "it is a value: $key" "$(peer peer postmap -q "$key" $type:"$T/ours/a")" .
	done
done
is 'the peer lists our lmdb' "$(peer peer postmap -s lmdb:"$T/ours/a")" "$(postmap -c "$T/conf" -s lmdb:"$T/theirs/a")"
(for i in $(seq 20000); do echo "key$i value number $i"; done) | both big
same 'builds a larger table' postmap lmdb:big
is 'the peer lists our larger lmdb' "$(peer peer postmap -s lmdb:"$T/ours/big" | md5sum)" \
    "$(postmap -c "$T/conf" -s lmdb:"$T/theirs/big" | md5sum)"
echo 'key1 changed' >"$T/in"
(cd "$T/ours" && peer peer postmap -ir lmdb:big <"$T/in")
is 'we read what the peer changed in ours' "$(postmap -c "$T/conf" -q key1 lmdb:"$T/ours/big")" changed
(cd "$T/theirs" && postmap -c "$T/conf" -ir lmdb:big <"$T/in")
is 'the peer reads what we changed in its' "$(peer peer postmap -q key1 lmdb:"$T/theirs/big")" changed
is 'and all the rest' "$(peer peer postmap -s lmdb:"$T/theirs/big" | wc -l)" 20000

done_testing
