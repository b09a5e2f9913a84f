#!/bin/sh
# scache: a session that one request leaves is there for a later one
. "$(dirname "$0")/../lib.sh"

I=$T/i
set -- $(free_ports 2)
one="[127.0.0.1]:$1" two="[127.0.0.1]:$2"
for port in "$1" "$2"; do perl "$PH_SRC/t/rcpt-sink.pl" "$port" "$T/sink.$port" & done
instance_new "$I" 'mydestination =' "transport_maps = inline:{ {one.example=smtp:$one} {two.example=smtp:$two} }" \
    "smtp_connection_cache_destinations = $one, $two" 'smtp_connection_cache_time_limit = 60s' 'connection_cache_ttl_limit = 60s'
# One process, so that each message displaces the session of the one before.
sed -i 's/^smtp .*/smtp unix - - n - 1 smtp/' "$I/etc/master.cf"
must 'it starts' instance_start "$I"
send() {
	echo | as "$I" sendmail -f "s@x.example" "$1"
	wait_for 10 instance_logged "$I" "to=<$1>, .*status="
}
for n in 1 2 3; do
	send "u$n@one.example"
	send "u$n@two.example"
done
uses() { instance_log "$I" | sed -n "s/.*to=<u\\([0-9]\\)@$1.example>, relay=[^,]*, \\(conn_use=[0-9]*\\)\\{0,1\\}.*status=sent.*/\\1 \\2/p"; }
for host in one two; do
	is "$host.example: one session for all" "$(uses $host)" '1 
2 conn_use=2
3 conn_use=3'
done
is 'a server sees one greeting and each message' "$(cut -d' ' -f1 "$T/sink.$1" | uniq)" 'EHLO
MAIL
RCPT
DATA
MAIL
RCPT
DATA
MAIL
RCPT
DATA'

# Without the service each message has a session of its own.
instance_stop "$I"
sed -i '/^scache /d' "$I/etc/master.cf"; rm -f "$I/spool/private/scache"
instance_start "$I"
for n in 4 5; do
	send "u$n@one.example"
	send "u$n@two.example"
done
is 'the mail goes out without it, too' "$(uses one | tail -n 2)" '4 
5 '
done_testing
