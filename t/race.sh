# race.sh - listings are taken and deleted while mail comes and goes; sourced after lib.sh
#
#   race_sinks              where remote.example and later.example answer: $first_port, $later_port
#   race COUNT PORT SPOOL   the test, on the instance of $MAIL_CONFIG that listens on PORT
#
# remote.example takes mail at once, so inodes and with them queue IDs are used
# again. later.example answers only in the end: its mail is deferred, and there
# swap-names gives each name to another message while the tools work.
sink= later= senders= swapper=

race_sinks() {
	first_port=$(free_port) later_port=$(free_port)
	mkdir -m 777 "$T/sink"
	on_exit race_end
}

race_end() { kill $sink $later $senders $swapper 2>/dev/null; }

race_sink() {
	cd "$T" && exec "$PH_BIN/smtp-sink" -R "$T/sink" -d "$2%M." -u "$(id -un)" "127.0.0.1:$1" 100 >>"$T/sink.out" 2>&1
}

race_send() {	# PORT COUNT PART: prints the recipients
	perl -MIO::Socket::INET -e '
		my ($port, $n, $part) = @ARGV;
		my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port) or die;
		my $say = sub { print $s "$_[0]\r\n"; my $l = <$s>; $l = <$s> while $l =~ /^\d+-/; die $l if $l !~ /^[23]/ };
		<$s>; $say->("EHLO client.example");
		for my $i (1 .. $n) {
			my $rcpt = "r$part-$i\@" . ($i & 8 ? "later" : "remote") . ".example";
			$say->("MAIL FROM:<s\@origin.example>");
			$say->("RCPT TO:<$rcpt>");
			$say->("DATA"); $say->("Subject: $i\r\n\r\nMessage $i\r\n.");
			print "$rcpt\n";
		}
		$say->("QUIT")' "$@"
}

# Some of what is there: every third by the digits of its recipient.
race_round() {
	postqueue --select 'rcpt ~ "[258]@"' --format jsonl >"$T/list" 2>/dev/null
	[ -s "$T/list" ] || return
	postsuper --delete --ids "$T/list" --yes --json >>"$T/result" 2>>"$T/errors" </dev/null
	rounds=$((rounds + 1))
}

race_recipients() { sed 's/^X-Rcpt-Args: <\([^>]*\)>.*/\1/'; }

race() {
	spool=$3
	race_sink "$first_port" f & sink=$!
	swap-names "$spool/deferred" >"$T/swapped" & swapper=$!
	for part in 1 2 3; do
		race_send "$2" $(($1 / 3)) $part >"$T/accepted.$part" & senders="$senders $!"
	done
	sending() { for p in $senders; do kill -0 "$p" 2>/dev/null && return 0; done; return 1; }
	: >"$T/result"; : >"$T/errors"
	rounds=0
	while sending; do race_round; done
	wait $senders
	quiet() { [ -z "$(find "$spool/incoming" "$spool/active" -type f)" ]; }
	wait_for 60 quiet
	race_round
	kill "$swapper"; wait "$swapper"; swapper=
	# Those after the last exchange, and then the answer that the rest waits for.
	race_round
	race_sink "$later_port" l & later=$!
	postsuper --flush --yes ALL >/dev/null 2>&1
	sort "$T"/accepted.* >"$T/accepted"
	is "$1 messages were accepted" "$(wc -l <"$T/accepted")" $(($1 / 3 * 3))
	empty() { [ -z "$(find "$spool/incoming" "$spool/active" "$spool/deferred" -type f)" ]; }
	ok 'the queue runs empty' wait_for 240 empty
	find "$T/sink" -type f -exec grep -h '^X-Rcpt-Args:' {} + | race_recipients | sort >"$T/got"
	find "$spool/trash" -type f ! -name '*.*' -exec grep -aoEh 'r[123]-[0-9]+@[a-z]+[.]example' {} + | sort -u >"$T/gone"
	sort "$T/got" "$T/gone" | uniq >"$T/known"
	deleted=$(grep -c '"result": "done"' "$T/result")
	ok "$deleted were deleted in $rounds rounds, and $(cat "$T/swapped") times two names were exchanged" \
	    [ "$deleted" -gt $(($1 / 20)) -a "$(cat "$T/swapped")" -gt 50 ]
	ok 'of some the name had become that of another: they were left alone' grep -q 'changed' "$T/result"
	is 'each deletion is in the trash' "$(wc -l <"$T/gone")" "$deleted"
	is 'no message is there that was not asked for' "$(grep -v '[258]@' "$T/gone" | head -n 3)" ''
	is 'nobody got a message twice' "$(uniq -d "$T/got" | head -n 3)" ''
	is 'every message was delivered or deleted' "$(comm -3 "$T/known" "$T/accepted" | head -n 5)" ''
	is 'all that was not to be deleted was delivered' \
	    "$(grep -v '[258]@' "$T/accepted" | comm -23 - "$T/got" | head -n 5)" ''
	is 'the tools had nothing else to say' "$(grep -Ev ': (gone|is in no queue|another message|changed)|: is gone' "$T/errors" | head -n 3)" ''
}
