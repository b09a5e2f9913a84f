#!/bin/sh
# cleanup: the service for programs that speak its protocol
. "$(dirname "$0")/../lib.sh"
I=$T/i
instance_new "$I" 'myhostname = mx.example' 'myorigin = mx.example' \
    'mydestination = mx.example' \
    "header_checks = regexp:$I/etc/header_checks"
printf '%s\n' '/^X-Reject:/ REJECT 5.7.9 no' '/^X-Hold:/ HOLD' \
    >"$I/etc/header_checks"
sed -i '/^qmgr/d' "$I/etc/master.cf"
must 'the instance starts' instance_start "$I"

ask() { perl "$PH_SRC/t/ask-cleanup.pl" "$I/spool/public/cleanup" "$1" >"$T/out" 2>&1; }
id() { sed -n 's/^queue_id=//p' "$T/out"; }
head_of() {
	printf '%s\n' 'T 1795246642 602049' 'S ann' 'R bob' 'R c@d.example' 'M' \
	    'N Received: by test' "$@"
}
head_of 'N To: bob' 'N' 'N body' X E | ask 114
like 'a message is taken' "$(cat "$T/out")" '^status=0$'
text=$(as "$I" postcat -q "$(id)")
like 'recipients are complete' "$text" '^recipient: bob@mx\.example$'
like 'so are headers' "$text" '^To: bob@mx\.example$'
is 'the file is ready' "$(stat -c %a "$I/spool/incoming/$(id)")" 700

head_of 'N X-Hold: x' 'N' X E | ask 114
ok 'a held message is in hold' test -f "$I/spool/hold/$(id)"
head_of 'N X-Reject: x' 'N' X E | ask 114
is 'a refused one is not taken' "$(sed 1d "$T/out")" "status=8
reason=5.7.9 no"
ok 'and leaves no file' test ! -e "$I/spool/incoming/$(id)"
head_of 'N X-Reject: x' 'N' X E | ask 32
like 'without the flag there are no checks' "$(cat "$T/out")" '^status=0$'
head_of quit | ask 114
gone() { [ ! -e "$I/spool/incoming/$(id)" ]; }
ok 'a client that hangs up leaves no file' wait_for 5 gone
ok 'which is logged' wait_for 5 instance_logged "$I" "$(id): canceled"
printf '%s\n' 'T 1 2' 'S a@b' 'Z bad' 'R c@d' 'M' 'X' 'E' | ask 114
like 'a bad record is a protocol error, told at the end' "$(cat "$T/out")" \
    '^status=1$'
perl -e 'use IO::Socket::UNIX; my $s = IO::Socket::UNIX->new(Peer => shift);
    print $s "flags\0" . "114\0\0" . "T\xff\xff\xff\xff\xff\xff"; sysread $s, my $b, 100; ' \
    "$I/spool/public/cleanup"
head_of 'N' 'N body' X E | ask 114
like 'a garbled length ends one connection only' "$(cat "$T/out")" '^status=0$'
is 'no unfinished file is left' \
    "$(find "$I/spool/incoming" -type f ! -perm 0700)" ''

# A file that postsuper -r put back: it keeps its history and loses what is done.
find "$I/spool/incoming" -type f -exec rm {} +
head_of 'N Subject: again' 'N' 'N body' X E | ask 114
old=$(id)
file=$I/spool/incoming/$old
# The first recipient was delivered: its R became a D.
perl -e 'open my $f, "+<", shift or die; local $/; my $t = <$f>;
    my $at = index $t, "R\x0ebob\@mx.example"; die if $at < 0;
    seek $f, $at, 0; print $f "D"' "$file"
as "$I" postsuper -r "$old" >/dev/null 2>&1
as "$I" postkick public pickup W
requeued() { f=$(find "$I/spool/incoming" -type f -perm 0700) && [ -n "$f" ] && [ ! -e "$I/spool/maildrop/$old" ]; }
ok 'a requeued message is picked up' wait_for 10 requeued
text=$(as "$I" postcat "$f")
is 'only the recipient that was left is there' \
    "$(printf '%s\n' "$text" | sed -n 's/^recipient: //p')" c@d.example
like 'with another Received: header' "$text" '^Received: by mx\.example .*from userid'
ok 'the log names the old ID' instance_logged "$I" "orig_id=$old\$"
done_testing
