#!/bin/sh
# postsuper --edit, --undo and --recover, killed before each system call
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/spool.sh"

spool_new "$T/s"
sed -i "s,^data_directory.*,data_directory = $T/s/data," "$T/s/etc/main.cf"
mkdir "$T/s/data"
[ "$(id -u)" != 0 ] || chown "$spool_owner" "$T/s/data"
cd "$T/s/spool" || exit 1

only() { find incoming active deferred hold corrupt -type f | sed 's,.*/,,'; }
records() { postcat -e -q "$1"; }
clear_spool() { find . -type f -exec rm -f {} +; rm -rf trash/*; rm -f "$T/s/data/"*; }
put() {	# put QUEUE RCPT ...: a message, its ID in $id
	queue=$1; shift
	id=$(queue-put -q "$queue" -s ann@a.example "$@") || exit 1
}

# A kill before each system call that changes something: at most one message
# that is delivered, at least one copy; afterwards --recover makes it one.
copies() { find "$@" -type f -perm 700 | wc -l; }
invariant() {
	all=$(copies incoming active deferred hold)
	live=$(copies incoming active deferred)
	[ "$all" -ge 1 ] && [ "$live" -le 1 ] && [ "$all" -le 2 ] && return
	echo "# $1: $all copies, $live to be delivered"
	bad="$bad $1"
}
recovered() {
	postsuper --recover >"$T/out" 2>&1 || { echo "# $1: --recover fails"; cat "$T/out"; bad="$bad $1"; }
	if [ "$(copies incoming active deferred)" != 1 ] ||
	    [ "$(find hold -type f | wc -l)" != 0 ] ||
	    ! records "$(only)" | grep -q '^\*\*\* MESSAGE FILE END'; then
		echo "# $1: after --recover"
		find . -type f | sed 's/^/#   /'; sed 's/^/#   /' "$T/out"
		bad="$bad $1"
	fi
	# A log without its message would be another message's one day.
	for log in $(find defer bounce -type f | sed 's,.*/,,'); do
		[ "$log" = "$(only)" ] || { echo "# $1: stray log $log"; bad="$bad $1"; }
	done
}
kill_each() {	# kill_each QUEUE edit options: prints what went wrong
	from=$1; shift
	n=0 bad=
	while n=$((n + 1)); do
		clear_spool
		put "$from" bob@b.example eve@e.example
		hash=$(printf %.1s "$id")
		mkdir -p "defer/$hash"
		printf '\nrecipient=bob@b.example\noffset=%s\nstatus=4.0.0\nreason=no\n\n' \
		    "$(postcat -eo -q "$id" | sed -n 's/^ *\([0-9]*\) recipient: bob.*/\1/p')" \
		    >"defer/$hash/$id"
		[ "$from" = deferred ] || rm "defer/$hash/$id"
		spool_own "$T/s"
		kill-at $n postsuper --edit --yes "$@" "$id" >/dev/null 2>"$T/err"
		rc=$?
		[ $rc = 125 ] && { echo "# $(cat "$T/err")"; return 125; }
		invariant $n
		recovered $n
		[ $rc = 137 ] || break
	done
	[ $rc = 0 ] || { echo "# ended with $rc"; bad="$bad end"; }
	echo "# $n system calls"
	[ -z "$bad" ] && [ $n -gt 10 ]
}
# An undo that is cut short, and then run again.
undo_each() {
	n=0 bad=
	while n=$((n + 1)); do
		clear_spool
		put deferred bob@b.example eve@e.example
		spool_own "$T/s"
		postsuper --edit --yes --set-sender new@n.example "$id" >"$T/out" 2>&1
		token=$(sed -n 's/^undo: .* //p' "$T/out")
		kill-at $n postsuper --undo "$token" --yes >/dev/null 2>"$T/err"
		rc=$?
		invariant $n
		[ $rc = 137 ] || break
		[ "$(only)" = "$id" ] || postsuper --undo "$token" --yes >"$T/out" 2>&1
		[ "$(only)" = "$id" ] && [ "$(find deferred -type f | wc -l)" = 1 ] || {
			echo "# $n: after the second undo"; find . -type f | sed 's/^/#   /'
			sed 's/^/#   /' "$T/out"; bad="$bad $n"
		}
	done
	[ $rc = 0 ] || { echo "# ended with $rc"; bad="$bad end"; }
	[ -z "$bad" ] && [ $n -gt 10 ]
}
# A split: each recipient at most once where it is delivered, at least once anywhere.
todo() { find "$@" -type f -perm 700 -exec postcat -e {} + | sed -n 's/^recipient: //p' | sort | tr '\n' ' '; }
both='bob@b.example eve@e.example '
split_each() {
	n=0 bad=
	while n=$((n + 1)); do
		clear_spool
		put deferred bob@b.example eve@e.example
		spool_own "$T/s"
		kill-at $n postsuper --requeue --only-recipients 'local = eve' --yes "$id" >"$T/out" 2>&1
		rc=$?
		live=$(todo incoming active deferred maildrop)
		all=$(todo incoming active deferred maildrop hold)
		[ "$live" = "$(printf '%s\n' $live | uniq | tr '\n' ' ' | sed 's/^ $//')" ] && [ "$(printf '%s\n' $all | uniq | tr '\n' ' ')" = "$both" ] ||
			{ echo "# $n: delivered: $live, there: $all"; bad="$bad $n"; }
		postsuper --recover >"$T/out" 2>&1
		[ "$(todo incoming active deferred maildrop)" = "$both" ] && [ "$(find hold -type f | wc -l)" = 0 ] && [ "$(find deferred -type f | wc -l)" = 1 ] ||
			{ echo "# $n: after --recover"; find . -type f | sed 's/^/#   /'; sed 's/^/#   /' "$T/out"; bad="$bad $n"; }
		[ $rc = 137 ] || break
	done
	[ $rc = 0 ] || { echo "# ended with $rc"; bad="$bad end"; }
	echo "# $n system calls"
	[ -z "$bad" ] && [ $n -gt 20 ]
}
kill-at 0 true 2>/dev/null
if [ $? = 125 ]; then
	ok 'kills at system calls # SKIP needs seccomp user notification' true
else
	ok 'killed at each system call: a new file' \
	    kill_each deferred --set-sender new@n.example --drop-rcpt 'domain = b.example'
	ok 'in place' kill_each deferred --drop-rcpt 'domain = b.example'
	ok 'while it is active' kill_each active --mark-done 'domain = b.example'
	ok 'an undo, and then again' undo_each
	ok 'a split' split_each
fi
done_testing
