#!/bin/sh
# postconf: the same files and options give what a Postfix's gives
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"

peer_new peer
mkdir "$T/theirs" "$T/ours"

# configuration MAIN MASTER: the same files for both, old enough to be believed at once
configuration() {
	for d in theirs ours; do
		printf '%s\n' "$1" >"$T/$d/main.cf"
		printf '%s\n' "$2" >"$T/$d/master.cf"
		touch -d '1 hour ago' "$T/$d/main.cf" "$T/$d/master.cf"
	done
}
# same ARGS...: output, warnings (in any order), exit status and files agree
same() {
	(cd "$T/theirs" && at_once peer peer postconf -c . "$@" >"$T/a" 2>"$T/a.err"; echo "exit $?" >>"$T/a")
	(cd "$T/ours" && at_once postconf -c . "$@" >"$T/b" 2>"$T/b.err"; echo "exit $?" >>"$T/b")
	for d in a b; do
		sed -e 's/Postfix/Posthorn/g' -e 's|^/[^ ]*/postconf:|postconf:|' "$T/$d.err" | sort >"$T/$d.sorted"
		cat "$T/ours/main.cf" "$T/ours/master.cf" >"$T/b.files"
	done
	cat "$T/theirs/main.cf" "$T/theirs/master.cf" >"$T/a.files"
	sed -i 's/Postfix/Posthorn/g' "$T/a"
	is "postconf $*" "$(cat "$T/b" "$T/b.sorted" "$T/b.files")" "$(cat "$T/a" "$T/a.sorted" "$T/a.files")"
}

configuration 'always_bcc = ${a?{yes}:{no}}${b?yes:no} ${b:unset} ${a:unset}
a = 1
virtual_maps = x
smtpd_restriction_classes = cls1, cls2
cls1 = permit
alias_maps = ldap:ld, pipemap:{pgsql:pg,sqlite:sq}
ld_search_base = x
ld_bogus = y
pg_dbname=z
foo_destination_rate_delay=3
smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination, check_client_access {ldap:l2, timeout=3}, check_sender_access hash:/x
l2_timeout=5
u1=$u2' 'smtp inet n - n - - smtpd -o bogus=1 -o always_bcc=$bogus$q
foo unix - n n - 0 pipe flags=DRXhu user=vmail argv=/usr/bin/maildrop -d ${recipient} {a b} more arguments to make a long line here yes
bar unix - n n - 0 smtp -vo a=b -voc=d -o{e=f} -o {g = h i} -m 3 -o j=k -- -o l=m
sp unix - n n 60? - spawn'
for option in -n -nx -nf -nxf -nh -nH -M -Mf -Mx -Mxf -F -Fx -P -Px -Ph -PH; do same $option; done
same -C service
same -C user
same -n -C builtin
same relayhost nosuch foo_time_limit sp_time_limit a
same -x always_bcc
same -M '*/inet' smtp foo
same -Ff '*/*/command' bar
same -P smtp/inet/bogus '*/*/*'
same -F 'smtp//inet/' foo
same virtual_maps fallback_relay
same -l a=b
same -F '*/*/chroot'
same -P 'smtp/inet/*'
same -o 'relayhost = a  b' -n

for value in '${a' '${}' '${a b}' '${{1} = {2}?a:b}' '${{1} <foo {2}}' '${{1} == 2?a:b}' '${c?{b} c}' '${c?{b}:{c}d}'; do
	configuration "always_bcc = $value" ''
	same -xh always_bcc
done

main='# c1
foo = 1
  cont
# mid

bar = 2
foo = 3'
master='smtp inet n - y - - smtpd
  -o a=b
foo unix - n n - 0 smtp -o a={b} -v -D -o e=f g -o h'
edit() {
	configuration "$main" "$master"
	same "$@"
}
edit -e foo=new 'zzz=a  b'
edit '-#' foo
edit -X foo nosuch
edit -P smtp/inet/c=new smtp/inet/q=
edit -PX 'smtp/*/a'
edit -F '*/*/wakeup=5?'
edit -e q=x q=x
edit -F nosuch/unix/chroot=z
edit -M 'smtp/inet=smtp inet n - n - - old' '*/inet=smtp inet n - n - - new'
edit -X a q=x
edit -M 'smtp/inet=smtp inet n - n - - smtpd -o x=y'
edit -M 'new/unix=new unix - - - - - smtp'
edit '-M#' '*/*'
edit -MX '*/unix'
done_testing
