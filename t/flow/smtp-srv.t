#!/bin/sh
# smtp: mail goes where SRV records say (use_srv_lookup, RFC 2782)
. "$(dirname "$0")/../lib.sh"
sinks=
stop_sinks() { for p in $sinks; do kill "$p" 2>/dev/null; done; sinks=; }
on_exit stop_sinks
ports=$(free_ports 2); p1=${ports% *} p2=${ports#* }
sink() { timeout 300 smtp-sink "$1" 100 2>>"$T/sinks.err" & sinks="$sinks $!"; }
listens() { perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new("$ARGV[0]")' "$1"; }
for at in 127.0.0.2:$p1 127.0.0.2:$p2 127.0.0.3:$p2; do sink "$at"; wait_for 5 listens "$at" || skip_all "$at is no address here"; done

S=_submission._tcp
cat >"$T/zone" <<Z
$S.a.test SRV 10 5 $p2 h2.test
$S.b.test SRV 20 5 $p1 h2.test
$S.b.test SRV 10 5 $p2 h3.test
$S.c.test SRV 10 5 $p2 h9.test
$S.c.test SRV 20 5 $p1 h2.test
$S.dot.test SRV 0 0 0 .
$S.nohost.test SRV 10 5 $p1 nx.test
nohost.test MX 10 h2.test
$S.sf.test SERVFAIL
sf.test MX 10 h2.test
mx.test MX 10 h2.test
none.test A 127.0.0.2
$S.weight.test SRV 10 0 $p1 h2.test
$S.weight.test SRV 10 65535 $p2 h3.test
br.test A 127.0.0.2
$S.br.test SRV 10 5 $p2 h3.test
h2.test A 127.0.0.2
h3.test A 127.0.0.3
h9.test A 127.0.0.9
Z
timeout 300 dns-responder -f "$T/zone" -l "$T/questions" >"$T/dns.port" & sinks="$sinks $!"
wait_for 5 test -s "$T/dns.port"

{
	echo 'br.test smtp:[br.test]:submission'
	echo 'other.test smtp:a.test:smtp'
	for d in a b c weight dot nohost none sf mx; do echo "$d.test smtp:$d.test:submission"; done
} >"$T/transport"
I=$T/inst
ok 'an instance is made' instance_new "$I" "posthorn_dns_servers = 127.0.0.1:$(cat "$T/dns.port")" \
    'smtp_dns_support_level =' 'default_transport = smtp' 'myhostname = mail.example' 'mydestination =' 'relayhost =' \
    "transport_maps = texthash:$T/transport" 'use_srv_lookup = submission'
must 'and started' instance_start "$I"
submit() {
	id=$(printf 'Subject: test\n\nhello\n' | as "$I" enqueue '' "$1") && as "$I" postkick public qmgr I
}
ends() { submit "r@$2.test"; ok "$1" wait_for 20 instance_logged "$I" "$id: to=<r@$2.test>, $3"; }
NS='Host or domain name not found\. Name service error for name=_submission\._tcp'
V="127\.0\.0\."

ends 'host and port are the record'\''s' a "relay=h2\.test\[${V}2\]:$p2, .*status=sent"
ends 'the lowest priority first' b "relay=h3\.test\[${V}3\]:$p2, .*status=sent"
ends 'then the next one' c "relay=h2\.test\[${V}2\]:$p1, .*status=sent"
for i in 1 2 3; do ends 'nearly all weight on one' weight "relay=h3\.test\[${V}3\]:$p2, .*status=sent"; done
ends 'a service that is not there' dot 'relay=none, .*dsn=5\.1\.0, status=bounced \(Service submission is not available for host or domain dot\.test\)'
ends 'a host that does not exist' nohost 'relay=none, .*dsn=5\.4\.4, status=bounced \(.*name=nx\.test type=A: Host not found\)'
ok 'is warned about' wait_for 5 instance_logged "$I" 'warning: no SRV host for nohost\.test has a valid address record'
ends 'no record, no mail' none "relay=none, .*dsn=5\.4\.4, status=bounced \($NS\.none\.test type=SRV: Host not found\)"
ends 'a name server in trouble' sf "relay=none, .*dsn=4\.4\.3, status=deferred \($NS\.sf\.test type=SRV: Host not found, try again\)"
: >"$T/questions"
ends 'brackets ask for the host' br "relay=none, .*connect to br\.test\[${V}2\]:587: Connection refused"
ends 'and another service for MX' other 'relay=none, .*a\.test'
ok 'indeed' sh -c "! grep -q SRV '$T/questions'"

cf_set "$I/etc/main.cf" 'allow_srv_lookup_fallback = yes
ignore_srv_lookup_error = yes'
must 'reload' instance_reload "$I"
ends 'without a record MX counts, if that is allowed' mx "relay=none, .*connect to h2\.test\[${V}2\]:587: Connection refused"
ends 'and without host as well' nohost "relay=none, .*connect to h2\.test\[${V}2\]:587: Connection refused"
ends 'a failure is ignored, if that is allowed' sf "relay=none, .*connect to h2\.test\[${V}2\]:587: Connection refused"
done_testing
