#!/usr/bin/perl
# raw-milter.pl - a filter for tests that shows and says single packets
#
#	raw-milter.pl PORT ORDERS LOG		(PORT 0: any; it is printed)
#	raw-milter.pl unix:PATH ORDERS LOG
#
# LOG gets a line for each packet: its letter and its text, "|" for each NUL,
# \xNN for what is not printable. Where LOG is a folder, each connection has a file
# there, numbered in their order, whichever process is first to write. ORDERS is read again for each packet; a line
# "LETTER PACKET..." is the answer to that kind of packet, "LETTER*N" to the
# Nth of them in a connection. A PACKET is a letter and text with \0, \xNN and
# \_ for a blank, or one of
#
#	close		hang up		hang	never answer again
#	raw:TEXT	bytes without the length in front
#	none		no answer
#
# Without an order the answer is c, and to negotiation O \x0\x0\x0\x06, all
# actions, no exceptions. D, A, Q and K have no answer.
use strict;
use warnings;
use IO::Socket::INET;
use IO::Socket::UNIX;
$SIG{CHLD} = 'IGNORE';
my ($at, $orders, $log) = @ARGV;
my $listen = $at =~ /^unix:(.*)/ ?
    IO::Socket::UNIX->new(Local => $1, Listen => 5) :
    IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $at,
	Listen => 5, ReuseAddr => 1);
die "listen: $!\n" unless $listen;
$| = 1;
print $at =~ /^unix:/ ? "ready\n" : $listen->sockport . "\n";

my $connections = 0;
sub note {
	my $file = -d $log ? sprintf '%s/%05d', $log, $connections : $log;
	open my $f, '>>', $file or die; print $f @_, "\n"; close $f;
}
sub show {
	my $t = shift;
	$t =~ s/([^\x20-\x7e\0])/sprintf '\x%02x', ord $1/ge;
	$t =~ tr/\0/|/;
	return $t;
}
sub bytes {
	my $t = shift;
	$t =~ s/\\x([0-9a-f]{1,2})|\\0|\\_|\\n/defined $1 ? chr hex $1 :
	    $& eq '\0' ? "\0" : $& eq '\n' ? "\n" : ' '/ge;
	return $t;
}
sub answers {
	my ($letter, $nth) = @_;
	my @found;
	if (open my $f, '<', $orders) {
		while (<$f>) {
			my ($who, @packets) = split;
			next unless defined $who;
			@found = @packets if $who eq $letter ||
			    $who eq "$letter*$nth";
		}
	}
	return @found if @found;
	return () if $letter =~ /[DAQK]/;
	return ('O\x0\x0\x0\x6\x0\x0\x1\xff\x0\x0\x0\x0') if $letter eq 'O';
	return ('c');
}
sub serve {
	my ($c) = @_;
	my %count;
	while (1) {
		my ($head, $packet) = ('', '');
		while (length $head < 4) { sysread $c, $head, 4 - length $head, length $head or return }
		my $len = unpack 'N', $head;
		while (length $packet < $len) { sysread $c, $packet, $len - length $packet, length $packet or return }
		my $letter = substr $packet, 0, 1;
		note(show($letter . ($len > 1 ? ' ' : '') . substr $packet, 1));
		for my $a (answers($letter, ++$count{$letter})) {
			if ($a eq 'close') { return }
			elsif ($a eq 'hang') { 1 while sysread $c, my $more, 4096; return }
			elsif ($a eq 'none') { }
			elsif ($a =~ /^raw:(.*)/s) { syswrite $c, bytes($1) }
			else { my $b = bytes($a); syswrite $c, pack('N', length $b) . $b }
		}
		return if $letter eq 'Q';
	}
}
while (my $c = $listen->accept) {
	++$connections;
	next if fork;
	close $listen;
	serve($c);
	note('closed');
	exit;
}
