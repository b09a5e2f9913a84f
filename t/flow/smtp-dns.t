#!/bin/sh
# smtp: which hosts a domain's mail is offered to
. "$(dirname "$0")/../lib.sh"
sinks=
stop_sinks() { for p in $sinks; do kill "$p" 2>/dev/null; done; sinks=; }
on_exit stop_sinks
# One port on many loopback addresses: each address is another host.
port=$(free_port)
sink() { at=$1; shift; timeout 300 smtp-sink "$@" "$at:$port" 100 2>>"$T/sinks.err" & sinks="$sinks $!"; }
listens() { perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new("$ARGV[0]")' "$1:$port"; }
sink 127.0.0.2
sink 127.0.0.3 --reply 'rcpt=450 4.2.1 try later'
sink 127.0.0.4 --reply 'connect=554 5.3.2 go away'
sink 127.0.0.5 -q data
sink 127.0.0.6 -h mail.example
for i in 2 3 4 5 6; do wait_for 5 listens "127.0.0.$i" || skip_all "127.0.0.$i is no address here"; done

cat >"$T/zone" <<'Z'
a.test MX 10 h2.test
b.test MX 10 h9.test
b.test MX 20 h2.test
c.test A 127.0.0.2
alias.test CNAME a.test
nodata.test TXT hi
null.test MX 0 .
sf.test SERVFAIL
mxnx.test MX 10 nxhost.test
mxsf.test MX 10 sf.test
own.test MX 10 h1.test
own.test MX 20 h2.test
ownbetter.test MX 5 h2.test
ownbetter.test MX 10 h1.test
ownplain.test A 127.0.0.1
ownsoft.test MX 5 h3.test
ownsoft.test MX 10 h1.test
shut.test MX 10 h9.test
soft.test MX 10 h3.test
soft.test MX 20 h2.test
allsoft.test MX 10 h3.test
rude.test MX 10 h4.test
rude.test MX 20 h2.test
lost.test MX 10 h5.test
lost.test MX 20 h2.test
name.test MX 10 h6.test
many.test MX 5 h4.test
many.test MX 10 h3.test
many.test MX 20 h5.test
many.test MX 30 h2.test
far.test MX 10 h10.test
far.test MX 11 h11.test
far.test MX 12 h12.test
far.test MX 13 h13.test
far.test MX 14 h14.test
far.test MX 20 h2.test
bracket.test MX 10 h3.test
bracket.test A 127.0.0.2
h1.test A 127.0.0.1
h2.test A 127.0.0.2
h3.test A 127.0.0.3
h4.test A 127.0.0.4
h5.test A 127.0.0.5
h6.test A 127.0.0.6
h9.test A 127.0.0.9
h10.test A 127.0.0.10
h11.test A 127.0.0.11
h12.test A 127.0.0.12
h13.test A 127.0.0.13
h14.test A 127.0.0.14
Z
timeout 300 dns-responder -f "$T/zone" -l "$T/questions" >"$T/dns.port" & sinks="$sinks $!"
wait_for 5 test -s "$T/dns.port"

I=$T/inst
ok 'an instance is made' instance_new "$I" "posthorn_dns_servers = 127.0.0.1:$(cat "$T/dns.port")" \
    'smtp_dns_support_level = enabled' 'default_transport = smtp' 'relay_transport = smtp' \
    "smtp_tcp_port = $port" 'myhostname = mail.example' 'mydestination =' 'relayhost =' \
    'transport_maps = inline:{{bracket.test=smtp:[bracket.test]}}' 'smtp_mx_session_limit = 2'
must 'and started' instance_start "$I"
submit() {
	id=$(printf 'Subject: test\n\nhello\n' | as "$I" enqueue '' "$1") && as "$I" postkick public qmgr I
}
ends() { submit "r@$2.test"; ok "$1" wait_for 20 instance_logged "$I" "$id: to=<r@$2.test>, $3"; }
NS='Host or domain name not found\. Name service error for name'
V="127\.0\.0\."

ends 'MX' a "relay=h2\.test\[${V}2\]:$port, .*status=sent"
ends 'the next host when one refuses the connection' b "relay=h2\.test\[${V}2\]:$port, .*status=sent"
ok 'which is logged' wait_for 5 instance_logged "$I" "smtp\[[0-9]+\]: connect to h9\.test\[${V}9\]:$port: Connection refused"
ends 'a domain without MX' c "relay=c\.test\[${V}2\]:$port, .*status=sent"
ends 'an alias' alias "relay=h2\.test\[${V}2\]:$port, .*status=sent"
ends 'no such domain' nx "relay=none, .*dsn=5\.4\.4, status=bounced \($NS=nx\.test type=A: Host not found\)"
ends 'a domain without addresses' nodata "relay=none, .*dsn=5\.4\.4, status=bounced \($NS=nodata\.test type=A: Host found but no data record of requested type\)"
ends 'a domain that wants no mail' null 'relay=none, .*dsn=5\.1\.0, status=bounced \(Domain null\.test does not accept mail \(nullMX\)\)'
ends 'a name server in trouble' sf "relay=none, .*dsn=4\.4\.3, status=deferred \($NS=sf\.test type=MX: Host not found, try again\)"
ends 'an MX that does not exist' mxnx "relay=none, .*dsn=5\.4\.4, status=bounced \($NS=nxhost\.test type=A: Host not found\)"
ok 'is warned about' wait_for 5 instance_logged "$I" 'warning: no MX host for mxnx\.test has a valid address record'
ends 'an MX that may exist' mxsf 'relay=none, .*dsn=4\.4\.3, status=deferred'
ends 'we are the best MX' own 'relay=none, .*dsn=5\.4\.6, status=bounced \(mail for own\.test loops back to myself\)'
ends 'we are the second MX' ownbetter "relay=h2\.test\[${V}2\]:$port, .*status=sent"
ends 'we are the domain itself' ownplain 'relay=none, .*dsn=5\.4\.6, status=bounced \(mail for ownplain\.test loops back to myself\)'
ends 'refused for now, taken by the next' soft "relay=h2\.test\[${V}2\]:$port, .*status=sent"
ok 'the first answer is logged' wait_for 5 instance_logged "$I" "$id: host h3\.test\[${V}3\] said: 450 4\.2\.1 try later \(in reply to RCPT TO command\)"
ends 'refused for now by all' allsoft "relay=h3\.test\[${V}3\]:$port, .*dsn=4\.2\.1, status=deferred \(host h3\.test\[${V}3\] said: 450"
ends 'a rude greeting' rude "relay=h2\.test\[${V}2\]:$port, .*status=sent"
ok 'is logged' wait_for 5 instance_logged "$I" "$id: host h4\.test\[${V}4\] refused to talk to me: 554 5\.3\.2 go away"
ends 'a lost connection' lost "relay=h2\.test\[${V}2\]:$port, .*status=sent"
ok 'is logged, too' wait_for 5 instance_logged "$I" "$id: lost connection with h5\.test\[${V}5\] while sending DATA command"
ends 'a host with our own name' name "relay=h6\.test\[${V}6\]:$port, .*dsn=5\.4\.6, status=bounced \(mail for name\.test loops back to myself\)"
ends 'no more sessions than allowed; one that did not begin is none' many "relay=h5\.test\[${V}5\]:$port, .*status=deferred \(lost connection with h5\.test"
ends 'no more addresses than smtp_mx_address_limit, five' far 'relay=none, .*status=deferred \(connect to h14\.test\[127\.0\.0\.14\]:[0-9]+: Connection refused\)'
: >"$T/questions"
ends 'brackets ask for no MX' bracket "relay=bracket\.test\[${V}2\]:$port, .*status=sent"
ok 'indeed' sh -c "! grep -q 'bracket.test MX' '$T/questions'"

printf '%s\n' 'smtp_fallback_relay = [h2.test]' >>"$I/etc/main.cf"
ok 'reload' as "$I" postfix reload
ends 'a fallback relay takes what has no host' nx2 "relay=h2\.test\[${V}2\]:$port, .*status=sent"
ends 'and what is refused for now' allsoft "relay=h2\.test\[${V}2\]:$port, .*status=sent"
ends 'but not what loops' own '.*status=bounced \(mail for own\.test loops back to myself\)'
ends 'nor where we are an MX ourselves' ownsoft "relay=h3\.test\[${V}3\]:$port, .*dsn=4\.2\.1, status=deferred"
cf_set "$I/etc/main.cf" 'smtp_fallback_relay = [nx.test]'
ok 'reload for a relay that is none' as "$I" postfix reload
ends 'then mail waits' shut "relay=none, .*dsn=4\.3\.5, status=deferred \($NS=nx\.test"
ok 'with a warning' wait_for 5 instance_logged "$I" 'warning: smtp_fallback_relay configuration problem'
printf '%s\n' 'best_mx_transport = discard:we are the best' >>"$I/etc/main.cf"
ok 'reload again' as "$I" postfix reload
ends 'another transport takes what loops' own 'relay=none, .*status=sent \(we are the best\)'
done_testing
