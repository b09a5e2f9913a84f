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


# What stands in braces, looks like a table, or is left out.
mkdir n
cat >n/main.cf <<CF
compatibility_level = 3.6
command_directory = $PH_BIN
data_directory = $T/n
default_database_type = hash
virtual_alias_maps = pipemap:{hash:$T/n/a, inline:{x=hash:y}}, unionmap:{hash:$T/n/b,btree:$T/n/c}
  proxy:hash:$T/n/d, regexp:{ {/hash:x/ btree:y} }, static:hash:z
address_verify_map = btree:\$data_directory/verify
alias_maps = hash:$T/n/aliases, nis:mail.aliases
alias_database = \$alias_maps
CF
printf 'submission inet n - n - - smtpd\n  -o { smtpd_sender_restrictions = check_sender_access hash:%s, reject }\n  -o { alias_maps = inline:{ { a = hash:x } } hash:%s }\n' "$T/n/e" "$T/n/aliases" >n/master.cf
for f in a b c d e; do echo 'k v' >n/$f; done
echo 'root: me' >n/aliases
ok 'a configuration full of them is migrated' sh -c "MAIL_CONFIG=$T/n postmap --migrate --to cdb >migrated"
is 'what an option cannot hold is left to people' "$(grep edit migrated | sed "s|$T/||g")" \
    'edit    master.cf by hand: submission/inet/alias_maps=inline:{ { a = hash:x } },cdb:n/aliases'
sed -i '/inline/d' n/master.cf
is 'main.cf has the new types where tables are' "$(grep -E '^(virtual|address|alias_maps|default)' n/main.cf | sed "s|$T/||g")" \
"default_database_type = cdb
virtual_alias_maps = pipemap:{cdb:n/a, inline:{x=hash:y}}, unionmap:{cdb:n/b,cdb:n/c}  proxy:cdb:n/d, regexp:{ {/hash:x/ btree:y} }, static:hash:z
address_verify_map = gdbm:\$data_directory/verify
alias_maps = cdb:n/aliases, nis:mail.aliases"
like 'master.cf, too, in braces' "$(cat n/master.cf)" "smtpd_sender_restrictions *= *check_sender_access,cdb:$T/n/e,reject"
is 'and all have their index' "$(cd n; ls *.cdb | tr '\n' ' ')" 'a.cdb aliases.cdb b.cdb c.cdb d.cdb e.cdb '
is 'a second run has nothing to do' "$(MAIL_CONFIG=$T/n postmap --migrate --to cdb)" 'no Berkeley DB tables'
printf 'compatibility_level = 3.6\ncommand_directory = %s\ndefault_database_type = hash\n' "$PH_BIN" >n/main.cf; rm n/master.cf
like 'the default aliases follow the default type' "$(MAIL_CONFIG=$T/n postmap --migrate --dry-run --to lmdb)" 'lmdb:/etc/aliases'
like 'where that is Berkeley DB, gdbm' "$(MAIL_CONFIG=$T/n postmap --migrate --dry-run)" 'gdbm:/etc/aliases'
is 'Berkeley DB is no way out' "$(MAIL_CONFIG=$T/n postmap --migrate --to hash 2>&1)" 'postmap: fatal: hash tables need Berkeley DB'
like 'a type without an index is refused' "$(MAIL_CONFIG=$T/n postmap --migrate --to regexp 2>&1)" 'fatal: regexp tables have no index file'
is 'operands are refused' "$(MAIL_CONFIG=$T/n postmap --migrate x 2>&1)" 'postmap: fatal: --migrate takes its tables from main.cf and master.cf'
done_testing
