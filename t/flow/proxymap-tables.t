#!/bin/sh
# proxymap: reads what is listed, refuses what is not, writes only as proxywrite
. "$(dirname "$0")/../lib.sh"
I=$T/i
instance_new "$I"
tab="texthash:$I/etc/tab" db="$(postconf -c "$I/etc" -h default_database_type):$I/data/cache"
printf 'key value\nother thing\n' >"$I/etc/tab"
cat >>"$I/etc/main.cf" <<CF
proxy_read_maps = proxy:$tab proxy:unix:passwd.byname proxy:$db
proxy_write_maps = proxy:$db
CF
export MAIL_CONFIG="$I/etc"
must 'the instance starts' instance_start "$I"
is 'a listed table is looked up' "$(postmap -q key "proxy:$tab")" value
ok 'a key that is not there is not found' fails_with 1 postmap -q none "proxy:$tab"
like 'accounts of the system too' "$(postmap -q root proxy:unix:passwd.byname)" '^root:'
echo 'key changed' >"$I/etc/tab"
is 'a changed table is noticed' "$(postmap -q key "proxy:$tab")" changed
echo 'a b' >"$I/etc/secret"
ok 'a table that is not listed is refused' fails_with 1 postmap -q a "proxy:texthash:$I/etc/secret"
ok 'and the log says so' wait_for 5 instance_logged "$I" \
    "proxymap\\[[0-9]+\\]: warning: request for unapproved table: \"texthash:$I/etc/secret\""
ok 'nothing failed' sh -c '! grep -q throttling "$1"' sh "$I/log/mail.log"
instance_stop "$I"
done_testing
