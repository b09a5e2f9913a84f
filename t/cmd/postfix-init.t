#!/bin/sh
# postfix: a private instance from nothing to stopped, as root and without
. "$(dirname "$0")/../lib.sh"

life_of() {
	dir=$1 who=$2
	ok "$who: init writes main.cf" test -s "$dir/etc/main.cf"
	ok "$who: a second init is refused" \
	    fails_with 1 as "$dir" postfix init "$dir"
	ok "$who: status says it is down" fails_with 1 as "$dir" postfix status
	ok "$who: it starts" instance_start "$dir"
	ok "$who: status says it runs" as "$dir" postfix status
	ok "$who: a second start is refused" \
	    fails_with 1 as "$dir" postfix start
	like "$who: the start is logged" "$(instance_log "$dir")" \
	    "postfix/master\\[[0-9]+\\]: daemon started -- version .*, configuration $dir/etc"
	is "$who: the pid file is right-justified in 32 columns" \
	    "$(wc -c <"$dir/spool/pid/master.pid")" 33
	ok "$who: the smtp port is taken" port_is_taken "$(instance_port "$dir")"
	ok "$who: it stops" as "$dir" postfix stop
	ok "$who: stop when it is down fails" \
	    fails_with 1 as "$dir" postfix stop
	like "$who: the last word of master is not lost" \
	    "$(instance_log "$dir")" 'master\[[0-9]+\]: terminating on signal 15'
	ok "$who: status says it is down again" \
	    fails_with 1 as "$dir" postfix status
}

port_is_taken() {
	perl -MIO::Socket::INET -e \
	    'exit !IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => shift)' "$1"
}

instance_new "$T/a"
life_of "$T/a" 'own user'
if [ "$(id -u)" = 0 ]; then
	instance_user "$T/b" nobody
	life_of "$T/b" 'nobody'
	is 'nobody: all of the queue belongs to nobody' \
	    "$(find "$T/b/spool" ! -user nobody)" ''
fi

# A container's user may have an ID and nothing else; its group may be root's.
if [ "$(id -u)" = 0 ]; then
	nameless() {
		setpriv --reuid 54321 --regid "$gid" --clear-groups env HOME="$N" MAIL_CONFIG="$N/m/etc" "$@"
	}
	for gid in 54321 0; do
		N=$T/nameless$gid
		mkdir "$N" && chown "54321:$gid" "$N"
		must "group $gid: a user without a name makes an instance" nameless postfix init "$N/m"
		instances="$instances $N/m"
		ok "group $gid: its configuration is clean" nameless postconf --lint
		must "group $gid: it starts" nameless postfix start
		echo hello | nameless sendmail postmaster
		ok "group $gid: and delivers" wait_for 10 instance_logged "$N/m" 'to=<54321@.*orig_to=<postmaster>.*status=sent'
		ok "group $gid: to a mailbox of its own" grep -q '^hello' "$N/m/mail/54321"
		is "group $gid: a queue command may look" "$(nameless mailq)" 'Mail queue is empty'
		ok "group $gid: it is well" nameless postfix health
		ok "group $gid: it stops" nameless postfix stop
	done
fi
ok 'a relative -c is refused' fails_with 1 postfix -c etc status
ok 'an unknown verb is refused' fails_with 1 as "$T/a" postfix frobnicate
ok '--help succeeds' postfix --help
done_testing
