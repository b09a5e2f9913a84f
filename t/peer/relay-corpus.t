#!/bin/sh
# relay: 500 messages go from a Postfix through us to a Postfix, unharmed
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
corpus=/usr/lib/python3.11/test/test_email/data
[ -d "$corpus" ] || skip_all 'no message corpus (libpython3.11-testsuite)'

# The first peer sends mail for relay.example to us; we rewrite the recipient
# and send it on to the second. No header rewriting, no line breaking: what
# comes out must be what went in.
same='local_header_rewrite_clients =
smtp_line_length_limit = 0
message_size_limit = 20000000'
peer_new last "$same"
instance_new "$T/ours" "$same
default_transport = smtp:[127.0.0.1]:$(peer_port last)
mynetworks = 127.0.0.0/8
virtual_alias_maps = inline:{ {nobody@relay.example = nobody@peer.example} }"
peer_new first "$same
default_transport = smtp:[127.0.0.1]:$(instance_port "$T/ours")"
must "the peer's instance starts" peer_start last
must 'the instance starts' instance_start "$T/ours"
must "the peer's instance starts" peer_start first

perl "$PH_SRC/t/corpus.pl" "$T/sent" 500 "$corpus" >"$T/list"
is '500 messages are ready' "$(wc -l <"$T/list")" 500
perl "$PH_SRC/t/inject.pl" 127.0.0.1 "$(peer_port first)" 5 sender@origin.example \
    nobody@relay.example <"$T/list" >"$T/acknowledged"
is 'the first peer takes them all' "$(wc -l <"$T/acknowledged")" 500

all_there() { [ "$(ls "$T/last/mail/nobody/new" 2>/dev/null | wc -l)" -ge 500 ]; }
ok 'all arrive at the last peer' wait_for 120 all_there
ok 'each arrives once, with its content unchanged' \
    perl "$PH_SRC/t/arrived.pl" exactly "$T/acknowledged" "$T/last/mail/nobody"
is 'nothing stays in our queue' "$(MAIL_CONFIG=$T/ours/etc postqueue -p)" 'Mail queue is empty'
done_testing
