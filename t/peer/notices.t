#!/bin/sh
# bounce, local: what senders, owners of lists and the postmaster are told, and sendmail -bv
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"

# The built-in texts are each system's own; with these every line can be compared.
cat >"$T/templates" <<'END'
# a comment
failure_template = <<EOT
Charset: us-ascii
From: MAILER-DAEMON (Failure System)
Subject: Undelivered $mail_name
Postmaster-Subject: Postmaster Copy: Undelivered Mail

Failure at $myhostname ($mydomain), ${maximal_queue_lifetime_days} days, ${maximal_queue_lifetime_hours} hours
  indented EOT
EOT

delay_template = << EOF
Charset: iso-8859-1
From: MAILER-DAEMON (Delay System)
Subject: Delayed

Delay ${delay_warning_time_seconds} ${delay_warning_time_minutes} $$ ${myhostname?x}${myhostname:y}
EOF
success_template = <<EOF
Subject: Success

Success, and no other header
EOF
verify_template = <<EOF
Charset: utf-8
Subject: Verify

Verify ümlaut
EOF
END
common="compatibility_level = 3.6
myhostname = here.example
mydomain = here.example
myorigin = here.example
mydestination = here.example
mail_name = Postfix
recipient_delimiter = +
local_recipient_maps =
alias_database =
default_transport = discard:gone
transport_maps = inline:{{bad.example=error:5.7.1 go away},{def.example=retry:4.1.1 not now}}
bounce_template_file = $T/templates
notify_classes = bounce, 2bounce, delay, resource, software
bounce_notice_recipient = bounces
2bounce_notice_recipient = seconds
delay_notice_recipient = delays
delay_warning_time = 60s
bounce_size_limit = 2000"
boxes='snd own bounces seconds delays postmaster u1'
# prepare SIDE: everything that people get is a file below $T/SIDE-box
prepare() {
	D=$T/$1-box
	mkdir "$D" "$D/spool" "$D/fwd"; chmod 1777 "$D" "$D/spool"; chmod 755 "$D/fwd"
	{
		for n in $boxes; do echo "$n $D/$n"; done
		cat <<EOF
one u1
noown u1, u2@d.example
list u1, u2@d.example, "|exit 0"
owner-list own
o1 news, u1, nosuch, fail
owner-o1 own
o2 u1
owner-o2 own
o4 o2, :include:$D/inc
owner-o4 own4
own4 own
n1 games, u1, nosuch
n2 n3, :include:$D/inc
n3 o2, lp
o5 x@bad.example, news
owner-o5 own
fail "|echo out put; exit 67"
waits x@elsewhere.example, "|exit 75"
self self, u1
empty :include:/dev/null
EOF
	} >"$D/aliases"
	echo 'u1, news, nosuch2' >"$D/inc"
	printf 'u1, news, u2@d.example, \\man\n' >"$D/fwd/man"
	echo o2 >"$D/fwd/mail"
	echo u2@d.example >"$D/fwd/games"
	for user in man mail games; do chown $user "$D/fwd/$user"; done
	cf_set "$T/$1/etc/main.cf" "$common
alias_maps = texthash:$D/aliases
forward_path = $D/fwd/\$user
mail_spool_directory = $D/spool"
}
peer_new peer
instance_new "$T/ours"
for side in peer ours; do prepare $side; done
must "the peer's instance starts" peer_start peer
must 'our instance starts' instance_start "$T/ours"

text() {
	printf 'From: snd@here.example\nSubject: subj\nMessage-ID: <a@b>\nTo: someone@here.example\n\nthe body\n.\nlast\n'
}
count=0
send() {
	count=$((count + 1))
	text | peer peer sendmail -i "$@" >/dev/null 2>&1
	text | as "$T/ours" sendmail -i "$@" >/dev/null
}
at_rest() { [ -z "$(find "$1"/spool/maildrop "$1"/spool/incoming "$1"/spool/active -type f)" ]; }
rest() { wait_for 30 at_rest "$T/peer"; wait_for 30 at_rest "$T/ours"; }

outcomes() {
	grep -E '\]: [0-9A-F]{9,}: (to=|.*(notification|status=))' "$1" |
	    sed -E "s|.*/([a-z]+)\[[0-9]+\]: [0-9A-F]+: |\1 |; s/delay=.*(dsn=)/\1/; s/ (as|notification:) [0-9A-F]+/ \1 ID/; s|$T/[a-z]*-|T-|g" |
	    sort
}
arrived() {
	for f in "$T/$1-box"/* "$T/$1-box"/spool/*; do
		[ ! -f "$f" ] || [ "${f##*/}" = aliases ] || [ "${f##*/}" = inc ] ||
		    sed -E "s|^|${f##*/}: |; s|$T/[a-z]*-|T-|g; s/[0-9A-F]{9,}\.[0-9]+\/here/BOUNDARY/; s/[0-9]{14}\.//
		    s/\b[0-9A-F]{10,12}\b/ID/g; s/(Mon|Tue|Wed|Thu|Fri|Sat|Sun),? .*/DATE/" "$f"
	done | sort
}
# same WHAT: and forget it
same() {
	rest
	outcomes "$T/peer/log/maillog" >"$T/a"; outcomes "$T/ours/log/mail.log" >"$T/b"
	is "$1: the same log" "$(diff "$T/a" "$T/b")" ''
	arrived peer >"$T/c"; arrived ours >"$T/d"
	is "$1: the same mail, line by line" "$(diff "$T/c" "$T/d")" ''
	ok "$1: and there was some" test "$(wc -l <"$T/b")" -ge "$count" -a "$(wc -l <"$T/d")" -ge $((count * 10))
	: >"$T/peer/log/maillog"; : >"$T/ours/log/mail.log"
	rm -f "$T"/peer-box/spool/* "$T"/ours-box/spool/*
	for n in $boxes; do rm -f "$T/peer-box/$n" "$T/ours-box/$n"; done
	count=0
}

send -f snd@here.example x@bad.example
send -f snd@here.example u1 x@bad.example y@bad.example
send -f snd@here.example -R full fail x@bad.example
rest
send -f snd@here.example -R hdrs -V my+20id x@bad.example
send -f snd@here.example -N never u1 x@bad.example
send -f snd@here.example -N failure nosuch+ext
send -f snd@here.example -N delay x@bad.example
send -f '' x@bad.example
send -f double-bounce@here.example x@bad.example
same 'failures'

# Each in its turn: two that write one mailbox may get in each other's way.
for to in u1 one noown list o1 o2 o4 n1 o5 games man mail x@d.example news; do
	send -f snd@here.example -N success,failure -V env "$to"; rest
	send -f snd@here.example "$to"; rest
done
send -f snd@here.example -N success o1; rest
send -f '' -N success noown
same 'expansions'

send -f snd@here.example -bv o4 o1 noown one man mail games u1 fail nosuch self empty x@bad.example x@d.example
rest
send -f snd@here.example -v -N success noown
rest
send -f snd@here.example -v x@bad.example news
same 'sendmail -bv and -v'

# Delays are told when the queue is looked through again a second later.
for side in peer ours; do
	cf_set "$T/$side/etc/main.cf" 'delay_warning_time = 1s
minimal_backoff_time = 1s'
done
peer peer postfix reload 2>/dev/null; instance_reload "$T/ours"
for notify in '' '-N delay' '-N success' '-N never' '-R full'; do send -f snd@here.example $notify x@def.example; done
send -f '' -N delay x@def.example
send -f double-bounce@here.example x@def.example
rest
told() { [ "$(grep -c 'delay notification' "$1")" -ge 8 ]; }
flushed() { peer peer postqueue -f; as "$T/ours" postqueue -f; told "$T/peer/log/maillog" && told "$T/ours/log/mail.log"; }
wait_for 20 flushed
rest
is 'delays: the same notices' "$(outcomes "$T/ours/log/mail.log" | grep bounce)" "$(outcomes "$T/peer/log/maillog" | grep bounce)"
arrived peer >"$T/c"; arrived ours >"$T/d"
is 'delays: the same mail, line by line' "$(diff "$T/c" "$T/d")" ''

# A part of an alias that waits keeps the rest from being sent again and again.
send -f snd@here.example waits
rest
peer peer postqueue -f; as "$T/ours" postqueue -f
rest
is 'what must be tried again is not passed on each time' "$(grep -c elsewhere "$T/ours/log/mail.log")" "$(grep -c elsewhere "$T/peer/log/maillog")"
done_testing
