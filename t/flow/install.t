#!/bin/sh
# install: the README's lines on a whole system, as root, with users and port 25
#
# The system is a throw-away copy of this one: an overlay whose changes go to
# memory, with process numbers, host name and network of its own.
. "$(dirname "$0")/../lib.sh"

in_copy() {	# in_copy COMMAND...: run it there
	unshare -m -p -u -n -f --kill-child sh -c '
		o=$1 src=$2 bin=$3 tools=$4; shift 4
		mount --make-rprivate / && mount -t tmpfs -o size=1g,mode=755 o "$o" &&
		    mkdir "$o/up" "$o/work" "$o/root" && mount -t overlay -o \
		    "lowerdir=/,upperdir=$o/up,workdir=$o/work" o "$o/root" || exit 9
		hostname host.test && ip link set lo up || exit 9
		for d in /proc /dev /sys; do mount --rbind $d "$o/root$d"; done
		mount -t proc proc "$o/root/proc"
		mount -t tmpfs -o mode=1777 tmp "$o/root/tmp"
		for d in "$src" "$bin" "$tools"; do
			mkdir -p "$o/root$d" && mount --bind "$d" "$o/root$d"
		done
		exec chroot "$o/root" "$@"' sh "$T/o" "$PH_SRC" "${PH_BIN%/bin}" "$PH_TOOLS" "$@"
}

if [ "${PH_COPY-}" = "" ]; then
	[ "$(id -u)" = 0 ] || skip_all 'a system of its own needs root'
	mkdir "$T/o"
	in_copy true 2>"$T/why" || skip_all "no copy of this system: $(tail -1 "$T/why")"
	PH_COPY=y PH_SRC=$PH_SRC PH_BIN=$PH_BIN PH_TOOLS=$PH_TOOLS TMPDIR=/tmp \
	    in_copy sh "$PH_SRC/t/flow/install.t"
	exit
fi

# From here on it is our system.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
for f in passwd shadow group gshadow; do
	sed -i '/^postfix:/d; /^postdrop:/d' /etc/$f
done
rm -rf /etc/postfix /var/spool/postfix /var/lib/posthorn /var/mail/* /etc/aliases*
for u in ann ben; do useradd --create-home $u; done
as() {
	u=$1; shift
	setpriv --reuid "$u" --regid "$u" --init-groups env -i HOME="/home/$u" \
	    USER="$u" PATH="$PATH" "$@"
}
log=/var/log/mail.log
logged() { grep -Eq "$1" $log; }
run_install() {
	env DESTDIR= BIN="$PH_BIN" sbindir=/usr/sbin bindir=/usr/bin libdir=/usr/lib \
	    libexecdir=/usr/libexec/posthorn mandir=/usr/share/man \
	    sharedir=/usr/share/posthorn confdir=/etc/postfix \
	    unitdir=/usr/lib/systemd/system sh "$PH_SRC/share/install.sh"
}
as_sees() { as ben mailq | grep -q "$1"; }
stop_all() { postfix stop; }
on_exit stop_all

sed -n '/^## Installing for real/,/^Commands/p' "$PH_SRC/README.md" |
    sed -n 's/^    //p' >"$T/lines"
is 'the README begins with make' "$(head -1 "$T/lines" | cut -c1-20)" 'make && make install'
must 'make install' run_install
postconf -e maillog_file=$log
sed 1d "$T/lines" >"$T/rest"
must 'the README: the other lines' sh -e "$T/rest"
ok 'it runs' postfix status

# Ordinary users, through set-gid commands.
send() { printf 'Subject: %s\n\n%s\n' "$2" "$2" | as ann sendmail "$1"; }
ok 'a user submits' send ben@host.test first
ok 'another user gets it' wait_for 10 grep -q '^first' /var/mail/ben
is 'as his own' "$(stat -c '%U %a' /var/mail/ben)" 'ben 600'
ok 'the old path works' sh -c 'echo old | /usr/lib/sendmail -i ben'
as ben sh -c 'cd; mkdir -p Maildir/new Maildir/cur Maildir/tmp; echo ~/Maildir/ >.forward'
echo 'team: ann, ben, "|cat >>/tmp/team"' >>/etc/aliases
ok 'newaliases' newaliases
send team second
ok 'an alias: his maildir' wait_for 10 sh -c 'grep -qs "^second" /home/ben/Maildir/new/*'
ok 'an alias: her mailbox' wait_for 10 grep -q '^second' /var/mail/ann
ok 'an alias: a command' wait_for 10 grep -q '^second' /tmp/team
send ghost@nowhere.test ghost
ok 'a user sees what waits' wait_for 10 as_sees ghost@nowhere.test
ok 'and may have it tried again' as ann postqueue -f
ok 'but not delete it' fails_with 1 as ann postsuper -d ALL

# Every service that may be in the jail is, with nothing of the system in it.
"$PH_TOOLS/dns-responder" -p 53 'dest.test MX 10 mx.test' 'mx.test A 127.0.0.9' >/dev/null &
rm -f /etc/resolv.conf; echo 'nameserver 127.0.0.1' >/etc/resolv.conf
sed -i -E '/(qmgr|proxymap|local|virtual|postlogd)$/! s/^([a-z]+ +(inet|unix) +[^ ]+ +[^ ]+ +)n/\1y/' /etc/postfix/master.cf
printf '127.0.0.1:2525 inet n - n - - nothing\n' >>/etc/postfix/master.cf
postconf -e inet_interfaces=127.0.0.1
ok 'restart' sh -c 'postfix stop && postfix start'
"$PH_BIN/smtp-sink" 127.0.0.9:25 10 >/dev/null 2>&1 &
is 'smtp is in the jail' "$(postconf -Fh smtp/unix/chroot)" y
send x@dest.test third
ok 'a jailed client asks the name server and delivers' wait_for 10 \
    logged 'to=<x@dest.test>, relay=mx.test\[127.0.0.9\]:25, .*status=sent'
ok 'a jailed server takes mail on port 25' "$PH_BIN/smtp-source" -c -f ann@host.test -t ann@host.test 127.0.0.1:25
ok 'which arrives' wait_for 10 logged 'from=<ann@host.test>.*nrcpt=1'
"$PH_BIN/smtp-source" 127.0.0.1:2525 >/dev/null 2>&1 &
ok 'a service without a role is named' wait_for 10 \
    logged 'fatal: master.cf: service 127.0.0.1:2525: posthornd has no role named nothing'

# What goes wrong on real systems: a server is busy while its supervisor dies.
perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new("127.0.0.1:25") or die;
    print scalar <$s>; $| = 1; print ""; sleep 60' >"$T/hello" &
wait_for 10 grep -q ^220 "$T/hello"
kill -9 "$(tr -d ' \n' </var/spool/postfix/pid/master.pid)"
ok 'the supervisor was killed: nothing runs' wait_for 10 sh -c '! postfix status'
ok 'and starts again' postfix start
ok 'a second start is refused' fails_with 1 postfix start
postconf -e defer_transports=local && postfix reload
send ann fourth
ok 'a message is deferred' wait_for 10 logged 'to=<ann@host.test>.*status=deferred .deferred transport'
postfix stop; postconf -X defer_transports
cp -a /var/spool/postfix /var/spool/restored && rm -rf /var/spool/postfix &&
    mv /var/spool/restored /var/spool/postfix
ok 'a spool from a backup starts' postfix start
ok 'its files have their new names' logged 'postsuper.*Renamed to match inode number: [1-9]'
postqueue -f
ok 'and its mail arrives' wait_for 10 grep -q '^fourth' /var/mail/ann
ok 'an upgrade under a running system' run_install
ok 'keeps postdrop set-gid' test "$(stat -c '%a %G' /usr/sbin/postdrop)" = '2755 postdrop'
ok 'reload' postfix reload
send ann fifth
ok 'and mail goes on' wait_for 10 grep -q '^fifth' /var/mail/ann
cd "$T" && cp /usr/share/posthorn/installed list
ok 'what was installed is listed' sh -c 'grep -qx /usr/sbin/postfix list && grep -qx /usr/lib/sendmail list && ! grep -qx /etc/postfix/main.cf list'
done_testing
