#!/bin/sh
# smtp: recipients sent, deferred and bounced by what the server says
. "$(dirname "$0")/../lib.sh"
sinks=
stop_sinks() { for p in $sinks; do kill "$p" 2>/dev/null; done; sinks=; }
on_exit stop_sinks
# sink NAME ADDRESS OPTIONS...: sets NAME_port; mail is kept in $T/NAME
sink() {
	name=$1 at=$2; shift 2
	rm -f "$T/$name.port"
	timeout 300 smtp-sink -D "$T/$name" "$@" "$at" 100 >"$T/$name.port" 2>"$T/$name.err" &
	sinks="$sinks $!"
	wait_for 5 test -s "$T/$name.port" || { cat "$T/$name.err"; return 1; }
	eval "${name}_port=$(head -1 "$T/$name.port")"
}
I=$T/inst
submit() {	# submit SENDER RCPT...: sets id
	id=$(printf 'Subject: test\n\nhello\n.dot\n' | as "$I" enqueue "$@") &&
	as "$I" postkick public qmgr I
}
logged() { wait_for 15 instance_logged "$I" "$id: to=<$1>, .*$2"; }

sink good 127.0.0.1:0
sink picky 127.0.0.1:0 --reply 'rcpt:bad@=550 5.1.1 <bad> unknown' --reply 'rcpt:later@=450 4.2.1 try later'
sink nomail 127.0.0.1:0 --reply 'mail=553 5.1.8 your domain is bad'
sink nodata 127.0.0.1:0 --reply 'data=451 4.3.0 no room'
sink nodot 127.0.0.1:0 --reply '.=554 5.7.1 spam'
sink rude 127.0.0.1:0 --reply 'connect=554 5.3.2 go away'
sink busy 127.0.0.1:0 --reply 'ehlo=421 4.7.0 too busy'
sink old 127.0.0.1:0 -e
sink small 127.0.0.1:0 --size 10
sink full 127.0.0.1:0 -L --reply '.:bad@=552 5.2.2 mailbox full' --reply '.:later@=452 4.2.2 over quota'
timeout 300 smtp-sink -L -D "$T/unix" "unix:$T/lmtp.sock" 100 & sinks="$sinks $!"
closed_port=$(free_port)
chmod 755 "$T"; wait_for 5 test -S "$T/lmtp.sock" && chmod 777 "$T/lmtp.sock"

r() { printf '{%s.example = smtp:[127.0.0.1]:%s}, ' "$1" "$2"; }
ok 'an instance is made' instance_new "$I" \
    "transport_maps = inline:{ $(r good "$good_port")$(r picky "$picky_port")$(r nomail "$nomail_port")$(r nodata "$nodata_port")$(r nodot "$nodot_port")$(r rude "$rude_port")$(r busy "$busy_port")$(r old "$old_port")$(r small "$small_port")$(r closed "$closed_port"){full.example = lmtp:inet:127.0.0.1:$full_port}, {unix.example = lmtp:unix:$T/lmtp.sock}, {two.example = smtp:[127.0.0.1]:$closed_port, [127.0.0.1]:$good_port} }"
must 'and started' instance_start "$I"

submit s@a.example r@good.example
ok 'a message is sent' logged r@good.example 'relay=127\.0\.0\.1\[127\.0\.0\.1\]:[0-9]+, .*dsn=2\.0\.0, status=sent \(250 2\.0\.0 Ok\)'
ok 'and leaves the queue' wait_for 5 instance_logged "$I" "$id: removed"
like 'its sender arrives' "$(cat "$T/good")" '^X-Mail-Args: <s@a.example>'
like 'dots survive' "$(cat "$T/good")" '^\.dot$'

submit s@a.example ok@picky.example bad@picky.example later@picky.example
ok 'one recipient is sent' logged ok@picky.example 'status=sent'
ok 'one is bounced' logged bad@picky.example 'dsn=5\.1\.1, status=bounced \(host 127\.0\.0\.1\[127\.0\.0\.1\] said: 550 5\.1\.1 <bad> unknown \(in reply to RCPT TO command\)\)'
ok 'one is deferred' logged later@picky.example 'dsn=4\.2\.1, status=deferred \(host 127\.0\.0\.1\[127\.0\.0\.1\] said: 450 4\.2\.1 try later \(in reply to RCPT TO command\)\)'

submit s@a.example r@nomail.example
ok 'a refused sender bounces' logged r@nomail.example 'dsn=5\.1\.8, status=bounced .*in reply to MAIL FROM command'
submit s@a.example r@nodata.example
ok 'a refused DATA defers' logged r@nodata.example 'dsn=4\.3\.0, status=deferred .*in reply to DATA command'
submit s@a.example r@nodot.example
ok 'refused content bounces' logged r@nodot.example 'dsn=5\.7\.1, status=bounced .*in reply to end of DATA command'
submit s@a.example r@rude.example
ok 'a 5xx greeting defers' logged r@rude.example 'status=deferred \(host 127\.0\.0\.1\[127\.0\.0\.1\] refused to talk to me: 554 5\.3\.2 go away\)'
submit s@a.example r@busy.example
ok 'so does 421 to EHLO' logged r@busy.example 'dsn=4\.7\.0, status=deferred \(host .* refused to talk to me: 421 4\.7\.0 too busy\)'
submit s@a.example r@old.example
ok 'a server without ESMTP gets mail' logged r@old.example 'status=sent'
submit s@a.example r@small.example
ok 'a message that is too large bounces' logged r@small.example 'dsn=5\.3\.4, status=bounced \(message size [0-9]+ exceeds size limit 10 of server '
submit s@a.example r@closed.example
ok 'a closed port defers' logged r@closed.example "relay=none, .*dsn=4\.4\.1, status=deferred \(connect to 127\.0\.0\.1\[127\.0\.0\.1\]:$closed_port: Connection refused\)"
ok 'the attempt is logged by itself' wait_for 5 instance_logged "$I" "smtp\[[0-9]+\]: connect to 127\.0\.0\.1\[127\.0\.0\.1\]:$closed_port: Connection refused"
submit s@a.example r@two.example
ok 'the second host of a nexthop list is tried' logged r@two.example "relay=127\.0\.0\.1\[127\.0\.0\.1\]:$good_port, .*status=sent"

submit s@a.example ok@full.example bad@full.example later@full.example
ok 'LMTP: one copy is saved' logged ok@full.example 'status=sent \(250 2\.2\.0 Ok\)'
ok 'LMTP: one mailbox is full' logged bad@full.example 'dsn=5\.2\.2, status=bounced .*552 5\.2\.2 mailbox full \(in reply to end of DATA command\)'
ok 'LMTP: one is over quota' logged later@full.example 'dsn=4\.2\.2, status=deferred'
submit s@a.example r@unix.example
ok 'LMTP over a UNIX-domain socket' logged r@unix.example "relay=[a-z.]+\[$T/lmtp.sock\], .*status=sent"

id=$(printf 'Subject: broken\n\nhello\n\\B\nrest\n' | as "$I" enqueue s@a.example r@good.example)
as "$I" postkick public qmgr I
ok 'a damaged message bounces' logged r@good.example 'dsn=5\.3\.0, status=bounced \(unreadable mail queue entry\)'
is 'and no half of it is sent' "$(grep -c 'Subject: broken' "$T/good")" 0
like 'with a warning' "$(instance_log "$I")" "bad record type: 84 in message content"
ok 'the file is kept as corrupt' wait_for 10 test -e "$I/spool/corrupt/$id"
done_testing
