# tables.sh - a table tool of ours and Debian's, side by side; sourced after peer.sh
#
#   both NAME             write standard input to file NAME for both sides
#   same SENTENCE COMMAND ARGS...
#                         output, messages and status are the same; standard
#                         input comes from $T/in, if that is there
#   sorted=1 same ...     the same after sorting the output
#
# Each side works in its own folder, $T/ours and $T/theirs, with its own main.cf;
# tables_conf 'name = value' adds a line to both.
peer_new peer
mkdir "$T/conf" "$T/ours" "$T/theirs"
cat >"$T/conf/main.cf" <<CF
compatibility_level = 3.6
queue_directory = $T/spool
data_directory = $T/data
myhostname = peer.example
default_database_type = lmdb
CF
echo 'default_database_type = lmdb' >>"$T/peer/etc/main.cf"

both() {
	cat >"$T/ours/$1"
	cp "$T/ours/$1" "$T/theirs/$1"
}

same() {
	sentence=$1; shift
	ask "$@"
	is "$sentence: $*" "$(cat "$T/ours.out")" "$(cat "$T/theirs.out")"
}

# ask COMMAND ARGS: both answers, in $T/ours.out and $T/theirs.out
ask() {
	[ -f "$T/in" ] || : >"$T/in"
	(cd "$T/ours" && at_once env MAIL_CONFIG="$T/conf" "$@" <"$T/in" >"$T/ours.out" 2>"$T/ours.err"
	echo "status $?" >>"$T/ours.out")
	(cd "$T/theirs" && at_once peer peer "$@" <"$T/in" >"$T/theirs.out" 2>"$T/theirs.err"
	echo "status $?" >>"$T/theirs.out")
	if [ -n "${sorted-}" ]; then
		sort -o "$T/ours.out" "$T/ours.out"
		sort -o "$T/theirs.out" "$T/theirs.out"
	fi
	cat "$T/ours.err" >>"$T/ours.out"
	cat "$T/theirs.err" >>"$T/theirs.out"
	sed -i '/YP_LAST_MODIFIED/s/[0-9][0-9]*$/NOW/' "$T/ours.out" "$T/theirs.out"
}

tables_conf() {
	cf_set "$T/conf/main.cf" "$1"
	cf_set "$T/peer/etc/main.cf" "$1"
}
