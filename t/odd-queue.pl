#!/usr/bin/perl
# odd-queue.pl - a spool of odd but legal queue files, to be read by two systems
#
#   odd-queue.pl SPOOL COUNT SEED short|long|both DEPTH
#
# All record types, old and new forms of what had several, files as milters
# leave them, every queue and state, few recipients and many, addresses and
# reasons with any byte that can get there. The names of a seed are the same
# each time; DEPTH 0: incoming, deferred, hold and defer are not hashed. The
# first file has more recipients than duplicate_filter_limit. A few are cut, or
# tell a wrong offset: the paths of all others are printed.
use strict;
use warnings;

my ($spool, $count, $seed, $form, $depth) = @ARGV;
die "usage: odd-queue.pl SPOOL COUNT SEED short|long|both DEPTH\n" unless defined $depth;
srand($seed);
my %hashed = map { $_ => 1 } qw(incoming deferred hold defer);
my @base52 = split //, '0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz';
my $start = 1795244913;

sub pick { $_[int rand @_] }
sub chance { rand() < $_[0] }

sub in_base {
	my ($n, $base, $width) = @_;
	my $out = '';
	while ($n > 0) { $out = $base52[$n % $base] . $out; $n = int($n / $base) }
	$out = "0$out" while length $out < $width;
	return $out;
}

# Microseconds of their own for each: what stays the same when names are repaired.
sub new_id {
	my $usec = ($_[0] * 7919 + $seed * 31) % 1000000;
	my $inode = 0x100000 + int rand 0xefffff;
	my $long = $form eq 'long' || $form eq 'both' && chance(0.5);
	return $long ? in_base($start + int rand 400000, 52, 6) . in_base($usec, 52, 4) . 'z' . in_base($inode, 51, 1) :
	    sprintf('%05X%X', $usec, $inode), sprintf('%05X', $usec);
}

sub rec {
	my ($type, $data) = @_;
	my ($n, $len) = (length $data, '');
	do { $len .= chr(($n & 127) | ($n > 127 ? 128 : 0)); $n >>= 7 } while $n;
	return $type . $len . $data;
}

my @locals = ('joe', 'Ann.Other', 'we ird', 'quo"te', 'back\\slash', '', 'j\xc3\xb6rg', "raw\xe9\xff", 'a' x 70, 'x+y',
    "tab\tbed", 'dot.', '.dot', 'do..t', 'paren(s)', 'com,ma', 'a@b');
my @domains = ('remote.example', 'Remote.EXAMPLE', 'b\xc3\xbccher.example', '[192.0.2.1]', 'x' x 60 . '.example', 'localhost', 'a..b');
sub address {
	return pick('', 'justlocal', 'two@at@signs.example', '@', ' ') if chance(0.05);
	return pick(@locals) . '@' . pick(@domains) if chance(0.4);
	return sprintf 'u%d@d%d.example', rand 500, rand 9;
}

my @reasons = ('connect to mx.example[192.0.2.1]:25: Connection refused', 'host said: 452 4.2.2 "quoted" \\back (in reply)',
    'r' x 76, 's' x 77, 't' x 75, 'long ' x 900, "bytes \xc3\xa4 \xff\x01\x1b[31m\x7f", "t\tb", ' leading', '(parens)');

sub log_entry {
	my ($rcpt, $reason) = @_;
	my $shown = $rcpt eq '' ? '<>' : $rcpt;
	return "<$rcpt>: $reason\n\n" if chance(0.1);				# as before 2.0
	my $out = "\n";
	$out .= "<$rcpt>: $reason\n" if chance(0.7);
	$out .= "recipient=$shown\n";
	$out .= "original_recipient=other\@orig.example\n" if chance(0.2);
	$out .= "offset=" . int(rand 9999) . "\n" if chance(0.8);
	$out .= "dsn_orig_rcpt=rfc822;$shown\n" if chance(0.5);
	$out .= "status=4.4.1\naction=delayed\n";
	$out .= "diag_type=smtp\ndiag_text=450 4.7.1 later\nmta_type=dns\nmta_mname=mx.example\n" if chance(0.3);
	$out .= "unknown=word\n" if chance(0.05);
	$out .= "reason=$reason\n" unless chance(0.05);
	return "$out\n";
}

sub recipients {
	my ($n, $list) = @_;
	my $out = '';
	for (1 .. $n) {
		my $a = address();
		my $type = chance(0.85) ? 'R' : pick('D', '/');
		my @before;
		push @before, chance(0.7) ? rec('A', 'notify_flags=' . pick(1, 2, 4, 12)) : rec('n', pick(1, 2, 12)) if chance(0.3);
		push @before, chance(0.7) ? rec('A', "dsn_orig_rcpt=rfc822;$a") : rec('o', "rfc822;$a") if chance(0.6);
		push @before, rec('O', chance(0.7) ? $a : address()) if chance(0.9);
		@before = reverse @before if chance(0.2);
		$out .= join('', @before) . rec($type, $a);
		push @$list, $a if $type eq 'R';
	}
	return $out;
}

sub envelope {
	my ($arrived, $rcpts, $n) = @_;
	my $out = rec('T', chance(0.8) ? sprintf('%d %d', $arrived, rand 1000000) : $arrived);
	$out .= chance(0.7) ? rec('A', "create_time=$arrived") : rec('c', $arrived) if chance(0.8);
	my @more = map { rec('A', $_) } grep { chance(0.4) } ('rewrite_context=remote', 'sasl_method=plain', 'sasl_username=joe',
	    "sasl_sender=raw\xe9", 'log_client_name=c.example', 'log_client_address=IPv6:2001:db8::1', 'log_helo_name=[x]',
	    'log_protocol_name=ESMTP', 'encoding=8bit', 'client_port=99', 'new_thing = with blanks ', 'trace_flags=1024',
	    'ret_flags=1', 'envelope_id=abc+2B', 'log_ident=0ABCDEF');
	push @more, rec('F', pick('Ann Example', "\xe9", '')) if chance(0.3);
	push @more, rec('L', pick('smtp:[127.0.0.1]:10025', 'scan:')) if chance(0.2);
	push @more, rec('I', 'inspector') if chance(0.1);
	push @more, rec('i', 'old-envid'), rec('<', pick(1, 2)) if chance(0.1);
	push @more, rec('K', 'trace_flags=1024') if chance(0.1);
	push @more, rec('>', 'redirect@elsewhere.example') if chance(0.1);
	push @more, rec('p', sprintf '%15d', 0) if chance(0.1);
	my $s = rec('S', chance(0.15) ? '' : address());
	$out .= chance(0.5) ? join('', @more) . $s : $s . join('', @more);
	$out .= rec('V', '+=') if chance(0.1);
	$out .= rec('W', sprintf '%15d', chance(0.5) ? $arrived + 14400 : -1) if chance(0.4);
	return $out . recipients($n, $rcpts) . rec('M', '');
}

sub text {
	my $out = '';
	my @lines = ('Received: by odd.example (Odd)', "\tid 123", "Subject: \xe9 odd", 'To: a@b.example', ' folded', '');
	@lines = () if chance(0.05);
	splice @lines, 0, 1, '' if chance(0.05);
	push @lines, map { pick('body', "\x00nul", "8bit \xff", '.', '..', 'From me', 'w' x 2047) } 1 .. rand 6;
	for my $line (@lines) {
		$out .= rec('L', $line), $line = pick('', ' continued') if chance(0.1);
		$out .= rec('N', $line);
		$out .= rec('w', '0' x (1 + rand 12)) if chance(0.05);
		$out .= rec('p', sprintf '%15d', 0) if chance(0.05);
	}
	return $out . rec('X', '');
}

sub extracted {
	my ($rcpts) = @_;
	my $out = '';
	$out .= rec('r', 'old@receipt.example') if chance(0.05);
	$out .= rec('e', 'old@errors.example') if chance(0.05);
	$out .= rec('P', 'first') if chance(0.05);
	$out .= rec('A', 'message_id=<1@odd.example>') if chance(0.3);
	$out .= rec('L', 'late:filter') if chance(0.1);
	$out .= rec('A', 'encoding=7bit') if chance(0.3);
	$out .= recipients(1 + rand 3, $rcpts) if chance(0.3);
	return $out . rec('E', '');
}

# A milter's recipient: behind the end, reached and left by pointers.
sub detour {
	my ($head, $rest, $rcpts) = @_;
	my $far = length($head) + 17 + length $rest;
	my $added = recipients(1, $rcpts);
	return $head . rec('p', sprintf '%15d', $far) . $rest . $added . rec('p', sprintf '%15d', length($head) + 17);
}

sub place {
	my ($queue, $name, $key, $data, $mode, $time) = @_;
	my $dir = "$spool/$queue";
	for my $level (0 .. ($hashed{$queue} ? $depth : 0) - 1) {
		$dir .= '/' . substr $key, $level, 1;
		-d $dir || mkdir($dir, 0700) || die "$dir: $!\n";
	}
	open(my $f, '>', "$dir/$name") or die "$dir/$name: $!\n";
	print $f $data;
	close $f;
	chmod($mode, "$dir/$name");
	utime($time, $time, "$dir/$name");
	return "$dir/$name";
}

-d "$spool/$_" || mkdir("$spool/$_", 0700) || die "$spool/$_: $!\n"
    for qw(maildrop incoming active deferred hold corrupt bounce defer trace flush saved private public pid);
for my $i (1 .. $count) {
	my ($id, $key) = new_id($i);
	my $queue = pick(qw(deferred deferred deferred incoming active hold maildrop corrupt));
	my $arrived = $start + int rand 500000;
	my @rcpts;
	my ($file, $is_bad);
	if ($queue eq 'maildrop') {
		$file = rec('T', "$arrived 1") . rec('A', 'rewrite_context=local') . rec('F', 'Full Name') . rec('S', address()) .
		    recipients(1 + rand 3, \@rcpts) . rec('M', '') . text() . recipients(int rand 3, \@rcpts) . rec('E', '');
	} else {
		my $n = $i == 1 ? 1300 : chance(0.1) ? 40 : int rand 4;
		my $envelope = envelope($arrived, \@rcpts, $n);
		my $text = text();
		my @sizes = (length($text) - 2, 0, scalar @rcpts, pick(0, 1, 12), pick(length($text) - 2, 0), pick(0, 0, 1));
		splice @sizes, pick(3, 4, 5) if chance(0.2);			# before 3.0, 2.4, 2.1
		$sizes[1] = 16 * @sizes + 1 + length $envelope;
		$sizes[1] -= 7, $is_bad = 1 if chance(0.03);
		my $size = rec('C', join ' ', map { sprintf '%15d', $_ } @sizes);
		my $rest = extracted(\@rcpts);
		$file = chance(0.15) ? detour("$size$envelope$text", $rest, \@rcpts) : "$size$envelope$text$rest";
		$file = substr($file, 0, rand length $file), $is_bad = 1 if chance(0.03);
	}
	my $mode = $queue eq 'maildrop' ? pick(0744, 0700) : pick(0700, 0700, 0700, 0710, 0740);
	$mode = 0600 if chance(0.04);
	my $path = place($queue, $id, $key, $file, $mode, $arrived + 3600);
	print "$path\n" unless $is_bad;
	next unless $queue eq 'deferred' || chance(0.2);
	my $log = '';
	$log .= log_entry($_, pick(@reasons)) for grep { chance(0.8) } @rcpts;
	$log .= log_entry(address(), pick(@reasons)) if chance(0.1);
	place('defer', $id, $key, $log, 0600, $arrived);
	place('bounce', $id, $key, log_entry(address(), 'gone'), 0600, $arrived) if chance(0.1);
}
