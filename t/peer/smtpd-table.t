#!/bin/sh
# smtpd: many short dialogues, made from a table (smtpd-table.pl), with Debian's
# postfix and with ours: replies, log lines and questions to a policy server
# must be the same, queue IDs, pids, ports and times aside
#
#	t/peer/smtpd-table.t			every fourth; ALL=1: each
#	t/peer/smtpd-table.t [DIALOGUE ...]	only these; KEEP=1 keeps what was said
#
# All runs in a network of its own, with a name server that knows a few names.
[ -n "${IN_NETNS-}" ] || {
	unshare -mn true 2>/dev/null || { echo '1..0 # SKIP no namespaces here'; exit 0; }
	IN_NETNS=1 exec unshare -mn "$0" "$@"
}
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
table="$PH_SRC/t/peer/smtpd-table.pl"
# shellcheck disable=SC2046
expected=$(($# > 0 ? 1 : 150))
[ $# -gt 0 ] || [ -n "${ALL-}" ] || set -- $(perl "$table" names | awk 'NR % 4 == 1')

ip link set lo up
cat >"$T/zone" <<'Z'
client.test A 192.0.2.1
helo.test A 127.0.0.1
sender.test MX 10 mail.test
mail.test A 127.0.0.1
sad.test SERVFAIL
refused.test REFUSED
nullmx.test MX 0 .
onlya.test A 127.0.0.1
onlya2.test A 127.0.0.9
mxonly.test MX 10 mail.test
mxonly.test NS ns.test
ns.test A 127.0.0.1
deadmx.test MX 10 gone.test
plain.test A 127.0.0.8
plain.test MX 10 plain.test
plain.test NS ns9.test
ns9.test A 127.0.0.9
test NS ns9.test
listed.test A 192.0.2.9
9.2.0.192.bl.test A 127.0.0.2
9.2.0.192.bl.test TXT see http://bl.test/?192.0.2.9
9.2.0.192.notxt.test A 127.0.0.4
listed.test.bl.test A 127.0.0.2
listed.test.bl.test TXT a domain
9.2.0.192.sad.test SERVFAIL
listed.test.sad.test SERVFAIL
9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.test A 127.0.0.2
9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.test TXT six
backup.test MX 10 primary.test
backup.test MX 20 peer.example
primary.test A 192.0.2.77
primary.test MX 10 primary.test
peer.example A 127.0.0.1
Z
echo 'nameserver 127.0.0.1' >"$T/resolv.conf"
mount --bind "$T/resolv.conf" /etc/resolv.conf
timeout 900 dns-responder -p 53 -f "$T/zone" >/dev/null & dns=$!
stop_dns() { kill $dns 2>/dev/null; }
on_exit stop_dns

common='myhostname = peer.example
mydomain = peer.example
mail_name = Postfix
myorigin = peer.example
mydestination = peer.example, localhost
mynetworks = 127.0.0.0/8
local_recipient_maps =
alias_maps =
smtpd_authorized_xclient_hosts = static:all
smtpd_authorized_xforward_hosts = 127.0.0.1
smtpd_authorized_verp_clients = 127.0.0.1
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
smtpd_peername_lookup = no
virtual_alias_domains = va.example
virtual_mailbox_domains = vm.example
relay_domains = rd.example
max_use = 1
max_idle = 5s
smtpd_policy_service_retry_delay = 1
in_flow_delay = 0
inet_protocols = all
default_process_limit = 20'
peer_new peer "$common"
instance_new "$T/ours" "$common"
# Mail stays where it is: nobody has to deliver it.
sed -i '/^qmgr/d' "$T/peer/etc/master.cf" "$(instance_conf "$T/ours")/master.cf"
perl "$table" services 20000 1001 1003 >>"$T/peer/etc/master.cf"
perl "$table" services 30000 1002 1004 >>"$(instance_conf "$T/ours")/master.cf"
mkdir "$T/peer-said" "$T/ours-said"
perl "$table" policy 1001 "$T/peer-said" & policy1=$!
perl "$table" filter 1003 "$T/peer-said" & filter1=$!
perl "$table" policy 1002 "$T/ours-said" & policy2=$!
perl "$table" filter 1004 "$T/ours-said" & filter2=$!
stop_policy() { kill $policy1 $policy2 $filter1 $filter2 2>/dev/null; }
on_exit stop_policy

must "the peer's instance starts" peer_start peer
must 'our instance starts' instance_start "$T/ours" </dev/null

perl "$table" talk 20000 "$T/peer-said" "$@" & their_talk=$!
perl "$table" talk 30000 "$T/ours-said" "$@"
wait $their_talk

# Each dialogue is one session: its end is its last line.
sessions=$(ls "$T/peer-said" | grep -c '\.talk$')
all_logged() { [ "$(grep -c ': disconnect from' "$1")" -ge "$sessions" ]; }
wait_for 5 all_logged "$T/peer/log/maillog"
wait_for 5 all_logged "$T/ours/log/mail.log"
perl "$table" compare "$T" >"$T/compared"
cat "$T/compared"
tests=$((tests + $(grep -Ec '^(not )?ok' "$T/compared")))
ok "there were dialogues: $sessions" test "$sessions" -ge $expected
failures=$((failures + $(grep -c '^not ok' "$T/compared")))
done_testing
