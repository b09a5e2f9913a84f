#!/bin/sh
# spawn: the same programs get the same words, rights and environment, and the
# same is said of how they ended
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"

cat >"$T/show" <<'EOF'
#!/bin/sh
read -r line
printf '[%s]\n' "$line" "$(id -u):$(id -g):$(id -G)" "$@" "PATH=$PATH" "$(umask)" "${PWD##*/}"
env | sed 's/=.*//' | sort
grep -c 'SigIgn.*[13579bdf]...$' /proc/self/status	# is SIGPIPE ignored?
echo to standard error >&2
EOF
chmod 755 "$T/show"
services='user=games argv=@S@ a { b  c } $myhostname $$
user=games:mail argv=@S@ > /tmp/x
user=games: argv=@S@
user=games:postdrop argv=@S@ user=x argv=y
user=games argv=cat
user=games argv=sh -c { exit 3 }
user=games argv=sh -c { kill -9 $$ }
user=games argv=sh -c { kill -15 $$; echo late }
user=games argv=/none/such
user=games argv=/etc/passwd'
count=$(printf '%s\n' "$services" | wc -l)
peer_new peer
instance_new "$T/ours" 'export_environment = TZ LANG=C MARK=5 POSTLOG_HOSTNAME'
sed -i '/^export_environment/d' "$T/peer/etc/main.cf"
echo 'export_environment = TZ LANG=C MARK=5 POSTLOG_HOSTNAME' >>"$T/peer/etc/main.cf"
for side in peer ours; do
	printf '%s\n' "$services" | sed "s,@S@,$T/show," |
	    awk '{ print "s" NR " unix - n n - 0 spawn " $0 }' >>"$T/$side/etc/master.cf"
done
must "the peer's instance starts" peer_start peer
must 'our instance starts' instance_start "$T/ours" </dev/null

# said SIDE SERVICE: what the client gets, then what is logged of the program
said() {
	perl -MIO::Socket::UNIX -e 'alarm 20; my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "$ARGV[0]: $!";
	    syswrite($s, "hello\n"); $s->shutdown(1); print while <$s>' "$T/$1/spool/private/$2"
}
logged() { sed -n 's/.*spawn\[[0-9]*\]: \(warning: command .*\)/\1/p' "$T/$1"/log/*; }
for i in $(seq "$count"); do
	is "$(printf '%s\n' "$services" | sed -n "${i}p")" "$(said ours "s$i")" "$(said peer "s$i")"
done
all_logged() { [ "$(logged "$1" | wc -l)" = 5 ]; }
ok 'every failure is logged' wait_for 20 all_logged ours
ok "the peer's, too" wait_for 20 all_logged peer
is 'in the same words' "$(logged ours)" "$(logged peer)"
done_testing
