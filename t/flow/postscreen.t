#!/bin/sh
# postscreen: mail gets through, strangers do not hold it up, and it can be
# reloaded while they are there
. "$(dirname "$0")/../lib.sh"
cat >"$T/zone" <<'Z'
2.2.0.127.bl.test A 127.0.0.2
Z
timeout 300 dns-responder -f "$T/zone" >"$T/dns" & dns=$!
stop_dns() { kill $dns 2>/dev/null; }
on_exit stop_dns
wait_for 5 test -s "$T/dns"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=mx.example \
    -keyout "$T/key.pem" -out "$T/cert.pem" 2>/dev/null
cat "$T/key.pem" "$T/cert.pem" >"$T/chain.pem"

I=$T/inst
must 'an instance is made' instance_new "$I" "posthorn_dns_servers = 127.0.0.1:$(cat "$T/dns")" \
    'myhostname = mx.example' 'mydestination = mx.example' 'local_recipient_maps =' \
    'mynetworks = 10.0.0.0/8' 'smtpd_peername_lookup = no' 'postscreen_greet_wait = 1' \
    "smtpd_tls_chain_files = $T/chain.pem" 'smtpd_tls_security_level = may' 'smtpd_tls_loglevel = 1' \
    'local_transport = discard' "postscreen_access_list = texthash:$T/access"
echo '127.0.0.9 permit' >"$T/access"
chmod 644 "$T/access"; chmod 755 "$T"
ports=$(free_ports 9)
set -- $ports
plain=$1 deep=$2 small=$3 dead=$4 slow=$5 pregreet=$6 few=$7 enforced=$8 proxied=$9
cat >>"$I/etc/master.cf" <<M
smtpd pass - - n - - smtpd
busy pass - - n - 1 smtpd
dnsblog unix - - n - 0 dnsblog
tlsproxy unix - - n - 0 tlsproxy
127.0.0.1:$plain inet n - n - 1 postscreen -o syslog_name=plain
  -o { postscreen_dnsbl_sites = bl.test }
  -o postscreen_dnsbl_action=drop
127.0.0.1:$deep inet n - n - 1 postscreen -o syslog_name=deep
  -o postscreen_pipelining_enable=yes
  -o postscreen_cache_map=
127.0.0.1:$small inet n - n - 1 postscreen -o syslog_name=small
  -o postscreen_pre_queue_limit=10
  -o postscreen_cache_map=
  -o { postscreen_greet_wait = \${stress?{1}:{600}}s }
  -o smtpd_client_connection_count_limit=0
127.0.0.1:$dead inet n - n - 1 postscreen -o syslog_name=dead
  -o smtpd_service_name=nosuch
  -o postscreen_cache_map=
127.0.0.1:$slow inet n - n - 1 postscreen -o syslog_name=slow
  -o postscreen_greet_action=enforce
  -o postscreen_command_time_limit=2
  -o postscreen_cache_map=
127.0.0.1:$pregreet inet n - n - 1 postscreen -o syslog_name=pregreet
  -o postscreen_greet_action=drop
  -o postscreen_greet_wait=600
  -o postscreen_cache_map=
127.0.0.1:$few inet n - n - 1 postscreen -o syslog_name=few
  -o postscreen_post_queue_limit=5
  -o smtpd_service_name=busy
  -o smtpd_client_connection_count_limit=0
  -o postscreen_cache_map=
  -o { postscreen_access_list = static:permit }
127.0.0.1:$proxied inet n - n - 1 postscreen -o syslog_name=proxied
  -o postscreen_upstream_proxy_protocol=haproxy
  -o postscreen_upstream_proxy_timeout=60
  -o postscreen_pre_queue_limit=10
  -o postscreen_cache_map=
127.0.0.1:$enforced inet n - n - 1 postscreen -o syslog_name=enforced
  -o postscreen_tls_security_level=encrypt
  -o postscreen_pipelining_enable=yes
  -o postscreen_cache_map=
M
must 'and started' instance_start "$I"

talk() { perl "$PH_SRC/t/talk.pl" "$@"; }
# hold PORT COUNT [FROM]: so many connections that say nothing, until hold_end
holders=
hold() {
	rm -f "$T/held"
	perl -MIO::Socket::INET -e '$| = 1; my ($port, $n, $from) = @ARGV; for (1 .. $n) {
	    push @s, IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port", LocalAddr => $from) or die "$!" }
	    print "held\n"; sleep 100' "$@" >"$T/held" & holders="$holders $!"
	wait_for 10 grep -q held "$T/held"
}
hold_end() { for p in $holders; do kill "$p" 2>/dev/null; wait "$p" 2>/dev/null; done; holders=; rm -f "$T/held"; }
on_exit hold_end
pid_of() { pgrep -P "$(tr -d ' ' <"$I/spool/pid/master.pid")" -f "^postscreen .*127.0.0.1:$1 "; }

# ---- mail ----
said=$(printf 'EHLO c.test\nMAIL FROM:<a@c.test>\nRCPT TO:<b@mx.example>\nDATA\n>>>x\\r\\n.\\r\\n\n<<<\nQUIT\n' | talk "$plain")
like 'a patient client gets its mail in' "$said" '250 2\.0\.0 Ok: queued'
like 'after a greeting in two lines' "$said" '^S: 220-mx\.example'
ok 'smtpd sees the client, not us' wait_for 5 instance_logged "$I" 'postfix/smtpd\[[0-9]+\]: connect from unknown\[127\.0\.0\.1\]$'
like 'the second time it is let in at once' "$(printf 'QUIT\n' | talk "$plain" | head -1)" '^S: 220 mx'
ok 'and the log says so' wait_for 5 instance_logged "$I" 'plain/postscreen\[[0-9]+\]: PASS OLD \[127\.0\.0\.1\]:[0-9]+$'
like 'a client of the access list is let in at once' \
    "$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ARGV[0]", LocalAddr => "127.0.0.9")->getline' "$plain")" '^220 mx'
like 'a client that is on a DNS list is dropped' \
    "$(perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ARGV[0]", LocalAddr => "127.0.2.2"); print <$s>' "$plain")" \
    '^521 5\.7\.1 Service unavailable; client \[127\.0\.2\.2\] blocked using bl\.test'

# ---- reload ----
old=$(pid_of "$plain")
hold "$plain" 1 127.0.3.1
as "$I" postfix reload >/dev/null 2>&1
gone() { [ "$(pid_of "$plain")" != "$old" ]; }
ok 'a reload ends the process that has clients' wait_for 10 gone
like 'the next one has the cache' "$(printf 'QUIT\n' | talk "$plain" | head -1)" '^S: 220 mx'
ok 'the client of before is served to its end' wait_for 10 instance_logged "$I" 'postfix/smtpd\[[0-9]+\]: connect from unknown\[127\.0\.3\.1\]$'
hold_end
ok 'without a word about the cache' sh -c "! grep -q 'warning: .*postscreen_cache' '$I/log/mail.log'"
hold "$plain" 1 127.0.3.2
echo '127.0.3.3 permit' >>"$T/access"
touch -d '+1 minute' "$T/access"
like 'a changed table is read' \
    "$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ARGV[0]", LocalAddr => "127.0.3.3")->getline' "$plain")" '^220 mx'
ok 'while clients go on in the background' wait_for 5 instance_logged "$I" 'plain/postscreen\[[0-9]+\]: table texthash:.*/access\(.*\) has changed - finishing in the background$'
hold_end

# ---- TLS ----
said=$(printf 'EHLO c.test\nMAIL FROM:<>\nSTARTTLS\n!tls\nEHLO c.test\nMAIL FROM:<>\nRCPT TO:<b@mx.example>\nQUIT\n' | python3 "$PH_SRC/t/talk-tls.py" "$enforced")
like 'TLS is required where it has to be' "$said" '530 5\.7\.0 Must issue a STARTTLS'
like 'and made' "$said" 'TLS TLSv1.3 subject=CN = mx.example'
like 'the small server goes on behind it' "$said" '450 4\.3\.2 Service currently unavailable'
ok 'tlsproxy logs the handshake' wait_for 5 instance_logged "$I" 'postfix/tlsproxy\[[0-9]+\]: Anonymous TLS connection established from \[127\.0\.0\.1\]:[0-9]+: TLSv1\.3'
ok 'and the end' wait_for 5 instance_logged "$I" 'postfix/tlsproxy\[[0-9]+\]: DISCONNECT \[127\.0\.0\.1\]:[0-9]+$'

# ---- too many ----
hold "$small" 8
talk "$small" </dev/null >"$T/short" &
ok 'with nine of ten places taken there is stress' wait_for 5 instance_logged "$I" 'small/postscreen\[[0-9]+\]: entering STRESS mode with 9 connections$'
ok 'who comes then waits shorter' wait_for 5 grep -q '^S: 220 mx' "$T/short"
hold_end
ok 'when they go, it is over' wait_for 5 instance_logged "$I" 'small/postscreen\[[0-9]+\]: leaving STRESS mode with 7 connections$'
hold "$small" 9
is 'the tenth is told to come back' "$(talk "$small" </dev/null | head -1)" 'S: 421 4.3.2 All screening ports are busy'
hold_end
is 'who waits in vain for smtpd is told so' "$(printf 'EHLO x\n' | talk "$dead" | tail -1)" 'S: 421 4.3.2 No system resources'
ok 'and the administrator' wait_for 5 instance_logged "$I" 'dead/postscreen\[[0-9]+\]: warning: cannot connect to service private/nosuch: No such file or directory$'
hold "$few" 7
ok 'no more than so many wait for a process' wait_for 5 instance_logged "$I" 'few/postscreen\[[0-9]+\]: NOQUEUE: reject: CONNECT from \[127\.0\.0\.1\]:[0-9]+: all server ports busy$'
hold_end

# ---- hostile ----
is 'who speaks first may be dropped at once' "$(printf '!\n>>>EHLO x\\r\\n\n<<<\n' | talk "$pregreet" | tail -1)" 'S: 521 5.5.1 Protocol error'
perl -MIO::Socket::INET -e '
	my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ARGV[0]"); $s->autoflush(1);
	print $s "E"; sleep 1; for (1 .. 40) { print $s "x" or last; select undef, undef, undef, 0.1 }' "$slow" &
drip=$!
ok 'a byte now and then does not buy time' wait_for 10 instance_logged "$I" 'slow/postscreen\[[0-9]+\]: COMMAND TIME LIMIT from \[127\.0\.0\.1\]:[0-9]+ after CONNECT$'
kill $drip 2>/dev/null; wait $drip 2>/dev/null
# Megabytes of commands, and nobody reads the answers.
perl -MIO::Socket::INET -e '
	$SIG{PIPE} = "IGNORE"; $SIG{ALRM} = sub { exit };
	my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ARGV[0]"); alarm 10;
	print $s "NOOP\r\n" x 100000' "$slow"
ok 'nor does a flood' wait_for 5 instance_logged "$I" 'slow/postscreen\[[0-9]+\]: COMMAND COUNT LIMIT from'
perl -MIO::Socket::INET -e '
	$SIG{PIPE} = "IGNORE";
	my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ARGV[0]");
	print $s "x" x 1000000 for 1 .. 20' "$slow"
ok 'nor a line that never ends' wait_for 5 instance_logged "$I" 'slow/postscreen\[[0-9]+\]: COMMAND LENGTH LIMIT from'
before=$(awk '/VmRSS/ { print $2 }' "/proc/$(pid_of "$pregreet")/status")
hold "$pregreet" 49
begin=$(date +%s%N)
printf '!\n>>>EHLO x\\r\\n\n<<<\n' | talk "$pregreet" >/dev/null
ok 'fifty clients that only wait hold nobody up' test $((($(date +%s%N) - begin) / 1000000)) -lt 1000
after=$(awk '/VmRSS/ { print $2 }' "/proc/$(pid_of "$pregreet")/status")
[ -n "${PH_SAN-}" ] || ok "nor do they cost much: $before to $after KB" test $((after - before)) -lt 1000
hold "$pregreet" 2
like 'one address has only so many places' "$(talk "$pregreet" </dev/null | head -1)" '421 4\.7\.0 Error: too many connections'
hold_end
hold "$proxied" 10
is 'who does not say whom it speaks for has only so many places, too' "$(talk "$proxied" </dev/null | head -1)" 'S: 421 4.3.2 All screening ports are busy'
hold_end
like 'and the next one is served' \
    "$(printf '!\n>>>PROXY TCP4 127.0.0.9 127.0.0.8 99 25\\r\\n\n<<<\nQUIT\n' | talk "$proxied")" '^S: 220 mx'
ok 'smtpd sees whom' wait_for 5 instance_logged "$I" 'postfix/smtpd\[[0-9]+\]: connect from unknown\[127\.0\.0\.9\]$'
ok 'no process has died' sh -c "! grep -E 'postscreen|tlsproxy|dnsblog' '$I/log/mail.log' | grep -E 'killed|exit status|fatal|panic'"
done_testing
