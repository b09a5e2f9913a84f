#!/bin/sh
# proxy: tables are read and changed through the peer's proxymap service
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"

peer_new peer "virtual_alias_maps = proxy:lmdb:$T/t, proxy:regexp:$T/re, proxy:fail:x
proxy_write_maps = proxy:lmdb:$T/cache"
mkdir "$T/conf"
printf 'compatibility_level = 3.6\nqueue_directory = %s/peer/spool\n' "$T" >"$T/conf/main.cf"
export MAIL_CONFIG="$T/conf"
printf 'a one\nb two\n' >"$T/t"
printf '/^X(.)$/ <$1>\n' >"$T/re"
chmod 755 "$T"
postmap lmdb:"$T/t"
must "the peer's instance starts" peer_start peer

is 'found' "$(postmap -q A proxy:lmdb:"$T/t")" one
ok 'not found' fails_with 1 postmap -q none proxy:lmdb:"$T/t"
is 'many keys' "$(printf 'a\nx\nb\n' | postmap -q - proxy:lmdb:"$T/t")" 'a	one
b	two'
is 'listing' "$(postmap -s proxy:lmdb:"$T/t")" 'a	one
b	two'
is 'patterns' "$(postmap -q Xy proxy:regexp:"$T/re")" '<y>'
is 'failure' "$(postmap -q x proxy:fail:x 2>&1)" 'postmap: fatal: table proxy:fail:x: query error'
is 'a table that is not approved' "$(postmap -q x proxy:lmdb:/etc/none 2>&1)" \
    'postmap: fatal: proxymap service is not configured for table "lmdb:/etc/none"'
done_testing
