#!/bin/sh
# install.sh - lay out a built Posthorn below $DESTDIR; run by make install
#
# Takes from the environment: DESTDIR, BIN (where the programs were built) and
# the directories sbindir bindir libexecdir mandir sharedir confdir unitdir.
# Configuration that is there already is never touched: the templates then
# stand in $sharedir/etc only. As root, with the group there, postdrop and
# postqueue become set-gid.
set -eu
cd "$(dirname "$0")"
: "${DESTDIR=}" "${BIN:?}" "${sbindir:?}" "${bindir:?}" "${libexecdir:?}"
: "${mandir:?}" "${sharedir:?}" "${confdir:?}" "${unitdir:?}"
group=${SETGID_GROUP:-postdrop}

# Commands that people call, not only administrators.
in_bin() { case $1 in mailq|newaliases|qtop) return 0 ;; esac; return 1; }

for d in "$sbindir" "$bindir" "$libexecdir" "$sharedir/etc" "$confdir" "$unitdir"; do
	install -d "$DESTDIR$d"
done
for f in "$BIN"/*; do
	name=${f##*/}
	if [ -L "$f" ]; then
		# From bin to sbin without an absolute path: DESTDIR may move.
		ln -sf "$(realpath -m --relative-to="$bindir" "$sbindir")/$(readlink "$f")" \
		    "$DESTDIR$bindir/$name"
	elif [ "$name" = posthornd ]; then
		install -m 755 "$f" "$DESTDIR$libexecdir/posthornd"
	elif in_bin "$name"; then
		install -m 755 "$f" "$DESTDIR$bindir/$name"
	else
		install -m 755 "$f" "$DESTDIR$sbindir/$name"
	fi
done
# Loadable table types, those that were built.
for f in "$BIN"/../modules/*.so; do
	[ -e "$f" ] || continue
	install -d "$DESTDIR$libexecdir/modules"
	install -m 644 "$f" "$DESTDIR$libexecdir/modules/${f##*/}"
done
# Scripts and programs of other makers look for a role under its own name.
"$BIN/posthornd" --help | sed -n '/^roles:/,$s/^  \([a-z][a-z-]*\) .*/\1/p' |
while read -r role; do
	ln -sf posthornd "$DESTDIR$libexecdir/$role"
done

for f in etc/*; do
	install -m 644 "$f" "$DESTDIR$sharedir/$f"
	case $f in
	*/main.cf|*/master.cf)
		[ -e "$DESTDIR$confdir/${f##*/}" ] ||
		    install -m 644 "$f" "$DESTDIR$confdir/${f##*/}" ;;
	esac
done
for f in man/man*/*; do
	[ -f "$f" ] || continue
	install -d "$DESTDIR$mandir/$(basename "$(dirname "$f")")"
	install -m 644 "$f" "$DESTDIR$mandir/${f#man/}"
done
# The page with the list of all parameters is made from theirs.
f=${BIN%/bin}/man/postconf.5
[ ! -f "$f" ] || install -m 644 "$f" "$DESTDIR$mandir/man5/postconf.5"
# Shells look for a file named after the command.
completions=${BIN%/bin}/completions
data=$DESTDIR${sharedir%/*}
if [ -d "$completions" ]; then
	install -d "$data/bash-completion/completions" "$data/zsh/site-functions" "$data/fish/vendor_completions.d"
	install -m 644 "$completions/posthorn.bash" "$data/bash-completion/completions/posthorn"
	install -m 644 "$completions/posthorn.zsh" "$data/zsh/site-functions/_posthorn"
	for name in $(cut -f1 options.tsv | sed 1d | sort -u) mailq newaliases; do
		ln -sf posthorn "$data/bash-completion/completions/$name"
		install -m 644 "$completions/posthorn.fish" "$data/fish/vendor_completions.d/$name.fish"
	done
fi
sed "s|@sbindir@|$sbindir|g; s|@confdir@|$confdir|g" systemd/posthorn.service.in \
    >"$DESTDIR$unitdir/posthorn.service"
chmod 644 "$DESTDIR$unitdir/posthorn.service"

for name in postdrop postqueue; do
	f=$DESTDIR$sbindir/$name
	[ -e "$f" ] || continue
	if [ "$(id -u)" = 0 ] && getent group "$group" >/dev/null; then
		chgrp "$group" "$f"
		chmod 2755 "$f"
	else
		echo "install: $f must become set-gid $group: postfix set-permissions" >&2
	fi
done
