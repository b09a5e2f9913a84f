#!/bin/sh
# postconf --diff running: what was edited since the supervisor read it
. "$(dirname "$0")/../lib.sh"
I=$T/i
instance_new "$I"
ok 'before the first start nothing is known' fails_with 1 as "$I" postconf --diff running
instance_start "$I"
is 'after it, it is what the files say' "$(as "$I" postconf --diff running)" ''
as "$I" postconf --set 'relayhost=[edited.example]' >/dev/null
as "$I" postconf -P 'smtp/unix/smtp_helo_timeout=9s'
is 'an edit is a difference' "$(as "$I" postconf --diff running | sed 's/ = .*//')" '-relayhost
+relayhost
-service:smtp/unix
+service:smtp/unix'
as "$I" postfix reload >/dev/null 2>&1
no_difference() { [ -z "$(as "$I" postconf --diff running)" ]; }
ok 'until the reload' wait_for 10 no_difference
data=$(as "$I" postconf -xh data_directory)
is 'who may not read main.cf may not read this' "$(stat -c %a "$data/running.cf")" "$(stat -c %a "$I/etc/main.cf")"
is 'it belongs to mail_owner, as all in its directory' "$(stat -c %u "$data/running.cf")" "$(instance_uid "$I")"
as "$I" postconf --set --apply 'smtpd_banner=$myhostname hi' >"$T/out" 2>&1
like '--apply reloads' "$(cat "$T/out")" '^reloaded'
like 'and says who reads what changed' "$(cat "$T/out")" '^reload smtpd_banner \(.*/inet.*\)$'
ok 'so there is no difference' wait_for 10 no_difference
is 'what runs already is not reloaded again' "$(as "$I" postconf --set --apply 'smtpd_banner=$myhostname hi' 2>&1 | grep -v 'running: PID')" \
    'unchanged smtpd_banner
nothing to apply: it runs with this already'
is 'nor for what only commands read' "$(as "$I" postconf --set --apply 'authorized_flush_users=root' 2>&1 | grep -v 'running: PID')" \
    'changed authorized_flush_users
next-use authorized_flush_users (postqueue)
no reload needed'
is 'a restart is left to people' "$(as "$I" postconf --set --apply --json 'inet_protocols=all' 2>/dev/null | jq -c '.applies // .apply // .result')" \
    '"changed"
"restart"
"none"
"restart-needed"'
before=$(cat "$I/etc/main.cf")
ok '--apply refuses what no program starts with' fails_with 1 as "$I" postconf --set --apply 'myhostname=bad..name'
is 'and puts the old file back' "$(cat "$I/etc/main.cf")" "$before"
done_testing
