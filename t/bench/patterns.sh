#!/bin/bash
# patterns.sh - pcre and regexp tables of 10,000 patterns, Posthorn and Debian's postfix in one run
#
#   patterns.sh [PATTERNS]
#
# Lookups per second of one process, half of them hits, without the time to
# read the table; and that both systems gave the same answers. Kinds of
# patterns: addresses (plain text in each), headers (plain text behind a
# wildcard), choices (one of two texts); and without plain text: classes (of
# one or two characters), wide (their first characters are alike, too).
set -u
. "$(dirname "$0")/setup.sh"
mkdir "$W/conf"
printf 'compatibility_level = 3.6\n' >"$W/conf/main.cf"
count=${1:-10000}

patterns() {	# patterns KIND
	perl -e 'my ($kind, $n) = @ARGV; for (1 .. $n) { my $i = sprintf "%05d", $_; print
	    $kind eq "addresses" ? "/^user$i\@example\\.com\$/" :
	    $kind eq "headers" ? "/^Subject:.*cheap pills $i/" :
	    $kind eq "choices" ? "/^(alice$i|robert$i)\@(x|y)/" :
	    $kind eq "classes" ? "/^" . join("", map { $_ == 9 ? "[$_]" : "[$_" . ($_ + 1) . "]" } split //, $i) . "[a-z]/" :
	    "/^[a-z][0-9]{" . (7 + $_ % 90) . "}[a-z]{" . int($_ / 90) . "}[-_]/", " r$i\n" }' "$1" "$count"
}
keys() {	# keys KIND COUNT
	perl -e 'my ($kind, $n, $keys) = @ARGV; srand 1; for (1 .. $keys) {
	    my $i = sprintf "%05d", 1 + rand $n; print $_ % 2 ? "somebody.else\@nowhere.example.org" :
	    $kind eq "addresses" ? "user$i\@example.com" :
	    $kind eq "headers" ? "Subject: buy cheap pills $i now" :
	    $kind eq "choices" ? "robert$i\@x.example" : $kind eq "classes" ? $i . "x" :
	    "x" . "1" x (7 + $i % 90) . "y" x int($i / 90) . "-", "\n" }' "$1" "$count" "$2"
}

# seconds SYSTEM TABLE KEYS: the best of three wall times; answers in $W/answers.SYSTEM
seconds() { for _ in 1 2 3; do once "$@"; done | sort -n | head -n 1; }
once() {
	(
	if [ "$1" = ours ]; then
		export MAIL_CONFIG=$W/conf PATH=$PH_BIN:$PATH
	else
		eval "$(bash "$PEER_SETUP" env "$PEER_CACHE")"
	fi
	perl -MTime::HiRes=time -e 'my ($in, $out, @cmd) = @ARGV; my $t = time;
	    if (!(my $pid = fork)) { open STDIN, "<", $in; open STDOUT, ">", $out; exec @cmd } else { waitpid $pid, 0 }
	    printf "%.6f\n", time - $t' "$3" "$W/answers.$1" postmap -q - "$2"
	)
}

printf '%-24s %14s %14s %8s\n' "lookups per second" Posthorn "Debian's" ratio
for kind in addresses headers choices classes wide; do
	patterns $kind >"$W/table"
	keys $kind 1 >"$W/one"
	keys $kind 200 >"$W/few"
	keys $kind 20000 >"$W/many"
	[ $kind != wide ] || cp "$W/few" "$W/many"
	for type in pcre regexp; do
		t=$type:$W/table
		a=$(seconds ours "$t" "$W/one")
		b=$(seconds ours "$t" "$W/many")
		once ours "$t" "$W/few" >/dev/null
		c=$(seconds peer "$t" "$W/one")
		d=$(once peer "$t" "$W/few")
		cmp -s "$W/answers.ours" "$W/answers.peer" && same= || same='  ANSWERS DIFFER'
		awk -v n="$type, $kind" -v s="$same" -v keys="$(wc -l <"$W/many")" -v a="$a" -v b="$b" -v c="$c" -v d="$d" 'BEGIN {
			o = (keys - 1) / (b - a); p = 199 / (d - c)
			printf "%-24s %12.0f/s %12.0f/s    x%.1f%s\n", n, o, p, o / p, s }'
	done
done
