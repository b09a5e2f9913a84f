#!/usr/bin/perl
# first220.pl PORT - wait for an SMTP greeting
use strict;
use warnings;
use IO::Socket::INET;

for (1 .. 2000) {
	my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $ARGV[0]);
	exit 0 if $s && (<$s> // '') =~ /^220/;
	select undef, undef, undef, 0.005;
}
exit 1;
