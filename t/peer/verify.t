#!/bin/sh
# verify: the same answers from the same cache, the same probes, the same
# refusals and log lines as Debian's postfix
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"

sink=$(free_port)
perl "$PH_SRC/t/rcpt-sink.pl" "$sink" "$T/sink" &
common="compatibility_level = 3.6
myhostname = here.example
mydomain = here.example
myorigin = here.example
mail_name = Postfix
mydestination = here.example
local_recipient_maps =
local_transport = error:5.1.1 nobody
alias_maps =
alias_database =
disable_dns_lookups = yes
default_transport = smtp:[127.0.0.1]:$sink
relay_transport = smtp:[127.0.0.1]:$sink
transport_maps = inline:{{err.example=error:5.7.7 closed},{disc.example=discard:gone},{retry.example=retry:4.7.8 wait},{none.example=nosuch:},{virt.example=virtual:},{lm.example=lmtp:inet:127.0.0.1:$sink},{pr.example=smtp:[127.0.0.1]:9}}
address_verify_transport_maps = inline:{{pr.example=smtp:[127.0.0.1]:$sink}}
virtual_mailbox_domains = virt.example
virtual_mailbox_maps = inline:{{a@virt.example=a/}}
virtual_mailbox_base = /tmp
virtual_uid_maps = static:5
virtual_gid_maps = static:60
virtual_alias_maps = inline:{{one@here.example=ok-alias@x.example},{two@here.example=ok-a@x.example no-b@x.example}}
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
address_verify_poll_count = 1
unverified_recipient_reject_code = 550
unverified_sender_reject_code = 551
smtpd_sender_restrictions = reject_unverified_sender
smtpd_recipient_restrictions = reject_unverified_recipient"
peer_new peer "$common"
instance_new "$T/ours"
cf_set "$T/ours/etc/main.cf" "$common"
# Berkeley DB is the peer's only; an lmdb table both can have.
for side in peer ours; do
	echo "address_verify_map = lmdb:$T/$side/data/known" >>"$T/$side/etc/main.cf"
done

# One cache for both: what is in it is as old as the label says.
export MAIL_CONFIG="$T/ours/etc"
now_s=$(date +%s) d=86400 h=3600
cat >"$T/seed" <<EOF
ok-good@x.example	0:0:$((now_s - 10)):good
ok-due@x.example	0:0:$((now_s - 8 * d)):good, due
ok-old@x.example	0:0:$((now_s - 32 * d)):good, old
ok-oldprobed@x.example	0:$((now_s - 10)):$((now_s - 32 * d)):good, old, probed
ok-lost@x.example	0:$((now_s - 1009)):$((now_s - 8 * d)):good, probe lost
ok-bad@x.example	2:0:$((now_s - 10)):bad
ok-baddue@x.example	2:0:$((now_s - 4 * h)):bad, due
ok-badprobed@x.example	2:$((now_s - 10)):$((now_s - 4 * h)):bad, probed
ok-badold@x.example	2:0:$((now_s - 4 * d)):bad, old
ok-badoldprobed@x.example	2:$((now_s - 10)):$((now_s - 4 * d)):bad, old, probed
ok-temp@x.example	1:0:$((now_s - 10)):temp
ok-wait@x.example	3:$((now_s - 10)):0:Address verification in progress
ok-waitlong@x.example	3:$((now_s - 1009)):0:Address verification in progress
ok-odd@x.example	odd
ok-short@x.example	0:0:$((now_s - 10))
ok-nine@x.example	9:0:$((now_s - 10)):nine
ok-never@x.example	0:0:0:never
ok-empty@x.example	0:0:$((now_s - 10)):
ok-future@x.example	0:0:$((now_s + d)):future
ok-colons@x.example	0:0:$((now_s - 10)):a:b: c:
Ok-Case@x.example	0:0:$((now_s - 10)):case
ok_colon@x.example	0:0:$((now_s - 10)):colon
EOF
for side in peer ours; do
	postmap -f -i "lmdb:$T/$side/data/known" <"$T/seed"
	chown postfix "$T/$side/data/known.lmdb"
done
must "the peer's instance starts" peer_start peer
must 'our instance starts' instance_start "$T/ours" </dev/null

ask() { side=$1; shift; perl "$PH_SRC/t/ask-attrs.pl" "$T/$side/spool/private/verify" "$@"; }
log_of() { cat "$T/$1"/log/*; }
cleaned() { log_of "$1" | grep -q ' full cleanup: '; }

# The first question wakes the service, which tidies up first.
first() { ask "$1" request=query address=ok-good@x.example; wait_for 10 cleaned "$1"; log_of "$1" | sed -n 's/.*\(full cleanup: .*\)/\1/p'; }
is 'the first answer, and what is dropped' "$(first ours)" "$(first peer)"
addresses=$(cut -f1 "$T/seed"; echo ok:colon@x.example; echo ok-case@x.example)
answers() { for a in $addresses; do printf '%s: %s\n' "$a" "$(ask "$1" request=query address="$a" | sed 1d)"; done; }
is 'what every entry is worth' "$(answers ours)" "$(answers peer)"
words='request=update address=ok-good@x.example recipient_status=2 reason=no
request=query address=ok-good@x.example
request=update address=ok-bad@x.example recipient_status=1 reason=later
request=query address=ok-bad@x.example
request=update address=ok-bad@x.example recipient_status=0 reason=yes
request=query address=ok-bad@x.example
request=update address=ok-bad@x.example recipient_status=2 reason=no
request=query address=ok-bad@x.example
request=update address=new:1@x.example recipient_status=1 reason=a:b
request=query address=new:1@x.example
request=update address=x recipient_status=3 reason=c
request=update address=x recipient_status=7 reason=c
request=other address=x'
talk_wire() { printf '%s\n' "$words" | while read -r line; do ask "$1" $line; done; }
is 'updates' "$(talk_wire ours)" "$(talk_wire peer)"

# New addresses, one of each kind.
kinds='ok-1@x.example no-1@x.example later-1@x.example a@err.example a@disc.example a@retry.example a@none.example a@virt.example b@virt.example ok@lm.example no@lm.example ok@pr.example one@here.example two@here.example x@here.example double-bounce@here.example'
query() { ask "$1" request=query address="$2" | sed -n '2s/.*recipient_status=//p'; }
is_known() { query "$1" "$2" | grep -vq '^3'; }
outcomes() { for a in $kinds; do wait_for 10 is_known "$1" "$a"; printf '%s: %s\n' "$a" "$(query "$1" "$a")"; done; }
is 'what probes find' "$(outcomes ours | sed 's/:[0-9]*:/:/g')" "$(outcomes peer | sed 's/:[0-9]*:/:/g')"
# qmgr asks an agent to end mail for the double-bounce address; the peer's does that itself.
ends() { log_of "$1" | sed -n 's/, conn_use=[0-9]*//; s/.*postfix\/[a-z]*\[[0-9]*\]: [0-9A-F]*: \(to=.*\), delay=.*\(, dsn=.*deliverable.*\)/\1\2/p' | sort -u; }
is 'what is logged of them' "$(ends ours)" "$(ends peer)"
shape() { log_of "$1" | sed -n 's/.*\(from=<[^>]*>, size=[0-9]*\), nrcpt=1 .*/\1/p' | sort -u; }
is 'a probe has the same sender and size' "$(shape ours)" "$(shape peer)"

# In a conversation, from what is known now.
cat >"$T/talk" <<'EOF'
EHLO c.example
MAIL FROM:<>
RCPT TO:<ok-1@x.example>
RCPT TO:<no-1@x.example>
RCPT TO:<later-1@x.example>
RCPT TO:<slow-1@x.example>
RCPT TO:<a@err.example>
RCPT TO:<b@virt.example>
RCPT TO:<two@here.example>
RCPT TO:<double-bounce@here.example>
RCPT TO:<postmaster>
RSET
MAIL FROM:<no-1@x.example>
RCPT TO:<ok-1@x.example>
RSET
MAIL FROM:<later-1@x.example>
RCPT TO:<ok-1@x.example>
RSET
MAIL FROM:<slow-2@x.example>
RCPT TO:<ok-1@x.example>
RSET
MAIL FROM:<ok-1@x.example>
RCPT TO:<"no-1"@x.example>
QUIT
EOF
talk() { perl "$PH_SRC/t/talk.pl" "$1" <"$T/talk" | sed '/^S: 250[- ][A-Z]/d'; }
is 'the same replies' "$(talk "$(instance_port "$T/ours")")" "$(talk "$(peer_port peer)")"
rejects() { log_of "$1" | sed -n 's/.*smtpd\[[0-9]*\]: [0-9A-FNOQUE]*: reject: //p'; }
is 'the same log lines' "$(rejects ours)" "$(rejects peer)"
touch "$T/sink.go"

# Each reads what the other has written.
instance_stop "$T/ours"; peer_stop peer
entries() { postmap -s "lmdb:$T/$1/data/known" | sed 's/:[0-9]\{10\}/:T/g; s/\(_\t\)[0-9]*$/\1T/'; }
known() { entries "$1" | grep -v slow; }
is 'the same entries are left' "$(known ours)" "$(known peer)"
cp "$T/ours/data/known.lmdb" "$T/peer/data/known.lmdb"; chown postfix "$T/peer/data/known.lmdb"
peer_start peer
is 'the peer reads our table' "$(query peer no-1@x.example; query peer ok-colons@x.example)" \
    "2 | reason=host 127.0.0.1[127.0.0.1] said: 550 5.1.1 no such user (in reply to RCPT TO command)
0 | reason=a:b: c:"
done_testing
