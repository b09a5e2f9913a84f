#!/bin/sh
# the queue tools on a running system: listing, flushing, holding, requeueing
. "$(dirname "$0")/../lib.sh"

# Nothing listens where mail for other domains goes: it is deferred.
queue_tools() {		# queue_tools DIR LABEL
	dir=$1 label=$2
	port=$(($(instance_port "$dir") + 1))
	echo "relayhost = [127.0.0.1]:$port" >>"$dir/etc/main.cf"
	echo 'fast_flush_domains = site.example' >>"$dir/etc/main.cf"
	ok "$label: it starts" instance_start "$dir"
	for to in a@site.example '"we ird"@b.example'; do
		printf 'Subject: x\n\nbody\n' | as "$dir" sendmail -f s@origin.example "$to"
	done
	two() { [ "$(find "$dir/spool/deferred" -type f | wc -l)" = 2 ]; }
	ok "$label: two messages are deferred" wait_for 20 two
	id=$(as "$dir" postqueue -j | jq -r 'select(.recipients[0].address == "a@site.example") .queue_id')
	like "$label: the listing names the reason" "$(as "$dir" mailq)" '^ +\(connect to 127\.0\.0\.1\[127\.0\.0\.1\]:[0-9]+: Connection refused\)$'
	like "$label: and quotes addresses" "$(as "$dir" mailq)" '^ +"we ird"@b\.example$'
	like "$label: and counts" "$(as "$dir" mailq)" '^-- [0-9]+ Kbytes in 2 Requests\.$'
	is "$label: the selection finds one" "$(as "$dir" postqueue --select 'rcpt.domain = site.example and class = connect' --format ids)" "$id"

	if [ "$(id -u)" = 0 ] && [ ! -e "$dir/.user" ]; then
		# With the rights of a set-gid command and no more.
		other() { setpriv --reuid nobody --regid postdrop --clear-groups env MAIL_CONFIG="$dir/etc" "$@"; }
		is "$label: anybody may ask showq" "$(other postqueue --select 'rcpt.domain = site.example and class = connect' --format ids)" "$id"
		is "$label: and sort" "$(other postqueue --sort=-age,id --columns rcpt --format tsv --limit 1 | sed 1d | wc -l)" 1
		is "$label: and group" "$(other postqueue --group-by sender --format jsonl | jq -c '[.sender, .messages]')" '["s@origin.example",2]'
		ok "$label: what the service does not tell is unknown" fails_with 4 other postqueue --select 'subject ~ x'
		ok "$label: postsuper is not for anybody" fails_with 1 other postsuper -d "$id"
		ok "$label: nor is the queue" fails_with 1 other postcat -q "$id"
	fi
	tries() { instance_log "$dir" | grep -c "$id: from=.*queue active"; }
	more() { [ "$(tries)" -gt "$n" ]; }
	n=$(tries); ok "$label: -i succeeds" as "$dir" postqueue -i "$id"
	ok "$label: and it is tried again" wait_for 20 more
	ok "$label: and deferred again" wait_for 20 two
	n=$(tries); ok "$label: -s succeeds" as "$dir" postqueue -s site.example
	ok "$label: and what waits for the site is tried" wait_for 20 more
	ok "$label: and deferred again" wait_for 20 two
	n=$(tries); ok "$label: -f succeeds" as "$dir" postqueue -f
	ok "$label: and all is tried" wait_for 20 more
	ok "$label: and deferred again" wait_for 20 two

	ok "$label: a message is put on hold" as "$dir" postsuper -h "$id"
	like "$label: the listing says so" "$(as "$dir" postqueue -p)" "^$id! "
	ok "$label: and released" as "$dir" postsuper -H "$id"
	ok "$label: a message is requeued" as "$dir" postsuper -r "$id"
	as "$dir" postkick public pickup W
	renamed() { two && ! as "$dir" postqueue -j | grep -q "$id"; }
	ok "$label: and gets a new ID" wait_for 30 renamed
	ok "$label: postcat shows it" sh -c "as() { env MAIL_CONFIG='$dir/etc' \"\$@\"; }
	    as postcat -q \$(find '$dir/spool/deferred' -type f -printf '%f\n' | head -n 1) | grep -q 'MESSAGE FILE END'"
	ok "$label: everything is deleted" as "$dir" postsuper -d ALL
	is "$label: nothing is left" "$(as "$dir" mailq)" 'Mail queue is empty'
	ok "$label: it stops" instance_stop "$dir"
	printf 'Subject: x\n\nbody\n' | as "$dir" sendmail -f s@origin.example a@site.example
	like "$label: a listing when it is down" "$(as "$dir" postqueue -p 2>/dev/null)" '^ +a@site\.example$'
}

must 'an instance is made' instance_new "$T/one"
queue_tools "$T/one" 'instance'
if [ "$(id -u)" = 0 ]; then
	instance_user "$T/user" nobody
	queue_tools "$T/user" 'without root'
fi
done_testing
