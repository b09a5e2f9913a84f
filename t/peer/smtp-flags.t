#!/bin/sh
# smtp, lmtp: what flags= of master.cf puts in front of a message, and what else it does
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
. "$(dirname "$0")/smtp-pair.sh"
one='short ; -f snd@x.example one'
two='short ; -f snd@x.example one two'
cat >"$T/cases" <<EOT
flags=D ; @EHLO ; $one
flags=O ; @EHLO ; $one
flags=R ; @EHLO ; $one
flags=DORX ; @EHLO ; $one
flags=XROD ; @EHLO ; $one
flags=R ; @EHLO ; short ; -f <> one
flags=R ; @EHLO ; $two
flags=DO ; @EHLO ; $two
flags=X ; @EHLO ; short ; -N success -f snd@x.example one
flags=X ; @EHLO DSN ; short ; -N success -f snd@x.example one
lmtp_x = | flags=X ; @EHLO ; short ; -N success -f snd@x.example one
lmtp_x = | flags=DORX ; @EHLO ; $one
flags= ; @EHLO ; $one
flags=D ; @EHLO ; delivered ; -f snd@x.example one
flags=R ; @EHLO ; text8 ; -f snd@x.example one
smtp_generic_maps = static:other@z.example | flags=DOR ; @EHLO ; $one
flags=D ; @EHLO SIZE ; $one
smtp_header_checks = regexp:{{/^Delivered/ WARN seen}} | flags=D ; @EHLO SIZE ; $one
flags=Q ; @EHLO ; $one
EOT
pair_cases "$T/cases"
# The mail of the last line stays: its agent does not start.
pair_settled() {
	[ "$(find "$1"/spool/incoming "$1"/spool/active "$1"/spool/maildrop -type f | wc -l)" -le 1 ] &&
	    grep -q 'fatal: .*flag' "$1"/log/*
}
limits=$(for i in $(seq "$pair_count"); do [ "$i" = 7 ] || [ "$i" = 8 ] || echo "c${i}_destination_recipient_limit = 1"; done)
pair_run "$limits"
is 'the same is logged' "$(diff "$T/peer.log" "$T/ours.log")" ''
is 'and the same is sent' "$(diff -r "$T/peer.wire" "$T/ours.wire")" ''
done_testing
