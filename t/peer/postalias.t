#!/bin/sh
# postalias and newaliases say, build and return what Debian's do
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
. "$(dirname "$0")/tables.sh"

# Options.
printf 'root: me\nUpper: One\nroot: again\nlist: a, b\n' | both al
for flag in '' -r -w -f -n -N -o -p -u -wr -rw; do
	same 'builds' postalias $flag lmdb:al
	same 'lists' postalias -s lmdb:al
done
same 'builds' postalias lmdb:al cdb:al
printf 'root\nROOT\nnone\n\nupper\n' >"$T/in"
same 'finds' postalias -q - cdb:al
same 'finds unfolded' postalias -f -q - cdb:al
same 'deletes' postalias -wd ROOT lmdb:al
same 'deletes nothing' postalias -d ROOT lmdb:al
printf 'list\nnone\n' >"$T/in"
same 'deletes from standard input' postalias -d - lmdb:al
same 'lists what is left' postalias -s lmdb:al
printf 'upper: other\nnew: x, y\nno value\n' >"$T/in"
same 'adds' postalias -i lmdb:al
same 'adds, replacing' postalias -ir lmdb:al
same 'adds, ignoring' postalias -iw lmdb:al
same 'adds to a new database' postalias -i lmdb:fresh
rm "$T/in"
same 'lists the new database' postalias -s lmdb:fresh
for args in '' '-z' '-F lmdb:al' '-h lmdb:al' '-q' '-q x -d y lmdb:al' '-d x -q y lmdb:al' '-s -q x lmdb:al' '-q x -s lmdb:al' \
    '-s' '-i' '-d x' '-q x' '-s -s lmdb:al' '-i -s lmdb:al' 'lmdb:none' 'none' 'regexp:al' 'fail:al' 'proxy:lmdb:al' \
    '-q x lmdb:none' '-q a static:b' '-c /nonexistent lmdb:al' '-d x cdb:al' '-i cdb:al' 'al' '-q root al' '-q root -- al'; do
	same 'options' postalias $args
done
for mode in 600 640 666; do
	printf 'k: v\n' | both p
	chmod $mode "$T/ours/p" "$T/theirs/p"
	for flag in '' -p; do
		same 'builds' postalias $flag lmdb:p cdb:p
		is "modes after $mode $flag" "$(cd "$T/ours" && stat -c %a p.lmdb p.cdb)" "$(cd "$T/theirs" && stat -c %a p.lmdb p.cdb)"
		rm "$T"/ours/p.* "$T"/theirs/p.*
	done
done

# The grammar of alias files, by the line.
cat >"$T/lines" <<'L'
a: b
a : b
 a: b
a:b
a:: b
a: :b
a:b:c
a: b,c ,d,, e
a: ,
a: ,b
,a: b
a b: c
"a": b
"": b
" ": b
"a
a": b
"a"b: c
a"b"c: d
(c)a(d): b
a: (c)
a: b (c) d
a: (b (c) d
a: b)c
[a]: b
[a b]: c
a: [b c]
a: [b
a: b@[1.2.3.4]
a@b: c
a%b: c
a!b: c
"a@b": c
a\@b: c
<a>: b
a: <b>
a: <b@c>, "d e" <f@g>
a: b@c d@e
a: /file
a: /file name
a: "/file name"
a: |cmd
a: |cmd arg, b
a: "|cmd arg, b"
a: |"cmd arg"
a: "|cmd \"arg\""
a: :include:/path
a: ":include:/path x"
:include:/x: b
owner-a: b
a-request: b
a: \b
a: "\b"
\a: b
a: 'b, c'
'a b': c
a: b;c
a;b: c
a: b : c ; d
a.b: c.d
a.: .b
..: x
a: b@
a: @b
a: b@@c
a: "b"@c
a: "b"."c"@d
a: b\
a\: b
a: b#c
a: # c
#a: b
é: ü
"é ": "ü "
A: B
ÀÉ: B
a	: 	b	c
a:	"	"
:
: b
a:
a
a,
+a: b
+: +
+@net: b
a: nobody@localhost
a: b!c
a: b%c@d
a: ""
a: "",b
a: <>
a: ()
(): b
a: b<c><d
a.<: )<,<;<[x]<
a: [b\\c]d
a: [b\
a: "b\
@: x
"@": x
L
# Control characters are written by printf.
for line in 'a: b\001c' 'a: b\177c, d' 'a: b\013c' 'a: b\014c d' 'a: \\\001b' 'a: "b\001"' 'a: [b\001]' 'a\001b: c' 'a: b\r' 'a: [b\rc]' \
    '  a: b\n  c\n# d\n  e\nf: g' ' first aaaaaaaaaaaaaaaaaaaaaaaa\n bbbbbbbbb\nf: g' 'a: b\000c\n d'; do
	printf "$line\\n" | both control
	same "$line" postalias lmdb:control
	sorted=1 same "$line" postalias -s lmdb:control
done
# The mark of an alias database may be an alias already.
echo '"@": y' | both at
for flag in '' -r -w; do
	same 'an alias "@"' postalias $flag lmdb:at
	same 'an alias "@"' postalias -q @ lmdb:at
done
n=0
while IFS= read -r line; do
	n=$((n + 1))
	printf '%s\n' "$line" | both "l$n"
	sorted=1 same "line: $line" postalias lmdb:l$n
	sorted=1 same "line: $line" postalias -s lmdb:l$n
done <"$T/lines"

# newaliases: alias_database with several types, -oA, nothing to do.
for side in ours theirs; do
	for name in one two; do printf '%s: %s@example.com\n' $name $name >"$T/$side/$name"; done
done
cf_set "$T/conf/main.cf" "command_directory = $PH_BIN"
cf_set "$T/conf/main.cf" "alias_database = lmdb:$T/ours/one, cdb:$T/ours/two"
cf_set "$T/peer/etc/main.cf" "alias_database = lmdb:$T/theirs/one, cdb:$T/theirs/two"
run() {	# run SENTENCE COMMAND ARGS: as same, paths of the sides being equal
	sentence=$1; shift
	ask "$@"
	is "$sentence: $*" "$(cat "$T/ours.out")" "$(sed "s|$T/theirs|$T/ours|g" "$T/theirs.out")"
}
for how in newaliases 'sendmail -bi' 'sendmail -I' 'sendmail -I -v' 'newaliases -oA'; do
	rm -f "$T"/*/one.* "$T"/*/two.*
	case $how in
	*-v) (cd "$T/ours" && MAIL_CONFIG=$T/conf $how) >/dev/null 2>&1; (peer peer $how) >/dev/null 2>&1 ;;
	*) run "$how" $how ;;
	esac
	is "$how builds what the peer's does" "$(cd "$T/ours" && ls one.* two.* 2>&1)" "$(cd "$T/theirs" && ls one.* two.* 2>&1)"
done
MAIL_CONFIG=$T/conf newaliases
is 'both databases answer' "$(MAIL_CONFIG=$T/conf postalias -q one "lmdb:$T/ours/one"; MAIL_CONFIG=$T/conf postalias -q two "cdb:$T/ours/two")" 'one@example.com
two@example.com'
rm -f "$T"/*/one.* "$T"/*/two.*
echo 'k: v' >"$T/both"
same '-oA names another one' newaliases -oAlmdb:$T/both
run 'no recipients' newaliases x
run 'no recipients' sendmail -bi x
run 'a missing source' newaliases -oAlmdb:missing
run 'a type that is not built' newaliases -oAregexp:$T/both
for order in 'lmdb:DIR/one lmdb:DIR/missing cdb:DIR/two' 'regexp:DIR/one cdb:DIR/two'; do
	rm -f "$T"/*/one.* "$T"/*/two.*
	cf_set "$T/conf/main.cf" "alias_database = $(echo "$order" | sed "s|DIR|$T/ours|g")"
	cf_set "$T/peer/etc/main.cf" "alias_database = $(echo "$order" | sed "s|DIR|$T/theirs|g")"
	run "one of several fails: $order" newaliases
	is 'what is built then' "$(cd "$T/ours" && ls one.* two.* 2>&1)" "$(cd "$T/theirs" && ls one.* two.* 2>&1)"
done
cf_set "$T/conf/main.cf" 'alias_database ='
cf_set "$T/peer/etc/main.cf" 'alias_database ='
run 'nothing to do' newaliases
list=
for i in $(seq 80); do echo "k$i: v" >"$T/ours/d$i"; list="$list cdb:$T/ours/d$i"; done
cf_set "$T/conf/main.cf" "alias_database =$list"
MAIL_CONFIG=$T/conf newaliases
is 'any number of databases' "$(ls "$T"/ours/d*.cdb | wc -l)" 80
done_testing
