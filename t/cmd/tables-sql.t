#!/bin/sh
# mysql and pgsql tables, with servers of their own
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../servers.sh"
server_module mysql
server_module pgsql
server_new pgsql pgsql
server_new mysql mysql
mkdir "$T/conf"
# table-ask does not lie beside the modules.
echo "compatibility_level = 3.6
shlib_directory = ${PH_BIN%/bin}/modules" >"$T/conf/main.cf"
cp "$T/conf/main.cf" "$T/main.cf"
export MAIL_CONFIG="$T/conf"
cd "$T" || exit 1
has_tls=
if tls_files; then
	has_tls=yes
	server_tls pgsql
	server_tls mysql
fi
ok 'the PostgreSQL server starts' server_start pgsql
ok 'the MariaDB server starts' server_start mysql
pg_at=127.0.0.1:$(cat pgsql/port)
my_at=unix:$T/mysql/run/sock

sql() {
	if [ $kind = pgsql ]; then
		psql -q -X -h "$T/pgsql/run" -p "$(cat pgsql/port)" -U test postgres
	else
		mariadb --no-defaults --default-character-set=utf8mb4 -u root -S "$T/mysql/run/sock" ${1-postgres}
	fi
}
kind=mysql
echo "create database postgres character set utf8mb4;
create user test@'%' identified by 'x'; grant all on postgres.* to test@'%';
create user test@localhost identified by 'x'; grant all on postgres.* to test@localhost" | sql mysql
# config: settings from standard input, after those that all need
config() {
	{ echo "hosts = ${hosts-$at}
dbname = postgres
user = test
password = x"; cat; } >$kind.cf
}
q() { postmap -q "$1" $kind:./$kind.cf 2>&1; }
PLAIN="query = SELECT v, w FROM t WHERE k = '%s'"

for kind in pgsql mysql; do
	[ $kind = pgsql ] && at=$pg_at || at=$my_at
	sql <<'E'
create table t (k varchar(600), v varchar(600), w varchar(50));
insert into t values ('a','1','x'), ('a','2',NULL), ('b','',NULL), ('q''','quote','z'), ('u@d.e','r@x.y','z'),
('été','summer',NULL), ('back\\slash','one','two'), ('%s','percent',NULL), ('c',NULL,NULL);
E
	echo "$PLAIN" | config
	like "$kind: rows and fields are joined, NULL is nothing" "$(q a | tail -n 1)" '^1,x,2$'
	is "$kind: letter case is folded" "$(q A | tail -n 1)" 1,x,2
	is "$kind: UTF-8" "$(q ÉTÉ | tail -n 1)" summer
	is "$kind: an empty value is none" "$(q b | sort -u)" "postmap: warning: table \"$kind:./$kind.cf\": empty lookup result for: \"b\" -- ignored"
	ok "$kind: and not found" fails_with 1 postmap -q b $kind:./$kind.cf
	ok "$kind: NULL is not found" fails_with 1 postmap -q c $kind:./$kind.cf
	ok "$kind: not found is 1" fails_with 1 postmap -q none $kind:./$kind.cf
	is "$kind: without a word" "$(q none)" ''
	is "$kind: a quote is text" "$(q "q'" | head -n 1)" quote,z
	is "$kind: a percent sign in a key is text" "$(q %s | tail -n 1)" percent
	for key in "' or '1'='1" "a\\" "a\\' or 1=1 -- " "a'; drop table t; --" "a'/*" '"a"' "a' union select k, v from t --"; do
		is "$kind: an attack finds nothing: $key" "$(q "$key")" ''
	done
	is "$kind: nor does it do harm" "$(q u@d.e)" r@x.y,z
	is "$kind: many keys" "$(printf "q'\nnone\nu@d.e\n" | postmap -q - $kind:./$kind.cf)" "q'	quote,z
u@d.e	r@x.y,z"
	long=$(printf %0500d 7)
	echo "insert into t values ('$long','$long',NULL);" | sql
	is "$kind: long keys and values" "$(q "$long" | tail -n 1)" "$long"
	is "$kind: text that no server can have is not there" "$(printf 'a\377\n' | postmap -u -q - $kind:./$kind.cf)" ''

	config <<'E'
query = SELECT v FROM t WHERE k = '%u@%d'
result_format = <%s|%u|%d|%S|%U|%D|%1|%2|%%>
domain = d.e, x.y
E
	is "$kind: parts of key and result" "$(q u@d.e)" '<r@x.y|r|x.y|u@d.e|u|d.e|e|d|%>'
	for key in u@q.r u @d.e; do
		is "$kind: not asked for: $key" "$(q $key)" ''
	done
	config <<'E'
table = t
select_field = w
where_field = k
additional_conditions = and v <> '2'
E
	is "$kind: the old form" "$(q a)" x
	{ echo "$PLAIN"; echo 'expansion_limit = 2'; } | config
	like "$kind: the expansion limit" "$(q a)" "fatal: .*query error: expansion limit exceeded for key 'a'"
	{ echo "$PLAIN"; echo 'expansion_limit = 3'; } | config
	is "$kind: is met" "$(q a | tail -n 1)" 1,x,2

	echo "query = SELECT nope FROM t WHERE k = '%s'" | config
	like "$kind: a bad query is a failure" "$(q a)" 'query error: query failed: .*nope'
	echo "query = SELECT v FROM t WHERE k = '%x'" | config
	like "$kind: a bad template" "$(q a)" 'fatal: .*invalid query template'
	{ echo "$PLAIN"; echo foo; } | config
	is "$kind: a bad line" "$(q a)" "postmap: fatal: ./$kind.cf, line 6: missing '=' after attribute name: \"foo\""
	: | config
	is "$kind: a missing setting" "$(q a)" "postmap: fatal: ./$kind.cf: bad string length 0 < 1: table = "
	{ echo "$PLAIN"; echo 'retry_interval = x'; } | config
	like "$kind: a bad number" "$(q a)" "fatal: ./$kind.cf: bad numerical configuration: retry_interval = x"
	is "$kind: a missing file" "$(postmap -q a $kind:/nonexistent.cf 2>&1)" 'postmap: fatal: open /nonexistent.cf: No such file or directory'
	is "$kind: no listing" "$(echo "$PLAIN" | config; postmap -s $kind:./$kind.cf 2>&1)" "postmap: fatal: table $kind:./$kind.cf: sequence operation is not supported"
	is "$kind: no changes" "$(postmap -d a $kind:./$kind.cf 2>&1)" "postmap: fatal: $kind:./$kind.cf map requires O_RDONLY access mode"

	hosts="unix:/nonexistent, 127.0.0.1:1 $at"
	echo "$PLAIN" | config
	is "$kind: another host answers" "$(q u@d.e | tail -n 1)" r@x.y,z
	hosts='inet:127.0.0.1:1'
	echo "$PLAIN" | config
	like "$kind: no host is a failure" "$(q a)" "fatal: table $kind:./$kind.cf: query error: connect to $kind server inet:127.0.0.1:1: "
	unset hosts
	cat "$T/main.cf" - >"$T/conf/main.cf" <<E
my_hosts = $at
my_dbname = postgres
my_user = test
my_password = x
my_$PLAIN
E
	is "$kind: settings in main.cf" "$(postmap -q u@d.e $kind:my 2>&1)" r@x.y,z
done

kind=pgsql at=$pg_at
echo 'select_function = upper' | config
is 'pgsql: a function' "$(q abc)" ABC
hosts="postgresql://test@$pg_at/postgres"
echo "$PLAIN" | config
is 'pgsql: a URI' "$(q u@d.e)" r@x.y,z
unset hosts
echo "query = SELECT v FROM t WHERE k = 'a' and v = '1'; SELECT 'second'" | config
is 'pgsql: of several statements the last' "$(q a)" second
echo "query = SELECT 1/0; SELECT 2" | config
like 'pgsql: but an error is an error' "$(q a)" 'query error: query failed: .*division by zero'

kind=mysql at=$my_at
echo "DELIMITER //
create procedure p(x varchar(50)) begin select v from t where k = x; select 'more'; end//
create procedure nothing() begin set @a = 1; end//" | sql
echo "query = call p('%s')" | config
is 'mysql: a procedure' "$(q a)" 1,2
echo "query = call nothing()" | config
like 'mysql: no result set' "$(q a)" 'query error: query failed: query returned no result set'
printf 'query = call nothing()\nrequire_result_set = no\n' | config
ok 'mysql: may be all right' fails_with 1 postmap -q a mysql:./mysql.cf
sed -i 's/^password = x/password = wrong/' mysql.cf
like 'mysql: a wrong password is a failure' "$(q a)" 'query error: connect to mysql server .*Access denied'
hosts=127.0.0.1:$(cat mysql/port)
echo "$PLAIN" | config
is 'mysql: over the network' "$(q u@d.e)" r@x.y,z
unset hosts

if [ -n "$has_tls" ]; then
	kind=pgsql
	pg_tls() { hosts="postgresql://test@$1:${pg_at#*:}/postgres?sslmode=$2&sslrootcert=$T/tls/$3.pem"; echo "query = SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()" | config; q a; }
	is 'pgsql: encrypted' "$(pg_tls 127.0.0.1 verify-full ca)" true
	is 'pgsql: or not' "$(pg_tls 127.0.0.1 disable ca)" false
	like 'pgsql: a certificate of somebody else' "$(pg_tls 127.0.0.1 verify-full other)" 'query error: connect to pgsql server .*certificate verify failed'
	like 'pgsql: or of another name' "$(pg_tls localhost verify-full ca)" 'query error: connect to pgsql server .*does not match'

	kind=mysql at=127.0.0.1:$(cat mysql/port)
	my_tls() { { echo "query = SHOW STATUS LIKE 'Ssl_version'"; printf "$1\n"; } | config; q a | tail -n 1; }
	like 'mysql: encrypted' "$(my_tls "tls_CAfile = $T/tls/ca.pem")" '^Ssl_version,TLSv1'
	like 'mysql: by the certificate of a server that we know' "$(my_tls "tls_CAfile = $T/tls/ca.pem\ntls_verify_cert = yes")" '^Ssl_version,TLSv1'
	like 'mysql: by somebody else' "$(my_tls "tls_CAfile = $T/tls/other.pem\ntls_verify_cert = yes")" 'query error: connect to mysql server .*(TLS|SSL)'
	at=LOCALHOST:$(cat mysql/port)	# in small letters it means a socket
	like 'mysql: of another name' "$(my_tls "tls_CAfile = $T/tls/ca.pem\ntls_verify_cert = yes")" 'query error: connect to mysql server .*(TLS|SSL)'
	at=127.0.0.1:$(cat mysql/port)
	echo "create user c@'%' identified by 'x' require subject '/CN=client'; grant all on postgres.* to c@'%';" | sql mysql
	known="tls_CAfile = $T/tls/ca.pem\nuser = c"
	my_client() { my_tls "$1" && sed -i '/^user = test/d' mysql.cf && q a | tail -n 1; }
	like 'mysql: a user who needs a certificate' "$(my_client "$known" | tail -n 1)" 'Access denied'
	like 'mysql: has one' "$(my_client "$known\ntls_cert_file = $T/tls/client.pem\ntls_key_file = $T/tls/client.key" | tail -n 1)" '^Ssl_version,TLSv1'
fi

# Daemons ask through proxymap, which loads the modules too.
I=$T/i
instance_new "$I"
cf_set "$I/etc/main.cf" "shlib_directory = ${PH_BIN%/bin}/modules
proxy_read_maps = proxy:pgsql:$I/etc/pgsql.cf proxy:mysql:$I/etc/mysql.cf"
for kind in pgsql mysql; do
	[ $kind = pgsql ] && at=$pg_at || at=127.0.0.1:$(cat mysql/port)
	{ echo "$PLAIN"; echo 'retry_interval = 1'; } | config
	cp $kind.cf "$I/etc"
done
must 'an instance starts' instance_start "$I"
for kind in pgsql mysql; do
	through() { postmap -c "$I/etc" -q "$1" "proxy:$kind:$I/etc/$kind.cf" 2>&1; }
	is "$kind: through proxymap" "$(through U@d.e)" r@x.y,z
	ok "$kind: not found is not found there" fails_with 1 postmap -c "$I/etc" -q none "proxy:$kind:$I/etc/$kind.cf"
	server_stop $kind
	like "$kind: no server is a failure there, too" "$(through u@d.e)" 'query error'
	ok "$kind: it starts again" server_start $kind
	found_again() { [ "$(through u@d.e)" = r@x.y,z ]; }
	ok "$kind: and is found again" wait_for 10 found_again
done
instance_stop "$I"

# Servers that go away and come back, asked by a process that lives on.
silent_server
for kind in pgsql mysql; do
	[ $kind = pgsql ] && at=$pg_at || at=$my_at
	{ echo "$PLAIN"; echo 'retry_interval = 1'; } | config
	ask_open $kind:./$kind.cf
	is "$kind: found" "$(ask get u@d.e)" 'found r@x.y,z'
	server_stop $kind -KILL
	is "$kind: the server has died" "$(ask get u@d.e)" retry
	is "$kind: absent keys are no exception" "$(ask get none)" retry
	ok "$kind: it starts again" server_start $kind
	came_back() { [ "$(ask get u@d.e)" = 'found r@x.y,z' ]; }
	ok "$kind: after retry_interval it is found again" wait_for 10 came_back
	server_stop $kind
	ok "$kind: a restart" server_start $kind
	is "$kind: between two lookups goes unnoticed" "$(ask get u@d.e)" 'found r@x.y,z'
	ask_close

	hosts=127.0.0.1:$silent_port
	{ echo "$PLAIN"; echo 'timeout = 1'; } | config
	ask_open $kind:./$kind.cf
	is "$kind: a server that says nothing" "$(ask get a)" retry
	is "$kind: is not waited for again" "$(ask get a)" retry
	like "$kind: until retry_interval has passed" "$(tail -n 1 ask.err)" 'all hosts failed within the last 60 seconds'
	ask_close
	unset hosts
	[ $kind = pgsql ] && sleep="pg_sleep(30)" || sleep="sleep(30)"
	{ echo "query = SELECT $sleep"; echo 'timeout = 1'; } | config
	like "$kind: a slow answer is a failure" "$(q a)" 'query error: query failed: no answer within 1 s'
	{ echo "query = SELECT v FROM t WHERE k = '%s' and v = nope"; } | config
	ask_open $kind:./$kind.cf
	is "$kind: an error is about the query" "$(ask get a)" retry
	like "$kind: not about the host" "$(ask get a; tail -n 1 ask.err)" 'nope'
	ask_close
done
done_testing
