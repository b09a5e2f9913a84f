#!/bin/sh
# postmap: what it can do beyond Postfix's, by long options
. "$(dirname "$0")/../lib.sh"

mkdir "$T/conf"
export MAIL_CONFIG="$T/conf"
cd "$T" || exit 1
cat >conf/main.cf <<CF
compatibility_level = 3.6
myhostname = host.example
mydestination = local.example
recipient_delimiter = +
transport_maps = lmdb:$T/transport, regexp:$T/transport.re
virtual_alias_maps = inline:{ {a@b.example = c@d.example} }
alias_maps = gdbm:$T/aliases
smtpd_restriction_classes = strict
CF
touch -d '1 hour ago' old

printf 'a 1\nb 2\nc 3\nd 4\n' >src; postmap cdb:src

# --convert, --dump, --stats
is 'entries are counted' "$(postmap --convert cdb:src lmdb:copy)" '4 entries'
like 'what is missing is said: a table' "$(postmap --test src 2>&1)" 'no table is named$'
like 'a number' "$(postmap --bench cdb:src 2>&1)" '--bench takes a number of lookups, not "cdb:src"$'
like 'a key' "$(postmap --explain transport 2>&1)" '--explain needs a key to look up$'
is 'and are there' "$(postmap -s lmdb:copy)" 'a	1
b	2
c	3
d	4'
is 'nothing is left over' "$(ls | grep -c converting)" 0
chmod 600 copy.lmdb
postmap --convert cdb:src lmdb:copy >/dev/null
is 'rights stay' "$(stat -c %a copy.lmdb)" 600
like 'a target without an index' "$(postmap --convert cdb:src texthash:copy 2>&1)" 'texthash:copy has no index file'
mkdir taken.lmdb
like 'a directory in the way' "$(postmap --convert cdb:src lmdb:taken 2>&1)" 'rename taken.converting.* to taken.lmdb: Is a directory'
is 'leaves nothing behind' "$(ls | grep converting)" ''
is 'a table that cannot be gone through' "$(postmap --dump fail:x 2>&1)" 'postmap: fatal: table fail:x: sequence error: Application error'
like 'a missing original' "$(postmap --convert cdb:none lmdb:copy 2>&1)" 'open database none.cdb'
is 'and the target is untouched' "$(postmap -q a lmdb:copy)" 1
is 'text' "$(postmap --dump lmdb:copy | head -n 1)" 'a	1'
postmap --dump lmdb:copy >again
postmap cdb:again
is 'text can be built again' "$(postmap -s cdb:again)" "$(postmap -s lmdb:copy)"
printf 'k "q" \\ x\n' | postmap -i lmdb:odd
is 'JSON' "$(postmap --dump --format jsonl lmdb:odd)" '{"v": 1, "key": "k", "value": "\"q\" \\ x"}'
is 'CSV' "$(postmap --dump --format csv lmdb:odd)" '"k","""q"" \ x"'
like 'statistics' "$(postmap --stats lmdb:copy | tr '\n' ' ')" 'table: lmdb:copy entries: 4 key_bytes: 4 .* file: copy.lmdb'

# --diff, --test, --bench
printf 'a 1\nb 2\nc 3\n' >da; printf 'b 2\nc other\nd 4\n' >db
postmap lmdb:da cdb:db
is 'tables are compared' "$(postmap --diff lmdb:da cdb:db)" '< a
! c
> d'
ok 'differences are status 4' sh -c 'postmap --diff lmdb:da cdb:db; test $? = 4'
ok 'equal tables are status 0' postmap --diff lmdb:da lmdb:da
printf '# expectations\na\t1\nb\tno\nx\t\ny\n' >expect
is 'answers are tested' "$(postmap --test expect lmdb:da)" 'b: expected no, got 2'
like 'speed is measured' "$(postmap --bench 1000 lmdb:da)" 'lmdb:da: 1000 lookups: [0-9]+ hits/s, [0-9]+ misses/s'

is 'one action only' "$(postmap --verify --dump src 2>&1)" \
    'postmap: fatal: specify only one of --build --if-stale --watch --verify --convert --dump --stats --diff --test --bench --explain --lint or --migrate'
ok 'postalias has them, too' postalias --help

is 'JSON of statistics' "$(postmap --stats --json lmdb:da | jq -r '[.v, .table, .entries, .longest_key, .file] | join(" ")')" '1 lmdb:da 3 1 da.lmdb'
is 'JSON of differences' "$(postmap --diff --json lmdb:da cdb:db | head -n 2)" \
    '{"v": 1, "difference": "only in first", "key": "a", "first": "1"}
{"v": 1, "difference": "different", "key": "c", "first": "3", "second": "other"}'
is 'JSON of tests' "$(postmap --test expect --json lmdb:da)" '{"v": 1, "key": "b", "expected": "no", "got": "2"}'
is 'tests from standard input' "$(postmap --test - lmdb:da <expect)" 'b: expected no, got 2'
ok 'a failed test is status 4' fails_with 4 postmap --test expect lmdb:da
ok 'JSON of speed' sh -c 'postmap --bench 10 --json lmdb:da | jq -e ".lookups == 10 and .hits_per_second > 0"'
printf 'k \377\n' >bin; postmap -u cdb:bin
is 'JSON of bytes' "$(postmap -u --dump --json cdb:bin)" '{"v": 1, "key": "k", "value": "\ufffd", "value_b64": "/w=="}'
printf 'a b: x\n"q r": y\nn: "c, d", e\n' >al; postalias cdb:al 2>/dev/null
postalias --dump cdb:al >al2; postalias cdb:al2
is 'a dump of aliases can be built again' "$(postalias -s cdb:al2 | grep -v YP)" "$(postalias -s cdb:al | grep -v YP)"
is 'what text cannot express is said' "$(postmap --dump cdb:al 2>&1 | grep warning | head -n 1)" \
    'postmap: warning: key "a b": the entry cannot be written as text'
ok 'with status 4' fails_with 4 postmap --dump cdb:al
is '-j of a query' "$(postmap -j -q a lmdb:da) $(printf 'b\nx\n' | postmap -j -q - lmdb:da)" '{"a": "1"} {"b": "2"}'
is '-j of a listing' "$(postmap -js lmdb:da | head -n 1)" '{"a": "1"}'
is '-j alone' "$(postmap -j lmdb:da 2>&1)" 'postmap: fatal: option -j requires -q or -s'
is 'short and long actions' "$(postmap -q a --verify lmdb:da 2>&1)" \
    'postmap: fatal: specify either one of -d -i -q -s or one action with a long name'
like 'help begins with examples' "$(postmap --help | head -n 2)" '^ +postmap --if-stale'
ok 'every option is in the help' sh -c 'for o in build verify if-stale exit-code watch convert dump format json stats explain \
    tables sender json-schema lint migrate dry-run to diff test bench; do postmap --help | grep -q -e "--$o" || { echo $o; exit 1; }; done'

# The schema has each member that is written, and what it says is always there is.
postmap --json-schema >schema
ok 'the schema is JSON' jq -e '."$defs".explain.properties.steps' schema
echo 'example.com x@y' >wild
cp da dv; echo 'a 2' >dv; postmap lmdb:dv; cp da dv; touch -d '1 hour ago' dv
for run in 'build --build lmdb:da' 'verify --verify lmdb:dv' 'lint --lint canonical wild' 'explain --explain key --tables lmdb:da a' \
    'dump --dump lmdb:da' 'stats --stats lmdb:da' 'diff --diff lmdb:da cdb:db' 'test --test expect lmdb:da' 'bench --bench 10 lmdb:da'; do
	set -- $run; kind=$1; shift
	postmap --json "$@" >lines 2>/dev/null
	ok "$kind: there is output" test -s lines
	is "$kind: the schema knows it" "$(jq -c --slurpfile s schema --arg k "$kind" '($s[0]."$defs"[$k]) as $d |
	    select((keys - ($d.properties | keys)) != [] or ($d.required - keys) != [])' lines)" ''
done
is 'and the steps of explain' "$(postmap --explain key --tables 'regexp:{{/(a)/ $1}}' --json a | jq -c --slurpfile s schema '
    ($s[0]."$defs".step) as $d | .steps[] | select((keys - ($d.properties | keys)) != [] or ($d.required - keys) != [])')" ''

# All types into all types, and nothing lost.
(seq 3000 | sed 's/.*/key& value &/'; printf '%0400d long\n' 7) >many
for from in gdbm lmdb cdb texthash; do
	[ $from = texthash ] || postmap $from:many
	for to in gdbm lmdb cdb; do
		is "$from to $to" "$(postmap --convert $from:many $to:m2 2>&1)" '3001 entries'
		ok "$from to $to: nothing differs" postmap --diff $from:many $to:m2
		is "$from to $to: nothing is left over" "$(ls | grep -c converting)" 0
	done
done
postmap -n lmdb:many; postmap --convert lmdb:many gdbm:m3 >/dev/null
ok 'keys without NUL are found after conversion' postmap -q key77 gdbm:m3
printf '%0600d v\n' 1 >long; postmap cdb:long
postmap --convert cdb:long lmdb:m2 >out 2>&1
is 'what does not fit is an error' $? 1
is 'and the old table stays' "$(postmap -q key1 lmdb:m2)" 'value 1'
done_testing
