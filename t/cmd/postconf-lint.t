#!/bin/sh
# postconf --lint: each rule finds its mistake, once, and nothing else does
. "$(dirname "$0")/../lib.sh"
instance_accounts 2>/dev/null

# lint_of NAME: findings of t/data/lint/NAME, paths short, resolver remarks left out
lint_of() {
	rm -rf "$T/conf"
	cp -r "$PH_SRC/t/data/lint/$1" "$T/conf"
	find "$T/conf" -type f -exec sed -i "s|@T@|$T|g" {} +
	touch -d '1 hour ago' "$T/conf"/*
	if [ -f "$T/conf/setup" ]; then (cd "$T/conf" && MAIL_CONFIG=$T/conf sh ./setup); fi
	postconf -c "$T/conf" --lint --strict 2>&1 |
	    sed -e "s|^$T/conf/||" -e '/is not local (run a validating/d' -e '/ no-effect: /d'
}

for dir in "$PH_SRC"/t/data/lint/*/; do
	name=$(basename "$dir")
	# Owners and what others may read are judged for root only: an ordinary
	# user owns his instance.
	case $name in perm | table-rights) [ "$(id -u)" = 0 ] || continue ;; esac
	lint_of "$name" >"$T/found"
	sed "s|@T@|$T|g" "$dir/expected" >"$T/expected"
	[ "$(id -u)" = 0 ] || sed -i '/mail_owner: user/d' "$T/expected"	# so are its accounts
	wrong=
	while IFS= read -r want; do
		n=$(grep -cF -- "$want" "$T/found")
		[ "$n" = 1 ] || wrong="$wrong
$n times: $want"
	done <"$T/expected"
	[ "$(wc -l <"$T/found")" = "$(wc -l <"$T/expected")" ] || wrong="$wrong
more or fewer findings: $(cat "$T/found")"
	is "$name" "$wrong" ''
done

# What no program reads changes from version to version.
unread=$(grep -m 1 '_' "${PH_BIN%/bin}/gen/unread")
mkdir "$T/unread"
printf '%s\n' 'compatibility_level = 3.6' "$unread = 1" >"$T/unread/main.cf"
: >"$T/unread/master.cf"
touch -d '1 hour ago' "$T/unread"/*
[ -z "$unread" ] || like "setting $unread, which nothing reads, is a warning" "$(postconf -c "$T/unread" --lint)" \
    "main.cf:2: warning: no-effect: no program of this version reads \"$unread\""

# Every rule of the manual page has its example.
grep -ho 'error: [a-z-]*:\|warning: [a-z-]*:\|info: [a-z-]*:' "$PH_SRC"/t/data/lint/*/expected |
    sed 's/.*: \(.*\):/\1/' | sort -u >"$T/rules"
for rule in name-unknown name-unused set-twice set-default type-bad comment-value table-missing table-stale table-type \
    table-syntax table-shadow restriction-order open-relay domain-twice alias-loop deprecated tls-files perm dane-trust \
    master-entry limits proxy-table; do
	grep -qx "$rule" "$T/rules" || echo "$rule"
done >"$T/without"
is 'every rule has an example' "$(cat "$T/without")" ''

# The configuration that is installed is clean.
rm -rf "$T/conf"; mkdir "$T/conf"
sed "s|/etc/aliases|$T/conf/aliases|" "$PH_SRC/share/etc/main.cf" >"$T/conf/main.cf"
cp "$PH_SRC/share/etc/master.cf" "$T/conf/"
cp "$PH_SRC/share/etc/aliases" "$T/conf/"
MAIL_CONFIG="$T/conf" postalias "gdbm:$T/conf/aliases"
is 'the default configuration is clean' "$(postconf -c "$T/conf" --lint; echo "exit $?")" 'exit 0'

# Errors about what Postfix takes are true: missing files and modules, roles
# that are not there, lists that make smtpd refuse, values that cannot be
# expanded, names that nobody knows, and what keeps a daemon from starting.
postconf -m >"$T/types" 2>/dev/null
is_false() {	# is_false FINDING: the file is there, the type is known
	case $1 in
	*': table-missing: '* | *': tls-files: '*)
		case $1 in *': No such file or directory'*) ;; *) return 0 ;; esac
		path=${1%%: No such file*}
		[ -e "${path##*: }" ] ;;
	*': table-type: '*)
		type=${1#*'table type "'}
		grep -qxF -e "${type%%'"'*}" "$T/types" ;;
	esac
}
for dir in "$PH_SRC"/t/data/postconf/*/; do
	postconf -c "$dir" --lint 2>&1 | grep ': error: '
done | while IFS= read -r finding; do
	case $finding in
	*': table-missing: '* | *': tls-files: '* | *': table-type: '*) is_false "$finding" || continue ;;
	esac
	printf '%s\n' "$finding"
done | sed "s|$PH_SRC/t/data/postconf/||" >"$T/errors"
is 'no configuration that Postfix takes has a false error' "$(grep -v -e '^bad-' -e '^master-bad-' -e '^grammar-loop' \
    -e '^unused-names/.*: name-unknown: ' -e 'smtpd will refuse all mail' -e 'master-duplicates/.* is a service already' \
    -e ' no role of the daemon.*No such file' -e 'odd-names/.*attribute name syntax' -e 'relay-transport/.*empty macro' \
    -e 'master-odd-braces/.*sets nothing' -e 'unknown user name' -e 'unknown group name' -e '/etc/mailname: cannot open' -e '/ssl/private/.*: Permission denied' \
    -e 'grammar-comments/.*must not contain multiple' -e 'master-expand/.*myhostname: bad parameter value: x other' \
    "$T/errors")" ''

lint_of set-twice >/dev/null
is 'a warning is no failure' "$(postconf -c "$T/conf" --lint >/dev/null; echo $?)" 0
is 'with --strict it is' "$(postconf -c "$T/conf" --lint --strict >/dev/null; echo $?)" 1
is 'JSON' "$(postconf -c "$T/conf" --lint --json | jq -c '[.v, .line, .level, .rule, .fix]')" \
    '[1,6,"warning","set-twice","remove this one"]'
lint_of name-unknown >/dev/null
is 'an error fails' "$(postconf -c "$T/conf" --lint >/dev/null; echo $?)" 1
done_testing
