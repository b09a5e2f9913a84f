# table-server.pl - a little table server for tests: perl table-server.pl tcp|socketmap PORTFILE
#
# Writes its port to PORTFILE. Keys and what they get: found, missing, temp,
# timeout, perm, odd (no protocol at all), close (the connection ends), and
# any other key comes back as its own value.
use strict;
use warnings;
use IO::Socket::INET;

my ($kind, $portfile) = @ARGV;
my $listen = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1')
	or die "listen: $!";
open my $out, '>', "$portfile.new" or die;
print $out $listen->sockport, "\n";
close $out;
rename "$portfile.new", $portfile or die;
$SIG{CHLD} = 'IGNORE';
while (my $c = $listen->accept) {
	next if fork;
	binmode $c;
	$c->autoflush(1);
	while (defined(my $key = $kind eq 'tcp' ? tcp_key($c) : net_key($c))) {
		last if $key eq 'close';
		print $c $kind eq 'tcp' ? tcp_reply($key) : net_reply($key);
	}
	exit 0;
}

sub tcp_key {
	my $line = readline shift // return;
	$line =~ /^get (.*)\n\z/ or return 'odd';
	my $key = $1;
	$key =~ s/%([0-9A-F]{2})/chr hex $1/ge;
	return $key;
}

sub tcp_reply {
	my $key = shift;
	return "500 no such key\n" if $key eq 'missing';
	return "400 try%20later\n" if $key eq 'temp';
	return "nonsense\n" if $key eq 'odd';
	return "200 bad%zz\n" if $key eq 'badhex';
	$key =~ s/([^!-\$&-~])/sprintf '%%%02X', ord $1/ge;
	return "200 $key\n";
}

sub net_key {
	my $c = shift;
	my ($len, $ch, $data) = ('');
	while (read($c, $ch, 1) == 1) {
		last if $ch eq ':';
		$len .= $ch;
	}
	return unless length $len && read($c, $data, $len) == $len;
	read $c, $ch, 1;
	my ($map, $key) = split / /, $data, 2;
	return $map eq 'map' ? $key : 'perm';
}

sub net_reply {
	my $key = shift;
	my %special = (missing => 'NOTFOUND ', temp => 'TEMP later',
	    timeout => 'TIMEOUT slow', perm => 'PERM never', odd => 'WHAT');
	my $text = $special{$key} // "OK $key";
	return "5000:short," if $key eq 'long';
	return length($text) . ":$text,";
}
