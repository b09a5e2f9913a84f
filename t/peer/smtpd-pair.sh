# smtpd-pair.sh - the same conversations with the peer's smtpd and with ours;
# sourced by t/peer/smtpd-*.t and milter.t after peer.sh
#
#   smtpd_pair LINES           the peer in $T/peer and ours in $T/ours, with these
#                              lines in both main.cf; not started, and nobody
#                              delivers what they take
#   smtpd_pair_talks FOLDER    one service of each for each FOLDER/NAME.talk, with
#                              the options that its lines "#-o" name; leaves
#                              $talks, the names, or the one in $only; what
#                              talk_prepare makes of it in $T/NAME.talk, and both
#                              ports in $T/NAME.ports
#   smtpd_pair_start
#   smtpd_pair_same NAME       what both said, $T/NAME.peer and $T/NAME.ours, is
#                              the same, and so is what log_shape leaves of their
#                              logs from "disconnect" (or $said_all) back

peer_log=$T/peer/log/maillog our_log=$T/ours/log/mail.log

smtpd_pair() {
	pair_lines="myhostname = peer.example
mydomain = peer.example
mail_name = Postfix
myorigin = peer.example
mydestination = peer.example, localhost
mynetworks = 127.0.0.0/8
local_recipient_maps =
alias_maps =
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
disable_dns_lookups = yes
$1"
	peer_new peer "$pair_lines"
	instance_new "$T/ours"
	cf_set "$T/ours/etc/main.cf" "$pair_lines"
	sed -i '/^qmgr/d' "$T/peer/etc/master.cf" "$T/ours/etc/master.cf"
}

talk_prepare() { cat; }

smtpd_pair_service() {	# smtpd_pair_service SIDE PORT TALK
	{
		echo "127.0.0.1:$2 inet n - n - - smtpd"
		sed -n 's/^#-o \(.*\)/  -o { \1 }/p' "$3"
	} >>"$T/$1/etc/master.cf"
}

smtpd_pair_talks() {
	pair_folder=$1 talks=
	# shellcheck disable=SC2046
	set -- $(free_ports $((2 * $(ls "$pair_folder"/*.talk | wc -l))))
	for talk in "$pair_folder"/*.talk; do
		name=$(basename "$talk" .talk)
		[ -z "${only-}" ] || [ "$only" = "$name" ] || continue
		talks="$talks $name"
		talk_prepare <"$talk" >"$T/$name.talk"
		echo "$1 $2" >"$T/$name.ports"
		smtpd_pair_service peer "$1" "$T/$name.talk"
		smtpd_pair_service ours "$2" "$T/$name.talk"
		shift 2
	done
}

smtpd_pair_start() {
	must "the peer's instance starts" peer_start peer
	must 'our instance starts' instance_start "$T/ours" </dev/null
}

smtpd_pair_same() {
	ok "$1: the replies are the same" diff "$T/$1.peer" "$T/$1.ours"
	wait_for 3 grep -q "${said_all-disconnect}" "$peer_log"
	wait_for 3 grep -q "${said_all-disconnect}" "$our_log"
	log_shape <"$peer_log" >"$T/$1.peer.log"
	log_shape <"$our_log" >"$T/$1.ours.log"
	ok "$1: the log lines are the same" diff "$T/$1.peer.log" "$T/$1.ours.log"
}
