#!/bin/sh
# pickup, cleanup: a submission becomes a queue file; what does not, leaves no trace
. "$(dirname "$0")/../lib.sh"
I=$T/i
instance_new "$I" 'myhostname = mx.example' 'mydomain = example' \
    'myorigin = mx.example' 'mydestination = mx.example' \
    'message_size_limit = 20000' \
    "header_checks = regexp:$I/etc/header_checks" \
    'virtual_alias_maps = inline:{{team@mx.example=ann, bob@y.example}}'
echo '/^Subject: go away/ REJECT 5.7.9 not here' >"$I/etc/header_checks"
# Without a queue manager the files stay where cleanup left them.
sed -i '/^qmgr/d' "$I/etc/master.cf"
must 'the instance starts' instance_start "$I"

queued() { find "$I/spool/incoming" -type f -perm 0700; }
queued_are() { [ "$(queued | wc -l)" = "$1" ]; }
maildrop_is_empty() { [ -z "$(find "$I/spool/maildrop" -type f)" ]; }
clear_queue() { queued | while read -r f; do rm "$f"; done; }

printf 'Subject: hello\nTo: Ann <ann>, team\n\nbody line\n' |
    as "$I" sendmail -f sender -F 'Full Name' team x@y.example
ok 'a submission is picked up' wait_for 10 queued_are 1
f=$(queued); id=$(basename "$f")
ok 'and leaves maildrop' wait_for 10 maildrop_is_empty
text=$(as "$I" postcat "$f")
like 'the sender was completed' "$text" '^sender: sender@mx\.example$'
like 'an alias was expanded' "$text" '^recipient: ann@mx\.example$'
like 'to all of its addresses' "$text" '^recipient: bob@y\.example$'
like 'the original recipient stands by' "$text" '^original_recipient: team$'
like 'a Received: header says how it came' "$text" \
    "^Received: by mx\\.example \\(.*, from userid $(id -u)\\)\$"
like 'with the new ID' "$text" "^	id $id; "
like 'header addresses are complete' "$text" \
    '^To: Ann <ann@mx\.example>, team@mx\.example$'
like 'a From: header was made' "$text" \
    '^From: Full Name <sender@mx\.example>$'
like 'a Message-Id: header was made' "$text" \
    "^Message-Id: <[0-9]{14}\\.$id@mx\\.example>\$"
like 'a Date: header was made' "$text" '^Date: [A-Z][a-z][a-z], '
like 'pickup names the user' "$(instance_log "$I")" \
    "pickup\\[[0-9]+\\]: $id: uid=$(id -u) from=<sender>\$"
like 'and the message ID is logged' "$(instance_log "$I")" \
    "$id: message-id=<[0-9]{14}\\.$id@mx\\.example>\$"
clear_queue

printf 'To: a@b.example\nBcc: secret@c.example\nSubject: x\n\nbody\n' |
    as "$I" sendmail -t
ok 'recipients come from headers' wait_for 10 queued_are 1
text=$(as "$I" postcat "$(queued)")
like 'Bcc: is a recipient' "$text" '^recipient: secret@c\.example$'
is 'and is nowhere else' "$(printf '%s\n' "$text" | grep -c '^Bcc:')" 0
clear_queue

printf 'X-Mark: 1\nSubject: go away\n\nbody\n' | as "$I" sendmail -f sender x@y.example
ok 'what header checks refuse is not queued' wait_for 10 instance_logged "$I" \
    'reject: header Subject: go away from local; from=<sender@mx.example> to=<x@y.example>: 5\.7\.9 not here$'
ok 'the recipient is logged as bounced' wait_for 10 instance_logged "$I" \
    'to=<x@y\.example>, relay=none, .*dsn=5\.7\.9, status=bounced \(not here\)$'
ok 'a bounce is queued instead' wait_for 10 queued_are 1
text=$(as "$I" postcat "$(queued)")
like 'from nobody' "$text" '^sender: $'
like 'with the header of what was not taken' "$text" '^X-Mark: 1'
ok 'and nothing stays in maildrop' wait_for 10 maildrop_is_empty
ok 'no unfinished file is left' test -z \
    "$(find "$I/spool/incoming" -type f ! -perm 0700)"
clear_queue

# Files that nobody can make sense of go away, with a word in the log.
for case in bad-maildrop-type bad-maildrop-truncated bad-maildrop-no-sender \
    bad-maildrop-no-rcpt; do
	golden=$PH_SRC/t/data/queue/$case
	[ -d "$golden" ] || continue
	f=$(find "$golden" -type f -name '[0-9A-F]*' ! -name '*.*' | head -1)
	install -m 744 "$f" "$I/spool/maildrop/$(basename "$f")"
	as "$I" postkick public pickup W
	ok "$case: the file is removed" wait_for 10 maildrop_is_empty
done
like 'a bad record is reported' "$(instance_log "$I")" \
    'warning: uid=[0-9]+: unexpected or malformed record type -?[0-9]+$'
is 'and nothing was queued' "$(queued)" ''

# What cannot be read now was promised to somebody: it stays until it can.
if [ "$(id -u)" = 0 ]; then
	f=$(find "$PH_SRC/t/data/queue/maildrop-simple" -type f -name '[0-9A-F]*' ! -name '*.*')
	install -m 700 -o root "$f" "$I/spool/maildrop/$(basename "$f")"
	as "$I" postkick public pickup W
	ok 'a submission that cannot be opened is complained about' \
	    wait_for 10 instance_logged "$I" 'warning: open submission: .*Permission denied'
	ok 'and stays' test -e "$I/spool/maildrop/$(basename "$f")"
	chmod 744 "$I/spool/maildrop/$(basename "$f")"
	as "$I" postkick public pickup W
	ok 'until it can be' wait_for 10 queued_are 1
	clear_queue
fi

# A process that is to end after this trigger has accepted another one, whose
# bytes are late: it is the only one who can serve it.
instance_stop "$I"
sed -i '/^pickup/s/$/ -o max_use=1/' "$I/etc/master.cf"
cat >"$T/late.pl" <<'PERL'
use IO::Socket::UNIX; use IO::Select;
$SIG{PIPE} = "IGNORE";
my ($late, $quick) = map { IO::Socket::UNIX->new($ARGV[0]) or die } 1 .. 2;
syswrite($quick, "W\0");
sysread($quick, my $eof, 1);
exit 1 if IO::Select->new($late)->can_read(1);	# closed: it went without us
exit(syswrite($late, "W\0") != 2);
PERL
instance_start "$I"
ok 'a late trigger is waited for' perl "$T/late.pl" "$I/spool/public/pickup"
done_testing
