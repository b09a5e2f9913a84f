#!/bin/sh
# local without root: everything belongs to the owner, users have mailboxes in the spool
. "$(dirname "$0")/../lib.sh"

I=$T/i
if [ "$(id -u)" = 0 ]; then
	user=games
	instance_user "$I" "$user" 'myhostname = here.example' 'mydestination = here.example' \
	    "alias_maps = texthash:$T/aliases" 'alias_database =' "mail_spool_directory = $I/box" \
	    "forward_path = $T/fwd/\$user" 'local_recipient_maps ='
else
	user=$(id -un)
	instance_new "$I" 'myhostname = here.example' 'mydestination = here.example' \
	    "alias_maps = texthash:$T/aliases" 'alias_database =' "mail_spool_directory = $I/box" \
	    "forward_path = $T/fwd/\$user" 'local_recipient_maps ='
fi
mkdir "$T/fwd"
instance_as "$user" mkdir -p "$I/box" "$I/out"
cat >"$T/aliases" <<EOF
cmd	"|id -un >$I/out/id; cat >$I/out/message"
all	$user, daemon, $I/out/file, $I/out/md/
EOF
must 'it starts' instance_start "$I"
send() { printf 'Subject: t\n\nbody\n' | as "$I" sendmail -f s@x.example -- "$@"; }
ends() { ok "$1: $2" wait_for 20 instance_logged "$I" "local\\[.*orig_to=<$1>, relay=local, .*$2"; }
send "$user"; ends "$user" 'status=sent \(delivered to mailbox\)'
send daemon; ends daemon 'status=sent \(delivered to mailbox\)'
is 'mailboxes belong to the owner' "$(stat -c %U "$I"/box/* | sort -u)" "$user"
send nosuchuser; ends nosuchuser 'dsn=5.1.1, status=bounced'
send cmd; ends cmd 'status=sent \(delivered to command: id'
is 'commands run as the owner' "$(cat "$I/out/id")" "$user"
send all
for what in "delivered to mailbox" "delivered to file: $I/out/file" "delivered to maildir"; do ends all "status=sent \\($what\\)"; done
is 'the maildir has it' "$(ls "$I/out/md/new" | wc -l)" 1
# A .forward of somebody else's cannot be opened as that user, so it is not opened.
echo "$user@here.example" >"$T/fwd/daemon"; chmod 644 "$T/fwd/daemon"
send daemon
two() { [ "$(grep -c '^From ' "$I/box/daemon")" = 3 ]; }
ok "another user's .forward is left alone" wait_for 20 two
done_testing
