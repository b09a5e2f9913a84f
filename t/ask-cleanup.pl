#!/usr/bin/perl
# ask-cleanup.pl SOCKET FLAGS < records: talk to a cleanup service. A record is a line "TYPE DATA" ("\xNN" for odd
# bytes); a line "quit" hangs up there. Prints "queue_id=...", then "status=..." and "reason=...".
use strict;
use warnings;
use IO::Socket::UNIX;
alarm 30;
my ($path, $flags) = @ARGV;
my $s = IO::Socket::UNIX->new(Peer => $path) or die "connect: $!\n";
my $buffer = '';
sub list {
	my $want = shift;
	my @f;
	while (@f < 2 * $want + 1) {
		if ($buffer =~ s/^([^\0]*)\0//s) { push @f, $1; next }
		sysread($s, $buffer, 65536, length $buffer) or die "hung up\n";
	}
	return @f;
}
my %greeting = (list(2))[0 .. 3];
die "odd greeting\n" unless ($greeting{protocol} // '') eq 'cleanup_protocol';
print "queue_id=$greeting{queue_id}\n";
my $out = "flags\0$flags\0\0";
while (my $line = <STDIN>) {
	chomp $line;
	if ($line eq 'quit') { syswrite $s, $out; exit 0 }
	my ($type, $data) = $line =~ /^(.) ?(.*)$/ or next;
	$data =~ s/\\x([0-9a-f]{2})/chr hex $1/ge;
	my $len = length $data;
	$out .= $type;
	while ($len > 127) { $out .= chr($len & 127 | 128); $len >>= 7 }
	$out .= chr($len) . $data;
}
syswrite $s, $out;
my %reply = (list(2))[0 .. 3];
print "status=$reply{status}\nreason=$reply{reason}\n";
