# peer.sh - Debian's postfix beside ours; sourced by t/peer/*.t after lib.sh
#
#   peer_new NAME [main.cf lines]    a private instance in $T/NAME, not started
#   peer_start NAME, peer_stop NAME
#   peer NAME COMMAND ARGS...        run one of its programs
#   peer_port NAME
#   peer_tools NAME                  from now on our tools work on its spool
#
# The packages are unpacked once for all scripts and linked from there. Without
# root, the set-up tool or the packages the script is skipped: the peer needs
# them. A peer that is there and cannot be set up is a failure.
PEER_SETUP=${PEER_SETUP:-$PH_SRC/../shared/peer/peer-postfix}
[ "$(id -u)" = 0 ] || skip_all 'the peer needs root'
[ -f "$PEER_SETUP" ] || skip_all "no $PEER_SETUP"
PEER_CACHE=${PEER_CACHE:-/var/tmp/posthorn-peer}
peers=

peers_stop() {
	for p in $peers; do peer_stop "$p"; done
}

peer_new() {
	(
		flock 9
		[ -d "$PEER_CACHE/etc" ] || bash "$PEER_SETUP" setup "$PEER_CACHE" 2>&1
	) 9>"$PEER_CACHE.lock" >"$T/.peer-setup" || { cat "$T/.peer-setup" >&2; skip_all 'the peer cannot be fetched'; }
	mkdir -p "$T/$1"
	cp -al "$PEER_CACHE/root" "$T/$1/root"
	peer_ports=$(free_ports 2)	# mail for elsewhere goes to the one above
	bash "$PEER_SETUP" setup "$T/$1" "${peer_ports% *}" >"$T/.peer-setup" 2>&1 ||
	    { cat "$T/.peer-setup" >&2; exit 1; }
	[ -z "${2-}" ] || cf_set "$T/$1/etc/main.cf" "$2"
}

peer_start() {
	case " $peers " in
	*" $1 "*) ;;
	*) peers="$peers $1"; on_exit peers_stop ;;
	esac
	bash "$PEER_SETUP" start "$T/$1"
}

peer_stop() { bash "$PEER_SETUP" stop "$T/$1"; }

peer_port() { cat "$T/$1/port"; }

peer() {
	peer_name=$1; shift
	bash "$PEER_SETUP" cmd "$T/$peer_name" "$@"
}

# With its main.cf; their journal is our own, and so is their log.
peer_tools() {
	mkdir -p "$T/tools/data"; chown postfix "$T/tools/data"
	cp -r "$T/$1/etc" "$T/tools/etc"
	sed -i '/^data_directory *=/d; /^maillog_file *=/d' "$T/tools/etc/main.cf"
	echo "data_directory = $T/tools/data" >>"$T/tools/etc/main.cf"
	MAIL_CONFIG=$T/tools/etc; export MAIL_CONFIG
}
