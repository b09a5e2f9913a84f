#!/bin/sh
# demo: the tour runs to its end, twice
. "$(dirname "$0")/../lib.sh"
export BIN="$PH_BIN" DEMO_DIR="$T/demo"
demo=$T/demo
[ "$(id -u)" != 0 ] || demo=$T/demo.nobody/home/demo
stop_demo() { MAIL_CONFIG="$demo/etc" postfix stop >/dev/null 2>&1; }
on_exit stop_demo
chmod 777 "$T"
ok 'it runs' sh "$PH_SRC/share/demo.sh"
cp "$T/.out" "$T/first"
like 'a mailbox is shown' "$(cat "$T/first")" '^One message, three deliveries\.'
like 'relayed mail is shown' "$(cat "$T/first")" 'to=<friend@elsewhere.example>.*status=sent'
like 'deferred mail is listed' "$(cat "$T/first")" 'later@elsewhere.example$'
ok 'and runs again over the old one' sh "$PH_SRC/share/demo.sh"
ok 'the system still runs' env MAIL_CONFIG="$demo/etc" postfix status

# Called by root it must not run what nobody could have changed.
if [ "$(id -u)" = 0 ]; then
	is "the programs stay root's" "$(find "$T/demo.nobody/bin" -user nobody | wc -l)" 0
	stop_demo
	mv "$T/demo.nobody" "$T/old"
	mkdir "$T/demo.nobody" && chown nobody "$T/demo.nobody"
	ok 'a folder that another user made is refused' fails_with 1 sh "$PH_SRC/share/demo.sh"
	ok 'and left alone' test -d "$T/demo.nobody"
fi
done_testing
