#!/bin/sh
# smtpd: the same conversations with Debian's postfix and with ours; replies
# and log lines must be the same, queue IDs and pids aside
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"

only=${1:-}
common='myhostname = peer.example
mydomain = peer.example
mail_name = Postfix
myorigin = peer.example
mydestination = peer.example, localhost
mynetworks = 127.0.0.0/8
local_recipient_maps =
alias_maps =
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_authorized_xforward_hosts = 127.0.0.1
smtpd_authorized_verp_clients = 127.0.0.1
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
smtpd_reject_unlisted_recipient = yes
disable_dns_lookups = yes
smtpd_peername_lookup = yes
virtual_alias_domains = va.example
virtual_mailbox_domains = vm.example
relay_domains = rd.example'

peer_new peer "$common"
instance_new "$T/ours" "$common"

# One service for each conversation: its port, and its options from "#-o".
add_service() {	# add_service MASTER_CF PORT TALK
	{
		echo "127.0.0.1:$2 inet n - n - - smtpd"
		sed -n 's/^#-o \(.*\)/  -o { \1 }/p' "$3"
	} >>"$1"
}

talks=
# shellcheck disable=SC2046
set -- $(free_ports $((2 * $(ls "$PH_SRC"/t/data/smtpd/*.talk | wc -l))))
for talk in "$PH_SRC"/t/data/smtpd/*.talk; do
	name=$(basename "$talk" .talk)
	[ -z "$only" ] || [ "$only" = "$name" ] || continue
	talks="$talks $name"
	echo "$1 $2" >"$T/$name.ports"
	shift 2
	read -r theirs ours <"$T/$name.ports"
	add_service "$T/peer/etc/master.cf" "$theirs" "$talk"
	add_service "$(instance_conf "$T/ours")/master.cf" "$ours" "$talk"
done
# Mail stays where it is: nobody has to deliver it.
sed -i '/^qmgr/d' "$T/peer/etc/master.cf" "$(instance_conf "$T/ours")/master.cf"

must "the peer's instance starts" peer_start peer
must 'our instance starts' instance_start "$T/ours" </dev/null

same_shape() {
	sed -E -e 's/queued as [0-9A-F]+/queued as QID/' \
	    -e 's/for service [0-9.:]+/for service S/'
}

# Lines of smtpd since the mark, without what differs by nature.
log_shape() {
	grep '/smtpd\[' | sed -E -e 's/^.*smtpd\[[0-9]+\]: //' \
	    -e 's/^(warning: )?[0-9A-F]{8,}: /\1QID: /' \
	    -e '/^connect from|message-id=|size limit exceeded|overriding|unable to look up|unknown DSN NOTIFY|public\/qmgr/d' \
	    -e 's/inline:\{.*\} /inline:{} /' \
	    -e 's/restriction \"?frob/restriction frob/'
}

for name in $talks; do
	read -r theirs ours <"$T/$name.ports"
	talk=$PH_SRC/t/data/smtpd/$name.talk
	: >"$T/peer/log/maillog"
	: >"$T/ours/log/mail.log"
	perl "$PH_SRC/t/talk.pl" "$theirs" <"$talk" 2>&1 | same_shape >"$T/$name.peer" & their_talk=$!
	perl "$PH_SRC/t/talk.pl" "$ours" <"$talk" 2>&1 | same_shape >"$T/$name.ours"
	wait $their_talk
	if cmp -s "$T/$name.peer" "$T/$name.ours"; then
		result 0 "$name: the replies are the same"
	else
		result 1 "$name: the replies are the same"
		diff "$T/$name.peer" "$T/$name.ours" | sed 's/^/#   /'
	fi
	wait_for 3 grep -q disconnect "$T/peer/log/maillog"
	wait_for 3 grep -q disconnect "$T/ours/log/mail.log"
	log_shape <"$T/peer/log/maillog" >"$T/$name.peer.log"
	log_shape <"$T/ours/log/mail.log" >"$T/$name.ours.log"
	if cmp -s "$T/$name.peer.log" "$T/$name.ours.log"; then
		result 0 "$name: the log lines are the same"
	else
		result 1 "$name: the log lines are the same"
		diff "$T/$name.peer.log" "$T/$name.ours.log" | sed 's/^/#   /'
	fi
done
done_testing
