#!/bin/sh
# postqueue: selections, formats, sorting, counts and groups
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/spool.sh"

spool_new "$T/a"
for c in deferred-one deferred-partial bounce-message held force-expired local-simple \
    smtp-multi xclient-sasl smtputf8 long-queue-id; do
	spool_golden "$T/a" $c
done
ids() { postqueue --format ids --select "$1" | sort | tr '\n' ' '; }
refused() {	# refused 'text of the error' ARGS...
	want=$1; shift
	postqueue "$@" >"$T/out" 2>"$T/err"
	rc=$?
	cat "$T/err"
	[ $rc = 1 ] && grep -qF -e "$want" "$T/err"
}

is 'by queue and class' "$(ids 'queue = deferred and class = connect')" '7D653A8404A 8903EA84059 8DAD1A8404E '
is 'by flag' "$(ids 'held and not expired')" '59CA9A8406C '
is 'by the null sender' "$(ids 'sender = <>')" '8903EA84059 '
is 'by login' "$(ids 'sasl = ann')" '8D773A84021 '
is 'by client network' "$(ids 'client.addr in 2001:db8::/32')" '8D773A84021 '
is 'by ID alone' "$(ids 8DAD1A8404E)" '8DAD1A8404E '
is 'by a long ID' "$(ids 'id = 4jWkb63s66z1c6Jr')" '4jWkb63s66z1c6Jr '
is 'one recipient with both' "$(ids 'any rcpt (domain = odd.example and reason ~ ":9: ")')" '8DAD1A8404E '
is 'by a header of the bounce' "$(ids 'subject ~ "^undelivered"')" '8903EA84059 '
printf '8DAD1A8404E\n# no\nnone\n' >"$T/ids"
is 'by IDs in a file' "$(ids "id in @file \"$T/ids\"")" '8DAD1A8404E '
ok 'nothing found is status 3' fails_with 3 postqueue --select 'sender = nobody@nowhere'
ok 'a misspelt field is refused' refused 'unknown field "sendr" at 1:1; did you mean "sender"?' --select 'sendr = x'
ok 'a long option goes with no classic one' refused '-p goes with no long option' -p --select held
ok '--by belongs to --count' refused '--by goes with --count' --by queue
ok 'a format has a known name' refused '--format: xml is none of' --format xml
ok 'columns too' refused 'unknown field "nothing"' --columns id,nothing
ok 'a number is a number' refused '--limit: bad number "x"' --limit x

postqueue --format jsonl >"$T/all"
is 'every message once' "$(wc -l <"$T/all")" 10
ok 'every line is JSON' jq -e . "$T/all"
is 'recipients with reasons' "$(jq -r 'select(.id == "8DAD1A8404E") | .recipients[0] | .class + " " + .dsn + " " + .relay' "$T/all")" 'connect 4.4.1 127.0.0.1'
is 'those done are counted' "$(jq -r 'select(.id == "8DAD1A8404E") | .ndone' "$T/all")" 1
is 'sorted, limited, as CSV' "$(postqueue --sort=-size,id --limit 2 --format csv --columns id,size | tr -d '\r')" \
    'id,size
8903EA84059,2073
8A58DA8406F,355'
is 'tabs instead' "$(postqueue --select held --format tsv --columns queue,expired,id --sort id | tail -n 1)" \
    "$(printf 'hold\t1\t8A58DA8406F')"
is 'IDs with NUL' "$(postqueue --select held --format ids0 --sort id | tr '\0' ';')" '59CA9A8406C;8A58DA8406F;'
is 'the classic layout' "$(postqueue --select held --sort id --format classic)" \
    '-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------
59CA9A8406C!     337 Sat Nov 21 07:39:15  ann@client.example
                                         bob@remote.example

8A58DA8406F!#     355 Sat Nov 21 07:39:20  ann@client.example
                                         bob@remote.example

-- 0 Kbytes in 2 Requests.'
is 'a count' "$(postqueue --count --format csv | tr -d '\r' | head -n 2 | cut -d, -f1 | tail -n 1)" 10
is 'a count by queue' "$(postqueue --count --by queue --format csv | tr -d '\r' | cut -d, -f1,2 | sort | tr '\n' ' ')" \
    'deferred,3 hold,2 incoming,5 queue,messages '
is 'which are of names, so of messages only' "$(postqueue --count --format jsonl)" '{"v": 1, "messages": 10}'
is 'a count of a selection' "$(postqueue --select 'queue = deferred' --count --format jsonl | jq -c '[.messages, .recipients]')" '[3,4]'
is 'groups by recipient domain' "$(postqueue --select 'queue = deferred' --group-by rcpt.domain --format jsonl |
    jq -r '.rcpt_domain + " " + (.messages | tostring) + " " + .top_class' | sort)" \
    'client.example 1 connect
odd.example 1 connect
remote.example 2 connect'
is 'the top one' "$(postqueue --group-by sender --top 1 --format jsonl | jq -r .sender)" 'ann@client.example'
# Four ages in two domains; one message has two recipients.
now=$(date +%s)
spool_new "$T/b"
for age in 60 290 700 100000; do
	f=$T/b/spool/incoming/AB$age
	perl -e 'sub r { $_[0] . chr(length $_[1]) . $_[1] }
	    print r("T", "$ARGV[0] 0") . r("S", "a\@b.example") . r("R", "x\@one.example") .
	        ($ARGV[1] == 700 ? r("R", "y\@sub.one.example") : "") . r("M", "") . r("X", "") . r("E", "")' \
	    $((now - age)) $age >"$f"
	chmod 700 "$f"
done
spool_own "$T/b"
is 'the shape of the queue' "$(postqueue --shape --format csv | tr -d '\r')" \
    'rcpt.domain,total,5,10,20,40,80,160,320,640,1280,1280+
TOTAL,5,2,0,2,0,0,0,0,0,0,1
one.example,4,2,0,1,0,0,0,0,0,0,1
sub.one.example,1,0,0,1,0,0,0,0,0,0,0'
is 'with domains above, other ages, the largest' \
    "$(postqueue --shape=rcpt.domain --parents --buckets 3 --first 10m --linear --top 2 --format tsv)" \
    "$(printf 'rcpt.domain\ttotal\t10\t20\t20+\nTOTAL\t5\t2\t2\t1\nexample\t5\t2\t2\t1\none.example\t5\t2\t2\t1')"
like 'for people' "$(postqueue --shape=sender)" '^ +a@b\.example +4 +2 +0 +1 '
is 'as JSON' "$(postqueue --shape --format jsonl | jq -c 'select(.rcpt_domain == "TOTAL") .counts["5"]')" 2
ok 'its options go with it' refused 'go with --shape' --linear
MAIL_CONFIG=$T/a/etc

is 'only some queues are looked at' "$(postqueue --select 'queue = hold and subject ~ x' --select-explain)" \
    'queue = "hold" and subject ~ /x/i

tier 0-3  and
tier 0      queue = "hold"
tier 3      subject ~ /x/i

reads at most: headers
queues: hold'
like 'why it matches' "$(postqueue --select 'held or sender = <>' --select-why 59CA9A8406C)" '^ +false +sender = <> +\[ann@client.example\]$'
ok 'a message that is not there' fails_with 3 postqueue --select held --select-why FFFFF1
ok 'fields are listed' sh -c 'postqueue --fields | grep -q "^rcpt.domain *domain"'

spool_golden "$T/a" bad-garbage
postqueue --select 'sender = x@y' >"$T/out" 2>"$T/err"
is 'what cannot be judged is status 4' $? 4
like 'and is said' "$(cat "$T/err")" '1 message could not be judged'

# A sender that would move the cursor, and a subject that would turn the line round.
f=$T/a/spool/incoming/ABCDE1
perl -e 'sub r { $_[0] . chr(length $_[1]) . $_[1] }
    $b = r("T", "1795240000 5") . r("S", "a\e[31m\xff\@x.example") . r("R", "b\@x.example") . r("M", "");
    $c = r("N", "Subject: \xe2\x80\xaeevil \x01") . r("N", "");
    $size = sprintf("%15d %15d %15d %15d %15d %15d", length $c, 97 + length $b, 1, 0, length $c, 0);
    print r("C", $size) . $b . $c . r("X", "") . r("E", "")' >"$f"
chmod 700 "$f"; spool_own "$T/a"
postqueue --select ABCDE1 >/dev/null 2>&1
postqueue --select 'id = ABCDE1' --format table --columns sender,subject >"$T/out"
ok 'no control byte reaches the terminal' sh -c "! LC_ALL=C grep -q '[^[:print:][:space:]]' '$T/out'"
like 'they are spelt out' "$(cat "$T/out")" 'a\\x1b\[31m\\xff@x.example.*\\u202eevil'
postqueue --select 'id = ABCDE1' --format jsonl >"$T/out"
ok 'JSON is valid' jq -e . "$T/out"
is 'with the raw bytes beside' "$(jq -r .sender_b64 "$T/out" | base64 -d | od -An -tx1 | tr -d ' \n')" \
    "$(printf 'a\033[31m\377@x.example' | od -An -tx1 | tr -d ' \n')"
done_testing
