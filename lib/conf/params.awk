# params.awk - share/parameters.tsv -> params_gen.h (struct params) and
# params_table.c (params_rows, params_defaults, params_dynamic). Run by make;
# OUT is the output directory, DIRS the file with "name directory" lines that
# replace @name@ in defaults.
#
# Rows of class removed and function are not parameters and are skipped. The
# default is the one of the level that mail_version states (column 13, where
# "=" means column 2 and "-" means the name is newer, so column 2 holds).
#
# Defaults without a $ are converted here, once; params_dynamic lists the rows
# whose default has to be worked out by every process that starts. At its end
# stand those that need the networks of this machine, for which the kernel has
# to be asked: params_late_count of them.
#
# All text stands in one array, params_text, and rows hold offsets: a table of
# pointers would be relocated, and so copied, in every process.

BEGIN {
	FS = " "
	while ((getline line < DIRS) > 0) {
		split(line, f, " ")
		dir[f[1]] = f[2]
	}
	FS = "\t"
	H = OUT "/params_gen.h"
	C = OUT "/params_table.c"
	ctype["string"] = ctype["raw"] = "const char *"
	ctype["int"] = ctype["nint"] = ctype["time"] = "int "
	ctype["long"] = "long "
	ctype["bool"] = ctype["nbool"] = "bool "
	kind["string"] = "STRING"; kind["raw"] = "RAW"
	kind["int"] = kind["nint"] = "INT"; kind["long"] = "LONG"
	kind["time"] = "TIME"; kind["bool"] = kind["nbool"] = "BOOL"
	unit["s"] = 1; unit["m"] = 60; unit["h"] = 3600
	unit["d"] = 86400; unit["w"] = 604800
	for (i = 1; i < 128; i++)
		ord[sprintf("%c", i)] = i
	HASH = 4096
	print "/* Generated from share/parameters.tsv. */" > H
	print "#ifndef LIB_CONF_PARAMS_GEN_H\n#define LIB_CONF_PARAMS_GEN_H\n" > H
	print "#include <stdbool.h>\n\nstruct params {" > H
	print "/* Generated from share/parameters.tsv. */" > C
	print "#include <stddef.h>\n\n#include \"lib/conf/params.h\"\n" > C
	print "const struct params_row params_rows[] = {" > C
}

# Add text to params_text; the result is its offset.
function text(s,	at, plain) {
	plain = s
	gsub(/\\[\\tn]/, "x", plain)
	at = text_size
	texts = texts "\t" quote(s) "\"\\0\"\n"
	text_size += length(plain) + 1
	return at
}

# Does the default of a parameter need that of another, by whatever way?
function needs(name, other,	s, ref) {
	s = default_of[name]
	while (match(s, /\$[{(]?[a-z0-9_]+/)) {
		ref = substr(s, RSTART, RLENGTH)
		gsub(/[${(]/, "", ref)
		s = substr(s, RSTART + RLENGTH)
		if (ref == other || (ref != name && needs(ref, other)))
			return 1
	}
	return 0
}

function is_late(name) {
	return name == "mynetworks" || needs(name, "mynetworks")
}

# The same sum as in params_row_find.
function hash(name,	h, i) {
	h = 0
	for (i = 1; i <= length(name); i++)
		h = (h * 31 + ord[substr(name, i, 1)]) % HASH
	return h
}

# Field text to a C string literal: \\ \t \n are already escapes there.
function quote(s) {
	gsub(/"/, "\\\"", s)
	return "\"" s "\""
}

function place(s,	name) {
	while (match(s, /@[a-z]+@/)) {
		name = substr(s, RSTART + 1, RLENGTH - 2)
		if (!(name in dir)) {
			print "parameters.tsv: no directory for @" name "@" > "/dev/stderr"
			exit 1
		}
		s = substr(s, 1, RSTART - 1) dir[name] substr(s, RSTART + RLENGTH)
	}
	return s
}

function constant(s, type,	u) {
	if (s == "")
		return 0
	if (type == "bool" || type == "nbool")
		return s == "yes" ? "true" : "false"
	if (type == "time") {
		u = substr(s, length(s))
		return (u in unit) ? substr(s, 1, length(s) - 1) * unit[u] : s
	}
	return s
}

NR == 1 { next }
$9 == "removed" || $9 == "function" { next }
{
	member = $1
	gsub(/[^A-Za-z0-9_]/, "_", member)
	if (member ~ /^[0-9]/)
		member = "p_" member
	def = place(($13 == "=" || $13 == "-") ? $2 : substr($13, 2))
	min = $4 == "" ? 0 : $4
	max = $5 == "" ? 0 : $5
	printf "\t%s%s;\t/* %s */\n", ctype[$3], member, $14 > H
	printf "\t{ %d, %d, %d, PARAMS_%s, PARAMS_%s, %s, %s, offsetof(struct params, %s) },\n", \
	    text($1), text(def), text($14), kind[$3], toupper($9), min, max, member > C
	if ($3 != "raw" && (index(def, "$") > 0 || $12 == "runtime" || $1 == "config_directory"))
		dynamic[n + 0] = $1
	default_of[$1] = def
	if ($3 != "string" && $3 != "raw" && index(def, "$") == 0)
		constants = constants "\t." member " = " constant(def, $3) ",\n"
	n++
	for (h = hash($1); h in slot; h = (h + 1) % HASH)
		;
	slot[h] = n
}

END {
	print "};\n\n#define PARAMS_HASH_SIZE " HASH "\n\n#endif" > H
	print "};\n\nconst unsigned params_row_count = " n ";" > C
	print "\nconst char params_text[] =\n" texts ";" > C
	print "\nconst struct params params_constants = {\n" constants "};" > C
	print "\nconst unsigned short params_dynamic[] = {" > C
	for (i = 0; i < n; i++)
		if (i in dynamic && !is_late(dynamic[i]))
			print "\t" i ",\t/* " dynamic[i] " */" > C
	for (i = 0; i < n; i++)
		if (i in dynamic && is_late(dynamic[i])) {
			print "\t" i ",\t/* " dynamic[i] " */" > C
			late++
		}
	print "};\nconst unsigned params_late_count = " late ";" > C
	print "\nconst unsigned params_dynamic_count =\n    sizeof(params_dynamic) / sizeof(params_dynamic[0]);" > C
	print "\nconst unsigned short params_hash[" HASH "] = {" > C
	for (h = 0; h < HASH; h++)
		if (h in slot)
			print "\t[" h "] = " slot[h] "," > C
	print "};" > C
}
