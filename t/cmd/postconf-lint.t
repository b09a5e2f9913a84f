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
	    sed -e "s|^$T/conf/||" -e '/is not local (run a validating/d'
}

for dir in "$PH_SRC"/t/data/lint/*/; do
	name=$(basename "$dir")
	# Owners are judged for root only: an ordinary user owns his instance.
	[ "$name" != perm ] || [ "$(id -u)" = 0 ] || continue
	lint_of "$name" >"$T/found"
	sed "s|@T@|$T|g" "$dir/expected" >"$T/expected"
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
# expanded, and names that nobody knows.
for dir in "$PH_SRC"/t/data/postconf/*/; do
	postconf -c "$dir" --lint 2>&1 | grep ': error: ' |
	    grep -v ': \(table-missing\|tls-files\|table-type\): '
done | sed "s|$PH_SRC/t/data/postconf/||" >"$T/errors"
is 'no configuration that Postfix takes has a false error' "$(grep -v -e '^bad-' -e '^master-bad-' -e '^grammar-loop' \
    -e '^unused-names/.*: name-unknown: ' -e 'smtpd will refuse all mail' -e 'master-duplicates/.* is a service already' \
    -e ' no role of the daemon.*No such file' -e 'odd-names/.*attribute name syntax' -e 'relay-transport/.*empty macro' \
    -e 'master-odd-braces/.*sets nothing' \
    "$T/errors")" ''

lint_of set-twice >/dev/null
is 'a warning is no failure' "$(postconf -c "$T/conf" --lint >/dev/null; echo $?)" 0
is 'with --strict it is' "$(postconf -c "$T/conf" --lint --strict >/dev/null; echo $?)" 1
is 'JSON' "$(postconf -c "$T/conf" --lint --json | jq -c '[.v, .line, .level, .rule, .fix]')" \
    '[1,6,"warning","set-twice","remove this one"]'
lint_of name-unknown >/dev/null
is 'an error fails' "$(postconf -c "$T/conf" --lint >/dev/null; echo $?)" 1
done_testing
