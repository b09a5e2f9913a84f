# params.awk - share/parameters.tsv -> params_gen.h (struct params) and
# params_table.c (params_rows, params_defaults, params_dynamic). Run by make;
# OUT is the output directory, DIRS the file with "name directory" lines that
# replace @name@ in defaults.
#
# Rows of class removed and function are not parameters and are skipped. The
# default is the one of the level that mail_version states (column 13, where
# "=" means column 2 and "-" means the name is newer, so column 2 holds).
#
# Defaults without a $ are converted here, once, into the constant
# params_defaults; params_dynamic lists the rows whose default has to be
# worked out by every process that starts.

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
	print "/* Generated from share/parameters.tsv. */" > H
	print "#ifndef LIB_CONF_PARAMS_GEN_H\n#define LIB_CONF_PARAMS_GEN_H\n" > H
	print "#include <stdbool.h>\n\nstruct params {" > H
	print "/* Generated from share/parameters.tsv. */" > C
	print "#include <stddef.h>\n\n#include \"lib/conf/params.h\"\n" > C
	print "const struct params_row params_rows[] = {" > C
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
	if (type == "string" || type == "raw")
		return quote(s)
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
	printf "\t{ %s, %s, %s, PARAMS_%s, PARAMS_%s, %s, %s, offsetof(struct params, %s) },\n", \
	    quote($1), quote(def), quote($14), kind[$3], toupper($9), min, max, member > C
	if ($3 != "raw" && (index(def, "$") > 0 || $12 == "runtime" || $1 == "config_directory"))
		dynamic = dynamic "\t" n + 0 ",\t/* " $1 " */\n"
	if ($3 == "string" || $3 == "raw" || index(def, "$") == 0)
		defaults = defaults "\t." member " = " constant(def, $3) ",\n"
	n++
}

END {
	print "};\n\n#endif" > H
	print "};\n\nconst unsigned params_row_count = " n ";" > C
	print "\nconst struct params params_defaults = {\n" defaults "};" > C
	print "\nconst unsigned short params_dynamic[] = {\n" dynamic "};" > C
	print "\nconst unsigned params_dynamic_count =\n    sizeof(params_dynamic) / sizeof(params_dynamic[0]);" > C
}
