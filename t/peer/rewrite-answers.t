#!/bin/sh
# trivial-rewrite: the same questions, the same answers as a Postfix's
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"

common='myhostname = mx.example
mydomain = dom.example
myorigin = origin.example
mydestination = mx.example, localhost
append_dot_mydomain = yes
inet_interfaces = 127.0.0.1
recipient_delimiter = +
default_transport = smtp
relay_transport = relay
relayhost = [rh.example]:99
remote_header_rewrite_domain = remote.invalid
virtual_alias_domains = va.example
virtual_alias_maps =
virtual_mailbox_domains = vm.example
relay_domains = relay.example
transport_maps = inline:{{t1@mx.example = tr1:nh1},{t2.example=tr2:},{t4.example= :nh4},{.t6.example=tr6:nh6},{t8.example=error:},{t10+x@mx.example=a:b}}
relocated_maps = inline:{{gone@mx.example=new@x.example},{bare=q@r}}
sender_dependent_relayhost_maps = inline:{{s1@x=[srh.example]},{<>=[nullrh]},{s3@x=dunno}}
sender_dependent_default_transport_maps = inline:{{s2@x=sdt:sdn},{s5@x=sdt:}}'
# Set one by one: a parameter that stands twice makes the peer warn without end.
peer_new peer
printf '%s\n' "$common" | while read -r line; do
	peer peer postconf -e "$line"
done
instance_new "$T/ours" "$common"
ok "the peer starts" peer_start peer
must 'we start' instance_start "$T/ours"

cat >"$T/questions" <<'Q'
local	a
local	a@b
local	a@b.
local	a@b.c.
local	a!b
local	a!b!c
local	a%b
local	a%b@c
local	"a b"
local	"a%b"@c.d
local	
local	a@
local	@b
local	@b:c@d
local	@b,@c:d@e
local	a@b@c
local	a@[1.2.3.4]
local	a@.b
local	.a
local	a..b@c.d
remote	a
remote	a@b
remote	a!b
resolve	x@y	a
resolve	x@y	
resolve	x@y	postmaster
resolve	x@y	a@mx.example
resolve	x@y	A@LOCALHOST
resolve	x@y	a@mx.example.
resolve	x@y	a@va.example
resolve	x@y	a@vm.example
resolve	x@y	a@relay.example
resolve	x@y	a@sub.relay.example
resolve	x@y	a@foo.example
resolve		a@foo.example
resolve	s1@x	a@foo.example
resolve	S1@X	a@foo.example
resolve	s2@x	a@foo.example
resolve	s3@x	a@foo.example
resolve	s5@x	a@foo.example
resolve	x@y	t1@mx.example
resolve	x@y	t1+e@mx.example
resolve	x@y	t10+x@mx.example
resolve	x@y	a@t2.example
resolve	x@y	a@t4.example
resolve	s2@x	a@t4.example
resolve	x@y	a@sub.t6.example
resolve	x@y	a@t6.example
resolve	x@y	a@t8.example
resolve	x@y	gone+x@mx.example
resolve	x@y	bare@origin.example
resolve	x@y	a%b@mx.example
resolve	x@y	a@b@mx.example
resolve	x@y	b!a@mx.example
resolve	x@y	a%b@c.d
resolve	x@y	a@b@c.d
resolve	x@y	@b:c@d
resolve	x@y	a@mx.example@mx.example
resolve	x@y	@mx.example
resolve	x@y	-a@foo.example
resolve	x@y	a@[127.0.0.1]
resolve	x@y	a@[1.2.3.4]
resolve	x@y	a@[IPv6:2001:db8::1]
resolve	x@y	a b@c.d
verify	x@y	a@foo.example
Q
ask() { perl "$PH_SRC/t/ask-rewrite.pl" "$1" <"$T/questions"; }
ask "$T/peer/spool/private/rewrite" >"$T/theirs.txt" 2>&1
ask "$T/ours/spool/private/rewrite" >"$T/ours.txt" 2>&1
ours=$(cat "$T/ours.txt")
is 'the greeting' "$(printf '%s\n' "$ours" | head -1)" trivial_rewrite_protocol
is 'every question was answered' "$(printf '%s\n' "$ours" | grep -c ' => ')" \
    "$(wc -l <"$T/questions")"
is 'all answers are the same' "$ours" "$(cat "$T/theirs.txt")"
done_testing
