#!/usr/bin/perl
# rcpt-sink.pl PORT LOG - an SMTP server that knows some recipients
#
# What it says to RCPT TO depends on the local part: "no..." does not exist,
# "later..." is refused for now, "slow..." is answered when a line comes by
# LOG.go, all others are there. Each command goes to LOG.
use strict;
use warnings;
use IO::Socket::INET;

my ($port, $log) = @ARGV;
$SIG{CHLD} = 'IGNORE';
my $listener = IO::Socket::INET->new(Listen => 50, LocalAddr => '127.0.0.1', LocalPort => $port,
    ReuseAddr => 1) or die "listen: $!\n";
open(my $out, '>>', $log) or die "$log: $!\n";
$out->autoflush(1);
while (1) {
	my $s = $listener->accept or next;
	next if fork;
	$s->autoflush(1);
	print $s "220 sink.example ESMTP\r\n";
	while (defined(my $line = <$s>)) {
		$line =~ s/\r?\n//;
		print $out "$line\n";
		if ($line =~ /^(EHLO|LHLO)/i) {
			print $s "250-sink.example\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES\r\n";
		} elsif ($line =~ /^RCPT TO:<"?no/i) {
			print $s "550 5.1.1 no such user\r\n";
		} elsif ($line =~ /^RCPT TO:<"?later/i) {
			print $s "450 4.2.1 not now\r\n";
		} elsif ($line =~ /^RCPT TO:<"?slow/i) {
			select(undef, undef, undef, 0.05) until -e "$log.go";
			print $s "250 2.1.5 Ok\r\n";
		} elsif ($line =~ /^DATA/i) {
			print $s "354 go\r\n";
			while (defined(my $text = <$s>)) { last if $text eq ".\r\n" }
			print $s "250 2.0.0 queued\r\n";
		} elsif ($line =~ /^QUIT/i) {
			print $s "221 2.0.0 bye\r\n";
			last;
		} else {
			print $s "250 2.0.0 Ok\r\n";
		}
	}
	exit;
}
