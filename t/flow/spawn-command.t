#!/bin/sh
# spawn: a program for each client, and a policy server that smtpd asks
. "$(dirname "$0")/../lib.sh"

I=$T/i
if [ "$(id -u)" = 0 ]; then user=nobody; else user=$(id -un); fi
uid=$(id -u "$user") gid=$(id -g "$user")
instance_new "$I" 'mydestination = here.example' 'local_transport = discard:gone' 'local_recipient_maps =' \
    'smtpd_recipient_restrictions = check_policy_service unix:private/policy, permit' \
    'export_environment = TZ MARK=7' 'slow_time_limit = 1s'
cat >"$I/show" <<'EOF'
#!/bin/sh
read -r line
printf '%s\n' "line=$line" "id=$(id -u):$(id -g):$(id -G)" "args=$#" "$@" "mark=$MARK" "path=$PATH" "cwd=$(pwd)" "umask=$(umask)"
echo 'standard error' >&2
EOF
cat >"$I/policy" <<'EOF'
#!/bin/sh
# One answer a request: what it says depends on the recipient.
while read -r line; do
	case $line in
	recipient=*) rcpt=${line#recipient=} ;;
	'')	case $rcpt in
		no@*) echo 'action=reject not today' ;;
		*) echo 'action=dunno' ;;
		esac
		echo ;;
	esac
done
EOF
chmod 755 "$I" "$I/show" "$I/policy"
inet=$(free_port)
cat >>"$I/etc/master.cf" <<EOF
policy unix - n n - 0 spawn user=$user argv=$I/policy
show unix - n n - 0 spawn user=$user argv=$I/show a { b c } \$myhostname
127.0.0.1:$inet inet n n n - 0 spawn user=$user argv=/bin/cat
three unix - n n - 0 spawn user=$user argv=/bin/sh -c { exit 3 }
nine unix - n n - 0 spawn user=$user argv=/bin/sh -c { kill -9 \$\$ }
slow unix - n n - 0 spawn user=$user argv=/bin/sh -c { sleep 600 & echo \$!; sleep 600; }
none unix - n n - 0 spawn user=$user argv=/none/such
noargv unix - n n - 0 spawn user=$user
nouser unix - n n - 0 spawn argv=/bin/cat
odd unix - n n - 0 spawn user=$user flags=F argv=/bin/cat
asroot unix - n n - 0 spawn user=root argv=/bin/cat
unpriv unix - y n - 0 spawn user=$user argv=/bin/cat
EOF
must 'it starts' instance_start "$I"

# ask SERVICE: one line goes there, the whole answer comes back
ask() {
	perl -MIO::Socket::UNIX -e 'alarm 20; my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "$ARGV[0]: $!";
	    syswrite($s, "hello\n"); print while <$s>' "$I/spool/private/$1"
}
is 'a program reads from the client and writes to it, with the rights of its user' "$(ask show)" "line=hello
id=$uid:$gid:$gid
args=3
a
b c
\$myhostname
mark=7
path=/usr/bin:/bin
cwd=$(cd "$I/spool" && pwd -P)
umask=0077
standard error"
is 'an inet service' "$(printf 'x\ny\n' | perl -MIO::Socket::INET -e 'alarm 20; my $s = IO::Socket::INET->new("127.0.0.1:$ARGV[0]") or die $!;
    print $s $_ while <STDIN>; $s->shutdown(1); print while <$s>' "$inet")" 'x
y'

told() { ok "$1" wait_for 20 instance_logged "$I" "spawn\\[[0-9]*\\]: $2\$"; }
ask three >/dev/null
told 'an exit status is logged' 'warning: command /bin/sh exit status 3'
ask nine >/dev/null
told 'a signal is logged' 'warning: command /bin/sh killed by signal 9'
child=$(ask slow)
told 'a time limit ends a program' 'warning: /bin/sh: process id [0-9]+: command time limit exceeded'
gone() { ! ps -p "$child"; }
ok 'and what it started' wait_for 5 gone
ask none >/dev/null
told 'a program that does not exist is named' 'fatal: execvp /none/such: No such file or directory'
told 'and its process ends' 'warning: command /none/such exit status 1'
# Throttled, they would keep their clients waiting.
for s in noargv nouser odd asroot unpriv; do ask $s >/dev/null 2>&1 & done
told 'a line without argv=' 'fatal: noargv: missing argv= attribute'
told 'a line without user=' 'fatal: nouser: missing user= attribute'
told 'a word that means nothing' 'fatal: odd: unknown attribute name: flags=F'
told 'root is refused' 'fatal: asroot: user= command-line attribute specifies root user privileges'
told 'so is a service that gave up its rights' 'fatal: service unpriv requires privileged operation'

talk=$(perl "$PH_SRC/t/talk.pl" "$(instance_port "$I")" <<'EOF'
EHLO c.example
MAIL FROM:<a@x.example>
RCPT TO:<no@here.example>
RCPT TO:<yes@here.example>
RCPT TO:<no@here.example>
QUIT
EOF
)
is 'a policy server decides, one process a connection' "$(printf '%s\n' "$talk" | grep -A1 RCPT | grep S:)" \
    'S: 554 5.7.1 <no@here.example>: Recipient address rejected: not today
S: 250 2.1.5 Ok
S: 554 5.7.1 <no@here.example>: Recipient address rejected: not today'
kill_children
done_testing
