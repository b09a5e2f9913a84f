#!/bin/sh
# postmap: tables behind servers; a failing server is never "not found"
. "$(dirname "$0")/../lib.sh"

mkdir "$T/conf"
echo 'compatibility_level = 3.6' >"$T/conf/main.cf"
export MAIL_CONFIG="$T/conf"
cd "$T" || exit 1
pids=
stop_servers() { [ -z "$pids" ] || kill $pids 2>/dev/null; }
on_exit stop_servers
start() {
	perl "$PH_SRC/t/table-server.pl" "$1" "$T/$1.port" >/dev/null 2>&1 &
	pids="$pids $!"
	wait_for 10 test -s "$T/$1.port"
}
start tcp
start socketmap
tcp=tcp:127.0.0.1:$(cat tcp.port)
sock=socketmap:inet:127.0.0.1:$(cat socketmap.port):map

for t in $tcp $sock; do
	type=${t%%:*}
	is "$type: found" "$(postmap -q found $t 2>&1)" found
	is "$type: letter case stays" "$(postmap -q FoUnd $t 2>&1)" FoUnd
	is "$type: odd characters" "$(postmap -q 'a b%c é' $t 2>&1)" 'a b%c é'
	ok "$type: missing is 1" fails_with 1 postmap -q missing $t
	is "$type: missing says nothing" "$(postmap -q missing $t 2>&1)" ''
	like "$type: trouble is an error" "$(postmap -q temp $t 2>&1)" 'fatal: .*query error'
	like "$type: nonsense is an error" "$(postmap -q odd $t 2>&1)" 'fatal: .*query error'
	is "$type: many keys" "$(printf 'a\nmissing\nb\n' | postmap -q - $t)" 'a	a
b	b'
done
is 'tcp: the reason is shown' "$(postmap -q temp $tcp 2>&1 | head -n 1)" \
    "postmap: warning: $tcp: server error: try later"
is 'tcp: a broken escape' "$(postmap -q badhex $tcp 2>&1 | head -n 1)" \
    "postmap: warning: $tcp: malformed reply: 200 bad%zz"
is 'socketmap: temporary' "$(postmap -q temp $sock 2>&1 | head -n 1)" \
    "postmap: warning: $sock socketmap server temporary error: later"
is 'socketmap: timeout' "$(postmap -q timeout $sock 2>&1 | head -n 1)" \
    "postmap: warning: $sock socketmap server timeout error: slow"
is 'socketmap: permanent' "$(postmap -q x ${sock%map}other 2>&1 | head -n 1)" \
    "postmap: warning: ${sock%map}other socketmap server permanent error: never"
like 'socketmap: a closed connection' "$(postmap -q close $sock 2>&1)" 'lost connection'
like 'socketmap: nobody there' "$(postmap -q x socketmap:unix:$T/none:map 2>&1)" 'fatal: table .* query error'
is 'socketmap: no name' "$(postmap -q x socketmap:x 2>&1)" \
    'postmap: fatal: socketmap requires server:socketmap argument'
is 'a pipe through a server' "$(postmap -q a "pipemap:{$sock,inline:{a=b}}")" b
is 'proxy: without a service the table is opened here' "$(postmap -q a proxy:inline:{a=b} 2>&1)" b
is 'proxy: the inner table is named' "$(postmap -q a proxy:cdb:none 2>&1)" \
    'postmap: fatal: open database none.cdb: No such file or directory'
done_testing
