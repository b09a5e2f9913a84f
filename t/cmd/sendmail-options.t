#!/bin/sh
# sendmail: options, what they refuse, and exit status 75 for everything
. "$(dirname "$0")/../lib.sh"

instance_new "$T/i" 'authorized_submit_users = static:anyone'
MAIL_CONFIG=$T/i/etc; export MAIL_CONFIG

refuses() {	# refuses TEXT command ...
	text=$1; shift
	out=$("$@" 2>&1 </dev/null)
	rc=$?
	[ $rc = 75 ] || { echo "exit status $rc: $out"; return 1; }
	printf '%s\n' "$out" | grep -Fqx -e "$text" || { echo "$out"; return 1; }
}

while IFS='|' read -r text args; do
	# shellcheck disable=SC2086
	ok "sendmail $args: $text" refuses "sendmail: fatal: $text" sendmail $args
done <<EOF
unsupported: -bX|-bX
unsupported: -Xf|-Xf
-qS is not implemented|-qS
specify: -qIqueueid|-qI
specify: -qRsitename|-qR
-B option needs 8BITMIME or 7BIT|-B foo a@b
-n option not supported|-n a@b
-V requires two characters from -=+|-XVab a@b
-t option cannot be used with -bv|-t -bv a@b
-N option cannot be used with -bv|-bv -N never a@b
-v option cannot be used with -bv|-bv -v a@b
-oA requires pathname|-oA
-t can be used only in delivery mode|-bp -t
-qR can be used only in delivery mode|-bp -qRfoo
display queue mode requires no recipient|-bp x
flush queue mode requires no recipient|-q x
flush site requires no recipient|-qRfoo bar
daemon mode requires no recipient|-bd x
stand-alone mode requires no recipient|-bs x
alias initialization mode requires no recipient|-bi x
usage: sendmail [options]|-Z
open /nonexistent/main.cf: No such file or directory|-C /nonexistent a@b
EOF

ok 'a queue run time is accepted and does nothing' sendmail -q15m </dev/null
ok 'whatever stands behind it' sendmail -q15m a@b </dev/null
ok '-bh is accepted and does nothing' sendmail -bh </dev/null
ok '--help succeeds' sendmail --help
like 'an unknown option is named under the short name' \
    "$(sendmail -Z 2>&1 </dev/null)" "^sendmail: invalid option -- 'Z'"

echo 'authorized_submit_users = !root, nobody-else' >>"$T/i/etc/main.cf"
like 'who may not submit is told so' "$(sendmail a@b 2>&1 </dev/null)" \
    'fatal: User .*\([0-9]+\) is not allowed to submit mail'
ok 'and the status is 75' fails_with 75 sendmail a@b </dev/null
done_testing
