#!/bin/sh
# verify: addresses are tried out, remembered, and refused when nobody is there
. "$(dirname "$0")/../lib.sh"

I=$T/i
if [ "$(id -u)" = 0 ]; then user=nobody; else user=$(id -un); fi
inst() { instance_new "$I" 'myhostname = here.example' 'mydomain = here.example' 'myorigin = here.example' \
    'mydestination = here.example' 'local_transport = discard:kept' 'local_recipient_maps =' \
    'relay_domains = static:all' 'mynetworks = 127.0.0.0/8' "relay_transport = smtp:[127.0.0.1]:$sink" \
    'transport_maps = inline:{ {err.example=error:5.7.7 closed} {disc.example=discard:} {pipe.example=cat:} {none.example=nosuch:} }' \
    'virtual_alias_maps = inline:{ {one@here.example=ok-alias@x.example} {two@here.example=ok-a@x.example, no-b@x.example} }' \
    'smtpd_relay_restrictions = reject_unauth_destination' 'address_verify_poll_delay = 1s' \
    'unverified_recipient_reject_code = 550' 'unverified_sender_reject_code = 551' \
    "address_verify_map = lmdb:$I/data/known" "$@"; }
sink=$(free_port)
must 'an instance is made' inst
perl "$PH_SRC/t/rcpt-sink.pl" "$sink" "$T/sink" &
cat >>"$I/etc/master.cf" <<EOF
cat unix - n n - - pipe user=$user argv=/bin/cat
EOF
# smtpd OPTION...: another server, with these; its port is $port
smtpd() {
	port=$(free_port)
	echo "127.0.0.1:$port inet n - n - - smtpd -o address_verify_poll_count=1" >>"$I/etc/master.cf"
	for option; do echo "  -o { $option }" >>"$I/etc/master.cf"; done
}
smtpd 'smtpd_recipient_restrictions = reject_unverified_recipient'; rcpt=$port
smtpd 'smtpd_recipient_restrictions = reject_unverified_recipient' 'unverified_recipient_reject_reason = ask us' \
    'unverified_recipient_defer_code = 451' 'address_verify_poll_count = 5'; reason=$port
smtpd 'smtpd_recipient_restrictions = reject_unverified_recipient, reject'; later=$port
smtpd 'smtpd_recipient_restrictions = reject_unverified_recipient, reject' 'unverified_recipient_tempfail_action = Defer'; now=$port
smtpd 'unverified_sender_tempfail_action = perhaps'; odd=$port
smtpd 'smtpd_sender_restrictions = reject_unverified_sender' 'unverified_sender_defer_code = 452'; from=$port
must 'it starts' instance_start "$I"

ask() { perl "$PH_SRC/t/ask-attrs.pl" "$I/spool/private/verify" "$@"; }
query() { ask request=query address="$1" | sed -n 's/^status=0 | recipient_status=//p'; }
ended() { query "$1" | grep -qv '^3'; }
learns() {	# learns ADDRESS 'STATUS | reason=TEXT'
	wait_for 10 ended "$1"
	is "$1" "$(query "$1")" "$2"
}
# talk PORT LINE...: the replies behind that to EHLO
talk() {
	to=$1; shift
	printf '%s\n' 'EHLO c.example' "$@" QUIT | perl "$PH_SRC/t/talk.pl" "$to" | sed -n 's/^S: //p' | sed '/^250[ -][a-z0-9.]*\.example/d; /^250-/d; /^250 [A-Z0-9]*$/d; 1d; $d'
}
said="host 127.0.0.1[127.0.0.1] said:"

is 'a new address is not known at once' "$(query ok-1@x.example)" '3 | reason=Address verification in progress'
learns ok-1@x.example '0 | reason=250 2.0.0 Ok'
learns no-1@x.example "2 | reason=$said 550 5.1.1 no such user (in reply to RCPT TO command)"
learns later-1@x.example "1 | reason=$said 450 4.2.1 not now (in reply to RCPT TO command)"
learns 'no body@x.example' "2 | reason=$said 550 5.1.1 no such user (in reply to RCPT TO command)"
learns a@here.example '0 | reason=kept'
learns a@err.example '2 | reason=closed'
learns a@disc.example '0 | reason=disc.example'
learns a@pipe.example '0 | reason=delivers to command: /bin/cat'
learns a@none.example '1 | reason=mail transport unavailable'
learns one@here.example '0 | reason=250 2.0.0 Ok'
learns ok-alias@x.example '0 | reason=250 2.0.0 Ok'
learns two@here.example '0 | reason=aliased to multiple recipients'
learns double-bounce@here.example '0 | reason=undeliverable postmaster notification discarded'
is 'the other server never gets a message' "$(sed 's/ SIZE=.*//' "$T/sink" | sort -u | grep -v EHLO)" 'MAIL FROM:<double-bounce@here.example>
QUIT
RCPT TO:<"no body"@x.example>
RCPT TO:<later-1@x.example>
RCPT TO:<no-1@x.example>
RCPT TO:<ok-1@x.example>
RCPT TO:<ok-alias@x.example>
RSET'
is 'nothing stays in the queue' "$(as "$I" mailq)" 'Mail queue is empty'
ends() { ok "$1: $2" instance_logged "$I" "\\]: [0-9A-F]*: to=<$1>, .*relay=.*$2"; }
ends ok-1@x.example 'dsn=2.0.0, status=deliverable \(250 2.0.0 Ok\)'
ends no-1@x.example 'dsn=5.1.1, status=undeliverable \(host .* said: 550 5.1.1 no such user'
ends later-1@x.example 'dsn=4.2.1, status=undeliverable \(host '
ends two@here.example 'dsn=2.0.0, status=deliverable \(aliased to multiple recipients\)'

is 'recipients are refused as servers said' "$(talk "$rcpt" 'MAIL FROM:<>' 'RCPT TO:<ok-1@x.example>' 'RCPT TO:<no-1@x.example>' 'RCPT TO:<later-1@x.example>' 'RCPT TO:<slow@x.example>')" "250 2.1.0 Ok
250 2.1.5 Ok
550 5.1.1 <no-1@x.example>: Recipient address rejected: undeliverable address: $said 550 5.1.1 no such user (in reply to RCPT TO command)
450 4.1.1 <later-1@x.example>: Recipient address rejected: unverified address: $said 450 4.2.1 not now (in reply to RCPT TO command)
450 4.1.1 <slow@x.example>: Recipient address rejected: unverified address: Address verification in progress"
is 'or in words and with codes of our own' "$(talk "$reason" 'MAIL FROM:<>' 'RCPT TO:<no-1@x.example>' 'RCPT TO:<later-1@x.example>')" '250 2.1.0 Ok
550 5.1.1 <no-1@x.example>: Recipient address rejected: undeliverable address: ask us
451 4.1.1 <later-1@x.example>: Recipient address rejected: unverified address: ask us'
is 'a server that waits learns of a new address' "$(talk "$reason" 'MAIL FROM:<>' 'RCPT TO:<ok-2@x.example>' 'RCPT TO:<no-2@x.example>')" '250 2.1.0 Ok
250 2.1.5 Ok
550 5.1.1 <no-2@x.example>: Recipient address rejected: undeliverable address: ask us'
is 'a later no is stronger than a doubt' "$(talk "$later" 'MAIL FROM:<>' 'RCPT TO:<later-1@x.example>')" '250 2.1.0 Ok
554 5.7.1 <later-1@x.example>: Recipient address rejected: Access denied'
like 'unless doubts decide' "$(talk "$now" 'MAIL FROM:<>' 'RCPT TO:<later-1@x.example>')" '^450 4.1.1 <later-1'
is 'senders are refused, too, but not the null sender' "$(talk "$from" 'MAIL FROM:<no-1@x.example>' 'RCPT TO:<a@here.example>' RSET 'MAIL FROM:<later-1@x.example>' 'RCPT TO:<a@here.example>' RSET 'MAIL FROM:<>' 'RCPT TO:<a@here.example>')" "250 2.1.0 Ok
551 5.1.7 <no-1@x.example>: Sender address rejected: undeliverable address: $said 550 5.1.1 no such user (in reply to RCPT TO command)
250 2.0.0 Ok
250 2.1.0 Ok
452 4.1.7 <later-1@x.example>: Sender address rejected: unverified address: $said 450 4.2.1 not now (in reply to RCPT TO command)
250 2.0.0 Ok
250 2.1.0 Ok
250 2.1.5 Ok"
printf '' | perl "$PH_SRC/t/talk.pl" "$odd" >/dev/null 2>&1 &
ok 'an action that there is not is refused' wait_for 10 instance_logged "$I" 'smtpd\[[0-9]*\]: fatal: bad configuration: unverified_sender_tempfail_action = perhaps$'
touch "$T/sink.go"
learns slow@x.example '0 | reason=250 2.1.5 Ok'
rm "$T/sink.go"

# The wire, and those who speak it badly.
is 'requests and updates' "$(ask request=update address=u:1@x.example recipient_status=2 'reason=a: b' -- request=query address=u:1@x.example -- \
    request=update address=u:1@x.example recipient_status=0 reason=c -- request=update address=u:1@x.example recipient_status=1 reason=d -- \
    request=query address=u:1@x.example -- request=update address=y recipient_status=3 reason=e -- request=other)" \
    'protocol=address_verification_prrotocol
status=0
status=0 | recipient_status=2 | reason=a: b
status=0
status=0
status=0 | recipient_status=0 | reason=c
status=4294967294
status=4294967294'
is 'half a request ends a connection' "$(ask request=query; ask request=update address=x recipient_status=z reason=; ask nonsense=1)" \
    'protocol=address_verification_prrotocol
EOF
protocol=address_verification_prrotocol
EOF
protocol=address_verification_prrotocol
EOF'

# A report for people: the same way, and nothing is sent either.
report=$(printf '' | as "$I" sendmail -bv -f a@here.example ok-5@x.example no-5@x.example 2>&1)
like 'sendmail -bv says what it does' "$report" 'Mail Delivery Status Report will be mailed to <a@here.example>'
ok 'and a report comes' wait_for 20 instance_logged "$I" 'sender delivery status notification'
ends ok-5@x.example 'status=deliverable'
ok 'no server got a message for it' fails_with 1 grep -q DATA "$T/sink"

# What is remembered survives, and is tidied up.
instance_stop "$I"
like 'the table has the entries that others read' "$(as "$I" postmap -q u_1@x.example "lmdb:$I/data/known")" '^0:0:[0-9]{10}:c$'
now_s=$(date +%s)
cat >"$T/seed" <<EOF
old-good@x.example	0:0:$((now_s - 32 * 86400)):good once
old-bad@x.example	2:0:$((now_s - 4 * 86400)):bad once
due@x.example	0:0:$((now_s - 8 * 86400)):good still
odd@x.example	nonsense
EOF
as "$I" postmap -r -i "lmdb:$I/data/known" <"$T/seed"
as "$I" postmap -f -d _LAST_CACHE_CLEANUP_COMPLETED_ "lmdb:$I/data/known"
count=$(($(as "$I" postmap -s "lmdb:$I/data/known" | wc -l) - 3))
instance_start "$I"
: >"$T/sink"
is 'old news still hold' "$(query due@x.example)" '0 | reason=good still'
asked_again() { grep -q 'RCPT TO:<due@' "$T/sink"; }
ok 'but are looked into' wait_for 10 asked_again
ok 'older ones are dropped, and so is what is none' wait_for 10 instance_logged "$I" "cache lmdb:.*/known full cleanup: retained=$count dropped=3 entries"
learns old-bad@x.example '0 | reason=250 2.0.0 Ok'
query ok-1@x.example >/dev/null
ok 'what is known is not asked again' fails_with 1 grep -q ok-1 "$T/sink"

# Other settings.
cf_set "$I/etc/main.cf" 'address_verify_negative_cache = no
address_verify_pending_request_limit = 1
smtp_address_verify_target = data
address_verify_sender = probe@x.example
address_verify_sender_ttl = 1000
address_verify_map ='
instance_stop "$I"; instance_start "$I"
: >"$T/sink"
query no-7@x.example >/dev/null
ok 'bad news may be kept out of the cache' wait_for 10 instance_logged "$I" 'to=<no-7@x.example>, .*status=undeliverable-but-not-cached \(host'
is 'and are no news then' "$(query no-8@x.example | cut -c1)" 3
learns ok-7@x.example '0 | reason=354 go'
gone() { ! as "$I" mailq | grep -q no-; }
wait_for 10 gone
query slow-1@x.example >/dev/null
waits() { grep -q 'RCPT TO:<slow-1@' "$T/sink"; }
wait_for 10 waits
query ok-9@x.example >/dev/null
ok 'only so many probes are under way' wait_for 10 instance_logged "$I" 'to=<ok-9@x.example>, relay=none, .*dsn=4.3.2, status=undeliverable-but-not-cached \(Too many address verification requests\)'
touch "$T/sink.go"
ok 'a probe may go up to DATA' grep -q '^DATA' "$T/sink"
sender=$(sed -n 's/^MAIL FROM:<\(probe[0-9A-Z]*@x.example\)>.*/\1/p' "$T/sink" | sed -n '$p')
like 'its sender may have the time in it' "$sender" '^probe[0-9B-DF-HJ-NP-TV-Z]+@x.example$'
is 'mail to and from that is for the plain address, which is not probed' "$(talk "$rcpt" "MAIL FROM:<$sender>" "RCPT TO:<$sender>")" '250 2.1.0 Ok
250 2.1.5 Ok'
ok 'as the server says itself' fails_with 1 grep -q "RCPT TO:<probe" "$T/sink"

sed -i '/^verify /d' "$I/etc/master.cf"
instance_stop "$I"; rm -f "$I/spool/private/verify"; instance_start "$I"
is 'without the service nobody knows' "$(talk "$rcpt" 'MAIL FROM:<>' 'RCPT TO:<ok-1@x.example>')" '250 2.1.0 Ok
450 4.1.1 <ok-1@x.example>: Recipient address rejected: unverified address: Address verification status unavailable'
done_testing
