# params_docs.awk - share/parameters.tsv -> params_docs_table.c. Run by make;
# OUT is the file to write. Offsets into one array of text, as in params.awk.

BEGIN {
	FS = "\t"
	print "/* Generated from share/parameters.tsv. */" > OUT
	print "#include \"lib/conf/params_docs.h\"\n" > OUT
	print "const struct params_doc params_docs[] = {" > OUT
}

function text(s,	plain) {
	if (s in known)
		return known[s]
	plain = s
	gsub(/\\[\\tn]/, "x", plain)
	known[s] = size + 0
	size += length(plain) + 1
	gsub(/"/, "\\\"", s)
	texts = texts "\t\"" s "\\0\"\n"
	return size - length(plain) - 1
}

NR == 1 || $9 == "function" { next }
{
	printf "\t{ %d, %d, %d, %d, %d, %d, %d, %d },\n", text($1), text($3), \
	    text($6), text($8), text($9), text($10), text($11), text($14) > OUT
	n++
}

END {
	print "};\n\nconst unsigned params_docs_count = " n ";" > OUT
	print "\nconst char params_docs_text[] =\n" texts ";" > OUT
}
