#!/bin/sh
# smtp: whatever a server says, and wherever it hangs up, recipients end the same
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"

# One server a line: what it says in turn; QUIT and RSET it understands itself.
cat >"$T/cases" <<'EOT'
550 no thanks
421 busy
220 ok|500 x|421 4.3.2 go
220 ok|250 ok|550 5.7.1 no sender
220 ok|250 ok|450 4.1.8 later
220 ok|250 ok|250 ok|550 5.1.1 no user
220 ok|250 ok|250 ok|421 4.4.2 gone
220 ok|250 ok|250 ok|250 ok|554 5.5.1 no data
220 ok|250 ok|250 ok|250 ok|250 ok|354 go|552 5.2.2 full
220 ok|250 ok|250 ok|250 ok|550 no|354 go|451 wait
CLOSE
220 ok|CLOSE
220 ok|250 ok|CLOSE
220 ok|250 ok|250 ok|CLOSE
220 ok|250 ok|250 ok|250 ok|CLOSE
220 ok|250 ok|250 ok|250 ok|250 ok|354 go|CLOSE
220 ok|250 ok|650 odd
220-multi\r\n220 ok|250-x\r\n250-SIZE 10\r\n250 DSN
220 ok|250-x\r\n250-PIPELINING\r\n250 8BITMIME|250 ok|550 5.1.1 no user|450 4.1.1 not yet|503 5.5.1 no
220 ok|250 ok|250 ok|550-5.1.1 line one\r\n550 5.1.1 line two
220 ok|250 ok|250 ok|250 ok|250 ok|354 go|250 2.0.0 queued as X
220 ok|250 ok|250 ok|250 ok|250 ok|250 early
220 ok|250 ok|250 ok|550 4.1.1 mixed
220 ok|250 ok|250 ok|550 
EOT
count=$(wc -l <"$T/cases")
first=$(free_ports $((count + 1))); last=${first##* }; first=${first%% *}
cat >"$T/server.pl" <<'EOT'
use IO::Socket::INET;
my ($port, $file) = @ARGV;
$SIG{PIPE} = 'IGNORE';
open(my $f, '<', $file) or die;
while (my $case = <$f>) {
	my $at = $port++;
	chomp $case; $case =~ s/\\r\\n/\r\n/g;
	my $l = IO::Socket::INET->new(Listen => 20, LocalAddr => '127.0.0.1', LocalPort => $at, ReuseAddr => 1) or die "$at: $!";
	next if fork;
	alarm 120;
	while (my $c = $l->accept) {
		my @say = split /\|/, $case;
		my $in_data = 0;
		my $next = sub {
			my $text = shift(@say) // '250 and so on';
			return 0 if $text eq 'CLOSE';
			print $c "$text\r\n";
			$in_data = $text =~ /^354/;
			1;
		};
		$c->autoflush(1);
		if ($next->()) {
			while (defined(my $line = <$c>)) {
				next if $in_data && $line ne ".\r\n";
				if ($line =~ /^QUIT/) { print $c "221 bye\r\n"; last }
				if ($line =~ /^RSET/) { print $c "250 reset\r\n"; next }
				$next->() or last;
			}
		}
		close $c;
	}
	exit;
}
1 while wait != -1;
EOT
perl "$T/server.pl" "$first" "$T/cases" &
common="compatibility_level = 3.6
myhostname = here.example
mail_name = Postfix
mydomain = here.example
myorigin = here.example
mydestination = here.example
local_recipient_maps =
disable_dns_lookups = yes
default_transport = discard:gone
smtp_tls_security_level =
transport_maps = inline:{$(for i in $(seq "$count"); do printf '{c%s.example=smtp:[127.0.0.1]:%s}, ' "$i" $((first + i - 1)); done){lm.example=lmtp:[127.0.0.1]:$((first + 19))}, {closed.example=smtp:[127.0.0.1]:$last}}"
peer_new peer "$common"
instance_new "$T/ours"
cf_set "$T/ours/etc/main.cf" "$common"
must "the peer's instance starts" peer_start peer
must 'our instance starts' instance_start "$T/ours" </dev/null
for d in $(seq -f c%.0f "$count") lm closed; do
	printf 'Subject: t\n\nbody\n.dot\n' | peer peer sendmail -f snd@x.example "u1@$d.example" "u2@$d.example"
	printf 'Subject: t\n\nbody\n.dot\n' | as "$T/ours" sendmail -f snd@x.example "u1@$d.example" "u2@$d.example"
done
outcomes() {
	sed -n 's/.* postfix\/[sl]mtp\[[0-9]*\]: [^:]*: \(to=.*\), delay=.*\(dsn=.*\)/\1 \2/p' "$1" | sort
}
settled() { [ "$(outcomes "$1" | wc -l)" -ge $((count * 2 + 4)) ]; }
wait_for 10 settled "$T/peer/log/maillog"
wait_for 10 settled "$T/ours/log/mail.log"
outcomes "$T/peer/log/maillog" >"$T/a"; outcomes "$T/ours/log/mail.log" >"$T/b"
is 'every recipient ends as with the peer' "$(diff "$T/a" "$T/b")" ''
ok 'and there were all of them' test "$(wc -l <"$T/b")" -eq $((count * 2 + 4))
done_testing
