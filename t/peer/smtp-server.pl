# smtp-server.pl FIRST CASES DIR - one scripted server a line of CASES
#
# A line is what the server says in turn, with | between the replies: the
# greeting, then one for each command. QUIT and RSET it understands itself.
#
#	CLOSE, RESET	hang up; so that the client sees a reset connection
#	WAIT n		say nothing for n seconds, then hang up
#	STALL n		stop reading for n seconds
#	@EHLO words	the rest as a proper server that offers these; of its words
#			"?text=reply" is what it says when a command has this text
#	\r\n \0		in a reply; nothing else is special
#	a reply that ends in \c has no line end
#
# FIRST is a port: line i is served on 127.0.0.1, port FIRST + i - 1. Or it is
# NET:PORT, such as 127.0.1.:25: line i is served on address 127.0.1.i. What
# clients say is appended to DIR/i, the connections one behind the other.
use strict;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_LINGER);

my ($first, $file, $dir) = @ARGV;
my ($net, $port) = $first =~ /(.*):(.*)/ ? ($1, $2) : (undef, $first);
$SIG{PIPE} = 'IGNORE';
open(my $f, '<', $file) or die "$file: $!";

sub reply {
	my ($c, $text) = @_;
	if ($text eq 'CLOSE') { return 0 }
	if ($text eq 'RESET') {
		# No event tells when the client has seen that it is connected.
		select(undef, undef, undef, 0.5);
		setsockopt($c, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0));
		return 0;
	}
	if ($text =~ /^WAIT (.*)/) { select(undef, undef, undef, $1); return 0 }
	if ($text =~ /^STALL (.*)/) { select(undef, undef, undef, $1); return 1 }
	$text =~ s/\\r\\n/\r\n/g;
	$text =~ s/\\0/\0/g;
	print $c $text =~ s/\\c$//r, $text =~ /\\c$/ ? '' : "\r\n";
	return 1;
}

# What a server without surprises says to a command.
sub proper {
	my ($words, $line) = @_;
	my @odd = $words =~ /\?(\S+?=.*?)(?= \?|$)/g;
	my @words = split ' ', $words =~ s/ ?\?.*//r;
	for (@odd) {
		my ($text, $reply) = split /=/, $_, 2;
		return $reply if index($line, $text) >= 0;
	}
	return '220 mx.example ESMTP' if $line eq '';
	return join "\r\n", (map { "250-$_" } 'mx.example', @words[0 .. $#words - 1]), "250 " . ($words[-1] // 'OK')
	    if $line =~ /^[EL]HLO/i;
	return '354 go' if $line =~ /^DATA/i;
	return '250 2.0.0 ok';
}

sub talk {
	my ($c, $log, @say) = @_;
	my ($in_data, $words) = (0);
	my $next = sub {
		my $line = shift;
		$words = $1 if !defined $words && @say && $say[0] =~ /^\@EHLO ?(.*)/;
		my $text = defined $words ? proper($words, $line) : shift(@say) // '250 and so on';
		$text = '220 mx.example ESMTP' if $text eq '@';
		$in_data = $text =~ /^354/;
		return reply($c, $text);
	};
	$c->autoflush(1);
	$next->('') or return;
	while (defined(my $line = <$c>)) {
		print $log $line;
		next if $in_data && $line ne ".\r\n";
		if (!$in_data && $line =~ /^QUIT/) { print $c "221 bye\r\n"; last }
		if (!$in_data && $line =~ /^RSET/) { print $c "250 reset\r\n"; next }
		$next->($in_data ? '.' : $line) or last;
	}
}

my $i = 0;
while (my $case = <$f>) {
	my ($ip, $at) = ('127.0.0.1', $port);
	$i++;
	defined $net ? $ip = "$net$i" : $port++;
	chomp $case;
	my $l = IO::Socket::INET->new(Listen => 20, LocalAddr => $ip, LocalPort => $at, ReuseAddr => 1) or die "$ip:$at: $!";
	next if fork;
	alarm 300;
	while (my $c = $l->accept) {
		open(my $log, '>>', "$dir/$i") or die "$dir/$i: $!";
		binmode $log;
		$log->autoflush(1);
		talk($c, $log, split /\|/, $case);
		close $c;
		close $log;
	}
	exit;
}
$SIG{TERM} = sub { exit };
1 while wait != -1;
