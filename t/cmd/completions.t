#!/bin/sh
# share/options.tsv, from which completions are made, says what the commands say
. "$(dirname "$0")/../lib.sh"
table=$PH_SRC/share/options.tsv
made=${PH_BIN%/bin}/completions

is 'each row has five fields, or six, and a text' "$(awk -F'\t' 'NF < 5 || NF > 6 || $5 == "" || ($2 == "" && $3 == "")' "$table")" ''
is 'no option is there twice' "$(cut -f1-3 "$table" | sort | uniq -d)" ''
for name in $(cut -f1 "$table" | sed 1d | sort -u); do
	[ -x "$PH_BIN/$name" ] || { result 1 "$name is a command"; continue; }
	awk -F'\t' -v c="$name" '$1 == c && $3 != "" { print "--" $3 }' "$table" | sort -u >"$T/table"
	# In an example only what stands behind the command itself is its own.
	timeout 10 "$name" --help </dev/null 2>/dev/null | sed "s/^.*| $name /$name /" | grep -oE -- '(^|[^-A-Za-z])--[a-z][a-z0-9-]*' |
	    sed 's/^[^-]//' | sort -u >"$T/help"
	# "<": only in --help, so add a row; ">": only in the table.
	is "$name: --help and the table name the same long options" "$(diff "$T/help" "$T/table" | grep '^[<>]')" ''
done

# complete WORDS...: what bash offers for the last word
complete_bash() {
	bash -c '
		. "$1"; shift
		command=$1; word=${!#}; before=${@:$#-1:1}
		_posthorn "$command" "$word" "$before"
		printf "%s\n" "${COMPREPLY[@]}"' bash "$made/posthorn.bash" "$@"
}
if command -v bash >/dev/null; then
	is 'bash: an option' "$(complete_bash postconf --li)" --lint
	is 'bash: a parameter' "$(complete_bash postconf --explain alias_d)" alias_database
	is 'bash: the name of a setting' "$(complete_bash postconf -e recipient_del)" recipient_delimiter
	like 'bash: an option of another command' "$(complete_bash postmap --verif)" '^--verify$'
	is 'bash: the values of an option' "$(complete_bash postmap --explain can)" canonical
fi
ok 'zsh: every command is named' sh -c '
	for c in $(cut -f1 "$1" | sed 1d | sort -u); do
		head -n 1 "$2" | grep -qw -- "$c" && grep -q "^$c)" "$2" || exit 1
	done' sh "$table" "$made/posthorn.zsh"
is 'fish: one line an option' "$(grep -c '^complete -c [a-z-]* -[los]' "$made/posthorn.fish")" \
    "$(sed 1d "$table" | wc -l)"

if command -v fish >/dev/null; then
	# complete_fish LINE: what fish offers, without the descriptions
	complete_fish() {
		HOME=$T fish --no-config -c "source '$made/posthorn.fish'; complete -C '$1'" 2>&1 | cut -f1 | tr '\n' ' '
	}
	is 'fish: an option' "$(complete_fish 'postconf --li')" '--lint '
	is 'fish: a parameter' "$(complete_fish 'postconf --explain alias_d')" 'alias_database '
	is 'fish: the name of a setting' "$(complete_fish 'postconf -e recipient_del')" 'recipient_delimiter '
	is 'fish: the values of an option' "$(complete_fish 'postmap --format ')" 'csv jsonl text '
	like 'fish: another name of a command' "$(complete_fish 'mailq -b')" '-bp '
fi
if command -v zsh >/dev/null && command -v tmux >/dev/null; then
	. "$(dirname "$0")/term.sh"
	mkdir "$T/fn"
	cp "$made/posthorn.zsh" "$T/fn/_posthorn"
	printf '%s\n' "fpath=('$T/fn' \$fpath)" 'autoload -Uz compinit' "compinit -u -d '$T/dump'" "PS1='ready> '" >"$T/home/.zshrc"
	term_open 100 40 zsh -i
	shows 'zsh starts' '^ready>'
	# zsh_completes SENTENCE LINE REGEX: what is on the screen after TAB
	zsh_completes() {
		term_keys C-u C-l
		term_keys -l "$2"
		term_keys Tab
		shows "zsh: $1" "$3"
	}
	zsh_completes 'an option' 'postconf --li' '^ready> postconf --lint'
	zsh_completes 'a parameter' 'postconf --explain alias_d' '^ready> postconf --explain alias_database'
	zsh_completes 'the name of a setting' 'postconf recipient_del' '^ready> postconf recipient_delimiter'
	zsh_completes 'the values of an option' 'postmap --explain can' '^ready> postmap --explain canonical'
	zsh_completes 'options with their descriptions' 'mailq -b' '-bp .*-- '
fi
done_testing
