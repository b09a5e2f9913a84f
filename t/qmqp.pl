#!/usr/bin/perl
# qmqp.pl PORT - hold QMQP conversations, one a line of standard input
#
#	send MESSAGE|SENDER|RECIPIENT|...	a request of these
#	raw BYTES	what is sent as it is
#	end BYTES	the same, and then no more
#
# \r \n \0 \\ \xNN and \| stand for bytes. Prints what came back, line by
# line: the reply, "closed" when there was none.
use strict;
use warnings;
use IO::Socket::INET;

my $port = shift;
$SIG{PIPE} = 'IGNORE';
my %names = (r => "\r", n => "\n", 0 => "\0");
sub bytes { my $t = shift; $t =~ s{\\(x[0-9a-f]{2}|.)}{$names{$1} // ($1 =~ /^x(.+)/ ? chr hex $1 : $1)}gex; $t }
sub netstring { length($_[0]) . ":$_[0]," }

while (my $line = <STDIN>) {
	chomp $line;
	my ($verb, $rest) = $line =~ /^(\w+) ?(.*)/s or next;
	my $out = $verb eq 'send' ? netstring(join '', map { netstring(bytes($_)) } split /(?<!\\)\|/, $rest, -1) : bytes($rest);
	my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or die "connect: $!\n";
	alarm 20;
	syswrite($s, $out);
	shutdown($s, 1) if $verb eq 'end';
	my $reply = join '', <$s>;
	alarm 0;
	print $reply eq '' ? 'closed' : $reply, "\n";
}
