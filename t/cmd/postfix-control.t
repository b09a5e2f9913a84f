#!/bin/sh
# postfix: foreground, the service manager, check, drain, abort, logrotate
. "$(dirname "$0")/../lib.sh"
I=$T/i
instance_new "$I"
export MAIL_CONFIG="$I/etc"
dead() { ! kill -0 "$1" 2>/dev/null; }
stopped() { ! postfix status 2>/dev/null; }
master_pid() { tr -d ' ' <"$I/spool/pid/master.pid"; }

# A service manager that listens to notices.
perl -MIO::Socket::UNIX -e '
	my $s = IO::Socket::UNIX->new(Local => shift, Type => SOCK_DGRAM) or die;
	$| = 1; open my $out, ">", shift or die; $out->autoflush(1);
	while (defined $s->recv(my $text, 1000)) { print $out $text; last if $text =~ /STOPPING/ }
' "$T/notify" "$T/notices" & manager=$!
wait_for 5 test -S "$T/notify"
NOTIFY_SOCKET="$T/notify" postfix start-fg 2>/dev/null & fg=$!
ok 'start-fg stays and tells the manager when it is ready' wait_for 5 grep -q READY=1 "$T/notices"
like 'with the process to watch' "$(cat "$T/notices")" "^MAINPID=$fg\$"
is 'which is the one that was called' "$(master_pid)" "$fg"
: >"$T/notices"
ok 'a reload works' postfix reload
ok 'and is told' wait_for 5 grep -q RELOADING=1 "$T/notices"
ok 'with its end' wait_for 5 grep -q READY=1 "$T/notices"
kill "$fg"
wait "$fg"; is 'it dies by the signal it got' "$?" 143
ok 'and says so before' wait_for 5 grep -q STOPPING=1 "$T/notices"
wait_for 5 dead "$manager"

ok 'abort works' sh -c 'postfix start && postfix abort'
ok 'and ends it' wait_for 5 stopped
ok 'drain works' sh -c 'postfix start && postfix drain'
ok 'and ends it too' wait_for 5 stopped

ok 'start again' postfix start
pid=$(master_pid)
ok 'logrotate moves and compresses the log' postfix logrotate
ok 'the old one is there' sh -c 'ls "$1"/mail.log.*.gz' sh "$I/log"
postfix stop
like 'the new one is used' "$(instance_log "$I")" 'stopping the Postfix mail system'

ok 'check is content' postfix check
touch "$I/spool/corrupt/ABCDEF"
like 'damaged messages are named' "$(postfix check 2>&1)" 'warning: damaged message: corrupt/ABCDEF'
rm -r "$I/spool/hold"
ok 'a queue directory that is gone is made again' postfix check
is 'with its mode' "$(stat -c %a "$I/spool/hold")" 700
chmod 755 "$I/spool/private"
# It makes commands set-gid: not those that other tests run as other users.
cp -rL "$PH_BIN" "$T/bin"
postconf -e "command_directory = $T/bin"
postfix set-permissions
is 'set-permissions repairs' "$(stat -c %a "$I/spool/private")" 700
# Only the default configuration has a wrapper: ours is put in its place, for root.
wrapped() (
	unset MAIL_CONFIG
	mkdir "$T/etc"; cp /etc/passwd /etc/group "$T/etc"; cp -r "$I/etc" "$T/etc/postfix"
	printf 'multi_instance_directories = /elsewhere\nmulti_instance_wrapper = /bin/echo -p --\n' >>"$T/etc/postfix/main.cf"
	unshare -m sh -c 'mount --bind "$1" /etc && exec postfix start' sh "$T/etc" 2>&1
)
[ "$(id -u)" != 0 ] || is 'a wrapper gets its own arguments, then the verb' "$(wrapped)" '-p -- start'
sed -i '/^postlog/d' "$I/etc/master.cf"
ok 'a missing log service is fatal' fails_with 1 postfix check
like 'and named' "$(postfix check 2>&1)" "missing 'postlog' service in master.cf"
sed -i '/^relay/,/^ /d; s/^verify .*/verify unix - - n - 0 verify/; s/^cleanup .*/cleanup unix - - n - 0 cleanup/' "$I/etc/master.cf"
postconf -e 'hash_queue_names = hold'
is 'upgrade-configuration says what it edits' "$(postfix upgrade-configuration | sed "s|$I/etc/||")" \
'Editing master.cf, adding missing entry for relay service
Editing master.cf, adding missing entry for postlog unix-domain datagram service
Editing master.cf, making the cleanup service public
Editing master.cf, setting verify process limit to 1
fixing main.cf hash_queue_names for missing defer deferred'
ok 'and then all is well' postfix check
is 'in every place' "$(postconf -F verify/unix/process_limit cleanup/unix/private relay/unix/command; postconf -h hash_queue_names)" \
'cleanup/unix/private = n
verify/unix/process_limit = 1
relay/unix/command = smtp
hold defer deferred'
is 'a second run has nothing to do' "$(postfix upgrade-configuration)" ''
echo 'process_id_directory = locks' >>"$I/etc/main.cf"
ok 'it starts with its lock files elsewhere' postfix start
ok 'which is made' test -s "$I/spool/locks/master.pid"
ok 'it is found there' postfix status
ok 'and stopped' postfix stop
ok 'for good' wait_for 5 stopped
echo 'broken' >>"$I/etc/master.cf"
ok 'a broken master.cf is fatal' fails_with 1 postfix start
done_testing
