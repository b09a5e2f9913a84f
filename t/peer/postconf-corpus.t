#!/bin/sh
# postconf: every mode and edit over the configurations in t/data/postconf
# gives what a Postfix's postconf gives; what differs on purpose is listed in
# postconf-beside.pl
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
peer_new peer
eval "$(bash "$PEER_SETUP" env "$T/peer" | sed -n 's/.*\(LD_LIBRARY_PATH=[^ ]*\).*/PEER_\1/p')"
mkdir "$T/work"
PEER_LIB=$PEER_LD_LIBRARY_PATH at_once perl "$PH_SRC/t/postconf-beside.pl" "$PH_SRC/t/data/postconf" \
    "$T/work" "$T/peer/root/usr/sbin/postconf" "$PH_BIN/postconf" "$PH_SRC/share/parameters.tsv" >"$T/results"
rc=$?
# Its lines are numbered here, so that a lost one shows.
while IFS= read -r line; do
	case $line in
	'ok '*) result 0 "${line#ok }" ;;
	'not ok '*) result 1 "${line#not ok }" ;;
	*) printf '%s\n' "$line" ;;
	esac
done <"$T/results"
is 'all questions were asked' "$rc" 0
ok 'of at least 60 configurations' [ "$(grep -c ': main.cf$' "$T/results")" -ge 60 ]
done_testing
