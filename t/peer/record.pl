#!/usr/bin/perl
# record.pl FILE SECONDS NEXTHOP RECIPIENT... - a delivery command that writes
# down when it ran, and for whom
#
# A line "TIME +NUMBER NEXTHOP RECIPIENT..." at its start, and "TIME -NUMBER" at its end,
# SECONDS later; the number is its process. A recipient that begins with
# "temp" is put off, one that begins with "perm" refused.
use strict;
use warnings;
use Fcntl;
use Time::HiRes qw(time sleep);

my ($file, $seconds, @to) = @ARGV;
sysopen(my $out, $file, O_WRONLY | O_APPEND) or die "$file: $!";
1 while <STDIN>;
syswrite($out, sprintf("%.2f +%d %s\n", time, $$, join(' ', @to)));
sleep($seconds);
syswrite($out, sprintf("%.2f -%d\n", time, $$));
if ($to[1] =~ /^temp/) { print "not now\n"; exit 75 }
if ($to[1] =~ /^perm/) { print "never\n"; exit 67 }
