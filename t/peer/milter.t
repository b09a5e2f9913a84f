#!/bin/sh
# milter: the same filter beside Debian's postfix and beside ours: what it is
# told, packet by packet, what clients are told, what is logged, and what
# message stands in the queue in the end
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
. "$(dirname "$0")/smtpd-pair.sh"

only=${1:-}
smtpd_pair 'smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_authorized_xforward_hosts = 127.0.0.1
smtpd_authorized_verp_clients = 127.0.0.1
default_transport = smtp:[127.0.0.1]:9
relay_transport = smtp:[127.0.0.1]:9
milter_default_action = tempfail'
mkdir "$T/case" "$T/peer.trace" "$T/ours.trace"
: >"$T/checks"

# Each case becomes files: NUMBER.name .opts .orders .checks .talk
awk -v T="$T/case/" '
	/^#/ && n == "" { next }
	/^== / { n = sprintf("%s%03d", T, ++count); print substr($0, 4) >(n ".name")
		printf "" >(n ".opts"); printf "" >(n ".orders"); printf "" >(n ".checks"); next }
	/^-o / { print substr($0, 4) >(n ".opts"); next }
	/^> / { print substr($0, 3) >(n ".orders"); next }
	/^\| / { print substr($0, 3) >(n ".checks"); next }
	$0 == "$ENV" { print "EHLO cli.example\nMAIL FROM:<a@dest.example>\nRCPT TO:<u@peer.example>" >(n ".talk"); next }
	$0 == "$MSG" { print ">>>Subject: x\\r\\nTo: u@peer.example\\r\\nMessage-Id: <1@x>\\r\\nDate: Sun, 1 Jan 2023 00:00:00 +0000\\r\\nFrom: a@dest.example\\r\\n\\r\\nbody\\r\\n.\\r\\n\n<<<" >(n ".talk"); next }
	NF { print >(n ".talk") }' "$PH_SRC/t/data/milter/cases"

# One service for each set of options.
# shellcheck disable=SC2046
set -- $(free_ports 120)
their_filter=$1 our_filter=$2; shift 2
for f in "$T"/case/*.opts; do
	sum=$(md5sum <"$f" | cut -c1-32)
	[ -f "$T/ports.$sum" ] || {
		echo "$1 $2" >"$T/ports.$sum"
		for w in peer ours; do
			filter=$their_filter port=$1
			[ $w = peer ] || filter=$our_filter port=$2
			echo "127.0.0.1:$port inet n - n - - smtpd"
			echo "  -o smtpd_milters=inet:127.0.0.1:$filter"
			sed 's/.*/  -o { & }/' "$f"
		done >"$T/services"
		sed "/^127.0.0.1:$2 /,\$d" "$T/services" >>"$T/peer/etc/master.cf"
		sed -n "/^127.0.0.1:$2 /,\$p" "$T/services" >>"$T/ours/etc/master.cf"
		shift 2
	}
	cp "$T/ports.$sum" "${f%.opts}.ports"
done
cf_set "$T/peer/etc/main.cf" "non_smtpd_milters = inet:127.0.0.1:$their_filter
milter_header_checks = regexp:$T/checks"
cf_set "$T/ours/etc/main.cf" "non_smtpd_milters = inet:127.0.0.1:$our_filter
milter_header_checks = regexp:$T/checks"

smtpd_pair_start
for w in peer ours; do
	port=$their_filter; [ $w = peer ] || port=$our_filter
	perl "$PH_SRC/t/raw-milter.pl" "$port" "$T/orders" "$T/$w.trace" >"$T/$w.ready" &
	wait_for 10 test -s "$T/$w.ready"
done

shape() {
	sed -E -e 's/\b[0-9A-F]{9,12}\b/QID/g' -e "s/$their_filter|$our_filter/FILTER/g" \
	    -e 's/Posthorn/Postfix/g' -e '/^S: 250.CHUNKING$/d' |
	    awk '/^S: 250-SMTPUTF8$/ { sub("-", " ") } { print }'
}
trace_shape() {
	sed -E -e 's/^(C [^|]*\|4).*127\.0\.0\.1/\1PORT127.0.0.1/' \
	    -e 's/[0-9]{14}\.[0-9A-F]+@/STAMP@/' -e '/^L Date\|/s/\|.*/|DATE/' \
	    -e '/^closed$/d' "$1"/* 2>/dev/null | shape
}
# What is about milters, without what each says in its own words.
log_shape() {
	grep -E '/(smtpd|cleanup)\[' "$1" | grep -Ei 'milter|warning' |
	    sed -E 's/^.*(smtpd|cleanup)\[[0-9]+\]: /\1: /' | shape | sed -E \
	    -e '/overriding earlier|attempt to send event|public\/qmgr|milter8_read_data|packet too short|string without|bad packet length|read error in initial/d' \
	    -e 's/(bad protocol information:).*/\1/'
}
queue_shape() {	# queue_shape SPOOL: all that stands there
	for f in $(find "$1/incoming" "$1/hold" -type f | sort); do
		echo "$f" | sed 's/.*\/\([a-z]*\)\/.*/in \1/'
		postcat -ehb "$f" 2>&1
	done | perl -0pe 's/(named_attribute: dsn_orig_rcpt=.*\n)?original_recipient: .*\ncanceled_recipient: .*\n//g' |
	    shape | sed -E -e '/^(message_size|message_arrival_time|create_time|named_attribute: (log_)?client_port|named_attribute: server_port)/d' \
	    -e 's/; [A-Z][a-z]{2}, .*$|^Date: .* \(UTC\)$/; DATE/' -e 's/^\t[A-Z][a-z]{2}, .*/\tDATE/' -e '/^\*\*\*/d' -e 's/[0-9]{14}\.QID@/STAMP@/' \
	    -e '/^pointer_record|^padding/d'
}
same() {	# same WHAT: $T/peer.WHAT and $T/ours.WHAT
	cmp -s "$T/peer.$1" "$T/ours.$1" && return
	differs=y
	diff "$T/peer.$1" "$T/ours.$1" | sed "s/^/#  $1 /"
}
disconnected() { [ "$(grep -c "$2" "$1")" -ge 1 ]; }
filter_done() { [ -z "$(find "$T/peer.trace" "$T/ours.trace" -type f -exec grep -Lx closed {} +)" ]; }
quiet() {	# the mail is queued, or has been refused for now
	[ -n "$(find "$2"/spool/incoming "$2"/spool/hold -type f)" ] ||
	    grep -Eq 'milter-(reject|discard)' "$1"
}
cleared() {
	for d in "$T/peer/spool" "$T/ours/spool"; do
		find "$d/incoming" "$d/hold" "$d/maildrop" "$d/bounce" -type f -delete
	done
	rm -f "$T/peer.trace"/* "$T/ours.trace"/*
	for f in "$peer_log" "$our_log"; do : >"$f"; done
}
hand_in() {	# hand_in WHO ARGS: by sendmail
	w=$1; shift
	if [ "$w" = peer ]; then
		printf 'Subject: n\n\nbody\n' | peer peer sendmail "$@"
		wait_for 5 quiet "$peer_log" "$T/peer"
	else
		printf 'Subject: n\n\nbody\n' | MAIL_CONFIG=$T/ours/etc sendmail "$@"
		wait_for 5 quiet "$our_log" "$T/ours"
	fi
}

for f in "$T"/case/*.name; do
	c=${f%.name} name=$(cat "$f")
	case $name in *"$only"*) ;; *) continue ;; esac
	cleared
	cp "$c.orders" "$T/orders"
	cmp -s "$c.checks" "$T/checks" || {
		cp "$c.checks" "$T/checks"
		peer peer postfix reload 2>/dev/null
		MAIL_CONFIG=$T/ours/etc postfix reload 2>/dev/null
		wait_for 5 grep -q 'reload --' "$peer_log"
		wait_for 5 grep -q 'reload --' "$our_log"
		: >"$peer_log"; : >"$our_log"
	}
	read -r theirs ours <"$c.ports"
	if args=$(sed -n 's/^@//p' "$c.talk") && [ -n "$args" ]; then
		# shellcheck disable=SC2086
		for w in peer ours; do hand_in $w $args >"$T/$w.reply" 2>"$T/err"; done
	else
		perl "$PH_SRC/t/talk.pl" "$theirs" <"$c.talk" 2>&1 | shape >"$T/peer.reply"
		perl "$PH_SRC/t/talk.pl" "$ours" <"$c.talk" 2>&1 | shape >"$T/ours.reply"
		wait_for 3 disconnected "$peer_log" disconnect
		wait_for 3 disconnected "$our_log" disconnect
	fi
	wait_for 5 filter_done
	log_shape "$peer_log" >"$T/peer.log"; log_shape "$our_log" >"$T/ours.log"
	queue_shape "$T/peer/spool" >"$T/peer.queue"; queue_shape "$T/ours/spool" >"$T/ours.queue"
	trace_shape "$T/peer.trace" >"$T/peer.told"; trace_shape "$T/ours.trace" >"$T/ours.told"
	differs=
	for what in reply told log queue; do same $what; done
	result "$([ -z "$differs" ]; echo $?)" "$(printf %s "$name" | tr -d '\\')"
done
done_testing
