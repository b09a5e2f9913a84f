#!/bin/sh
# exec.sh - run one test for prove: libcheck programs through their TAP log
case $1 in
*.t)	# Commands end with what they hold: leaks are looked for in unit tests.
	if [ -n "${PH_SAN-}" ]; then
		ASAN_OPTIONS=detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}
		export ASAN_OPTIONS
	fi
	exec sh "$@" ;;
esac
log=$(mktemp) || exit 1
CK_VERBOSITY=silent CK_TAP_LOG_FILE_NAME=$log "$@" >&2
status=$?
cat "$log"
rm -f "$log"
exit $status
