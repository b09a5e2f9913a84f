#!/usr/bin/perl
# inject.pl - send message files by SMTP over several connections at once
#
#   inject.pl HOST PORT CONNECTIONS SENDER RECIPIENT <list of files
#
# Prints the name of each file whose final dot was answered with 250, and only
# then. Whatever else happens (refusal, lost connection, timeout) the message
# is tried again on a new connection, up to 50 times. Bytes go out as they are
# but for line ends (CRLF) and dot stuffing, so NUL and 8-bit data survive.
# Exit status 1 when some message was never accepted.
use strict;
use warnings;
use IO::Socket::INET;

my ($host, $port, $connections, $sender, $recipient) = @ARGV;
die "usage: inject.pl HOST PORT CONNECTIONS SENDER RECIPIENT <files\n"
    unless defined $recipient;
my @files = <STDIN>;
chomp @files;
$| = 1;

sub reply {
	my ($s) = @_;
	my $line;
	do {
		$line = <$s>;
		die "lost\n" unless defined $line;
	} while ($line =~ /^\d\d\d-/);
	return $line;
}

sub command {
	my ($s, $text, $want) = @_;
	print $s "$text\r\n" or die "write: $!\n";
	my $got = reply($s);
	die "$text: $got" unless $got =~ /^$want/;
}

sub dial {
	my $s = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port,
	    Timeout => 20) or die "connect: $!\n";
	binmode $s;
	$s->autoflush(1);
	my $hello = reply($s);
	die $hello unless $hello =~ /^220/;
	command($s, 'EHLO client.example', 250);
	return $s;
}

sub send_one {
	my ($s, $file) = @_;
	open my $fh, '<:raw', $file or die "$file: $!\n";
	local $/;
	my $data = <$fh>;
	$data =~ s/\r?\n/\r\n/g;
	$data =~ s/^\./../mg;
	$data .= "\r\n" unless $data =~ /\r\n\z/ || $data eq '';
	$/ = "\n";
	my $body = $data =~ /[\x80-\xff]/ ? ' BODY=8BITMIME' : '';
	command($s, "MAIL FROM:<$sender>$body", 250);
	command($s, "RCPT TO:<$recipient>", 250);
	command($s, 'DATA', 354);
	print $s $data or die "write: $!\n";
	command($s, '.', 250);
}

my @pids;
for my $n (0 .. $connections - 1) {
	my $pid = fork // die "fork: $!\n";
	if ($pid) {
		push @pids, $pid;
		next;
	}
	local $SIG{PIPE} = 'IGNORE';
	local $SIG{ALRM} = sub { die "timeout\n" };
	my ($s, $failed) = (undef, 0);
	for (my $i = $n; $i < @files; $i += $connections) {
		my $done = 0;
		for my $try (1 .. 50) {
			eval {
				alarm 60;
				$s //= dial();
				send_one($s, $files[$i]);
				$done = 1;
			};
			my $why = $@;
			alarm 0;
			last if $done;
			warn "$files[$i]: $why" if $try == 50;
			$s = undef;
			select undef, undef, undef, 0.1;
		}
		if ($done) {
			syswrite STDOUT, "$files[$i]\n";
		} else {
			$failed = 1;
		}
	}
	eval { alarm 10; command($s, 'QUIT', 221) } if $s;
	exit $failed;
}
my $bad = 0;
for (@pids) {
	waitpid $_, 0;
	$bad = 1 if $?;
}
exit $bad;
