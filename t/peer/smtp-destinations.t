#!/bin/sh
# smtp: which hosts are asked, in which order, and what is said when none takes it
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
. "$(dirname "$0")/smtp-pair.sh"
pair_network

cat >"$T/zone" <<E
a.test MX 10 h1.test
soft.test MX 10 h2.test
soft.test MX 20 h1.test
softsoft.test MX 10 h2.test
softsoft.test MX 20 h2.test
hard.test MX 10 h3.test
hard.test MX 20 h1.test
rude.test MX 10 h4.test
rude.test MX 20 h1.test
busy.test MX 10 h5.test
busy.test MX 20 h2.test
gone.test MX 10 h6.test
gone.test MX 20 h1.test
gone2.test MX 10 h6.test
gone2.test MX 20 h6.test
closed.test MX 10 h99.test
closed.test MX 20 h1.test
closed2.test MX 10 h99.test
closed2.test MX 20 h98.test
many.test MX 1 h91.test
many.test MX 2 h92.test
many.test MX 3 h93.test
many.test MX 4 h94.test
many.test MX 5 h95.test
many.test MX 6 h96.test
many.test MX 7 h1.test
plain.test A 127.0.1.1
noaddr.test TXT hi
null.test MX 0 .
null2.test MX 10 .
null2.test MX 20 h1.test
sf.test SERVFAIL
refused.test REFUSED
mxnx.test MX 10 nx.test
mxnx2.test MX 10 nx.test
mxnx2.test MX 20 h1.test
mxsf.test MX 10 sf.test
mxsf2.test MX 10 sf.test
mxsf2.test MX 20 h1.test
mxnoaddr.test MX 10 noaddr.test
mxcname.test MX 10 alias.test
mxip.test MX 10 127.0.1.1
mxbad.test MX 10 b-.test
mxlocal.test MX 10 localhost.test
localhost.test A 127.0.0.1
alias.test CNAME plain.test
aliasmx.test CNAME a.test
own.test MX 10 own-host.test
own2.test MX 10 own-host.test
own2.test MX 20 h1.test
own3.test MX 10 h1.test
own3.test MX 20 own-host.test
own4.test MX 10 h2.test
own4.test MX 20 own-host.test
own4.test MX 30 h1.test
own5.test MX 10 h1.test
own5.test MX 10 own-host.test
ownplain.test A 127.0.0.1
own-host.test A 127.0.0.1
name.test MX 10 h7.test
name2.test MX 10 h7.test
name2.test MX 20 h1.test
twice.test MX 10 h1.test
twice.test MX 20 h1.test
two.test MX 10 two-hosts.test
two-hosts.test A 127.0.1.2
two-hosts.test A 127.0.1.6
nullrev.test MX 20 h1.test
nullrev.test MX 10 .
both2.test A 127.0.1.2
sfhost.test SERVFAIL
dual.test A 127.0.1.98
dual.test A 127.0.1.99
dual.test AAAA fd00::98
dual.test AAAA fd00::99
dualmx.test MX 10 h98.test
dualmx.test MX 10 h99.test
dualmx.test MX 20 v98.test
dualmx.test MX 20 v99.test
v98.test AAAA fd00::98
v99.test AAAA fd00::99
$(for x in ehlo5:8 ehlo4:9 helo:10 mail5:11 mail4:12 data4:13 dot4:14 dot5:15 dotgone:16 mixed:17; do echo "${x%:*}.test MX 10 h${x#*:}.test"; echo "${x%:*}.test MX 20 h1.test"; done)
mail4two.test MX 10 h12.test
mail4two.test MX 20 h12.test
mxbad2.test MX 10 b-.test
mxbad2.test MX 20 h1.test
mxunder.test MX 10 h_1.test
h_1.test A 127.0.1.1
mxdash.test MX 10 -b.test
E
for i in $(seq 17) 91 92 93 94 95 96 98 99; do echo "h$i.test A 127.0.1.$i"; done >>"$T/zone"
cat >"$T/hosts" <<'E'
@EHLO PIPELINING
220 ok|250 ok|250 ok|450 4.2.1 wait
220 ok|250 ok|250 ok|550 5.1.1 no
554 5.3.2 go away
220 ok|421 4.3.2 busy
220 ok|250 ok|CLOSE
220 here.example ESMTP|250 here.example
220 ok ESMTP|550 5.7.1 no|550 5.7.1 no helo
220 ok ESMTP|450 4.7.1 no|450 4.7.1 no helo
220 ok ESMTP|502 what|250 ok|250 ok|250 ok|354 go|250 done
220 ok|250 ok|550 5.7.1 no sender
220 ok|250 ok|450 4.7.1 no sender
220 ok|250 ok|250 ok|250 ok|451 4.3.0 no data
220 ok|250 ok|250 ok|250 ok|354 go|451 4.3.0 no dot
220 ok|250 ok|250 ok|250 ok|354 go|551 5.3.0 no dot
220 ok|250 ok|250 ok|250 ok|354 go|CLOSE
@EHLO ?two=450 4.2.1 not two ?three=550 5.1.1 not three
E
F='smtp_fallback_relay ='
cat >"$T/cases" <<EOT
- ; > a.test ; short ; -
- ; > soft.test ; short ; -
- ; > softsoft.test ; short ; -
- ; > hard.test ; short ; -
- ; > rude.test ; short ; -
smtp_skip_5xx_greeting = no ; > rude.test ; short ; -
- ; > busy.test ; short ; -
- ; > gone.test ; short ; -
- ; > gone2.test ; short ; -
- ; > closed.test ; short ; -
- ; > closed2.test ; short ; -
- ; > many.test ; short ; -
smtp_mx_address_limit = 0 ; > many.test ; short ; -
smtp_mx_address_limit = 1 ; > closed.test ; short ; -
smtp_mx_session_limit = 1 ; > soft.test ; short ; -
smtp_mx_session_limit = 1 ; > gone.test ; short ; -
smtp_mx_session_limit = 1 ; > rude.test ; short ; -
smtp_mx_session_limit = 1 ; > busy.test ; short ; -
smtp_mx_session_limit = 1 ; > closed.test ; short ; -
smtp_mx_session_limit = 0 ; > gone2.test ; short ; -
smtp_mx_session_limit = 1 | $F [h1.test] ; > soft.test ; short ; -
smtp_mx_session_limit = 2 | $F [h1.test] ; > soft.test ; short ; -
- ; > plain.test ; short ; -
- ; > noaddr.test ; short ; -
- ; > nx.test ; short ; -
- ; > null.test ; short ; -
- ; > null2.test ; short ; -
- ; > sf.test ; short ; -
- ; > refused.test ; short ; -
ignore_mx_lookup_error = yes ; > sf.test ; short ; -
- ; > mxnx.test ; short ; -
- ; > mxnx2.test ; short ; -
- ; > mxsf.test ; short ; -
- ; > mxsf2.test ; short ; -
- ; > mxnoaddr.test ; short ; -
smtp_defer_if_no_mx_address_found = yes ; > mxnx.test ; short ; -
smtp_defer_if_no_mx_address_found = yes ; > mxnoaddr.test ; short ; -
- ; > mxcname.test ; short ; -
- ; > mxip.test ; short ; -
- ; > mxbad.test ; short ; -
- ; > mxlocal.test ; short ; -
- ; > alias.test ; short ; -
- ; > aliasmx.test ; short ; -
- ; > own.test ; short ; -
- ; > own2.test ; short ; -
- ; > own3.test ; short ; -
- ; > own4.test ; short ; -
- ; > own5.test ; short ; -
- ; > ownplain.test ; short ; -
- ; > [ownplain.test] ; short ; -
- ; > own.test:26 ; short ; -
- ; > a.test:26 ; short ; -
- ; > name.test ; short ; -
- ; > name2.test ; short ; -
- ; > [h7.test] ; short ; -
- ; > twice.test ; short ; -
- ; > two.test ; short ; -
best_mx_transport = discard:best ; > own.test ; short ; -
best_mx_transport = discard:best ; > own3.test ; short ; -
best_mx_transport = discard:best ; > name.test ; short ; -
best_mx_transport = local ; > ownplain.test ; short ; -
$F [h1.test] ; > nx.test ; short ; -
$F [h1.test] ; > null.test ; short ; -
$F [h1.test] ; > own.test ; short ; -
$F [h1.test] ; > own4.test ; short ; -
$F [h1.test] ; > name.test ; short ; -
$F [h1.test] ; > sf.test ; short ; -
$F [h1.test] ; > mxnx.test ; short ; -
$F [h1.test] ; > hard.test ; short ; -
$F [h1.test] ; > rude.test ; short ; -
$F [h1.test] ; > closed2.test ; short ; -
$F a.test ; > closed2.test ; short ; -
$F nx.test, a.test ; > closed2.test ; short ; -
$F closed2.test, [h2.test], [h1.test] ; > sf.test ; short ; -
$F own.test, [h1.test] ; > closed2.test ; short ; -
$F own3.test ; > closed2.test ; short ; -
$F null.test, [h1.test] ; > closed2.test ; short ; -
$F [h3.test], [h1.test] ; > closed2.test ; short ; -
$F nx.test ; > closed2.test ; short ; -
$F null.test ; > closed2.test ; short ; -
$F sf.test ; > closed2.test ; short ; -
$F [h1.test] ; > refused.test ; short ; -
$F [h1.test:25 ; > closed2.test ; short ; -
- ; > closed2.test, a.test ; short ; -
- ; > nx.test, a.test ; short ; -
- ; > own.test, a.test ; short ; -
- ; > null.test, a.test ; short ; -
- ; > hard.test, a.test ; short ; -
- ; > soft.test:nosuch ; short ; -
- ; > [h1.test ; short ; -
- ; > [127.0.1.1] ; short ; -
- ; > 127.0.1.1 ; short ; -
- ; > [nx.test] ; short ; -
- ; > [sf.test] ; short ; -
- ; > [noaddr.test] ; short ; -
- ; > [alias.test] ; short ; -
- ; > [null.test] ; short ; -
smtp_host_lookup = native ; > [native.test] ; short ; -
smtp_host_lookup = native ; > [h1.test] ; short ; -
smtp_host_lookup = native ; > native.test ; short ; -
smtp_host_lookup = native ; > a.test ; short ; -
smtp_host_lookup = dns ; > [native.test] ; short ; -
smtp_host_lookup = dns, native ; > [native.test] ; short ; -
smtp_host_lookup = dns, native ; > [h1.test] ; short ; -
smtp_host_lookup = native, dns ; > [both.test] ; short ; -
smtp_host_lookup = dns, native ; > [nx.test] ; short ; -
smtp_host_lookup = native ; > [nx.test] ; short ; -
smtp_host_lookup = native ; > nx.test ; short ; -
smtp_dns_support_level = disabled ; > a.test ; short ; -
smtp_dns_support_level = disabled ; > native.test ; short ; -
smtp_dns_support_level = disabled ; > nx.test ; short ; -
smtp_dns_support_level = enabled ; > a.test ; short ; -
lmtp_tcp_port = 25 ; > inet:h1.test ; short ; -
lmtp_tcp_port = 25 ; > a.test ; short ; -
lmtp_tcp_port = 25 ; > [h1.test] ; short ; -
lmtp_tcp_port = 24 ; > unix:$T/no-socket ; short ; -
lmtp_tcp_port = 25 ; > inet:nx.test ; short ; -
- ; > name.test:25 ; short ; -
- ; > [127.0.0.1] ; short ; -
- ; > 127.0.0.1 ; short ; -
- ; > own4.test, a.test ; short ; -
- ; > nullrev.test ; short ; -
smtp_host_lookup = native ; > [both2.test] ; short ; -
smtp_host_lookup = dns, native ; > [both2.test] ; short ; -
smtp_host_lookup = native, dns ; > [both2.test] ; short ; -
smtp_host_lookup = dns ; > [both2.test] ; short ; -
smtp_host_lookup = native ; > [sf.test] ; short ; -
smtp_host_lookup = native ; > [refused.test] ; short ; -
smtp_host_lookup = native ; > [noaddr.test] ; short ; -
smtp_host_lookup = native, dns ; > [sfhost.test] ; short ; -
smtp_host_lookup = dns, native ; > [sf.test] ; short ; -
smtp_host_lookup = native ; > mxnx.test ; short ; -
smtp_host_lookup = native ; > mxsf.test ; short ; -
- ; > mxbad2.test ; short ; -
- ; > mxunder.test ; short ; -
- ; > mxdash.test ; short ; -
inet_protocols = all | smtp_mx_address_limit = 1 | smtp_address_preference = ipv6 ; > [dual.test] ; short ; -
inet_protocols = all | smtp_mx_address_limit = 1 | smtp_address_preference = ipv4 ; > [dual.test] ; short ; -
inet_protocols = all | smtp_mx_address_limit = 2 | smtp_address_preference = ipv4 ; > [dual.test] ; short ; -
inet_protocols = all | smtp_mx_address_limit = 2 | smtp_address_preference = ipv6 ; > [dual.test] ; short ; -
inet_protocols = all | smtp_mx_address_limit = 2 | smtp_address_preference = ipv4 | smtp_balance_inet_protocols = no ; > [dual.test] ; short ; -
inet_protocols = all | smtp_mx_address_limit = 3 | smtp_address_preference = ipv6 ; > dualmx.test ; short ; -
inet_protocols = all | smtp_mx_address_limit = 2 | smtp_address_preference = ipv6 ; > dualmx.test ; short ; -
inet_protocols = all | smtp_mx_address_limit = 2 | smtp_address_preference = ipv4 ; > dualmx.test ; short ; -
inet_protocols = all | smtp_mx_address_limit = 1 | smtp_address_preference = ipv6 ; > dualmx.test ; short ; -
inet_protocols = all | smtp_address_preference = ipv6 ; > nx.test ; short ; -
inet_protocols = all | smtp_address_preference = ipv4 ; > noaddr.test ; short ; -
inet_protocols = all | smtp_address_preference = ipv4 ; > mxnx.test ; short ; -
inet_protocols = all | smtp_address_preference = ipv4 ; > sf.test ; short ; -
inet_protocols = all | smtp_address_preference = ipv4 ; > plain.test ; short ; -
inet_protocols = all ; > dual.test ; short ; -
- ; > ehlo5.test ; short ; -
- ; > ehlo5.test, a.test ; short ; -
$F [h1.test] ; > ehlo5.test ; short ; -
$F [h7.test] ; > closed2.test ; short ; -
$F [h8.test] ; > closed2.test ; short ; -
$F [h8.test], [h1.test] ; > closed2.test ; short ; -
$F [h4.test], [h1.test] ; > closed2.test ; short ; -
$F ehlo5.test ; > nx.test ; short ; -
$F own.test | best_mx_transport = discard:best ; > closed2.test ; short ; -
lmtp_fallback_relay = [nx.test] | lmtp_tcp_port = 25 ; > inet:h99.test ; short ; -
- ; > ehlo4.test ; short ; -
- ; > closed2.test, name.test ; short ; -
- ; > name.test, closed2.test ; short ; -
best_mx_transport = discard:best ; > closed2.test, own.test ; short ; -
- ; > helo.test ; short ; -
- ; > mail5.test ; short ; -
- ; > mail4.test ; short ; -
- ; > mail4two.test ; short ; -
$F [h1.test] ; > mail4.test ; short ; -
- ; > data4.test ; short ; -
- ; > dot4.test ; short ; -
- ; > dot5.test ; short ; -
- ; > dotgone.test ; short ; -
- ; > mixed.test ; short ; -f snd@x.example one two three four
$F [h1.test] ; > mixed.test ; short ; -f snd@x.example one two three four
EOT
pair_cases "$T/cases"
pair_services
ip addr add fd00::98/128 dev lo
ip addr add fd00::99/128 dev lo
echo '127.0.1.1 native.test both.test both2.test sfhost.test' >"$T/etc.hosts"
pair_run 'disable_dns_lookups = no
smtp_randomize_addresses = no'
# Where the peer dies of a nexthop, or tells the name of another parameter or of a
# function, we say more.
told() { sed 's/lmtp_fallback/smtp_fallback/' "$1" | grep -v '^fatal:\|valid_hostname\|^c[0-9]*: .*(mail system configuration error: \|^warning: c[0-9]*: \(missing\|unknown service\)' | sort; }
is 'the same is logged' "$(told "$T/peer.log" >"$T/a"; told "$T/ours.log" | diff "$T/a" -)" ''
is 'and the same is sent' "$(diff -r "$T/peer.hosts" "$T/ours.hosts")" ''
ok 'all of it' test "$(grep -c status= "$T/ours.log")" -ge "$pair_count"
done_testing
