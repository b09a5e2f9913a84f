#!/bin/sh
# posthorn_metrics: counters and gauges over HTTP
. "$(dirname "$0")/../lib.sh"

I=$T/i
web=$(free_port)
instance_new "$I" "posthorn_metrics = inet:$web" 'mydestination = here.example' \
    'relay_domains = away.example, gone.example' 'alias_maps =' \
    'local_transport = discard' 'local_recipient_maps = inline:{ box=x }' \
    'transport_maps = inline:{ away.example=smtp:[127.0.0.1]:1, { gone.example=error:5.1.0 no more } }'
must 'it starts' instance_start "$I"
port=$(instance_port "$I")
cat >"$T/get.pl" <<'PERL'
use IO::Socket::INET; use IO::Socket::UNIX;
my ($to, $request) = @ARGV;
my $s = ($to =~ m,/, ? IO::Socket::UNIX->new(Peer => $to) : IO::Socket::INET->new("127.0.0.1:$to")) or die "$to: $!";
$request //= "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
print $s $request;
local $/; my $answer = <$s>;
$answer =~ s/.*?\r\n\r\n//s unless @ARGV > 1;
print $answer;
PERL
scrape() { perl "$T/get.pl" "${1-$web}" >"$T/m"; }
# value SERIES: as now
value() { scrape; sed -n "s|^posthorn_$1 ||p" "$T/m"; }
becomes() { [ "$(value "$1")" = "$2" ]; }
send() { smtp-source -f "${2-me@here.example}" -t "$1" "127.0.0.1:$port"; }

send box@here.example
send u@away.example
echo x | as "$I" sendmail -f me@here.example u@gone.example
ok 'a recipient that does not exist is refused' fails_with 1 at_once send nobody@here.example
smtpd="127.0.0.1:$port/inet"
ok 'an end is counted' wait_for 5 becomes 'delivered_recipients_total{transport="error",status="bounced"}' 1
ok 'a report is mail, too' wait_for 5 becomes 'delivered_recipients_total{transport="discard",status="sent"}' 2
ok 'an attempt that failed' wait_for 5 becomes 'deferred_attempts_total{transport="smtp",class="connect"}' 1
scrape
ok 'the answer is sound OpenMetrics' python3 "$PH_SRC/t/openmetrics.py" <"$T/m"
is 'what was accepted' "$(grep '^posthorn_received_[mr].*_total' "$T/m" | grep -v bounce)" "posthorn_received_messages_total{service=\"$smtpd\"} 2
posthorn_received_messages_total{service=\"pickup/unix\"} 1
posthorn_received_recipients_total{service=\"$smtpd\"} 2
posthorn_received_recipients_total{service=\"pickup/unix\"} 1"
is 'what was refused' "$(grep '^posthorn_rejected_total' "$T/m")" "posthorn_rejected_total{service=\"$smtpd\",stage=\"RCPT\",code=\"550\",class=\"no-user\"} 1"
is 'connections' "$(grep '^posthorn_connection.*_total' "$T/m")" "posthorn_connections_total{service=\"$smtpd\",direction=\"in\"} 3
posthorn_connection_errors_total{service=\"$smtpd\",direction=\"in\",kind=\"lost_connection\"} 1
posthorn_connection_errors_total{service=\"smtp/unix\",direction=\"out\",kind=\"connect\"} 1"
is 'the queue' "$(grep '^posthorn_queue_messages' "$T/m" | tr '\n' ' ')" 'posthorn_queue_messages{queue="incoming"} 0 posthorn_queue_messages{queue="active"} 0 posthorn_queue_messages{queue="deferred"} 1 posthorn_queue_messages{queue="hold"} 0 posthorn_queue_messages{queue="maildrop"} 0 posthorn_queue_messages{queue="corrupt"} 0 '
is 'processes' "$(grep '^posthorn_process.*qmgr' "$T/m" | tr '\n' ' ')" 'posthorn_processes{service="qmgr/unix"} 1 posthorn_process_limit{service="qmgr/unix"} 1 '
is 'all the queue was seen' "$(grep '^posthorn_up' "$T/m")" 'posthorn_up 1'

# steady: two scrapes differ in time, and in what the scraper itself is
steady() { grep -Ev 'scrape_duration|age_seconds|oldest_seconds|free_|^posthorn_processes' "$T/m"; }
scrape; steady >"$T/m1"; scrape; steady >"$T/m2"
ok 'nothing grows because somebody looks' cmp "$T/m1" "$T/m2"

status() { perl "$T/get.pl" "$web" "$1" | head -1 | tr -d '\r'; }
nl='
'
is 'another path' "$(status "GET /other HTTP/1.1$nl$nl")" 'HTTP/1.1 404 Not Found'
is 'another method' "$(status "POST /metrics HTTP/1.1$nl$nl")" 'HTTP/1.1 405 Method Not Allowed'
is 'no HTTP' "$(status "HELO x$nl$nl")" 'HTTP/1.1 400 Bad Request'
is 'endless headers' "$(status "GET /metrics HTTP/1.1$nl$(seq 200)$nl$nl")" 'HTTP/1.1 400 Bad Request'
is 'a question mark is no other path' "$(status "GET /metrics?x=1 HTTP/1.0$nl$nl")" 'HTTP/1.1 200 OK'
# Three that say nothing leave a process for who does.
for i in 1 2 3; do perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new("127.0.0.1:$ARGV[0]"); print "x\n"; close STDOUT; sleep 60' "$web" >"$T/held.$i" & done
held() { [ -s "$T/held.1" ] && [ -s "$T/held.2" ] && [ -s "$T/held.3" ]; }
wait_for 5 held
ok 'silent clients keep nobody out' scrape

# What is counted stays over a reload, and goes with the supervisor.
instance_reload "$I"
is 'a reload takes nothing away' "$(value "received_messages_total{service=\"$smtpd\"}")" 2
send box@here.example
ok 'and counting goes on' wait_for 5 becomes "received_messages_total{service=\"$smtpd\"}" 3
instance_stop "$I"
cf_set "$I/etc/main.cf" "posthorn_metrics = unix:$I/spool/public/metrics"
must 'it starts with a socket' instance_start "$I"
scrape "$I/spool/public/metrics"
ok 'which answers' python3 "$PH_SRC/t/openmetrics.py" <"$T/m"
is 'and counts anew' "$(grep -c '^posthorn_received_messages_total' "$T/m")" 0
instance_stop "$I"
cf_set "$I/etc/main.cf" 'posthorn_metrics = tcp:9'
ok 'what is no place is refused' fails_with 1 at_once instance_start "$I"
ok 'in words' instance_logged "$I" 'posthorn_metrics: "tcp:9" is neither inet:\[HOST:\]PORT nor unix:.*/public/NAME'
done_testing
