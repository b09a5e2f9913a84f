# sasl.sh - who checks passwords in tests; sourced after lib.sh
#
#   dovecot_new DIR SOCKET...     Dovecot's auth service on these sockets; it knows
#                                 joe, "secret", and jane@example.com, "p ss"
#   dovecot_start DIR, dovecot_stop DIR
#   sasldb_new DIR REALM          DIR/smtpd.conf and its users: joe, "secret"
#   plain USER PASSWORD           what AUTH PLAIN takes
#   b64 TEXT
#
# Without the programs the script is skipped.
[ -x /usr/sbin/dovecot ] || skip_all 'no dovecot'
[ -x /usr/sbin/saslpasswd2 ] || skip_all 'no saslpasswd2'

b64() { printf "%s" "$1" | base64 -w0; }
plain() { printf '\0%s\0%s' "$1" "$2" | base64 -w0; }

dovecot_new() {
	dove=$1; shift
	mkdir -p "$dove/run" "$dove/state"
	printf 'joe:{PLAIN}secret\njane@example.com:{PLAIN}p ss\n' >"$dove/users"
	dove_user=$(id -un) dove_group=$(id -gn) dove_login=nobody
	[ "$(id -u)" = 0 ] || dove_login=$dove_user
	cat >"$dove/dovecot.conf" <<E
base_dir = $dove/run
state_dir = $dove/state
protocols =
ssl = no
log_path = $dove/log
default_internal_user = $dove_user
default_internal_group = $dove_group
default_login_user = $dove_login
auth_mechanisms = plain login cram-md5 digest-md5 scram-sha-256 anonymous external
auth_failure_delay = 0
passdb {
  driver = passwd-file
  args = $dove/users
}
userdb {
  driver = static
  args = uid=$dove_user gid=$dove_group home=/
}
# Who fails again and again waits longer each time, but not here.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  user = $dove_user
  chroot =
$(for socket in "$@"; do
	case $socket in
	/*) printf '  unix_listener %s {\n    mode = 0666\n  }\n' "$socket" ;;
	*) printf '  inet_listener {\n    address = 127.0.0.1\n    port = %s\n  }\n' "$socket" ;;
	esac
done)
}
E
}

dovecot_start() {
	mkdir -p "$1/run"
	(cd "$1" && exec /usr/sbin/dovecot -F -c "$1/dovecot.conf") >"$1/out" 2>&1 &
	echo $! >"$1/pid"
	wait_for 10 dovecot_answers "$1" || { cat "$1/out" "$1/log"; return 1; }
}

# Its master listens before the service can answer; what comes meanwhile waits.
dovecot_answers() {
	socket=$(sed -n "s|^  unix_listener \(/.*\) {|\1|p" "$1/dovecot.conf" | head -1)
	python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX); s.settimeout(5); s.connect(sys.argv[1])
sys.exit(not s.recv(100).startswith(b"VERSION"))' "$socket"
}

dovecot_stop() {
	kill "$(cat "$1/pid")"
	dovecot_gone() { ! kill -0 "$(cat "$1/pid")"; }
	wait_for 10 dovecot_gone "$1"
}

sasldb_new() {
	mkdir -p "$1"
	printf '%s\n' 'pwcheck_method: auxprop' 'auxprop_plugin: sasldb' \
	    "sasldb_path: $1/sasldb2" \
	    'mech_list: PLAIN LOGIN CRAM-MD5 DIGEST-MD5 ANONYMOUS' >"$1/smtpd.conf"
	echo secret | /usr/sbin/saslpasswd2 -p -c -f "$1/sasldb2" -u "$2" joe
	chmod 644 "$1/smtpd.conf" "$1/sasldb2"
}
