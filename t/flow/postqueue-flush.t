#!/bin/sh
# postqueue --flush-select: what was meant is tried, and only that; rows by showq while mail moves
. "$(dirname "$0")/../lib.sh"

instance_new "$T/a" 'defer_transports = smtp' 'queue_run_delay = 1h' \
    'minimal_backoff_time = 1h' 'maximal_backoff_time = 1h'
must 'the instance starts' instance_start "$T/a"
for to in a@one.example b@one.example c@two.example; do
	printf 'Subject: x\n\nbody\n' | as "$T/a" sendmail -f s@origin.example "$to"
done
deferred() { [ "$(find "$T/a/spool/deferred" -type f | wc -l)" = "$1" ]; }
ok 'three are deferred' wait_for 20 deferred 3
id=$(as "$T/a" postqueue --select 'rcpt.domain = two.example' --format ids)
tried() { grep -c "$1: from=.*queue active" "$T/a/log/mail.log"; }
before=$(tried "$id")
as "$T/a" postqueue --flush-select 'rcpt.domain = one.example' >"$T/out" 2>"$T/err"
is 'a flush succeeds' $? 0
like 'and waits until each was tried' "$(cat "$T/err")" '^2 of 2 asked for, 0 waiting, 0 gone, 2 deferred again$'
is 'the other one was not touched' "$(tried "$id")" "$before"
as "$T/a" postqueue --flush-select 'sender = nobody@nowhere' >"$T/out" 2>"$T/err"
is 'nothing meant is status 3' $? 3
as "$T/a" postconf -e 'defer_transports =' 'default_transport = discard:'
instance_reload "$T/a"
start=$(date +%s)
as "$T/a" postqueue --flush-select 'queue = deferred' --rate 2 >"$T/out" 2>"$T/err"
is 'what is delivered meanwhile is gone' $? 0
like 'and told so' "$(cat "$T/err")" '3 of 3 asked for, 0 waiting, 3 gone, 0 deferred again'
ok 'no faster than was said' [ $(($(date +%s) - start)) -ge 1 ]
# A queue manager that does nothing.
as "$T/a" postconf -e 'defer_transports = discard'
instance_reload "$T/a"
printf 'Subject: x\n\nbody\n' | as "$T/a" sendmail -f s@origin.example a@one.example
ok 'one more is deferred' wait_for 20 deferred 1
qmgr=$(ps -o pid=,args= --ppid "$(tr -d ' ' <"$T/a/spool/pid/master.pid")" | sed -n 's/^ *\([0-9]*\) qmgr .*/\1/p')
kill -STOP "$qmgr"
as "$T/a" postqueue --flush-select 'queue = deferred' --wait 1s >"$T/out" 2>"$T/err"
is 'is not waited for for ever' $? 4
like 'and told so' "$(cat "$T/err")" '1 of 1 asked for, 1 waiting, .*nothing has happened for a while'
kill -CONT "$qmgr"
as "$T/a" postfix stop >/dev/null 2>&1
ok 'without a mail system it is refused' sh -c "printf x | :; ! env MAIL_CONFIG='$T/a/etc' postqueue --flush-select held 2>/dev/null"
done_testing
