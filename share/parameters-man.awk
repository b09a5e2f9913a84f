# parameters-man.awk - share/man/man5/postconf.5 with the list of parameters
#
#   awk -v DIRS=dirs -f parameters-man.awk UNREAD parameters-notes.txt \
#       parameters.tsv postconf.5
#
# The line ".\" @PARAMETERS@" of the page becomes one entry a row of the
# registry. UNREAD lists the names that no program reads. DIRS holds "name directory" lines that replace @name@ in defaults.

BEGIN {
	while ((getline line < DIRS) > 0) {
		split(line, f, " ")
		dir[f[1]] = f[2]
	}
	FS = "\t"
	unit["m"] = "minutes"; unit["h"] = "hours"; unit["d"] = "days"
	unit["w"] = "weeks"
	kind["bool"] = kind["nbool"] = "yes or no"
	kind["int"] = kind["nint"] = kind["long"] = "number"
}

# Plain text as a line of mdoc text.
function plain(s) {
	gsub(/\\/, "\\e", s)
	gsub(/^[.']/, "\\\\\\&&", s)
	return s
}

# Text as one argument of a macro.
function quoted(s) {
	gsub(/"/, "\"\"", s)
	return "\"\\&" s "\""
}

# Text of our table, which has C's escapes.
function text(s) {
	gsub(/\\\\/, "\\", s)
	gsub(/\\[tn]/, " ", s)
	gsub(/  +/, " ", s)
	sub(/ +$/, "", s)
	return plain(s)
}

function place(s,	name) {
	while (match(s, /@[a-z]+@/)) {
		name = substr(s, RSTART + 1, RLENGTH - 2)
		s = substr(s, 1, RSTART - 1) dir[name] substr(s, RSTART + RLENGTH)
	}
	return s
}

function value_kind(	s, u) {
	if ($3 == "time") {
		u = substr(def, length(def))
		s = "time, in " (u in unit ? unit[u] : "seconds") " without a unit"
	} else
		s = ($3 in kind) ? kind[$3] : ""
	if ($3 != "string" && $3 != "raw") {
		if ($4 != "" && $4 != 0)
			s = s ", at least " $4
		if ($5 != "" && $5 != 0)
			s = s ", at most " $5
	} else if ($4 != "" && $4 != 0)
		s = "text that may not be empty"
	if ($3 == "raw")
		s = s (s == "" ? "" : ", ") "its references are expanded where it is used"
	return s == "" ? "" : s "; "
}

function readers(	n, list, i, s) {
	if ($1 in unread)
		return "no program of this version"
	if ($10 == "all" || $10 == "")
		return "every program"
	n = split($10, list, ",")
	for (i = 1; i <= n; i++)
		s = s (i == 1 ? "" : i == n ? " and " : ", ") list[i]
	return s
}

function history(	n, list, i, part, s) {
	n = split($8, list, ";")
	for (i = 1; i <= n; i++) {
		split(list[i], part, ":")
		if (part[1] == "renamed")
			s = s "The old name of " part[3] ".\n"
		else if (part[1] == "deprecated")
			s = s "Deprecated since " part[2] ".\n"
		else if (part[1] == "ignored")
			s = s "Without effect since " part[2] ".\n"
		else if (part[1] == "removed")
			s = s "Removed in " part[2] ".\n"
	}
	return s
}

# A note as mdoc: sentences, then what to write into main.cf.
function note(s,	n, lines, i, out) {
	n = split(s, lines, "\n")
	for (i = 1; i < n; i++)
		if (lines[i] ~ /^> /)
			out = out ".Dl \\&" plain(substr(lines[i], 3)) "\n"
		else
			out = out plain(lines[i]) "\n"
	return out
}

FILENAME ~ /unread$/ { unread[$1] = 1; next }
FILENAME ~ /notes\.txt$/ {
	if (/^[^#\t]/)
		name = $1
	else if (/^\t/)
		notes[name] = notes[name] substr($0, 2) "\n"
	next
}
FILENAME ~ /parameters\.tsv$/ {
	if (FNR == 1 || $9 == "removed" || $9 == "function")
		next
	def = place(($13 == "=" || $13 == "-") ? $2 : substr($13, 2))
	what = value_kind() "read by " readers() "; since " $6
	page = page ".It Va " $1 " No " (def == "" ? "(empty)" : \
	    length($1 def) < 60 ? "= " quoted(text(def)) : "=") "\n"
	if (length($1 def) >= 60)
		page = page ".Dl \\&" text(def) "\n"
	page = page text($14) ".\n" toupper(substr(what, 1, 1)) \
	    substr(what, 2) ".\n" history()
	if ($1 in notes)
		page = page ".Pp\n" note(notes[$1])
	next
}

/@PARAMETERS@/ {
	print ".Bl -tag -width Ds"
	printf "%s", page
	print ".El"
	next
}
{ print }
