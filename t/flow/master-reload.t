#!/bin/sh
# master: a reload changes what changed; a broken file changes nothing
. "$(dirname "$0")/../lib.sh"
I=$T/i
instance_new "$I" "daemon_directory = $T/libexec"
mkdir "$T/libexec"
ln -s "$(command -v posthornd)" "$T/libexec/posthornd"
install -m 755 "$PH_SRC/t/probe-service.pl" "$T/libexec/probe"
mkdir -m 777 "$T/out"
cat >"$I/etc/master.cf" <<CF
kept    unix n - n -  5 probe $T/out/kept
gone    unix n - n -  5 probe $T/out/gone
postlog unix-dgram n - n - 1 postlogd
CF
cp "$I/etc/master.cf" "$T/good"
cp "$I/etc/main.cf" "$T/good-main"
# in the background, until it is killed
hold() { exec perl "$PH_SRC/t/ask-service.pl" "$I/spool/public/$1" hold 60; }
ask() { perl "$PH_SRC/t/ask-service.pl" "$I/spool/public/$1" "$2" "${3:-}"; }
reloads=0
reload() {
	reloads=$((reloads + 1))
	kill -HUP "$(tr -d ' ' <"$I/spool/pid/master.pid")"
	wait_for 5 reloaded
}
reloaded() { [ "$(grep -c 'reload -- version' "$I/log/mail.log")" -ge "$reloads" ]; }
alive() { kill -0 "$1" 2>/dev/null; }
dead() { ! alive "$1"; }
must 'the instance starts' instance_start "$I"
first=$(ask kept pid)
gone=$(ask gone pid)

printf 'half a line\n' >>"$I/etc/master.cf"
reload
ok 'a broken master.cf is reported with file and line' wait_for 5 instance_logged "$I" \
    "error: .*$I/etc/master.cf: line 4: missing \"private\" field|error: .*$I/etc/master.cf: line 4: bad transport type: a|error: .*master.cf: line 4: "
is 'and the old process still serves' "$(ask kept pid)" "$first"
cp "$T/good" "$I/etc/master.cf"

printf 'ipc_timeout = never\n' >>"$I/etc/main.cf"
reload
ok 'a broken main.cf is reported' wait_for 5 instance_logged "$I" 'error: .*ipc_timeout'
is 'and the old process still serves too' "$(ask kept pid)" "$first"
cp "$T/good-main" "$I/etc/main.cf"

printf 'myhostname = bad..name\n' >>"$I/etc/main.cf"
reload
ok 'and one that nothing would start with' wait_for 5 instance_logged "$I" 'error: reload refused.*parameter myhostname'
is 'is no reason to end' "$(ask kept pid)" "$first"
cp "$T/good-main" "$I/etc/main.cf"

hold kept >"$T/held" & holder=$!
wait_for 5 test -s "$T/held"
idle=$(ask kept pid)
sed -i '/^gone/d' "$I/etc/master.cf"
echo "fresh unix n - n - 1 probe -o mark=1 $T/out/fresh" >>"$I/etc/master.cf"
reload
ok 'a service that is gone is stopped' wait_for 5 dead "$gone"
ok 'a new one is there' wait_for 5 ask fresh pid
ok 'an idle process ends' wait_for 5 dead "$idle"
ok 'a busy one finishes its client first' alive "$first"
kill $holder
ok 'and then ends' wait_for 5 dead "$first"
ask kept pid >/dev/null
like 'the next one is of the next generation' "$(tail -n 1 "$T/out/kept")" 'generation=2 '

printf 'inet_protocols = ipv4, ipv6\n' >>"$I/etc/main.cf"
reload
ok 'what a reload cannot change is kept, with a warning' wait_for 5 instance_logged "$I" \
    'warning: ignoring inet_protocols parameter value change'

# The queue stays where it is, also for those who start after the reload: the
# log service of the next generation writes the line that is looked for.
sed "s|^queue_directory = .*|queue_directory = $T/elsewhere|" "$T/good-main" >"$I/etc/main.cf"
reload
ok 'a new queue_directory is ignored with a warning' wait_for 5 instance_logged "$I" \
    "warning: old value: \"$I/spool\", new value: \"$T/elsewhere\""
ask kept pid >/dev/null
like 'and those who start later get the old one' "$(tail -n 1 "$T/out/kept")" "\|-o\|queue_directory=$I/spool\|"
cp "$T/good-main" "$I/etc/main.cf"
reload
ask kept pid >/dev/null
ok 'until it stands there again' sh -c '! tail -n 1 "$1" | grep -q queue_directory' sh "$T/out/kept"
is 'no service failed meanwhile' "$(grep -c 'throttling\|fatal' "$I/log/mail.log")" 0
ok 'it stops' instance_stop "$I"

echo 'x inet n - n - 1 probe' >>"$I/etc/master.cf"
ok 'a broken master.cf refuses the start' fails_with 1 as "$I" postfix start
like 'and says why' "$(instance_log "$I")" 'Servname not supported|master.cf: line'
done_testing
