#!/bin/sh
# master: what services get, limits, throttling, wake-ups, all transport types
. "$(dirname "$0")/../lib.sh"
I=$T/i
instance_new "$I" 'service_throttle_time = 4s' "daemon_directory = $T/libexec"
mkdir "$T/libexec"
ln -s "$(command -v posthornd)" "$T/libexec/posthornd"
install -m 755 "$PH_SRC/t/probe-service.pl" "$T/libexec/probe"
chmod 755 "$T"; mkdir -m 777 "$T/out"
cat >"$I/etc/master.cf" <<CF
plain   unix n - n -  2 probe -o { x = a b } $T/out/plain
one     unix n - n -  1 probe $T/out/one
open    unix n - n -  0 probe $T/out/open
early   unix n - n -  1 probe early $T/out/early
none    unix n - n -  1 no-such-program
woken   unix n - n 1  1 probe $T/out/woken
lazy    unix n - n 1? 1 probe $T/out/lazy
dgram   unix-dgram n - n - 1 probe $T/out/dgram
pipe    fifo n - n -  1 probe $T/out/pipe
passed  pass - - n -  2 probe $T/out/passed
priv    unix - n n -  1 probe $T/out/priv
postlog unix-dgram n - n - 1 postlogd
CF
# in the background, until it is killed
hold() { exec perl "$PH_SRC/t/ask-service.pl" "$I/spool/public/$1" hold 60; }
ask() { perl "$PH_SRC/t/ask-service.pl" "$I/spool/public/$1" "$2" "${3:-}"; }
lives() { grep -c generation= "$T/out/$1" 2>/dev/null || :; }
has_lives() { [ "$(lives "$1")" -ge "$2" ]; }
start_with_few_files() (ulimit -S -n 256; instance_start "$I")
must 'it starts' start_with_few_files

pid=$(ask plain pid)
line=$(cat "$T/out/plain")
like 'arguments come in the documented order' "$line" \
    'args=-n\|plain\|-t\|unix\|-u\|-o\|x = a b\|'
like 'descriptors are 0 to 6' "$line" 'fds=0,1,2,3,4,5,6$'
like 'the generation is set' "$line" 'generation=1 '
is 'an idle process serves the next client' "$(ask plain pid)" "$pid"
ask one pid >/dev/null; ask open pid >/dev/null
like 'a limit of one gives -l' "$(cat "$T/out/one")" 'args=-l\|-n\|one'
like 'no limit gives -z' "$(cat "$T/out/open")" 'args=-z\|-n\|open'
like 'private and privileged' "$(perl "$PH_SRC/t/ask-service.pl" "$I/spool/private/priv" pid >/dev/null; cat "$T/out/priv")" \
    'args=-l\|-n\|priv\|-t\|unix\|/'

# limits
hold plain >"$T/h1" & h1=$!
wait_for 5 test -s "$T/h1"
hold plain >"$T/h2" & h2=$!
wait_for 5 test -s "$T/h2"
ask plain pid >"$T/h3" & h3=$!
ok 'a second busy process was started' test "$(lives plain)" = 2
sleep 0.3
ok 'a third client waits at the limit' test ! -s "$T/h3"
ok 'no third process was started' test "$(lives plain)" = 2
kill $h1
ok 'it is served when one gets free' wait_for 5 test -s "$T/h3"
kill $h2 2>/dev/null

# throttling
ask early pid & asker=$!
ok 'a service that cannot start is reported' wait_for 5 instance_logged "$I" \
    "warning: process $T/libexec/probe pid [0-9]+ exit status 3"
ok 'and throttled' wait_for 5 instance_logged "$I" \
    "warning: $T/libexec/probe: bad command startup -- throttling"
is 'it is not started again at once' "$(lives early)" 1
ok 'but after the throttle time' wait_for 6 has_lives early 2
kill $asker
ask none pid & asker=$!
ok 'a program that is not there is named' wait_for 5 instance_logged "$I" \
    '(master\[[0-9]+\]: fatal: master_spawn: exec .*no-such-program|no-such-program\[[0-9]+\]: fatal: )'
kill $asker
ask one 'exit 1'
ok 'an error after good service is reported' wait_for 5 instance_logged "$I" 'exit status 1$'
ok 'and does not throttle' wait_for 5 ask one pid
ask one 'kill 9'
ok 'a killed process is reported' wait_for 5 instance_logged "$I" 'killed by signal 9'

# wake-ups
ok 'a wake-up comes by itself' wait_for 5 grep -q woken "$T/out/woken"
ok 'and again' wait_for 5 sh -c '[ $(grep -c woken "$1") -ge 2 ]' sh "$T/out/woken"
ok 'a conditional one waits for the first client' test ! -e "$T/out/lazy"
ask lazy pid >/dev/null
ok 'and comes after it' wait_for 5 grep -q woken "$T/out/lazy"

# other transports
perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Type => SOCK_DGRAM, Peer => shift)->send("hello")' "$I/spool/public/dgram"
ok 'datagrams arrive' wait_for 5 grep -q 'bytes=hello' "$T/out/dgram"
is 'a fifo has mode 0622' "$(stat -c %a "$I/spool/public/pipe")" 622
is 'a socket has mode 0666' "$(stat -c %a "$I/spool/public/plain")" 666
as "$I" postkick public pipe hello
ok 'fifo bytes arrive' wait_for 5 grep -q 'bytes=hello' "$T/out/pipe"
perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Peer => shift) or die' "$I/spool/private/passed"
ok 'a pass service is started' wait_for 5 grep -q passed "$T/out/passed"
like 'and told about stress' "$(cat "$T/out/passed")" '-t\|pass\|-u\|-o\|stress=\|'

pid=$(ask one pid)
kill -STOP "$pid"
ok 'a stopped process is reported' wait_for 5 instance_logged "$I" "process $T/libexec/probe pid $pid stopped by signal 19"
kill -CONT "$pid"
is 'and goes on when it may' "$(ask one pid)" "$pid"

# The log service has run since the first line of the start.
log_status=/proc/$(pgrep -P "$(tr -d ' ' <"$I/spool/pid/master.pid")" -x postlogd)/status
owner=$(stat -c %u "$I/spool/active")
of_log() { sed -n "s/^$1:[ \t]*//p" "$log_status" | tr '\t' ' '; }
is 'a role has the uid of mail_owner and no other' "$(of_log Uid)" "$owner $owner $owner $owner"
is 'and as many open files as it may have' "$(awk '/^Max open files/ { print $4 }' "${log_status%status}limits")" "$(ulimit -H -n)"
is 'and can never get more' "$(of_log NoNewPrivs) $(of_log CapPrm)" '1 0000000000000000'
is 'its system calls are filtered' "$(of_log Seccomp)" 2
if [ "$(id -u)" = 0 ]; then
	is 'not by any program that it could execute' "$(of_log CapBnd)" 0000000000000000
	is 'it has the groups of mail_owner' "$(of_log Groups | xargs -n1 | sort)" "$(id -G "$owner" | xargs -n1 | sort)"
fi

ok 'all end with the supervisor' instance_stop "$I"
no_probe() { ! pgrep -f "$T/libexec/probe" >/dev/null && ! pgrep -f "$T/out/" >/dev/null; }
ok 'no service is left behind' wait_for 5 no_probe
done_testing
