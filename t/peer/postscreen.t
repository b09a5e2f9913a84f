#!/bin/sh
# postscreen, dnsblog, tlsproxy: many short conversations (postscreen.py) with
# Debian's postfix and with ours: replies, log lines and cache entries must be
# the same, ports and times aside
#
# All runs in a network of its own, with a name server that knows a few names.
[ -n "${IN_NETNS-}" ] || {
	unshare -mn true 2>/dev/null || { echo '1..0 # SKIP no namespaces here'; exit 0; }
	IN_NETNS=1 exec unshare -mn "$0" "$@"
}
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
table="$PH_SRC/t/peer/postscreen.py"

ip link set lo up
cat >"$T/zone" <<'Z'
2.2.0.127.bl.test A 127.0.0.2
2.2.0.127.bl2.test A 127.0.0.4
2.2.0.127.bl2.test A 127.0.0.10
2.2.0.127.wl.test A 127.0.0.2
3.2.0.127.wl.test A 127.0.0.2
Z
echo 'nameserver 127.0.0.1' >"$T/resolv.conf"
mount --bind "$T/resolv.conf" /etc/resolv.conf
timeout 300 dns-responder -p 53 -f "$T/zone" >/dev/null & dns=$!
stop_dns() { kill $dns 2>/dev/null; }
on_exit stop_dns
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=peer.example \
    -keyout "$T/key.pem" -out "$T/cert.pem" 2>/dev/null
cat "$T/key.pem" "$T/cert.pem" >"$T/chain.pem"

common="compatibility_level = 3.6
myhostname = peer.example
mydomain = peer.example
mail_name = Postfix
myorigin = peer.example
mydestination = peer.example
mynetworks = 127.0.0.1
inet_protocols = all
local_recipient_maps =
alias_maps =
alias_database =
smtpd_peername_lookup = no
smtpd_tls_chain_files = $T/chain.pem
smtpd_tls_loglevel = 1
tlsproxy_tls_security_level = may
postscreen_greet_wait = 3s
default_process_limit = 200"
peer_new peer "$common"
instance_new "$T/ours"
cf_set "$(instance_conf "$T/ours")/main.cf" "$common"
sed -i '/^qmgr/d' "$T/peer/etc/master.cf" "$(instance_conf "$T/ours")/master.cf"
python3 "$table" services 20000 btree "$T/peer/data" >>"$T/peer/etc/master.cf"
python3 "$table" services 30000 lmdb "$T/ours/data" >>"$(instance_conf "$T/ours")/master.cf"
mkdir "$T/peer-said" "$T/ours-said"

must "the peer's instance starts" peer_start peer
must 'our instance starts' instance_start "$T/ours" </dev/null
python3 "$table" talk 20000 "$T/peer-said" & their_talk=$!
python3 "$table" talk 30000 "$T/ours-said"
wait $their_talk
# Stopped at once, so that none of the entries is older than the others'.
peer_stop peer
instance_stop "$T/ours"
for name in $(python3 "$table" names); do
	[ ! -e "$T/ours/data/ps_$name.lmdb" ] || {
		peer peer postmap -s "btree:$T/peer/data/ps_$name" >"$T/peer-said/$name.cache"
		as "$T/ours" postmap -s "lmdb:$T/ours/data/ps_$name" >"$T/ours-said/$name.cache"
	}
done
python3 "$table" compare "$T" >"$T/compared"
cat "$T/compared"
tests=$((tests + $(grep -Ec '^(not )?ok' "$T/compared")))
ok "there were conversations" test "$(ls "$T/ours-said" | grep -c '\.talk$')" -ge 100
failures=$((failures + $(grep -c '^not ok' "$T/compared")))
done_testing
