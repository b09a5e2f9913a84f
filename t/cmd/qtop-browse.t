#!/bin/sh
# qtop: looking around, in a terminal
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/spool.sh"
. "$(dirname "$0")/term.sh"

spool_new "$T/a" "hash_queue_depth = 1
maillog_file = $T/maillog
maillog_file_prefixes = $T"
said='Nov 28 22:46:59 mx1 postfix'
echo "$said/qmgr[1]: 4F1: from=<a@b.example>, size=3, nrcpt=1 (queue active)" >"$T/maillog"
"$PH_SRC/t/fill-queue.pl" "$T/a/spool" 400 7 || exit 1
spool_own "$T/a"
total=$(find "$T/a/spool/deferred" "$T/a/spool/active" "$T/a/spool/incoming" "$T/a/spool/hold" -type f | wc -l)
throttled=$(postqueue --select 'class = throttle' --format ids | wc -l)
top=$(postqueue --group-by rcpt.domain --top 1 --format jsonl | jq -r '"\(.rcpt_domain) +\(.messages) "')

term_open 80 24 qtop
shows 'all messages are there' " $total of $total"
shows 'the totals are in the first line' "D[0-9]+ .*C0 .*live"
shows 'columns that have room' ' ID +Q +Age\+ +Next'
term_keys 3
shows 'domains are counted' "^ $top"
term_keys Enter
shows 'a row leads to its messages' 'rcpt.domain = dom1.example'
shows 'and their number is the group'"'"'s' " ${top##*+}of $total"
term_keys Enter
shows 'a message opens' '^ sender +<'
term_keys Tab
shows 'its recipients are a tab' '@dom1.example'
term_keys Tab
shows 'its headers' '^ Subject: message'
term_keys Tab
shows 'its text' 'line of text'
term_keys Tab
shows 'its parts' '1 +text/plain'
term_keys Tab
shows 'its times' 'arrived here'
term_keys Tab
shows 'its records' '^ +[0-9]+ +A +[0-9]+ +named_attribute'
term_keys q
shows 'and closes' 'Recipient'
term_keys BSpace
shows 'back to the domains' 'Recipient domain'
term_keys BSpace
term_keys 2 '\' 'cla' Tab '= thr' Tab
shows 'the filter counts while it is typed' " $throttled of $total"
shows 'and what was begun is completed' 'filter: class = throttle'
term_keys Enter
shows 'the filter is shown' 'filter: class = thr'
term_keys '\' C-u 'recipent = x'
shows 'a misspelt field is named' 'unknown field "recipent" at 1:1; did you mean "rcpt"'
term_keys Escape
shows 'Esc goes back to the filter before' " $throttled of $total"
term_keys Escape
shows 'Esc clears it' " $total of $total"
term_keys 5
shows 'reasons are a tree' '^ \+ [a-z-]+ '
term_keys l
shows 'that unfolds' '^   \+ '
term_keys h
shows_not 'and folds' '^   \+ '
term_keys 4
shows 'senders' '^ newsletter@example.org'
term_keys g g
shows 'by login' '^ \(no login\)'
term_keys 6
shows 'relays' '^ mx\.dom[0-9]+\.example'
term_keys 1
shows 'the overview' '^ deferred +[0-9]+'
shows 'with the largest senders' 'newsl'
term_keys 2 / 'newsletter'
shows 'a search keeps place' 'search: newsletter'
term_keys Enter
term_keys '?'
shows 'help begins with this screen' 'Keys of this screen'
term_keys / 'recipient' Enter n n n
shows 'and can be searched' ' nrcpt +number +recipients to do'
term_keys q
shows_not 'and closes' 'Keys of this screen'
term_keys : 'so' Tab 'siz' Tab Enter
shows 'commands and their words are completed' ' Size\+'
term_keys : 'sort -size' Enter
shows 'the command line sorts' ' Size-'
term_keys : 'set columns id,size,subject' Enter
shows 'subjects are read for what is shown' '^ [0-9A-F]+ +[0-9.K]+ message '
term_keys : 'sort subject' Enter
shows 'but not sorted by' 'cannot be sorted by: subject'
term_keys : 'set columns id,queue,age,next,size,nrcpt,sender,rcpt,class,reason' Enter
term_keys ':' 'nonsense' Enter
shows 'and says what it does not know' 'no such command: nonsense \(Tab behind : shows them\)'
# Mail on its way, and what the log says.
term_keys 7
shows 'queues are stations' '^ maildrop 0 -> incoming [0-9]+ -> active [0-9]+ -> sent '
shows 'with what waits beside them' 'deferred [0-9]+, [0-9]+ due -> active +hold [0-9]+ +corrupt 0'
shows 'the log from before' '^ 22:46:59 qmgr     4F1: from=<a@b.example>'
printf '%s\n' "$said/smtp[1]: 4F1: to=<c@d.example>, relay=none, dsn=4.4.1, status=deferred (no $(printf '\033[31m')way)" >>"$T/maillog"
shows 'and as it goes on, who and what alone' '^ 22:46:59 smtp     4F1: to=<c@d.example>, status=deferred \(no .*31mway\)'
term_keys / 'd.example' Enter
shows_not 'a search only marks' 'not found'
term_keys Tab
shows 'the journal is next' 'Note, selection|journal'
term_keys BTab BTab
shows 'both ways' 'Relay +Messages'
term_keys 2
term_keys : help Enter
shows 'help is a command, too' 'Keys of this screen'
term_keys q
shows_not 'and closes' 'Keys of this screen'
term_keys i
term_size 40 10
shows 'a small terminal keeps what matters' '^ I[0-9]+ A[0-9]+ D[0-9]+'
term_size 200 60
shows 'a large one shows more' 'incoming [0-9]+  active'
term_size 10 4
shows 'one that is too small is told' 'too small'
term_size 80 24
shows 'and it comes back' ' Size-'
term_keys a
shows 'all can be tagged' "tagged $total"
term_keys A
shows_not 'and untagged' "tagged $total"
term_keys t 'class = throttle' Enter
shows 'by expression' "$throttled tagged"
term_keys T
shows 'and shown alone' " $throttled of $total"
term_keys T '*'
shows 'inverted' "tagged $((total - throttled))"
term_keys A X Enter 'out.jsonl' Enter
shows 'exported' "$total exported to out.jsonl"
is 'each a line of JSON' "$(jq -r .id "$T/out.jsonl" | sort -u | wc -l)" "$total"
term_keys X j j Enter 'out.jsonl' Enter
shows 'a file is not replaced' 'out.jsonl: File exists'
term_keys '!'
shows 'a command is told whose IDs it will get' "command, with $total shown IDs on its input"
term_keys "wc -l >'$T/count'" Enter Enter
wait_for 10 test -s "$T/count"
is 'a command gets the IDs' "$(cat "$T/count")" "$total"
term_keys q
shows 'q ends it' '^exit 0'
is 'nothing was said' "$(cat "$T/err")" ''

done_testing
