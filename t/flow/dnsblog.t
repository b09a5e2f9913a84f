#!/bin/sh
# dnsblog: one question to one DNS list, over the wire that postscreen uses
. "$(dirname "$0")/../lib.sh"
cat >"$T/zone" <<'Z'
2.2.0.127.bl.test A 127.0.0.2
2.2.0.127.many.test A 127.0.0.4
2.2.0.127.many.test A 127.0.0.10
2.2.0.127.txt.test TXT nothing but words
2.2.0.127.sad.test SERVFAIL
9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.test A 127.0.0.6
Z
timeout 300 dns-responder -f "$T/zone" -l "$T/questions" >"$T/dns" & dns=$!
stop_dns() { kill $dns 2>/dev/null; }
on_exit stop_dns
wait_for 5 test -s "$T/dns"
I=$T/inst
must 'an instance is made' instance_new "$I" "posthorn_dns_servers = 127.0.0.1:$(cat "$T/dns")"
cat >>"$I/etc/master.cf" <<'M'
dnsblog unix - - n - 0 dnsblog
slow unix - - n - 0 dnsblog -o dnsblog_reply_delay=1
M
must 'and started' instance_start "$I"

asks() {	# asks SERVICE DOMAIN ADDRESS
	perl "$PH_SRC/t/ask-attrs.pl" -q "$I/spool/private/$1" "rbl_domain=$2" "client_address=$3" label=7
}
says() { echo "rbl_domain=$1 | client_address=$2 | label=7 | rbl_addr=$3 | ttl=$4"; }
never=4294967295
is 'a client that is listed' "$(asks dnsblog bl.test 127.0.2.2)" "$(says bl.test 127.0.2.2 127.0.0.2 60)"
is 'for more than one reason' "$(asks dnsblog many.test 127.0.2.2)" "$(says many.test 127.0.2.2 '127.0.0.4 127.0.0.10' 60)"
is 'an IPv6 client' "$(asks dnsblog bl.test 2001:db8::9)" "$(says bl.test 2001:db8::9 127.0.0.6 60)"
is 'a client that is not listed' "$(asks dnsblog bl.test 127.0.2.3)" "$(says bl.test 127.0.2.3 '' $never)"
is 'a record of another type lists nobody' "$(asks dnsblog txt.test 127.0.2.2)" "$(says txt.test 127.0.2.2 '' $never)"
is 'a list that is out of order lists nobody' "$(asks dnsblog sad.test 127.0.2.2)" "$(says sad.test 127.0.2.2 '' $never)"
is 'nor does nonsense' "$(asks dnsblog bl.test x)" "$(says bl.test x '' $never)"
is 'the resolver was asked for the reversed address' "$(head -1 "$T/questions")" '2.2.0.127.bl.test A'
ok 'the log says who is listed' instance_logged "$I" 'dnsblog\[[0-9]+\]: addr 127\.0\.2\.2 listed by domain many\.test as 127\.0\.0\.10$'
ok 'and which list does not answer' instance_logged "$I" 'dnsblog\[[0-9]+\]: warning: dnsblog_query: lookup error for DNS query 2\.2\.0\.127\.sad\.test: Host or domain name not found\. Name service error for name=2\.2\.0\.127\.sad\.test type=A: Host not found, try again$'

begin=$(date +%s%N)
asks slow bl.test 127.0.2.3 >/dev/null
ok 'dnsblog_reply_delay makes it slow' test $((($(date +%s%N) - begin) / 1000000)) -ge 1000
is 'a request without a client gets no reply' "$(perl "$PH_SRC/t/ask-attrs.pl" -q "$I/spool/private/dnsblog" rbl_domain=bl.test)" EOF
ok 'and a warning' wait_for 5 instance_logged "$I" 'dnsblog\[[0-9]+\]: warning: incomplete request'
is 'the service goes on' "$(asks dnsblog bl.test 127.0.2.2)" "$(says bl.test 127.0.2.2 127.0.0.2 60)"
done_testing
