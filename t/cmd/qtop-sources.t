#!/bin/sh
# qtop: where messages come from; --batch
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/spool.sh"
. "$(dirname "$0")/term.sh"

spool_new "$T/a" 'hash_queue_depth = 1'
"$PH_SRC/t/fill-queue.pl" "$T/a/spool" 200 9 || exit 1
spool_own "$T/a"
spool_message() {	# spool_message FILE SENDER
	perl -e 'sub r { $_[0] . chr(length $_[1]) . $_[1] }
	    print r("T", time . " 0") . r("S", $ARGV[0]) . r("R", "r\@rcpt.example") . r("M", "") . r("N", "text") .
	        r("X", "") . r("E", "")' "$2" >"$1.new"
	chmod 700 "$1.new"
	[ "$(id -u)" != 0 ] || chown "$spool_owner" "$1.new"
	cat "$1.new" >"$1"; chmod 700 "$1"
	[ "$(id -u)" != 0 ] || chown "$spool_owner" "$1"
	rm "$1.new"
}
export HOME="$T/home" LC_ALL=C.UTF-8
throttled=$(postqueue --select 'class = throttle' --format ids | wc -l)

# --batch
qtop --batch --size 120x30 >"$T/screen"
is 'a screen has its lines' "$(wc -l <"$T/screen")" 30
like 'and what is in the queue' "$(tail -n 2 "$T/screen" | head -n 1)" ' 200 of 200$'
like 'a selection' "$(qtop --batch --select 'class = throttle')" " $throttled of 200"
like 'a screen by name' "$(qtop --batch --screen domains)" '^ dom1.example '
like 'an order' "$(qtop --batch --sort=-size --size 120x12 | sed -n 3p)" 'Size-'
mkdir "$T/ro"
if [ "$(id -u)" = 0 ] && mount --bind "$T/a/spool" "$T/ro" 2>/dev/null && mount -o remount,bind,ro "$T/ro" 2>/dev/null; then
	mkdir "$T/roconf"; sed "s,^queue_directory.*,queue_directory = $T/ro," "$T/a/etc/main.cf" >"$T/roconf/main.cf"
	like 'a file system that cannot be written to' "$(MAIL_CONFIG=$T/roconf qtop --batch --size 160x10 | head -n 1)" 'live .*read-only: its file system is$'
	umount "$T/ro"
fi
rmdir "$T/ro"
is 'several times' "$(qtop --batch -n 2 --refresh 1 --size 80x10 | wc -l)" 20
like 'times are told' "$(qtop --batch --times 2>&1 >/dev/null)" '^complete-s [0-9.]+'
refused() { want=$1; shift; qtop "$@" >"$T/out" 2>"$T/err2"; rc=$?; cat "$T/err2"; [ $rc = 64 ] && grep -qF -e "$want" "$T/err2"; }
ok 'a wrong selection is refused' refused 'did you mean "sender"' --batch --select 'sendr = x'
ok 'an unknown screen' refused 'nonsense is none of' --batch --screen nonsense
ok 'an unknown column' refused 'no such column' --batch --sort nonsense
ok 'an unknown theme' refused "no theme 'nonsense'" --batch --theme nonsense
ok '-n without --batch' refused 'go with --batch' -n 2
ok 'a size that is none' refused 'COLUMNSxLINES' --batch --size 80
ok 'an argument' fails_with 64 qtop --batch something
ok '--help' qtop --help

mkdir -p "$T/home/.config/posthorn"
echo 'columns = id, subject' >"$T/home/.config/posthorn/qtop"
like 'subjects' "$(qtop --batch | sed -n 4p)" '^ [0-9A-F]+ +message '
rm "$T/home/.config/posthorn/qtop"

# A snapshot, also from standard input, also a plain -j listing.
postqueue --format jsonl >"$T/snap"
like 'a snapshot' "$(qtop --batch --from "$T/snap" --size 120x10)" ' 200 of 200$'
like 'says so' "$(qtop --batch --from "$T/snap" --size 160x10 | head -n 1)" 'snapshot .*snap.* read-only: a snapshot'
like 'selections mean the same' "$(qtop --batch --from "$T/snap" --select 'class = throttle')" " $throttled of 200"
like 'from standard input' "$(qtop --batch --from - <"$T/snap")" ' 200 of 200'
like 'without any configuration' "$(MAIL_CONFIG=/nonexistent qtop --batch --from "$T/snap")" ' 200 of 200'
ok 'a file that is not there' fails_with 1 qtop --batch --from "$T/nothing"
printf 'nonsense\n' >"$T/bad"
qtop --batch --from "$T/bad" >"$T/out" 2>"$T/err2"
is 'lines that are none: status' $? 69
like 'are named' "$(cat "$T/err2")" 'bad:1'
(head -n 3 "$T/snap"; echo '{"v": 1,') >"$T/half"
like 'half a snapshot is better than none' "$(qtop --batch --from "$T/half" 2>/dev/null)" ' 3 of 3  1 unreadable'
term_open 80 24 sh -c "cat $T/snap | qtop --from -"
shows 'keys work with messages on standard input' ' 200 of 200'
term_keys q
shows 'to the end' '^exit 0'

# Between two looks the system tells what has changed.
term_open 80 24 qtop --refresh 3600
shows 'the queue' ' 200 of 200'
shows 'it will be looked at in an hour' 'live 3600s'
spool_message "$T/a/spool/hold/BBBB0001" new@s.test
shows 'but what comes is seen at once' 'new@s.test'
shows 'and counted' ' 201 of 201'
spool_message "$T/a/spool/hold/BBBB0001" other@s.test
shows 'so is what changes in place' 'other@s.test'
rm "$T/a/spool/hold/BBBB0001"
shows 'and what goes' ' 200 of 200'
# Still being written.
: >"$T/a/spool/incoming/BBBB0002"
chmod 600 "$T/a/spool/incoming/BBBB0002"
shows 'a file without its message' ' I .* arriving'
term_keys Home d
shows 'is nobody else'"'"'s business' 'still being written: nothing can be done'
rm "$T/a/spool/incoming/BBBB0002"
term_close

# Several instances: one at a time.
spool_new "$T/b" 'myhostname = second.example'
echo "multi_instance_directories = $T/b/etc" >>"$T/a/etc/main.cf"
MAIL_CONFIG=$T/a/etc
term_open 110 24 qtop --screen overview
shows 'the first instance' '^ test.example '
term_keys o
shows 'the others are offered' "$T/b/etc"
term_keys Down Enter
shows 'the chosen one is shown' '^ second.example .*deferred 0'
shows 'as it was called' '\[1 Overview\]'
term_keys q
shows 'to its end' '^exit 0'

# A copied queue, without the system it belongs to.
cp -a "$T/a/spool" "$T/copy"
like 'a copied queue' "$(cd / && MAIL_CONFIG=/nonexistent qtop --batch --queue-dir "$T/copy" --size 140x10)" ' 200 of 200'
ok 'a directory that is no queue' refused 'no queue directory' --batch --queue-dir "$T/home"

# The queue goes away while it is looked at.
term_open 100 24 qtop --queue-dir "$T/copy" --refresh 1
shows 'the copy' ' 200 of 200'
mv "$T/copy" "$T/moved"
rm -rf "$T/moved/deferred"
mkdir "$T/empty"
for q in maildrop incoming active hold corrupt; do mv "$T/moved/$q" "$T/empty/"; done
shows 'what was known stays, and why' 'no queue can be opened'
shows 'all of it' ' 200 of 200'
term_keys q
shows 'and q still ends it' '^exit 0'

# By the service.
instance_new "$T/i"
owner=$(stat -c %U "$T/i/spool/active")
"$PH_SRC/t/fill-queue.pl" "$T/i/spool" 50 4
find "$T/i/spool/active" "$T/i/spool/incoming" -type f -exec mv {} "$T/i/spool/hold/" \;
mkdir -p "$T/i/spool/defer"
chown -R "$owner" "$T/i/spool/hold" "$T/i/spool/deferred" "$T/i/spool/defer"
if [ "$(id -u)" = 0 ]; then
	chmod 755 "$T" "$T/i" "$T/i/etc" "$T/i/spool"
	chmod 777 "$T/home"
	MAIL_CONFIG=$T/i/etc
	chmod -R o+rX "$PH_BIN" 2>/dev/null
	instance_start "$T/i"
	as_other() { setpriv --reuid 65533 --regid 65533 --clear-groups -- "$@"; }
	mkdir -m 755 "$T/pub"
	cp "$PH_BIN/qtop" "$T/pub/qtop"
	# The service's directory is for the group of the set-gid postqueue only.
	gid=$(stat -c %g "$T/i/spool/public")
	as_member() { setpriv --reuid 65533 --regid 65533 --groups "$gid" -- "$@"; }
	if as_member "$T/pub/qtop" --batch --size 160x12 >"$T/told" 2>&1; then
		like 'who has no rights is told by the service' "$(cat "$T/told")" 'showq .*read-only: no rights to the queue'
		like 'all messages' "$(cat "$T/told")" ' 50 of 50'
		like 'but not when they are tried next' "$(sed -n 4p "$T/told")" ' \? '
		like 'what cannot be judged is counted' \
		    "$(as_member "$T/pub/qtop" --batch --size 120x12 --select 'sasl = newsletter')" '50 not judged'
	else
		like 'without rights it says what it would need' "$(cat "$T/told")" 'Permission denied'
	fi
	# A stand-in for the set-gid command: rights cannot be given to one here.
	postqueue -j >"$T/pub/listing"
	printf '#!/bin/sh\n[ "$3" = -j ] && exec cat "%s"\n' "$T/pub/listing" >"$T/pub/postqueue"
	chmod 755 "$T/pub/postqueue"
	cf_set "$T/i/etc/main.cf" "command_directory = $T/pub"
	like 'who may not ask the service is told by postqueue' "$(as_other "$T/pub/qtop" --batch --size 120x12 2>&1)" ' 50 of 50'
	printf '#!/bin/sh\nhead -n 3 "%s"; echo "it broke" >&2; exit 1\n' "$T/pub/listing" >"$T/pub/postqueue"
	as_other "$T/pub/qtop" --batch --size 120x12 >"$T/told" 2>&1
	is 'a postqueue that fails: status' $? 69
	like 'is said' "$(cat "$T/told")" 'postqueue failed'
	# A service that breaks off in the middle, now and again.
	mv "$T/i/spool/public/showq" "$T/i/spool/public/real"
	perl -MIO::Socket::UNIX -e '
		my $l = IO::Socket::UNIX->new(Listen => 5, Local => "$ARGV[0]/showq") or die $!;
		chmod 0666, "$ARGV[0]/showq"; my $n = 0;
		while (my $c = $l->accept) {
			my $s = IO::Socket::UNIX->new("$ARGV[0]/real") or die $!;
			my ($all, $piece) = ("");
			$all .= $piece while sysread($s, $piece, 65536);
			$all = substr($all, 0, length($all) / 2) if $n++ % 2 == 1;
			print $c $all; close $c;
		}' "$T/i/spool/public" &
	broken=$!
	wait_for 10 test -S "$T/i/spool/public/showq"
	term_open 110 24 setpriv --reuid 65533 --regid 65533 --groups "$gid" -- env HOME=/nonexistent "$T/pub/qtop" --refresh 1
	shows 'a service that answers' ' 50 of 50'
	term_keys 1
	shows 'and does not tell what is due' '^ deferred +[0-9]+ +[0-9]+ +[0-9.KM]+ +[0-9dhms]+ +\?'
	term_keys 3
	shows 'nor of groups' '^ dom[0-9]+.example .* \? '
	term_keys F9
	shows 'nothing can be done, so nothing is offered' 'read-only: no rights to the queue'
	term_keys 2
	shows 'and breaks off' 'malformed showq server response|lost|Broken|reset'
	shows 'leaves what was known' ' 50 of 50'
	shows_not 'and may answer again' 'malformed'
	term_keys j Enter q q
	shows 'nothing of that ends qtop' '^exit 0'
	kill $broken
	rm "$T/i/spool/public/showq"
	mv "$T/i/spool/public/real" "$T/i/spool/public/showq"
	instance_stop "$T/i"
	refused() { ! perl -MIO::Socket::UNIX -e 'exit !IO::Socket::UNIX->new(shift)' "$T/i/spool/public/showq"; }
	wait_for 10 refused	# no process of before holds the socket
	as_member "$T/pub/qtop" --batch >"$T/told" 2>&1
	is 'a service that is down: status' $? 69
	like 'is said' "$(cat "$T/told")" 'Connect to the .* showq service|Permission'
fi

done_testing
