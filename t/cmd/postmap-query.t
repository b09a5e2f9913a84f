#!/bin/sh
# postmap: queries of all kinds
. "$(dirname "$0")/../lib.sh"

mkdir "$T/conf"
echo 'compatibility_level = 3.6' >"$T/conf/main.cf"
export MAIL_CONFIG="$T/conf"
cd "$T" || exit 1
printf 'a 1\nb 2\n' >src
postmap cdb:src gdbm:src lmdb:src

q() { postmap -q "$@" 2>&1; }
is 'the value is printed' "$(q a gdbm:src)" 1
ok 'and the status is 0' postmap -q a gdbm:src
ok 'not found is 1' fails_with 1 postmap -q c gdbm:src
is 'not found prints nothing' "$(q c gdbm:src)" ''
is 'the first table wins' "$(q a inline:{a=first} gdbm:src)" first
is 'a table that is not needed is not opened' "$(q a gdbm:src lmdb:absent)" 1
is 'keys from standard input' "$(printf 'a\nc\n\nB' | q - cdb:src)" 'a	1
B	2'
ok 'none found is 1' sh -c 'echo c | { postmap -q - cdb:src; test $? = 1; }'
is 'a failing table' "$(q x fail:y)" 'postmap: fatal: table fail:y: query error: Application error'
is 'an empty value' "$(q a inline:{a=})" 'postmap: warning: table inline:{a=}: key a: empty string result is not allowed
postmap: warning: table inline:{a=} should return NO RESULT in case of NOT FOUND'
is 'environ: folded' "$(HOME=/h q HOME environ:x)" ''
is 'environ: with -f' "$(HOME=/h postmap -fq HOME environ:x)" /h
is 'an answer comes before the next question' "$(
	mkfifo in out
	postmap -q - gdbm:src <in >out &
	exec 3>in 4<out
	echo a >&3; read -r one <&4
	echo b >&3; read -r two <&4
	exec 3>&-; echo "$one,$two")" 'a	1,b	2'

# Enough keys at once that a sorted table is asked in its own order.
awk 'BEGIN { for (i = 1; i <= 4000; i++) print "k" i * 7919 % 4001, i }' >many
postmap lmdb:many
awk '{ print $1; if (NR % 3 == 0) print "no" $1 }' many >keys
tr ' ' '\t' <many >answers
ok 'many answers come in the order of the keys' sh -c 'postmap -q - lmdb:many <keys | cmp - answers'
head -n 3000 many >some
{ cut -d " " -f1 some; echo none; cut -d " " -f1 many; } >keys
tr ' ' '\t' <some >answers
is 'and those before a failure are given' "$(postmap -q - lmdb:many fail:y <keys 2>err | cmp - answers && cat err)" \
	'postmap: fatal: table fail:y: query error: Application error'

cat >msg <<'E'
Subject: a
 folded
X-Other: b
Content-Type: multipart/mixed; boundary="xx"

preamble a
--xx
X-Inner: a

inner a
--xx
Content-Type: message/rfc822

Subject: nested a

nested a
--xx--
epilogue a
E
table='regexp:{ {/ a/ X} }'
is '-h looks up headers' "$(postmap -h -q - "$table" <msg)" 'Subject: a
 folded	X'
is '-hm looks into parts' "$(postmap -hm -q - "$table" <msg)" 'Subject: a
 folded	X
X-Inner: a	X
Subject: nested a	X'
is '-bm leaves the headers of parts out' "$(postmap -bm -q - "$table" <msg)" 'preamble a	X
inner a	X
nested a	X
epilogue a	X'
is '-h needs -q -' "$(postmap -h cdb:src 2>&1)" 'postmap: fatal: specify -b -h or -m only with "-q -"'
is 'one action only' "$(postmap -q a -d b cdb:src 2>&1)" 'postmap: fatal: specify only one of -s -q or -d'

like 'a wrong letter gets the usage line' "$(postmap -Z 2>&1)" 'fatal: usage: postmap \['
for args in --nosuch --test --json=x; do
	is "a wrong long option, where they are told of: $args" "$(postmap $args 2>&1 | tail -n 1)" 'postmap: fatal: postmap --help tells of all options'
done

echo pem >cert
printf 'host cert\n' >sni
postmap -F cdb:sni
is '-F stores files' "$(postmap -q host cdb:sni)" cGVtCg==
is '-F gives them back' "$(postmap -Fq host cdb:sni)" pem

touch -d '10 minutes ago' src.gdbm
touch -d '5 minutes ago' src
is 'an old index is reported' "$(q a gdbm:src)" 'postmap: warning: database src.gdbm is older than source file src
1'

cp src bare
printf 'root: me, you\n' >aliases
touch -d '10 minutes ago' bare aliases
is 'hash: without an index reads the source' "$(q a hash:bare)" \
    'postmap: warning: hash:bare has no index; using the text file bare. To build the index: postmap hash:bare
1'
echo "alias_maps = hash:aliases" >>conf/main.cf
is 'an alias file is read as such' "$(postalias -q root hash:aliases 2>/dev/null)" 'me, you'
is 'without a source there is nothing' "$(q a hash:absent)" \
    'postmap: fatal: open database absent.gdbm: No such file or directory'

# Patterns that would backtrack for ever end.
printf '/^(a+)+$/ x\n/./ rest\n' >bad
is 'match limits hold' "$(q "$(printf '%040d!' 0 | tr 0 a)" pcre:bad | tail -n 1)" rest
printf '# heavy\n/(a{0,255}){0,255}b/ x\n/./ rest\n' >heavy
is 'what would take for ever to compile is refused' "$(timeout 20 postmap -q b regexp:heavy 2>&1)" \
    'postmap: warning: regexp map heavy, line 2: repetitions make the pattern too large: skipping this rule
rest'
done_testing
