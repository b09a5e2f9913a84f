#!/bin/sh
# local: aliases, .forward, mailboxes, commands; what the log says of each
. "$(dirname "$0")/../lib.sh"
[ "$(id -u)" = 0 ] || skip_all 'delivery as many users needs root'

mkdir "$T/box" "$T/out" "$T/fwd"
chmod 1777 "$T/box"; chmod 777 "$T/out"; chmod 755 "$T/fwd"
O=$T/out I=$T/i
echo 'inc1@localhost, games' >"$T/list"
cat >"$T/aliases" <<EOF
cmd: "|env | sort >$O/env; id -un >>$O/env; cat >$O/cmd"
cmdfail: "|echo some output; exit 75"
cmd64: "|echo bad usage; exit 64"
cmd67: "|exit 67"
cmd1: "|exit 1"
cmdsig: "|kill -9 \$\$"
cmdnf: |/nonexistent/prog
cmd2: "|echo 4.2.0 my text; exit 75"
slow: "|sleep 30"
file: $O/file
devnull: /dev/null
dir: $O/md/
badfile: /nonexistent/file
hard: $O/hard
mbox-no-disk: $O/no-disk
maildir-no-disk: $O/no-disk.d/
mbox-read-only: $O/read-only
maildir-read-only: $O/read-only.d/
unreadable: $O/wonly/
trap: $O/trap
list: games, mail, foo@remote.example
owner-list: news
inc: :include:$T/list
incmiss: :include:/nonexistent
loop1: loop2
loop2: loop1
self: self, games
twice: games, thrice
thrice: games
mixed: games, "|exit 75"
postmaster: games
EOF
instance_new "$I" "mail_spool_directory = $T/box/" 'myhostname = here.example' 'mydomain = here.example' \
    'mydestination = here.example, localhost' 'default_transport = discard:gone' 'recipient_delimiter = +' \
    "alias_maps = gdbm:$T/aliases" 'alias_database =' 'local_recipient_maps =' "forward_path = $T/fwd/\$user" \
    'command_time_limit = 2s' 'smtp_tls_security_level ='
# Files with this in their names are on a disk that fails; sanitizers want to be
# the only thing that is loaded.
[ -n "${PH_SAN-}" ] || instance_lines "$I/etc" 'import_environment = MAIL_CONFIG TZ LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME'" LD_PRELOAD=$PH_TOOLS/no-disk.so NO_DISK=no-disk READ_ONLY=read-only"
as "$I" postalias "gdbm:$T/aliases"
must 'it starts' instance_start "$I"

# A second name, somebody's link: nobody's mail is appended to what they lead to.
touch "$O/target"; chown nobody "$O/target"; ln "$O/target" "$O/hard"
mkdir -p "$O/wonly/tmp" "$O/wonly/new" "$O/wonly/cur"; chown -R nobody "$O/wonly"; chmod 300 "$O/wonly/new"
touch "$O/prey"; chown nobody "$O/prey"; ln -s prey "$O/trap"; chown -h games "$O/trap"

send() {	# send RECIPIENT...: and remember what came before
	printf 'From: s@x.example\nSubject: t\n\nbody\nFrom here\n>From there\n.dot\nlast\n' |
	    as "$I" sendmail -i -f snd@x.example -- "$@"
}
# ends RECIPIENT 'regex of the rest of its log line'
ends() {
	to=$1 want=$2
	ok "$to: $want" wait_for 20 instance_logged "$I" "local\\[.*orig_to=<$to>, relay=local, .*$want"
}
for to in unreadable cmd cmdfail cmd64 cmd67 cmd1 cmdsig cmdnf cmd2 slow file devnull dir badfile hard trap list inc incmiss loop1 self twice mixed \
    games games+Ext GAMES nosuch; do send "$to"; done
ends unreadable 'dsn=2.0.0, status=sent \(delivered to maildir\)'
ends cmd 'dsn=2.0.0, status=sent \(delivered to command: env '
ends cmdfail 'dsn=4.3.0, status=deferred \(temporary failure. Command output: some output \)'
ends cmd64 'dsn=5.3.0, status=bounced \(command line usage error. Command output: bad usage \)'
ends cmd67 'dsn=5.1.1, status=bounced \(user unknown\)'
ends cmd1 'dsn=5.3.0, status=bounced \(Command died with status 1: "exit 1"\)'
ends cmdsig 'dsn=4.3.0, status=deferred \(Command died with signal 9: "kill'
ends cmdnf 'dsn=4.3.0, status=deferred \(temporary failure. Command output: local: fatal: execvp /nonexistent/prog: No such'
ends cmd2 'dsn=4.2.0, status=deferred \(my text \)'
ends slow 'dsn=5.3.0, status=bounced \(Command time limit exceeded: "sleep 30"\)'
ends file "dsn=2.0.0, status=sent \\(delivered to file: $O/file\\)"
ends devnull 'dsn=2.0.0, status=sent \(delivered to file: /dev/null\)'
ends dir 'dsn=2.0.0, status=sent \(delivered to maildir\)'
ends badfile 'dsn=5.2.0, status=bounced \(cannot append message to file /nonexistent/file'
ends hard 'dsn=5.2.0, status=bounced \(cannot append message to file .*: file has 2 hard links\)'
ends trap 'dsn=5.2.0, status=bounced \(cannot append message to file .*: file is a symbolic link\)'
is 'and nothing was' "$(cat "$O/hard" "$O/prey")" ''
ends list 'dsn=2.0.0, status=sent \(forwarded as '
ends inc 'dsn=2.0.0, status=sent \(forwarded as '
ends incmiss 'dsn=5.3.5, status=bounced \(mail system configuration error\)'
ends loop1 'dsn=5.4.6, status=bounced \(alias database loop for loop'
ends self 'dsn=5.1.1, status=bounced \(unknown user: "self"\)'
ends self 'dsn=2.0.0, status=sent \(delivered to maildir\)'
ends mixed 'dsn=4.3.0, status=deferred \(temporary failure\)'
ends nosuch 'dsn=5.1.1, status=bounced \(unknown user: "nosuch"\)'
ends 'games\+Ext' 'dsn=2.0.0, status=sent \(delivered to maildir\)'

if [ -z "${PH_SAN-}" ]; then
	for to in mbox-no-disk maildir-no-disk; do send $to; ends $to 'status=deferred \(.*Input/output error\)'; done
	for to in mbox-read-only maildir-read-only; do send $to; ends $to 'status=deferred \(.*Read-only file system\)'; done
	is 'what the disk does not hold is not delivered' "$(find "$O/no-disk" "$O/no-disk.d" -type f -size +0)" ''
fi

ok 'the members of a list with an owner get it from the owner' wait_for 20 instance_logged "$I" 'from=<owner-list@here.example>'
ok 'the one elsewhere too' wait_for 20 instance_logged "$I" 'to=<foo@remote.example>, relay=none, .*status=sent'
is 'a user named twice gets one copy' \
    "$(instance_log "$I" | grep -c 'to=<games@here.example>, orig_to=<twice>')" 1

for word in RECIPIENT=cmd@here.example SENDER=snd@x.example LOCAL=cmd USER=cmd DOMAIN=here.example nobody; do
	ok "the command sees $word" grep -qx "$word" "$O/env"
done
ok 'and nothing of root' sh -c "! grep -q '^HOME=' '$O/env'"
is 'its message starts with the envelope' "$(sed -n '1s/  .*//p;2,4p' "$O/cmd")" 'From snd@x.example
Return-Path: <snd@x.example>
X-Original-To: cmd
Delivered-To: cmd@here.example'
is 'an mbox file quotes From and ends in an empty line' "$(sed -n '/^body/,$p' "$O/file" | cat -A)" 'body$
>From here$
>From there$
.dot$
last$
$'
is 'a maildir file has the message as it is' "$(sed -n '/^body/,$p' "$O"/md/new/* | cat -A)" 'body$
From here$
>From there$
.dot$
last$'
is 'a maildir file is private and its owner is default_privs' "$(stat -c '%a %U' "$O"/md/new/*)" '600 nobody'
is 'nothing stays in tmp' "$(find "$O/md/tmp" "$T/box/games/tmp" -type f)" ''
is 'a mailbox belongs to its user' "$(stat -c %U "$T"/box/games/new/* | sort -u)" games

# .forward
cat >"$T/fwd/games" <<EOF
# comment
mail@localhost
"|cat >$O/fcmd; id -un >>$O/fcmd", $O/ffile
\\games
EOF
chown games "$T/fwd/games"
send games+Abc
ends 'games\+Abc' 'status=sent \(delivered to command: cat '
ends 'games\+Abc' "status=sent \\(delivered to file: $O/ffile\\)"
ends 'games\+Abc' 'status=sent \(delivered to maildir\)'
ends 'games\+Abc' 'status=sent \(forwarded as '
ok 'the other user gets it' wait_for 20 sh -c "ls '$T'/box/mail/new | grep -q ."
wait_for 10 grep -rqs Abc "$T/box/mail/new"
is 'with a Delivered-To for each step' "$(sed -n 's/^Delivered-To: //p' $(grep -ls Abc "$T"/box/mail/new/*))" 'mail@localhost
games+abc@here.example'
is "the command ran as the user" "$(tail -1 "$O/fcmd")" games
# refused NAME SET-UP: the file is not believed, the mailbox gets it
refused() {
	echo mail >"$T/fwd/$1"; eval "$3"
	send "$1"
	ok "$2" wait_for 20 instance_logged "$I" "warning: file $T/fwd/$1 $4"
	ends "$1" 'status=sent \(delivered to maildir\)'
}
refused news 'a world writable .forward is refused' "chown news '$T/fwd/news'; chmod 666 '$T/fwd/news'" 'is world writable'
refused lp "somebody else's .forward is refused" "chown games '$T/fwd/lp'" 'has bad owner uid'
echo 'uucp@here.example' >"$T/fwd/uucp"; chown uucp "$T/fwd/uucp"
send uucp
ends uucp 'status=sent \(delivered to maildir\)'
echo 'man@localhost' >"$T/fwd/backup"; chown backup "$T/fwd/backup"
echo 'backup@here.example' >"$T/fwd/man"; chown man "$T/fwd/man"
send man
ok 'two who forward to each other do not loop' wait_for 20 instance_logged "$I" 'status=bounced \(mail forwarding loop for '

# set PARAMETER...: change main.cf of the running instance
set_and_send() {
	to=$1; shift
	as "$I" postconf -e "$@" && instance_reload "$I"
	send "$to"
}
set_and_send bin 'mailbox_command=cat >'"$O"'/mc; id -un >>'"$O/mc"
ends bin 'status=sent \(delivered to command: cat '
is 'mailbox_command runs as the user' "$(tail -1 "$O/mc")" bin
set_and_send sys mailbox_command= mailbox_transport=discard:foo
ok 'mailbox_transport hands over' wait_for 20 instance_logged "$I" 'passing <sys@here.example> to transport=discard'
ok 'to an agent that disposes of it' wait_for 20 instance_logged "$I" 'to=<sys@here.example>, .*relay=none, .*status=sent \(foo\)'
set_and_send nosuch2 mailbox_transport= fallback_transport=discard:bar
ok 'fallback_transport takes unknown users' wait_for 20 instance_logged "$I" 'to=<nosuch2@here.example>, .*status=sent \(bar\)'
set_and_send nosuch3 fallback_transport= 'luser_relay=www-data+$local'
ok 'luser_relay takes unknown users' wait_for 20 instance_logged "$I" 'to=<www-data\+nosuch3@here.example>, orig_to=<nosuch3>, .*status=sent \(delivered to maildir'
set_and_send cmd luser_relay= allow_mail_to_commands= allow_mail_to_files=
ends cmd 'dsn=5.7.1, status=bounced \(mail to command is restricted\)'
send file
ends file 'dsn=5.7.1, status=bounced \(mail to file is restricted\)'
set_and_send nosuch4 mailbox_transport=nosuchtransport:
ends nosuch4 'dsn=4.3.0, status=deferred \(mail transport unavailable\)'

# mbox spool
mkdir "$T/mbox"; chmod 755 "$T/mbox"
set_and_send sync mailbox_transport= "mail_spool_directory=$T/mbox"
ends sync 'status=sent \(delivered to mailbox\)'
is "a mailbox in root's spool belongs to the user" "$(stat -c '%a %U' "$T/mbox/sync")" '600 sync'
send sync
two() { [ "$(grep -c '^From snd@x.example  ' "$T/mbox/sync")" = 2 ]; }
ok 'the next message is appended' wait_for 20 two
chown games "$T/mbox/sync"
send sync
ends sync "dsn=4.2.0, status=deferred \\(cannot update mailbox $T/mbox/sync for user sync. destination $T/mbox/sync is not owned by recipient\\)"
ln -s "$T/elsewhere" "$T/mbox/proxy"; chown -h games "$T/mbox/proxy"
send proxy
ends proxy 'dsn=5.2.0, status=bounced'
ok 'a link in the spool leads nowhere' test ! -e "$T/elsewhere"
ok 'no lock file stays' sh -c "! ls '$T/mbox' | grep -q lock"
before=$(wc -c <"$T/mbox/sync"); chown sync "$T/mbox/sync"
set_and_send sync message_size_limit=600 "mailbox_size_limit=$((before + 100))"
ends sync 'dsn=5.2.2, status=bounced \(cannot update mailbox'
is 'a message that does not fit leaves the mailbox as it was' "$(wc -c <"$T/mbox/sync")" "$before"
# A spool that everybody may write: with the user's rights, whatever root could do there.
mkdir -m 700 "$T/closed"; mkdir -m 1777 "$T/closed/box"
set_and_send proxy message_size_limit=10240000 mailbox_size_limit=51200000 "mail_spool_directory=$T/closed/box"
ends proxy "status=[a-z]+ \\(cannot .*$T/closed/box/proxy.*Permission denied"
is 'nothing was made there' "$(ls "$T/closed/box")" ''
done_testing
