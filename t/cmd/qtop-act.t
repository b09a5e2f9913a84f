#!/bin/sh
# qtop: acting on messages, and undoing it
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/spool.sh"
. "$(dirname "$0")/term.sh"

spool_new "$T/a" 'hash_queue_depth = 1'
chmod 777 "$T/a"
"$PH_SRC/t/fill-queue.pl" "$T/a/spool" 60 3 || exit 1
spool_own "$T/a"
files() { (cd "$T/a/spool" && find incoming active deferred hold defer -type f -printf '%p %i %m %T@ %s\n' | sort); }
count() { find "$T/a/spool/$1" -type f | wc -l; }
files >"$T/before"
held=$(count hold)
deferred=$(count deferred)
all=$(grep -cv '^defer/' "$T/before")

term_open 100 30 qtop --sort queue
shows 'the queue is there' " $all of $all"
term_keys '\' 'queue = deferred' Enter
shows 'the deferred ones' " $deferred of $all"
term_keys Space Space
shows 'two are tagged' 'tagged 2'
term_keys d
shows 'the plan is the question' 'delete   2 messages'
shows 'it says where they are' 'queues   deferred 2'
shows 'and what can be undone' 'undo     kept in trash until'
term_keys Enter d
shows 'neither Enter nor the same key is an answer' 'delete   2 messages'
is 'so far nothing has happened' "$(files)" "$(cat "$T/before")"
term_keys n
shows 'no is no' 'nothing was done'
term_keys d
shows 'the question again' 'delete   2 messages'
term_keys Tab
shows 'a note can be given' 'note:'
term_keys 'spam wave' Enter y
shows 'yes is yes' '2 deleted; u undoes'
is 'they are gone from the queue' "$(count deferred)" $((deferred - 2))
shows 'and from the screen' " $((deferred - 2)) of $((all - 2))"
is 'their logs went with them' "$(find "$T/a/spool/trash" -type f -name '*.defer' | wc -l)" 2
term_keys 8
shows 'the journal has it, with the note' 'delete +2 +done.* spam wave'
term_keys 2 u
shows 'undo says what' 'undo     delete of'
term_keys y
shows 'and does it' '2 put back'
is 'every file is as it was' "$(files)" "$(cat "$T/before")"
term_keys 8
shows 'the journal counts what came back' 'undo +2 +done'
term_keys 2

term_keys a
shows 'all shown are tagged' "tagged $deferred"
term_keys H
shows 'many need their number' "Type the number of messages \($deferred\)"
term_keys y 7 Enter
shows 'another number is no answer' 'Type the number'
width=$term_w height=$term_h
term_size 40 10
shows 'a small terminal shows what is typed' "Type $deferred, then Enter:"
shows 'and that there is more to read' 'Up, Down: more'
term_keys 4 2 Down Down Down Down Down Down Down Down Down Down Down Down Down Down Down Down Down Down
shows 'up to the end' 'undo     |next attempt|take'
shows 'what was typed stays' "Enter: 42"
term_size "$width" "$height"
term_keys BSpace BSpace Enter
is 'still nothing has happened' "$(files)" "$(cat "$T/before")"
term_keys "$deferred" Enter
shows 'the right one is' "$deferred placed on hold"
is 'all are on hold' "$(count hold)" $((held + deferred))
term_keys Escape Escape
term_keys '\' 'age > 1h' Enter
sleep 0.3
term_keys U
shows 'hidden tagged ones are asked about' 'the filter hides tagged messages'
shows 'and counted' "all tagged: $deferred"
term_keys q
term_keys u
shows 'holding can be undone' 'Undo hold of'
term_keys y
shows 'it was' "$deferred put back"
is 'every file is as it was before, too' "$(files)" "$(cat "$T/before")"

# The queue changes under the cursor.
term_keys A Escape Escape
term_keys '\' C-u 'queue = deferred' Enter
shows 'the deferred ones again' " $deferred of $all"
term_keys Home d
shows 'one message is meant' 'delete   1 message '
id=$(term_screen | sed -n 's/^ \([0-9A-F]*\)  D .*/\1/p' | head -n 1)
path=$(find "$T/a/spool/deferred" -name "$id")
other=$(find "$T/a/spool/hold" -type f | head -n 1)
mv "$path" "$T/away"
mv "$other" "$path"
term_keys y
shows 'another message of that name is not touched' 'changed|0 deleted'
ok 'it is there' test -e "$path"
mv "$path" "$other"
mv "$T/away" "$path"
term_keys r
shows 'the message is where it was' " $deferred of $all"
is 'nothing is lost' "$(files | cut -d' ' -f1,2)" "$(cut -d' ' -f1,2 "$T/before")"

# A whole group, from its row.
term_keys Escape Escape Escape 4
shows 'senders' '^ newsletter@example.org'
n=$(postqueue --select 'sender = newsletter@example.org' --format ids | wc -l)
term_keys Home d
shows 'a group is a scope' "delete   $n messages"
term_keys Escape
shows 'and can be left alone' 'nothing was done'

# Editing.
term_keys 2 '\' 'queue = deferred' Enter
shows 'the deferred ones once more' " $deferred of $all"
term_keys Home M Enter 'new@sender.example' Enter
shows 'a change is shown first' 'new@sender.example'
term_keys y
shows 'and done' '1 changed'
is 'the sender is another' "$(postqueue --select 'sender = new@sender.example' --format ids | wc -l)" 1
term_keys Escape Escape Escape
shows 'all of them' " $all of $all"
term_keys t 'queue = deferred' Enter
shows 'some are tagged' "$deferred tagged"
term_keys '\' 'sender = new@sender.example' Enter
shows 'most of them are hidden' " 1 of $all"
term_keys M Enter 'third@sender.example' Enter
shows 'an edit asks about them, too' "shown only: 1"
term_keys Up Up Enter
shows 'and changes what is shown' 'messages 1$|messages 1 '
term_keys y
shows 'that one' '1 changed'
is 'and no other' "$(postqueue --select 'sender = third@sender.example' --format ids | wc -l)" 1
term_keys q
shows 'the end' '^exit 0'

# A message in an editor, which is whatever the user likes.
cat >"$T/editor" <<-'EOT'
	#!/bin/sh
	sed -i 's/^sender: .*/sender: hand@sender.example/; s/^Subject: .*/Subject: by hand/' "$1"
	[ -e "$0.fails" ] && exit 3
	[ -e "$0.spoils" ] && echo 'nonsense' >"$1"
	exit 0
EOT
chmod 755 "$T/editor"
mkdir -m 700 "$T/tmp"
term_open 100 30 sh -c "VISUAL=$T/editor TMPDIR=$T/tmp exec qtop --select \"sender = third@sender.example\""
shows 'the changed one' " 1 of $all"
touch "$T/editor.fails"
term_keys M End Enter
shows 'an editor that fails changes nothing' 'the editor failed, status 3: nothing was done'
rm "$T/editor.fails"
touch "$T/editor.spoils"
term_keys M End Enter
shows 'what cannot be read back is kept' 'your text is still in .*/tmp/qtop\.'
rm "$T/editor.spoils" "$T"/tmp/qtop.*
term_keys M End Enter
shows 'the differences are the question' 'sender: <third@sender.example> -> <hand@sender.example>'
is 'the file is gone' "$(ls "$T/tmp")" ''
term_keys y
shows 'answered' '1 changed'
is 'the sender is another' "$(postqueue --select 'sender = hand@sender.example' --format ids | wc -l)" 1
is 'and the subject' "$(postqueue --select 'subject = "by hand"' --format ids | wc -l)" 1
term_keys q
shows 'its end' '^exit 0'

# Read-only.
files >"$T/now"
# Wide enough for the reason beside the rates that soon appear.
term_open 130 30 qtop --read-only
shows 'read-only is said' 'read-only: as asked'
for key in d H U F R E M X u '!'; do
	term_keys "$key"
	shows "$key is refused" '^ read-only: as asked|Export as'
	term_keys Escape Escape
	shows_not "$key leaves nothing behind" '^ read-only: as asked'
done
is 'nothing was changed' "$(files)" "$(cat "$T/now")"

done_testing
