#!/usr/bin/perl
# ask-rewrite.pl SOCKET: ask a rewrite service; one question a line, TAB between
# "local|remote ADDRESS" or "resolve|verify SENDER ADDRESS"; prints the question and the values of the answer.
use strict;
use warnings;
use IO::Socket::UNIX;
alarm 30;
my $s = IO::Socket::UNIX->new(Peer => shift) or die "connect: $!\n";
my $buffer = '';
# One list: name NUL value NUL ... NUL. $want pairs, since a value may be empty.
sub list {
	my $want = shift;
	my @fields;
	while (@fields < 2 * $want + 1) {
		if ($buffer =~ s/^([^\0]*)\0//s) { push @fields, $1; next }
		sysread($s, $buffer, 65536, length $buffer) or die "hung up\n";
	}
	return @fields[grep { $_ % 2 } 0 .. 2 * $want - 1];
}
print join(' ', list(1)), "\n";
while (my $line = <STDIN>) {
	chomp $line;
	my @q = split /\t/, $line, -1;
	my %a = $q[0] =~ /^(local|remote)$/ ? () : (sender => $q[1]);
	my $m = @q == 2 ? "request\0rewrite\0rule\0$q[0]\0address\0$q[1]\0\0" :
	    "request\0$q[0]\0sender\0$q[1]\0address\0$q[2]\0\0";
	syswrite $s, $m;
	print "$line => ", join(' | ', list(@q == 2 ? 2 : 5)), "\n";
}
