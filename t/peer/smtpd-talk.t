#!/bin/sh
# smtpd: the same conversations with Debian's postfix and with ours; replies
# and log lines must be the same, queue IDs and pids aside
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
. "$(dirname "$0")/smtpd-pair.sh"

only=${1:-}
smtpd_pair 'smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_authorized_xforward_hosts = 127.0.0.1
smtpd_authorized_verp_clients = 127.0.0.1
smtpd_reject_unlisted_recipient = yes
smtpd_peername_lookup = yes
virtual_alias_domains = va.example
virtual_mailbox_domains = vm.example
relay_domains = rd.example'
smtpd_pair_talks "$PH_SRC/t/data/smtpd"
smtpd_pair_start

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
	: >"$peer_log"
	: >"$our_log"
	perl "$PH_SRC/t/talk.pl" "$theirs" <"$T/$name.talk" 2>&1 | same_shape >"$T/$name.peer" & their_talk=$!
	perl "$PH_SRC/t/talk.pl" "$ours" <"$T/$name.talk" 2>&1 | same_shape >"$T/$name.ours"
	wait $their_talk
	smtpd_pair_same "$name"
done
done_testing
