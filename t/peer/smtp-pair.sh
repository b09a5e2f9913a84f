# smtp-pair.sh - the same deliveries by the peer's client and by ours; sourced
# by t/peer/smtp-*.t after peer.sh
#
#   pair_cases FILE        one delivery a line:  options ; server ; message ; arguments
#   pair_run LINES         run them, with these lines in both main.cf
#   pair_network           put this script where ports, addresses, the resolver
#                          and the hosts file are its own
#
# options are those of the service in master.cf, with | between them; server is
# a line of smtp-server.pl, or "> nexthop"; message is a file of t/data/smtp, and
# arguments are sendmail's; "-" stands for none. A recipient without domain goes
# to the server of its line. Service options that begin with "lmtp" make it an
# lmtp service. "flags=DORX" is an argument of the agent; it comes last. In a network of its own, $T/hosts has servers for 127.0.1.1 and
# so on, port 25, and $T/zone the answers of its name server.
#
# Leaves $T/peer.log and $T/ours.log (what the client logged, ids and times
# left out, sorted), $T/peer.wire and $T/ours.wire, a file a line: what each
# server was told; and the same in peer.hosts and ours.hosts for those of hosts.

pair_network() {
	[ -z "${PAIR_NETWORK-}" ] || return 0
	unshare -nm true 2>/dev/null || skip_all 'no network of our own here'
	PAIR_NETWORK=yes exec unshare -nm --kill-child sh "$0"
}

pair_services() {	# the name server; set up in the network of our own
	ip link set lo up
	: >"$T/etc.hosts"
	echo 'nameserver 127.0.0.1' >"$T/resolv.conf"
	mount --bind "$T/resolv.conf" /etc/resolv.conf
	mount --bind "$T/etc.hosts" /etc/hosts
	dns-responder -f "$T/zone" -l "$T/questions" -p 53 >"$T/dns.port" &
	wait_for 5 test -s "$T/dns.port"
}

field() { printf '%s\n' "$1" | cut -d';' -f"$2" | sed 's/^ *//; s/ *$//'; }

pair_cases() {
	pair_file=$1
	pair_count=$(wc -l <"$1")
	pair_ports=$(free_ports "$pair_count"); pair_first=${pair_ports%% *}
	cut -d';' -f2 "$1" | sed 's/^ *//; s/ *$//' >"$T/servers"
	pair_maps= i=0
	: >"$T/services"
	while read -r line; do
		i=$((i + 1)) options=$(field "$line" 1) agent=smtp
		nexthop=$(field "$line" 2)
		case $options in lmtp*) agent=lmtp ;; -) options= ;; esac
		case $nexthop in ">"*) nexthop=${nexthop#> } ;; *) nexthop=[127.0.0.1]:$((pair_first + i - 1)) ;; esac
		printf 'c%s unix - - n - - %s\n' "$i" "$agent" >>"$T/services"
		[ -z "$options" ] || printf '%s\n' "$options" | sed 's/ *| */\n/g; s/^/\t-o { /; s/\n/ }\n\t-o { /g; s/$/ }/' |
		    sed 's/-o { \(flags=[^ ]*\) }/\1/' >>"$T/services"
		pair_maps="$pair_maps{c$i.example=c$i:$nexthop}, "
	done <"$1"
}

pair_submit() {	# pair_submit COMMAND...: every message, one after the other
	i=0
	while read -r line; do
		i=$((i + 1)) args=$(field "$line" 4)
		[ "$args" != - ] || args='-f snd@x.example rcpt'
		args=$(printf '%s\n' "$args" | sed "s/\\(^\\| \\)\\([a-z0-9+]*\\)\$/\\1\\2@c$i.example/; :a
		    s/ \\([a-z0-9+]*\\) \\([a-z0-9+]*@c$i\\)/ \\1@c$i.example \\2/; ta")
		"$@" $args <"$PH_SRC/t/data/smtp/$(field "$line" 3)" || echo "c$i: not submitted" >&2
	done <"$pair_file"
}

# Queue ids become the number of the line, what differs from run to run goes.
pair_log() {
	sed -n 's/^[^ ]* *[0-9]* [0-9:]* [^ ]* //p; s/^[0-9T:.+-]* [^ ]* //p' "$1" | perl -ne '
		push @lines, $_ if s{^postfix/[sl]mtp\[\d+\]: }{};
		$id{$1} = $2 if m{^([0-9A-Za-z]{6,}): (?:to=|passing )<[^>]*@(c\d+)\.example>};
		END { for (@lines) {
			s/([0-9A-Za-z]{6,})/$id{$1} || $1/ge;
			s/ delay=[^,]*, delays=[^,]*,//;
			s/\?\?id \K.*/ID/; s/Resent-Date: \K.*/DATE/; s/<\K\d{14}\.//;
			print;
		} }' | sort
}

pair_settled() {	# every message left the active queue, and all agents are done
	! find "$1"/spool/incoming "$1"/spool/active "$1"/spool/maildrop -type f | grep -q .
}

pair_side() {	# pair_side NAME LOG COMMAND...
	name=$1 log=$2; shift 2
	mkdir "$T/$name.wire" "$T/$name.hosts"
	perl "$PH_SRC/t/peer/smtp-server.pl" "$pair_first" "$T/servers" "$T/$name.wire" 2>"$T/server.err" & server=$!
	hosts=
	if [ -s "$T/hosts" ]; then
		perl "$PH_SRC/t/peer/smtp-server.pl" 127.0.1.:25 "$T/hosts" "$T/$name.hosts" 2>"$T/server.err" & hosts=$!
	fi
	wait_for 5 pair_listens || { cat "$T/server.err"; return 1; }
	pair_submit "$@"
	wait_for 20 pair_settled "$T/$name" || echo "$name: mail is left" >&2
	# What ends has logged all that it had to say.
	if [ "$name" = peer ]; then peer_stop peer; else instance_stop "$T/ours"; fi
	for pid in $server $hosts; do
		kill $(ps -o pid= --ppid $pid) $pid; wait $pid 2>/dev/null
	done
	pair_log "$log" >"$T/$name.log"
	for wire in "$T/$name".[wh]*/*; do
		[ -e "$wire" ] || continue
		perl -0pi -e 's/^Received: .*?^(?=From:)//msg; s/^DATA\r\n\K.*//ms unless /^\.\r\n/m' "$wire"
	done
	for wire in "$T/$name.hosts"/*; do	# whoever came first
		[ ! -e "$wire" ] || sort -o "$wire" "$wire"
	done
}
pair_listens() { perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new("127.0.0.1:$ARGV[0]")' $((pair_first + pair_count - 1)); }

pair_run() {
	common="compatibility_level = 3.6
myhostname = here.example
mail_name = Postfix
mydomain = here.example
myorigin = here.example
mydestination = here.example
local_recipient_maps =
smtp_dns_support_level =
lmtp_dns_support_level =
disable_dns_lookups = yes
smtp_tls_security_level =
default_transport = discard:gone
maximal_queue_lifetime = 1d
transport_maps = inline:{$pair_maps}"
	peer_new peer "$common"
	cf_set "$T/peer/etc/main.cf" "$1"
	cat "$T/services" >>"$T/peer/etc/master.cf"
	instance_new "$T/ours"
	cf_set "$T/ours/etc/main.cf" "$common"
	cf_set "$T/ours/etc/main.cf" "$1"
	cat "$T/services" >>"$T/ours/etc/master.cf"
	must "the peer's instance starts" peer_start peer
	pair_side peer "$T/peer/log/maillog" peer peer sendmail
	must 'our instance starts' instance_start "$T/ours" </dev/null
	pair_side ours "$T/ours/log/mail.log" as "$T/ours" sendmail
}
