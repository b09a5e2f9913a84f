# systems.sh - the two mail systems of a benchmark: ours and Debian's postfix
#
# Both get the same main.cf settings, the same file system, and the same
# smtp-sink behind them; sourced by t/bench/*.sh. Needs root, as the peer does.
#
# BENCH_DIR says on which file system (default /var/tmp). /dev/shm shows what the
# mail systems themselves cost; a disk adds the same creates, renames and
# flushes to both, and with them its own noise.
#
# Not on an ext4 without a journal (dumpe2fs -h: no has_journal): it gives no
# inode of a file deleted in the last minutes to a new one, and each create
# searches past all of those. What one run deleted then slows the next, and the
# faster system more. An ext4 image on a loop device has a journal.
. "$here/setup.sh"
sink_pid=

free_port() {
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'
}

common_cf() {	# common_cf SYSTEM
	cat <<CF
myhostname = bench.example
mydestination = bench.example
myorigin = bench.example
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
disable_dns_lookups = yes
smtp_host_lookup = native
smtpd_peername_lookup = no
local_recipient_maps =
alias_maps =
alias_database =
virtual_mailbox_domains = box.example
virtual_mailbox_base = $W/mail-$1
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
transport_maps = inline:{ {held.example = held:}, {hold.example = held:}, {relay.example = smtp:[127.0.0.1]:$sink_port} }
defer_transports = held
smtpd_recipient_restrictions = check_recipient_access inline:{ {hold.example = HOLD} }, permit_mynetworks, reject
in_flow_delay = 0
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_tls_security_level = none
smtp_tls_security_level = none
default_process_limit = 300
CF
}

# A setting that stands twice is warned of by each process, and the peer's log
# service then waits for itself: what is replaced must go.
settings() {	# settings SYSTEM: put common_cf into its main.cf
	common_cf "$1" | sed -n 's/^\([a-z_]*\) =.*/\1/p' | while read -r name; do
		sed -i "/^$name *=/d" "$W/$1/etc/main.cf"
	done
	common_cf "$1" >>"$W/$1/etc/main.cf"
}

start_systems() {
	local s
	sink_port=$(free_port) our_port=$(free_port) peer_port=$(free_port)
	perl -e 'print "Subject: bench\n\n", ("0123456789abcdef" x 4 . "\n") x 60' >"$W/message"
	for s in ours peer; do
		mkdir -p "$W/mail-$s/box"; chown -R nobody:nogroup "$W/mail-$s"
	done
	trap stop_all EXIT
	trap 'exit 1' INT TERM
	bash "$PEER_SETUP" setup "$W/peer" "$peer_port"
	settings peer
	echo 'held unix - - n - - discard' >>"$W/peer/etc/master.cf"
	"$PH_BIN/postfix" init "$W/ours" >/dev/null
	settings ours
	sed -i "s/^[^ #]*:[0-9]* *inet/127.0.0.1:$our_port inet/" "$W/ours/etc/master.cf"
	echo 'held unix - - n - - discard' >>"$W/ours/etc/master.cf"
	"$PH_BIN/smtp-sink" "127.0.0.1:$sink_port" 1000 &
	sink_pid=$!
	start_both
}

start_both() {
	start_system ours; start_system peer
	perl "$here/first220.pl" "$our_port"; perl "$here/first220.pl" "$peer_port"
}

start_system() {
	# Commands of a build tree are not set-gid, and a start says so each time.
	case $1 in
	ours) MAIL_CONFIG=$W/ours/etc "$PH_BIN/postfix" start 2>"$W/start.ours" ||
	    cat "$W/start.ours" >&2 ;;
	peer) bash "$PEER_SETUP" start "$W/peer" ;;
	esac
}

stop_systems() {
	MAIL_CONFIG=$W/ours/etc "$PH_BIN/postfix" stop 2>/dev/null
	bash "$PEER_SETUP" stop "$W/peer"
}

stop_all() {
	stop_systems
	[ -z "$sink_pid" ] || kill "$sink_pid"
	rm -rf "$W"
}

spool_of()  { echo "$W/$1/spool"; }
port_of()   { case $1 in ours) echo "$our_port" ;; peer) echo "$peer_port" ;; esac; }
master_of() { tr -d ' \n' <"$(spool_of "$1")/pid/master.pid"; }
cpu_of()    { perl "$here/cpu.pl" "$(master_of "$1")"; }

source_mail() {	# source_mail SYSTEM SESSIONS MESSAGES RECIPIENT
	timeout 300 "$PH_BIN/smtp-source" -s "$2" -m "$3" -l 4096 -f a@b.example -t "$4" "127.0.0.1:$(port_of "$1")"
}

sendmail_of() {	# words of the command that submits to SYSTEM
	case $1 in
	ours) echo "MAIL_CONFIG=$W/ours/etc $PH_BIN/sendmail" ;;
	peer) (eval "$(bash "$PEER_SETUP" env "$W/peer")"
	    echo "MAIL_CONFIG=$MAIL_CONFIG LD_LIBRARY_PATH=$LD_LIBRARY_PATH $W/peer/root/usr/sbin/sendmail") ;;
	esac
}

drained() {	# wait until no message is left in maildrop, incoming or active
	local spool i; spool=$(spool_of "$1")
	for i in $(seq 6000); do
		[ -z "$(find "$spool/maildrop" "$spool/incoming" "$spool/active" -type f -print -quit)" ] && return 0
		sleep 0.02
	done
	return 1
}

empty_queues() {	# a fresh start for both
	local s
	stop_systems
	for s in ours peer; do
		(cd "$(spool_of $s)" && find incoming active deferred defer hold maildrop -type f -delete)
	done
	start_both
}
