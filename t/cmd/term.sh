# term.sh - a terminal of its own for a program; sourced after lib.sh
#
#   term_open WIDTH HEIGHT command...   start it there, with $T/home as its home
#   term_keys KEYS...                   as tmux send-keys names them
#   term_screen                         what is to be seen now
#   term_shows 'extended regex'         does a line match? (for wait_for)
#   shows 'sentence' 'regex'            passes when it comes to be seen
#   term_size WIDTH HEIGHT
#   term_close                          ends it; also done at the end
#
# Every script has a tmux server of its own. The status of the program is the
# line "exit N" on the screen when it has ended.
command -v tmux >/dev/null || skip_all 'no tmux'
term_socket=posthorn-t-$$
term_locale=C.UTF-8
term_type=screen
mkdir -p "$T/home"

term() { LC_ALL=C.UTF-8 tmux -L "$term_socket" "$@"; }

term_close() { term kill-server >/dev/null 2>&1 || :; }
on_exit term_close

term_open() {
	term_close
	term_w=$1 term_h=$2; shift 2
	{
		echo "cd '$T' || exit"
		echo "PATH='$PATH' HOME='$T/home' LC_ALL=$term_locale TZ=UTC MAIL_CONFIG='${MAIL_CONFIG-}' ${term_env-}"
		echo "export PATH HOME LC_ALL TZ MAIL_CONFIG"
		[ "$term_type" = screen ] || echo "TERM=$term_type; export TERM"
		printf "'%s' " "$@"
		echo "2>'$T/err'"
		echo 'echo "exit $?"; exec cat'
	} >"$T/run.sh"
	# A server that is going away may still hold the name.
	wait_for 10 term_start
}

term_start() {
	term -f /dev/null new-session -d -x "$term_w" -y "$term_h" "sh '$T/run.sh'"
}

term_keys() { term send-keys "$@"; }
term_screen() { term capture-pane -p; }
term_shows() { term_screen | grep -Eq -e "$1"; }
term_size() { term resize-window -x "$1" -y "$2"; }

shows() {
	if wait_for 15 term_shows "$2"; then
		result 0 "$1"
	else
		result 1 "$1"
		{ echo "no line matches: $2"; term_screen; cat "$T/err"; } | sed 's/^/#   /'
	fi
}

shows_not() {
	if wait_for 15 term_hides "$2"; then
		result 0 "$1"
	else
		result 1 "$1"
		{ echo "a line matches: $2"; term_screen; } | sed 's/^/#   /'
	fi
}
term_hides() { ! term_shows "$1"; }
