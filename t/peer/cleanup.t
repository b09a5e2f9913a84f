#!/bin/sh
# cleanup: header and body checks, address mappings and limits make the same
# replies, log lines and queue files as in Debian's postfix
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"

cat >"$T/checks" <<'EOT'
/^X-Rej1:/ REJECT
/^X-Rej2:/ REJECT go away
/^X-Rej3:/ REJECT 5.7.9 go away
/^X-Rej4:/ REJECT 421 4.7.9 go away
/^X-Rej5:/ REJECT 4.7.9 go away
/^X-Num:/ 550 5.7.9 go away
/^X-Discard:/ DISCARD text
/^X-Hold:/ HOLD text
/^X-Filter:/ FILTER smtp:[127.0.0.1]:9
/^X-Redirect:/ REDIRECT new@elsewhere.example
/^X-Replace:/ REPLACE X-New: a
/^X-Ignore:/ IGNORE
/^X-Warn:/ WARN hello
/^X-Info:/ INFO hello
/^X-Prepend:/ PREPEND X-Before: yes
/^X-Bcc:/ BCC bcc@elsewhere.example
/^X-Strip:/ STRIP why
/^X-Bad1:/ FROB x
/^X-Bad2:/ REDIRECT
/^X-Bad3:/ FILTER x
/^X-Bad4:/ REPLACE
/^X-Pass:/ PASS
EOT
cat >"$T/body" <<'EOT'
/^b-reject/ REJECT 5.7.9 body
/^b-replace/ REPLACE replaced
/^b-ignore/ IGNORE
/^b-prepend/ PREPEND before
/^b-discard/ DISCARD
/^b-redirect/ REDIRECT x@elsewhere.example
/^b-hold/ HOLD
EOT
cat >"$T/aliases" <<'EOT'
loop1@peer.example loop2@peer.example
loop2@peer.example loop1@peer.example
self@peer.example self@peer.example, other@peer.example
many@peer.example a@x.example, b@x.example, a@x.example
@virt.example @peer.example
user@virt.example u1@x.example, u2
quoted@peer.example "a b"@x.example
dups@peer.example a@x.example, b@x.example, c@x.example, d@x.example, e@x.example, e@x.example, a@x.example
EOT
# One step too many, and just enough; one address too many, and just enough.
awk 'BEGIN {
	for (i = 1; i <= 1000; i++) printf "n%d@peer.example n%d@peer.example\n", i, i + 1
	for (n = 999; n <= 1001; n++) {
		printf "huge%d@peer.example", n
		for (i = 1; i <= n; i++) printf " r%d@x.example", i
		print ""
	}
}' >>"$T/aliases"
printf '/^growing(.*)@peer\\.example$/ growing${1}x@peer.example\n' >"$T/growing"
common="compatibility_level = 3.6
myhostname = peer.example
mydomain = peer.example
mail_name = Postfix
mydestination = peer.example, localhost
mynetworks = 127.0.0.0/8
local_recipient_maps =
alias_maps =
in_flow_delay = 0
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
header_checks = regexp:$T/checks
nested_header_checks = inline:{x=y} regexp:$T/checks
body_checks = regexp:$T/body
virtual_alias_maps = texthash:$T/aliases regexp:$T/growing
duplicate_filter_limit = 4
body_checks_size_limit = 100
canonical_maps = inline:{ {cantwo@peer.example = one@x.example, two@x.example}, {can@peer.example = Canned.User@peer.example}, {@candom.example = @newdom.example} }
sender_canonical_maps = inline:{ scan@peer.example=sender-canned@peer.example }
recipient_canonical_maps = inline:{ rcan@peer.example=rcpt-canned@peer.example }
recipient_bcc_maps = inline:{ bcced@peer.example=bcc1@x.example }
sender_bcc_maps = inline:{ scan@peer.example=bcc2@x.example }
always_bcc = archive@x.example
masquerade_domains = !keep.masq.example masq.example
masquerade_exceptions = root
recipient_delimiter = +
propagate_unmatched_extensions = canonical, virtual"
peer_new peer "$common"
instance_new "$T/ours"
cf_set "$T/ours/etc/main.cf" "$common"
# Mail stays where it is: nobody has to deliver it.
sed -i '/^qmgr/d' "$T/peer/etc/master.cf" "$T/ours/etc/master.cf"
must "the peer's instance starts" peer_start peer
must 'our instance starts' instance_start "$T/ours" </dev/null

# message RECIPIENT HEADER-LINES BODY: the lines of a conversation
message() {
	printf '%s\n' 'MAIL FROM:<scan@peer.example> SMTPUTF8' "RCPT TO:<$1>" DATA
	printf '>>>%s\\r\\n\\r\\n%s\\r\\n.\\r\\n\n<<<\nRSET\n' "$2" "$3"
}
addresses='From: Full Name <scan@peer.example>, can+h@peer.example (c), <u@host.masq.example>\r\nTo: rcan@peer.example, "x y" <can@peer.example>, grp: a@candom.example, b;\r\nCc: <@a:b@candom.example>, "odd \\" q"@candom.example, nodomain\r\nReply-To: can\r\nReturn-Path: <x@y>\r\nBcc: hidden'
{
	echo 'EHLO x'
	for h in Rej1 Rej2 Rej3 Rej4 Rej5 Num Discard Hold Filter Redirect Replace \
	    Ignore Warn Info Prepend Bcc Strip Bad1 Bad2 Bad3 Bad4 Pass; do
		message joe@peer.example "X-$h: foo\\r\\nSubject: x\\r\\n y\\r\\nX-Warn: z" b
	done
	for b in reject replace ignore prepend discard redirect hold; do
		message joe@peer.example 'MIME-Version: 1.0\r\nContent-Type: message/rfc822' \
		    "X-Ignore: z\\r\\nX-Replace: n\\r\\n\\r\\nb-$b b\\r\\nlast"
	done
	for to in n1@peer.example n2@peer.example n3@peer.example huge999@peer.example \
	    huge1000@peer.example huge1001@peer.example loop1@peer.example growingx@peer.example self+ext@peer.example \
	    many@peer.example dups@peer.example cantwo@peer.example user+e@virt.example x@virt.example quoted@peer.example \
	    can+z@peer.example x@candom.example rcan@peer.example bcced+a@peer.example \
	    u@host.masq.example u@a.keep.masq.example root@h.masq.example \
	    '"can"@peer.example' CAN@PEER.EXAMPLE a%virt.example@peer.example \
	    '@q,@r:a@virt.example' "$(printf '\303\251')@peer.example" joe@Peer.Example.; do
		message "$to" "$addresses" body
	done
	message joe@peer.example 'Resent-To: a\r\nSubject: x' body
	# How far body checks look: a line that begins at the limit, and around it.
	for n in 97 98 99 100 101; do
		message joe@peer.example 'Subject: x' "$(printf "%${n}s" '' | tr ' ' x)\\r\\nb-replace"
	done
	# What was noted of an alias goes with a message that is refused.
	for h in Rej1 Warn; do
		message 'many@peer.example> NOTIFY=SUCCESS' "X-$h: x" body | sed 's/SUCCESS>$/SUCCESS/'
	done
	# The log names the last recipient, as it was before aliases.
	message 'joe@peer.example>
RCPT TO:<many@peer.example>
RCPT TO:<can@peer.example' 'X-Warn: x' body
	echo QUIT
} >"$T/talk"

neutral() {	# what differs from system to system
	sed -E -e 's/^[A-Z][a-z]{2} [ 0-9:]{11} [^ ]+ //' -e 's/\[[0-9]+\]: /: /' \
	    -e "s#$T/(peer|ours)/spool/[a-z/0-9A-F]*/#Q/#" \
	    -e 's/[0-9]{14}\.[0-9A-F]{9,14}/STAMP.QID/g' -e 's/\b[0-9A-F]{9,14}\b/QID/g' \
	    -e 's/_port=[0-9]+/_port=N/' -e '/_time: |^message_size: /d' \
	    -e 's/[A-Z][a-z]{2}, [ 0-9]?[0-9] [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} .*/DATE/'
}
# Queue files in the order in which they came.
files() { find "$T/$1/spool/incoming" "$T/$1/spool/hold" -type f -printf '%T@ %p\n' | sort -n | cut -d' ' -f2; }
logged() { neutral | grep '^postfix/\(cleanup\|smtpd\): ' | grep -v 'connect from\|public/qmgr\|client='; }
# shellcheck disable=SC2046
{
	perl "$PH_SRC/t/talk.pl" "$(peer_port peer)" <"$T/talk" >"$T/peer.talk"
	perl "$PH_SRC/t/talk.pl" "$(instance_port "$T/ours")" <"$T/talk" >"$T/ours.talk"
	peer peer postcat $(files peer) | neutral >"$T/peer.files"
	as "$T/ours" postcat $(files ours) | neutral >"$T/ours.files"
}
for side in peer ours; do
	sed '1,/^C: MAIL/d' "$T/$side.talk" | neutral >"$T/$side.replies"
done
is 'the replies are the same' "$(diff "$T/peer.replies" "$T/ours.replies")" ''
wait_for 3 grep -q 'disconnect from' "$T/peer/log/maillog"
wait_for 3 grep -q 'disconnect from' "$T/ours/log/mail.log"
logged <"$T/peer/log/maillog" >"$T/peer.lines"
logged <"$T/ours/log/mail.log" >"$T/ours.lines"
is 'the log lines are the same' "$(diff "$T/peer.lines" "$T/ours.lines")" ''
ok 'and there were many' test "$(wc -l <"$T/ours.lines")" -ge 80
notes() { find "$T/$1/spool/trace" -type f -exec cat {} + | sed 's/queue_id=.*//'; }
is 'so are delivery records of aliases' "$(notes ours)" "$(notes peer)"
like 'and there are some' "$(notes ours)" 'alias expanded'
is 'the queue files are the same' "$(diff "$T/peer.files" "$T/ours.files")" ''
ok 'and there were many' test "$(grep -c '^\*\*\* MESSAGE FILE END' "$T/ours.files")" -ge 35
done_testing
