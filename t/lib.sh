# lib.sh - TAP for shell scripts, and small helpers; sourced by t/*/*.t
#
#   ok 'a sentence that is true' command args...     passes when command succeeds
#   is 'sentence' "$got" "$expected"                 compares text
#   like 'sentence' "$text" 'extended regex'
#   fails_with STATUS command args...                true when it exits so
#   skip_all 'why'                                   ends the script, skipped
#   wait_for SECONDS command args...                 polls a condition with a deadline
#   done_testing                                     last line
#
# Every script gets its own folder $T, removed at the end, and PATH starts
# with the commands under test.
set -u
PH_SRC=${PH_SRC:-$(cd "$(dirname "$0")/../.." && pwd)}
PH_BIN=${PH_BIN:-$PH_SRC/build/bin}
PH_TOOLS=${PH_TOOLS:-$PH_SRC/build/t/tools}
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
	trap - EXIT INT TERM
	for fn in $at_exit; do $fn; done
	cd / && rm -rf "$T"
	exit $status
}
trap cleanup_test EXIT
trap 'exit 1' INT TERM

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

wait_for() {
	limit=$1; shift
	deadline=$(($(date +%s) + limit))
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$deadline" ] || return 1
		sleep 0.05
	done
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

done_testing() {
	echo "1..$tests"
	[ $failures = 0 ]
	exit $?
}
