#!/bin/sh
# public endpoints: a Postfix's commands against our daemons, ours against its
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"

common='mynetworks = 127.0.0.0/8
defer_transports = smtp
fast_flush_domains = site.example'
peer_new peer "$common"
instance_new "$T/ours" "$common"
must "the peer's instance starts" peer_start peer
must 'the instance starts' instance_start "$T/ours"
ours=$T/ours/etc theirs=$T/peer/etc

for to in '"we ird"@a.example' b@site.example c@c.example; do
	printf 'Subject: x\n\nbody\n' | MAIL_CONFIG=$ours sendmail -f s@origin.example "$to"
	printf 'Subject: x\n\nbody\n' | peer peer sendmail -f s@origin.example "$to"
done
three() { [ "$(find "$T/$1/spool/deferred" -type f | wc -l)" = 3 ]; }
ok 'ours are deferred' wait_for 20 three ours
ok "the peer's are deferred" wait_for 20 three peer

# A main.cf of the other side's that names this side's queue, for its commands.
mkdir "$T/peer-on-ours"
cp "$theirs"/* "$T/peer-on-ours/"
cf_set "$T/peer-on-ours/main.cf" "queue_directory = $T/ours/spool"
on_ours() { name=$1; shift; peer peer "$name" -c "$T/peer-on-ours" "$@"; }
mkdir "$T/ours-on-peer"
cp "$ours"/* "$T/ours-on-peer/"
cf_set "$T/ours-on-peer/main.cf" "queue_directory = $T/peer/spool"
on_peer() { name=$1; shift; "$name" -c "$T/ours-on-peer" "$@"; }

on_ours postqueue -p >"$T/a" 2>/dev/null; MAIL_CONFIG=$ours postqueue -p >"$T/b"
is "the peer's postqueue -p reads our showq as ours does" "$(cat "$T/a")" "$(cat "$T/b")"
like 'and it lists the three' "$(cat "$T/a")" '^-- 0 Kbytes in 3 Requests\.|^-- [0-9]+ Kbytes in 3 Requests\.'
on_ours postqueue -j >"$T/a" 2>/dev/null; MAIL_CONFIG=$ours postqueue -j >"$T/b"
is "the peer's postqueue -j reads our showq as ours does" "$(sort "$T/a")" "$(sort "$T/b")"
ok 'and every line is JSON' jq -e .queue_id "$T/b"
on_peer postqueue -p >"$T/a"; peer peer postqueue -p >"$T/b" 2>/dev/null
is "our postqueue -p reads the peer's showq as its own does" "$(cat "$T/a")" "$(cat "$T/b")"
on_peer postqueue -j >"$T/a"; peer peer postqueue -j >"$T/b" 2>/dev/null
is "our postqueue -j reads the peer's showq as its own does" "$(sort "$T/a")" "$(sort "$T/b")"

count_active() { grep -c 'queue active' "$1"; }
before=$(count_active "$T/ours/log/mail.log")
more_active() { [ "$(count_active "$1")" -ge "$2" ]; }
ok "the peer's postqueue -f succeeds on ours" on_ours postqueue -f
ok 'and our queue manager tries all three again' wait_for 20 more_active "$T/ours/log/mail.log" $((before + 3))
before=$(count_active "$T/peer/log/maillog")
ok "our postqueue -f succeeds on the peer's" on_peer postqueue -f
ok 'and its queue manager tries all three again' wait_for 20 more_active "$T/peer/log/maillog" $((before + 3))

ok 'all are deferred again here' wait_for 20 three ours
ok 'all are deferred again there' wait_for 20 three peer
id=$(find "$T/ours/spool/deferred" -type f -printf '%f\n' | head -n 1)
tried() { [ "$(grep -c "$2: from=.*queue active" "$1")" -gt "$3" ]; }
n=$(grep -c "$id: from=.*queue active" "$T/ours/log/mail.log")
ok "the peer's postqueue -i succeeds on ours" on_ours postqueue -i "$id"
ok 'and that message is tried again' wait_for 20 tried "$T/ours/log/mail.log" "$id" "$n"
id=$(find "$T/peer/spool/deferred" -type f -printf '%f\n' | head -n 1)
n=$(grep -c "$id: from=.*queue active" "$T/peer/log/maillog")
ok "our postqueue -i succeeds on the peer's" on_peer postqueue -i "$id"
ok 'and that message is tried again there' wait_for 20 tried "$T/peer/log/maillog" "$id" "$n"
ok "the peer's postqueue -s succeeds on ours" on_ours postqueue -s site.example
ok "our postqueue -s succeeds on the peer's" on_peer postqueue -s site.example
# It sends its request in two writes, and must live to send the second.
often() { for i in 1 2 3 4 5 6 7 8 9 10; do "$@" || return; done; }
ok "the peer's postkick reaches our queue manager, each time" often on_ours postkick public qmgr I
ok "our postkick reaches the peer's" on_peer postkick public qmgr I
done_testing
