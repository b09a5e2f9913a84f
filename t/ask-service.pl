#!/usr/bin/perl
# ask-service.pl SOCKET LINE [SECONDS]: send a line to a UNIX-domain socket,
# print the first line of the answer, and stay connected for so long.
use strict;
use warnings;
use IO::Socket::UNIX;
my ($path, $line, $stay) = @ARGV;
$| = 1;
$SIG{ALRM} = sub { exit 2 };
my $s = IO::Socket::UNIX->new(Peer => $path) or exit 1;
syswrite($s, "$line\n");
alarm 20;
my $answer = <$s>;
exit 3 unless defined $answer;
print $answer;
alarm 0;
sleep $stay if $stay;
