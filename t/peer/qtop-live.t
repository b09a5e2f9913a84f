#!/bin/sh
# qtop on the spool of a running Debian postfix
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
. "$(dirname "$0")/../cmd/term.sh"

dead=$(free_port)
peer_new p "relayhost = [127.0.0.1]:$dead
minimal_backoff_time = 1000s
queue_run_delay = 300s"
peer_start p
MAIL_CONFIG=$T/p/etc
export MAIL_CONFIG
n=0
while [ $n -lt 12 ]; do
	n=$((n + 1))
	printf 'Subject: number %d\n\nbody\n' $n |
	    peer p sendmail -f "from$n@client.example" "to$n@remote.example" || break
done
listed() { [ "$(peer p postqueue -j | grep -c '"queue_name": "deferred"')" = 12 ]; }
ok 'the peer has deferred them' wait_for 60 listed
term_open 110 24 qtop --refresh 1
shows 'all are there' ' 12 of 12'
shows 'with why they wait' 'connect +connect to'
term_keys '\' 'sender = from7@client.example' Enter
shows 'one is chosen' ' 1 of 12'
term_keys d
shows 'the plan' 'delete   1 message '
term_keys y
shows 'deleted' '1 deleted'
is 'the peer does not list it' "$(peer p postqueue -j | grep -c 'from7@')" 0
is 'but the others' "$(peer p postqueue -j | wc -l)" 11
term_keys u
shows 'the undo' 'Undo delete of 1 message'
term_keys y
shows 'put back' '1 put back'
is 'the peer lists it again' "$(peer p postqueue -j | grep -c 'from7@')" 1
term_keys H
shows 'the next plan' 'hold     1 message '
term_keys y
shows 'held' '1 placed on hold'
is 'the peer knows' "$(peer p postqueue -j | grep 'from7@' | grep -c '"queue_name": "hold"')" 1
# What left the queue is not what was delivered: the log tells.
term_keys 1
shows 'nothing is sent' 'log +sent 0\.0/s +deferred '
peer p postqueue -f
shows 'attempts fail' 'deferred [0-9.]*[1-9][0-9.]*/s +bounced 0\.0/s'
term_keys 2
# The queue changes while it is looked at.
term_keys Escape Escape Escape
shows 'all again' ' 12 of 12'
peer p postsuper -d ALL deferred >/dev/null 2>&1
shows 'what the peer deletes goes' ' 1 of 1'
printf 'Subject: new\n\nbody\n' | peer p sendmail -f new@client.example new@remote.example
shows 'what arrives comes' 'new@client.example'
term_keys q
shows 'the end' '^exit 0'
is 'nothing was said' "$(cat "$T/err")" ''

done_testing
