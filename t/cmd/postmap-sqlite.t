#!/bin/sh
# postmap: sqlite tables, and the templates of all database clients
. "$(dirname "$0")/../lib.sh"

command -v sqlite3 >/dev/null || skip_all 'sqlite3 is not installed'
mkdir "$T/conf"
export MAIL_CONFIG="$T/conf"
cd "$T" || exit 1
cat >conf/main.cf <<CF
compatibility_level = 3.6
mydb_dbpath = $T/s.db
mydb_query = SELECT v FROM t WHERE k='%s'
CF
sqlite3 s.db "create table t(k text, v text, w text); insert into t values('a','one','uno'),
('a','two','dos'),('b','',''),('c',NULL,'x'),('u@d.e','r@x.y','z'),('q''','quote',NULL)"
config() { printf 'dbpath = %s/s.db\n' "$T" >s.cf; cat >>s.cf; }
q() { postmap -q "$1" "${2-sqlite:./s.cf}" 2>&1; }

echo "query = SELECT v FROM t WHERE k='%s'" | config
is 'several rows are joined' "$(q a)" one,two
is 'an empty value is no value' "$(q b)" 'postmap: warning: table "sqlite:./s.cf": empty lookup result for: "b" -- ignored'
is 'nor is NULL' "$(q c)" ''
is 'quotes are quoted' "$(q "q'")" quote
is 'an attack is a key like any other' "$(q "' or '1'='1")" ''
ok 'not found is 1' fails_with 1 postmap -q none sqlite:./s.cf
is 'settings can stand in main.cf' "$(q a sqlite:mydb)" one,two

config <<'E'
query = SELECT v,w FROM t WHERE k='%u@%d'
result_format = <%s|%u|%d|%S|%U|%D|%1|%2|%%>
domain = d.e, x.y
E
is 'all parts of key and result' "$(q u@d.e)" '<r@x.y|r|x.y|u@d.e|u|d.e|e|d|%>'
for key in u@q.r u @d.e; do
	is "not asked for: $key" "$(q $key)" ''
done
config <<'E'
table = t
select_field = v
where_field = k
additional_conditions = AND w != 'dos'
expansion_limit = 1
E
is 'the old form' "$(q a)" one
printf "query = SELECT v FROM t WHERE k='%%s'\nexpansion_limit = 1\n" | config
like 'the expansion limit' "$(q a)" 'expansion limit exceeded for key .a.'
ok 'is a failure' fails_with 1 postmap -q a sqlite:./s.cf

echo "query = SELECT nope FROM t WHERE k='%s'" | config
like 'a bad query is a failure, not an absence' "$(q a)" 'query error: SQL prepare failed: no such column: nope'
echo "query = SELECT v FROM t WHERE k='%x'" | config
like 'a bad template' "$(q a)" 'invalid query template'
: | config
is 'a missing setting' "$(q a)" 'postmap: fatal: ./s.cf: bad string length 0 < 1: table = '
is 'a missing prefix' "$(q a sqlite:none)" 'postmap: fatal: bad string length 0 < 1: none_dbpath = '
is 'a missing file' "$(q a sqlite:/nonexistent.cf)" 'postmap: fatal: open /nonexistent.cf: No such file or directory'
printf "dbpath = %s/none.db\nquery = SELECT 1\n" "$T" >s.cf
is 'a missing database' "$(q a)" "postmap: fatal: open database $T/none.db: unable to open database file"
done_testing
