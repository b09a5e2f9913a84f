#!/bin/sh
# postcat: the output of a real Postfix for every golden queue file
. "$(dirname "$0")/../lib.sh"

data=$PH_SRC/t/data/queue
show() {	# show OPTION FILE: output, [stderr] and [exit N] as in the data
	postcat $1 "$2" >"$T/out" 2>"$T/err"
	rc=$?
	cat "$T/out"
	if [ -s "$T/err" ]; then echo '[stderr]'; cat "$T/err"; fi
	[ $rc = 0 ] || echo "[exit $rc]"
}

for dir in "$data"/*/; do
	case=$(basename "$dir")
	cd "$dir" || exit 1
	for file in *; do
		case $file in *.*) continue ;; esac
		bad=
		for view in '' -e -h -b -vod -vrod; do
			want=postcat$view.txt
			[ -f "$want" ] || continue
			# Where the real one loops for ever there is no end to compare.
			grep -aq '^\[does not stop' "$want" && continue
			show "$view" "$file" >"$T/got"
			cmp -s "$want" "$T/got" || {
				bad="$bad postcat$view"
				diff -a "$want" "$T/got" | head -20 | sed 's/^/#   /'
			}
		done
		is "$case reads as there" "$bad" ''
	done
done
ok 'an unfinished file does not hold postcat -e' \
    timeout 5 postcat -e "$data/bad-size-zero/0BEEFA84052"
ok 'nor does a pointer to itself with -v' \
    fails_with 1 timeout 20 postcat -v "$data/bad-pointer-loop/0BEEFA84024"
done_testing
