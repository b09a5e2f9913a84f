#!/usr/bin/perl
# probe-service.pl - a service for tests of the supervisor, as foreign as can be
#
# Installed as $daemon_directory/probe; the last argument names a file that gets
# one line a life: "PID generation=N args=... fds=...". Serves one client at a
# time and obeys lines: "pid" answers, "hold" keeps it busy until the client
# goes, "exit N" and "kill N" end the process. With argument "early" it dies
# before it serves. Datagrams and FIFO bytes are appended to the file.
use strict;
use warnings;
use Socket;

my $file = $ARGV[-1];
my $gen = defined $ENV{GENERATION} ? $ENV{GENERATION} : "none";
my @fds = grep { -e "/proc/self/fd/$_" && readlink("/proc/self/fd/$_") !~ m{^/proc} } 0 .. 40;
sub note { open(my $f, '>>', $file) or die; syswrite($f, join(' ', $$, @_) . "\n"); close $f }
note("generation=$gen", "args=" . join('|', @ARGV), "fds=" . join(',', @fds));
exit 3 if grep { $_ eq 'early' } @ARGV;

open(my $status, '+<&=', 5) or die "fd 5: $!";
open(my $listener, '+<&=', 6) or die "fd 6: $!";
sub status { syswrite($status, pack('iIi', $$, oct($gen), $_[0])) }

while (1) {
    my $r = '';
    vec($r, 5, 1) = vec($r, 6, 1) = 1;
    select($r, undef, undef, undef);
    exit 0 if vec($r, 5, 1);
    my ($type) = map { $ARGV[$_ + 1] } grep { $ARGV[$_] eq '-t' } 0 .. $#ARGV;
    if ($type eq 'unix-dgram' || $type eq 'fifo') {
        status(0);
        my $bytes;
        $type eq 'fifo' ? sysread($listener, $bytes, 100) : recv($listener, $bytes, 100, 0);
        note("bytes=$bytes");
        status(1);
        next;
    }
    accept(my $client, $listener) or next;
    status(0);
    if ($type eq 'pass') {	# no descriptor is looked at; busy until the client goes
        note("passed");
        1 while sysread($client, my $ignored, 100);
        close $client;
        status(1);
        next;
    }
    while (my $line = <$client>) {
        last if $line =~ /^W/ and note("woken");
        syswrite($client, "$$\n") if $line =~ /^pid/;
        if ($line =~ /^hold/) { syswrite($client, "held $$\n"); 1 while <$client> }
        exit $1 if $line =~ /^exit (\d+)/;
        kill $1, $$ if $line =~ /^kill (\d+)/;
    }
    close $client;
    status(1);
}
