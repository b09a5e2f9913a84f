#!/bin/sh
# postalias: alias databases
. "$(dirname "$0")/../lib.sh"

mkdir "$T/conf"
printf 'compatibility_level = 3.6\nmyhostname = host.example\n' >"$T/conf/main.cf"
export MAIL_CONFIG="$T/conf"
cd "$T" || exit 1

cat >al <<'E'
root: me
 , other
grp: a b <c@d>
Upper: Mixed@Case.Com
"a b": "|prog arg a", /file
inc: :include:/path
no value
u@d: e
nul: ""
E
for type in gdbm lmdb cdb; do
	ok "$type: builds" sh -c "postalias $type:al 2>err"
	is "$type: bad lines are named" "$(cat err)" 'postalias: warning: al, line 7: need name:value pair
postalias: warning: al, line 8: name must be local'
	is "$type: lists" "$(postalias -s $type:al | sed 's/[0-9]\{10\}$/NOW/' | LC_ALL=C sort)" '@:	@
YP_LAST_MODIFIED:	NOW
YP_MASTER_NAME:	host.example
a b:	"|prog arg a", /file
grp:	a b <c@d>
inc:	:include:/path
nul:	""
root:	me, other
upper:	Mixed@Case.Com'
	is "$type: finds, folded" "$(postalias -q UPPER $type:al)" Mixed@Case.Com
	is "$type: standard input" "$(printf 'root\nnone\n' | postalias -q - $type:al)" 'root:	me, other'
done
for type in gdbm lmdb; do
	echo 'more: one' | postalias -i $type:al
	is "$type: -i adds" "$(postalias -q more $type:al)" one
	is "$type: -i leaves one of each marker" "$(postalias -s $type:al | grep -c '^[@Y]')" 3
	ok "$type: -d deletes" postalias -d root $type:al
	ok "$type: it is gone" fails_with 1 postalias -q root $type:al
done
is 'usage' "$(postalias 2>&1)" \
    'postalias: fatal: usage: postalias [-Nfinoprsuvw] [-c config_dir] [-d key] [-q key] [map_type:]file...'
done_testing
