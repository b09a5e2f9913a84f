#!/bin/sh
# qmgr: how fast, how many at once, when again, until when: as Debian's postfix
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"

common="compatibility_level = 3.6
myhostname = here.example
mydomain = here.example
myorigin = here.example
mydestination =
mail_name = Postfix
alias_maps =
alias_database =
local_recipient_maps =
recipient_delimiter =
transport_maps = inline:{{rate.example=rate:},{one.example=one:},{t1.example=trate:},{t2.example=trate:},{t3.example=trate:},{lim.example=lim:},{conc.example=conc:},{slow.example=slow:},{big.example=big:},{min.example=min:},{kept.example=fake:},{wide.example=fake:}}
default_transport = discard:gone
rate_destination_rate_delay = 2s
one_destination_rate_delay = 2s
one_destination_recipient_limit = 1
trate_transport_rate_delay = 2s
lim_destination_recipient_limit = 2
conc_destination_concurrency_limit = 2
conc_destination_recipient_limit = 1
slow_initial_destination_concurrency = 2
slow_destination_recipient_limit = 3
slow_destination_concurrency_limit = 0
big_destination_recipient_limit = 7
big_destination_concurrency_limit = 2
big_initial_destination_concurrency = 2
fake_destination_concurrency_limit = 1
fake_initial_destination_concurrency = 1
qmgr_message_recipient_limit = 20
qmgr_message_recipient_minimum = 10
default_recipient_limit = 20
default_extra_recipient_limit = 5
default_recipient_refill_limit = 5
default_recipient_refill_delay = 1s"
transports='rate one trate lim conc slow big min'
prepare() {	# prepare SIDE
	: >"$T/$1-times"; chmod 666 "$T/$1-times"
	cf_set "$T/$1/etc/main.cf" "$common"
	for t in $transports; do
		# Those that run at once have begun before the first of them ends.
		case $t in conc|lim) takes=3 ;; slow|big) takes=1 ;; *) takes=0.3 ;; esac
		echo "$t unix - n n - 20 pipe user=nobody argv=/usr/bin/perl $PH_SRC/t/peer/record.pl $T/$1-times $takes \${nexthop} \${recipient}"
	done >>"$T/$1/etc/master.cf"
}
peer_new peer
instance_new "$T/ours"
for side in peer ours; do prepare $side; done
send() {	# send SENDER RECIPIENT ...
	from=$1; shift
	peer peer sendmail -f "$from" "$@" </dev/null >/dev/null 2>&1
	as "$T/ours" sendmail -f "$from" "$@" </dev/null 2>/dev/null
}
log_of() { case $1 in peer) echo "$T/peer/log/maillog" ;; *) echo "$T/ours/log/mail.log" ;; esac; }
at_rest() { [ -z "$(find "$1"/spool/maildrop "$1"/spool/incoming "$1"/spool/active -type f)" ]; }
rest() { wait_for 20 at_rest "$T/peer"; wait_for 20 at_rest "$T/ours"; }

# All wait when the queue managers start: what comes when is theirs to say.
for i in 1 2 3; do
	send s a@rate.example
	send s a@t$i.example
	send s a@one.example
done
send s a@one.example b@one.example c@one.example
send s a@lim.example b@lim.example c@lim.example d@lim.example e@lim.example
send s $(for n in 1 2 3 4 5 6; do echo u$n@conc.example; done)
send s $(seq -f u%.0f@big.example 1 60)
for n in 1 2 3 4; do send s a@slow.example b@slow.example c@slow.example d@slow.example; done
must "the peer's instance starts" peer_start peer
must 'our instance starts' instance_start "$T/ours"
rest

# schedule SIDE: for each destination, how many came at once first, was the
# delay between deliveries kept (the peer counts whole seconds), and how many recipients a request had
schedule() {
	perl -e '
		my (%of, %busy, %first, %done, %end, %sizes, %paced);
		while (<>) {
			my ($t, $n, $hop, @to) = split;
			if ($n =~ /^-(.*)/) {
				$end{$of{$1}} = $t;
				next;
			}
			my ($transport) = $hop =~ /^([a-z]+)/;
			my $key = $transport eq "one" ? $to[0] : $transport;
			$n =~ s/^\+//;
			$of{$n} = $key;
			push @{$sizes{$key}}, scalar @to;
			if (!defined $end{$key}) { $first{$key}++ }
			elsif ($t - $end{$key} < 0.4) { $paced{$key} = "no" }
			else { $paced{$key} //= "yes" }
		}
		print "$_: first $first{$_}, paced ", $paced{$_} // "-", ", sizes ", join(" ", sort @{$sizes{$_}}), "\n"
		    for sort keys %first' "$T/$1-times"
}
is 'deliveries are as many at once, as far apart, and for as many recipients' \
    "$(schedule ours)" "$(schedule peer)"
like 'a delay between deliveries is kept' "$(schedule ours)" 'rate: first 1, paced yes'

is 'requests are cut where they are full, not where a batch of recipients ends' \
    "$(schedule ours | grep big)" 'big: first 2, paced no, sizes 4 7 7 7 7 7 7 7 7'

# Another message holds all recipients that there is room for: at least ten come from the next one.
: >"$T/peer-times"; : >"$T/ours-times"
send s $(seq -f u%.0f@big.example 1 60)
is_active() { grep -q 'nrcpt=60' "$(log_of "$1")"; }
wait_for 10 is_active peer; wait_for 10 is_active ours
send s $(seq -f u%.0f@min.example 1 10)
rest
is 'a message has some recipients in memory, however many others have' \
    "$(schedule ours | grep min)" "$(schedule peer | grep min)"
like 'that is so' "$(schedule ours)" 'min: first 1, .*sizes 10$'

# ---- when again, until when

instance_stop "$T/ours"; peer_stop peer
for side in peer ours; do
	cf_set "$T/$side/etc/main.cf" 'transport_maps = inline:{{kept.example=fake:},{wide.example=fake:}}
default_transport = retry:4.1.1 not now
minimal_backoff_time = 100s
maximal_backoff_time = 1000s
maximal_queue_lifetime = 5000s
bounce_queue_lifetime = 3000s
delay_warning_time = 60s
confirm_delay_cleared = yes
notify_classes = delay
queue_run_delay = 300s'
done
# SENDER AGE WARN: how old it is, and since when it should have been warned of
cases='new 0 -60
some 500 0
old 2000 -60
older 4900 -60
expired 5001 -60
warned 400 10
<> 2000 0
<> 3001 0'
send_cases() {
	echo "$cases" | while read -r from age warn; do
		case $from in '<>') from= ;; esac
		send "$from" "$age@there.example"
	done
}
deferred() { [ "$(find "$1/spool/deferred" -type f | wc -l)" = "$2" ] && at_rest "$1"; }
both_deferred() { wait_for 20 deferred "$T/peer" "$1"; wait_for 20 deferred "$T/ours" "$1"; }
start() { peer_start peer; instance_start "$T/ours"; }
stop() { instance_stop "$T/ours"; peer_stop peer; }
# What agents are asked for: may a connection be used again?
for side in peer ours; do
	/usr/bin/perl "$PH_SRC/t/peer/agent.pl" "$T/$side/spool" private/fake "$T/$side-asked" 0.5 &
done
for i in 1 2 3; do send s a@kept.example; done
send s a@wide.example
send_cases
start
both_deferred 8
is 'a connection may be used again when deliveries follow each other' \
    "$(sort "$T/ours-asked")" "$(sort "$T/peer-asked")"
like 'that is so' "$(cat "$T/ours-asked")" 'kept.example flags=6147'
stop

# Each becomes as old as its recipient says, and due now.
make_old() {
	perl -e '
		my ($cases, @files) = @ARGV;
		my %warn = map { my ($f, $a, $w) = split; ("$a" => $w) } split /\n/, $cases;
		for my $file (@files) {
			open(my $f, "+<:raw", $file) or die; local $/; $_ = <$f>;
			my ($age) = /(\d+)\@there\.example/; my $now = time;
			s/(T.)\d{10}( )/$1 . ($now - $age) . $2/es;
			s/(create_time=)\d{10}/$1 . ($now - $age)/es;
			s/(W\x0f)( *\d+)/$1 . sprintf("%15d", $warn{$age} == 0 ? 0 : $now - $warn{$age})/es;
			seek($f, 0, 0); print $f $_; close $f;
			utime $now, $now, $file;
		}' "$cases" $(find "$1/spool/deferred" -type f)
}
# fates SIDE: what the log says of each message, by its age or what it is about, and in how many seconds it comes again
fates() {
	perl -MFile::Find -e '
		my ($log, $spool) = @ARGV;
		my (%name, @lines, @all);
		open(my $f, "<", $log); @lines = <$f>;
		for (@lines) {
			$name{$1} = $2 if /: ([0-9A-F]{8,}): to=<(\d+)\@there/;
		}
		for (@lines) {
			$name{$3} = "$2 of " . ($name{$1} // $1) if /: ([0-9A-F]{8,}): (.* notification): ([0-9A-F]{8,})/;
		}
		for (@lines) {
			s/^.*? ([0-9A-F]{8,}): // or next;
			my $n = $name{$1} // "?";
			chomp; s/message-id=.*/message-id/; s/size=\d+/size/; s/delay.*dsn/dsn/; s/notification: .*/notification/; s/_to=<[^>]*>/_to/;
			push @all, "$n: $_";
		}
		find(sub {
			my ($t, $id) = ((stat $_)[9], $_); return if !-f _;
			push @all, sprintf("%s: again in %d00 s", $name{$id} // "?", ($t - time + 50) / 100);
		}, "$spool/deferred");
		print map { "$_\n" } sort @all' "$(log_of $1)" "$T/$1/spool"
}
forget() { : >"$(log_of peer)"; : >"$(log_of ours)"; }
flushed() { peer peer postqueue -f; as "$T/ours" postqueue -f; }
same() { is "$1" "$(fates ours)" "$(fates peer)"; }

for side in peer ours; do make_old "$T/$side"; done
forget
start
both_deferred 9
same 'old mail waits as long as it has, expires, and its senders are warned'
like 'a short wait is minimal_backoff_time' "$(fates ours)" '^0: again in 100 s'
like 'a long one is maximal_backoff_time' "$(fates ours)" '^2000: again in 1000 s'
forget
flushed
rest
same 'nobody is warned twice'
stop
for side in peer ours; do cf_set "$T/$side/etc/main.cf" 'default_transport = discard:gone'; done
forget
start
flushed
both_deferred 0
same 'who was warned is told that it went through in the end'
like 'that is so' "$(fates ours)" 'status notification'
done_testing
