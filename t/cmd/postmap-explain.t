#!/bin/sh
# postmap --explain: which keys a daemon would ask for, and what answers
. "$(dirname "$0")/../lib.sh"

mkdir "$T/conf"
export MAIL_CONFIG="$T/conf"
cd "$T" || exit 1
cat >conf/main.cf <<CF
compatibility_level = 3.6
myhostname = host.example
mydestination = local.example
recipient_delimiter = +
transport_maps = lmdb:$T/transport, regexp:$T/transport.re
virtual_alias_maps = inline:{ {a@b.example = c@d.example} }
alias_maps = gdbm:$T/aliases
header_checks = pcre:$T/checks
smtpd_client_restrictions = permit_mynetworks, inline:{10.1=REJECT}, reject_unknown_client_hostname
smtpd_recipient_restrictions = check_client_access inline:{{host.example=OK}}, check_sender_access inline:{{bad@=REJECT}}, strict
smtpd_restriction_classes = strict
strict = check_recipient_access inline:{{.sub.example=no},{sub.example=REJECT}}
CF
explain() { postmap --explain "$@" 2>&1 | sed "s|$T/||g; s/  [0-9]* ms$//; s/  */ /g"; }

printf 'other.example smtp:[x]\n.example.com smtp:[mx.internal]\n' >transport
printf '/@(re)\\.(example)$/ smtp:[%s]\n' re >transport.re
postmap lmdb:transport
is 'each key, each table, the line' "$(explain transport Bob+news@Sub.Example.COM)" \
'transport_maps = lmdb:transport, regexp:transport.re
 1 lmdb:transport "bob+news@sub.example.com" miss
 2 regexp:transport.re "Bob+news@Sub.Example.COM" miss
 3 lmdb:transport "bob@sub.example.com" miss (recipient_delimiter)
 regexp:transport.re "Bob@Sub.Example.COM" not asked (recipient_delimiter)
 4 lmdb:transport "sub.example.com" miss (domain)
 regexp:transport.re "Sub.Example.COM" not asked (domain)
 5 lmdb:transport ".example.com" HIT line 2 -> smtp:[mx.internal] (parent_domain_matches_subdomains: no)
 regexp:transport.re ".Example.COM" not asked (parent_domain_matches_subdomains: no)
result smtp:[mx.internal]'
is 'patterns tell their line and rule' "$(explain transport a@re.example | tail -n 3)" \
' 2 regexp:transport.re "a@re.example" HIT line 1 -> smtp:[re]
 rule: /@(re)\.(example)$/ smtp:[re]
result smtp:[re]'
printf '/^Subject: (.*) and (.*)$/ WARN $2 before $1\n' >checks
is 'and what their groups took' "$(explain header-checks 'Subject: one and two')" \
'header_checks = pcre:checks
 1 pcre:checks "Subject: one and two" HIT line 1 -> WARN two before one
 rule: /^Subject: (.*) and (.*)$/ WARN $2 before $1
 capture: one
 capture: two
result WARN two before one'
is 'virtual: the extension comes along' "$(explain virtual a+x@b.example | tail -n 2)" \
'result c@d.example
address c+x@d.example'
is 'generic: it does not, unless main.cf says so' "$(explain generic --tables 'inline:{a@b.example=c@d.example}' a+x@b.example | tail -n 1)" \
'result c@d.example'
echo 'propagate_unmatched_extensions = generic' >>conf/main.cf
is 'then it does' "$(explain generic --tables 'inline:{a@b.example=c@d.example}' a+x@b.example | tail -n 1)" 'address c+x@d.example'
is 'a domain takes the local part' "$(explain generic --json --tables 'inline:{@b.example=@d.example}' a+x@b.example | jq -r .addresses)" \
'a+x@d.example'
sed -i '$d' conf/main.cf
ok 'no result is status 3' fails_with 3 postmap --explain transport a@none.example
ok 'a failing table is status 1' fails_with 1 postmap --explain transport --tables fail:x a@b

# Every class, by a key that only its own search can find.
while IFS='|' read -r class key tables want; do
	is "$class: $key" "$(explain "$class" --tables "inline:{$tables}" "$key" | grep -E '^(no )?result')" "$want"
done <<'E2'
access-client|1.2.3.4|1.2=a|result a
access-client|2001:db8::1|{2001:db8=a}|result a
access-client|a.b.example[1.2.3.4]|b.example=n,1.2=a|result n
access-client|unknown[1.2.3.4]|1.2.3=a|result a
access-helo|a.b.example|b.example=h|result h
access-helo|1.2.3.4|3.4=h|no result
access-etrn|a.b.example|example=e|result e
access-sender|<>|<>=null|result null
access-sender|user+x@a.b.example|b.example=d|result d
access-recipient|user+x@a.b.example|user@=l|result l
aliases|user+x|user=a|result a
aliases|user+x@local.example|user+x=a|result a
aliases|"a b"|{"a b"=q}|result q
bcc|user+x@d.example|@d.example=b|result b
sender-bcc|user@local.example|user=b|result b
canonical|user+x@d.example|user+x@d.example=c|result c
recipient-canonical|user+x@local.example|user=c|result c
sender-canonical|user@local.example.|user=c|result c
generic|user@local.example|user=g|result g
relocated|user+x@d.example|user@d.example=r|result r
transport|user@d.example|*=t|result t
virtual|user+x@d.example|@d.example=v|result v
virtual-mailbox|user+x@d.example|user@d.example=m|result m
tls-policy|a.b.example|.b.example=p|result p
tls-policy|[a.b.example]:25|.b.example=p|no result
tls-policy|[a.b.example]:25|[a.b.example]:25=p|result p
sasl|[mx.example]:587|mx.example=s|result s
sasl|[mx.example]:587|[mx.example]:587=s|result s
header-checks|X|x=h|no result
sender-login|user+x@d.example|user@d.example=l|result l
sender-relayhost|<>|<>=r|result r
sender-relayhost|u@d.example|@d.example=r|result r
key|a+b@c|a@c=k|no result
key|a+b@c|a+b@c=k|result k
E2
is 'a virtual mailbox is not folded, an alias is' \
    "$(explain virtual-mailbox --tables 'inline:{A@b=x}' A@b | tail -n 1) $(explain virtual --tables 'inline:{a@b=x}' A@B | tail -n 1)" \
    'result x result x'
is 'sasl: the sender counts where main.cf says so' \
    "$(explain sasl --sender u@d.example --tables 'inline:{u@d.example=s}' mx.example | tail -n 1)" 'no result'
echo 'smtp_sender_dependent_authentication = yes' >>conf/main.cf
is 'sasl: by sender' "$(explain sasl --sender u@d.example --tables 'inline:{u@d.example=s}' mx.example | tail -n 1)" 'result s'

# Access tables are found in the restrictions.
is 'access-client: each restriction on its own' "$(explain access-client 'host.example[10.1.2.3]' | grep -v ' miss')" \
'smtpd_client_restrictions = inline:{10.1=REJECT}
 5 inline:{10.1=REJECT} "10.1" HIT -> REJECT (network)
result REJECT
smtpd_recipient_restrictions: check_client_access = inline:{{host.example=OK}}
 1 inline:{{host.example=OK}} "host.example" HIT -> OK
result OK'
like 'access-recipient: in a class of restrictions' "$(explain access-recipient u@a.sub.example)" \
    '^strict: check_recipient_access = inline:'
is 'its answer' "$(explain access-recipient u@a.sub.example | tail -n 1)" 'result REJECT'
is 'access-sender' "$(explain access-sender bad@x.example | tail -n 1)" 'result REJECT'
like 'no such restriction' "$(explain access-helo x)" 'fatal: no restriction in main.cf asks a table of class access-helo'
is 'JSON: one object a search' "$(postmap --explain access-sender --json bad@x.example | sed 's/"ms": [0-9]*/"ms": N/g')" \
'{"v": 1, "class": "access-sender", "parameter": "smtpd_recipient_restrictions: check_sender_access", "tables": "inline:{{bad@=REJECT}}", "key": "bad@x.example", "answer": "found", "result": "REJECT", "steps": [{"step": 1, "parameter": "smtpd_recipient_restrictions: check_sender_access", "table": "inline:{{bad@=REJECT}}", "key": "bad@x.example", "answer": "not found", "ms": N}, {"step": 2, "parameter": "smtpd_recipient_restrictions: check_sender_access", "table": "inline:{{bad@=REJECT}}", "key": "x.example", "why": "domain", "answer": "not found", "ms": N}, {"step": 3, "parameter": "smtpd_recipient_restrictions: check_sender_access", "table": "inline:{{bad@=REJECT}}", "key": "example", "why": "parent_domain_matches_subdomains: yes", "answer": "not found", "ms": N}, {"step": 4, "parameter": "smtpd_recipient_restrictions: check_sender_access", "table": "inline:{{bad@=REJECT}}", "key": "bad@", "why": "local part", "answer": "found", "ms": N, "value": "REJECT"}]}'
like 'JSON: rule and captures' "$(postmap --explain header-checks --json 'Subject: one and two')" \
    '"rule": "/\^Subject.*", "captures": \["one", "two"\]\}'
if command -v sqlite3 >/dev/null; then
	sqlite3 s.db "create table t(k,v); insert into t values('a','one')"
	printf "dbpath = %s/s.db\nquery = SELECT v FROM t WHERE k='%%s'\n" "$T" >s.cf
	like 'databases show their query' "$(explain key --tables sqlite:./s.cf a)" "query: SELECT v FROM t WHERE k='a'"
fi
printf 'root: me\nbad line\nlist: a, b\n' >aliases
postalias gdbm:aliases 2>/dev/null
is 'the lines of alias files' "$(postalias --explain aliases list+x 2>&1 | sed "s|$T/||g; s/  [0-9]* ms$//; s/  */ /g" | tail -n 2)" \
' 2 gdbm:aliases "list" HIT line 3 -> a, b (recipient_delimiter)
result a, b'
echo "alias_database = gdbm:$T/aliases" >>conf/main.cf
is 'also for postmap' "$(explain aliases list | tail -n 2 | head -n 1)" ' 1 gdbm:aliases "list" HIT line 3 -> a, b'
ok 'nothing in any restriction is status 3' fails_with 3 postmap --explain access-client 'other.example[192.0.2.1]'
like 'an unknown class' "$(explain nonsense x)" 'unknown class'
like 'classes are listed' "$(explain help)" '^virtual-mailbox$'
ok 'without a configuration, too' env MAIL_CONFIG=/nonexistent postmap --explain help
ok 'and those of --lint' env MAIL_CONFIG=/nonexistent postalias --lint help
is 'an address in brackets is asked as it is' "$(explain access-client --tables 'inline:{192.0.2.7=OK}' 'x.example[192.0.2.7]' | tail -n 1)" 'result OK'
is 'key needs tables' "$(explain key x)" 'postmap: fatal: class key needs --tables'
is 'options that do not fit' "$(postmap --verify --sender x src 2>&1)" 'postmap: fatal: --sender needs --explain'
ok 'no daemon searches in a way of its own' sh -c "! grep -rl maps_find_address '$PH_SRC/daemon'"
done_testing
