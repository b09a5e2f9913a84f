#!/bin/sh
# Debian's default main.cf and master.cf start Posthorn with paths changed and
# nothing else
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
peer_new p
share=$T/p/root/usr/share/postfix
port=$(free_port)
I=$T/i
mkdir -p "$I/etc" "$I/spool" "$I/log" "$I/mail"
chmod 1777 "$I/mail"

# What the package's set-up writes for an "Internet Site"; its certificate
# need not exist.
cat "$share/main.cf.debian" "$share/main.cf.tls" - >"$I/etc/main.cf" <<CF
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
myhostname = deb.example
alias_maps = hash:$I/etc/aliases
alias_database = hash:$I/etc/aliases
mydestination = \$myhostname, deb.example, localhost.example, localhost
relayhost =
mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128
mailbox_size_limit = 0
recipient_delimiter = +
inet_interfaces = all
inet_protocols = all
queue_directory = $I/spool
data_directory = $I/data
command_directory = $PH_BIN
daemon_directory = $PH_BIN
mail_spool_directory = $I/mail
maillog_file = $I/log/mail.log
maillog_file_prefixes = $I
CF
sed "s/^smtp  *inet/127.0.0.1:$port inet/" "$share/master.cf.dist" >"$I/etc/master.cf"
echo 'postmaster: root' >"$I/etc/aliases"
# What Debian's start script copies into the jail.
mkdir -p "$I/spool/etc" "$I/spool/lib"
for f in hosts resolv.conf services nsswitch.conf localtime; do
	[ ! -e /etc/$f ] || cp -L /etc/$f "$I/spool/etc/"
done
chown -R root:root "$I/spool"
export MAIL_CONFIG="$I/etc"
stop_i() { postfix status >/dev/null 2>&1 && postfix stop >/dev/null 2>&1; }
on_exit stop_i
newaliases
ok 'postfix start' postfix start
ok 'the queue manager runs' wait_for 5 pgrep -P "$(tr -d ' ' <"$I/spool/pid/master.pid")" -x qmgr
is 'the queue is listed from inside the jail' "$(postqueue -p)" 'Mail queue is empty'
ok 'a message by SMTP is taken' timeout 20 smtp-source -m 1 -f a@deb.example -t nobody@deb.example "127.0.0.1:$port"
ok 'and delivered' wait_for 10 grep -q 'to=<nobody@deb.example>.*status=sent (delivered to mailbox)' "$I/log/mail.log"
ok 'into the mailbox' test -s "$I/mail/nobody"
printf 'Subject: x\n\nx\n' | sendmail nobody
ok 'a message by sendmail is delivered too' wait_for 10 sh -c '[ "$(grep -c "status=sent" "$1")" = 2 ]' sh "$I/log/mail.log"
is 'no service failed' "$(grep -c 'throttling\|fatal\|panic' "$I/log/mail.log")" 0

# TLS where possible is not TLS required. As Debian's, it is offered without a certificate.
like 'without a certificate there is no STARTTLS for now' \
    "$(printf 'EHLO me\nSTARTTLS\nQUIT\n' | perl "$PH_SRC/t/talk.pl" "$port")" '^S: 454 4\.7\.0 TLS not available due to local problem'
sink=$(free_port)
timeout 60 smtp-sink -M 1 "127.0.0.1:$sink" 10 &
wait_for 5 perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new("127.0.0.1:$ARGV[0]")' "$sink"
postconf -e "relayhost = [127.0.0.1]:$sink"
instance_reload "$I"
printf 'Subject: x\n\nx\n' | sendmail friend@elsewhere.example
ok 'mail leaves in the clear where the other side offers no TLS' wait_for 30 grep -q 'to=<friend@elsewhere.example>.*status=sent' "$I/log/mail.log"
is 'no service failed then either' "$(grep -c 'throttling\|fatal\|panic' "$I/log/mail.log")" 0
ok 'postfix stop' postfix stop
done_testing
