#!/bin/sh
# postmap --migrate: away from Berkeley DB
. "$(dirname "$0")/../lib.sh"

cd "$T" || exit 1
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

done_testing
