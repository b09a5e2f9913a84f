#!/bin/sh
# masters: a Postfix's supervisor runs our roles, ours runs its daemons
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"

# Its master, our roles: a daemon directory where every name is posthornd.
peer_new a
mkdir "$T/roles"
for role in smtpd pickup cleanup qmgr trivial-rewrite bounce flush showq smtp \
    error discard local virtual lmtp anvil postlogd; do
	ln -s "$(command -v posthornd)" "$T/roles/$role"
done
sed -i '/^daemon_directory/d; /^alias_/d' "$T/a/etc/main.cf"
printf 'daemon_directory = %s\nalias_maps =\nalias_database =\n' "$T/roles" >>"$T/a/etc/main.cf"
ok "the peer's master starts with our roles" peer_start a
export MAIL_CONFIG="$T/a/etc"
is 'showq answers under it' "$(peer a postqueue -p 2>&1)" 'Mail queue is empty'
is 'and again, from the same process' "$(postqueue -p)" 'Mail queue is empty'
printf 'Subject: hello\n\nthere\n' | peer a sendmail nobody@peer.example
ok 'mail goes from pickup to mailbox' wait_for 20 grep -q 'status=sent' "$T/a/log/maillog"
is 'no role was throttled' "$(grep -c throttling "$T/a/log/maillog")" 0
kill -HUP "$(tr -d ' ' <"$T/a/spool/pid/master.pid")"
is 'they survive a reload' "$(wait_for 5 postqueue -p; postqueue -p)" 'Mail queue is empty'
peer_stop a

# Our master, its daemons.
peer_new b
eval "$(bash "$PEER_SETUP" env "$T/b" | sed 's/PATH=.*LD_/LD_/; s/^export LD_/export LD_/')"
export MAIL_CONFIG="$T/b/etc"
lib=$T/b/root/usr/lib/postfix/sbin
rm -f "$T/b/etc/aliases.db"; sed -i '/^alias_/d' "$T/b/etc/main.cf"
printf 'alias_maps =\nalias_database =\n' >>"$T/b/etc/main.cf"
mkdir "$T/mixed"
for d in "$lib"/*; do ln -s "$d" "$T/mixed/${d##*/}"; done
rm "$T/mixed/master"; ln -s "$(command -v posthornd)" "$T/mixed/master"
sed -i '/^daemon_directory/d' "$T/b/etc/main.cf"
echo "daemon_directory = $T/mixed" >>"$T/b/etc/main.cf"
ok 'our master starts with its daemons' "$T/mixed/master" -w
stop_b() { kill "$(tr -d ' ' <"$T/b/spool/pid/master.pid")" 2>/dev/null; }
on_exit stop_b
is 'its showq answers' "$(peer b postqueue -p 2>&1)" 'Mail queue is empty'
ok 'its smtpd takes mail' smtp-source -m 1 -f a@peer.example -t nobody@peer.example "127.0.0.1:$(peer_port b)"
printf 'Subject: hello\n\nthere\n' | peer b sendmail nobody@peer.example
ok 'mail goes from pickup to mailbox' wait_for 20 grep -q 'to=<nobody@peer.example>.*status=sent' "$T/b/log/maillog"
is 'no daemon was throttled' "$(grep -c throttling "$T/b/log/maillog")" 0
done_testing
