#!/bin/sh
# whole system: every flow test holds for an instance without root as well
#
# Run by root, each script is run again by an ordinary user; scripts that need
# root skip themselves there. An ordinary user's own run has nothing to add.
# Left out is what asks nothing about rights and only takes time.
. "$(dirname "$0")/../lib.sh"
[ "$(id -u)" = 0 ] || skip_all 'already an ordinary user'
[ -d "$PH_TOOLS" ] || skip_all "no test tools in $PH_TOOLS"
user=nobody
limit=$((40 * ${PH_PATIENCE:-3}))	# seconds for one script, many times what it takes

# The tree may lie where that user cannot look.
mkdir "$T/src" "$T/tmp"
cp -r "$PH_SRC/t" "$T/src/t"
cp -r "$PH_SRC/share" "$T/src/share"
cp -rL "$PH_BIN" "$T/bin"
cp -r "$PH_TOOLS" "$T/tools"
chmod -R a+rX "$T/src" "$T/bin" "$T/tools"
chmod 1777 "$T/tmp"

# A script that is too slow gets SIGTERM, which stops its instances too.
run_as_user() {
	timeout -k 10 "$limit" setpriv --reuid "$user" \
	    --regid "$(id -g "$user")" --clear-groups env \
	    PH_SRC="$T/src" PH_BIN="$T/bin" PH_TOOLS="$T/tools" \
	    TMPDIR="$T/tmp" HOME="$T/tmp" sh "$T/src/t/flow/$1" </dev/null
}

for script in "$PH_SRC"/t/flow/*.t; do
	name=$(basename "$script")
	case $name in
	as-user.t)	continue ;;
	smtp-hostile.t)	continue ;;	# timeouts of the SMTP client
	qmgr-fates.t)	continue ;;	# the queue file parser: the same files
	postsuper-race.t|postsuper-archive.t)	continue ;;	# they use smtp-sink -R, which needs root
	no-loss.t)	NO_LOSS_MESSAGES=300; export NO_LOSS_MESSAGES ;;
	esac
	ok "$name" run_as_user "$name"
done
done_testing
