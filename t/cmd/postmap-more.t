#!/bin/sh
# postmap: what it can do beyond Postfix's, by long options
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
smtpd_restriction_classes = strict
CF
touch -d '1 hour ago' old

# --verify
printf 'a 1\nb 2\nc 3\n' >src
for type in gdbm lmdb cdb; do
	postmap $type:src
	ok "$type: a fresh index is verified" postmap --verify $type:src
	printf 'a 1\nb changed\nd 4\n' >new
	cp new src2; postmap $type:src2; cp src src2; touch -d '1 hour ago' src2
	postmap --verify $type:src2 >out 2>&1
	is "$type: differences are status 4" $? 4
	is "$type: each difference is named" "$(LC_ALL=C sort out)" "$type:src2: different value: \"b\"
$type:src2: extra: \"d\"
$type:src2: missing: \"c\""
	rm src2.*
done
touch -d '1 hour ago' src.cdb
is 'an old index' "$(postmap --verify cdb:src)" 'cdb:src: older than its source'
postmap cdb:src
chmod 600 src
like 'an index that tells more' "$(postmap --verify cdb:src)" 'mode 644 gives more than 600 of its source'
chmod 644 src

# --if-stale
stamp() { stat -c %i src.cdb; }
before=$(stamp)
ok 'a fresh index is left alone' postmap --if-stale --exit-code cdb:src
is 'really' "$(stamp)" "$before"
touch src
ok 'a touched source with the same content, too' postmap --if-stale --exit-code cdb:src
is 'really' "$(stamp)" "$before"
echo 'd 4' >>src
touch -d '1 hour ago' src.cdb
ok 'a changed source is built' fails_with 3 postmap --if-stale --exit-code cdb:src
is 'really' "$(postmap -q d cdb:src)" 4
rm src.cdb
ok 'a missing index is built' postmap --if-stale cdb:src
ok 'really' test -f src.cdb

# --convert, --dump, --stats
is 'entries are counted' "$(postmap --convert cdb:src lmdb:copy)" '4 entries'
is 'and are there' "$(postmap -s lmdb:copy)" 'a	1
b	2
c	3
d	4'
is 'nothing is left over' "$(ls | grep -c converting)" 0
chmod 600 copy.lmdb
postmap --convert cdb:src lmdb:copy >/dev/null
is 'rights stay' "$(stat -c %a copy.lmdb)" 600
like 'a target without an index' "$(postmap --convert cdb:src texthash:copy 2>&1)" 'texthash:copy has no index file'
like 'a missing original' "$(postmap --convert cdb:none lmdb:copy 2>&1)" 'open database none.cdb'
is 'and the target is untouched' "$(postmap -q a lmdb:copy)" 1
is 'text' "$(postmap --dump lmdb:copy | head -n 1)" 'a	1'
postmap --dump lmdb:copy >again
postmap cdb:again
is 'text can be built again' "$(postmap -s cdb:again)" "$(postmap -s lmdb:copy)"
printf 'k "q" \\ x\n' | postmap -i lmdb:odd
is 'JSON' "$(postmap --dump --format jsonl lmdb:odd)" '{"key":"k","value":"\"q\" \\ x"}'
is 'CSV' "$(postmap --dump --format csv lmdb:odd)" '"k","""q"" \ x"'
like 'statistics' "$(postmap --stats lmdb:copy | tr '\n' ' ')" 'table: lmdb:copy entries: 4 key_bytes: 4 .* file: copy.lmdb'

# --diff, --test, --bench
printf 'a 1\nb 2\nc 3\n' >da; printf 'b 2\nc other\nd 4\n' >db
postmap lmdb:da cdb:db
is 'tables are compared' "$(postmap --diff lmdb:da cdb:db)" '< a
! c
> d'
ok 'differences are status 4' sh -c 'postmap --diff lmdb:da cdb:db; test $? = 4'
ok 'equal tables are status 0' postmap --diff lmdb:da lmdb:da
printf '# expectations\na\t1\nb\tno\nx\t\ny\n' >expect
is 'answers are tested' "$(postmap --test expect lmdb:da)" 'b: expected no, got 2'
like 'speed is measured' "$(postmap --bench 1000 lmdb:da)" 'lmdb:da: 1000 lookups: [0-9]+ hits/s, [0-9]+ misses/s'

# --explain
printf 'other.example smtp:[x]\n.example.com smtp:[mx.internal]\n' >transport
printf '/@re\\.example$/ smtp:[re]\n' >transport.re
postmap lmdb:transport
is 'each key, each table, the line' "$(postmap --explain transport Bob+news@Sub.Example.COM | sed "s|$T/||; s|$T/||; s/  */ /g")" \
'transport_maps = lmdb:transport, regexp:transport.re
 1 lmdb:transport "Bob+news@Sub.Example.COM" miss
 2 regexp:transport.re "Bob+news@Sub.Example.COM" miss
 3 lmdb:transport "Bob@Sub.Example.COM" miss
 regexp:transport.re "Bob@Sub.Example.COM" not asked
 4 lmdb:transport "Sub.Example.COM" miss
 regexp:transport.re "Sub.Example.COM" not asked
 5 lmdb:transport ".Example.COM" HIT line 2 -> smtp:[mx.internal]
 regexp:transport.re ".Example.COM" not asked
result smtp:[mx.internal]'
like 'patterns tell their line' "$(postmap --explain transport a@re.example)" 'HIT  line 1 -> smtp:\[re\]'
ok 'no result is status 1' fails_with 1 postmap --explain transport a@none.example
is 'access needs its tables' "$(postmap --explain access-client 10.1.2.3 2>&1)" \
    'postmap: fatal: class access-client needs --tables: no parameter of main.cf names its tables'
like 'addresses are cut' "$(postmap --explain access-client --tables 'inline:{10.1=REJECT}' 10.1.2.3)" '3 .*"10.1"  HIT'
like 'an unknown class' "$(postmap --explain nonsense x 2>&1)" 'unknown class'
like 'classes are listed' "$(postmap --explain help)" '^virtual-mailbox$'

# --lint
lint() { cat >l; postmap --lint "$@" l; }
is 'access' "$(lint access <<'E'
10.0.0.0/8 REJECT
@example.com OK
*.example.com OK
.example.com REJEKT
a@b 450
c@d 450 wait
e@f FILTER nowhere
g@h strict
i@j 999 x
E
)" 'l:1: "10.0.0.0/8": networks with a mask need a cidr: table
l:2: "@example.com" never matches: write "example.com"
l:3: "*.example.com": * and ? are no wildcards here; use @domain, or a regexp: or pcre: table
l:4: ".example.com" never matches: parent_domain_matches_subdomains lists smtpd_access_maps, so "example.com" matches subdomains
l:4: "REJEKT" is neither an action nor a restriction
l:5: "450" alone permits; to refuse, write a text behind it
l:7: FILTER needs transport:destination
l:9: "999" is no reply code: 4NN or 5NN'
is 'canonical' "$(lint canonical <<'E'
example.com x@y
a@b c@d, e@f
a@b again@d
E
)" 'l:1: "example.com" is asked as a local part only; for a whole domain write "@example.com"
l:2: several addresses; only the first is used
l:3: "a@b" stands in line 2 already; this one is not used'
like 'virtual circles' "$(lint virtual <<'E'
a@x b@x
b@x a@x
E
)" 'l:1: "a@x" leads back to itself by way of "b@x"'
like 'alias circles and missing files' "$(lint aliases <<'E'
one: two
two: one
inc: :include:/nonexistent/list
E
)" ':include:/nonexistent/list: cannot be read'
printf 'smtp unix - - n - - smtp\n' >conf/master.cf
is 'transport' "$(lint transport <<'E'
@example.com smtp:[x]
a.example mx.example.com
b.example smtp:[y]
E
)" 'l:1: "@example.com" never matches: write "example.com"
l:2: master.cf has no service "mx.example.com"; for a host write ":host" or "smtp:host"'
is 'header checks' "$(lint header-checks 2>&1 <<'E'
/^Subject:/ REJEKT
/(/ DISCARD
/^X/ REDIRECT nobody
E
)" 'postmap: warning: regexp map l, line 2: Unmatched ( or \(
l:1: unknown action "REJEKT"
l:3: REDIRECT needs user@domain'
is 'tls-policy' "$(lint tls-policy <<'E'
a.example secured
b.example encrypt ciphers=high maybe colour=red
E
)" 'l:1: "secured" is no TLS level
l:2: "maybe" is no name=value
l:2: unknown attribute "colour"'
like 'readable passwords' "$(echo 'x user:pass' | lint sasl)" 'passwords that others may read'
ok 'findings are status 4' sh -c 'echo "x y" >l; postmap --lint access l >/dev/null; test $? = 4'
ok 'no findings are status 0' sh -c 'echo "x OK" >l; postmap --lint access l'

# --migrate
mkdir m
cat >m/main.cf <<CF
compatibility_level = 3.6
command_directory = $PH_BIN
virtual_alias_maps = hash:\$config_directory/virtual, btree:$T/m/more
alias_maps = hash:$T/m/aliases
smtpd_recipient_restrictions = check_client_access hash:$T/m/access, permit
postscreen_cache_map = btree:$T/m/cache
mydestination = $T/m/list
CF
printf 'smtp unix - - n - - smtp -o transport_maps=hash:%s/m/transport\n' "$T" >m/master.cf
printf 'a@b c@d\n' | tee m/virtual m/more m/transport >/dev/null
echo 'root: me' >m/aliases
echo '10 OK' >m/access
echo "hash:$T/m/dest" >m/list; echo 'x y' >m/dest
cp -r m m2
is 'a dry run tells everything' "$(MAIL_CONFIG=$T/m postmap --migrate --dry-run --to lmdb 2>&1 | sed "s|$T/||g" | LC_ALL=C sort)" \
"build   postalias lmdb:m/aliases
build   postmap lmdb:m/access
build   postmap lmdb:m/dest
build   postmap lmdb:m/more
build   postmap lmdb:m/transport
build   postmap lmdb:m/virtual
cache   lmdb:m/cache (begins empty)
change  postconf -P 'smtp/unix/transport_maps=lmdb:m/transport'
change  postconf -e 'alias_maps = lmdb:m/aliases'
change  postconf -e 'postscreen_cache_map = lmdb:m/cache'
change  postconf -e 'smtpd_recipient_restrictions = check_client_access lmdb:m/access, permit'
change  postconf -e 'virtual_alias_maps = lmdb:\$config_directory/virtual, lmdb:m/more'
edit    m/list:1 by hand: lmdb:m/dest"
ok 'and changes nothing' diff -r m m2
ok 'the real run works' env MAIL_CONFIG="$T/m" postmap --migrate --to lmdb
is 'main.cf is changed' "$(grep -c 'hash:\|btree:' m/main.cf)" 0
is 'master.cf, too' "$(grep -c 'hash:' m/master.cf)" 0
is 'tables answer' "$(MAIL_CONFIG=$T/m postmap -q a@b lmdb:m/virtual)" c@d
is 'aliases, too' "$(MAIL_CONFIG=$T/m postalias -q root lmdb:m/aliases)" me
rm m/access
MAIL_CONFIG=$T/m2 postmap --migrate >out 2>&1
is 'without a source it is status 4' $? 4
like 'the table is named' "$(cat out)" "FAIL    smtpd_recipient_restrictions: gdbm:$T/m/access has no text source"
is 'and the configuration stays' "$(grep -c 'hash:' m2/main.cf)" 3

is 'one action only' "$(postmap --verify --dump src 2>&1)" \
    'postmap: fatal: specify only one of --verify --if-stale --convert --dump --stats --diff --test --bench --explain --lint or --migrate'
ok 'postalias has them, too' postalias --help
done_testing
