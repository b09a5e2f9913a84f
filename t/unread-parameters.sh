#!/bin/sh
# unread-parameters.sh - names of share/parameters.tsv that no C source reads
#
# A name counts as read when a source says params.NAME (or params->NAME), has
# it as a string "NAME", gives it to a macro as a word of its own, or another
# parameter's default refers to it. The
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
grep -v '^proxy_' share/parameters.tsv | cut -f2,13 | grep -oE '\$[({]?[a-z0-9_]+' |
    sed 's/^\$[({]*//' | sort -u >>"$T/read"
grep -oE '"(delivery_slot|destination|extra_recipient|initial_destination|minimum_delivery|recipient_|transport_rate)[a-z_]*"' \
    -rh daemon lib --include='*.c' | tr -d '"' | sort -u |
    while read -r suffix; do grep -E "^(local|smtp|lmtp|relay|virtual|error|retry|discard|default)_$suffix\$" "$T/all"; done >>"$T/read"
LC_ALL=C sort -u "$T/read" >"$T/known"
LC_ALL=C comm -23 "$T/all" "$T/known"
