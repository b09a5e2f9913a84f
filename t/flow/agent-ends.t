#!/bin/sh
# delivery agents: how a recipient can end, and what is written about it
. "$(dirname "$0")/../lib.sh"

I=$T/i
instance_new "$I" 'local_transport = discard:gone' 'soft_bounce = yes' \
    'transport_maps = inline:{ { bad.example = error:5.7.1 no } { def.example = retry:4.1.1 not now } { refused.example = smtp:[127.0.0.1]:1 } { disc.example = discard:gone } }' \
    'fast_flush_domains = def.example' \
    'smtp_delivery_status_filter = pcre:{ { /^4\.4\.1 connect to .*: Connection refused/ 5.4.1 nobody lives there } }'
must 'the instance starts' instance_start "$I"

send() {
	id=$(as "$I" queue-put "$@")
	as "$I" postkick public qmgr I
}
where() { find "$I/spool/$1" -type f -name "$id" | grep -q .; }
# says 'sentence' regex: a line about $id, which may come a moment later
says() {
	wait_for 5 instance_logged "$I" "$id: .*$2"
	like "$1" "$(instance_log "$I" | grep "$id: ")" "$2"
}

send a@bad.example
ok 'with soft_bounce a failure is kept' wait_for 10 where deferred
says 'and logged as such' \
    'dsn=4\.7\.1, status=SOFTBOUNCE \(no\)'
ok 'there is no bounce log' test ! -e "$I/spool/bounce/$id"

send b@def.example
ok 'deferred mail for a fast flush domain waits' wait_for 10 where deferred
ok 'its ID stands in the list of its site' wait_for 10 \
    sh -c "find '$I/spool/flush' -name def_example -exec grep -q $id {} +"

send c@refused.example
ok 'a refused connection defers' wait_for 10 where deferred
says 'the status filter makes it a failure, soft_bounce keeps it' \
    'dsn=4\.4\.1, status=SOFTBOUNCE \(nobody lives there\)'

send -r 'Anotify_flags=2' d@disc.example
ok 'a delivered recipient is done' wait_for 10 instance_logged "$I" "$id: removed"

# A log that cannot be written keeps the recipient.
chmod 0 "$I/spool/defer"
send e@def.example
like 'without defer log the mail stays' \
    "$(wait_for 10 where deferred && echo kept)" kept
file=$(find "$I/spool/deferred" -name "$id")
chmod 710 "$file"
as "$I" postqueue -f
wait_for 10 instance_logged "$I" "$id: .*status=force-expired"
ok 'even an expiry does not lose a recipient that no log knows' \
    wait_for 10 where deferred
chmod 700 "$I/spool/defer"
as "$I" postqueue -f
ok 'it expires once there is a log' wait_for 10 instance_logged "$I" "$id: removed"
ok 'nobody failed' sh -c "! grep -E ': (fatal|panic):' '$I/log/mail.log'"
done_testing
