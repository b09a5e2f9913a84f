#!/bin/sh
# postfix explain: the way it tells is the way that the services go, ours and a Postfix's
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"

common='myhostname = mx.example
mydomain = dom.example
myorigin = origin.example
mydestination = mx.example, localhost, origin.example
append_dot_mydomain = yes
inet_interfaces = 127.0.0.1
recipient_delimiter = +
default_transport = smtp
relay_transport = relay
relayhost = [rh.example]:99
virtual_alias_domains = va.example
virtual_alias_maps = inline:{{sales@mx.example=ann@mx.example team@va.example},{team@va.example=bob@far.example ann@mx.example},{ann@mx.example=ann@mx.example}}
virtual_mailbox_domains = vm.example
relay_domains = relay.example
transport_maps = inline:{{t1@mx.example=tr1:nh1},{far.example=tr2:},{t4.example= :nh4},{.t6.example=tr6:nh6},{t8.example=error:}}
relocated_maps = inline:{{gone@mx.example=new@x.example},{gone@far.example=q@r}}
recipient_bcc_maps = inline:{{@mx.example=copy}}
sender_dependent_relayhost_maps = inline:{{s1@x=[srh.example]},{<>=[nullrh]},{s3@x=dunno}}
sender_dependent_default_transport_maps = inline:{{s2@x=sdt:sdn},{s5@x=sdt:}}
defer_transports = smtp relay local virtual error tr1 tr2 tr6'
peer_new peer
printf '%s\n' "$common" | while read -r line; do
	peer peer postconf -e "$line"
done
instance_new "$T/ours"
cf_set "$T/ours/etc/main.cf" "$common"
ok 'the peer starts' peer_start peer
must 'we start' instance_start "$T/ours"

# The same addresses each time: 90 of what people, and tables, put together.
perl -e '
	srand 7;
	my @l = ("a", "t1", "gone", "A.b", "a+x", "gone+y", "t1+z", "\"a b\"", "x%c.d", "u!v", "\"q%r\"");
	my @d = ("mx.example", "MX.example", "localhost", "va.example", "vm.example", "relay.example",
	    "sub.relay.example", "far.example", "t4.example", "s.t6.example", "t6.example", "t8.example",
	    "else.example", "else.example.", "host", "[1.2.3.4]", "[127.0.0.1]", "b..c", "origin.example");
	my @s = ("x\@y.example", "s1\@x.example", "s1\@x", "s2\@x", "s3\@x", "s5\@x", "");
	for (1 .. 90) {
		my $a = $l[rand @l];
		$a .= "\@" . $d[rand @d] if rand > .08;
		print $s[rand @s], "\t$a\n";
	}' >"$T/asked"
ok 'enough of them' [ "$(sort -u "$T/asked" | wc -l)" -gt 60 ]
: >"$T/told"
cut -f1 "$T/asked" | sort -u | while IFS= read -r sender; do
	awk -F'\t' -v s="$sender" '$1 == s { print $2 }' "$T/asked" | tr '\n' '\0' |
	    xargs -0 postfix -c "$T/ours/etc" explain address --json --live --from "$sender" >>"$T/told" 2>>"$T/warned"
done
is 'each was explained' "$(wc -l <"$T/told")" 90
is 'the running service says the same' "$(jq -r '.recipients[].live // empty' "$T/told")" ''
# Services take and give the internal form; those with quotes in it are for the live comparison.
jq -r '.sender as $s | .recipients[] | select(.address | test("\"") | not) |
    ["resolve", $s, .address] | @tsv' "$T/told" | sort -u >"$T/questions"
jq -r '.sender as $s | .recipients[] | select(.address | test("\"") | not) |
    "resolve\t\($s)\t\(.address) => 0 | \(.transport) | \(.nexthop) | \(.recipient) | \(.flags)"' "$T/told" |
    sort -u >"$T/explained.txt"
# Of bad syntax (4) the flag counts: what else a service says then means nothing.
ask() {
	perl "$PH_SRC/t/ask-rewrite.pl" "$1" <"$T/questions" 2>&1 |
	    sed '1d; s/ => 0 |.*| \([^|]*\) | 4100$/ => 0 | error | 5.1.3 bad address syntax | \1 | 4100/'
}
ask "$T/peer/spool/private/rewrite" >"$T/theirs.txt"
ask "$T/ours/spool/private/rewrite" >"$T/ours.txt"
ok 'enough were asked' [ "$(wc -l <"$T/questions")" -gt 60 ]
is 'our service says what was explained' "$(cat "$T/ours.txt")" "$(cat "$T/explained.txt")"
is "so does the peer's" "$(cat "$T/theirs.txt")" "$(cat "$T/explained.txt")"

# A daemon that has not read what is on disk.
cf_set "$T/ours/etc/main.cf" 'relayhost = [other.example]'
is '--live marks what a reload would change' "$(postfix -c "$T/ours/etc" explain address --json --live --from x@y.example a@else.example | jq -r '.recipients[] | .nexthop, .live')" \
'[other.example]
smtp:[rh.example]:99 a@else.example'

# Aliases and copies: what lands in the queue.
explained=$(postfix -c "$T/ours/etc" explain address --json sales@mx.example | jq -r '.recipients[].address' | sort)
printf 'Subject: x\n\nx\n' >"$T/mail"
as "$T/ours" sendmail sales@mx.example <"$T/mail"
peer peer sendmail sales@mx.example <"$T/mail"
ours_has() { as "$T/ours" postqueue -j 2>/dev/null | jq -r 'select(.queue_name == "deferred") | .recipients[].address' | sort; }
theirs_has() { peer peer postqueue -j 2>/dev/null | jq -r 'select(.queue_name == "deferred") | .recipients[].address' | sort; }
ours_is() { [ "$(ours_has)" = "$explained" ]; }
theirs_is() { [ "$(theirs_has)" = "$explained" ]; }
ok 'our cleanup wrote the recipients that were explained' wait_for 10 ours_is
ok "so did the peer's" wait_for 10 theirs_is
is 'which are' "$explained" 'ann@mx.example
bob@far.example
copy@origin.example'
done_testing
