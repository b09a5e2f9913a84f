#!/bin/sh
# scache: the same answers, in the same order, as Debian's postfix gives, and
# the same statistics
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"

common='myhostname = here.example
connection_cache_ttl_limit = 10s'
peer_new peer "$common"
instance_new "$T/ours" "$common"
for side in peer ours; do
	echo 'brief unix - - n - 1 scache -o connection_cache_ttl_limit=1s' >>"$T/$side/etc/master.cf"
done
must "the peer's instance starts" peer_start peer
must 'our instance starts' instance_start "$T/ours" </dev/null
cat >"$T/talk" <<'EOF'
endp? none
dest? none
endp 5 e1 prop-1
endp? e1
endp? e1
endp 9 e1 prop-a
endp 9 e1 prop-b
endp? e1
endp? e1
endp? e1
endp 9 e2 prop-2
dest 9 d1 dprop-1 e2
dest? d1
dest? d1
endp 9 e2 prop-2b
dest? d1
endp 9 e3 p3
dest 9 d1 dprop-2 e3
endp 9 e2 p2c
dest? d1
dest? d1
dest? d1
dest 9 dx dpx nosuch
dest? dx
endp 9 nosuch now
dest? dx
dest 9 dd p1 same
dest 9 dd p2 same
endp 9 same s
dest? dd
endp 0 zero z
endp -1 neg n
endp 100 long l
dest 0 zd p e1
endp 9 dropped d
drop 11
endp? dropped
endp 9 left l
raw request=foo
endp? left
raw request=find_endp
EOF
printf '%s\n' 'endp 1 e1 short' 'endp 9 e1 long' 'dest 1 d2 p e1' 'sleep 1.5' 'dest? d2' 'endp? e1' \
    'raw request=save_dest ttl=5 label=x property=y' >"$T/times"
printf '%s\n' 'endp 100 e1 x' 'sleep 1.5' 'endp? e1' >"$T/limit"
talk() { python3 "$PH_SRC/t/ask-scache.py" "$T/$1/spool/private/${3-scache}" <"$T/$2" 2>&1; }
is 'a conversation' "$(talk ours talk)" "$(talk peer talk)"
is 'time passes' "$(talk ours times)" "$(talk peer times)"
is 'nothing is kept beyond the limit' "$(talk ours limit brief)" "$(talk peer limit brief)"
# A reload ends idle services.
as "$T/ours" postfix reload >/dev/null 2>&1
kill -HUP "$(tr -d ' ' <"$T/peer/spool/pid/master.pid")"
stats() { cat "$T/$1"/log/* | sed -n 's/.*scache\[[0-9]*\]: \(statistics: .*\)/\1/p' | sed 's/[0-9:]*$//'; }
told() { [ "$(stats "$1" | grep -c 'max simultaneous')" = 2 ]; }
wait_for 10 told ours; wait_for 10 told peer
numbers() { cat "$T/$1"/log/* | sed -n 's/.*scache\[[0-9]*\]: statistics: \([dam].*\)/\1/p' | sort; }
is 'statistics' "$(numbers ours)" "$(numbers peer)"
is 'in the same form' "$(stats ours | sed 's/[A-Z][a-z][a-z] .*//' | sort)" "$(stats peer | sed 's/[A-Z][a-z][a-z] .*//' | sort)"
done_testing
