#!/usr/bin/perl
# corpus.pl - make a folder of test messages, each with its own X-Test-Id
#
#   corpus.pl FOLDER COUNT [MESSAGE-FOLDER...]
#
# Takes every file of the message folders (mail that nobody here wrote) and
# fills up to COUNT with hard cases: 8-bit bytes, long lines, dots, NUL, no
# headers, empty body, 1 MB. Line ends become LF; the files are what must come
# out at the other end.
use strict;
use warnings;

my ($out, $count, @sources) = @ARGV;
die "usage: corpus.pl FOLDER COUNT [MESSAGE-FOLDER...]\n" unless $count;

my @bodies;
for my $dir (@sources) {
	for my $file (sort glob "$dir/*.txt") {
		open my $fh, '<:raw', $file or die "$file: $!\n";
		local $/;
		my $text = <$fh> // '';
		$text =~ s/\r\n/\n/g;
		$text =~ s/\r/ /g;		# a lone CR does not survive SMTP
		$text =~ s/\A(>*From .*\n)+//;	# mbox separator, not a header
		push @bodies, $text;
	}
}
my $real = @bodies;
my @hard = (
	sub { "Subject: 8-bit \xe4\xf6\xfc\n\n\xff\xfe\x80 raw \xc3\xa4\n" },
	sub { "Subject: long lines\n\n" . ('x' x 3000) . "\n" . ('y ' x 10000) . "\n" },
	sub { "Subject: dots\n\n.\n..\n...\n.hidden\n\n.\n" },
	sub { "Subject: NUL\n\nbefore\0after\n\0\n" },
	sub { "this is no header\n\nbut a body\n" },
	sub { "Subject: empty body\n" },
	sub { "Subject: 1 MB\n\n" . (('0123456789abcdef' x 4 . "\n") x 16132) },
	sub { "Subject: blank lines\n\n\n\n  leading blanks\n\t\n\n" },
	sub { "Subject: folded\n and folded\n\tagain\nX-Empty:\nX-Odd :  value\n\nbody\n" },
	sub { "Subject: long header " . ('z' x 1500) . "\n\nbody\n" },
	sub { "Subject: limit\n\n" . ('a' x 2047) . "\n" . ('b' x 2048) . "\n" .
	    ('c' x 2049) . "\n" . ('d' x 4096) . "\n" },
	sub { "Subject: From in body\n\nFrom somebody\n>From quoted\n" },
);

mkdir $out;
for my $n (1 .. $count) {
	my $text = $n <= $real ? $bodies[$n - 1] : $hard[$n % @hard]->();
	my $id = sprintf 'corpus-%05d', $n;
	my $name = "$out/$id";
	open my $fh, '>:raw', $name or die "$name: $!\n";
	print $fh "X-Test-Id: $id\n$text";
	print $fh "\n" unless $text eq '' || $text =~ /\n\z/;
	close $fh or die "$name: $!\n";
	print "$name\n";
}
