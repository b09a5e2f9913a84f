#!/bin/sh
# table types in shared objects: where they are looked for, what is said when they are not there
. "$(dirname "$0")/../lib.sh"
mkdir -p "$T/conf/dynamicmaps.cf.d" "$T/lib" "$T/bin"
export MAIL_CONFIG="$T/conf"
cat >"$T/conf/main.cf" <<E
compatibility_level = 3.6
shlib_directory = $T/lib
meta_directory = $T/conf
daemon_directory = $T/libexec
E
cd "$T" || exit 1
# A copy that does not lie beside the modules that were built.
cp "$PH_BIN/postmap" "$PH_BIN/postconf" bin/
q() { bin/postmap -q x "$1" 2>&1; }
has() { bin/postconf -m | grep -x "$1"; }

is 'an unknown type' "$(q foo:x)" 'postmap: fatal: unsupported dictionary type: foo'
is 'one whose module is missing' "$(q ldap:x)" "postmap: fatal: unsupported dictionary type: ldap. Is the module posthorn-ldap.so installed? Not in $T/lib, $T/libexec/modules, $T/bin/../modules, $T/bin/../libexec/posthorn/modules; \"make modules\" builds it and needs libldap-dev, libsasl2-dev"
is 'it is not listed' "$(has ldap)" ''
ok 'missing types cost nothing else' bin/postmap -q x static:y
echo 'not an object' >lib/posthorn-ldap.so
like 'one that cannot be loaded' "$(q ldap:x)" "fatal: unsupported dictionary type: ldap. Cannot load its module: $T/lib/posthorn-ldap.so: .*Is the package of libldap installed"
rm lib/posthorn-ldap.so
like 'daemons get a stand-in' "$(bin/postmap --explain virtual x 2>&1; bin/postconf -e 'virtual_alias_maps = ldap:x'; bin/postmap --explain virtual x@y.z 2>&1)" 'ldap:x is unavailable. unsupported dictionary type: ldap'

so=
for m in pgsql mysql redis ldap; do
	[ ! -e "${PH_BIN%/bin}/modules/posthorn-$m.so" ] ||
	    so=${PH_BIN%/bin}/modules/posthorn-$m.so type=$m
done
if [ -n "$so" ]; then
	opens() { like "$1" "$(q $type:none)" "$2"; }
	opened='fatal: bad string length|query error:'
	PATH=$T/bin:$PATH
	cp "$so" lib/
	opens 'in shlib_directory' "$opened"
	is 'it is listed' "$(has $type)" $type
	is 'in its place' "$(bin/postconf -m | sort -c && echo sorted)" sorted
	rm lib/*.so
	mkdir -p libexec/modules
	cp "$so" libexec/modules/
	opens 'below daemon_directory' "$opened"
	rm libexec/modules/*.so
	mkdir modules
	cp "$so" modules/
	opens 'beside the program' "$opened"
	mv modules/posthorn-$type.so modules/other.so
	opens 'under its name only' 'Is the module'
	echo "$type other.so posthorn_table" >conf/dynamicmaps.cf
	opens 'unless dynamicmaps.cf says so' "$opened"
	is 'which is listed, too' "$(has $type)" $type
	printf "$type theirs.so dict_${type}_open\nnis theirs.so dict_nis_open\n" >conf/dynamicmaps.cf
	opens 'what is for another mail system is not for us' 'Is the module posthorn-'
	is 'nor are its types known' "$(q nis:x)" 'postmap: fatal: unsupported dictionary type: nis'
	echo "$type $T/modules/other.so posthorn_table" >conf/dynamicmaps.cf.d/x
	opens 'a file in dynamicmaps.cf.d, an absolute path' "$opened"
	echo "strange other.so posthorn_table" >conf/dynamicmaps.cf.d/y
	abi=$(sed 's/.*"\(.*\)"/\1/' "${PH_BIN%/bin}/gen/lib/table/table_abi.h")
	echo "$type older.so posthorn_table" >conf/dynamicmaps.cf.d/x
	perl -pe "s/\Q$abi\E/0123456789abcdef/" "$so" >modules/older.so
	is 'a module of another build' "$(q $type:x)" "postmap: fatal: unsupported dictionary type: $type. $T/bin/../modules/older.so is not its module, or one of another version"
	rm conf/dynamicmaps.cf.d/x
	is 'a module of another type' "$(q strange:x)" "postmap: fatal: unsupported dictionary type: strange. $T/bin/../modules/other.so is not its module, or one of another version"
	echo "strange missing.so posthorn_table" >conf/dynamicmaps.cf.d/y
	like 'a file that is not there' "$(q strange:x)" 'fatal: unsupported dictionary type: strange. Is the module missing.so installed'
	echo 'strange' >conf/dynamicmaps.cf.d/y
	like 'a line that is too short' "$(q strange:x)" "warning: $T/conf/dynamicmaps.cf.d/y, line 1: need \"type library function\""
fi
done_testing
