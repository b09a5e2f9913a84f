#!/bin/sh
# postfix explain address: where mail would go, and which line decided it
. "$(dirname "$0")/../lib.sh"

instance_new "$T/i"
E=$T/i/etc
cf_set "$E/main.cf" 'myhostname = host.example
mydestination = host.example
default_transport = smtp
relayhost = [relay.example]:587
recipient_delimiter = +
virtual_alias_domains = va.example
relay_domains = relay.example
mydomain = example
canonical_maps = inline:{{@old.example = @host.example}}
masquerade_domains = mq.example
recipient_bcc_maps = inline:{{copied@host.example = archive}}
relocated_maps = inline:{{moved@host.example = new@place.example}}
sender_dependent_relayhost_maps = inline:{{boss@host.example = [boss.example]}}
transport_maps = lmdb:$config_directory/transport
virtual_alias_maps = lmdb:$config_directory/virtual
smtp_tls_security_level = may
smtp_tls_policy_maps = inline:{{[mx.far.example]=secure match=nexthop}}
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = inline:{{[relay.example]:587=me:s3cret}}
smtp_destination_rate_delay = 2s'
printf '%s\n' 'far.example smtp:[mx.far.example]' '.slow.example slow:' 'no.example error:5.1.1 nobody' \
    'lost.example uucp:' >"$E/transport"
printf '%s\n' 'sales@va.example ann@host.example, bob@va.example, ann@host.example' '# comment' \
    'bob@va.example bob@va.example bob@far.example' 'loop@va.example loop@va.example.org' \
    'loop@va.example.org loop@va.example' >"$E/virtual"
as "$T/i" postmap "lmdb:$E/transport" "lmdb:$E/virtual"
echo 'slow unix - - n - 3 smtp -o smtp_tls_security_level=encrypt' >>"$E/master.cf"
explain() { postfix -c "$E" explain address "$@" 2>"$T/err"; }
line() { sed -n "s/^\($1\) *=.*/x/;t p;b;:p;=" "$E/main.cf"; }

is 'the way of a remote address, in full' "$(explain bob@far.example)" \
"bob@far.example
  note       the way depends on the sender: without --from this is that of the
             null sender
  class      default            a domain of no list of ours
  transport  smtp               transport_maps: lmdb:transport line 1
  next hop   [mx.far.example]
  limits     1 delivery at a time, 50 recipients each, 2 s between deliveries,
             up to 100 processes
  TLS        secure match=nexthop
               smtp_tls_policy_maps: inline:{...} \"[mx.far.example]\"
  login      none               smtp_sasl_password_maps (main.cf line $(line smtp_sasl_password_maps))
  => smtp:[mx.far.example] bob@far.example"
is 'aliases are a tree; who is there already is delivered once' \
    "$(explain --from '<>' sales@va.example | sed -n '2,6p')" \
'  aliases    sales@va.example   lmdb:virtual line 1
               > ann@host.example
               > bob@va.example  lmdb:virtual line 3; and itself
                 > bob@far.example
               > ann@host.example  delivered once, see above'
out=$(explain --from joe --json sales@va.example)
is 'as JSON: who gets it' "$(printf '%s' "$out" | jq -r '.recipients[] | "\(.transport):\(.nexthop) \(.recipient)"')" \
'local:host.example ann@host.example
error:5.1.1 User unknown in virtual alias table bob@va.example
smtp:[mx.far.example] bob@far.example'
is 'and from whom' "$(printf '%s' "$out" | jq -r '.sender')" joe@host.example
is 'completed, mapped, masqueraded' "$({ explain --json joe u@old.example; explain --json --class=envelope_sender u@x.mq.example; } | jq -r '"\(.rewritten) \(.rewriting[] | .step + " " + .parameter)"')" \
'joe@host.example complete myorigin
u@host.example canonical canonical_maps
u@mq.example masquerade masquerade_domains'
is 'copies' "$(explain --json copied@host.example | jq -r '.expansion[] | select(.copy) | "\(.address) \(.parameter)"')" \
    'archive@host.example recipient_bcc_maps'
is 'the sender decides' "$(explain --from boss --json x@else.example | jq -r '.recipients[].nexthop')" '[boss.example]'
is 'a login, and where it stands' "$(explain --from '' x@else.example | grep login)" \
    '  login      present  smtp_sasl_password_maps: inline "[relay.example]:587"'
ok 'a password is never shown' fails_with 1 sh -c "postfix -c '$E' explain address --steps --json --from '' x@else.example | grep s3cret"
is 'options of the transport in master.cf count' "$(explain --json --from '' x@a.slow.example | jq -c '.recipients[] | [.nexthop, .tls.policy, .tls.source, .process_limit]')" \
    '["a.slow.example","encrypt","-o in master.cf",3]'
is '--steps has each lookup' "$(explain --from '' --steps bob@far.example | sed -n '/^transport_maps/,/HIT/p' | sed "s|$E/|| ; s/ *[0-9]* ms\$//")" \
'transport_maps
 1 lmdb:transport "bob@far.example"  miss
 2 lmdb:transport "far.example"  HIT  line 1 -> smtp:[mx.far.example]  (domain)'
is 'a header address' "$(explain --class=header_sender joe)" \
"joe
  complete   joe@host.example   myorigin (default): append_at_myorigin
joe@host.example"
is "strangers' headers are left alone" "$(explain --class=header --remote joe)" 'joe
joe'

explain --from '' a@host.example >/dev/null
is 'decided: status 0' "$?$(cat "$T/err")" 0
for address in u@va.example moved@host.example x@no.example loop@va.example x@lost.example 'a@b..c'; do
	ok "no route: $address" fails_with 3 explain --from '' "$address"
done
like 'a loop is called that' "$(explain --from '' loop@va.example)" '> loop@va.example +a loop'
like 'who has moved' "$(explain --from '' moved@host.example)" '^  => error:5.1.6 User has moved to new@place.example moved@host.example$'
like 'a transport that nobody serves' "$(explain --from '' x@lost.example)" 'master.cf has no such service: mail waits'
cf_set "$E/main.cf" 'defer_transports = local'
like 'one that waits for a flush' "$(explain --from '' a@host.example)" '^  waits +until a flush: defer_transports has "local"$'
is 'what could harm a terminal is spelt out' "$(explain --from '' "$(printf 'a\033@host.example')" | head -n 1)" 'a\x1b@host.example'
cf_set "$E/main.cf" 'relocated_maps = fail:x'
ok 'a table that fails is status 1' fails_with 1 explain --from '' a@host.example
ok 'so is a class that is none' fails_with 1 explain --class=body a@host.example
ok 'and no address' fails_with 1 explain
ok '--remote is about headers' fails_with 1 explain --remote a@b
like '--help of the topic' "$(explain --help)" '^usage: postfix .*explain address'
like '--help of the verb' "$(postfix -c "$E" explain --help)" '^usage: postfix .*explain '
ok 'no such topic' fails_with 1 postfix -c "$E" explain weather
done_testing
