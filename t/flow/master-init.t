#!/bin/sh
# master: as process 1 of a container, its log on standard output
. "$(dirname "$0")/../lib.sh"
[ "$(id -u)" = 0 ] || skip_all 'needs root for a name space of processes'
unshare --pid --fork --mount-proc true 2>/dev/null || skip_all 'no name spaces here'
I=$T/i
instance_new "$I" 'maillog_file = /dev/stdout'
# "postfix stop" from outside would take its word for being process 1.
instances=
export MAIL_CONFIG="$I/etc"
unshare --pid --fork --mount-proc --kill-child postfix start-fg >"$T/log" 2>"$T/err" & outside=$!
logs() { grep -Eq -e "$1" "$T/log"; }
must 'start-fg starts as process 1' wait_for 5 logs 'postfix/master\[1\]: daemon started'
init=$(ps -o pid= --ppid "$outside" | tr -d ' ')
is 'which is the supervisor itself' "$(cat "/proc/$init/comm")" master
smtp-source -m 1 -f a@posthorn.example -t nobody@posthorn.example "127.0.0.1:$(instance_port "$I")"
ok 'mail is delivered, and standard output says so' wait_for 10 logs 'postfix/local\[[0-9]+\]: .*status=sent'

# An orphan of somebody else's becomes a child of process 1.
nsenter --target "$init" --pid sh -c 'sh -c "exit 3" & exec sleep 0.2'
no_zombie() { ! ps -o stat= --ppid "$init" | grep -q Z; }
ok 'it buries orphans' wait_for 5 no_zombie
ok 'and has nothing to say of them' sh -c '! grep -q unknown "$1"' sh "$T/log"

kill "$init"
wait "$outside"; is 'asked to end, it ends with status 0' "$?" 0
like 'and says so' "$(tail -n 1 "$T/log")" 'terminating on signal 15'
done_testing
