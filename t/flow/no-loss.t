#!/bin/sh
# whole system: what was acknowledged is delivered, whoever is killed
#
# 2,000 submissions over 20 connections while random processes of the mail
# system, the supervisor excepted, get SIGKILL; then every acknowledged
# message must be in the maildir at least once, none cut short.
. "$(dirname "$0")/../lib.sh"
count=${NO_LOSS_MESSAGES:-2000}

instance_new "$T/ours"
instance_lines "$T/ours/etc" "mynetworks = 127.0.0.0/8
virtual_mailbox_domains = box.example
virtual_mailbox_base = $T/ours/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:$(instance_uid "$T/ours")
virtual_gid_maps = static:$(instance_gid "$T/ours")
virtual_minimum_uid = 1
local_header_rewrite_clients =
service_throttle_time = 1
minimal_backoff_time = 1
maximal_backoff_time = 2
queue_run_delay = 1
initial_destination_concurrency = 20
transport_retry_time = 1
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0"
must 'the instance starts' instance_start "$T/ours"
mkdir -p "$T/sent"
perl -e '
	my ($dir, $n) = @ARGV;
	for my $i (1 .. $n) {
		my $id = sprintf "kill-%05d", $i;
		open my $fh, ">", "$dir/$id" or die;
		print $fh "X-Test-Id: $id\nSubject: $i\n\n";
		print $fh "line $_ of $i\n" for 1 .. 1 + $i % 200;
		print $fh "the end\n";
		print "$dir/$id\n";
	}' "$T/sent" "$count" >"$T/list"

master=$(tr -d ' \n' <"$T/ours/spool/pid/master.pid")
perl -e '
	my ($master, $stop) = @ARGV;
	my $killed = 0;
	until (-e $stop) {
		my @pids = grep { $_ } map { split } `ps -o pid= --ppid $master`;
		if (@pids) {
			kill "KILL", $pids[rand @pids];
			$killed++;
		}
		select undef, undef, undef, 0.05;
	}
	print "$killed\n";
' "$master" "$T/stop" >"$T/killed" &
killer=$!
perl "$PH_SRC/t/inject.pl" 127.0.0.1 "$(instance_port "$T/ours")" 20 sender@origin.example \
    user@box.example <"$T/list" >"$T/acknowledged"
result $? 'every message is acknowledged in the end'
: >"$T/stop"
wait "$killer"
killed=$(cat "$T/killed")
echo "# $killed processes killed, $(wc -l <"$T/acknowledged") acknowledged"
ok 'processes were killed meanwhile' [ "$killed" -gt $((count / 100)) ]

empty() {
	MAIL_CONFIG=$T/ours/etc postqueue -f
	[ "$(MAIL_CONFIG=$T/ours/etc postqueue -p)" = 'Mail queue is empty' ]
}
ok 'the queue runs empty' wait_for 120 empty
ok 'every acknowledged message arrived, none cut short' \
    perl "$PH_SRC/t/arrived.pl" least "$T/acknowledged" "$T/ours/mail/box"
done_testing
