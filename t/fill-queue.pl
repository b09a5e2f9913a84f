#!/usr/bin/perl
# fill-queue.pl - make a spool with many messages, as a busy host has it
#
#   fill-queue.pl SPOOL COUNT [SEED]
#
# Files are written as the queue format says, into deferred (hash depth 1),
# active, incoming and hold, with defer logs for those deferred. The same seed
# makes the same messages but for their inodes.
use strict;
use warnings;
no warnings 'redundant';	# not every reason names an address

my ($spool, $count, $seed) = @ARGV;
die "usage: fill-queue.pl SPOOL COUNT [SEED]\n" unless $count;
srand($seed || 1);
my $now = time;
my @hex = (0 .. 9, 'A' .. 'F');
my %mode = map { $_ => 0700 } qw(maildrop incoming active deferred hold corrupt defer bounce trace);
-d "$spool/$_" || mkdir("$spool/$_", 0700) || die "$spool/$_: $!\n" for sort keys %mode;
for my $h (@hex) {
	-d "$spool/$_/$h" || mkdir("$spool/$_/$h", 0700) || die "$!\n" for qw(deferred defer);
}
my @domains = map { "dom$_.example" } 1 .. 40;
my @senders = ('newsletter@example.org', 'shop@example.org', '', map { "user$_\@corp.example" } 1 .. 60);
my @reasons = (
	['4.4.1', 'connect to mx.%s[192.0.2.%d]:25: Connection refused'],
	['4.4.1', 'connect to mx.%s[192.0.2.%d]:25: Connection timed out'],
	['4.7.0', 'host mx.%s[192.0.2.%d] said: 421 4.7.0 too many messages from your address, try again later (in reply to MAIL FROM command)'],
	['4.2.2', 'host mx.%s[192.0.2.%d] said: 452 4.2.2 mailbox is over quota (in reply to RCPT TO command)'],
	['4.2.0', 'host mx.%s[192.0.2.%d] said: 450 4.2.0 greylisted, come back later (in reply to RCPT TO command)'],
	['4.4.3', 'Host or domain name not found. Name service error for name=%s type=MX: Host not found, try again'],
);

sub rec {
	my ($type, $data) = @_;
	my ($n, $len) = (length $data, '');
	do { $len .= chr(($n & 127) | ($n > 127 ? 128 : 0)); $n >>= 7 } while $n;
	return $type . $len . $data;
}

for my $i (1 .. $count) {
	my $sender = $senders[rand() < 0.4 ? 0 : int rand @senders];
	my @rcpts = map { sprintf 'u%d@%s', int rand 100000, $domains[int(@domains * rand() ** 2)] }
	    1 .. (rand() < 0.9 ? 1 : 1 + int rand 6);
	my $arrived = $now - int(432000 * rand() ** 3) - 1;
	my $roll = rand;
	my $queue = $roll < 0.94 ? 'deferred' : $roll < 0.96 ? 'hold' : $roll < 0.98 ? 'active' : 'incoming';
	my $body = "Subject: message $i\nFrom: <$sender>\nMessage-ID: <$i\@example.org>\n\n" . ('line of text ' x (1 + int rand 40)) . "\n";
	my $content = join '', map { rec('N', $_) } split /\n/, $body;
	my $envelope = rec('T', sprintf('%d %06d', $arrived, int rand 1000000));
	$envelope .= rec('A', $_) for 'log_client_name=client' . $i % 7 . '.example',
	    'log_client_address=198.51.100.' . $i % 7, 'log_helo_name=client.example', 'log_protocol_name=ESMTP';
	$envelope .= rec('A', 'sasl_username=' . (split /@/, $sender)[0]) if $i % 5 == 0 && $sender ne '';
	$envelope .= rec('S', $sender);
	my $head = length(rec('C', ' ' x 95)) + length($envelope);
	my @offsets;
	my $all = '';
	for my $r (@rcpts) {
		push @offsets, $head + length $all;
		$all .= rec('O', $r) . rec('R', $r);
	}
	my $start = $head + length($all) + 2;
	my $size = sprintf '%15d %15d %15d %15d %15d %15d', length $content, $start, scalar @rcpts, 0, length $content, 0;
	my $file = rec('C', $size) . $envelope . $all . rec('M', '') . $content . rec('X', '') . rec('E', '');
	my $temp = "$spool/incoming/$i.$$";
	open my $f, '>', $temp or die "$temp: $!\n";
	print $f $file;
	close $f or die "$temp: $!\n";
	my $inode = (stat $temp)[1];
	my $id = sprintf '%05X%X', int rand 1000000, $inode;
	my $hash = substr $id, 0, 1;
	chmod 0700, $temp;
	my $next = $queue eq 'deferred' ? $now + int rand 4000 : $arrived;
	utime $next, $next, $temp;
	my $path = $queue eq 'deferred' ? "$spool/deferred/$hash/$id" : "$spool/$queue/$id";
	rename $temp, $path or die "$path: $!\n";
	next unless $queue eq 'deferred';
	my $log = '';
	for my $k (0 .. $#rcpts) {
		my ($domain) = $rcpts[$k] =~ /\@(.*)/;
		my $n = 0;
		$n = ($n * 31 + ord) % 997 for split //, $domain;
		my ($dsn, $text) = @{ $reasons[$n % @reasons] };
		my $reason = sprintf $text, $domain, 1 + $n % 250;
		$log .= "<$rcpts[$k]>: $reason\nrecipient=$rcpts[$k]\noffset=$offsets[$k]\ndsn_orig_rcpt=rfc822;$rcpts[$k]\nstatus=$dsn\naction=delayed\nreason=$reason\n\n";
	}
	open $f, '>', "$spool/defer/$hash/$id" or die "$!\n";
	print $f $log;
	close $f or die "$!\n";
}
