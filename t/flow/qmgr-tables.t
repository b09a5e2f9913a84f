#!/bin/sh
# qmgr: a routing table changes while mail is being delivered
#
# The rewrite service answers with the new table at once; the queue manager
# itself restarts when it has nothing to do, and no trigger is lost by that.
. "$(dirname "$0")/../lib.sh"

I=$T/i
instance_new "$I" "transport_maps = gdbm:$I/etc/transport"
build() {
	echo "disc.example discard:$1" >"$I/etc/transport"
	as "$I" postmap "gdbm:$I/etc/transport"
}
send() {
	id=$(as "$I" queue-put "$@")
	as "$I" postkick public qmgr I
}
qmgr_pids() { instance_log "$I" | sed -n 's/.*qmgr\[\([0-9]*\)\].*/\1/p' | sort -u | wc -l; }

build one
must 'the instance starts' instance_start "$I"
send a@disc.example
ok 'the table is used' wait_for 10 instance_logged "$I" \
    "$id: to=.*status=sent \\(one\\)"
wait_for 10 instance_logged "$I" "$id: removed"
build two
send b@disc.example
ok 'so is the changed one' wait_for 10 instance_logged "$I" \
    "$id: to=.*status=sent \\(two\\)"
ok 'the log tells of the change' wait_for 5 instance_logged "$I" \
    'qmgr.*has changed -- restarting when idle'
wait_for 10 instance_logged "$I" "$id: removed"
send c@disc.example
ok 'mail goes on' wait_for 10 instance_logged "$I" "$id: removed"
is 'in a fresh process' "$(qmgr_pids)" 2
done_testing
