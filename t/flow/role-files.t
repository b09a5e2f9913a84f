#!/bin/sh
# roles: where each may change files, tried from inside
#
# A library loaded into every process tries to make a file in two folders that
# mail_owner may write to: one of the queues, and one outside.
. "$(dirname "$0")/../lib.sh"
[ -z "${PH_SAN-}" ] || skip_all 'a sanitizer wants to be loaded first'

I=$T/i O=$T/outside
mkdir "$O"; chmod 1777 "$O"
instance_new "$I" 'default_transport = discard:gone' 'transport_maps =' \
    "import_environment = MAIL_CONFIG TZ LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME LD_PRELOAD=$PH_TOOLS/try-files.so TRY_REPORT=$O/report { TRY_FOLDERS=hold $O }" \
    'smtpd_client_connection_rate_limit = 100' 'smtpd_client_event_limit_exceptions =' \
    'fast_flush_domains = example.com' \
    "address_verify_map = lmdb:$I/data/verify" \
    'smtpd_recipient_restrictions = check_recipient_access inline:{v@example.com=reject_unverified_recipient}' \
    'unverified_recipient_reject_code = 550' 'address_verify_poll_count = 1'
touch "$O/report"; chmod 666 "$O/report"

# Every role works a little, and stays. $1: of roles in $all, which are there?
all='qmgr pickup showq flush anvil verify discard smtpd bounce cleanup trivial-rewrite tlsmgr scache postlogd local'
children() { ps -o pid=,comm= --ppid "$(tr -d ' ' <"$I/spool/pid/master.pid")"; }
ask_socket() { perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or exit 1; my $b; sysread($s, $b, 10); print $s "x\0\0"; close $s' "$I/spool/$1"; }
work() {
	as "$I" postqueue -p >/dev/null
	as "$I" postqueue -s example.com 2>/dev/null
	as "$I" sendmail -f s@example.com r@example.com l@localhost </dev/null
	{ echo 'EHLO x'; sleep 0.2; printf 'MAIL FROM:<a@example.com>\r\nRCPT TO:<v@example.com>\r\n'; sleep 1.5; echo QUIT; } |
	    timeout 5 perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new($ARGV[0]) or die; if (!fork) { print while <$s>; exit } print $s $_ while <STDIN>; $s->shutdown(1); wait' "127.0.0.1:$(instance_port "$I")" >"$T/talk"
	for s in private/bounce public/cleanup private/rewrite private/tlsmgr private/scache; do ask_socket $s; done
}
try() {
	: >"$O/report"
	children >"$T/children"
	while read -r pid name; do
		kill -USR2 "$pid"
	done <"$T/children"
	tried() { [ "$(wc -l <"$O/report")" = "$((2 * $(wc -l <"$T/children")))" ]; }
	wait_for 5 tried || { cat "$T/children" "$O/report"; }
	sed "s,$O,outside,; s,EACCES,no," "$O/report" | sort -u
}
# said ROLE: "hold outside" as it was told
said() { sed -n "s/^$1 \(hold\|outside\) /\1 /p" "$T/said" | sed 's/.* //' | paste -sd' ' -; }

must 'the instance starts' instance_start "$I"
work
try >"$T/said"
perl -e 'exit(syscall(444, 0, 0, 1) >= 2 ? 0 : 1)' || skip_all 'this kernel has no Landlock'
for role in qmgr pickup flush verify discard smtpd bounce cleanup; do
	is "$role changes files in the queues alone" "$(said $role)" 'ok no'
done
for role in showq anvil trivial-rewrite tlsmgr scache postlogd; do
	is "$role changes no file" "$(said $role)" 'no no'
done
is 'local, which acts for its users, is not confined' "$(said local)" 'ok ok'

# Where a table comes with a library, that library may have files of its own.
instance_lines "$I/etc" 'relay_domains = sqlite:/nonexistent'
instance_reload "$I"
as "$I" postqueue -p >/dev/null
ask_socket private/rewrite
wait_for 5 sh -c "ps -o comm= --ppid $(tr -d ' ' <"$I/spool/pid/master.pid") | grep -q trivial"
try >"$T/said"
is 'a role that may open such tables is not confined' "$(said trivial-rewrite)" 'ok ok'
is 'one that opens no tables is' "$(said showq)" 'no no'
done_testing
