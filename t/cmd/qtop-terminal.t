#!/bin/sh
# qtop: terminals of all kinds, and hostile text
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/spool.sh"
. "$(dirname "$0")/term.sh"

spool_new "$T/a" 'hash_queue_depth = 1'
"$PH_SRC/t/fill-queue.pl" "$T/a/spool" 300 5 || exit 1
# What strangers can write: escapes, C1, marks that turn the line, no UTF-8, NUL.
evil=$(printf 'evil\033]0;pwned\a\033[2J\302\23331m\342\200\256gnp\377')
perl -e 'my ($evil, $now) = @ARGV; sub r { $_[0] . chr(length $_[1]) . $_[1] }
    print r("T", "$now 0") . r("S", "$evil\@bad.example") . r("R", "r$evil\@bad.example") .
        r("M", "") . r("N", "Subject: $evil\0x") . r("N", "") . r("N", "$evil") . r("X", "") . r("E", "")' \
    "$evil" "$(date +%s)" >"$T/a/spool/deferred/E/EEEE0001"
printf '<r>: x\nrecipient=r%s@bad.example\noffset=9\nstatus=4.0.0\naction=delayed\nreason=said %s\n\n' "$evil" "$evil" \
    >"$T/a/spool/defer/E/EEEE0001"
printf 'no queue file' >"$T/a/spool/deferred/E/EEEE0002"
chmod 700 "$T/a/spool/deferred/E/EEEE0001" "$T/a/spool/deferred/E/EEEE0002"
spool_own "$T/a"
total=302

# All that goes to the terminal, byte by byte, ends up in the typescript.
term_open 100 24 script -qfec 'qtop --select bad.example' "$T/typescript"
shows 'the hostile message is there' 'evil.x1'
term_keys Enter
shows 'open, too' 'sender +<evil\\x1b\]0;pwned\\x07'
for tab in 1 2 3 4 5 6 7; do term_keys Tab; done
shows 'all its tabs' '\[Log\]'
term_keys q 5
shows 'in reasons' '\[5 Reasons\]'
term_keys l l Down Down Enter
shows 'drilled' 'filter: '
term_keys q
shows 'its end' '^exit 0'
is 'no title was set' "$(LC_ALL=C grep -ac "$(printf '\033]0;pwned')" "$T/typescript")" 0
is 'no direction was turned' "$(LC_ALL=C grep -ac "$(printf '\342\200\256')" "$T/typescript")" 0
is 'no C1 was sent' "$(LC_ALL=C grep -ac "$(printf '\302\233')" "$T/typescript")" 0

# Resizing while everything goes on.
term_open 80 24 qtop
for size in '40 10' '200 60' '20 6' '9 3' '132 43' '80 24'; do term_size ${size% *} ${size#* }; done
shows 'resizing at any time' " $total of $total"
shows 'damaged files are shown as such' ' live '
term_keys '\' 'is damaged' Enter
shows 'and can be asked for' 'EEEE0002'
term_close
term_open 80 24 sh -c 'set -m; qtop; echo "stopped: $?" >stopped; fg %1; echo "over: $?"'
shows 'it runs as a job' " $total of $total"
term_keys C-z
shows 'it comes back after ^Z' " $total of $total"
wait_for 10 test -s "$T/stopped"
is 'it had stopped' "$(cat "$T/stopped")" 'stopped: 148'
term_keys q
shows 'and ends' 'over: 0'
term_close

# A crash leaves a terminal that works.
term_open 80 24 sh -c 'stty -a >before; sh -c "echo \$\$ >pid; exec qtop"; stty -a >after; echo "back again"'
shows 'it runs' " $total of $total"
kill -SEGV "$(cat "$T/pid")"
shows 'after a crash the screen is there again' 'back again'
wait_for 10 test -s "$T/after"
is 'and the terminal as it was' "$(cat "$T/after")" "$(cat "$T/before")"
term_close
term_open 80 24 sh -c 'stty -a >before; sh -c "echo \$\$ >pid; exec qtop"; stty -a >after; echo "back again"'
shows 'it runs again' " $total of $total"
kill -TERM "$(cat "$T/pid")"
shows 'a signal ends it well' 'back again'
is 'the terminal as it was, too' "$(cat "$T/after")" "$(cat "$T/before")"

# Terminals that cannot.
term_type=unknown
term_open 80 24 qtop
shows 'an unknown terminal is refused' '^exit 64'
like 'by name' "$(cat "$T/err")" "terminal type 'unknown' is not known"
term_type=screen
ok 'without a terminal it is refused' fails_with 64 qtop </dev/null
like 'with a hint' "$(qtop 2>&1 </dev/null | cat)" 'must be a terminal; --batch needs none'

# Characters.
term_locale=C
term_open 80 24 qtop
shows 'a terminal without UTF-8' " $total of $total"
term_keys x
shows 'has plain frames' '^[^|]*\+-+ '
is 'and nothing else' "$(term_screen | LC_ALL=C grep -c '[^ -~]')" 0
term_locale=C.UTF-8
term_close
term_env=NO_COLOR=1 term_open 80 24 sh -c 'NO_COLOR=1 exec qtop'
shows 'without colours it works' " $total of $total"
is 'and has none' "$(term capture-pane -pe | LC_ALL=C grep -c "$(printf '\033')\[[0-9;]*[34][0-7]m")" 0
term_close

# Settings and themes.
mkdir -p "$T/home/.config/posthorn"
printf 'cursor = black,green,bold\n' >"$T/home/.config/posthorn/mine.theme"
printf 'theme = mine\ncolumns = id, sender\npreview = on\n' >"$T/home/.config/posthorn/qtop"
term_open 80 24 qtop
shows 'settings are read' '^ ID +Sender *$'
term_keys S
shows 'themes of ones own' 'theme +mine'
term_keys Enter
shows 'can be changed' 'theme +default'
term_keys Escape
wait_for 10 grep -q '^theme = default' "$T/home/.config/posthorn/qtop"
is 'and are kept' "$(sed -n 's/^theme = //p' "$T/home/.config/posthorn/qtop")" default
term_keys : 'save mine2' Enter
shows 'an empty filter has no name' 'there is no filter to save'
term_keys '\' 'class = throttle' Enter
shows 'a filter' 'filter: class = throttle'
term_keys : 'save slow' Enter
shows 'has one' 'saved: @slow'
term_keys Escape Escape '\' C-u '@slow' Enter
shows 'that can be used' 'filter: @slow'
term_close
printf 'theme = mine\nnonsense = 1\n' >"$T/home/.config/posthorn/qtop"
like 'a wrong line is named' "$(HOME=$T/home qtop --batch 2>&1)" "qtop:2: cannot set 'nonsense' to '1'"
rm "$T/home/.config/posthorn/qtop"

# The mouse, as terminals report it.
term_open 80 24 qtop
shows 'rows to click on' " $total of $total"
term_keys 3
shows 'domains' 'Recipient domain'
click() {	# click COLUMN ROW, from 0
	term_keys -H 1b 5b 4d 20 $(printf '%x %x' $(($1 + 33)) $(($2 + 33)))
	term_keys -H 1b 5b 4d 23 $(printf '%x %x' $(($1 + 33)) $(($2 + 33)))
}
click 2 1
shows 'a click on a screen goes there' '\[1 Overview\]'
click 16 1
shows 'and on another' '\[2 Messages\]'
click 18 2
shows 'on a title: sorted by it' ' Age-| Age +'
term_keys S
shows 'a menu' 'Setup'
click 30 9
click 30 9
shows 'a double click chooses there, too' 'look again after +5 s'
term_keys Escape
click 75 23
shows 'on the key bar: what the key does' '^exit 0'
term_close

done_testing
