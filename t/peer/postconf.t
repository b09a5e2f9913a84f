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

# A value of main.cf is read by every service, with what that sets itself.
configuration 'always_bcc = $u1
smtpd_restriction_classes = cls $mail_name
virtual_alias_maps = ldap:l2
virtual_maps = ldap:l3
l3_timeout = 1
pg_hosts = x
process_name = $nosuch mysql:/nosuch' 'x unix - - - - - smtp -o u1=v -o cls=permit -o l2_timeout=3 -o u2=w
y unix - - - - - smtp -o alias_maps=pgsql:pg -o fallback_relay='
same -n
same -C user
same -d -C service

configuration 'relay_domains = pipemap:{x {a}b
alias_maps = static:{ldap:l2}, a:{ {b ldap:l3} }, proxy:{ldap:l4}
l2_timeout = 1
l3_timeout = 1
l4_timeout = 1
a = ${b-cdefghijklmnopqrstuvwxyz0123456789}
c = ${{a}<=b}' 'x unix - - - - - smtp -o {z} -o {=y} -o =w -o { v = } -o {r=s}} -o relay_domains={t'
same -n

configuration '' 'foo unix - - - - - spawn w -o { a = b   c } -v
b inet - - - - - smtp -o $x=$y -o a=$a
[::1]:25   unix  -       -       -       -       -       spawn word -v xxxx {a b}
[::1]:26   unix  -       -       -       -       -       spawn word -v xxxxx {a b}'
same -F foo
same -Mx b
same -FHx
same -Mf
same -MX nosuch/inet

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
edit -F smtp/inet/type=unix smtp/unix/chroot=n
# An entry that no request names is not looked into.
master='smtp inet n - y - - smtpd -o {a = b
     c}
foo unix q - - - - smtp -o {x
bar unix'
edit -F smtp/inet/chroot=n
edit -P foo/unix/a=b
master='smtp inet n - y - - smtpd
foo unix - n n - 0 smtp -o a={b} -v -D -o e=f g -o h'
edit -MX '*/unix'
done_testing
