#!/usr/bin/perl
# sessions.pl PORT COUNT - open SMTP sessions, give each a recipient, say "ready", wait to be killed
use strict;
use warnings;
use IO::Socket::INET;

my ($port, $count) = @ARGV;
my @open;
alarm 120;
for (1 .. $count) {
	my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $port) or die "connect: $!\n";
	$s->autoflush(1);
	for my $text (undef, 'EHLO c.example', 'MAIL FROM:<a@b.example>',
	    'RCPT TO:<a@relay.example>') {
		print $s "$text\r\n" if defined $text;
		my $line;
		do {
			$line = <$s> // die "lost\n";
		} while ($line =~ /^\d\d\d-/);
		die $line unless $line =~ /^2/;
	}
	push @open, $s;
}
$| = 1;
print "ready\n";
sleep 100;
