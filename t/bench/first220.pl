#!/usr/bin/perl
# first220.pl PORT [COMMAND...] - run COMMAND, and wait for an SMTP greeting
#
# Prints the milliseconds from COMMAND's start to the greeting. What this
# script itself needs to get going is over by then.
use strict;
use warnings;
use Socket;
use Time::HiRes qw(time sleep);

my ($port, @command) = @ARGV;
my $address = pack_sockaddr_in($port, INADDR_LOOPBACK);

sub greets {
	socket(my $s, PF_INET, SOCK_STREAM, 0) or die "socket: $!\n";
	return connect($s, $address) && (<$s> // '') =~ /^220/;
}

my $start = time;
if (@command && !fork) {
	exec @command or die "$command[0]: $!\n";
}
until (greets()) {
	die "no greeting on port $port\n" if time - $start > 60;
	sleep 0.001;
}
printf "%.1f\n", (time - $start) * 1000 if @command;
