#!/bin/sh
# postmap: options, source grammar and permissions in the corners, as Debian's has them
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
. "$(dirname "$0")/tables.sh"

# Options: order, repetition, what overrules what.
printf 'a 1\nb 2\n' | both t
same 'builds' postmap lmdb:t cdb:t
printf 'c 3\n' >"$T/in"
same '-i is overruled by -q' postmap -i -q a lmdb:t
same '-i is overruled by -s' postmap -is lmdb:t
same '-i is overruled by -d' postmap -i -d nothere lmdb:t
same '-s twice' postmap -s -s lmdb:t
rm "$T/in"
same '-q twice' postmap -q a -q b lmdb:t
same 'operands end the options' postmap -q a lmdb:t -s
same 'a double dash does, too' postmap -q a -- lmdb:t
same 'letters in a group' postmap -fuq a lmdb:t
same 'a missing argument' postmap -q
same 'a missing argument' postmap -d
same 'a missing argument' postmap -c
same 'no configuration' postmap -c /nonexistent -q a lmdb:t
same '-r after -w' postmap -wr lmdb:t
same '-w after -r' postmap -rw lmdb:t
same '-n after -N' postmap -Nn lmdb:t
same 'and back' postmap -q a lmdb:t
same 'no table to add to' postmap -i
same 'no table to delete from' postmap -d a
same 'an empty key is not deleted' postmap -d '' lmdb:t
same 'an empty key is not found' postmap -q '' cdb:t
same 'an empty key in texthash' postmap -q '' texthash:t
same 'several tables, one missing' postmap -q zz lmdb:t lmdb:none
same 'several sources, one missing' postmap lmdb:t lmdb:none cdb:t
printf '\na\n' >"$T/in"
same 'an empty line is a key' postmap -q - cdb:t
same 'an empty line is a key that lmdb refuses' postmap -q - lmdb:t
same 'and cannot be deleted' postmap -d - lmdb:t
printf '\377\n' >"$T/in"
same 'what is no UTF-8 counts as deleted' postmap -d - lmdb:t
printf 'From x\nSubject: a\n\n\nbody\n' >"$T/in"
same 'empty lines of a body are keys' postmap -bq - static:x
printf 'Key: v\n' | both odd
touch -d '1 hour ago' "$T/ours/odd" "$T/theirs/odd"
same 'a table that cannot be opened is tried once' postmap -q - 'pipemap:{texthash:odd, pipemap:{hash}}'
printf 'u\303\274\377\303\251 x\n' | both odd
same 'what is UTF-8 in a broken line is shown' postmap lmdb:odd
rm "$T/in"
for t in 'static:x' 'internal:x' 'unix:passwd.byname' 'fail:x' 'randmap:{a}' 'pipemap:{inline:{a=b}}' 'regexp:{{/a/ b}}' 'cidr:{{1.2.3.4 a}}' 'texthash:t'; do
	sorted=1 same 'listing' postmap -s "$t"
done
for t in 'static:x' 'inline:{a=b}' 'regexp:none' 'texthash:t' 'unix:passwd.byname'; do
	same 'adding' postmap -i "$t"
	same 'deleting' postmap -d a "$t"
	same 'building' postmap "$t"
done
same 'a name without type' postmap -q a :t
same 'a type without name' postmap lmdb:

# Source files.
grammar() {	# grammar WHAT: judge the source in $T/g
	both g <"$T/g"
	for type in lmdb texthash; do
		case $type in texthash) touch -d '10 minutes ago' "$T/ours/g" "$T/theirs/g" ;; *) same "builds from $1" postmap $type:g ;; esac
		sorted=1 same "lists what came from $1" postmap -s $type:g
	done
}
printf '' >"$T/g"; grammar nothing
printf '# only\n\n   # comments\n' >"$T/g"; grammar comments
printf 'a 1\r\nb 2\r\n' >"$T/g"; grammar 'CR LF'
printf 'a\v1\nb\f2\n' >"$T/g"; grammar 'VT and FF'
printf 'a"b c"d v\n"x y"z\\"w v\nq\\ r v\n"t\\"u" v\n"open v\nend\\' >"$T/g"; grammar quotes
printf 'a\n 1\n  2\n#x\n\n\t3\nb 2\n#\n 4 # no comment\n' >"$T/g"; grammar continuations
printf ' \n\t\n  lost because nothing came before this line of text\n more\na 1\n' >"$T/g"; grammar 'a continuation of nothing'
printf 'a\0b 1\n2\0\n\0 3\nb 1\n 2\0 3\n 4\n' >"$T/g"; grammar NULs
printf 'key\n:\n: \n:: x\na: b\na :b\n' >"$T/g"; grammar colons
printf '%02500d v\nk %03000d\n' 1 2 | sed 's/^0/x/' | grep ^k >"$T/g"; grammar 'a long value'
printf 'a \001\033[31m\177\nb"\001\033 x\n' >"$T/g"; grammar 'control bytes'
printf 'STRASSE 1\nstra\303\237e 2\n\304\260x 3\n\317\203\317\202 4\n\316\243\316\243 5\nA\314\212 6\n\303\205 7\n' >"$T/g"; grammar 'letters that fold'
printf 'a \303\nd \300\200\ne ok\n' >"$T/g"; grammar 'broken UTF-8'
for key in STRASSE straße ẞ İX i̇x ΣΣ σς Å Å; do
	same 'letters that fold are found' postmap -q "$key" lmdb:g
done
for flag in -u -uf -f; do
	printf 'E\303\211 1\n\377 2\nk \377\ne\303\251 3\n' | both u
	same 'builds' postmap $flag lmdb:u
	same 'lists' postmap -s lmdb:u
	same 'finds what is broken' postmap -q k lmdb:u
	printf 'e\303\251\nE\303\211\n\377\n' >"$T/in"
	same 'finds' postmap -q - lmdb:u
	same 'finds' postmap $flag -q - lmdb:u
	same 'deletes' postmap -d - lmdb:u
	same 'deletes' postmap $flag -d - lmdb:u
	printf '\377 2\nk \377\n' >"$T/in"
	same 'adds' postmap -i lmdb:u
	same 'adds' postmap $flag -i lmdb:u
	same 'lists' postmap -s lmdb:u
	rm "$T/in"
done
tables_conf 'smtputf8_enable = no'
printf 'E\303\211 1\n\377 2\nk \377\n' | both u
same 'builds without SMTPUTF8' postmap lmdb:u
same 'lists without SMTPUTF8' postmap -s lmdb:u
printf 'e\303\251\nE\303\211\n\377\nk\nK\n' >"$T/in"
same 'finds without SMTPUTF8' postmap -q - lmdb:u
rm "$T/in"
tables_conf 'smtputf8_enable = yes'

# Rights of what is there already, of links, of the caller.
for mode in 600 660 444 000; do
	for type in lmdb cdb; do
		printf 'k v\n' | both m
		same 'builds' postmap $type:m
		chmod $mode "$T/ours/m.$type" "$T/theirs/m.$type"
		same 'builds again' postmap $type:m
		is "$type: the mode after $mode" "$(stat -c %a "$T/ours/m.$type")" "$(stat -c %a "$T/theirs/m.$type")"
		rm "$T/ours/m.$type" "$T/theirs/m.$type"
	done
done
for umask in 077 027 000; do
	for flag in -p -o; do
		umask $umask
		same "umask $umask" postmap $flag lmdb:m cdb:m
		umask 022
		is "umask $umask, $flag: lmdb" "$(stat -c %a "$T/ours/m.lmdb")" "$(stat -c %a "$T/theirs/m.lmdb")"
		is "umask $umask, $flag: cdb" "$(stat -c %a "$T/ours/m.cdb")" "$(stat -c %a "$T/theirs/m.cdb")"
		rm "$T"/ours/m.?* "$T"/theirs/m.?*
	done
done
done_testing
