#!/bin/sh
# smtp: what a table makes of DNS replies (smtp_dns_reply_filter), and which
# names are completed (smtp_dns_resolver_options)
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
. "$(dirname "$0")/smtp-pair.sh"
pair_network

cat >"$T/zone" <<E
a.test MX 10 h1.test
two.test MX 10 h2.test
two.test MX 20 h1.test
plain.test A 127.0.1.1
alias.test CNAME plain.test
six.test A 127.0.1.1
six.test AAAA fd00::98
h1.test A 127.0.1.1
h2.test A 127.0.1.2
low.sub.test A 127.0.1.1
mail.sub.test MX 10 h1.test
E
cat >"$T/hosts" <<'E'
@EHLO PIPELINING
@EHLO
E
R='smtp_dns_reply_filter = regexp:'
cat >"$T/cases" <<EOT
${R}{{/^/ IGNORE}} ; > a.test ; short ; -
${R}{{/^/ ignore}} ; > plain.test ; short ; -
${R}{{/ MX / IGNORE}} ; > a.test ; short ; -
${R}{{/ A / IGNORE}} ; > a.test ; short ; -
${R}{{/h2.test/ IGNORE}} ; > two.test ; short ; -
${R}{{/ A+ / IGNORE}} ; > two.test ; short ; -
${R}{{/AAAA/ IGNORE}} ; > six.test ; short ; -
${R}{{/^six.test. [0-9]+ IN AAAA fd00/ IGNORE}} ; > six.test ; short ; -
${R}{{/^two.test. [0-9]+ IN MX 10 h2.test./ IGNORE}} ; > two.test ; short ; -
${R}{{/^h1.test. [0-9]+ IN A 127.0.1.1/ IGNORE}} ; > a.test ; short ; -
${R}{{/CNAME/ IGNORE}} ; > alias.test ; short ; -
${R}{{/^plain/ IGNORE}} ; > alias.test ; short ; -
${R}{{/(.*)/ WARN x}} ; > a.test ; short ; -
${R}{{/^/ REJECT no}} ; > plain.test ; short ; -
${R}{{/^/ IGNORE because}} ; > plain.test ; short ; -
smtp_dns_reply_filter = fail:x ; > a.test ; short ; -
smtp_dns_reply_filter = static:OK ; > [h1.test] ; short ; -
lmtp_dns_reply_filter = regexp:{{/^/ IGNORE}} ; > inet:h1.test ; short ; -
smtp_dns_reply_filter = static:IGNORE | smtp_host_lookup = dns, native ; > native.test ; short ; -
smtp_dns_reply_filter = static:IGNORE | smtp_host_lookup = native ; > [plain.test] ; short ; -
- ; > low ; short ; -
- ; > plain ; short ; -
smtp_dns_resolver_options = res_defnames ; > low ; short ; -
smtp_dns_resolver_options = res_defnames ; > plain ; short ; -
smtp_dns_resolver_options = res_defnames ; > mail ; short ; -
smtp_dns_resolver_options = res_defnames ; > none ; short ; -
smtp_dns_resolver_options = res_dnsrch ; > low ; short ; -
smtp_dns_resolver_options = res_dnsrch ; > plain ; short ; -
smtp_dns_resolver_options = res_dnsrch ; > low.sub ; short ; -
smtp_dns_resolver_options = res_defnames ; > low.sub ; short ; -
smtp_dns_resolver_options = res_defnames, res_dnsrch ; > plain ; short ; -
smtp_dns_resolver_options = res_defnames res_dnsrch ; > [low] ; short ; -
smtp_dns_resolver_options = res_dnsrch res_defnames ; > low.sub ; short ; -
smtp_dns_resolver_options = res_dnsrch res_defnames ; > none.sub ; short ; -
smtp_dns_resolver_options = res_dnsrch res_defnames | smtp_dns_reply_filter = regexp:{{/^low.sub.test/ IGNORE}} ; > low ; short ; -
lmtp_dns_resolver_options = res_dnsrch res_defnames ; > inet:low ; short ; -
EOT
pair_cases "$T/cases"
pair_services
echo 'search sub.test test' >>"$T/resolv.conf"
ip addr add fd00::98/128 dev lo
echo '127.0.1.1 native.test' >"$T/etc.hosts"
pair_run 'disable_dns_lookups = no
smtp_address_preference = ipv4
smtp_randomize_addresses = no'
is 'the same is logged' "$(diff "$T/peer.log" "$T/ours.log")" ''
is 'and the same is sent' "$(diff -r "$T/peer.hosts" "$T/ours.hosts")" ''
ok 'all of it' test "$(grep -c status= "$T/ours.log")" -ge "$pair_count"
done_testing
