#!/bin/sh
# lint.sh - the picture in the design stays true: who may include whom
#
# cmd and daemon include lib; a room of lib includes only itself and rooms
# below it; loadable modules stand on their room, never the room on them; a role
# includes only itself, serve, cleanup, rewrite and role.h.
# Each header compiles on its own, each source file says what it is and its
# licence, each folder has a README; the notes on parameters have their form.
set -u
cd "$(dirname "$0")/.." || exit 1
bad=0

complain() {
	echo "lint: $*" >&2
	bad=1
}

rank() {
	case $1 in
	base) echo 1 ;; conf) echo 2 ;; mail) echo 3 ;; net) echo 4 ;;
	ipc) echo 5 ;; table) echo 6 ;; queue) echo 7 ;; *) echo 0 ;;
	esac
}

arrows=$(grep -rn '^#include "' lib daemon cmd --include='*.[ch]' |
    sed 's/^\([^:]*\):\([0-9]*\):#include "\([^"]*\)".*/\1 \2 \3/')

while read -r file line target; do
	[ -n "$file" ] || continue
	from=${file%%/*} to=${target%%/*}
	rest=${file#*/}; room=${rest%%/*}
	rest=${target#*/}; troom=${rest%%/*}
	case $from/$to in
	lib/lib)
		case $file:$target in
		lib/table/module/*:lib/table/module/*) ;;
		*:lib/table/module/*) complain "$file:$line: only modules may include $target" ;;
		esac
		[ "$(rank "$troom")" -le "$(rank "$room")" ] ||
		    complain "$file:$line: lib/$room may not include $target" ;;
	cmd/lib|daemon/lib)
		case $target in
		lib/table/module/*) complain "$file:$line: only modules may include $target" ;;
		esac ;;
	cmd/cmd)
		[ "$room" = "$troom" ] ||
		    complain "$file:$line: cmd/$room may not include $target" ;;
	daemon/daemon)
		case $troom in
		"$room"|serve|cleanup|rewrite|role.h) ;;
		*) complain "$file:$line: daemon/$room may not include $target" ;;
		esac ;;
	*) complain "$file:$line: $from may not include $target" ;;
	esac
done <<EOF
$arrows
EOF

for h in $(find lib daemon cmd -name '*.h'); do
	echo "#include \"$h\"" |
	    ${CC:-cc} -std=gnu17 -D_GNU_SOURCE -I. -I"${O:-build}/gen" -fsyntax-only -x c - ||
	    complain "$h does not compile on its own"
done
for c in $(find lib daemon cmd t -name '*.c'); do
	head -n 1 "$c" | grep -q '^/[*]' || complain "$c has no opening comment"
	grep -q 'SPDX-License-Identifier: ISC' "$c" || complain "$c has no licence line"
done
for d in lib $(find lib -mindepth 1 -type d) daemon daemon/*/ cmd cmd/*/ share t t/*/; do
	[ -f "$d/README.md" ] || complain "$d has no README.md"
done
LC_ALL=C awk -F'\t' '
	function bad(why) { print "lint: " FILENAME ":" FNR ": " why; n++ }
	FILENAME ~ /tsv$/ {
		known[$1] = 1
		if (FNR > 1 && $9 != "removed" && $9 != "function")
			wanted[$1] = 1
		next
	}
	/^#/ { next }
	/^[^\t]/ {
		if (!($1 in known)) bad("no such parameter: " $1)
		if (last != "" && "" $1 <= "" last) bad($1 " stands behind " last)
		if (last != "" && !sentences) bad("nothing is said of " last)
		last = $1; sentences = examples = 0
		delete wanted[$1]
		next
	}
	/^\t> / { examples++; if (!/^\t> [A-Za-z0-9_]+ =/) bad("no example"); next }
	{ sentences++ }
	!/^\t[^ \t].*[.]$/ { bad("not one sentence behind a tab") }
	examples { bad("a sentence behind an example") }
	END {
		for (name in wanted)
			bad("no entry for " name)
		exit n > 0
	}' share/parameters.tsv share/parameters-notes.txt >&2 ||
    complain 'share/parameters-notes.txt has faults'
if command -v mandoc >/dev/null; then
	mandoc -Tlint -Wwarning share/man/man*/* "${O:-build}/man/postconf.5" >&2 || complain 'a manual page has faults'
fi
exit $bad
