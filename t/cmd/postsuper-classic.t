#!/bin/sh
# postsuper: each action by ID and ALL, the repair of names, the messages
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/spool.sh"
S=$T/a/spool

# make QUEUE/[DIR/]TIME [MODE]: a file whose name carries its inode; prints the ID
make() {
	mkdir -p "$S/${1%/*}"
	: >"$S/${1%/*}/new"
	id=${1##*/}$(printf %X "$(stat -c %i "$S/${1%/*}/new")")
	mv "$S/${1%/*}/new" "$S/${1%/*}/$id"
	chmod "${2-700}" "$S/${1%/*}/$id"
	spool_own "$T/a"
	echo "$id"
}
there() { [ -e "$S/$1" ]; }
gone() { ! there "$1"; }
mode_is() { [ "$(stat -c %a "$S/$1")" = "$2" ]; }
super() { postsuper "$@" 2>&1; }

spool_new "$T/a"
ok '--help succeeds' postsuper --help
ok 'an unknown option is an error' fails_with 1 postsuper -Z
like 'and says how to call it' "$(super -Z)" '^postsuper: fatal: usage: postsuper \[-c config_dir\].*\(redundant structure fix\)\]\[-v \(verbose\)\] \[queue\.\.\.\]$'
is '-c wants an absolute path' "$(super -c rel)" 'postsuper: fatal: -c requires absolute pathname'
is 'queues have known names' "$(super corrupt)" 'postsuper: fatal: invalid directory name: corrupt'
is 'a bad ID is named and passed over' "$(super -d a/b)" \
    'postsuper: warning: invalid mail queue id: a/b
postsuper: Deleted: 0 messages'

a=$(make deferred/A/A0001); mkdir -p "$S/defer/A"; : >"$S/defer/A/$a"; : >"$S/bounce/$a"
spool_own "$T/a"
is '-h says what it did' "$(super -h "$a")" "postsuper: $a: placed on hold
postsuper: Placed on hold: 1 message"
ok 'the file is in hold' there "hold/$a"
is '-e' "$(super -e "$a" -e "$a")" "postsuper: $a: expired
postsuper: Force-expired: 1 message"
ok 'sets the bit' mode_is "hold/$a" 710
is '-H' "$(super -H "$a")" "postsuper: $a: released from hold
postsuper: Released from hold: 1 message"
ok 'the file is in its hash directory' there "deferred/A/$a"
ok 'its log stayed' there "defer/A/$a"
touch -d '1 day ago' "$S/deferred/A/$a"
is '-r' "$(super -r "$a")" "postsuper: $a: requeued
postsuper: Requeued: 1 message"
ok 'the file is in maildrop, new' [ -n "$(find "$S/maildrop/$a" -mmin -5)" ]
is 'what is in maildrop cannot be held' "$(super -h "$a")" 'postsuper: Placed on hold: 0 messages'
is '-d' "$(super -d "$a")" "postsuper: $a: removed
postsuper: Deleted: 1 message"
ok 'removes the message' gone "maildrop/$a"
ok 'and its logs' gone "defer/A/$a"
ok 'both' gone "bounce/$a"

a=$(make hold/A0001) b=$(make incoming/B0001) c=$(make incoming/C0001 600)
is '-f expires and releases' "$(super -f "$a")" "postsuper: $a: expired
postsuper: $a: released from hold
postsuper: Force-expired: 1 message
postsuper: Released from hold: 1 message"
is 'IDs come from standard input' "$(printf '%s\n%s\n%s\n' "$a" "$b" "$c" | super -h -)" \
    "postsuper: $a: placed on hold
postsuper: $b: placed on hold
postsuper: Placed on hold: 2 messages"
ok 'an unfinished file is never touched by ID' there "incoming/$c"
is '-H ALL' "$(super -H ALL)" 'postsuper: Released from hold: 2 messages'
ln -s /etc/passwd "$S/incoming/LINK1"; mkfifo "$S/incoming/FIFO1"
is '-h ALL of one queue' "$(super -h ALL deferred)" 'postsuper: Placed on hold: 2 messages'
ok 'other queues are not looked at' there incoming/FIFO1
is '-h ALL takes unfinished ones too' "$(super -h ALL incoming)" 'postsuper: Placed on hold: 1 message'
ok 'links and pipes go' gone incoming/FIFO1
ok 'in any pass' gone incoming/LINK1
is '-d ALL counts what was ready' "$(super -d ALL)" 'postsuper: Deleted: 2 messages'
is 'and leaves nothing' "$(find "$S" -type f)" ''

# Names that do not carry the inode.
: >"$S/incoming/AAAAAFFFFFF"; chmod 700 "$S/incoming/AAAAAFFFFFF"
mkdir -p "$S/defer/A"; : >"$S/defer/A/AAAAAFFFFFF"; : >"$S/trace/AAAAAFFFFFF"
: >"$S/hold/4jWkNw3G2Tz1c6Ls"; chmod 700 "$S/hold/4jWkNw3G2Tz1c6Ls"
mkdir -p "$S/deferred/0/1"; : >"$S/deferred/0/1/x.y"; spool_own "$T/a"
short=AAAAA$(printf %X "$(stat -c %i "$S/incoming/AAAAAFFFFFF")")
long=70421$(printf %X "$(stat -c %i "$S/hold/4jWkNw3G2Tz1c6Ls")")
out=$(super -s)
like 'the repair counts messages' "$out" 'Renamed to match inode number: [23] messages'
like 'and warns' "$out" 'warning: QUEUE FILE NAMES WERE CHANGED TO MATCH INODE NUMBERS'
like 'it names what it cannot repair' "$out" 'warning: bogus file name: deferred/0/1/x\.y'
ok 'a short name is right' there "incoming/$short"
ok 'its defer log follows' there "defer/A/$short"
ok 'its trace log too' there "trace/$short"
ok 'a long name became short' there "hold/$long"
is 'nothing interim is left' "$(find "$S" -name '*#FIX')" ''
is 'a second repair finds nothing' "$(super -s | grep -v -e bogus -e 'not empty')" ''
printf 'hash_queue_names = incoming\nhash_queue_depth = 2\n' >>"$T/a/etc/main.cf"
ok 'new hash settings' postsuper -s
ok 'move files' there "incoming/A/A/$short"
: >"$S/incoming/BAD01FFFFFF"; chmod 700 "$S/incoming/BAD01FFFFFF"; spool_own "$T/a"
out=$(super -s -d "$short")
like 'no ID is trusted after a repair' "$out" 'fatal: CHECK YOUR QUEUE IDS AND RE-ISSUE THE COMMAND'
ok 'so nothing is deleted' there "incoming/A/A/$short"
echo 'hash_queue_names = maildrop' >>"$T/a/etc/main.cf"
like 'maildrop cannot be hashed' "$(super -s)" 'fatal: maildrop queue must not be hashed'
sed -i '/maildrop/d' "$T/a/etc/main.cf"
c=$(make incoming/A/A/C0001 600); : >"$S/incoming/1.2"; chmod 600 "$S/incoming/1.2"
touch -d '8 days ago' "$S/incoming/A/A/$c" "$S/incoming/1.2"; d=$(make incoming/A/A/D0001 600)
touch -d '6 days ago' "$S/incoming/A/A/$d"
postsuper -p 2>/dev/null
ok '-p removes old unfinished files' gone "incoming/A/A/$c"
ok 'temporary ones too' gone incoming/1.2
ok 'not new ones' there "incoming/A/A/$d"
done_testing
