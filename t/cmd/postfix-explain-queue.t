#!/bin/sh
# postfix explain message, reason, log: what a message waits for, and what was said of it
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/spool.sh"

spool_new "$T/s" 'default_transport = smtp
relayhost = [relay.example]
local_transport = local
minimal_backoff_time = 300
maximal_backoff_time = 4000
maximal_queue_lifetime = 5d'
: >"$T/s/etc/master.cf"
for s in smtp local error; do echo "$s unix - - n - - $s" >>"$T/s/etc/master.cf"; done
spool=$T/s/spool
explain() { postfix explain "$@" 2>"$T/err"; }
# defer_log ID RECIPIENT TIME: the last attempt failed then
defer_log() {
	file=$spool/defer/$(printf %.1s "$1")/$1
	mkdir -p "${file%/*}"
	printf '<%s>: timed out\nrecipient=%s\nstatus=4.4.1\naction=delayed\nreason=%s\nmta_mname=mx.old.example\n\n' \
	    "$2" "$2" 'connect to mx.old.example[192.0.2.9]:25: Connection timed out' >"$file"
	touch -d "@$3" "$file"
}

# 1000 seconds old at the last attempt, 100 seconds ago: it waits as long as it was old.
id=$(queue-put -q deferred -s joe@x.example -a 1100 -d 900 bob@far.example)
arrived=$(explain message --json "$id" | jq .arrival_time)
defer_log "$id" bob@far.example $((arrived + 1000))
touch -d "@$((arrived + 2000))" "$spool/deferred/$(printf %.1s "$id")/$id"
spool_own "$T/s"
like 'nothing happens while the system does not run' "$(explain message "$id")" '^  waits +for the mail system, which does not run'
ok 'that is no reason to fail' explain message "$id"

# Somebody holds the lock that the supervisor has.
echo $$ >"$spool/pid/master.pid"
flock -F "$spool/pid/master.pid" sleep 100 &
locked() { ! flock -n "$spool/pid/master.pid" true; }
wait_for 5 locked
out=$(explain message "$id")
for line in "^$id  deferred\$" '^  from +joe@x.example$' '^  waits +.*\(in 1[0-5]m\): backs off$' \
    '^ +the last attempt was 1000 s after it was queued: it waits 1000 s' '^  attempt .*\([1-5]m ago\): the last one$' \
    '^  expires .*\(in 4d23h\): maximal_queue_lifetime$' '^  attempts +about 1[0-9][0-9] more' \
    '^  said +connect to mx.old.example' '^  class +timeout$' '^  advice ' \
    '^  now +smtp:\[relay.example\] bob@far.example' '^  then +mx.old.example'; do
	like "back-off: $line" "$out" "$line"
done
is 'as JSON' "$(explain message --json "$id" | jq -c '[.waits_for, .until - .last_attempt, .recipients[0].class, .recipients[0].transport]')" \
    '["backoff",1000,"timeout","smtp"]'
touch -d '@2000000000' "$spool/deferred/$(printf %.1s "$id")/$id"
like 'a time that a tool has set is not explained away' "$(explain message "$id")" 'its time was set by something else'

waits() { explain message --json "$1" | jq -r .waits_for; }
is 'hold' "$(waits "$(queue-put -q hold a@far.example)")" hold
is 'taken by the queue manager' "$(waits "$(queue-put -q active a@far.example)")" delivery
due=$(queue-put -q deferred -a 900 a@far.example)
is 'due' "$(waits "$due")" due
is 'to be returned' "$(waits "$(queue-put -q deferred -m 710 -a 900 a@far.example)")" expiration
is 'what only the queue manager knows is said to be unknown' "$(explain message "$due" | grep -c '^  not known')" 1
cf_set "$T/s/etc/main.cf" 'defer_transports = smtp'
is 'a transport that is put off' "$(waits "$due")" transport
ok 'no such message: status 3' fails_with 3 explain message 4bXyZ01234z
ok 'nor is that an ID' fails_with 3 explain message ../../etc/passwd
ok 'no ID: status 1' fails_with 1 explain message

out=$(explain reason 'host mx.b.example[192.0.2.1] said: 421 4.7.0 too many connections, slow down')
like 'a reason: its class' "$out" '^  class +throttle$'
like 'the rule' "$out" '^  rule +row [0-9]+ of the built-in ones:'
like 'what to do' "$out" '^  advice +The other side limits'
is 'as JSON, with a status in front' "$(explain reason --json '4.4.1 delivery temporarily suspended: connect to a.example[192.0.2.1]:25: Connection timed out' |
    jq -c '[.class, .dsn, .suspended, .relay]')" '["timeout","4.4.1",true,"a.example[192.0.2.1]"]'
ok 'no rule fits: status 3' fails_with 3 explain reason 'the moon is full'
printf '*\t*\tmoon\tpolicy\tWait for it to wane.\n' >"$T/reasons"
cf_set "$T/s/etc/main.cf" "posthorn_reasons_file = $T/reasons"
is 'rules of our own' "$(explain reason 'the moon is full')" "  class      policy
  rule       line 1 of $T/reasons: text moon
  alike      the moon is full
  advice     Wait for it to wane."
sed -i '/^posthorn_reasons_file/d' "$T/s/etc/main.cf"
ok 'a code that is none' fails_with 1 explain reason --dsn=451 x
ok 'two texts' fails_with 1 explain reason a b

cat >"$T/log" <<'L'
Nov 28 22:48:04 mx postfix/smtp[123]: 4bXyZ01234z: to=<bob@b.example>, orig_to=<bob>, relay=mx.b.example[192.0.2.1]:25, delay=12, delays=0.5/1.5/3/7, dsn=4.4.2, status=deferred (lost connection with mx.b.example[192.0.2.1] while sending (in reply))
Nov 28 22:48:05 mx cron[1]: not of ours
Nov 28 22:48:06 mx postfix/smtpd[9]: NOQUEUE: reject: RCPT from c.example[192.0.2.2]: 554 5.7.1 <x@y>: Relay access denied; from=<a@b> to=<x@y> proto=ESMTP helo=<c>
Nov 28 22:48:07 mx postfix/qmgr[7]: 4bXyZ01234z: removed
L
out=$(explain log <"$T/log")
for line in '^  program +postfix/smtp\[123\] ' '^  queue ID +4bXyZ01234z ' '^  orig_to +<bob> +the recipient before' \
    '^  delays +0.5 s +before the queue manager' '^ +1.5 s +in the queue manager' '^ +3 s +connecting' '^ +7 s +sending it' \
    '^  dsn +4.4.2: not now; it is about the network' '^  status +deferred +not now: it stays' '^  class +lost$' \
    '^  event +refused before there was a message' '^  helo +<c> +how the client' '^  event +all recipients are dealt with'; do
	like "a log: $line" "$out" "$line"
done
is 'as JSON' "$(explain log --json <"$T/log" | jq -c 'select(.status) | [.to, .d_connect, .reason]')" \
    '["<bob@b.example>",3,"lost connection with mx.b.example[192.0.2.1] while sending (in reply)"]'
ok 'no line of ours: status 3' sh -c 'echo hello | postfix explain log; [ $? = 3 ]'
done_testing
