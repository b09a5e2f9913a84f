#!/bin/sh
# local: the same aliases and mail, by a Postfix and by ours, end the same way
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"

common='myhostname = here.example
mydomain = here.example
myorigin = here.example
mydestination = here.example, localhost
mynetworks = 127.0.0.0/8
recipient_delimiter = +
local_recipient_maps =
alias_database =
default_transport = discard:gone
soft_bounce = yes
command_time_limit = 5s'
# outcomes SIDE: everything that a side writes to is below $T/SIDE
prepare() {
	mkdir "$T/$1-box" "$T/$1-out" "$T/$1-fwd"
	chmod 1777 "$T/$1-box"; chmod 777 "$T/$1-out"; chmod 755 "$T/$1-fwd"
	echo 'inc1@localhost, games' >"$T/$1-list"
	sed -e "s|@OUT@|$T/$1-out|g" -e "s|@LIST@|$T/$1-list|g" >"$T/$1-aliases" <<'EOF'
cmd: "|cat >@OUT@/cmd"
cmdfail: "|echo some output; exit 75"
cmd64: "|echo bad usage; exit 64"
cmd67: "|exit 67"
cmd69: "|exit 69"
cmd71: "|exit 71"
cmd73: "|exit 73"
cmd74: "|exit 74"
cmd76: "|exit 76"
cmd77: "|exit 77"
cmd78: "|exit 78"
cmd1: "|exit 1"
cmdsig: "|kill -9 $$"
cmd2: "|echo 4.2.0 my text; exit 75"
cmd5: "|echo 5.2.1 my text; exit 1"
file: @OUT@/file
devnull: /dev/null
dir: @OUT@/md/
inc: :include:@LIST@
incmiss: :include:/nonexistent
self: self, games
twice: games, thrice
thrice: games
mixed: games, "|exit 75"
nouser: nosuchuser
list: games, mail
owner-list: news
words: |cat, |exit more words, /dev/null rest
joined: |"cat >@OUT@/joined"
group: crew: games, mail; thrice
increl: :include:relative
nodomain: games@
nodir: /nonexistent/file
inquotes: "|cat >@OUT@/inquotes"@here.example
EOF
	cat >"$T/$1-fwd/lp" <<EOF
# comment
mail@localhost
"|cat >$T/$1-out/fcmd", $T/$1-out/ffile
\\lp
EOF
	printf '"|exit 75"\n\\man\n' >"$T/$1-fwd/man"
	printf '"|echo $EXTENSION $LOCAL; exit 67"\n' >"$T/$1-fwd/news"
	for user in lp man news; do chown $user "$T/$1-fwd/$user"; done
}
prepare peer
prepare ours
peer_new peer "$common
alias_maps = hash:$T/peer-aliases
forward_path = $T/peer-fwd/\$user
mail_spool_directory = $T/peer-box/"
peer peer postalias "hash:$T/peer-aliases"
must "the peer's instance starts" peer_start peer
instance_new "$T/ours" "alias_maps = gdbm:$T/ours-aliases" "forward_path = $T/ours-fwd/\$user" "mail_spool_directory = $T/ours-box/"
printf '%s\n' "$common" | while read -r line; do instance_lines "$T/ours/etc" "$line"; done
as "$T/ours" postalias "gdbm:$T/ours-aliases"
must 'ours starts' instance_start "$T/ours"

rcpts="cmd cmdfail cmd64 cmd67 cmd69 cmd71 cmd73 cmd74 cmd76 cmd77 cmd78 cmd1 cmdsig cmd2 cmd5 file devnull dir inc incmiss self
twice mixed nouser list games games+Ext GAMES nosuch lp+Abc
words joined group increl nodomain nodir inquotes man news+Abc postmaster mailer-daemon"
for to in $rcpts; do
	printf 'Subject: t\n\nbody\nFrom here\n' | peer peer sendmail -f snd@x.example "$to"
	printf 'Subject: t\n\nbody\nFrom here\n' | as "$T/ours" sendmail -f snd@x.example "$to"
done
# Addresses, status and text of every delivery, without names that must differ.
outcomes() {
	sed -n 's/.*local\[[0-9]*\]: [^:]*: \(to=.*\), relay=local, .*\(dsn=.*\)/\1 \2/p' "$1" |
	    sed -e "s|$T/[a-z]*-|T-|g" -e 's/forwarded as [^)]*/forwarded as ID/' | sort
}
settled() { [ "$(outcomes "$1" | wc -l)" -ge 55 ]; }
wait_for 30 settled "$T/peer/log/maillog"
wait_for 30 settled "$T/ours/log/mail.log"
outcomes "$T/peer/log/maillog" >"$T/a"; outcomes "$T/ours/log/mail.log" >"$T/b"
is 'every recipient ends as with the peer' "$(diff "$T/a" "$T/b")" ''
like 'and there were many' "$(wc -l <"$T/a")" '^(5[5-9]|6)'

# What arrives, without the lines that name a system, a time or an ID.
arrived() { sed -e '/^Received:/,/^[^ 	]/{/^Received:/d;/^[ 	]/d;}' -e '/^Message-Id:/d' -e '/^Date:/d' -e 's/  [A-Z].*20[0-9][0-9]$//' "$@"; }
for f in cmd file fcmd ffile; do
	is "the same bytes: $f" "$(arrived "$T/ours-out/$f")" "$(arrived "$T/peer-out/$f")"
done
is 'the same bytes in a maildir' "$(arrived "$T"/ours-out/md/new/*)" "$(arrived "$T"/peer-out/md/new/*)"
done_testing
