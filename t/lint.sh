#!/bin/sh
# lint.sh - the picture in the design stays true: who may include whom
#
# cmd and daemon include lib; a room of lib includes only itself and rooms
# below it; loadable modules stand on their room, never the room on them; a role
# includes only itself, serve, cleanup and role.h.
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
	ipc) echo 5 ;; table) echo 6 ;; route) echo 7 ;; queue) echo 8 ;; *) echo 0 ;;
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
		"$room"|serve|cleanup|role.h) ;;
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

# Every command and every role has a manual page, which names each option and
# refers to pages that are there: ours, or one of the system's named here.
page() { find share/man -name "$1.[158]" | grep -q .; }
for name in $(ls cmd | grep -v README) $(sed -n 's/^	\.name = "\([a-z-]*\)",.*/\1/p' daemon/*/*.c); do
	case $name in dnsblog|postscreen|tlsproxy) continue ;; esac	# until these roles are whole
	page "$name" || complain "$name has no manual page"
done
LC_ALL=C awk -F'\t' '
	FILENAME ~ /tsv$/ { if (FNR > 1) { n++; cmd[n] = $1; short[n] = $2; long[n] = $3 } next }
	FNR == 1 { page = FILENAME; sub(/.*\//, "", page); sub(/\.1$/, "", page) }
	{ gsub(/Fl Fl /, "Fl -"); gsub(/\\&/, "") }
	{ for (i = split($0, w, " "); i > 1; i--) if (w[i - 1] ~ /^[.]?Fl$/) has[page, w[i]] = 1 }
	/^.Xr postmap 1 .$/ && page == "postalias" { refers[page] = 1 }
	END {
		for (i = 1; i <= n; i++) {
			if (short[i] != "" && !((cmd[i], short[i]) in has))
				bad("-" short[i])
			if (long[i] != "" && !((cmd[i], "-" long[i]) in has) && !refers[cmd[i]])
				bad("--" long[i])
		}
		exit found
	}
	function bad(option) { print "lint: " cmd[i] ".1 does not name " option; found = 1 }
    ' share/options.tsv share/man/man1/* >&2 || bad=1
grep -ho '^\.Xr [^ ]* [0-9]' share/man/man*/* | sort -u | while read -r _ name section; do
	case $name.$section in syslog.3|strftime.3|regex.7|tar.1) continue ;; esac
	[ -e "share/man/man$section/$name.$section" ] || echo "$name($section)"
done >"${O:-build}/missing-pages"
[ ! -s "${O:-build}/missing-pages" ] ||
    complain "manual pages refer to what is not there: $(tr '\n' ' ' <"${O:-build}/missing-pages")"
if command -v mandoc >/dev/null; then
	mandoc -Tlint -Wwarning share/man/man*/* "${O:-build}/man/postconf.5" >&2 || complain 'a manual page has faults'
fi
exit $bad
