#!/usr/bin/perl
# postconf-beside.pl - run two postconf programs over configurations and compare
#
#   postconf-beside.pl CORPUS WORK THEIRS OURS PARAMETERS [NAME ...]
#
# Each folder of CORPUS is copied twice below WORK, made old enough that it is
# believed at once, and asked the same questions by both programs. Standard
# output, warnings (in any order: a hash table decides it there), exit status
# and both files have to agree. One line a configuration and group of
# questions: "ok NAME: GROUP" or "not ok NAME: GROUP" with what differs.
#
# THEIRS runs with $PEER_LIB as LD_LIBRARY_PATH. PARAMETERS is the registry:
# names that the other program does not know yet are taken out of our lists.
use strict;
use warnings;
use File::Copy;
use File::Path qw(remove_tree);

my ($corpus, $work, $theirs, $ours, $registry, @names) = @ARGV;

# Where we differ on purpose, once and for all: what the program is called,
# where its files are, which table type is the default one, its own number.
my %own = map { $_ => 1 } qw(address_verify_map alias_database alias_maps
    postscreen_cache_map command_directory daemon_directory data_directory
    default_database_type default_cache_db_type html_directory mail_name
    mailq_path manpage_directory meta_directory newaliases_path sendmail_path
    readme_directory sample_directory shlib_directory process_id);
# Their expanded defaults hold some of those.
my %own_expanded = map { $_ => 1 } qw(local_recipient_maps proxy_read_maps
    proxy_write_maps);

open my $fh, '<', $registry or die "$registry: $!";
while (<$fh>) {
	my @f = split /\t/, $_, -1;
	$own{$f[0]} = 1 if $f[12] eq '-';
}

# "-Fh" there glues a command to its first argument ("pipeflags=R"), and the
# first argument, or an empty one, loses its braces: neither is asked for. New
# entries are appended by hash there and by name here: one at a time.
my %groups = (
	'main.cf' => [ ['-n'], ['-nx'], ['-f'], ['-dxf'], ['-x'],
	    ['-C', 'user'], ['-C', 'service'], ['-nH', '-C', 'builtin'],
	    ['-h', 'mydestination', 'nosuch', 'foo', 'foo', 'always_bcc'],
	    ['-o', 'relayhost=[a  b]', '-o', 'foo=y', '-nxf'] ],
	'master.cf' => [ ['-M'], ['-Mxf'], ['-F'], ['-Fx'], ['-P'], ['-Px'],
	    ['-PH'], ['-Mf', '*/inet'], ['-F', 'smtp/*/chroot', 'x/y'],
	    ['-F', 'smtp', 'x/y/z'], ['-Ph', 'smtp/inet/*', 'a'] ],
	'edits' => [ ['-e', 'foo=new  x'], ['mydestination='],
	    ['-X', 'foo', 'mydestination'],
	    ['-#', 'mydestination', 'relayhost'],
	    ['-Me', 'smtp/inet=smtp inet n - n - 5 smtpd -o a=b -o { c = d e }'],
	    ['-M#', 'smtp/*'], ['-MX', '*/inet', 'a/unix'],
	    ['-Fe', '*/unix/chroot=y', 'smtp/inet/command=smtpd -v x  y'],
	    ['-Pe', '*/*/foo=z', '*/*/a=${b}'],
	    ['-PX', '*/*/syslog_name', '*/*/a'] ],
);

# The peer loses line ends there: a missing one, and one after a NUL.
my %unedited = map { $_ => 1 } qw(grammar-no-newline grammar-nul);

sub slurp {
	open my $f, '<', $_[0] or return '';
	local $/;
	my $text = <$f>;
	return defined $text ? $text : '';
}

sub copy_old {
	my ($name, $dir) = @_;
	remove_tree($dir);
	mkdir $dir or die "$dir: $!";
	for my $file (glob "$corpus/$name/*") {
		my $to = $dir . substr($file, length "$corpus/$name");
		copy($file, $to) or die "$file: $!";
		utime time - 3600, time - 3600, $to;
	}
}

sub start {
	my ($dir, $program, $lib, @args) = @_;
	my $pid = fork;
	die "fork: $!" unless defined $pid;
	return $pid if $pid > 0;
	chdir $dir or die "$dir: $!";
	open STDOUT, '>', 'out' or die $!;
	open STDERR, '>', 'err' or die $!;
	$ENV{LD_LIBRARY_PATH} = $lib if $lib ne '';
	exec { $program } 'postconf', '-c', '.', @args or exit 99;
}

# Everything that is to be seen of a run.
sub result {
	my ($dir, $status, @args) = @_;
	my $out = '';
	my $skip = 0;
	my $listing = grep { /^-\w*x/ } @args;
	for (split /^/, slurp("$dir/out")) {
		if (/^([^\s=]+) =|^([^\s=]+)$/) {
			my $n = defined $1 ? $1 : $2;
			$skip = $own{$n} || ($listing && $own_expanded{$n});
		}
		$out .= $_ unless $skip;
	}
	# What was printed before a fatal error depends on buffers.
	$out = '' if $status != 0;
	my $files = slurp("$dir/main.cf") . slurp("$dir/master.cf");
	for ($out, $files) {
		s/Postfix/Posthorn/g;
		s|/var/lib/postfix/|/var/lib/posthorn/|g;
	}
	# Old versions did not say so, and then lost the newline in edits.
	my $err = join '', sort grep { !/text after null byte/ }
	    split /^/, slurp("$dir/err");
	my $left = join ' ', map { s|.*/||r } glob "$dir/*.tmp";
	return "$out\n${err}status $status\n$files$left";
}

# Both at once: a fatal error takes a second in each.
sub run_both {
	my @args = @_;
	my $a = start("$work/theirs", $theirs, $ENV{PEER_LIB}, @args);
	my $b = start("$work/ours", $ours, '', @args);
	waitpid $a, 0;
	my $status = $?;
	waitpid $b, 0;
	return (result("$work/theirs", $status, @args),
	    result("$work/ours", $?, @args), $status);
}

sub differences {
	my ($a, $b) = @_;
	for (['a', $a], ['b', $b]) {
		open my $f, '>', "$work/diff.$_->[0]" or die $!;
		print $f $_->[1];
	}
	my $diff = `diff -a $work/diff.a $work/diff.b | head -n 12`;
	$diff =~ s/^/#   /mg;
	return $diff;
}

@names = map { s|/$||r =~ s|.*/||r } glob "$corpus/*/" unless @names;
for my $name (@names) {
	for my $group (sort keys %groups) {
		next if $group eq 'edits' && $unedited{$name};
		my $what = '';
		for my $args (@{$groups{$group}}) {
			# An edit starts from the original each time.
			if ($group eq 'edits' || $args == $groups{$group}[0]) {
				copy_old($name, "$work/theirs");
				copy_old($name, "$work/ours");
			}
			my ($a, $b, $status) = run_both(@$args);
			$what .= "# postconf @$args\n" . differences($a, $b)
			    if $a ne $b;
			# A configuration nobody can read says no more.
			last if $status != 0 && $args == $groups{$group}[0];
		}
		print $what eq '' ? '' : 'not ', "ok $name: $group\n", $what;
	}
}
