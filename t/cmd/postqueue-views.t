#!/bin/sh
# postqueue: snapshots, metrics, checks, watching, copied spools, colours
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/spool.sh"

spool_new "$T/a"
for c in deferred-one deferred-partial bounce-message held force-expired local-simple \
    smtp-multi xclient-sasl smtputf8 long-queue-id; do
	spool_golden "$T/a" $c
done
refused() {	# refused STATUS 'text of the error' ARGS...
	want_rc=$1 want=$2; shift 2
	postqueue "$@" >"$T/out" 2>"$T/err"
	rc=$?
	cat "$T/err"
	[ $rc = "$want_rc" ] && grep -qF -e "$want" "$T/err"
}
cd "$T" || exit 1

# ---- snapshots ----
for name in s.jsonl s.jsonl.gz s.jsonl.zst; do
	ok "--save $name" postqueue --save "$name" --columns subject,to
	is "$name: as many messages" "$(postqueue --from "$name" --count --format csv | tr -d '\r' | tail -n 1 | cut -d, -f1)" 10
done
is 'a snapshot is private' "$(stat -c %a s.jsonl)" 600
ok 'it is compressed' sh -c 'gzip -t s.jsonl.gz && zstd -qt s.jsonl.zst'
ok 'nothing is left beside it' sh -c '! ls | grep -q tmp'
same() { [ "$(postqueue "$@" 2>&1)" = "$(postqueue --from s.jsonl.gz "$@" 2>&1)" ]; }
for args in '--format ids --sort id' '--group-by class,rcpt.domain --format csv' '--count --by queue,sender --format tsv' \
    '--shape=sender --format csv' '--format csv --sort id --columns id,queue,size,rcpt,reason,class,dsn,code,relay,sasl,proto,filesize,notify,subject,to' \
    '--select due --format ids --sort id' '--format classic --sort id --select held'; do
	case $args in *--count*) continue ;; esac
	ok "the same from the snapshot: $args" same $args
done
ok 'a selection too' same --select 'any rcpt (domain = odd.example and reason ~ ":9: ")' --format ids
ok 'and one by a header that was saved' same --select 'subject ~ undeliv' --format ids
ok 'what was not saved cannot be judged' refused 4 'the snapshot does not hold' --from s.jsonl --select 'nreceived > 0'
is 'from standard input' "$(postqueue --from - --select 'sasl = ann' --format ids <s.jsonl.zst)" 8D773A84021
postqueue -j 2>/dev/null >plain
is 'a plain listing is a snapshot too' "$(postqueue --from plain --select 'queue = hold' --format ids | sort | tr '\n' ' ')" '59CA9A8406C 8A58DA8406F '
(head -n 3 s.jsonl; echo '{"v": 1, "queue": "hold"'; echo nonsense; tail -n 7 s.jsonl) >bad
ok 'a bad line is named' refused 4 'bad:4: ' --from bad --count
is 'and the others count' "$(postqueue --from bad --count --format csv 2>/dev/null | tr -d '\r' | tail -n 1 | cut -d, -f1)" 10
head -c 400 s.jsonl.gz >cut.gz
ok 'a file that was cut off is an error' refused 4 'cut.gz: read: ' --from cut.gz --count
ok 'so is none' refused 1 '--from: open nowhere: ' --from nowhere --count
mkdir full; ok 'a snapshot that cannot be written' refused 1 'create ' --save nowhere/x
is 'by --save -' "$(postqueue --save - | jq -s length)" 10

# ---- copied spools ----
cp -a "$T/a/spool" copy
spool_new "$T/empty"
is 'a copied spool is read where it is' "$(postqueue --queue-dir copy --select held --format ids --sort id | tr '\n' ' ')" '59CA9A8406C 8A58DA8406F '
is 'and so is its count' "$(postqueue --queue-dir copy --count --format csv | tr -d '\r' | tail -n 1 | cut -d, -f1)" 10
ok 'one that is not there' refused 1 '--queue-dir: nowhere: ' --queue-dir nowhere
MAIL_CONFIG=$T/a/etc

# ---- metrics ----
postqueue --metrics --top 1 >m1; postqueue --metrics --top 1 --output m2
ok 'metrics are sound OpenMetrics' python3 "$PH_SRC/t/openmetrics.py" <m1
ok 'into a file too' python3 "$PH_SRC/t/openmetrics.py" <m2
is 'which everybody may read' "$(stat -c %a m2)" 644
steady() { grep -v 'scrape_duration\|oldest_seconds{\|_gsum\|free_' "$1"; }
is 'two looks give the same' "$(steady m1)" "$(steady m2)"
ok 'every queue has a series' sh -c 'for q in incoming active deferred hold maildrop corrupt; do
    grep -q "^posthorn_queue_messages{queue=\"$q\"} [0-9]*$" m1 || exit 1; done'
like 'messages' "$(cat m1)" '^posthorn_queue_messages\{queue="deferred"\} 3$'
like 'classes' "$(cat m1)" '^posthorn_queue_class_recipients\{class="connect"\} 4$'
like 'an empty class stays' "$(cat m1)" '^posthorn_queue_class_recipients\{class="tls"\} 0$'
like 'the largest domain' "$(cat m1)" '^posthorn_queue_domain_recipients\{domain="remote.example"\} 11$'
like 'and all others' "$(cat m1)" '^posthorn_queue_domain_recipients\{domain="other"\} [1-9]'
ok 'without --top no domains' sh -c '! postqueue --metrics | grep -q domain_recipients'

# ---- checks ----
check() { postqueue --check "$@" 2>/dev/null; echo "= $?"; }
like 'all is well' "$(check | tr '\n' ' ')" '^POSTQUEUE OK - total 10, .* \| total=10 incoming=5 active=0 deferred=3 hold=2 maildrop=0 corrupt=0 .*= 0 $'
like 'a warning' "$(check --warn 'deferred > 2' --crit 'deferred > 3' | tr '\n' ' ')" '^POSTQUEUE WARNING - deferred > 2: .*= 1 $'
like 'critical goes before' "$(check --warn 'deferred > 2' --crit 'hold >= 2 and not deferred < 3' | tr '\n' ' ')" '^POSTQUEUE CRITICAL - .*= 2 $'
like 'ages and classes' "$(check --crit 'oldest > 1h and class.connect = 4 and oldest.active = 0s' | tr '\n' ' ')" 'CRITICAL.* oldest=[0-9]+s .*class\.connect=4 .*= 2 $'
like 'sizes' "$(check --warn 'bytes between 1k and 1M || free.bytes < 1' | tr '\n' ' ')" 'WARNING - bytes between 1024 and 1048576 or free.bytes < 1: .*bytes=[0-9]+B.*= 1 $'
like 'an unknown total is unknown' "$(check --warn 'defered > 1' | tr '\n' ' ')" '^POSTQUEUE UNKNOWN - .*= 3 $'
ok 'and said' refused 3 'unknown total "defered" at 1:1' --check --warn 'defered > 1'
for bad in 'deferred' 'deferred > x' 'any rcpt (addr = a)' 'sender = a@b' '@stuck' 'deferred ~ 1' 'deferred > 1 and' '(deferred > 1'; do
	ok "no threshold: $bad" fails_with 3 postqueue --check --crit "$bad"
done
like 'from a snapshot' "$(check --from s.jsonl --crit 'rcpts > 15' | tr '\n' ' ')" 'CRITICAL.*= 2 $'
like 'which knows no free space' "$(check --from s.jsonl --crit 'free.inodes < 5' | tr '\n' ' ')" '^POSTQUEUE UNKNOWN.*= 3 $'

chmod 000 "$T/a/spool/hold"
like 'a queue that cannot be read is no empty one' "$(postqueue --check --warn 'hold > 1000' 2>/dev/null; echo "= $?")" '^POSTQUEUE UNKNOWN - not all of the queue could be read; .*' 
ok 'and told by the status' fails_with 3 postqueue --check --warn 'hold > 1000'
ok 'but what is critical is' fails_with 2 postqueue --check --crit 'deferred > 1'
chmod 700 "$T/a/spool/hold"

# ---- watching ----
postqueue --watch 1 --format csv --columns id,queue >w 2>&1 &
watcher=$!
on_exit watcher_stop
watcher_stop() { kill $watcher 2>/dev/null; wait $watcher 2>/dev/null; }
saw() { grep -q "$1" w; }
ok 'the first round lists all' wait_for 10 saw ',4jWkb63s66z1c6Jr,incoming'
mv "$T/a/spool/incoming/4jWkb63s66z1c6Jr" "$T/a/spool/active/"
ok 'what has moved is told' wait_for 10 saw '^moved,4jWkb63s66z1c6Jr,active'
mv "$T/a/spool/active/4jWkb63s66z1c6Jr" .
ok 'what has left' wait_for 10 saw '^left,4jWkb63s66z1c6Jr,active'
mv 4jWkb63s66z1c6Jr "$T/a/spool/incoming/"
ok 'what has arrived' wait_for 10 saw '^arrived,4jWkb63s66z1c6Jr,incoming'
kill -INT $watcher
ok 'an interrupt ends it well' wait $watcher
is 'nothing else was told' "$(grep -c '^[a-z]*,' w)" "$((10 + 1 + 3))"

# Ties of the first are sorted by the second, each in its own direction.
is 'two keys, two directions' "$(postqueue --sort queue,-size --format csv --columns queue,size,id | tr -d '\r' | sed 1d)" \
    "$(postqueue --format csv --columns queue,size,id | tr -d '\r' | sed 1d | LC_ALL=C sort -t, -k1,1 -k2,2nr -k3,3)"

# What a selection of ages means changes with each round.
spool_new "$T/f"
young=$(queue-put -q hold -s a@x.example b@y.example); spool_own "$T/f"
postqueue --watch 1 --select 'age > 2s' --format csv --columns id >w 2>&1 &
watcher=$!
ok 'who grows old enough arrives' wait_for 20 saw "^arrived,$young"
kill -INT $watcher; wait $watcher
export MAIL_CONFIG="$T/a/etc"

# ---- sorting more than memory holds is the same as sorting ----
is 'sorted from a service or file' "$(postqueue --from s.jsonl --sort -size,id --format ids | tr '\n' ' ')" \
    "$(postqueue --sort -size,id --format ids | tr '\n' ' ')"

# ---- duplicates ----

spool_new "$T/d"
say() { printf '%s\n' "Subject: $1" "Date: $2" "Message-ID: <$2@x.example>" '' "$3" >m; shift 3; queue-put -i "$PWD/m" -s a@x.example "$@"; }
d1=$(say hello 1 text -q deferred -a 300 b@y.example c@y.example)
d2=$(say hello 2 text -q hold -a 200 c@y.example b@y.example)
d3=$(say hello 3 text -q incoming -a 100 b@y.example c@y.example)
e2=$(say again 4 text -q deferred -a 10 b@y.example)
e1=$(say again 5 text -q deferred -a 20 b@y.example)
f=$(say hello 6 text -q deferred b@y.example; say hello 7 TEXT -q deferred b@y.example c@y.example
    say other 8 text -q deferred b@y.example; say '' 9 text -q deferred b@y.example)
spool_own "$T/d"
is 'what was sent more than once, the largest group first, the oldest first' \
    "$(postqueue --duplicates --format csv --columns id,queue | tr -d '\r' | tr '\n' ' ')" \
    "id,queue $d1,deferred $d2,hold $d3,incoming $e1,deferred $e2,deferred "
is 'as IDs, what may go' "$(postqueue --duplicates --format ids)" "$d2
$d3
$e2"
is 'groups stand apart' "$(postqueue --duplicates --format table --columns id,subject | sed 's/ *$//' | tr '\n' '|')" \
    "id           subject|$d1  hello|$d2  hello|$d3  hello||$e1  again|$e2  again|"
is 'objects tell what they have in common' "$(postqueue --duplicates --format jsonl | jq -r .fingerprint | uniq -c | awk '{ print $1 }' | tr '\n' ' ')" '3 2 '
is 'of those that are meant' "$(postqueue --duplicates --select 'queue != hold' --format ids | sort)" "$(printf '%s\n' "$d3" "$e2" | sort)"
is 'so many' "$(postqueue --duplicates --format ids --limit 1)" "$d2"
ok 'none is told by the status' fails_with 3 postqueue --duplicates --select 'subject = other'
postqueue --save all.jsonl --columns fingerprint
is 'from a snapshot that knows them' "$(postqueue --from all.jsonl --duplicates --format ids)" "$d2
$d3
$e2"
postqueue --save all.jsonl
ok 'one that does not cannot tell' refused 4 '9 messages could not be judged: the snapshot' --from all.jsonl --duplicates
ok 'not with --sort' refused 1 '--sort goes with' --duplicates --sort age
export MAIL_CONFIG="$T/a/etc"

# Domains that would make two series of one name.
spool_new "$T/g"
queue-put -q hold -s a@x.example b@other 'b@a\x80' "$(printf 'b@a\200')" b@y.example >/dev/null; spool_own "$T/g"
is 'each series is there once' "$(postqueue --metrics --top 9 | sed 's/ [^ ]*$//' | grep -v '^#' | sort | uniq -d)" ''
like 'and no recipient is lost' "$(postqueue --metrics --top 9)" 'domain_recipients.domain="other".* [12]$'
chmod 000 "$T/g/spool/hold"
like 'a queue that cannot be read is told' "$(postqueue --metrics 2>/dev/null)" '^posthorn_up 0$'
chmod 700 "$T/g/spool/hold"
# A size record that tells a wrong place for the content.
id=$(printf '%s\n' 'Subject: where' '' text >m; queue-put -i "$PWD/m" -q hold -s wrong@x.example b@y.example)
printf %15d 20 | dd of="$T/g/spool/hold/$id" bs=1 seek=18 conv=notrunc status=none; spool_own "$T/g"
is 'header fields are read where they are' "$(postqueue --select 'sender = wrong@x.example and subject = where' --format ids)" "$id"

# Two recipients of one reason, and of two kinds.
spool_new "$T/e"
id=$(queue-put -q deferred -s a@x.example b@y.example c@y.example)
mkdir -p "$T/e/spool/defer/$(printf %.1s "$id")"
for r in b:4.2.2 c:4.4.1; do
	printf '\nrecipient=%s@y.example\nstatus=%s\naction=delayed\nreason=not now\n\n' "${r%:*}" "${r#*:}"
done >"$T/e/spool/defer/$(printf %.1s "$id")/$id"
spool_own "$T/e"
is 'each has its class' "$(postqueue --format jsonl | jq -r '.recipients[].class' | tr '\n' ' ')" 'mailbox-full connect '
export MAIL_CONFIG="$T/a/etc"

# ---- looks ----
ok 'colour on demand' sh -c 'postqueue --format table --color always | grep -q "^.\[31m.*59CA9A8406C"'
ok 'none in a pipe' sh -c '! postqueue --format table | grep -q "\[3.m"'
ok 'none by NO_COLOR' sh -c '! NO_COLOR=1 postqueue --format table --color auto | grep -q "\[3.m"'
ok 'the schema is JSON' sh -c 'postqueue --json-schema | jq -e ".[\"\$defs\"].message.properties.recipients"'
unknown_members() {
	postqueue --json-schema >schema
	jq -r 'keys[]' s.jsonl | sort -u | while read -r k; do
		case $k in subject|to|*_b64) continue ;; esac
		jq -e ".[\"\$defs\"].message.properties.$k" schema >/dev/null || echo "$k"
	done
}
is 'and knows every member' "$(unknown_members)" ''
postqueue --format table >tty
like 'times to wait are words' "$(cat tty)" '^9407AA84019 +I +[0-9]+d[0-9]+h +due +288 '

# ---- options that do not fit ----
ok 'two answers at once' refused 1 'exclude each other' --count --metrics
ok '--top' refused 1 '--top goes with' --top 5
ok '--output' refused 1 '--output goes with --metrics' --output x
ok '--warn' refused 1 '--warn and --crit go with --check' --warn 'total > 1'
ok '--rate' refused 1 '--rate goes with --flush-select' --rate 5
ok 'a rate' refused 1 '--rate: "fast" is no rate' --flush-select held --rate fast
ok '--watch' refused 1 '--watch goes with' --watch 5 --sort id
ok '--watch of a file' refused 1 'does not change' --from s.jsonl --watch 5
ok '--color' refused 1 'is none of auto, always, never' --color blue
ok '--columns' refused 1 '--columns goes with' --count --columns id
done_testing
