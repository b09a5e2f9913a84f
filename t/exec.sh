#!/bin/sh
# exec.sh - run one test for prove: libcheck programs through their TAP log
case $1 in
*.t)	exec sh "$@" ;;
esac
log=$(mktemp) || exit 1
CK_VERBOSITY=silent CK_TAP_LOG_FILE_NAME=$log "$@" >&2
status=$?
cat "$log"
rm -f "$log"
exit $status
