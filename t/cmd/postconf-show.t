#!/bin/sh
# postconf: what it shows of main.cf and master.cf
. "$(dirname "$0")/../lib.sh"

main() { cat >"$T/main.cf"; }
master() { cat >"$T/master.cf"; }
pc() { (cd "$T" && at_once postconf -c . "$@" 2>&1); }
out() { (cd "$T" && at_once postconf -c . "$@" 2>/dev/null); }
master </dev/null

# Where this build differs from Debian's by intention.
own='alias_database|alias_maps|address_verify_map|postscreen_cache_map|command_directory|config_directory|daemon_directory|data_directory'
own="$own|default_database_type|html_directory|mail_name|mailq_path|manpage_directory|meta_directory|newaliases_path|sendmail_path"
own="$own|readme_directory|sample_directory|shlib_directory|process_id|myhostname|mydomain|mynetworks"
main </dev/null
grep -vE "^($own) =" "$PH_SRC/t/data/postconf/parameters-3.7.11.txt" >"$T/want"
out -d >"$T/all"
names=$(sed 's/ =.*//' "$T/want")
out -d $names >"$T/got"
is 'every default of 3.7.11 is the same' "$(diff "$T/want" "$T/got")" ''
is 'every name of 3.7.11 is known' "$(pc -dH $(sed 's/ =.*//' "$PH_SRC/t/data/postconf/parameters-3.7.11.txt") | grep 'unknown parameter')" ''
ok '-d lists names in order' sh -c "sed 's/ =.*//' '$T/all' | LC_ALL=C sort -c"

main <<'EOF'
myorigin =   $mydomain
	next
# inside
  more
always_bcc =
EOF
is '-n shows what is set, white space collapsed' "$(pc -n)" 'always_bcc =
config_directory = .
myorigin = $mydomain next more'
is 'an old name is empty when it is asked for' "$(out virtual_maps)" 'virtual_maps ='
is '-h shows values' "$(out -h always_bcc myorigin)" '
$mydomain next more'
is '-H shows names' "$(out -nH)" 'always_bcc
config_directory
myorigin'
is 'arguments keep their order; an unknown one is a warning' "$(pc mail_version nosuch mail_version)" 'postconf: warning: nosuch: unknown parameter
mail_version = 3.7.11
mail_version = 3.7.11'
is '-j prints JSON' "$(out -j myorigin)" '{"myorigin": "$mydomain next more"}'

main <<'EOF'
a = 1
always_bcc = ${a?{yes}:{no}}${b?yes:no} ${b:unset} ${a:unset}
EOF
like 'an undefined name is a warning' "$(pc -n)" '^postconf: warning: \./main\.cf: undefined parameter: b$'
is '-x' "$(out -xh always_bcc)" 'yes unset'

main <<'EOF'
always_bcc = ${{1} == {1}?yes:no}|${{2} < {10}}|${{2} < {10a}}|${{a} != {b} ? { x } : {y}}|$$x
compatibility_level=3.6
relayhost = ${{$compatibility_level} <level {3.10} ? {old} : {new}}
mydestination = $service_name $process_name
EOF
is 'comparisons' "$(out -xh always_bcc)" 'yes:no|true|| x |$x'
is 'levels compare by part' "$(out -xh relayhost)" old
is 'read-only names have values' "$(out -x mydestination)" 'mydestination = postconf'

main <<'EOF'
a = $b
b = $a
always_bcc = $a
EOF
is 'a loop ends' "$(pc -x always_bcc | sed 's/"[ab]"/X/'; out -x always_bcc; echo $?)" 'postconf: warning: unreasonable macro call nesting: X
postconf: fatal: macro processing error
1'

main <<'EOF'
myhostname = mh.example.com
EOF
is 'defaults follow what is set' "$(out -x myorigin mydestination)" 'myorigin = mh.example.com
mydestination = mh.example.com, localhost.example.com, localhost'
is '-dx does not' "$(out -dx myorigin | grep -c mh.example.com)" 0
main <<'EOF'
foo = x
 bar
EOF
is 'an unused name is warned of after the output' "$(pc -n)" 'config_directory = .
postconf: warning: ./main.cf: unused parameter: foo=x bar'
is '-o sets for this run' "$(out -o relayhost=x -n)" 'config_directory = .
relayhost = x'
main <<'EOF'
smtpd_restriction_classes = cls1, cls2
cls1 = permit
alias_maps = ldap:ld
ld_search_base = x
ld_bogus = y
process_name = z
EOF
is 'classes and database names are known' "$(pc -n)" 'postconf: warning: ./main.cf: read-only parameter assignment: process_name=z
postconf: warning: ./main.cf: undefined parameter: cls2
alias_maps = ldap:ld
cls1 = permit
config_directory = .
ld_search_base = x
smtpd_restriction_classes = cls1, cls2
postconf: warning: ./main.cf: unused parameter: ld_bogus=y'
is '-C selects a class' "$(out -C user)" 'cls1 = permit
ld_search_base = x'

main </dev/null
echo 'foo unix - n n - 0 pipe' | master
is 'a pipe service has its 17 parameters' "$(out -C service | wc -l)" 17
is 'its time limit among them' "$(out foo_time_limit)" 'foo_time_limit = $command_time_limit'

master <<'EOF'
maildrop   unix  -       n       n       -       -       pipe flags=DRXhu user=vmail argv=/usr/bin/maildrop -d ${recipient} {a b} more arguments to make a long line here yes
submission inet n - y - - smtpd -v -o user1=$mv -o mv=1
EOF
is '-M' "$(out -M submission)" 'submission inet  n       -       y       -       -       smtpd -v -o user1=$mv -o mv=1'
is '-Mf folds' "$(out -Mf)" 'maildrop   unix  -       n       n       -       -       pipe flags=DRXhu
    user=vmail argv=/usr/bin/maildrop -d ${recipient} {a b} more arguments to
    make a long line here yes
submission inet  n       -       y       -       -       smtpd -v
    -o user1=$mv
    -o mv=1'
is '-Fh' "$(out -Fh '*/inet/command')" 'smtpd -v -o user1=$mv -o mv=1'
is '-F' "$(out -F submission)" 'submission/inet/service = submission
submission/inet/type = inet
submission/inet/private = n
submission/inet/unprivileged = -
submission/inet/chroot = y
submission/inet/wakeup = -
submission/inet/process_limit = -
submission/inet/command = smtpd -v -o user1=$mv -o mv=1'
is '-Px expands within the entry' "$(out -Px)" 'submission/inet/mv = 1
submission/inet/user1 = 1'
is 'an unmatched request is a warning' "$(pc -M nosuch)" 'postconf: warning: unmatched request: "nosuch"
postconf: warning: ./master.cf: unused parameter: user1=$mv'
is '-Ff gives each -o a line' "$(out -Ff '*/inet/command')" 'submission/inet/command = smtpd -v
    -o user1=$mv
    -o mv=1'
is 'entries are shown in the order of the file, once for each request' "$(out -FH submission/inet/type '*/*/service' maildrop/unix/type)" \
    'maildrop/unix/service
maildrop/unix/type
submission/inet/type
submission/inet/service'
echo 'foo unix - n n - 0 y {a} { b c }d' | master
is 'text after a brace is warned of' "$(pc -M)" "postconf: warning: master.cf: syntax error after '}' in \"{ b c }d\"
foo        unix  -       n       n       -       0       y a {b c}"
echo 'foo unix - n n - 0 smtp -o a={b} -o{c=d} -v -D -o e=f g -o h' | master
is 'every form of -o' "$(out -Mf)" 'foo        unix  -       n       n       -       0       smtp
    -o a={b}
    -o c=d
    -v -D
    -o e=f
    g -o h'
echo 'foo unx - n n - 0 x' | master
is 'a bad field is fatal' "$(pc -M)" 'postconf: fatal: invalid type field "unx" in "foo unx - n n - 0 x"'
echo 'foo unix - n' | master
is 'too few fields are fatal' "$(pc -M)" 'postconf: fatal: file ./master.cf: line 1: bad field count'
rm "$T/master.cf"
is 'a missing master.cf is a warning' "$(pc -n)" 'postconf: warning: open ./master.cf: No such file or directory
config_directory = .'
echo foo | main
is 'a line without = is fatal' "$(pc -n; echo $?)" "postconf: fatal: ./main.cf, line 1: missing '=' after attribute name: \"foo\"
1"
main <<'EOF'
virtual_alias_maps = redis:rd
rd_redis = inet:127.0.0.1:6379
rd_nosuch = x
EOF
master </dev/null
is 'names of a redis table are known' "$(pc -n)" 'config_directory = .
rd_redis = inet:127.0.0.1:6379
virtual_alias_maps = redis:rd
postconf: warning: ./main.cf: unused parameter: rd_nosuch=x'
is '-l' "$(out -l)" 'flock
fcntl
dotlock'
like '-m lists table types' "$(out -m)" '^static$'
done_testing
