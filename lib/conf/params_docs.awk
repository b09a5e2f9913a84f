# params_docs.awk - the registry and its notes -> params_docs_table.c. Run by
# make; OUT is the file to write. Offsets into one array of text, as in
# params.awk.
#
#   awk -v OUT=... -f params_docs.awk UNREAD parameters-notes.txt parameters.tsv
#
# UNREAD lists the names that no program reads.

BEGIN {
	FS = "\t"
	print "/* Generated from share/parameters.tsv. */" > OUT
	print "#include \"lib/conf/params_docs.h\"\n" > OUT
	print "const struct params_doc params_docs[] = {" > OUT
}

# Offset of s, which has the escapes of a C string.
function text(s,	plain) {
	if (s in known)
		return known[s]
	plain = s
	gsub(/\\[\\tn"]/, "x", plain)
	known[s] = size + 0
	size += length(plain) + 1
	texts = texts "\t\"" s "\\0\"\n"
	return size - length(plain) - 1
}

function quoted(s) {
	gsub(/"/, "\\\"", s)
	return s
}

FILENAME ~ /unread$/ { unread[$1] = 1; next }
FILENAME ~ /notes\.txt$/ {
	if (/^#/)
		next
	if (/^[^\t]/)
		name = $1
	else {
		gsub(/\\/, "&&")	# plain text, unlike the registry's
		notes[name] = notes[name] quoted(substr($0, 2)) "\\n"
	}
	next
}
FNR == 1 || $9 == "function" { next }
{
	printf "\t{ %d, %d, %d, %d, %d, %d, %d, %d, %d, %s },\n", text($1), \
	    text($3), text($6), text($8), text($9), text($10), text($11), \
	    text(quoted($14)), text(notes[$1]), \
	    ($1 in unread) ? "true" : "false" > OUT
	n++
}

END {
	print "};\n\nconst unsigned params_docs_count = " n ";" > OUT
	print "\nconst char params_docs_text[] =\n" texts ";" > OUT
}
