#!/usr/bin/perl
# submit.pl COUNT FILE [NAME=VALUE...] COMMAND... - run COMMAND <FILE COUNT times;
# wall and CPU of each
use strict;
use warnings;
use Time::HiRes 'time';

my ($count, $file, @command) = @ARGV;
$ENV{$1} = $2 while $command[0] =~ /^(\w+)=(.*)/ && shift @command;
my $t0 = time;
for (1 .. $count) {
	my $pid = fork // die "fork: $!\n";
	if ($pid == 0) {
		open STDIN, '<', $file or die "$file: $!\n";
		exec @command;
		die "$command[0]: $!\n";
	}
	waitpid $pid, 0;
	die "submission failed\n" if $?;
}
my (undef, undef, $user, $system) = times;
printf "%.2f ms wall, %.2f ms CPU each\n", (time - $t0) * 1000 / $count,
    ($user + $system) * 1000 / $count;
