#!/bin/sh
# postlog, postlock, postkick: the small tools for scripts
. "$(dirname "$0")/../lib.sh"
instance_new "$T/i"
export MAIL_CONFIG="$T/i/etc"

ok 'text is logged' postlog -t mytag hello there
like 'under its tag' "$(instance_log "$T/i")" ' mytag\[[0-9]+\]: hello there$'
ok 'lines of standard input are logged' sh -c 'printf "one\ntwo\n" | postlog -p warn'
like 'each as a record of its own' "$(instance_log "$T/i")" ' postfix/postlog\[[0-9]+\]: warning: two$'
ok 'an unknown priority fails' fails_with 1 postlog -p loud text
ok 'a fatal record does not fail' postlog -p fatal the end
ok 'control characters are masked' sh -c 'postlog -t tag "$(printf "a\033b")"; grep -q "a?b" "$1"' sh "$T/i/log/mail.log"

ok 'the command runs' postlock "$T/box" sh -c 'test -e "$1.lock"' sh "$T/box"
ok 'the lock file is gone afterwards' test ! -e "$T/box.lock"
ok 'the folder was created' test -f "$T/box"
ok 'the exit status is the command'"'"'s' fails_with 7 postlock "$T/box" sh -c 'exit 7'
ok 'a killed command gives 1' fails_with 1 postlock "$T/box" sh -c 'kill -9 $$'
ok 'a command that is not there gives 1' fails_with 1 postlock "$T/box" "$T/none"
ok 'usage errors give 75' fails_with 75 postlock "$T/box"
ok 'a bad style gives 75' fails_with 75 postlock -l foo "$T/box" true
: >"$T/held.lock"
printf 'deliver_lock_attempts = 1\n' >>"$T/i/etc/main.cf"
ok 'a folder that is locked gives 75' fails_with 75 postlock -l dotlock "$T/held" true
touch -d '1 hour ago' "$T/held.lock"
printf 'deliver_lock_attempts = 2\ndeliver_lock_delay = 1s\n' >>"$T/i/etc/main.cf"
ok 'an old date does not make a lock stale' fails_with 75 postlock -l dotlock "$T/held" true
echo 'stale_lock_time = 1s' >>"$T/i/etc/main.cf"
ok 'a stale lock is removed' wait_for 5 postlock -l dotlock "$T/held" true
ln "$T/box" "$T/second"
ok 'a folder with two names gives 75' fails_with 75 postlock "$T/box" true
like 'and says so' "$(postlock "$T/box" true 2>&1)" "fatal: open file $T/box: file has 2 hard links\$"
like 'a folder that cannot be opened, too' "$(postlock -l fcntl "$T" true 2>&1)" "fatal: open file $T: cannot open file: Is a directory\$"

ok 'postkick says when nobody is there' fails_with 1 postkick public qmgr W
like 'and what that may mean' "$(postkick public qmgr W 2>&1)" 'Cannot contact class public service qmgr - perhaps the mail system is down'
ok 'postkick wants three words' fails_with 1 postkick public qmgr
done_testing
