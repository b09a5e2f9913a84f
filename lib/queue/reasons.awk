# reasons.awk - share/reasons.tsv -> reason_table.c, the built-in classification.
# Run by make; OUT is the output file.

function quote(s) {
	gsub(/\\/, "&&", s)
	gsub(/"/, "\\\"", s)
	return "\"" s "\""
}

BEGIN {
	FS = "\t"
	print "/* Generated from share/reasons.tsv. */" > OUT
	print "#include \"lib/queue/queue_reason.h\"\n" > OUT
	print "const struct queue_reason_row queue_reason_rows[] = {" > OUT
}

NR == 1 || $0 == "" { next }
{
	printf "\t{ %s, %s, %s, %s, %s },\n", quote($1), quote($2), \
	    quote($3), quote($4), quote($5) > OUT
	n++
}

END {
	print "};\nconst unsigned queue_reason_row_count = " n ";" > OUT
}
