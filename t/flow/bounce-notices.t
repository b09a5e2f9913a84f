#!/bin/sh
# bounce: what senders and the postmaster are told
#
# Reports are mail for our own domain, which here waits in deferred, so that
# postcat can show each of them.
. "$(dirname "$0")/../lib.sh"

I=$T/i
instance_new "$I" 'local_transport = retry:4.0.0 kept for the test' \
    'transport_maps = inline:{ { bad.example = error:5.7.1 go away } { def.example = retry:4.1.1 not now } { disc.example = discard:gone } }' \
    'notify_classes = bounce, 2bounce, delay' 'delay_warning_time = 4h' \
    'bounce_size_limit = 2000' 'mail_name = Postfix'
must 'the instance starts' instance_start "$I"

send() {
	id=$(as "$I" queue-put -s ann@posthorn.example "$@")
	as "$I" postkick public qmgr I
}
# report WHAT: the newest report of that kind on $id, as text
report() {
	wait_for 10 instance_logged "$I" "$id: $1: " ||
	    { echo "no $1"; return; }
	new=$(instance_log "$I" | sed -n "s/.*$id: $1: //p" | tail -n 1)
	wait_for 10 show_new || { echo "$new is nowhere"; return; }
	cat "$T/report"
}
# It may move on between find and postcat: then once more.
show_new() { find_new && postcat "$file" >"$T/report"; }
find_new() {
	file=$(find "$I/spool/deferred" "$I/spool/active" "$I/spool/incoming" -name "$new")
	[ -n "$file" ]
}
like_all() {	# like_all 'sentence' "$text" regex ...
	sentence=$1 text=$2; shift 2
	for regex in "$@"; do
		printf '%s\n' "$text" | grep -Eq -e "$regex" || {
			like "$sentence" "$text" "$regex"
			return
		}
	done
	result 0 "$sentence"
}

send -r 'Aenvelope_id=env 1' a@bad.example b@disc.example
text=$(report 'sender non-delivery notification')
like_all 'a failure is reported to the sender' "$text" \
    '^sender: $' '^recipient: ann@posthorn.example' \
    '^From: Mail Delivery System <MAILER-DAEMON@posthorn.example>' \
    '^Subject: Undelivered Mail Returned to Sender' \
    '^To: ann@posthorn.example' '^Auto-Submitted: auto-replied' \
    'multipart/report; report-type=delivery-status;' \
    "boundary=\"$id\\.[0-9]+/posthorn.example\"" \
    '^<a@bad.example>: go away'
like_all 'with a delivery report for programs' "$text" \
    '^Content-Type: message/delivery-status' \
    '^Reporting-MTA: dns; posthorn.example' '^Original-Envelope-Id: env 1' \
    "^X-Postfix-Queue-ID: $id" \
    '^X-Postfix-Sender: rfc822; ann@posthorn.example' '^Arrival-Date: ' \
    '^Final-Recipient: rfc822; a@bad.example' \
    '^Original-Recipient: rfc822;a@bad.example' '^Action: failed' \
    '^Status: 5\.7\.1' '^Diagnostic-Code: X-Postfix; go away'
like_all 'and the message itself' "$text" \
    '^Content-Description: Undelivered Message$' \
    '^Content-Type: message/rfc822' '^Return-Path: <ann@posthorn.example>' \
    '^Subject: a test' '^abcdefghij'
ok 'it does not speak of who got it' sh -c \
    '! printf "%s\n" "$1" | grep -q b@disc.example' - "$text"
like_all 'the postmaster gets a copy' \
    "$(report 'postmaster non-delivery notification')" \
    '^sender: double-bounce@posthorn.example' \
    '^recipient: postmaster@posthorn.example' \
    '^Subject: Postmaster Copy: Undelivered Mail' \
    '^Auto-Submitted: auto-generated' \
    '^Content-Type: text/rfc822-headers'
ok 'the log is gone' test ! -e "$I/spool/bounce/$id"

send -b 3000 a@bad.example
like 'a large message is returned as headers' \
    "$(report 'sender non-delivery notification')" \
    '^Content-Description: Undelivered Message Headers'
send -r 'Aret_flags=2' a@bad.example
like 'so is one with RET=HDRS' \
    "$(report 'sender non-delivery notification')" \
    '^Content-Description: Undelivered Message Headers'

send -r 'Anotify_flags=1' a@bad.example
ok 'NOTIFY=NEVER is quiet' wait_for 10 instance_logged "$I" "$id: removed"
ok 'the sender gets no report' sh -c "! grep '$id: sender .*notification' '$I/log/mail.log'"

send -w -1 a@def.example
text=$(report 'sender delay notification')
like_all 'a delay is reported' "$text" \
    '^Subject: Delayed Mail \(still being retried\)' 'more than 4 hours' \
    '^Action: delayed' '^Status: 4\.1\.1' '^Will-Retry-Until: ' \
    '^Content-Description: Undelivered Message Headers'
like 'the postmaster is warned' "$(report 'postmaster delay notification')" \
    '^Subject: Postmaster Warning: Delayed Mail'

# Success: the size record's flag for NOTIFY=SUCCESS, or sendmail -v.
send -r 'Atrace_flags=1024' b@disc.example
like_all 'sendmail -v is answered' \
    "$(report 'sender delivery status notification')" \
    '^Subject: Mail Delivery Status Report' '^<b@disc.example>: gone' \
    '^Action: delivered' '^Status: 2\.0\.0' \
    '^Content-Description: Message Headers'
ok 'the trace log is gone' test ! -e "$I/spool/trace/$id"
send -r 'Atrace_flags=512' b@disc.example a@bad.example
like_all 'sendmail -bv tells what would happen' \
    "$(report 'sender delivery status notification')" \
    '^Action: deliverable' '^Action: undeliverable' '^Status: 5\.7\.1'
like 'in the log as well' "$(instance_log "$I")" \
    "$id: to=<a@bad.example>.*status=undeliverable \(go away\)"
ok 'and nobody is bounced' sh -c "! grep '$id: sender non' '$I/log/mail.log'"

send -r 'V+=' a@bad.example c@bad.example
wait_for 10 instance_logged "$I" "$id: removed"
is 'VERP: one report a recipient' "$(instance_log "$I" |
    grep -c "$id: sender non-delivery notification")" 2
like 'to an address that names it' "$(instance_log "$I")" \
    'to=<ann\+c=bad.example@posthorn.example>'

id=$(as "$I" queue-put -s '' a@bad.example)
as "$I" postkick public qmgr I
like_all 'a bounced bounce goes to the postmaster, whole' \
    "$(report 'postmaster non-delivery notification')" \
    '^X-Postfix-Sender: rfc822; MAILER-DAEMON@posthorn.example' \
    '^Content-Type: message/rfc822'
id=$(as "$I" queue-put -s double-bounce@posthorn.example a@bad.example)
as "$I" postkick public qmgr I
ok 'a bounced postmaster notice is the end' wait_for 10 \
    instance_logged "$I" "$id: undeliverable postmaster notification discarded"
ok 'and leaves nothing' wait_for 10 instance_logged "$I" "$id: removed"

is 'no fatal errors' "$(instance_log "$I" | grep -c 'postfix/bounce.*fatal')" 0
# A bounce log that cannot be read now is not one that has nothing to tell.
id=$(as "$I" queue-put -s ann@posthorn.example gone@disc.example)
printf '\nrecipient=lost@bad.example\nstatus=5.7.1\naction=failed\nreason=go away\n\n' >"$I/spool/bounce/$id"
chown "$(instance_uid "$I")" "$I/spool/bounce/$id"
chmod 0 "$I/spool/bounce/$id"
as "$I" postkick public qmgr I
ok 'a bounce log that cannot be opened is named' wait_for 10 instance_logged "$I" "warning: open bounce/$id: "
ok 'and its message stays' wait_for 10 sh -c '[ -n "$(find "$1/deferred" -name "$2")" ]' sh "$I/spool" "$id"
chmod 600 "$I/spool/bounce/$id"
as "$I" postqueue -i "$id"
like 'until the sender could be told' "$(report 'sender non-delivery notification')" '<lost@bad.example>: go away'
ok 'then it goes' wait_for 10 instance_logged "$I" "$id: removed"
done_testing
