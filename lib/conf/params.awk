# params.awk - share/parameters.tsv -> params_gen.h (struct params) and
# params_table.c (params_rows). Run by make; OUT is the output directory.
#
# Rows of class removed and function are not parameters and are skipped. The
# default is the one of the level that mail_version states (column 13, where
# "=" means column 2 and "-" means the name is newer, so column 2 holds).

BEGIN {
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

NR == 1 { next }
$9 == "removed" || $9 == "function" { next }
{
	member = $1
	gsub(/[^A-Za-z0-9_]/, "_", member)
	if (member ~ /^[0-9]/)
		member = "p_" member
	def = ($13 == "=" || $13 == "-") ? $2 : substr($13, 2)
	min = $4 == "" ? 0 : $4
	max = $5 == "" ? 0 : $5
	printf "\t%s%s;\t/* %s */\n", ctype[$3], member, $14 > H
	printf "\t{ %s, %s, %s, PARAMS_%s, PARAMS_%s, %s, %s, offsetof(struct params, %s) },\n", \
	    quote($1), quote(def), quote($14), kind[$3], toupper($9), min, max, member > C
	n++
}

END {
	print "};\n\n#endif" > H
	print "};\n\nconst unsigned params_row_count = " n ";" > C
}
