#!/bin/sh
# postfix health: what works, what does not, for people and for probes
. "$(dirname "$0")/../lib.sh"

I=$T/i
instance_new "$I"
health() { as "$I" postfix health "$@"; }
of() { health --json | jq -r ".checks[] | select(.check == \"$1\") | .status + \" \" + .text"; }

ok 'a stopped system is critical' fails_with 2 health
like 'and the supervisor is why' "$(health)" '^critical +supervisor +does not run'
must 'it starts' instance_start "$I"
ok 'a running system is well' health
is 'all checks are' "$(health | cut -d' ' -f1 | sort -u)" ok
is 'JSON says the same' "$(health --json | jq -r '[.v, .status, (.checks | map(.status) | unique[])] | @csv')" '1,"ok","ok"'
is 'each check has a text' "$(health --json | jq '[.checks[] | select(.text == "")] | length')" 0
is 'it has left no trace in the log' "$(instance_log "$I" | grep -Ev 'postfix-script|master')" ''
ok 'other words are a usage error' fails_with 64 health now
ok '--json with more, too' fails_with 64 health --json now

# A file that nobody takes; one that is still being written is not waited for.
uid=$(instance_uid "$I")
old_file() { : >"$1" && chmod "$2" "$1" && chown "$uid" "$1" && touch -d '-10 minutes' "$1"; }
old_file "$I/spool/incoming/0AAAAA00001" 600
is 'an unfinished message does not wait' "$(of delivery)" 'ok incoming is taken as it comes'
old_file "$I/spool/maildrop/0AAAAA00002" 600
ok 'nor does an unfinished submission' health
rm "$I/spool/maildrop/0AAAAA00002"
kill -STOP $(pgrep -P "$(tr -d ' ' <"$I/spool/pid/master.pid")" qmgr)
old_file "$I/spool/incoming/0AAAAA00001" 700
health >"$T/said"
is 'a queue manager that does not answer is critical' $? 2
like 'and the answer says so' "$(cat "$T/said")" 'critical +queue manager +public/qmgr: no answer in 5 seconds'
like 'a message that is not tried is a warning' "$(cat "$T/said")" 'warning +delivery +1 message in incoming .* for 6[0-9][0-9] seconds'
kill -CONT $(pgrep -P "$(tr -d ' ' <"$I/spool/pid/master.pid")" qmgr)
rm -f "$I/spool/incoming/0AAAAA00001"

# Less room than mail needs.
ok 'well again' wait_for 5 health
as "$I" postconf -e queue_minfree=8000000000000000
like 'a disk that is too full is critical' "$(of room)" '^critical .* mail is refused below 8000000000000000'
as "$I" postconf -X queue_minfree
echo 'broken' >>"$I/etc/master.cf"
like 'a broken master.cf is' "$(of configuration)" '^critical .*master.cf: line [0-9]+: '
done_testing
