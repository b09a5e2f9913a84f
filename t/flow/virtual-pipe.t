#!/bin/sh
# virtual and pipe: mailboxes without accounts, and commands of master.cf
. "$(dirname "$0")/../lib.sh"

I=$T/i O=$T/out
mkdir "$O"; chmod 777 "$O"
if [ "$(id -u)" = 0 ]; then
	user=nobody uid=65534
	mkdir "$T/vmail"; chown nobody "$T/vmail"
else
	user=$(id -un) uid=$(id -u)
	mkdir "$T/vmail"
fi
gid=$(id -g "$user")
instance_new "$I" 'myhostname = here.example' 'mydestination =' 'default_transport = discard:gone' \
    'virtual_mailbox_domains = box.example' "virtual_mailbox_base = $T/vmail" "virtual_minimum_uid = $uid" \
    "virtual_mailbox_maps = inline:{ {a@box.example=a/} {b@box.example=b} {up@box.example=x/../../../up} {noid@box.example=n} {@box.example=all/} }" \
    "virtual_uid_maps = inline:{ {noid@box.example=many} {low@box.example=$((uid - 1))} {@box.example=$uid} }" "virtual_gid_maps = inline:{ {nogid@box.example=0} {@box.example=$gid} }" \
    'recipient_delimiter = +' \
    'transport_maps = inline:{ {p1.example=p1:Next.Hop} {p2.example=p2:} {p3.example=p3:} {p4.example=p4:} {p5.example=p5:} }'
cat >"$I/p1" <<EOF
#!/bin/sh
printf '%s\n' "\$@" >$O/args; cat >$O/message; id -u >$O/uid; pwd >$O/pwd; echo thanks
EOF
chmod 755 "$I/p1"; chmod 755 "$I"
cat >>"$I/etc/master.cf" <<EOF
p1 unix - n n - - pipe flags=DRFOuhq. user=$user directory=$O argv=$I/p1 \${sender} \${recipient} \${user} \${extension} \${domain} \${nexthop} \${size}
p2 unix - n n - - pipe user=$user size=100 argv=/bin/cat
p3 unix - n n - - pipe user=$user argv=/bin/sh -c {echo 5.7.9 not for you; exit 77}
p4 unix - n n - - pipe user=root argv=/bin/cat
p5 unix - n n - - pipe user=$user eol=\r\n null_sender=none flags=B argv=/bin/sh -c {cat >$O/crlf; echo \${sender} >$O/sender}
EOF
must 'it starts' instance_start "$I"
send() {
	from=$1; shift
	printf 'Subject: t\n\nbody\n.dot\n' | as "$I" sendmail -i -f "$from" -- "$@"
}
ends() {
	ok "$1: $2" wait_for 20 instance_logged "$I" "\\[.*to=<$1>.*$2"
}
for to in a b other up noid low nogid; do send snd@x.example "$to@box.example"; done
send snd@x.example A@Box.Example
ends a@box.example 'relay=virtual, .*dsn=2.0.0, status=sent \(delivered to maildir\)'
ends b@box.example 'relay=virtual, .*dsn=2.0.0, status=sent \(delivered to mailbox\)'
ends other@box.example 'relay=virtual, .*status=sent \(delivered to maildir\)'
ends up@box.example 'dsn=4.3.5, status=deferred \(mail system configuration error\)'
ends noid@box.example 'dsn=4.3.5, status=deferred \(mail system configuration error\)'
ends low@box.example 'dsn=4.3.5, status=deferred \(mail system configuration error\)'
ends nogid@box.example 'dsn=4.3.5, status=deferred \(mail system configuration error\)'
ends A@Box.Example 'status=sent \(delivered to maildir\)'
is 'a maildir file starts with the envelope' "$(sed -n 1,3p "$(grep -ls 'Delivered-To: a@' "$T"/vmail/a/new/*)")" 'Return-Path: <snd@x.example>
X-Original-To: a@box.example
Delivered-To: a@box.example'
is 'an mbox file with a From line' "$(sed -n '1s/  .*//p' "$T/vmail/b")" 'From snd@x.example'
is 'both belong to the user of the tables' "$(stat -c %u "$T/vmail/b" "$T"/vmail/a/new/* | sort -u)" "$uid"

send snd@x.example '"Us er+Ext"@P1.example'
ends '"Us er\+Ext"@P1.example' 'relay=p1, .*dsn=2.0.0, status=sent \(delivered via p1 service \(thanks ?\)\)'
is 'macros are folded and quoted as the flags say' "$(sed '$d' "$O/args")" 'snd@x.example
"us er+ext"@p1.example
us er
ext
p1.example
next.hop'
is 'the command runs as the user' "$(cat "$O/uid")" "$uid"
is 'in the directory' "$(cat "$O/pwd")" "$O"
is 'headers and dots as the flags say' "$(sed -e '1s/  .*//' -e '5,/^$/d' "$O/message")" 'From snd@x.example
Return-Path: <snd@x.example>
X-Original-To: "Us er+Ext"@P1.example
Delivered-To: "Us er+Ext"@P1.example
body
..dot'
send snd@x.example x@p2.example
ends x@p2.example 'dsn=5.2.3, status=bounced \(message too large\)'
send snd@x.example x@p3.example
ends x@p3.example 'dsn=5.7.9, status=bounced \(not for you \)'
send snd@x.example x@p4.example
ok 'a command may not run as root' wait_for 20 instance_logged "$I" 'fatal: p4: user= command-line attribute specifies root user privileges'
send '' x@p5.example
ends x@p5.example 'status=sent \(delivered via p5 service\)'
is 'eol= ends lines, B adds an empty one' "$(sed -n '/^body/,$p' "$O/crlf" | cat -A)" 'body^M$
.dot^M$
^M$'
is 'null_sender= stands for <>' "$(cat "$O/sender")" none
done_testing
