#!/bin/sh
# unread-parameters.sh - names of share/parameters.tsv that no C source reads
#
# A name counts as read when a source says params.NAME (or params->NAME), has
# it as a string "NAME", gives it to a macro as a word of its own, or the
# default of a parameter that is read refers to it. The
# lmtp_ twin of a smtp_ name counts when the sources build it from "smtp_"
# names by a table of their own, which then holds it as a string.
set -u
cd "$(dirname "$0")/.." || exit 1
T=$(mktemp -d) || exit 1
trap 'rm -rf "$T"' EXIT
find lib daemon cmd -name '*.[ch]' ! -path 'cmd/postconf/*' -exec cat {} + |
    grep -oE 'params(\.|->)[A-Za-z0-9_]+|"[$]?[a-z0-9_]+"' |
    sed -e 's/^params[.>-]*//' -e 's/["$]//g' -e 's/^p_//' | sort -u >"$T/read"
find lib daemon cmd -name '*.c' ! -path 'cmd/postconf/*' -exec cat {} + |
    grep -E '^[^*]*\b[A-Z]+\(' | grep -oE '\b[a-z][a-z0-9]*(_[A-Za-z0-9]+)+,' |
    tr -d , | sort -u >>"$T/read"
awk -F'\t' 'NR > 1 && $9 != "removed" && $9 != "function" &&
    $1 !~ /^transport_/ { print $1 }' share/parameters.tsv | LC_ALL=C sort >"$T/all"
# Per-service names are read through params_service_*; legacy names and
# others only through the defaults that refer to them (the lists of tables that
# proxymap may open name what others should read, so they do not count).
grep -oE '"(delivery_slot|destination|extra_recipient|initial_destination|minimum_delivery|recipient_|transport_rate)[a-z_]*"' \
    -rh daemon lib --include='*.c' | tr -d '"' | sort -u |
    while read -r suffix; do grep -E "^(local|smtp|lmtp|relay|virtual|error|retry|discard|default)_$suffix\$" "$T/all"; done >>"$T/read"
# What the defaults of these refer to, and what those refer to in turn.
awk -F'\t' '
	FILENAME ~ /read$/ { read[$1] = 1; next }
	$1 !~ /^proxy_/ {
		text = $2 " " $13
		while (match(text, /\$[({]?[A-Za-z0-9_]+/)) {
			name = substr(text, RSTART, RLENGTH)
			gsub(/[$({]/, "", name)
			refers[$1] = refers[$1] " " name
			text = substr(text, RSTART + RLENGTH)
		}
	}
	END {
		for (more = 1; more; )
			for (name in read) {
				more = 0
				n = split(refers[name], list, " ")
				for (i = 1; i <= n; i++)
					if (!(list[i] in read))
						more = read[list[i]] = 1
				if (more)
					break
			}
		for (name in read)
			print name
	}' "$T/read" share/parameters.tsv | LC_ALL=C sort -u >"$T/known"
LC_ALL=C comm -23 "$T/all" "$T/known"
