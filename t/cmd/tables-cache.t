#!/bin/sh
# memcache and redis tables, with servers of their own
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../servers.sh"
server_module redis
server_new redis redis
server_new memcache memcache
mkdir "$T/conf"
# table-ask does not lie beside the modules.
echo "compatibility_level = 3.6
shlib_directory = ${PH_BIN%/bin}/modules" >"$T/conf/main.cf"
export MAIL_CONFIG="$T/conf"
cd "$T" || exit 1
ok 'the redis server starts' server_start redis
ok 'the memcache server starts' server_start memcache
printf 'bk backup value\nother two\n' >bk
postmap lmdb:bk

for kind in redis memcache; do
	at=unix:$T/$kind/run/sock
	printf "$kind = $at\nretry_interval = 1\nretry_pause = 0\n" >$kind.cf
	t=$kind:./$kind.cf
	ask_open -w $t
	is "$kind: not there" "$(ask get a)" 'not found'
	is "$kind: stored" "$(ask put a one two)" 'done'
	is "$kind: found" "$(ask get a)" 'found one two'
	is "$kind: letter case is folded" "$(ask get A)" 'found one two'
	is "$kind: replaced" "$(ask put a three; ask get a)" "done
found three"
	is "$kind: UTF-8" "$(ask put É é; ask get é)" "done
found é"
	is "$kind: deleted" "$(ask del a; ask get a)" "found
not found"
	is "$kind: deleting nothing" "$(ask del a)" 'not found'
	big=$(printf %09000d 5)
	is "$kind: a large value" "$(ask put big $big; ask get big)" "done
found $big"
	postmap -q big $t >out
	is "$kind: for postmap too" "$(cat out)" $big
	ok "$kind: not found is 1" fails_with 1 postmap -q none $t
	# Requests in keys.
	cr=$(printf '\r')
	is "$kind: a key that is a request" "$(ask get "x${cr} DEL big")" 'not found'
	is "$kind: is none" "$(ask get big)" "found $big"
	is "$kind: the table cannot be built" "$(postmap $t 2>&1)" "postmap: fatal: unsupported dictionary type: $kind does not support bulk-mode creation."
	like "$kind: not for sensitive data" "$(postconf -e "alias_maps = $t" 2>&1; postmap --explain aliases x 2>&1)" "$t map is not allowed for security-sensitive data"
	server_stop $kind -KILL
	is "$kind: the server has died" "$(ask get big)" retry
	is "$kind: nothing can be stored" "$(ask put a b)" failed
	is "$kind: or deleted" "$(ask del a)" retry
	server_start $kind
	came_back() { [ "$(ask get none)" = 'not found' ]; }
	ok "$kind: it comes back" wait_for 15 came_back
	ask put a again >/dev/null
	server_stop $kind
	server_start $kind
	is "$kind: a restart between two lookups goes unnoticed" "$(ask get a)" 'not found'
	ask_close
	like "$kind: a missing server is a failure" "$(echo "$kind = unix:/nonexistent
retry_pause = 0" >none.cf; postmap -q a $kind:./none.cf 2>&1)" "fatal: table $kind:./none.cf: query error: .*No such file"
	like "$kind: a bad server" "$(echo "$kind = foo" >bad.cf; postmap -q a $kind:./bad.cf 2>&1)" 'fatal: .*inet:host:port.*unix:path'
	like "$kind: a bad template" "$(echo 'key_format = %x' >bad.cf; postmap -q a $kind:./bad.cf 2>&1)" 'fatal: .*invalid query template'
	printf "$kind = $at\nkey_format = <%%u|%%d>\ndomain = x.y\n" >f.cf
	ask_open -w $kind:./f.cf
	is "$kind: another form of key" "$(ask put k@x.y v; ask get K@X.Y)" "done
found v"
	is "$kind: other domains are not asked for" "$(ask get k@x.z)" 'not found'
	ask_close
	ask_open -w $t
	is "$kind: that is the form in the server" "$(ask get 'k@x.y'; ask get '<k|x.y>')" "not found
found v"
	ask_close
done

# Daemons ask through proxymap, which loads the module too.
I=$T/i
instance_new "$I"
cf_set "$I/etc/main.cf" "shlib_directory = ${PH_BIN%/bin}/modules
proxy_read_maps = proxy:redis:$I/etc/redis.cf proxy:memcache:$I/etc/memcache.cf"
cp memcache.cf redis.cf "$I/etc"
must 'an instance starts' instance_start "$I"
for kind in redis memcache; do
	ask_open -w $kind:./$kind.cf
	ask put through "$kind value" >/dev/null
	ask_close
	is "$kind: answered through proxymap" "$(postmap -c "$I/etc" -q Through "proxy:$kind:$I/etc/$kind.cf" 2>&1)" "$kind value"
	ok "$kind: what is not there is not found there" fails_with 1 postmap -c "$I/etc" -q none "proxy:$kind:$I/etc/$kind.cf"
	server_stop $kind
	like "$kind: there, too, a missing server is a failure" "$(postmap -c "$I/etc" -q through "proxy:$kind:$I/etc/$kind.cf" 2>&1)" 'query error'
	server_start $kind
done
instance_stop "$I"

# redis alone
t=redis:./redis.cf
cat >list.cf <<E
redis = inet:127.0.0.1:1 unix:$T/redis/run/sock
key_format = a*b:%s!
E
ask_open -w redis:./list.cf
is 'redis: the second server answers' "$(ask get one)" 'not found'
for i in 1 2 3; do ask put k$i v$i; done >/dev/null
echo list >&6
is 'redis: a listing has the keys of this table only' "$(for i in 1 2 3 4; do read -r x <&7; echo $x; done | sort)" "end
k1=v1
k2=v2
k3=v3"
ask_close
is 'redis: postmap lists too' "$(postmap -s redis:./list.cf 2>/dev/null | sort)" 'k1	v1
k2	v2
k3	v3'
like 'redis: a listing needs whole keys' "$(postmap -s redis:./f.cf 2>&1)" 'fatal: .*a listing needs a key_format with one %s'
printf "redis = unix:$T/redis/run/sock\nttl = 1\n" >ttl.cf
ask_open -w redis:./ttl.cf
is 'redis: an entry with a ttl' "$(ask put t v; ask get t)" "done
found v"
gone() { [ "$(ask get t)" = 'not found' ]; }
ok 'redis: expires' wait_for 10 gone
ask_close
printf "redis = unix:$T/redis/run/sock\ndatabase = 3\n" >db.cf
ask_open -w redis:./db.cf
is 'redis: another database' "$(ask put k3 x; ask get k3)" "done
found x"
ask_close
like 'redis: has its own keys' "$(postmap -q 'a*b:k3!' $t)" '^v3$'
sed -i 's/3$/99/' db.cf
like 'redis: a database that is not there' "$(postmap -q a redis:./db.cf 2>&1)" 'query error: .*SELECT: ERR'
redis() { redis-cli -s "$T/redis/run/sock" "$@" >/dev/null; }
redis LPUSH a-list x
like 'redis: a value of another type is a failure' "$(postmap -q a-list $t 2>&1)" 'query error: GET: WRONGTYPE'
redis SET empty ''
like 'redis: an empty value is none' "$(postmap -q empty $t 2>&1)" 'empty lookup result'
redis CONFIG SET requirepass secret
like 'redis: a server that wants a password' "$(postmap -q x $t 2>&1)" 'query error: .*NOAUTH'
printf "redis = unix:$T/redis/run/sock\npassword = wrong\n" >pw.cf
like 'redis: the wrong one' "$(postmap -q x redis:./pw.cf 2>&1)" 'query error: .*AUTH: WRONGPASS'
sed -i 's/wrong/secret/' pw.cf
is 'redis: the right one' "$(postmap -q 'a*b:k3!' redis:./pw.cf 2>&1)" v3

# memcache alone
t=memcache:./memcache.cf
printf "memcache = unix:$T/memcache/run/sock\nbackup = lmdb:bk\n" >mb.cf
ask_open -w memcache:./mb.cf
is 'memcache: a miss is looked up in the backup' "$(ask get bk)" 'found backup value'
is 'memcache: and remembered' "$(postmap -q bk $t)" 'backup value'
is 'memcache: updates go to the server' "$(ask put new v; ask put old w; postmap -q new $t)" "done
done
v"
is 'memcache: deletions too' "$(ask del new; ask get new; postmap -q new $t)" "found
not found"
server_stop memcache
is 'memcache: without the server the backup answers' "$(ask get bk; ask get none)" "found backup value
not found"
ask_close
is 'memcache: to which updates and deletions went, too' "$(postmap -s lmdb:bk)" 'bk	backup value
old	w
other	two'
server_start memcache
is 'memcache: a listing is that of the backup' "$(postmap -s memcache:./mb.cf)" "$(postmap -s lmdb:bk)"
like 'memcache: and needs one' "$(postmap -s $t 2>&1)" 'warning: .*first/next support requires backup database'
printf "memcache = unix:$T/memcache/run/sock\ndata_size_limit = 3\n" >small.cf
ask_open -w memcache:./small.cf
is 'memcache: values beyond the limit are refused' "$(ask put k 1234)" failed
ask_close
ask_open -w $t
is 'memcache: a key that is too long is not there' "$(ask get $(printf %0300d 1))" 'not found'
ask put bigger 12345 >/dev/null
ask_close
like 'memcache: nor read' "$(postmap -q bigger memcache:./small.cf 2>&1)" 'query error: unexpected memcache server reply: VALUE bigger'

silent_server
for kind in redis memcache; do
	printf "$kind = inet:127.0.0.1:$silent_port\ntimeout = 1\nmax_try = 1\n" >slow.cf
	like "$kind: a silent server is a failure" "$(postmap -q a $kind:./slow.cf 2>&1)" 'query error: .*no answer within 1 s'
done
done_testing
