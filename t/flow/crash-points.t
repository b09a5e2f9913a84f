#!/bin/sh
# whole system: a process is killed just before or after each step to the disk
#
# Whatever the step, mail that sendmail has accepted arrives in the end, once or, for
# what was on its way at that moment, twice; a bounce as well; and nothing is
# left in the queue.
. "$(dirname "$0")/../lib.sh"
[ -z "${PH_SAN-}" ] || skip_all 'a sanitizer wants to be loaded first'

I=$T/i O=$T/out
mkdir "$O"; chmod 1777 "$O"
instance_new "$I" 'virtual_mailbox_domains = box.example' "virtual_mailbox_base = $O" \
    'virtual_mailbox_maps = inline:{ {dir@box.example = dir/}, {mbox@box.example = mbox} }' \
    "virtual_uid_maps = static:$(id -u nobody)" "virtual_gid_maps = static:$(id -g nobody)" 'virtual_minimum_uid = 1' 'virtual_mailbox_lock = fcntl' \
    'transport_maps = inline:{ {bad.example = error:5.1.1 never} }' 'transport_retry_time = 1s' \
    'minimal_backoff_time = 1s' 'queue_run_delay = 1s' 'service_throttle_time = 1s' \
    "import_environment = MAIL_CONFIG TZ LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME LD_PRELOAD=$PH_TOOLS/die-at.so DIE_AT=$T/where"
: >"$T/where"; chmod 666 "$T/where"
[ "$(id -u)" = 0 ] || skip_all 'mailboxes of others need root'
must 'the instance starts' instance_start "$I"

spool_empty() { [ -z "$(find "$I/spool" -type f -path '*/[aidmb][ceno]*/*' ! -path '*/pid/*' ! -path '*/public/*' ! -path '*/private/*' | grep -E '/(maildrop|incoming|active|deferred|bounce|defer)/')" ]; }
copies() { cat "$O"/dir/new/* "$O/mbox" 2>/dev/null | grep -c "^X-Test: $1\$"; }
returned() { cat "$O"/dir/new/* 2>/dev/null | grep -c "^X-Test: $1\$"; }
died() { [ ! -s "$T/where" ]; }

# Nobody waits for the next wake-up.
run_again() {
	as "$I" postkick public pickup W; as "$I" postqueue -f
	sleep 0.2
	spool_empty
}

n=0
# point WHERE RECIPIENT: kill there, and see what arrives
point() {
	n=$((n + 1))
	echo "$1" >"$T/where"
	printf 'X-Test: m%s\n\nbody\n' $n | as "$I" sendmail -f dir@box.example "$2"
	wait_for 10 died
	is "killed $1: it came to that" "$(cat "$T/where")" ''
	: >"$T/where"
	wait_for 10 run_again
	ok "killed $1: the queue runs empty" spool_empty
	found=$(copies "m$n")
	ok "killed $1: the mail arrives, at most twice ($found)" [ "$found" -ge 1 -a "$found" -le 2 ]
}
for step in 'pickup link before' 'pickup link after' 'pickup unlink after' \
    'qmgr rename before' 'qmgr rename after' 'qmgr unlink before' \
    'virtual fsync before' 'virtual rename before' 'virtual rename after' 'virtual pwrite before' 'virtual pwrite after'; do
	point "$step" dir@box.example
done
point 'virtual fsync before' mbox@box.example
for step in 'error fsync before' 'error pwrite before' 'bounce link after' 'bounce unlink before' 'bounce unlink after'; do
	point "$step" user@bad.example
done
done_testing
