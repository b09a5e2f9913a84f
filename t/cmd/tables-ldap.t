#!/bin/sh
# ldap tables, with a server of their own
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../servers.sh"
server_module ldap
server_new ldap ldap
# What libldap and its like lose is only known by the whole way there: t/sanitizer.c.
[ -z "${PH_SAN-}" ] || export ASAN_OPTIONS="fast_unwind_on_malloc=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
mkdir "$T/conf" "$T/ldap/data"
# table-ask does not lie beside the modules.
echo "compatibility_level = 3.6
shlib_directory = ${PH_BIN%/bin}/modules" >"$T/conf/main.cf"
export MAIL_CONFIG="$T/conf"
cd "$T" || exit 1
cat >ldap/slapd.conf <<E
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile $T/ldap/run/pid
allow bind_v2
sizelimit 100
authz-regexp uid=([^,]*),cn=[^,]*,cn=auth cn=\$1,dc=x
attributetype ( 1.3.6.1.4.1.99999.1.1 NAME 'mailacceptinggeneralid' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.99999.1.2 NAME 'maildrop' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.99999.1.3 NAME 'memberurl' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.99999.1.4 NAME 'memberdn' SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )
objectclass ( 1.3.6.1.4.1.99999.2.1 NAME 'm' SUP top STRUCTURAL MUST cn MAY ( mail $ uid $ userPassword $ mailacceptinggeneralid $ maildrop $ memberurl $ memberdn $ description $ seeAlso ) )
database mdb
suffix dc=x
rootdn cn=root,dc=x
rootpw secret
directory $T/ldap/data
access to attrs=userPassword by anonymous auth by * none
access to dn.base=cn=who,dc=x by dn.exact=cn=a,dc=x read by dn.exact=cn=client read
  by dn.exact=gidNumber=$(id -g)+uidNumber=$(id -u),cn=peercred,cn=external,cn=auth read by * none
access to * by * read
E
cat >data.ldif <<'E'
dn: dc=x
objectClass: domain
objectClass: top
dc: x

dn: cn=a,dc=x
objectClass: m
cn: a
mail: a@x.y
mailacceptinggeneralid: a
maildrop: a1
maildrop: a2
description: desc
userPassword: pw

dn: cn=b,dc=x
objectClass: m
cn: b
mail: b@x.y
mailacceptinggeneralid: b
maildrop: b1
uid: ub

dn: cn=g,dc=x
objectClass: m
cn: g
mailacceptinggeneralid: g
maildrop: g1
uid: ug
memberdn: cn=a,dc=x
memberdn: cn=b,dc=x
memberdn: cn=nope,dc=x

dn: cn=h,dc=x
objectClass: m
cn: h
mailacceptinggeneralid: h
memberdn: cn=g,dc=x
memberurl: ldap:///dc=x??sub?(uid=ub)

dn: cn=l,dc=x
objectClass: m
cn: l
mailacceptinggeneralid: l
memberdn: cn=l,dc=x

dn: cn=star,dc=x
objectClass: m
cn: star
mailacceptinggeneralid: a*(b)\
maildrop: star

dn: cn=two1,dc=x
objectClass: m
cn: two1
mailacceptinggeneralid: two
maildrop: t1

dn: cn=two2,dc=x
objectClass: m
cn: two2
mailacceptinggeneralid: two
maildrop: t2

dn: cn=nodrop,dc=x
objectClass: m
cn: nodrop
mailacceptinggeneralid: nodrop

dn: cn=who,dc=x
objectClass: m
cn: who
mailacceptinggeneralid: who
maildrop: known

dn: cn=badurl,dc=x
objectClass: m
cn: badurl
mailacceptinggeneralid: badurl
memberurl: bogus
E
has_tls=
if tls_files; then
	has_tls=yes
	server_tls ldap
	sed -i "/^pidfile/a TLSCertificateFile $T/ldap/server.pem\nTLSCertificateKeyFile $T/ldap/server.key\nTLSCACertificateFile $T/ldap/ca.pem\nTLSVerifyClient try" ldap/slapd.conf
fi
slapadd -f ldap/slapd.conf -l data.ldif >ldap.log 2>&1 || cat ldap.log
[ "$(id -u)" != 0 ] || chown -R $SERVER_USER ldap
ok 'the server starts' server_start ldap
at=ldap://127.0.0.1:$(cat ldap/port)

# config: settings from standard input, after those that all need
config() { { echo "server_host = $at"; cat; } >l.cf; }
base() { { echo 'search_base = dc=x'; cat; } | config; }
q() { postmap -q "$1" ldap:./l.cf 2>&1; }
NL='
'
base </dev/null
is 'values are joined' "$(q a)" a1,a2
is 'letter case is folded' "$(q A)" a1,a2
is 'entries are joined' "$(q two)" t1,t2
is 'what is special in a filter is text' "$(q 'a*(b)\')" star
is 'an escape is text' "$(q '\2a')$(q 'a\00')" ''
for key in '*' 'a*' 'a)(cn=*' '*)(objectClass=*' 'a)(|(cn=*' none nodrop; do
	is "finds nothing: $key" "$(q "$key")" ''
done
ok 'not found is 1' fails_with 1 postmap -q none ldap:./l.cf
is 'many keys' "$(printf 'a\nnone\nb\n' | postmap -q - ldap:./l.cf)" "a	a1,a2${NL}b	b1"
echo 'result_attribute = description, maildrop' | base
is 'several attributes, in the order of the entry' "$(q a)" a1,a2,desc
base <<'E'
query_filter = (mail=%u@%d)
result_attribute = mail
result_format = <%s|%u|%d|%S|%U|%D|%1|%2|%%>
domain = x.y
E
is 'parts of key and result' "$(q a@x.y)" '<a@x.y|a|x.y|a@x.y|a|x.y|y|x|%>'
for key in a@z a @x.y; do
	is "not asked for: $key" "$(q $key)" ''
done

echo 'special_result_attribute = memberdn, memberurl' | base
is 'an entry without special attributes' "$(q a 2>&1)" a1,a2
is 'DNs are followed' "$(q g | tail -n 1)" g1,a1,a2,b1
is 'one that leads nowhere is passed over' "$(q g | head -n 1)" 'postmap: warning: ldap:./l.cf: memberdn=cn=nope,dc=x not found, skipping'
is 'DNs of DNs, and URLs' "$(q h | tail -n 1)" g1,a1,a2,b1,b1
like 'a circle ends' "$(q l | tail -n 1)" 'query error: recursion limit exceeded for special attribute memberdn=cn=l,dc=x'
like 'what is neither DN nor URL is a failure' "$(q badurl | tail -n 1)" 'query error: memberurl=bogus: search error 34'
printf 'special_result_attribute = memberdn, memberurl\nrecursion_limit = 1\n' | base
like 'the recursion limit' "$(q g | tail -n 1)" 'query error: recursion limit exceeded'
is 'does not count the entry itself' "$(q a)" a1,a2
printf 'special_result_attribute = memberdn\nleaf_result_attribute = maildrop\nresult_attribute = uid\n' | base
is 'leaf attributes' "$(q g | tail -n 1)" ug,a1,a2,b1,ub
printf 'special_result_attribute = memberdn\nterminal_result_attribute = uid\n' | base
is 'terminal attributes' "$(q g)$(q h)$(q a)" uguga1,a2

echo 'expansion_limit = 1' | base
like 'the expansion limit' "$(q a | tail -n 1)" "query error: expansion limit exceeded for key 'a'"
is 'is met' "$(q b)" b1
like 'and limits what is fetched' "$(q two | tail -n 1)" 'query error: search error 4: Size limit exceeded'
echo 'size_limit = 1' | base
is 'the size limit counts entries' "$(q a)" a1,a2
like 'and is a failure' "$(q two | tail -n 1)" 'query error: search error 4: Size limit exceeded'
echo 'scope = base' | base
is 'scope base' "$(q a)" ''
echo 'scope = one' | base
is 'scope one' "$(q a)" a1,a2
printf 'search_base = cn=%%u,dc=x\nscope = base\nquery_filter = (maildrop=*)\n' | config
is 'a base made of the key' "$(q a | tail -n 1)" a1,a2
for key in 'a,dc=y' 'a+cn=b' nope 'a,dc=x' '"a"' 'a\'; do
	is "is not there: $key" "$(q "$key" | grep -v useless)" ''
done

while IFS='|' read -r settings pattern; do
	printf "$settings\n" | base
	like "a failure: $settings" "$(q a | tail -n 1)" "$pattern"
done <<'E'
query_filter = bogus|query error: search error -7: Bad search filter
query_filter = (cn=%%x)|fatal: .*invalid query template
search_base = dc=nope|query error: search error 32
search_base = bogus|query error: search error 34
search_base = cn=%%x|fatal: .*invalid query template
bind_dn = cn=a,dc=x\nbind_pw = bad|query error: bind to server .* with dn cn=a,dc=x: 49
bind = foo|fatal: ./l.cf: unsupported parameter value: bind = foo
start_tls = maybe|fatal: ./l.cf: bad boolean configuration: start_tls = maybe
timeout = x|fatal: ./l.cf: bad numerical configuration: timeout = x
sasl_minssf = 0\nbind = sasl\nsasl_mechs = NONESUCH|query error: bind to server
bogus|fatal: ./l.cf, line 3: missing '=' after attribute name: "bogus"
E
while read -r settings; do
	printf "$settings\n" | base
	is "all right: $settings" "$(q a 2>/dev/null | tail -n 1)" a1,a2
done <<'E'
bind_dn = cn=a,dc=x\nbind_pw = pw
bind = no
version = 2
version = 4
dereference = 3
chase_referrals = yes
scope = foo
E
for host in "127.0.0.1:1, 127.0.0.1:$(cat ldap/port)" "ldap://127.0.0.1:1 $at" \
    "ldapi://$(echo "$T/ldap/run/sock" | sed 's|/|%2f|g')" "127.0.0.1
server_port = $(cat ldap/port)"; do
	printf 'search_base = dc=x\nserver_host = %s\n' "$host" >l.cf
	is "servers: $host" "$(q a)" a1,a2
done
printf 'search_base = dc=x\nserver_host = 127.0.0.1:1\n' >l.cf
like 'no server is a failure' "$(q a)" "fatal: table ldap:./l.cf: query error: bind to server ldap://127.0.0.1:1: -1"
is 'no listing' "$(postmap -s ldap:./l.cf 2>&1)" 'postmap: fatal: table ldap:./l.cf: sequence operation is not supported'
is 'no changes' "$(postmap -d a ldap:./l.cf 2>&1)" 'postmap: fatal: ldap:./l.cf map requires O_RDONLY access mode'
# Who we are for the server: one entry is for those it knows.
is 'not for everybody' "$(base </dev/null; q who)" ''
printf 'bind_dn = cn=a,dc=x\nbind_pw = pw\n' | base
is 'a password' "$(q who)" known
sasl() { { echo 'bind = sasl'; cat; } | base; }
for mech in SCRAM-SHA-256 DIGEST-MD5; do
	printf "sasl_mechs = $mech\nbind_dn = a\nbind_pw = pw\n" | sasl
	is "SASL: $mech" "$(q who)" known
	printf "sasl_mechs = $mech\nbind_dn = a\nbind_pw = bad\n" | sasl
	like "SASL: $mech, a wrong password" "$(q who)" 'query error: bind to server .*: 49'
done
printf 'sasl_mechs = DIGEST-MD5\nbind_dn = a\nbind_pw = pw\nsasl_minssf = 256\n' | sasl
like 'SASL: less protection than we want' "$(q who)" 'query error: bind to server'
socket=ldapi://$(echo "$T/ldap/run/sock" | sed 's|/|%2f|g')
echo "search_base = dc=x
server_host = $socket
bind = sasl
sasl_mechs = EXTERNAL" >l.cf
is 'SASL: EXTERNAL, by the user at the other end of a socket' "$(q who)" known
if [ -n "$has_tls" ]; then
	ca="tls_ca_cert_file = $T/tls/ca.pem"
	client="tls_cert = $T/tls/client.pem\ntls_key = $T/tls/client.key"
	secure="ldaps://127.0.0.1:$(cat ldap/tls-port)"
	echo 'start_tls = yes' | base
	is 'encrypted' "$(q a)" a1,a2
	printf 'start_tls = yes\ntls_require_cert = yes\n' | base
	like 'a certificate nobody vouches for' "$(q a)" 'query error: STARTTLS to server'
	printf "start_tls = yes\ntls_require_cert = yes\ntls_ca_cert_file = $T/tls/other.pem\n" | base
	like 'or somebody else' "$(q a)" 'query error: STARTTLS to server'
	printf "start_tls = yes\ntls_require_cert = yes\n$ca\n" | base
	is 'one that we know' "$(q a)" a1,a2
	sed -i 's/127.0.0.1/localhost/' l.cf
	like 'of another name' "$(q a)" 'query error: STARTTLS to server'
	printf "start_tls = yes\ntls_require_cert = yes\n$ca\n$client\nsasl_mechs = EXTERNAL\n" | sasl
	is 'SASL: EXTERNAL, by our certificate' "$(q who)" known
	printf "search_base = dc=x\nserver_host = $secure\ntls_require_cert = yes\n$ca\n" >l.cf
	is 'encrypted from the start' "$(q a)" a1,a2
	is 'without a certificate nobody in particular' "$(q who)" ''
	sed -i 's/ca.pem/other.pem/' l.cf
	like 'there, too, certificates are looked at' "$(q a)" 'query error: bind to server ldaps:'
	sed -i '/^tls_require_cert/s/yes/no/' l.cf
	is 'unless we do not care' "$(q a)" a1,a2
	printf "start_tls = yes\ntls_cipher_suite = NONSENSE\n" | base
	like 'ciphers that nobody has' "$(q a)" 'query error: (options|STARTTLS) to server'
fi

# Daemons ask through proxymap, which loads the module too.
I=$T/i
instance_new "$I"
cf_set "$I/etc/main.cf" "shlib_directory = ${PH_BIN%/bin}/modules
proxy_read_maps = proxy:ldap:$I/etc/l.cf"
base </dev/null
cp l.cf "$I/etc"
through() { postmap -c "$I/etc" -q "$1" "proxy:ldap:$I/etc/l.cf" 2>&1; }
must 'an instance starts' instance_start "$I"
is 'through proxymap' "$(through a)" a1,a2
is 'letter case is folded there, too' "$(through A)" a1,a2
ok 'not found is not found' fails_with 1 postmap -c "$I/etc" -q none "proxy:ldap:$I/etc/l.cf"
server_stop ldap
like 'no server is a failure there, too' "$(through a)" 'query error'
ok 'it starts again' server_start ldap
is 'and is found again' "$(through a)" a1,a2
instance_stop "$I"

# A server that goes away and comes back, asked by a process that lives on.
echo 'special_result_attribute = memberdn' | base
ask_open ldap:./l.cf
is 'found' "$(ask get a)" 'found a1,a2'
server_stop ldap -KILL
is 'the server has died' "$(ask get a)" retry
is 'absent keys are no exception' "$(ask get none)" retry
rm -f ldap/run/pid
ok 'it starts again' server_start ldap
is 'and answers again' "$(ask get a)" 'found a1,a2'
server_stop ldap
ok 'a restart' server_start ldap
is 'between two lookups goes unnoticed' "$(ask get g)" 'found g1,a1,a2,b1'
ask_close
silent_server
printf "server_host = 127.0.0.1:$silent_port\nsearch_base = dc=x\ntimeout = 1\n" >l.cf
began=$(date +%s)
like 'a silent server is a failure' "$(q a)" 'query error: bind to server .*: -5 \(Timed out\)'
ok 'in time' test $(($(date +%s) - began)) -lt $((5 * ${PH_PATIENCE:-1}))
echo 'bind = no' >>l.cf
like 'without a bind, too' "$(q a)" 'query error: search error -5'
done_testing
