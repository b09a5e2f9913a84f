#!/usr/bin/perl
# sessions-per-second.pl PORT COUNT PARALLEL [FROM] - short SMTP sessions, one after the other
#
# Each connects, reads to the greeting's last line, says QUIT and reads to the
# end; one that is refused is a session, too. FROM is the address to connect
# from, "each": another one each time. Prints how many ended in a second.
use strict;
use warnings;
use Socket;
use Time::HiRes qw(time);

my ($port, $count, $parallel, $from) = @ARGV;
my $to = pack_sockaddr_in($port, INADDR_LOOPBACK);

sub session {
	my ($n) = @_;
	my $addr = ($from // '') eq 'each' ?
	    sprintf('127.%d.%d.%d', 10 + ($n >> 16), $n >> 8 & 255, $n & 255) : $from;
	socket(my $s, PF_INET, SOCK_STREAM, 0) or die "socket: $!\n";
	bind($s, pack_sockaddr_in(0, inet_aton($addr))) or die "bind: $!\n" if defined $addr;
	connect($s, $to) or die "connect: $!\n";
	while (defined(my $line = <$s>)) {
		next if $line =~ /^\d\d\d-/;
		syswrite($s, "QUIT\r\n") if $line =~ /^220/;
	}
}

my $start = time;
for my $child (0 .. $parallel - 1) {
	next if fork;
	$SIG{PIPE} = 'IGNORE';
	for (my $n = $child; $n < $count; $n += $parallel) { session($n) }
	exit 0;
}
my $failed = 0;
while (wait != -1) { $failed = 1 if $? != 0 }
printf "%.0f\n", $count / (time - $start);
exit $failed;
