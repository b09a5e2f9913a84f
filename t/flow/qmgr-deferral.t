#!/bin/sh
# qmgr: deferral, backoff, dead transports, flush, expiry, delay, crashes
. "$(dirname "$0")/../lib.sh"

I=$T/i
instance_new "$I" 'local_transport = discard:gone' \
    'transport_maps = inline:{ { bad.example = error:5.7.1 no } { def.example = retry:4.1.1 not now } { none.example = nosuch: } { disc.example = discard:gone } { slow.example = slow: } { mute.example = mute: } { deaf.example = deaf: } { liar.example = liar: } }' \
    'minimal_backoff_time = 100s' 'maximal_backoff_time = 200s' \
    'defer_transports = slow' 'delay_warning_time = 1h'
cat >>"$I/etc/master.cf" <<'EOT'
slow unix - - n - - discard
mute unix - - n - - agent-crash -n mute
deaf unix - - n - - agent-crash -n deaf
liar unix - - n - - agent-crash -n liar
EOT
mkdir "$I/libexec"
ln -s "$PH_BIN/posthornd" "$PH_TOOLS/agent-crash" "$I/libexec"
for role in master $(posthornd --help | sed -n 's/^  \([a-z-]*\) .*/\1/p'); do
	ln -sf posthornd "$I/libexec/$role"
done
as "$I" postconf -e "daemon_directory = $I/libexec" 2>/dev/null
must 'the instance starts' instance_start "$I"

# send RECIPIENT ...: one message into incoming; sets id
send() {
	id=$(as "$I" queue-put "$@")
	as "$I" postkick public qmgr I
}
where() { find "$I/spool/$1" -type f -name "$id" | grep -q .; }
log_of() { instance_log "$I" | grep "$id: $1"; }
# says 'sentence' regex: a line about $id, which may come a moment later
says() {
	wait_for 5 instance_logged "$I" "$id: .*$2"
	like "$1" "$(instance_log "$I" | grep "$id: ")" "$2"
}

send a@def.example b@disc.example c@def.example
ok 'a deferred message goes to deferred' wait_for 10 where deferred
says 'the recipient that was delivered is logged' \
    'to=<b@disc.example>, relay=none, delay=[0-9.]+, delays=[0-9.]+/[0-9.]+/[0-9.]+/[0-9.]+, dsn=2\.0\.0, status=sent \(gone\)'
says 'the deferred one says why' \
    'to=<a@def.example>, .*dsn=4\.1\.1, status=deferred \(not now\)'
file=$(find "$I/spool/deferred" -name "$id")
like 'only the delivered recipient is marked done' "$(postcat -e "$file" | grep '_recipient: b@\|^recipient:')" \
    'done_recipient: b@disc.example'
is 'two recipients are left' "$(postcat -e "$file" | grep -c '^recipient: ')" 2
due=$(($(stat -c %Y "$file") - $(date +%s)))
ok 'the next attempt is after minimal_backoff_time' \
    test "$due" -gt 80 -a "$due" -le 100
is 'the defer log has both' "$(grep -c '^status=4.1.1' "$I/spool/defer/$(printf %.1s "$id")/$id")" 2

n=$(log_of from= | wc -l)
as "$I" postkick public qmgr D
send probe@disc.example
wait_for 10 instance_logged "$I" "$id: removed"
id=$(basename "$file")
is 'a scan leaves alone what is not due' "$(log_of from= | wc -l)" "$n"
as "$I" postqueue -f
again() { [ "$(log_of from= | wc -l)" -gt "$n" ]; }
ok 'a flush tries it at once' wait_for 10 again
wait_for 10 where deferred
chmod 710 "$file"
as "$I" postqueue -f
ok 'a forced expiry is logged' wait_for 10 instance_logged "$I" \
    "$id: from=<ann@client.example>, status=force-expired, returned to sender"
ok 'and the message is gone' wait_for 10 instance_logged "$I" "$id: removed"
says 'the sender is told' \
    'sender non-delivery notification'

# maximal_queue_lifetime is five days, to the second.
send -a 432000 a@def.example
ok 'a message that is too old expires' wait_for 10 instance_logged "$I" \
    "$id: from=<ann@client.example>, status=expired, returned to sender"
ok 'and is gone' wait_for 10 instance_logged "$I" "$id: removed"
send -a 430000 a@def.example
ok 'one that is not yet is tried again' wait_for 10 where deferred

send a@none.example
ok 'a transport that does not exist defers' wait_for 10 where deferred
like 'with a warning' "$(instance_log "$I")" \
    'warning: connect to transport private/nosuch: No such file or directory'
says 'and a reason' \
    'dsn=4\.3\.0, status=deferred \(mail transport unavailable\)'

send a@slow.example
ok 'mail for defer_transports is deferred' wait_for 10 where deferred
says 'it says so' \
    'dsn=4\.3\.2, status=deferred \(deferred transport\)'
as "$I" postqueue -f
ok 'a flush delivers it' wait_for 10 instance_logged "$I" "$id: removed"

for kind in mute deaf liar; do
	send a@$kind.example b@disc.example
	ok "the $kind agent's mail is deferred" wait_for 20 where deferred
	like 'its transport is at fault' "$(instance_log "$I")" \
	    "warning: transport $kind failure -- see a previous"
	says 'other recipients are not concerned' \
	    'to=<b@disc.example>.*status=sent'
done

send -w -5 a@def.example
ok 'a warning that is due is sent' wait_for 10 instance_logged "$I" \
    "$id: sender delay notification"
wait_for 10 where deferred
file=$(find "$I/spool/deferred" -name "$id")
like 'only once: the record says so' "$(postcat -e "$file")" \
    'warning_message_time: Wed Dec 31 23:59:59 1969'

send -s '' a@def.example a@bad.example
ok 'a bounce that bounces ends here' wait_for 10 where deferred
ok 'its log is removed' test ! -e "$I/spool/bounce/$id"

# A bounce that cannot be sent keeps a message, even one that is too old.
mv "$I/spool/private/bounce" "$I/spool/private/bounce.away"
send -a 432000 a@def.example a@bad.example
ok 'without the bounce service it waits' wait_for 10 instance_logged "$I" "$id: status=deferred \\(bounce failed\\)"
ok 'though it has expired' wait_for 10 instance_logged "$I" "$id: from=<ann@client.example>, status=expired"
ok 'in deferred' wait_for 10 where deferred
like 'with what is to be told' "$(find "$I/spool/bounce" -name "$id" -exec cat {} +)" 'a@bad.example'
mv "$I/spool/private/bounce.away" "$I/spool/private/bounce"
as "$I" postqueue -f
ok 'until the sender can be told' wait_for 10 instance_logged "$I" "$id: removed"
like 'of both recipients' "$(log_of 'sender non-delivery' | wc -l)" '^[12]$'
ok 'and no log is left' test -z "$(find "$I/spool/bounce" "$I/spool/defer" -name "$id")"

# A restart in the middle: what is in active comes back.
id=$(as "$I" queue-put -q active -d -1000 x@disc.example)
as "$I" postfix reload >/dev/null 2>&1
ok 'what was active at the start is delivered' \
    wait_for 20 instance_logged "$I" "$id: removed"

# Far in the future, and many: the queue manager stays awake.
as "$I" queue-put -q deferred -d 100000 -n 3000 x@disc.example >/dev/null
as "$I" postkick public qmgr D
send now@disc.example
ok 'new mail passes a large deferred queue' \
    wait_for 10 instance_logged "$I" "$id: removed"
as "$I" postqueue -f
emptied() { [ "$(instance_log "$I" | grep -c 'to=<x@disc.example>.*status=sent')" -ge 3001 ]; }
ok 'a flush takes all of it' wait_for 60 emptied
is 'each was delivered once' "$(instance_log "$I" | grep -c 'to=<x@disc.example>.*status=sent')" 3001
ok 'no role failed but those that had to' sh -c \
    "! grep -E 'postfix/(qmgr|error|discard|bounce).*: (fatal|panic):' '$I/log/mail.log'"
done_testing
