# lib.sh - TAP for shell scripts, and small helpers; sourced by t/*/*.t
#
#   ok 'a sentence that is true' command args...     passes when command succeeds
#   is 'sentence' "$got" "$expected"                 compares text
#   like 'sentence' "$text" 'extended regex'
#   fails_with STATUS command args...                true when it exits so
#   skip_all 'why'                                   ends the script, skipped
#   must 'sentence' command args...                  ok, or the script ends here
#   wait_for SECONDS command args...                 polls a condition with a deadline,
#                                                    PH_PATIENCE (3) times as long: only
#                                                    failures take the time
#   at_once command args...                          run it without the second that it waits
#                                                    before it ends with a fatal error
#   done_testing                                     last line
#
# Every script gets its own folder $T, removed at the end, and PATH starts
# with the commands under test. However it ends, what it started ends too.
set -u
PH_SRC=${PH_SRC:-$(cd "$(dirname "$0")/../.." && pwd)}
PH_BIN=${PH_BIN:-$PH_SRC/build/bin}
PH_TOOLS=${PH_TOOLS:-${PH_BIN%/bin}/t/tools}
PATH=$PH_BIN:$PH_TOOLS:/usr/sbin:$PATH
export PATH
LC_ALL=C TZ=UTC
export LC_ALL TZ
T=$(mktemp -d "${TMPDIR:-/tmp}/posthorn-t.XXXXXX") || exit 1
chmod 755 "$T"
tests=0
failures=0
at_exit=

cleanup_test() {
	status=$?
	trap - EXIT
	trap '' HUP INT TERM
	cd /
	for fn in $at_exit; do $fn; done
	kill_children
	kill_leftovers || status=1
	[ -n "${KEEP-}" ] || rm -rf "$T"
	exit $status
}
trap cleanup_test EXIT
trap 'exit 1' HUP INT TERM

# What still runs in the background of this script.
kill_children() {
	for pid in $(ps -o pid= --ppid $$); do kill "$pid" 2>/dev/null; done
}

# Processes that work below $T are ours, whoever their parent is.
leftovers() {
	find /proc -maxdepth 2 -name cwd \( -lname "$T" -o -lname "$T/*" \) 2>/dev/null |
	    cut -d/ -f3
}

kill_leftovers() {
	none_left() { [ -z "$(leftovers)" ]; }
	[ $status = 0 ] && wait_for 3 none_left && return 0
	none_left && return 0
	for pid in $(leftovers); do
		echo "# left running: $(tr '\0' ' ' <"/proc/$pid/cmdline")" >&2
		kill "$pid"
	done 2>/dev/null
	wait_for 2 none_left || kill -9 $(leftovers) 2>/dev/null
	return 1
}

# on_exit FUNCTION: run before the folder goes away (stop what was started)
on_exit() { at_exit="$1 $at_exit"; }

result() {	# result STATUS SENTENCE
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tests - $2"
	else
		failures=$((failures + 1))
		echo "not ok $tests - $2"
	fi
}

ok() {
	sentence=$1; shift
	"$@" >"$T/.out" 2>&1
	rc=$?
	result $rc "$sentence"
	[ $rc = 0 ] || sed 's/^/#   /' "$T/.out"
}

must() {
	ok "$@"
	[ $rc = 0 ] || done_testing
}

is() {
	if [ "$2" = "$3" ]; then result 0 "$1"; return; fi
	result 1 "$1"
	printf '%s\n' "got:" "$2" "expected:" "$3" | sed 's/^/#   /'
}

like() {
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then result 0 "$1"; return; fi
	result 1 "$1"
	printf '%s\n' "$2" "does not match: $3" | sed 's/^/#   /'
}

fails_with() {
	want=$1; shift
	"$@"
	rc=$?
	[ $rc = "$want" ] && return 0
	echo "exit status $rc, expected $want"
	return 1
}

# A sanitizer wants to be the first that is loaded: then the second is waited.
at_once() (
	if [ -z "${PH_SAN-}" ] && [ -e "$PH_TOOLS/no-sleep.so" ]; then
		LD_PRELOAD=$PH_TOOLS/no-sleep.so
		export LD_PRELOAD
	fi
	"$@"
)

wait_for() {
	limit=$(($1 * ${PH_PATIENCE:-3})); shift
	deadline=$(($(date +%s) + limit))
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$deadline" ] || return 1
		sleep 0.05
	done
}

# Ports: each script has a block of its own for as long as it runs, below those
# that the system hands out, so that nobody takes one between choice and use.
#
#   free_ports COUNT    that many, one above the other, free now
#   free_port           one
ports_first=12000 ports_block=200 ports_blocks=100

ports_reserve() {	# lock a block on descriptor 8; "$T/.ports" holds the next port
	ports_dir=/tmp/posthorn-ports	# whatever TMPDIR says: one for all users
	mkdir -m 1777 "$ports_dir" 2>/dev/null
	ports_at=$(($$ % ports_blocks)) ports_left=$ports_blocks
	while [ $ports_left -gt 0 ]; do
		mkdir -m 755 "$ports_dir/$ports_at" 2>/dev/null
		exec 8<"$ports_dir/$ports_at"
		if flock -n 8; then
			echo $((ports_first + ports_at * ports_block)) >"$T/.ports"
			return
		fi
		ports_at=$(((ports_at + 1) % ports_blocks)) ports_left=$((ports_left - 1))
	done
	echo 'no block of ports is free' >&2
	exit 1
}

free_ports() {
	perl -MIO::Socket::INET -e '
		my ($file, $end, $want) = @ARGV;
		open(my $f, "+<", $file) or die "$file: $!";
		my $at = <$f>;
		my @held;
		while (@held < $want) {
			die "all ports of this script are used\n" if $at >= $end;
			my $s = IO::Socket::INET->new(Listen => 1, LocalPort => $at++);
			if (defined $s) { push @held, $s } else { @held = () }
		}
		seek($f, 0, 0); print $f "$at\n";
		print join(" ", map { $_->sockport } @held), "\n"' \
	    "$T/.ports" $((ports_first + (ports_at + 1) * ports_block)) "$1"
}

free_port() { free_ports 1; }
ports_reserve

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

done_testing() {
	echo "1..$tests"
	[ $failures = 0 ]
	exit $?
}

# Mail system instances. Each lives below one folder, on loopback and free
# ports; what was started is stopped when the script ends.
#
#   instance_new DIR ['name = value' ...]   write one, extra main.cf lines appended;
#                                           mail does not wait for a queue manager
#   instance_user DIR USER [lines ...]      the same, owned and run by an ordinary user
#   instance_start DIR, instance_stop DIR, instance_running DIR
#   instance_reload DIR                     and no queue manager, pickup or agent of before is left
#   instance_log DIR                        print its log
#   instance_logged DIR 'extended regex'    for wait_for
#   instance_port DIR                       where its smtpd listens; sinks use port + 1
#   instance_conf DIR                       its configuration directory
#   as DIR command ...                      run a command with MAIL_CONFIG set
#
# As root, instance_new makes one that belongs to users postfix and postdrop
# (made when missing); called by somebody else, one that belongs to them.
instances=

instance_accounts() {
	getent group postfix >/dev/null || groupadd --system postfix
	getent group postdrop >/dev/null || groupadd --system postdrop
	getent passwd postfix >/dev/null || useradd --system --gid postfix \
	    --home-dir /nonexistent --no-create-home \
	    --shell /usr/sbin/nologin postfix
}

# cf_set FILE LINES: add main.cf lines, without what they replace
cf_set() {
	printf '%s\n' "$2" | sed -n 's/^\([A-Za-z0-9_]*\) *=.*/\1/p' |
	    while read -r name; do sed -i "/^$name *=/d" "$1"; done
	printf '%s\n' "$2" >>"$1"
}

instance_lines() {
	conf=$1; shift
	for line in "$@"; do
		sed -i "/^${line%% *} *=/d" "$conf/main.cf"
		printf '%s\n' "$line" >>"$conf/main.cf"
	done
}

instance_new() {
	dir=$1; shift
	[ "$(id -u)" != 0 ] || instance_accounts
	instance_ports=$(free_ports 2)
	postfix init --port="${instance_ports% *}" "$dir" >"$T/.init" 2>&1 ||
	    { cat "$T/.init"; return 1; }
	instance_lines "$dir/etc" 'in_flow_delay = 0' "$@"
	instances="$instances $dir"
}

instance_user() {
	dir=$1 user=$2; shift 2
	mkdir -p "$dir" && chown "$user" "$dir"
	instance_ports=$(free_ports 2)
	instance_as "$user" postfix init --port="${instance_ports% *}" "$dir" \
	    >"$T/.init" 2>&1 ||
	    { cat "$T/.init"; return 1; }
	echo "$user" >"$dir/.user"
	instance_lines "$dir/etc" 'in_flow_delay = 0' "$@"
	instances="$instances $dir"
}

# instance_as USER command ...: root becomes USER, anybody else stays
instance_as() {
	user=$1; shift
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid "$user" --regid "$(id -g "$user")" \
		    --clear-groups -- "$@"
	else
		"$@"
	fi
}

instance_conf() { echo "$1/etc"; }
instance_port() { sed -n 's/^127\.0\.0\.1:\([0-9]*\)[ 	].*/\1/p' "$1/etc/master.cf" | head -1; }
instance_uid() { stat -c %u "$1/spool/active"; }
instance_gid() { id -g "$(instance_uid "$1")"; }
instance_log() { cat "$1/log/mail.log" 2>/dev/null; }
instance_logged() { grep -Eq -e "$2" "$1/log/mail.log" 2>/dev/null; }

as() {
	dir=$1; shift
	if [ -e "$dir/.user" ]; then
		instance_as "$(cat "$dir/.user")" env MAIL_CONFIG="$dir/etc" "$@"
	else
		env MAIL_CONFIG="$dir/etc" "$@"
	fi
}

instance_running() { as "$1" postfix status >/dev/null 2>&1; }

instance_start() {
	as "$1" postfix start >"$T/.start" 2>&1 && return 0
	cat "$T/.start"
	instance_log "$1" | grep -v 'postfix-script' | tail -n 20
	return 1
}

instance_stop() {
	instance_running "$1" || return 0
	as "$1" postfix stop >/dev/null 2>&1
}

# The signal is only sent: who was there before may still take the next message.
instance_reload() {
	reload_old=$(ps -o pid=,args= --ppid "$(tr -d ' ' <"$1/spool/pid/master.pid")" |
	    sed -En 's/^ *([0-9]+) (qmgr|pickup|local|virtual|pipe|smtp|lmtp|discard|error) .*/\1/p')
	as "$1" postfix reload >/dev/null 2>&1 || return 1
	reload_done() { ! ps -p "$(echo $reload_old | tr ' ' ,)"; }
	[ -z "$reload_old" ] || wait_for 10 reload_done
}

instances_stop() {
	for dir in $instances; do instance_stop "$dir"; done
}
on_exit instances_stop
