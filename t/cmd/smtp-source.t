#!/bin/sh
# smtp-source and smtp-sink: what one sends the other keeps
. "$(dirname "$0")/../lib.sh"
sink=
stop_sink() { [ -z "$sink" ] || kill "$sink" 2>/dev/null; sink=; }
on_exit stop_sink
start_sink() {	# start_sink OPTIONS...: sets port
	stop_sink; rm -f "$T/port"
	timeout 60 smtp-sink "$@" 127.0.0.1:0 100 >"$T/port" 2>"$T/sink.err" &
	sink=$!
	wait_for 5 test -s "$T/port" || return 1
	port=$(head -1 "$T/port")
}
send() { timeout 30 smtp-source "$@" "127.0.0.1:$port"; }

ok 'smtp-sink says which port it got' start_sink -D "$T/mail"
ok 'a message goes through' send -f a@b.test -t c@d.test -M me.test -S hello
like 'the envelope is kept' "$(cat "$T/mail")" '^X-Rcpt-Args: <c@d.test>'
like 'so is the subject' "$(cat "$T/mail")" '^Subject: hello'
is 'and the body' "$(grep -c 'La de da' "$T/mail")" 4

rm -f "$T/mail"
ok 'many messages in many sessions' send -s 5 -m 50 -t c@d.test
is 'all of them arrive' "$(grep -c ^X-Mail-Args "$T/mail")" 50
rm -f "$T/mail"
ok 'many messages in one session' send -d -m 20
is 'all of them arrive, too' "$(grep -c ^X-Mail-Args "$T/mail")" 20
rm -f "$T/mail"
ok 'recipients are numbered' send -r 2 -N -m 2 -t u@d.test
is 'each is another' "$(grep -c 'X-Rcpt-Args: <[1-4]u@d.test>' "$T/mail")" 4
rm -f "$T/mail"
ok 'a length is bytes of body' send -l 250 -M me.test
is 'to the byte' "$(sed '1,/^$/d; /^$/d' "$T/mail" | tr -d '\n' | wc -c | tr -d ' ')" 250
printf 'Subject: dots\n\n.\n..two\nlast' >"$T/file"
rm -f "$T/mail"
ok 'a file is sent as it is' send -F "$T/file"
is 'dots included' "$(sed '1,/^Subject: dots/d' "$T/mail" | head -4)" "$(printf '\n.\n..two\nlast')"

start_sink -f rcpt
ok 'a refusal is fatal' fails_with 1 send
start_sink --reply 'rcpt:bad@=550 5.1.1 unknown'
ok 'one recipient can be refused' fails_with 1 send -t bad@d.test
ok 'and others taken' send -t good@d.test
start_sink -L -D "$T/lmtp"
ok 'LMTP' send -L -r 3
start_sink -M 3
ok 'the sink ends after so many messages' send -m 3
ok 'by itself' wait_for 5 sh -c "! kill -0 $sink"
ok 'a bad count is refused' fails_with 1 smtp-source -m 0 "127.0.0.1:$port"
ok 'an unknown command is refused' fails_with 1 smtp-sink -f zork 127.0.0.1:0 1
done_testing
