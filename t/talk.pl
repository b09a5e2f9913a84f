#!/usr/bin/perl
# talk.pl PORT [HOST] - hold an SMTP conversation from standard input
#
# Each line is sent with CR LF and its reply awaited. ">>>text" sends text as
# it is, with \r \n \0 \t \xNN understood, and awaits nothing; "<<<" awaits a
# reply. Lines with '#' in front are skipped. "!" as the first line: we speak
# before the server does. Prints what was said: "C: ",
# "C> ", "S: ", and "EOF" where the server closed.
use strict;
use warnings;
use IO::Socket::INET;

my ($port, $host) = @ARGV;
$SIG{PIPE} = 'IGNORE';
$SIG{ALRM} = sub { print "TIMEOUT\n"; exit 1 };
my $s = IO::Socket::INET->new(PeerAddr => $host // '127.0.0.1', PeerPort => $port)
    or die "connect: $!\n";
$s->autoflush(1);
$| = 1;

sub reply {
	while (1) {
		alarm 20;
		my $line = <$s>;
		alarm 0;
		if (!defined $line) { print "EOF\n"; exit 0 }
		$line =~ s/\r?\n\z//;
		print "S: $line\n";
		return unless $line =~ /^\d\d\d-/;
	}
}

my $first = <STDIN> // '';
reply() if $first ne "!\n";
for (my $line = $first; defined $line && $line ne ''; $line = <STDIN>) {
	chomp $line;
	next if $line eq '!';
	next if $line =~ /^#/;
	if ($line =~ s/^>>>//) {
		print "C> $line\n";
		$line =~ s{\\(x[0-9a-f]{2}|.)}{
		    { r => "\r", n => "\n", 0 => "\0", t => "\t", '\\' => '\\' }->{$1}
		    // chr hex substr $1, 1}gex;
		print $s $line;
	} elsif ($line eq '<<<') {
		reply();
	} else {
		print "C: $line\n";
		print $s "$line\r\n";
		reply();
	}
}
