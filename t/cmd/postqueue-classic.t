#!/bin/sh
# postqueue: options, layouts, refusals without a running system
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/spool.sh"

spool_new "$T/a"
ok '--help succeeds' postqueue --help
for args in '' -Z '-p -j' '-p extra' -i '-f -f'; do
	ok "postqueue $args is a usage error" fails_with 69 postqueue $args
done
like 'and says how to call it' "$(postqueue -p -f 2>&1)" \
    '^postqueue: fatal: usage: postqueue -f \| postqueue -i queueid'
is 'an empty queue is said to be so' "$(postqueue -p 2>/dev/null)" 'Mail queue is empty'
is 'and has no JSON' "$(postqueue -j 2>/dev/null)" ''
like 'the source is named' "$(postqueue -p 2>&1 >/dev/null)" \
    'warning: Mail system is down -- accessing queue directly \(Connect to the Posthorn showq service: '
ok '-f needs a running system' fails_with 69 postqueue -f
like 'and says so' "$(postqueue -f 2>&1)" 'Cannot flush mail queue - mail system is down'
ok '-i too' fails_with 69 postqueue -i ABCDEF123
like '-i refuses what is no ID' "$(postqueue -i a/b 2>&1)" \
    'fatal: Cannot flush queue ID - invalid name: "a/b"'
long=$(printf 'x%.0s/' $(seq 80))
like 'and cuts what is very long' "$(postqueue -i "$long" 2>&1)" '"(x/){50}\.\.\."$'
like '-s refuses what is no site' "$(postqueue -s 'a b' 2>&1)" \
    'fatal: Cannot flush mail queue - invalid destination: "a b"'
like '-s knows which sites it serves' "$(postqueue -s a.example 2>&1)" \
    'fatal: Flush service is not configured for destination "a.example"'

for c in deferred-one held force-expired long-queue-id; do
	spool_golden "$T/a" $c
done
out=$(postqueue -p 2>/dev/null)
like 'held mail has a mark' "$out" '^[0-9A-F]{11}! +[0-9]+ '
like 'expired mail too' "$out" '^[0-9A-F]{11}!# +[0-9]+ '
like 'the heading of short IDs' "$out" '^-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------$'
like 'the summary' "$out" '^-- [0-9]+ Kbytes in 4 Requests\.$'
echo 'enable_long_queue_ids = yes' >>"$T/a/etc/main.cf"
out=$(postqueue -p 2>/dev/null)
like 'the heading of long IDs' "$out" '^----Queue ID----- --Size-- ---Arrival Time---- --Sender/Recipient------$'
like 'a line of long IDs' "$out" '^4jWkb63s66z1c6Jr +[0-9]+ Sat Nov 21 07:38:26 ann@client.example$'
like 'a recipient of long IDs' "$out" '^ {47}bob@remote.example$'
ok 'a reader that went away is no error' \
    perl -e 'pipe(R, W); close R; open STDOUT, ">&W"; exec "postqueue", "-p"'
done_testing
