#!/usr/bin/perl
# arrived.pl - compare what was sent with what stands in maildirs
#
#   arrived.pl exactly|least SENT-LIST MAILDIR...
#
# SENT-LIST names the files that were acknowledged. Each must be in a maildir
# (exactly: once) with the same content but for what relaying may change
# (see normal below).
# Prints one line per fault and a summary; exit status 1 on any fault.
use strict;
use warnings;

my ($mode, $list, @maildirs) = @ARGV;
die "usage: arrived.pl exactly|least SENT-LIST MAILDIR...\n" unless @maildirs;

sub slurp {
	my ($file) = @_;
	open my $fh, '<:raw', $file or die "$file: $!\n";
	local $/;
	return <$fh> // '';
}

# What relaying may change, and a Postfix does: fields on top (the test header
# comes first in what was sent), Return-Path anywhere in the header, blanks
# before a colon, and a missing blank line between header and body.
sub normal {
	my ($text) = @_;
	my ($out, $is_dropped) = ('', 0);
	$text =~ s/\A.*?^(?=X-Test-Id: )//ms;
	while ($text =~ s/\A([^\n]*\n)//) {
		my $line = $1;
		if ($line =~ /^[ \t]/ && $line =~ /\S/) {
			$out .= $line unless $is_dropped;
		} elsif ($line =~ /^([!-9;-~]+)[ \t]*:(.*)/s) {
			$is_dropped = lc $1 eq 'return-path';
			$out .= "$1:$2" unless $is_dropped;
		} else {
			$text = $line . $text unless $line eq "\n";
			last;
		}
	}
	return "$out\n$text";
}

my (%got, %faults);
for my $dir (@maildirs) {
	for my $file (glob("$dir/new/*"), glob("$dir/cur/*")) {
		my $text = slurp($file);
		my ($id) = $text =~ /^X-Test-Id: (\S+)/m;
		if (!defined $id) {
			print "no X-Test-Id: $file\n";
			$faults{'unknown'}++;
			next;
		}
		push @{$got{$id}}, $text;
	}
}
open my $sent, '<', $list or die "$list: $!\n";
my ($acknowledged, $copies) = (0, 0);
while (my $file = <$sent>) {
	chomp $file;
	my ($id) = $file =~ m{([^/]+)$};
	my $have = delete $got{$id};
	$acknowledged++;
	if (!$have) {
		print "lost: $id\n";
		$faults{'lost'}++;
		next;
	}
	$copies += @$have;
	if ($mode eq 'exactly' && @$have != 1) {
		print "$id arrived " . @$have . " times\n";
		$faults{'repeated'}++;
	}
	my $want = normal(slurp($file));
	for my $text (@$have) {
		next if normal($text) eq $want;
		print "changed: $id\n";
		$faults{'changed'}++;
		last;
	}
}
# More than was acknowledged is no fault when the sender lost its connection.
if ($mode eq 'exactly' && %got) {
	print "not sent, but here: $_\n" for sort keys %got;
	$faults{'unexpected'} += keys %got;
}
printf "%d acknowledged, %d arrived, %s\n", $acknowledged, $copies,
    %faults ? join(', ', map { "$faults{$_} $_" } sort keys %faults) : 'no fault';
exit(%faults ? 1 : 0);
