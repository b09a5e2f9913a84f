#!/bin/bash
# screen.sh - postscreen: sessions a second of clients that it knows, and of those that it drops
#
# Known ones are handed over to smtpd, which serves them; the last line is smtpd
# alone, for comparison. COUNT is how many sessions a measurement has.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/systems.sh"
COUNT=${COUNT:-3000}
start_systems
stop_systems
for s in ours peer; do
	[ $s = ours ] && first=$our_port table=lmdb || first=$peer_port table=btree
	known=$(free_port) dropped=$(free_port)
	eval "${s}_ports='$known $dropped $first'"
	cat >>"$W/$s/etc/master.cf" <<M
smtpd pass - - n - - smtpd
127.0.0.1:$known inet n - n - 1 postscreen -o postscreen_cache_map=$table:$W/$s/data/known -o { postscreen_access_list = } -o postscreen_greet_wait=1
127.0.0.1:$dropped inet n - n - 1 postscreen -o postscreen_cache_map= -o { postscreen_access_list = reject } -o postscreen_denylist_action=drop
M
done
start_both
rate() { perl "$here/sessions-per-second.pl" "$@"; }
for s in ours peer; do
	eval "set -- \$${s}_ports"
	rate "$1" 1 1 >/dev/null	# it gets known, and processes are there
	rate "$2" 1 1 >/dev/null
	rate "$1" 200 8 >/dev/null
	eval "${s}_known=$(rate "$1" "$COUNT" 8) ${s}_dropped=$(rate "$2" "$COUNT" 8 each) ${s}_plain=$(rate "$3" "$COUNT" 8)"
done
line() { printf '%-44s %8d /s %8d /s   %.2f\n' "$1" "$2" "$3" "$(perl -e 'print $ARGV[0] / $ARGV[1]' "$2" "$3")"; }
printf '%-44s %8s    %8s      %s\n' 'sessions, eight clients at a time' ours peer ours/peer
line 'known, handed to smtpd' "$ours_known" "$peer_known"
line 'dropped by the access list' "$ours_dropped" "$peer_dropped"
line 'smtpd without postscreen' "$ours_plain" "$peer_plain"
