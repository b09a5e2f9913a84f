#!/bin/sh
# postmap --lint: entries that cannot do what they look like
. "$(dirname "$0")/../lib.sh"

mkdir "$T/conf"
export MAIL_CONFIG="$T/conf"
cd "$T" || exit 1
cat >conf/main.cf <<CF
compatibility_level = 3.6
mydestination = local.example
recipient_delimiter = +
virtual_alias_maps = lmdb:$T/other
smtpd_restriction_classes = strict
CF
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


# Circles, across tables and by way of several results.
circles() { postmap --lint "$@" 2>&1 | sed "s|$T/||g"; }
printf 'a@x b@x, c@x\nb@x d@x\nd@x a@x, b@y\nself@x self@x, other@x\n' >v1
is 'a circle by way of one of several results' "$(circles virtual v1)" \
    'v1:1: "a@x" leads back to itself by way of "b@x" -> "d@x"'
printf 'one@x two@y\n' >v1; printf 'two@y one@x\n' >v2
is 'a circle through two tables' "$(circles virtual v1 v2)" 'v1:1: "one@x" leads back to itself by way of "two@y"'
is 'neither has one' "$(circles virtual v1; circles virtual v2)" ''
cp v2 other
is 'a circle through what main.cf names, too' "$(circles virtual v1)" 'v1:1: "one@x" leads back to itself by way of "two@y"'
rm other
printf '@x @y\n@y @x\n' >v1
is 'domains' "$(circles virtual v1)" 'v1:1: "@x" leads back to itself by way of "@y"'
printf '@x user@x\n' >v1
is 'a catch-all in its own domain is none' "$(circles virtual v1)" ''
printf 'a@x b+ext@x\nb@x a+y@x\n' >v1
is 'extensions do not hide it' "$(circles virtual v1)" 'v1:1: "a@x" leads back to itself by way of "b@x"'
printf 'one: two@local.example, three\nTwo: One@elsewhere.example, one@local.example\n' >a1
is 'aliases: only our own domains lead back' "$(postalias --lint aliases a1)" 'a1:1: "one" leads back to itself by way of "Two"'
printf 'a@x b@x\nb@x a@x\n' >c1
is 'canonical' "$(circles canonical c1)" 'c1:1: "a@x" leads back to itself by way of "b@x"'
i=0; while [ $i -lt 20000 ]; do echo "k$i@x k$((i + 1))@x"; i=$((i + 1)); done >long; echo 'k20000@x k0@x' >>long
like 'a circle of 20,001 entries' "$(circles virtual long | cut -c1-60)" '^long:1: "k0@x" leads back to itself by way of'
is 'JSON' "$(postmap --lint canonical --json c1)" \
    '{"v": 1, "file": "c1", "line": 1, "finding": "\"a@x\" leads back to itself by way of \"b@x\""}'
like 'classes are listed' "$(postmap --lint help)" '^tls-policy$'
ok 'every documented class is one' sh -c 'for c in access aliases bcc canonical cidr generic header-checks pcre regexp \
    relocated sasl tls-policy transport virtual virtual-mailbox; do : >e; chmod 600 e; postmap --lint $c e || exit; done'

is 'a table that is written out in its name' "$(postmap -c conf --lint access 'inline:{{a@b.example = REJEKT}}' 2>/dev/null)" \
    'inline:{{a@b.example = REJEKT}}:1: "REJEKT" is neither an action nor a restriction'
ok 'without fault' postmap -c conf --lint access 'inline:{a@b.example=REJECT}'
done_testing
