#!/usr/bin/perl
# ask-attrs.pl [-q] SOCKET NAME=VALUE... [-- NAME=VALUE...]
#
# Sends attribute lists one after another on one connection and prints each
# reply, the greeting first, as one line of "name=value | name=value"; "EOF"
# where the service hung up. -q: the service does not greet.
use strict;
use warnings;
use IO::Socket::UNIX;

my $quiet = $ARGV[0] eq '-q' && shift;
my $path = shift;
my $s = IO::Socket::UNIX->new(Peer => $path) or die "$path: $!\n";
alarm 20;
$/ = "\0";

sub reply {
	my @pairs;
	while (defined(my $name = <$s>)) {
		chomp $name;
		if ($name eq '') { print join(' | ', @pairs), "\n"; return }
		my $value = <$s> // last;
		chomp $value;
		push @pairs, "$name=$value";
	}
	print "EOF\n";
	exit;
}

my @lists = ('');
for (@ARGV) {
	if ($_ eq '--') { push @lists, ''; next }
	my ($name, $value) = split /=/, $_, 2;
	$lists[-1] .= "$name\0$value\0";
}
reply() unless $quiet;
for (@lists) { syswrite($s, "$_\0"); reply() }
