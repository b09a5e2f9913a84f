#!/bin/sh
# postconf --set, --undo, --diff, --explain, --who-uses, --grep, --json, --profile
. "$(dirname "$0")/../lib.sh"

C=$T/etc
mkdir "$C"
fresh() {
	printf '%s\n' '# our host' 'compatibility_level = 3.6' 'myhostname = mail.example.com' '' \
	    'mydestination = $myhostname,' '  localhost' '# tables' 'alias_maps = texthash:/etc/a' \
	    'smtpd_milters = { unix:/a, timeout=3 }, inet:localhost:1' >"$C/main.cf"
	printf '%s\n' 'smtp inet n - n - - smtpd' '  -o smtpd_client_restrictions=$ours' '  -o ours=permit' >"$C/master.cf"
	rm -f "$C/main.cf.prev"
	touch -d '1 hour ago' "$C"/*
}
pc() { at_once postconf -c "$C" "$@"; }
main() { cat "$C/main.cf"; }

fresh
is 'what is said of each name' "$(pc --set relayhost=x myhostname=mail.example.com)" 'changed relayhost
unchanged myhostname'
is 'order and comments stay' "$(main)" '# our host
compatibility_level = 3.6
myhostname = mail.example.com

mydestination = $myhostname,
  localhost
# tables
alias_maps = texthash:/etc/a
smtpd_milters = { unix:/a, timeout=3 }, inet:localhost:1
relayhost = x'
ok 'the file before is kept' test -f "$C/main.cf.prev"
is 'the second time nothing changes' "$(pc --set relayhost=x --exit-code; echo $?)" 'unchanged relayhost
0'
is 'a change can be seen in the exit status' "$(pc --set relayhost=y --exit-code; echo $?)" 'changed relayhost
10'
before=$(main)
is 'a dry run says so too' "$(pc --set --dry-run --exit-code relayhost=z; echo $?)" 'changed relayhost
10'
is 'and changes nothing' "$(main)" "$before"
like 'undo shows the difference' "$(pc --undo)" '^\+relayhost = x$'
is 'and undoes' "$(pc -h relayhost)" x
pc --undo >/dev/null
is 'undo can be undone' "$(pc -h relayhost)" y

fresh
pc --set 'smtpd_milters+=inet:localhost:2' 'mydestination-=localhost' >/dev/null
is 'an item is added' "$(pc -h smtpd_milters)" '{ unix:/a, timeout=3 }, inet:localhost:1, inet:localhost:2'
is 'and one removed' "$(pc -h mydestination)" '$myhostname'
is 'not twice' "$(pc --set 'smtpd_milters+=inet:localhost:2')" 'unchanged smtpd_milters'
pc --set 'smtpd_milters-={ unix:/a, timeout=3 }' >/dev/null
is 'braces are one item' "$(pc -h smtpd_milters)" 'inet:localhost:1, inet:localhost:2'
pc --set 'smtpd_recipient_restrictions+=check_client_access texthash:/x' 'smtpd_recipient_restrictions+=reject' >/dev/null
pc --set 'smtpd_recipient_restrictions-=check_client_access texthash:/x' >/dev/null
is 'so are a restriction and its table' "$(pc -h smtpd_recipient_restrictions)" reject
pc --set 'smtpd_recipient_restrictions=check_client_access texthash:/x, reject_rbl_client dnsbl.example, reject' >/dev/null
pc --set 'smtpd_recipient_restrictions-=texthash:/x' >/dev/null
is 'a table takes its restriction along' "$(pc -h smtpd_recipient_restrictions)" 'reject_rbl_client dnsbl.example, reject'
pc --set 'smtpd_recipient_restrictions-=reject_rbl_client' >/dev/null
is 'and a restriction its argument' "$(pc -h smtpd_recipient_restrictions)" reject
pc --set smtpd_restriction_classes=mine 'mine=CHECK_SENDER_ACCESS texthash:/y, permit' 'mine-=texthash:/y' >/dev/null
is 'in a class, too' "$(pc -h mine)" permit
pc --set 'virtual_alias_maps=check_client_access texthash:/x' 'virtual_alias_maps-=texthash:/x' >/dev/null
is 'but not in another list' "$(pc -h virtual_alias_maps)" check_client_access
pc --set virtual_alias_maps=texthash:/v 'virtual_alias_domains+=example.org' >/dev/null
is 'an item for a list that was not set follows its default' "$(pc -h virtual_alias_domains)" '$virtual_alias_maps, example.org'
printf 'relayhost = [a.example]\n# comment\nmydestination =\n  b.example\n' >"$T/requests"
is 'requests from a file' "$(pc --set "$T/requests"; pc -h mydestination)" 'changed relayhost
changed mydestination
b.example'
is 'and from standard input' "$(pc --set - <"$T/requests")" 'unchanged relayhost
unchanged mydestination'

fresh
before=$(main)
like 'an unknown name is a warning with a guess' "$(pc --set --dry-run smtpd_timout=3s 2>&1)" 'smtpd_timout: unknown parameter; did you mean "smtpd_timeout"'
ok 'or refused' fails_with 1 pc --set --refuse-unknown smtpd_timout=3s relayhost=x
ok 'a value that no program takes is refused' fails_with 1 pc --set default_process_limit=many relayhost=x
for value in 'myhostname=a b' mydomain=-x myorigin='a b' inet_interfaces=192.0.2.300 inet_protocols=ipv5 compatibility_level=3,6; do
	ok "nor is one that means nothing: $value" fails_with 1 pc --set "$value" relayhost=x
done
is 'with the reason that --lint gives' "$(pc --set 'myhostname=${process_name} b' 2>&1)" 'postconf: fatal: parameter myhostname: bad parameter value: postconf b'
is 'what may be put right afterwards is a warning' "$(pc --set --dry-run 'alias_maps=nosuch:/x' 2>&1)" \
    'postconf: warning: alias_maps: "nosuch:/x" is no table (write type:name; postconf -m lists types)
changed alias_maps'
ok 'a value that cannot be expanded too' fails_with 1 pc --set 'relayhost=${x'
ok 'a read-only name too' fails_with 1 pc --set process_id=1
is 'a name alone is no file' "$(pc --set relayhost 2>&1)" 'postconf: fatal: relayhost is a parameter: write relayhost=value'
ok 'a request without sense is an error' fails_with 1 pc --set 'relayhost+='
is 'then nothing is changed' "$(main; ls "$C")" "$before
main.cf
master.cf"
printf '%s\n' 'loop = $pool' 'pool = $loop' 'relayhost = $loop' >>"$C/main.cf"
like 'a loop can be looked at' "$(pc --explain relayhost)" 'value  *\(cannot be expanded: unreasonable macro call nesting'
like 'in JSON too' "$(pc --json relayhost | jq -r .error)" '^unreasonable macro call nesting'
is 'and repaired' "$(pc --set pool=x && pc -xh relayhost)" 'changed pool
x'
fresh
chmod 640 "$C/main.cf"
pc --set relayhost=x >/dev/null
is 'the mode stays' "$(stat -c %a "$C/main.cf") $(stat -c %a "$C/main.cf.prev")" '640 640'
i=0
while [ $i -lt 12 ]; do
	i=$((i + 1))
	pc --set "virtual_alias_domains+=d$i.example" >/dev/null &
done
wait
is 'edits at once are edits one after the other' "$(pc -h virtual_alias_domains | grep -o 'd[0-9]*\.example' | wc -l)" 12
is 'JSON' "$(pc --set relayhost=j --json | jq -c '[.name, .result, .old, .new]')" '["relayhost","changed","x","j"]'

fresh
is '--diff with the defaults' "$(pc --diff | grep -A1 '^-myhostname')" "$(printf '%s\n' "-myhostname = " '+myhostname = mail.example.com')"
mkdir "$T/other"; sed 's/^  localhost/\tlocalhost  # x/; s/ # x//; /^#/d' "$C/main.cf" >"$T/other/main.cf"
echo 'smtp  inet n - n - - smtpd -o { smtpd_client_restrictions = $ours } -o ours=permit' >"$T/other/master.cf"
touch -d '1 hour ago' "$T/other"/*
is 'order, spacing and comments do not count' "$(pc --diff "$T/other")" ''
echo 'relayhost = r' >>"$T/other/main.cf"
sed -i 's/ours=permit/ours=reject/' "$T/other/master.cf"
touch -d '1 hour ago' "$T/other"/*
is 'two directories' "$(pc --diff "$C" "$T/other")" '-relayhost = 
+relayhost = r
-service:smtp/inet = smtp inet n - n - - smtpd -o smtpd_client_restrictions=$ours -o ours=permit
+service:smtp/inet = smtp inet n - n - - smtpd -o smtpd_client_restrictions=$ours -o ours=reject'
pc -n >"$T/saved"; touch -d '1 hour ago' "$T/saved"
pc --set relayhost=new >/dev/null
is 'a saved list' "$(pc --diff "$T/saved" | grep -v config_dir)" '-relayhost = 
+relayhost = new'

fresh
like '--explain says where' "$(pc --explain myhostname)" "set in .*$C/main.cf:3"
like 'and how it is expanded' "$(pc --explain mydestination)" '\$myhostname -> mail.example.com  .*main.cf:3'
like 'and who reads it' "$(pc --explain smtpd_timeout)" 'read by  *smtpd'
like 'and what it is good for' "$(pc --explain mydestination)" 'delivered on this host to its users'
is 'with an example to be typed' "$(pc --explain recipient_delimiter | tail -n 1)" "  example   postconf --set 'recipient_delimiter=+'"
unread=$(grep -m 1 '_' "${PH_BIN%/bin}/gen/unread")
[ -z "$unread" ] || like 'and that nothing reads it' "$(pc --explain "$unread")" 'but  *no program of this version reads it'
is 'a wrong long option' "$(pc --explain 2>&1 | tail -n 1)" 'postconf: fatal: postconf --help tells of all options'
like 'a name of the user' "$(pc --explain ours 2>&1)" 'unknown parameter'
ok 'a name of nobody' fails_with 3 pc --explain nosuchname
is '--explain --json' "$(pc --explain alias_maps --json | jq -c '[.value, .line, .type, .since]')" '["texthash:/etc/a",8,"string","1.0"]'
like '--who-uses a parameter' "$(pc --who-uses myhostname)" "main.cf:5: mydestination = "
like '--who-uses a name of a service' "$(pc --who-uses ours)" 'smtp/inet/smtpd_client_restrictions = \$ours'
like '--who-uses a table' "$(pc --who-uses texthash:/etc/a)" "main.cf:8: alias_maps = "
like '--who-uses a file' "$(pc --who-uses /etc/a)" "main.cf:8: alias_maps = "
ok 'nothing uses it' fails_with 3 pc --who-uses /nowhere
like '--grep finds values' "$(pc --grep texthash)" '^alias_maps = texthash:/etc/a'
is '--json' "$(pc --json -n alias_maps relayhost | jq -c '[.name, .value, .source]')" "[\"alias_maps\",\"texthash:/etc/a\",\"$C/main.cf\"]"
notes=$PH_SRC/share/parameters-notes.txt
is 'every note is about a parameter' "$(grep -o '^[a-z0-9][A-Za-z0-9_]*' "$notes" | while read -r n; do cut -f1 "$PH_SRC/share/parameters.tsv" | grep -qx "$n" || echo "$n"; done)" ''
fresh
sed -n 's/^	> //p' "$notes" >"$T/examples"
is 'every example in the notes can be set' "$(pc --set --dry-run "$T/examples" 2>&1 | grep -v -e '^changed\|^unchanged' -e ': No such file or directory$' -e '/ssl/private/.*: Permission denied$' -e 'no program of this version reads' -e 'proxymap service may not open')" ''
# The schema has each member that is written, and what it says is always there is.
postconf --json-schema >"$T/schema"
while read -r kind args; do
	fresh
	eval "pc --json $args" >"$T/lines" 2>/dev/null
	ok "$kind: there is output" test -s "$T/lines"
	is "$kind: the schema knows it" "$(jq -c --slurpfile s "$T/schema" --arg k "$kind" '($s[0]."$defs"[$k]) as $d |
	    select((keys - ($d.properties | keys)) != [] or ($d.required - keys) != [])' "$T/lines")" ''
done <<'E'
parameter -n
parameter --explain mydestination
parameter --grep milter
user --who-uses myhostname | jq -c 'del(.v)'
lint --lint
set --set relayhost=x
diff --diff
E
for p in $(postconf --profile list | cut -d' ' -f1); do
	fresh
	postconf --profile "$p" | sed -n "s/^postconf --set '\(.*\)'$/\1/p" >"$T/lines"
	ok "profile $p can be set" sh -c 'postconf -c "$1" --set --refuse-unknown "$2" && [ -s "$2" ]' sh "$C" "$T/lines"
done
ok 'modes do not mix' fails_with 1 pc --lint --undo
ok 'nor do options of others' fails_with 1 pc --lint -n
ok 'an option without its mode is an error' fails_with 1 pc --strict
is 'and told where it belongs' "$(pc --lint --dry-run 2>&1)" 'postconf: fatal: --dry-run goes with --set --undo'
done_testing
