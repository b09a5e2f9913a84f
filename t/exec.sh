#!/bin/sh
# exec.sh - run one test for prove: libcheck programs through their TAP log
#
# With sanitizers (PH_SAN) all programs report to one file, whoever started
# them and whatever became of their exit status. A test during which it grew
# has failed; one that ran beside it may be blamed, too.
reports=
if [ -n "${PH_SAN-}" ]; then
	reports=${PH_BIN%/bin}/san-reports
	[ -e "$reports" ] || { : >"$reports" && chmod 666 "$reports"; } || exit 1
	before=$(stat -c %s "$reports")
fi

# End with this status, unless there are reports.
finish() {
	[ -n "$reports" ] || exit "$1"
	[ "$(stat -c %s "$reports")" != "$before" ] || exit "$1"
	# Of a process that was killed while it was searched for leaks.
	tail -c "+$((before + 1))" "$reports" |
	    grep -v 'Unable to get registers from thread' | sed 's/^/# /' | grep . ||
	    exit "$1"
	exit 1
}

case $1 in
*.t)
	[ -n "$reports" ] || exec sh "$@"
	sh "$@"
	finish $? ;;
esac
log=$(mktemp) || exit 1
CK_VERBOSITY=silent CK_TAP_LOG_FILE_NAME=$log "$@" >&2
status=$?
cat "$log"
rm -f "$log"
finish $status
