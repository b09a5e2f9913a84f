#!/usr/bin/perl
# cpu.pl [-m] PID - CPU seconds that a process and all below it have used
#
# Children that ended count through their parent's cutime and cstime, so the
# sum over the living tree is complete. With -m: sum of PSS in KiB instead.
use strict;
use warnings;

my $memory = @ARGV && $ARGV[0] eq '-m' ? shift : 0;
my $root = shift // die "usage: cpu.pl [-m] PID\n";
my (%parent, %ticks);
for my $stat (glob '/proc/[0-9]*/stat') {
	open my $fh, '<', $stat or next;
	my $line = <$fh> // next;
	my ($pid) = $line =~ /^(\d+)/;
	my @f = split ' ', $line =~ s/^.*\) //r;
	$parent{$pid} = $f[1];
	$ticks{$pid} = $f[11] + $f[12] + $f[13] + $f[14];
}
my $sum = 0;
for my $pid (keys %parent) {
	my $p = $pid;
	$p = $parent{$p} while defined $p && $p != $root && $p > 1;
	next unless defined $p && $p == $root;
	if ($memory) {
		open my $fh, '<', "/proc/$pid/smaps_rollup" or next;
		while (<$fh>) {
			$sum += $1 if /^Pss:\s+(\d+)/;
		}
	} else {
		$sum += $ticks{$pid};
	}
}
print $memory ? "$sum\n" : sprintf("%.2f\n", $sum / 100);
