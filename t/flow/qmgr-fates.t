#!/bin/sh
# qmgr: what becomes of sound and of damaged queue files
#
# Every file of t/data/queue goes into incoming. Sound ones are delivered (to
# nowhere), damaged ones end in corrupt, an unfinished one stays untouched,
# and none of them stops the queue manager.
. "$(dirname "$0")/../lib.sh"

I=$T/i
instance_new "$I" 'default_transport = discard:gone' \
    'local_transport = discard:gone' 'transport_maps =' 'content_filter ='
must 'the instance starts' instance_start "$I"
corrupt='bad-attr bad-empty bad-garbage bad-length-bits bad-length-eof
bad-no-end bad-no-extra bad-no-sender bad-no-size bad-no-time bad-pointer-eof
bad-pointer-loop bad-pointer-text bad-size-flags bad-size-short bad-size-text
bad-size-zero bad-truncated bad-truncated-envelope bad-type bad-type-zero'
sound='local-simple smtp-simple smtp-multi long-lines body-8bitmime smtputf8
nul-body empty-body empty-sender resent-headers extracted-rcpt xforward
xclient-sasl qmqp bcc-maps no-original-rcpt long-queue-id milter-none
milter-headers milter-envelope milter-short-sender milter-body-shorter
milter-body-longer milter-everything deferred-partial old-size-1 old-size-3
old-size-4 old-size-5 old-time old-record-types old-client-attrs bad-two-senders
bad-rcpt-count new-unknown-attr new-sendopts v312-smtp-simple
v312-milter-headers v312-tls-required'

# put CASE QUEUE: copy its file there, with the mode of a finished one
put() {
	for file in "$PH_SRC/t/data/queue/$1"/*; do
		case ${file##*/} in
		*.*|REMOTE) continue ;;
		esac
		id=${file##*/}
		cp "$file" "$I/spool/.new"
		chown "$(instance_uid "$I"):$(instance_gid "$I")" "$I/spool/.new"
		chmod "${3:-700}" "$I/spool/.new"
		mv "$I/spool/.new" "$I/spool/$2/$id"
	done
}

settled() {
	[ -z "$(find "$I/spool/incoming" "$I/spool/active" "$I/spool/deferred" \
	    -type f -perm -700)" ]
}

# Two cases may have files of one name: one at a time.
for case in $corrupt; do
	put "$case" incoming
	as "$I" postkick public qmgr I
	ok "$case goes to corrupt" wait_for 5 test -e "$I/spool/corrupt/$id"
	rm -f "$I/spool/corrupt/$id"
done

for case in $sound; do
	put "$case" incoming
	as "$I" postkick public qmgr I
	ok "$case is delivered" wait_for 5 instance_logged "$I" \
	    "$id: removed"
done

# A file that cannot be opened is not lost in active: it is looked at again.
if [ "$(id -u)" = 0 ]; then
	put local-simple incoming
	chown root "$I/spool/incoming/$id"
	as "$I" postkick public qmgr I
	ok 'a file that cannot be opened is complained about' wait_for 5 instance_logged "$I" \
	    "warning: open active/.*$id: Permission denied"
	ok 'and goes back to incoming' wait_for 5 test -e "$I/spool/incoming/$id"
	ok 'it is not tried over and over' test "$(instance_log "$I" | grep -c "open active/.*$id: Permission denied")" -le 2
	chown "$(instance_uid "$I")" "$I/spool/incoming/$id"
	seen=$(instance_log "$I" | grep -c "$id: removed")
	as "$I" postkick public qmgr IA
	removed_again() { [ "$(instance_log "$I" | grep -c "$id: removed")" -gt "$seen" ]; }
	ok 'it is delivered when it can be' wait_for 5 removed_again
fi

put bad-not-ready incoming 600
put local-simple incoming
as "$I" postkick public qmgr I
ok 'mail behind an unfinished file is delivered' \
    wait_for 5 instance_logged "$I" "$id: removed"
put bad-not-ready incoming 600
ok 'an unfinished file stays where it is' test -e "$I/spool/incoming/$id"
rm -f "$I/spool/incoming/$id"

echo text >"$I/spool/incoming/not.an.id"
ln -s /etc/passwd "$I/spool/incoming/4F1A2B3C4D"
mkfifo -m 700 "$I/spool/incoming/4F1A2B3C4E"
put local-simple incoming
as "$I" postkick public qmgr I
ok 'names, links and pipes in incoming do no harm' \
    wait_for 5 settled
like 'a symbolic link is complained about' "$(instance_log "$I")" \
    'incoming/4F1A2B3C4D: uid [0-9]+: not a regular file'
like 'a redirected message went to one address' "$(
    put header-actions incoming
    as "$I" postkick public qmgr I
    wait_for 5 instance_logged "$I" "$id: removed"
    instance_log "$I" | grep -c "$id: to=")" '^1$'
ok 'the queue manager was never restarted' \
    sh -c "! grep -E 'postfix/qmgr.*: (fatal|panic):|process .*qmgr pid' '$I/log/mail.log'"
done_testing
