#!/bin/sh
# whole system: a full disk refuses mail, loses none, and work goes on after
. "$(dirname "$0")/../lib.sh"
[ "$(id -u)" = 0 ] || skip_all 'mounting a small file system needs root'

instance_new "$T/ours"
instance_lines "$T/ours/etc" "mynetworks = 127.0.0.0/8
virtual_mailbox_domains = box.example
virtual_mailbox_base = $T/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:$(instance_uid "$T/ours")
virtual_gid_maps = static:$(instance_gid "$T/ours")
virtual_minimum_uid = 1
message_size_limit = 1000000"
mkdir -p "$T/mail/box"; chown -R "$(instance_uid "$T/ours"):$(instance_gid "$T/ours")" "$T/mail"
mkdir "$T/small"
mount -t tmpfs -o size=3m,mode=755 none "$T/small" 2>/dev/null || skip_all 'cannot mount a tmpfs'
unmount() { umount "$T/small"; }
on_exit unmount
cp -a "$T/ours/spool" "$T/small/spool"
MAIL_CONFIG=$T/ours/etc postconf -e "queue_directory = $T/small/spool"
stop_it() { instance_stop "$T/ours"; }
on_exit stop_it
must 'the instance starts' instance_start "$T/ours"
spool=$T/small/spool
port=$(instance_port "$T/ours")
MAIL_CONFIG=$T/ours/etc; export MAIL_CONFIG

talk() {	# talk SIZE [COMMAND]: an SMTP conversation with a message of SIZE bytes, COMMAND before DATA; prints the replies
	perl -MIO::Socket::INET -e '
		my ($port, $size, $command) = @ARGV;
		my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port) or die;
		alarm 60;
		my $reply = sub { my $l; do { $l = <$s> // exit } while $l =~ /^\d+-/; print $l; $l };
		$reply->();
		for ("EHLO c.example", "MAIL FROM:<a\@b.example>", "RCPT TO:<u\@box.example>", "DATA") {
			system $command if $_ eq "DATA" && defined $command;
			print $s "$_\r\n";
			exit if $reply->() !~ /^[23]/;
		}
		print $s "Subject: full\r\n\r\n", ("x" x 62 . "\r\n") x ($size / 64), ".\r\n";
		$reply->();
		print $s "QUIT\r\n"; $reply->();
	' "$port" "$@"
}
fill="dd if=/dev/zero of=$T/small/ballast bs=4k 2>/dev/null"

like 'with space, a message is taken' "$(talk 1000)" '^250 2.0.0 Ok: queued as'
like 'when the disk fills up meanwhile, a message is refused for now' \
    "$(talk 400000 "$fill")" '^4[0-9][0-9] 4\..*(system storage|queue file write error)'
is 'nothing half-written stays' "$(find "$spool/incoming" "$spool/active" -type f -size +8k | wc -l)" 0
like 'on a full disk a client is told at once' "$(talk 20000)" '^452 4\.3\.1 Insufficient system storage'
printf 'Subject: x\n\n' >"$T/message"; perl -e 'print "y" x 70, "\n" for 1 .. 3000' >>"$T/message"
ok 'sendmail fails cleanly' fails_with 75 sendmail -f a@b.example u@box.example <"$T/message"
is 'no complete file stands in maildrop' "$(find "$spool/maildrop" -type f -perm -0700 | wc -l)" 0
rm "$T/small/ballast"
like 'with space again, mail is taken again' "$(talk 1000)" '^250 2.0.0 Ok: queued as'
ok 'sendmail works again' sendmail -f a@b.example u@box.example <"$T/message"
three() { [ "$(ls "$T/mail/box/new" | wc -l)" = 3 ]; }
ok 'what was accepted is delivered' wait_for 30 three
done_testing
