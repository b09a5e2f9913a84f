#!/bin/sh
# pipe, virtual: the same commands, flags and mailboxes end and write the same
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"

cat >"$T/prog" <<'EOT'
#!/bin/sh
out=$1; shift
{ echo "in ${PWD##*/}"; for a in "$@"; do echo "[$a]"; done; cat; } >>"$out"
EOT
chmod 755 "$T/prog"
services='flags=DRhuX.> argv=@P@ ${sender} ${recipient} $nexthop
flags=Fq. null_sender= argv=@P@ -f ${sender} -- ${recipient}
argv=@P@ $sender $recipient $nexthop $user $extension $domain $mailbox $original_recipient $size
argv=/bin/sh -c {exit 75}
argv=/bin/sh -c {echo oops; exit 67}
size=10 argv=@P@
directory=/tmp argv=@P@ {a b} ${recipient}x
flags=O eol=\r\n argv=@P@ $client_address $client_helo $client_protocol $sasl_method
flags=B argv=@P@
flags=hqu argv=@P@ $recipient $user $mailbox $domain $extension
argv=/bin/sh -c {echo 4.2.2 full; exit 1}
argv=@P@ $foo
null_sender=nobody argv=@P@ $sender
flags=DROXhuq argv=@P@ $sender $recipient $original_recipient
argv=/bin/sh -c {exit 99}
-o pipe_delivery_status_filter=static:4.5.6 argv=/bin/sh -c {exit 67}'
count=$(printf '%s\n' "$services" | wc -l)
common="compatibility_level = 3.6
myhostname = here.example
mydomain = here.example
myorigin = here.example
mail_name = Postfix
mydestination = here.example
recipient_delimiter = +
local_recipient_maps =
alias_maps =
alias_database =
default_transport = discard:gone
transport_maps = inline:{$(for i in $(seq "$count"); do printf '{p%s.example=p%s:Next.example}, ' "$i" "$i"; done)}
virtual_mailbox_domains = v.example
virtual_mailbox_maps = inline:{{a@v.example=a/},{b@v.example=b},{d@v.example=d/e/f/},{@v.example=all/}}
virtual_uid_maps = static:5
virtual_gid_maps = inline:{{a@v.example=60},{b@v.example=60},{@v.example=60}}
virtual_minimum_uid = 3"
# set_up SIDE: what it writes is below $T/SIDE
set_up() {
	mkdir "$T/$1/out" "$T/$1/vm"; chmod 777 "$T/$1/out"; chown games "$T/$1/vm"
	cf_set "$T/$1/etc/main.cf" "$common
virtual_mailbox_base = $T/$1/vm"
	printf '%s\n' "$services" | awk -v prog="$T/prog $T/$1/out/" '{
	    sub(/argv=@P@/, "argv=" prog "p" NR);
	    option = ""; if (sub(/^-o [^ ]* /, "")) option = "-o pipe_delivery_status_filter=static:4.5.6 ";
	    print "p" NR " unix - n n - - pipe " option "user=games " $0 }' >>"$T/$1/etc/master.cf"
}
peer_new peer
instance_new "$T/ours"
set_up peer; set_up ours
must "the peer's instance starts" peer_start peer
must 'our instance starts' instance_start "$T/ours" </dev/null

text='Subject: t\nReceived: x\nDelivered-To: Joe@p1.example\nDelivered-To: b@v.example\n\nbody\n.dot\nFrom x\n>From y\n'
send() {
	printf "$text" | peer peer sendmail -i "$@" >/dev/null 2>&1
	printf "$text" | as "$T/ours" sendmail -i "$@" >/dev/null 2>&1
}
for i in $(seq "$count"); do
	send -f snd@x.example "Joe+Ext@P$i.Example" "a b@p$i.example"
	send -f snd@x.example "o'brien@p$i.example"
done
send -f '' joe@p1.example; send -f '' joe@p2.example; send -f '' joe@p13.example
for user in a b d other A; do send -f snd@x.example "$user@v.example"; done
send -bv -f snd@x.example a@v.example zz@v.example joe@p3.example

outcomes() {
	sed -n 's/.* postfix\/\(pipe\|virtual\)\[[0-9]*\]: [^:]*: \(to=.*\), delay=.*\(dsn=.*\)/\2 \3/p' "$1" |
	    sed "s|$T/[a-z]*/|T/|g" | sort
}
many=$((count * 3 + 11))
ended() { outcomes "$1" >"$2"; [ "$(wc -l <"$2")" -ge "$many" ]; }
agree() {
	ended "$T/peer/log/maillog" "$T/a" && ended "$T/ours/log/mail.log" "$T/b" &&
	    cmp -s "$T/a" "$T/b"
}
wait_for 30 agree
is 'every recipient ends as with the peer' "$(diff "$T/a" "$T/b")" ''
ok 'and there were many' test "$(wc -l <"$T/b")" -ge "$many"

# Files without what names a time or an ID; the order in which mail came may differ.
written() {
	find "$T/$1/out" "$T/$1/vm" -type f | sort | while read -r f; do
		name=${f#"$T/$1/"}; echo "== ${name%/new/*}"
		sed -E 's/[A-Z][a-z]{2},? .* 20[0-9]{2}.*/DATE/; s/\b([0-9]{14}\.)?[0-9A-F]{9,14}\b/ID/g' "$f"
	done
}
for side in peer ours; do written $side | sort >"$T/$side.written"; done
is 'and everything that is written is the same' "$(diff "$T/peer.written" "$T/ours.written")" ''
ok 'and it was much' test "$(wc -l <"$T/ours.written")" -ge 300
modes() { find "$T/$1/vm" -printf '%m %u %g %P\n' | sed 's/[0-9]\{9,\}\..*//' | sort; }
is 'mailboxes have the same owners and modes' "$(modes ours)" "$(modes peer)"
done_testing
