# completions.awk - share/options.tsv and share/parameters.tsv -> completions
#
#   awk -v SHELL_NAME=bash|zsh|fish -f completions.awk options.tsv parameters.tsv
#
# One file a shell serves every command. An option's argument is one of the
# words of its sixth column, or a file. postconf also completes names of
# parameters, as operands and after --explain and --who-uses.

BEGIN {
	FS = "\t"
	q = "'"
}

FNR == 1 { next }
FILENAME ~ /parameters/ {
	if ($9 == "builtin")
		names = names " " $1
	next
}
{
	if (!($1 in words))
		commands[++command_count] = $1
	n++
	command[n] = $1; short[n] = $2; long[n] = $3; argument[n] = $4
	help[n] = $5; values[n] = $6
	words[$1] = words[$1] ($3 != "" ? " --" $3 : " -" $2)
	if ($6 == "" && $4 != "")
		takes[$1] = takes[$1] ($3 != "" ? "|--" $3 : "|-" $2)
}

# Text for single quotes of a shell.
function quoted(s) {
	gsub(q, q "\\" q q, s)
	return s
}

function bash(	i) {
	print "# Completion for the commands of the mail system. Generated."
	print "_posthorn_parameters=" q substr(names, 2) q
	print "_posthorn() {"
	print "\tlocal command=${1##*/} word=$2 before=$3 words= files="
	print "\tCOMPREPLY=()"
	print "\tcase $command in"
	print "\tmailq|newaliases) command=sendmail ;;"
	print "\tesac"
	print "\tcase $command:$before in"
	print "\tpostconf:--explain|postconf:--who-uses)"
	print "\t\tCOMPREPLY=($(compgen -W \"$_posthorn_parameters\" -- \"$word\"))"
	print "\t\treturn ;;"
	for (i = 1; i <= n; i++)
		if (values[i] != "") {
			print "\t" command[i] ":" (long[i] != "" ? "--" long[i] : "-" short[i]) ")"
			print "\t\tCOMPREPLY=($(compgen -W " q values[i] q " -- \"$word\"))"
			print "\t\treturn ;;"
		}
	for (i = 1; i <= command_count; i++)
		if (commands[i] in takes) {
			split(substr(takes[commands[i]], 2), list, "|")
			line = ""
			for (j = 1; j in list; j++)
				line = line (line == "" ? "" : "|") commands[i] ":" list[j]
			print "\t" line ")"
			print "\t\tCOMPREPLY=($(compgen -f -- \"$word\"))"
			print "\t\treturn ;;"
			delete list
		}
	print "\tesac"
	print "\tcase $command in"
	for (i = 1; i <= command_count; i++)
		print "\t" commands[i] ") words=" q substr(words[commands[i]], 2) q " ;;"
	print "\tesac"
	print "\tcase $command:$word in"
	print "\t*:-*) COMPREPLY=($(compgen -W \"$words\" -- \"$word\")) ;;"
	print "\tpostconf:*=*) ;;"
	print "\tpostconf:*) COMPREPLY=($(compgen -W \"$_posthorn_parameters\" -- \"$word\")) ;;"
	print "\t*) COMPREPLY=($(compgen -f -- \"$word\")) ;;"
	print "\tesac"
	print "}"
	line = "complete -F _posthorn"
	for (i = 1; i <= command_count; i++)
		line = line " " commands[i]
	print line " mailq newaliases"
}

function zsh_spec(i,	spec, name) {
	name = long[i] != "" ? "--" long[i] : "-" short[i]
	spec = help[i]
	gsub(/[][\\:]/, "\\\\&", spec)
	spec = name "[" spec "]"
	if (argument[i] != "") {
		if (command[i] == "postconf" && (long[i] == "explain" || long[i] == "who-uses"))
			spec = spec ":" argument[i] ":(" substr(names, 2) ")"
		else if (values[i] != "")
			spec = spec ":" argument[i] ":(" values[i] ")"
		else
			spec = spec ":" argument[i] ":_files"
	}
	return "\t    " q "*" quoted(spec) q
}

function zsh(	i, j, line) {
	line = "#compdef"
	for (i = 1; i <= command_count; i++)
		line = line " " commands[i]
	print line " mailq=sendmail newaliases=sendmail"
	print "# Completion for the commands of the mail system. Generated."
	print "case $service in"
	for (i = 1; i <= command_count; i++) {
		print commands[i] ")"
		print "\t_arguments -s \\"
		for (j = 1; j <= n; j++)
			if (command[j] == commands[i])
				print zsh_spec(j) " \\"
		print "\t    " q "*:operand:" (commands[i] == "postconf" ? "(" substr(names, 2) ")" : "_files") q
		print "\t;;"
	}
	print "esac"
}

function fish(	i, line) {
	print "# Completion for the commands of the mail system. Generated."
	print "set -g __posthorn_parameters" names
	for (i = 1; i <= n; i++) {
		line = "complete -c " command[i]
		if (long[i] != "")
			line = line " -l " long[i]
		if (short[i] != "" && length(short[i]) == 1)
			line = line " -s " (short[i] == "#" ? q "#" q : short[i])
		else if (short[i] != "")
			line = line " -o " short[i]
		if (argument[i] != "")
			line = line " -r"
		if (command[i] == "postconf" && (long[i] == "explain" || long[i] == "who-uses"))
			line = line " -f -a " q "$__posthorn_parameters" q
		else if (values[i] != "")
			line = line " -f -a " q values[i] q
		print line " -d " q quoted(help[i]) q
	}
	print "complete -c postconf -f -a " q "$__posthorn_parameters" q
	print "complete -c mailq -w sendmail"
	print "complete -c newaliases -w sendmail"
}

END {
	if (SHELL_NAME == "bash")
		bash()
	else if (SHELL_NAME == "zsh")
		zsh()
	else
		fish()
}
