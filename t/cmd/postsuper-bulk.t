#!/bin/sh
# postsuper: the long options: plan, guards, the question, what is done, the exit status
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/spool.sh"
S=$T/a/spool

fresh() {	# a spool with three messages of news, two of joe, one of ann on hold
	rm -rf "$T/a"
	spool_new "$T/a"
	[ "$(id -u)" != 0 ] || chown "$spool_owner" "$T/a"
	news=$(queue-put -q deferred -s news@list.example -d 3600 -n 3 a@one.example b@two.example)
	joe=$(queue-put -q deferred -s joe@list.example -d -60 -n 2 c@one.example)
	ann=$(queue-put -q hold -s ann@list.example d@three.example)
	spool_own "$T/a"
}
said() {	# said STATUS 'regex' ARGS...: exit status, and what was printed, both streams
	want=$1 regex=$2; shift 2
	postsuper "$@" >"$T/out" 2>&1 </dev/null
	rc=$?
	cat "$T/out"
	[ $rc = "$want" ] && grep -Eq -e "$regex" "$T/out"
}
names() { (cd "$S/$1" 2>/dev/null && find . -type f -printf '%f\n' | sort | tr '\n' ' '); }
sorted() { printf '%s\n' $1 | sort | tr '\n' ' '; }
# answer TEXT ARGS...: at a terminal, answering the question with TEXT
answer() {
	text=$1; shift
	python3 - "$text" postsuper "$@" <<-'EOT'
	import os, pty, sys, re
	pid, fd = pty.fork()
	if pid == 0:
	    os.execvp(sys.argv[2], sys.argv[2:])
	said = b''
	answered = False
	while True:
	    try:
	        data = os.read(fd, 4096)
	    except OSError:
	        break
	    if not data:
	        break
	    said += data
	    if not answered and re.search(rb'do it: $', said):
	        os.write(fd, sys.argv[1].encode() + b'\n')
	        answered = True
	status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
	sys.stdout.write(said.decode().replace('\r\n', '\n'))
	print('exit', status)
	EOT
}

fresh
like '--help begins with examples' "$(postsuper --help | head -n 2)" 'postsuper --delete --select'
ok 'an action wants to know which messages' said 1 'fatal: which messages\?' --delete
ok 'short and long do not mix' said 1 'do not mix' --delete -d ALL
ok 'nor do actions and undo' said 1 'only one of' --delete --undo last
ok 'nor undo and actions' said 1 'only one of' --undo last --delete
ok 'options stand first' said 1 'options stand before ALL' --hold ALL --yes
ok 'ALL goes with no selection' said 1 'ALL goes with neither' --delete --select held ALL
ok 'a misspelt field is explained' said 1 'did you mean "sender"' --hold --select 'sendr = x'
ok 'options without an action are refused' said 1 'no action' --select held
ok 'what does not belong is refused' said 1 '--rate does not go' --journal --rate 5/s
ok 'a rate has a unit' said 1 'no rate such as' --hold --rate 5/x ALL
ok 'a queue has a known name' said 1 '"trash" is none of' --hold --from-queue trash ALL
ok 'an order is a field' said 1 '--order: unknown field "agee"; did you mean "age"' --hold --order agee ALL
ok 'an operand is an ID' said 3 'invalid mail queue id: a/b' --hold --yes a/b
ok 'nothing matched is status 3' said 3 'nothing matched' --hold --yes --select 'sender = nobody@nowhere'

is 'a dry run prints the plan' "$(postsuper --delete --select 'rcpt.domain = one.example' --dry-run | sed -e 's/[0-9.]* [KMGT]*iB/N/g' -e 's/until .* (/until T (/' -e 's/^age .*next/age T next/' -e 's/latest in .*/latest in T/')" \
'delete   5 messages   8 recipients   N
queues   deferred 5
age T next attempt due now 2, latest in T
senders  news@list.example 3   joe@list.example 2
domains  one.example 5   two.example 3
note     3 messages have 3 further recipients that the selection did not match
undo     kept in trash until T (N; N free)'
is 'and does nothing' "$(names deferred)" "$(sorted "$news $joe")"
ok 'the plan as JSON' sh -c "postsuper --delete --dry-run --json ALL | jq -e '.messages == 6 and .recipients == 9 and (.queues | length) == 2 and .reversible'"
ok 'without a terminal --yes is needed' said 5 'refused: standard input is no terminal' --delete ALL
ok '--max refuses' said 5 'refused: 6 messages match, and --max is 5' --delete --yes --max 5 ALL
ok '--expect refuses' said 5 'refused: 6 messages match, and --expect is 7' --delete --yes --expect 7 ALL
is 'nothing was done' "$(names deferred)$(names hold)" "$(sorted "$news $joe")$ann "
ok '--expect agrees' said 0 'deleted: 6 messages' --delete --yes --expect 6 --note 'a test' ALL
is 'the queue is empty' "$(names deferred)$(names hold)" ''
like 'the trash is told' "$(postsuper --trash)" 'delete +6 .*: a test$'
like 'the journal too' "$(postsuper --journal)" 'delete: 6  by .*  note: a test$'
ok 'undo without a terminal wants --yes' said 5 'refused' --undo last
ok 'undo tells what it would do' said 0 'would be restored: 6 messages' --undo last --dry-run
ok 'undo of a part' said 0 'restored: 2 messages' --undo last --yes --select 'sender = joe@list.example'
ok 'and of the rest' said 0 'restored: 4 messages' --undo last --yes
is 'all is back' "$(names deferred)$(names hold)" "$(sorted "$news $joe")$ann "
is 'the trash is empty' "$(find "$S/trash" -mindepth 1)" ''
ok 'once is enough' said 3 'nothing of .* is in the trash any more|no action to undo' --undo last --yes
ok 'a token is checked' said 1 'is no token' --undo ../../etc --yes
ok 'an unknown one is not found' said 3 'no action has the token' --undo 20200101T000000-0000 --yes

like 'several actions in one run' "$(postsuper --hold --expire --yes ALL | tr '\n' ' ')" 'placed on hold: 5 messages .*force-expired: 6 messages'
ok 'what is so already is not done again' said 3 'nothing matched' --hold --expire --yes ALL
like 'the plan says so' "$(postsuper --hold --dry-run ALL)" 'note +6 other messages selected'
like 'undo takes the last one first' "$(postsuper --undo last --yes)" 'restored: 6'
is 'modes are as they were' "$(find "$S/hold" -perm -010)" ''
postsuper --undo last --yes >"$T/out"
is 'then the one before' "$(names deferred)" "$(sorted "$news $joe")"

fresh
like 'the first in an order' "$(postsuper --hold --limit 2 --order -next --yes ALL)" '2 messages'
is 'are those due last' "$(postqueue --select 'held and sender = news@list.example' --count --format csv | tr -d '\r' | sed -n 2p | cut -d, -f1)" 2
one=${joe%%
*}
ok 'IDs as operands' said 0 'placed on hold: 1 message' --hold --yes "$one" "$one"
ok 'IDs narrowed by a selection' said 3 'nothing matched' --release --yes --select 'sender = ann@list.example' "$one"
echo "$one" >"$T/ids"; echo NOSUCH123 >>"$T/ids"
ok 'IDs from a file; one is missing' said 4 'warning: NOSUCH123: is in no queue' --release --yes --ids "$T/ids"
ok 'none is there' said 3 'nothing matched' --release --yes NOSUCH123
like 'IDs from standard input' "$(echo "$one" | postsuper --hold --yes --ids - 2>&1)" 'placed on hold: 1'
like 'which cannot answer as well' "$(echo "$one" | postsuper --release --ids - 2>&1)" 'standard input holds the IDs'
postqueue --format jsonl --select "$one" >"$T/listing"
postqueue --format jsonl --select "$ann" >>"$T/listing"
cp "$S/hold/$one" "$S/hold/new"; mv "$S/hold/new" "$S/hold/$one"; chmod 700 "$S/hold/$one"; spool_own "$T/a"
ok 'a listing: another message than the one listed' said 4 "$one: another message than the one that was listed" --release --yes --ids "$T/listing"
is 'it is not touched' "$(names hold | grep -c "$one")" 1
sed -i 's/"arrived": [0-9]*/"arrived": 1000000000/; s/, "inode": [0-9]*//; s/"inode": [0-9]*, //' "$T/listing"
ok 'another arrival is another message, too' said 4 "$ann: another message than the one that was listed" --release --yes --ids "$T/listing"
postqueue --format jsonl --select "$ann" >"$T/listing"
postsuper --release --yes --ids "$T/listing" >/dev/null 2>&1
is 'the other one is' "$(names hold | grep -c "$ann")" 0

fresh
chmod 710 "$S/hold/$ann"
like 'flush' "$(postsuper --flush --yes ALL)" 'scheduled: 5 messages'
is 'moves to incoming' "$(find "$S/incoming" -perm -040 -type f | wc -l)" 5
like 'requeue' "$(postsuper --requeue --yes --from-queue incoming ALL)" 'requeued: 5 messages'
is 'moves to maildrop' "$(find "$S/maildrop" -type f -mmin -5 | wc -l)" 5
like 'and can be taken back until pickup has it' "$(postsuper --undo last --yes)" 'restored: 5'
ok 'flush cannot' said 1 'flush cannot be undone' --undo "$(postsuper --journal --json | jq -r 'select(.action == "flush") | .token')" --yes
like 'expire and release' "$(postsuper --expire-release --yes --from-queue hold ALL)" 'released: 1 message'
ok 'from hold' [ "$(names deferred)" = "$ann " ]

fresh
ok 'a bounce has a reason' said 1 '--bounce and --reason go together' --bounce --yes ALL
like 'bounce' "$(postsuper --bounce --reason 'mailing stopped' --yes --from-queue deferred ALL)" 'returned to sender: 5 messages'
is 'is a forced expiration' "$(find "$S/incoming" -perm -010 -type f | wc -l)" 5
is 'with the reason in the log' "$(cat "$S"/defer/*/* | grep -c '^reason=mailing stopped')" 8
like 'bounce-quiet' "$(postsuper --bounce-quiet --yes "$ann")" 'dropped: 1 message'
is 'drops' "$(names hold)" ''
like 'and says so in the journal' "$(postsuper --journal)" 'bounce-quiet: 1'

fresh
start=$(date +%s%N)
postsuper --hold --rate 10/s --yes ALL >"$T/out"
took=$((($(date +%s%N) - start) / 1000000))
ok 'five messages at ten a second take 0.4 s' [ $took -ge 400 ]
start=$(date +%s%N)
postsuper --release --batch 2 --pause 1s --limit 3 --yes ALL >"$T/out"
took=$((($(date +%s%N) - start) / 1000000))
ok 'a pause is kept' [ $took -ge 1000 ]
is 'three were released' "$(find "$S/deferred" -type f | wc -l)" 3

ok 'results as JSON' sh -c "postsuper --delete --yes --json ALL | jq -se 'map(.event) == [\"plan\",\"result\",\"result\",\"result\",\"result\",\"result\",\"result\",\"end\"] and (last.done == 6)'"
ok 'the journal as JSON' sh -c "postsuper --journal --json | jq -se 'map(select(.event == \"begin\").action) == [\"hold\",\"release\",\"delete\"]'"
is 'since a time' "$(postsuper --journal --since 2099-01-01)" ''
ok 'which must be one' said 1 'is no time such as' --journal --since whenever
like 'a purge is told first' "$(postsuper --purge --dry-run)" 'would remove 6 messages .* for good'
ok 'only what is old' said 3 'purged: 0 messages' --purge --older-than 1h --yes
ok 'all of it' said 0 'purged: 6 messages' --purge --yes
ok 'nothing is left to undo' said 3 'nothing of' --undo last --yes
is 'nothing is left at all' "$(find "$S/trash" -mindepth 1)" ''

fresh
like 'at a terminal the plan is the question' "$(answer n --delete ALL)" 'senders  news@list.example 3'
is 'no is no' "$(names hold)" "$ann "
like 'and status 5' "$(answer n --delete ALL)" 'exit 5$'
like 'yes is y' "$(answer y --delete ALL)" 'deleted: 6 messages'
like 'undo asks too' "$(answer y --undo last)" 'restored: 6 messages'
queue-put -q deferred -s many@list.example -n 30 x@one.example >/dev/null; spool_own "$T/a"
like 'many: y is not enough' "$(answer y --delete ALL)" 'nothing was done'
like 'the number is' "$(answer 36 --delete ALL)" 'deleted: 36 messages'

fresh
mkdir "$T/evidence"
defer=$S/defer/$(printf %.1s "$ann")/$ann; mkdir -p "${defer%/*}"; echo why >"$defer"; spool_own "$T/a"
sum=$(md5sum <"$S/hold/$ann")
like 'copies first' "$(postsuper --delete --copy-to "$T/evidence" --yes ALL | tr '\n' ' ')" '^copied: 6 messages to .* deleted: 6 messages'
is 'the queue file' "$(md5sum <"$(find "$T/evidence" -name "$ann")")" "$sum"
is 'and its log' "$(cat "$(find "$T/evidence" -name "$ann.defer")")" why
postsuper --undo last --yes >"$T/out"
rm -rf "$T"/evidence/*
like 'copies only' "$(postsuper --copy-to "$T/evidence" --export eml --yes ALL)" '^copied: 6 messages to'
is 'as mail' "$(cat "$(find "$T/evidence" -name "$ann.eml")")" "$(postcat --eml -q "$ann")"
is 'nothing else happened' "$(names hold)" "$ann "
postsuper --copy-to "$T/evidence" --export mbox --yes ALL >"$T/out"
is 'as one mailbox' "$(grep -c '^From ' "$T"/evidence/*/messages.mbox)" 6
rm -rf "$T"/evidence/*
printf '%s\n' 'Subject: x' '' 'From one' '>From two' '>>From three' 'From' >"$T/m"
quoted=$(queue-put -q hold -s q@list.example -i "$T/m" d@three.example); spool_own "$T/a"
postsuper --copy-to "$T/evidence" --export mbox --yes "$quoted" >"$T/out"
is 'lines that look like a beginning can be told from one' "$(sed 1,3d "$T"/evidence/*/messages.mbox)" '>From one
>>From two
>>>From three
From'
cut=$S/hold/$quoted
head -c 250 "$cut" >"$T/cut"; cat "$T/cut" >"$cut"
ok 'what cannot be copied' said 1 "--copy-to: $quoted: .*" --delete --copy-to "$T/evidence" --export eml --yes ALL
like 'is not deleted' "$(names hold)" "$quoted"
like 'nor is anything else' "$(names hold)" "$ann"
rm "$cut"
ok 'no directory, no action' said 1 'make directory .*/nowhere' --delete --copy-to "$T/nowhere" --yes ALL
is 'nothing is deleted then' "$(names hold)" "$ann "
ok '--export belongs to --copy-to' said 1 '--export goes with --copy-to' --delete --export eml ALL
ok 'a form has a known name' said 1 'neither mbox nor eml' --copy-to "$T/evidence" --export pst ALL

# What could not be judged stays, and is named.
fresh
broken=$(echo $news | cut -d' ' -f1)
file=$(find "$S/deferred" -name "$broken"); head -c 150 "$file" >"$T/cut"; cat "$T/cut" >"$file"
ok 'a message that cannot be judged is named' said 4 "^postsuper: $broken: not judged: is damaged" --delete --yes --select 'nrcpt = 2'
like 'and counted' "$(cat "$T/out")" '1 message could not be judged by the selection, and is left alone'
is 'it stays, the others of its sender do not' "$(names deferred)" "$(sorted "$broken $joe")"
ok 'one that was named by its ID, too' said 4 "^postsuper: $broken: not judged: is damaged" --delete --yes --select 'nrcpt = 2' "$broken"
is 'in JSON, too' "$(postsuper --delete --json --yes --select 'nrcpt = 2' 2>/dev/null | jq -r 'select(.event == "result") | "\(.id) \(.queue) \(.result)"')" \
	"$broken deferred unjudged"

# What fails half way is as it was.
fresh
chmod 500 "$S/hold"
ok 'one that cannot be removed' said 4 "$ann: failed: rename" --delete --no-undo --yes "$ann"
chmod 700 "$S/hold"
is 'can still be delivered' "$(stat -c %a "$S/hold/$ann")" 700
mv "$S/hold/$ann" "$S/active/"
ok 'one that is active is not bounced' said 4 'is being delivered now' --bounce --reason why --yes "$ann"
ok 'and stays there' test -f "$S/active/$ann"
# A rest after each batch, and none before it.
postsuper --delete --no-undo --batch 2 --pause 1h --yes --select 'queue = deferred' >"$T/out" 2>&1 &
resting=$!
three_left() { [ "$(names deferred | wc -w)" = 3 ]; }
ok 'two of five are gone' wait_for 10 three_left
kill -INT $resting; wait $resting
is 'and the others had to wait' "$?$(names deferred | wc -w)" 43

fresh
like 'for good' "$(postsuper --delete --no-undo --yes ALL)" '^deleted: 6 messages$'
is 'nothing is left anywhere' "$(find "$S" -type f)" ''
ok 'and it cannot be undone' said 1 'a deletion for good cannot be undone' --undo "$(postsuper --journal --json | jq -r '.token' | tail -n 1)" --yes
ok 'nor is it the last one that can' said 3 'no action to undo' --undo last --yes
# The schema has each member that is written, and what it says is always there is.
fresh
postsuper --json-schema >"$T/schema"
for run in "--hold --dry-run ALL" "--hold --yes ALL" "--undo last --yes" "--delete --yes ALL" "--trash" "--undo last --yes" \
    "--edit --add-rcpt new@one.example --yes $ann" "--copy-to $T/copied --export eml --yes ALL" "--export-queue $T/x.tar --dry-run ALL" \
    "--verify" "--recover" "--delete --yes ALL" "--purge --yes"; do
	mkdir -p "$T/copied"; [ "$(id -u)" != 0 ] || chown "$spool_owner" "$T/copied"
	postsuper --json $run 2>/dev/null
done </dev/null >"$T/lines"
is 'lines of all kinds' "$(jq -r '.event // "trashed"' "$T/lines" | sort -u | xargs)" 'copied edited end plan result trashed'
is 'the schema knows all of them' "$(jq -c --slurpfile s "$T/schema" '
    ({ plan: "plan", result: "result", edited: "result", recovered: "result", finding: "finding", end: "end", copied: "end" }[.event // ""] // "trashed") as $k |
    ($s[0]."$defs"[$k]) as $d | select((keys - ($d.properties | keys)) != [] or ($d.required - keys) != [])' "$T/lines")" ''
done_testing
