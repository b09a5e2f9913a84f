#!/bin/sh
# posthorn_log_json: the events of mail, where they go, and what happens when they cannot
. "$(dirname "$0")/../lib.sh"

I=$T/i E=$T/i/log/events.json
instance_new "$I" "posthorn_log_json = $E" 'mydestination = here.example' \
    'maillog_file_permissions = 0640' 'relay_domains = away.example, gone.example' 'virtual_alias_domains =' \
    'virtual_alias_maps = inline:{ alias@here.example=box@here.example }' \
    'local_transport = discard' 'local_recipient_maps = inline:{ box=x }' \
    'transport_maps = inline:{ away.example=smtp:[127.0.0.1]:1, { gone.example=error:5.1.0 no more } }'
must 'it starts' instance_start "$I"
port=$(instance_port "$I")

events() { jq -r "select(.event != \"config\" and .event != \"warning\") | $1" "$E"; }
# life ID: what happened to a message, in order
life() { events "select(.queue_id == \"$1\") .event" | tr '\n' ' '; }
id_to() { events "select(.rcpt == \"$1\") .queue_id" | head -1; }
tells() { jq -ne "any(inputs; $1)" "$E"; }

# send RCPT [SENDER]
send() { smtp-source -f "${2-me@here.example}" -t "$1" "127.0.0.1:$port"; }
send box@here.example
send alias@here.example
send u@away.example
echo x | as "$I" sendmail -f me@here.example u@gone.example
ok 'a recipient that does not exist is refused' fails_with 1 at_once send nobody@here.example
ok 'the bounce is delivered' wait_for 5 tells '.event == "removed" and .status == "bounced"'
ok 'the other one waits' wait_for 5 tells '.event == "deferred"'
ok 'mail for the alias arrives' wait_for 5 tells '.event == "sent" and .orig_rcpt == "alias@here.example"'
bounce=$(events 'select(.event == "notified") .child_queue_id')
ok 'and so does the report' wait_for 5 tells ".event == \"removed\" and .queue_id == \"$bounce\""
is 'delivered' "$(life "$(events 'select(.event == "sent" and .orig_rcpt == null and .sender != "") .queue_id')")" 'accept queued sent removed '
is 'rewritten' "$(life "$(events 'select(.event == "rewrite") .queue_id')")" 'rewrite accept queued sent removed '
is 'deferred' "$(life "$(id_to u@away.example)")" 'accept queued deferred '
is 'bounced' "$(life "$(id_to u@gone.example)")" 'accept queued bounced notified removed '
is 'the report' "$(life "$bounce")" 'accept queued sent removed '
is 'refused' "$(events 'select(.event == "reject") | "\(.rcpt) \(.code) \(.dsn) \(.stage)"')" 'nobody@here.example 550 5.1.1 RCPT'
is 'nothing else happened' "$(events .event | sort | uniq -c | tr -s ' \n' ' ')" \
    ' 5 accept 1 bounced 4 connect 1 deferred 1 notified 5 queued 1 reject 4 removed 1 rewrite 3 sent '
is 'one connection, one session' "$(events 'select(.session) .session' | sort | uniq -c | awk '{ print $1 }' | sort | uniq -c | tr -s ' ')" \
    ' 3 2
 1 3'
is 'a class is known' "$(events 'select(.event == "deferred") | "\(.class) \(.dsn) \(.relay)"')" 'connect 4.4.1 none'
ok 'times add up' tells '.event == "deferred" and (.delay - .d_receive - .d_queue - .d_connect - .d_transmit | . < 0.001 and . > -0.001)'
is 'log and events have the mode that was asked for' "$(stat -c %a "$E" "$I/log/mail.log" | tr '\n' ' ')" '640 640 '
ok 'a start is told' tells '.event == "config" and .reason == "start" and .service == "master"'

id=$(id_to u@away.example)
as "$I" postsuper -h "$id" 2>/dev/null
as "$I" postsuper -H "$id" 2>/dev/null
as "$I" postsuper -d "$id" 2>/dev/null
is 'actions are told' "$(life "$id")" 'accept queued deferred held released deleted '
ok 'the classic log has its lines' test "$(instance_log "$I" | grep -Ec 'status=(sent|deferred|bounced)|: removed')" = 10

# Whatever comes from strangers, each line is JSON, and not too long.
perl -e 'print "Subject: x\nMessage-ID: <\x01\xff\"\\", "y" x 900, "\@\x1b[2J>\n\n"' |
    as "$I" sendmail -f '"a\"b"@here.example' box@here.example
ok 'a hostile message is accepted' wait_for 5 tells '.msgid_b64'
is 'its bytes are all there' "$(jq -r 'select(.msgid_b64) .msgid_b64' "$E" | head -1 | base64 -d | head -c 6 | od -An -tx1)" ' 3c 01 ff 22 5c 79'
perl -e 'print "EHLO \x{80}", "z" x 1500, "\r\nEHLO c.test\r\nMAIL FROM:<", "\\\"" x 700, "\@here.example>\r\nRCPT TO:<",
    "\xc3\xa4" x 900, "\@here.example>\r\nMAIL FROM:<", "n" x 900, "\@here.example>\r\nRCPT TO:<", "n" x 1990, "\@here.example>\r\nQUIT\r\n"' >"$T/hostile"
perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new("127.0.0.1:$ARGV[0]"); <$s>; local $/; open F, $ARGV[1]; print $s <F>; <$s>' "$port" "$T/hostile"
ok 'hostile commands are told' wait_for 5 tells '.cut'
is 'every line is an object' "$(jq -c 'type' "$E" | sort -u)" '"object"'
is 'no line is too long' "$(awk 'length($0) > 4095' "$E")" ''

# Rotation: everybody goes over to the new file.
ok 'the log is rotated' as "$I" postfix logrotate
ok 'the old file is compressed' sh -c "gzip -dc $E.*.gz | jq -ne 'any(inputs; .event == \"bounced\")'"
instance_reload "$I"
send box@here.example
ok 'the new one has what comes after' wait_for 5 tells '.event == "removed"'
is 'all of it' "$(life "$(id_to box@here.example)")" 'accept queued sent removed '

# A target that is not there is no reason to stop.
cf_set "$I/etc/main.cf" "posthorn_log_json = unix:$I/spool/public/events"
instance_reload "$I"
send box@here.example
ok 'mail flows without a reader' wait_for 5 sh -c "ls $I/spool/active $I/spool/incoming | grep -q '^[0-9A-F]' && exit 1; exit 0"
ok 'the log says that events are lost' instance_logged "$I" "qmgr.*warning: posthorn_log_json: unix:.*: No such file or directory: events are lost"
cat >"$T/reads.pl" <<'PERL'
use IO::Socket::UNIX;
my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die "$!";
chmod 0666, $ARGV[0];
$| = 1;
for (;;) { $s->recv($_, 65536); print }
PERL
perl "$T/reads.pl" "$I/spool/public/events" >"$E" &
wait_for 5 test -S "$I/spool/public/events"
again() { send box@here.example; tells '.event == "queued"'; }
ok 'a reader that comes is found' wait_for 5 again
ok 'and the log says how much was lost' instance_logged "$I" "warning: posthorn_log_json: .* works again, [0-9]+ events? w"

# A container: events on standard output, of which commands have another one.
instance_stop "$I"
cf_set "$I/etc/main.cf" 'posthorn_log_json = stdout'
E=$T/out
as "$I" postfix start-fg >"$E" 2>/dev/null & master=$!
ok 'a start in the foreground tells of itself' wait_for 5 tells '.event == "config" and .reason == "start"'
send box@here.example
ok 'and all others write there' wait_for 5 tells '.event == "removed"'
is 'each line is an object' "$(jq -c 'type' "$E" | sort -u)" '"object"'
is 'a command does not' "$(as "$I" postsuper -h ALL 2>/dev/null | grep -c event)" 0
instance_stop "$I"
wait "$master"

sed -i 's/^posthorn_log_json.*/posthorn_log_json = events/' "$I/etc/main.cf"
ok 'a bad target is refused' fails_with 1 at_once instance_start "$I"
ok 'in words' instance_logged "$I" 'posthorn_log_json: "events" is neither /FILE nor unix:/SOCKET nor stdout'
done_testing
