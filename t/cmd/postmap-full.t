#!/bin/sh
# postmap: a full disk is named as such, with the table, and costs nothing
. "$(dirname "$0")/../lib.sh"
[ "$(id -u)" = 0 ] || skip_all 'mounting a small file system needs root'

mkdir "$T/conf" "$T/small"
echo 'compatibility_level = 3.6' >"$T/conf/main.cf"
export MAIL_CONFIG="$T/conf"
mount -t tmpfs -o size=1m,mode=755 none "$T/small" 2>/dev/null || skip_all 'cannot mount a tmpfs'
unmount() { umount "$T/small"; }
on_exit unmount
cd "$T/small" || exit 1

seq 200 | sed 's/.*/key& old/' >few
seq 40000 | sed 's/.*/key& new/' >"$T/many"
keys=$(seq -f key%.0f 1 200)
source_is() { ln -sf "$1" t; }

# fill BLOCKS: all the space but so many blocks is taken
fill() {
	dd if=/dev/zero of=ballast bs=4k 2>/dev/null
	truncate -s "-$(($1 * 4096))" ballast
}

for type in gdbm lmdb cdb; do
	source_is few; postmap $type:t
	source_is "$T/many"
	for blocks in 0 1 6; do
		fill $blocks
		for how in '' -r -i -ir -d; do
			case $type$how$blocks in cdb-[id]*|*-d6) continue ;; esac
			[ "$how" = -d ] && set -- -d key100 || set -- $how
			(at_once postmap "$@" $type:t <"$T/many") >"$T/said" 2>&1
			is "$type, $blocks blocks, $how: status 1" $? 1
			like "$type, $blocks blocks, $how: what and why" "$(tail -n 1 "$T/said")" \
			    "^postmap: fatal: .*t(\\.$type\\.tmp)?: No space left on device\$"
			is "$type, $blocks blocks, $how: all is there still" \
			    "$(echo "$keys" | postmap -q - $type:t | grep -c 'old$')" 200
		done
		is "$type, $blocks blocks: nothing is left over" "$(ls | tr '\n' ' ')" "ballast few t t.$type "
		rm ballast
	done
	rm t.$type
done
done_testing
