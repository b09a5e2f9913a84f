#!/bin/sh
# demo.sh - a private mail system, from nothing to delivered mail; make demo
#
# Everything happens below one folder and on loopback ports. No root is needed;
# called by root, it copies the programs into that folder and goes on as an
# ordinary user, nobody. Can be run again and again.
set -eu
dir=${DEMO_DIR:-${TMPDIR:-/tmp}/posthorn-demo-$(id -un)}
bin=${BIN:?}
here=$(cd "$(dirname "$0")" && pwd)

# Root reads and runs nothing that nobody could have changed: the folder and the
# programs in it stay root's, and an earlier demo is stopped as nobody.
if [ "$(id -u)" = 0 ]; then
	top=$dir.nobody
	nobody="setpriv --reuid nobody --regid $(id -g nobody) --clear-groups --"
	if [ -e "$top" ] || [ -h "$top" ]; then
		[ -d "$top" ] && [ ! -h "$top" ] && [ "$(stat -c %u "$top")" = 0 ] ||
		    { echo "demo: $top is not a directory of root's; remove it" >&2; exit 1; }
		[ ! -x "$top/bin/postfix" ] || (cd / && $nobody env \
		    MAIL_CONFIG="$top/home/demo/etc" "$top/bin/postfix" stop) >/dev/null 2>&1 || :
		rm -rf "$top"
	fi
	mkdir -m 755 "$top" "$top/bin" "$top/home"
	cp -a "$bin/." "$top/bin/"
	cp "$here/demo.sh" "$top/demo.sh"
	chown nobody "$top/home"
	cd /
	exec $nobody env HOME=/ DEMO_DIR="$top/home/demo" BIN="$top/bin" \
	    sh "$top/demo.sh"
fi

PATH=$bin:/usr/bin:/bin:/usr/sbin:/sbin
export PATH
me=$(id -un)
bold='' plain=''
[ ! -t 1 ] || bold=$(printf '\033[1m') plain=$(printf '\033[0m')

step() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
show() { printf '%s$ %s%s\n' "$bold" "$*" "$plain"; "$@"; }
fail() { echo "demo: $*" >&2; tail -n 20 "$dir/log/mail.log" >&2 2>/dev/null; exit 1; }
until_true() {			# until_true WHAT command...
	what=$1; shift; tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || fail "waited 10 seconds for: $what"
		sleep 0.1
	done
}
logged() { grep -Eq "$1" "$dir/log/mail.log"; }

export MAIL_CONFIG="$dir/etc"
[ ! -e "$dir/etc/main.cf" ] || postfix stop >/dev/null 2>&1 || :
rm -rf "$dir"

step "1. postfix init writes a private mail system that belongs to you ($me)"
show postfix init "$dir"
port=$(sed -n 's/^127\.0\.0\.1:\([0-9]*\) .*/\1/p' "$dir/etc/master.cf")
echo "   etc: configuration   spool: the queue   mail: mailboxes   log: what happened"

step "2. An alias: mail for \"team\" goes to a mailbox, a maildir and a command"
cat >>"$dir/etc/aliases" <<CF
team: $me, $dir/mail/team-maildir/, "|cat >>$dir/mail/team-command.txt"
CF
show tail -n 1 "$dir/etc/aliases"
show newaliases

step "3. Start it: SMTP on 127.0.0.1:$port; every other process starts when it has work"
show postfix start
show postfix status

step "4. Three ways in: SMTP, sendmail -t, and the alias"
show smtp-source -m 1 -l 300 -f alice@posthorn.example -t "$me@posthorn.example" "127.0.0.1:$port"
echo "$bold\$ sendmail -t <<END   (recipients are taken from the header)$plain"
sendmail -t <<END
From: Alice <alice@posthorn.example>
To: $me
Subject: by sendmail

Hello from the command line.
END
until_true 'two messages' sh -c '[ "$(grep -c "status=sent (delivered to mailbox)" "$1")" -ge 2 ]' sh "$dir/log/mail.log"
echo "$bold\$ sendmail team <<END$plain"
sendmail -f alice@posthorn.example team <<END
From: Alice <alice@posthorn.example>
To: team
Subject: for everybody

One message, three deliveries.
END
until_true 'the mailbox' sh -c '[ "$(grep -c "status=sent (delivered to mailbox)" "$1")" -ge 3 ]' sh "$dir/log/mail.log"
until_true 'the maildir' test -d "$dir/mail/team-maildir/new"
until_true 'the command' test -s "$dir/mail/team-command.txt"
show ls -R "$dir/mail"

step "5. One message's journey, as the log tells it"
id=$(sed -n 's/.* \([0-9A-F]*\): to=<.*team.*relay=local.*/\1/p' "$dir/log/mail.log" | head -n 1)
show grep " $id: " "$dir/log/mail.log"

step "6. What arrived in the mailbox"
show tail -n 14 "$dir/mail/$me"

step "7. Relay: smtp-sink plays the rest of the world on port $((port + 1)), for one message"
smtp-sink -M 1 "127.0.0.1:$((port + 1))" 10 &
sink=$!
sleep 0.2
echo 'Off to another host.' | sendmail -f "$me@posthorn.example" friend@elsewhere.example
until_true 'the relayed message' logged 'to=<friend@elsewhere.example>.*status=sent'
wait $sink || :
show grep 'to=<friend@elsewhere.example>' "$dir/log/mail.log"

step "8. Now nobody listens there: the next message stays in the queue for another try"
echo 'This one has to wait.' | sendmail -f "$me@posthorn.example" later@elsewhere.example
until_true 'the deferral' logged 'to=<later@elsewhere.example>.*status=deferred'
show mailq
id=$(sed -n 's/.* \([0-9A-F]*\): to=<later@.*/\1/p' "$dir/log/mail.log" | head -n 1)
show postcat -q "$id"

step "It keeps running. What to try next:"
cat <<END
   export MAIL_CONFIG=$dir/etc PATH=$bin:\$PATH
   mailq                             what waits, and why
   qtop                              the same, to look around and act: ? helps, q quits
   smtp-sink -c 127.0.0.1:$((port + 1)) 10 &   then: postqueue -f
   postconf -n                       what is configured
   postsuper -d ALL deferred         delete what waits
   tail -f $dir/log/mail.log
Stop it with:
   MAIL_CONFIG=$dir/etc $bin/postfix stop
END
[ "$me" != nobody ] || echo "   (as nobody: setpriv --reuid nobody --regid $(id -g) --clear-groups sh, then the lines above)"
