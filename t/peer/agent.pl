#!/usr/bin/perl
# agent.pl FOLDER SOCKET FILE SECONDS - stands in for a delivery agent and
# writes down what the queue manager asks for
#
# It greets after SECONDS, so that all mail is there when the first request is
# chosen. A line "NEXTHOP flags=F recipients=N" for each; after SECONDS more
# all of them are said to be delivered.
use strict;
use warnings;
use Fcntl;
use IO::Socket::UNIX;
use Time::HiRes qw(sleep);

my ($folder, $path, $file, $seconds) = @ARGV;
chdir $folder or die "$folder: $!";
$SIG{CHLD} = 'IGNORE';
my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 20) or die "$path: $!";
chmod 0666, $path;
sysopen(my $out, $file, O_WRONLY | O_APPEND | O_CREAT) or die "$file: $!";
while (1) {
	my $client = $listener->accept or next;
	next if fork;
	close $listener;
	sleep($seconds);
	syswrite($client, "protocol\0delivery_request_protocol\0\0");
	my ($all, %is) = ('');
	while (sysread($client, $all, 65536, length $all)) {
		next unless $all =~ /\0recipient_count\0(\d+)\0\0/;
		my $want = $1;
		# Each recipient is a list of its own, with one address.
		next if (() = $all =~ /(?:\0|^)recipient\0/g) < $want || $all !~ /\0\0$/;
		$all =~ /(?:^|\0)$_\0([^\0]*)\0/ and $is{$_} = $1 for qw(flags nexthop);
		syswrite($out, "$is{nexthop} flags=$is{flags} recipients=$want\n");
		sleep($seconds);
		syswrite($client, join('', map { "$_\0\0" } qw(status diag_type diag_text mta_type mta_mname action reason)) . "status\0000\0\0");
		exit 0;
	}
	exit 0;
}
