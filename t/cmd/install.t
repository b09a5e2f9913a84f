#!/bin/sh
# install: what make install lays out
. "$(dirname "$0")/../lib.sh"
export DESTDIR="$T/root" BIN="$PH_BIN" sbindir=/usr/sbin bindir=/usr/bin libdir=/usr/lib \
    libexecdir=/usr/libexec/posthorn mandir=/usr/share/man \
    sharedir=/usr/share/posthorn confdir=/etc/postfix \
    unitdir=/usr/lib/systemd/system
[ "$(id -u)" != 0 ] || instance_accounts
ok 'it installs' sh "$PH_SRC/share/install.sh"
for f in usr/sbin/postfix usr/sbin/sendmail usr/sbin/postdrop usr/bin/mailq \
    usr/bin/newaliases usr/libexec/posthorn/posthornd etc/postfix/main.cf \
    etc/postfix/master.cf usr/share/posthorn/etc/aliases \
    usr/share/man/man1/sendmail.1 usr/lib/systemd/system/posthorn.service \
    usr/share/bash-completion/completions/postconf usr/share/zsh/site-functions/_posthorn \
    usr/share/fish/vendor_completions.d/postqueue.fish; do
	ok "$f is there" test -e "$T/root/$f"
done
for f in "${PH_BIN%/bin}"/modules/*.so; do
	[ ! -e "$f" ] || ok "${f##*/} is there" test -e "$T/root/usr/libexec/posthorn/modules/${f##*/}"
done
ok 'mailq is sendmail' test "$T/root/usr/bin/mailq" -ef "$T/root/usr/sbin/sendmail"
ok 'and where old programs look for it' test "$T/root/usr/lib/sendmail" -ef "$T/root/usr/sbin/sendmail"
ok 'the queue directory is there' test -d "$T/root/var/spool/postfix"
ok 'roles are found under their names' test "$T/root/usr/libexec/posthorn/showq" -ef "$T/root/usr/libexec/posthorn/posthornd"
ok 'the unit names our paths' grep -q 'ExecStart=/usr/sbin/postfix start-fg' "$T/root/usr/lib/systemd/system/posthorn.service"
if [ "$(id -u)" = 0 ]; then
	is 'postdrop is set-gid' "$(stat -c '%a %G' "$T/root/usr/sbin/postdrop")" '2755 postdrop'
fi
echo '# mine' >"$T/root/etc/postfix/main.cf"
echo '# mine' >"$T/root/etc/aliases"
ok 'it installs again' sh "$PH_SRC/share/install.sh"
is 'and leaves the configuration alone' "$(cat "$T/root/etc/postfix/main.cf" "$T/root/etc/aliases")" '# mine
# mine'
is 'nothing half-made is left' "$(find "$T/root" -name '*.new')" ''
cp "$PH_SRC/share/etc/"*.cf "$T/root/etc/postfix/"
ok 'the templates are good configuration' env MAIL_CONFIG="$T/root/etc/postfix" postconf -M
ok 'and name no unknown parameter' sh -c '! MAIL_CONFIG=$1 postconf -n 2>&1 | grep -i unused' sh "$T/root/etc/postfix"

# A tree that was put somewhere else works from there.
I=$T/i
ok 'the installed postfix writes a private instance' env PATH=/usr/bin:/bin \
    "$T/root/usr/sbin/postfix" init "$I"
instances="$instances $I"
conf() { MAIL_CONFIG="$I/etc" postconf -h "$1"; }
is 'which finds its daemons in the tree' "$(conf daemon_directory)" "$T/root/usr/libexec/posthorn"
is 'and newaliases' "$(conf newaliases_path)" "$T/root/usr/bin/newaliases"
ok 'its aliases have been built' sh -c 'ls "$1"/etc/aliases.*' sh "$I"
ok 'it starts' "$T/root/usr/sbin/postfix" -c "$I/etc" start
"$T/root/usr/sbin/sendmail" -C "$I/etc" postmaster <<'END'
Subject: x

x
END
ok 'and delivers' wait_for 10 instance_logged "$I" 'status=sent'
ok 'it stops' "$T/root/usr/sbin/postfix" -c "$I/etc" stop
ok 'uninstall' make -s -C "$PH_SRC" uninstall DESTDIR="$T/root" PREFIX=/usr
is 'leaves configuration and mail alone' "$(cd "$T/root" && find . -type f | sort)" './etc/aliases
./etc/postfix/main.cf
./etc/postfix/master.cf'
done_testing
