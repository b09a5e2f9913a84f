#!/bin/sh
# qmgr: a message with more recipients than are read at once
#
# A routing table behind a server makes the queue manager ask the rewrite
# service, one recipient after the other; while the last answer of a batch is
# worked on, the next batch joins the line.
. "$(dirname "$0")/../lib.sh"

I=$T/i
instance_new "$I" "transport_maps = proxy:inline:{ {disc.example = discard:gone} }"
must 'the instance starts' instance_start "$I"
id=$(as "$I" queue-put $(seq -f 'r%05.0f@disc.example' 5200))
as "$I" postkick public qmgr I
ok 'all of it is delivered' wait_for 30 instance_logged "$I" "$id: removed"
instance_log "$I" | sed -n "s/.*discard\[.*$id: to=<\([^>]*\)>.*/\1/p" >"$T/to"
is 'to each recipient once' "$(sort -u "$T/to" | wc -l) of $(wc -l <"$T/to")" '5200 of 5200'
ok 'and the rewrite service was understood' sh -c '! grep -q "qmgr.*warning" "$1"' sh "$I/log/mail.log"
done_testing
