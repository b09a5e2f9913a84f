#!/bin/sh
# install.sh - lay out a built Posthorn below $DESTDIR; run by make install
#
# Takes from the environment: DESTDIR, BIN (where the programs were built) and
# the directories sbindir bindir libdir libexecdir mandir sharedir confdir
# unitdir. Configuration that is there already is never touched: the templates
# then stand in $sharedir/etc only. As root, with the group there, postdrop and
# postqueue become set-gid. The queue directory is made, empty: what goes into
# it has owners, which "postfix set-permissions" knows. What was put where is
# listed in $sharedir/installed, for make uninstall: configuration and mail are
# not in that list.
set -eu
cd "$(dirname "$0")"
: "${DESTDIR=}" "${BIN:?}" "${sbindir:?}" "${bindir:?}" "${libexecdir:?}"
: "${mandir:?}" "${sharedir:?}" "${confdir:?}" "${unitdir:?}" "${libdir:?}"
list=$(mktemp)
trap 'rm -f "$list" "$list.unit"' EXIT
queue=$(sed -n 's/^queue_directory	\([^	]*\).*/\1/p' parameters.tsv)
group=${SETGID_GROUP:-postdrop}

# Commands that people call, not only administrators.
in_bin() { case $1 in mailq|newaliases|qtop) return 0 ;; esac; return 1; }
from() { realpath -m --relative-to="$1" "$2"; }

# Beside it and renamed: a mail system that runs meanwhile never misses a file.
put() {		# put MODE FROM TO [GROUP]
	install -m "$1" ${4:+-g "$4"} "$2" "$DESTDIR$3.new"
	mv -f "$DESTDIR$3.new" "$DESTDIR$3"
	echo "$3" >>"$list"
}
put_link() {	# put_link TARGET LINK
	ln -sf "$1" "$DESTDIR$2.new"
	mv -fT "$DESTDIR$2.new" "$DESTDIR$2"
	echo "$2" >>"$list"
}
put_once() {	# configuration belongs to the administrator
	[ -e "$DESTDIR$2" ] || install -m 644 "$1" "$DESTDIR$2"
}
put_setgid() {	# the mode comes after the group, which would clear it
	if [ "$(id -u)" = 0 ] && getent group "$group" >/dev/null; then
		put 2755 "$1" "$2" "$group"
	else
		put 755 "$1" "$2"
		echo "install: $2 must become set-gid $group: postfix set-permissions" >&2
	fi
}

for d in "$sbindir" "$bindir" "$libdir" "$libexecdir" "$sharedir/etc" \
    "$confdir" "$unitdir" "$queue"; do
	[ -d "$DESTDIR$d" ] || install -d "$DESTDIR$d"
done
for f in "$BIN"/*; do
	name=${f##*/}
	case $name in
	posthornd)		put 755 "$f" "$libexecdir/$name" ;;
	postdrop|postqueue)	put_setgid "$f" "$sbindir/$name" ;;
	*)	if [ -L "$f" ]; then
			put_link "$(from "$bindir" "$sbindir")/$(readlink "$f")" "$bindir/$name"
		elif in_bin "$name"; then
			put 755 "$f" "$bindir/$name"
		else
			put 755 "$f" "$sbindir/$name"
		fi ;;
	esac
done
# Where programs of long ago look for it.
put_link "$(from "$libdir" "$sbindir")/sendmail" "$libdir/sendmail"
# Loadable table types, those that were built.
for f in "$BIN"/../modules/*.so; do
	[ -e "$f" ] || continue
	install -d "$DESTDIR$libexecdir/modules"
	put 644 "$f" "$libexecdir/modules/${f##*/}"
done
# Scripts and programs of other makers look for a role under its own name.
"$BIN/posthornd" --help | sed -n '/^roles:/,$s/^  \([a-z][a-z-]*\) .*/\1/p' |
while read -r role; do
	put_link posthornd "$libexecdir/$role"
done

for f in etc/*; do
	put 644 "$f" "$sharedir/$f"
	case $f in
	*/main.cf|*/master.cf)
		put_once "$f" "$confdir/${f##*/}"
		put 644 "$f" "$confdir/${f##*/}.proto" ;;	# for postmulti
	*/aliases)		put_once "$f" "${confdir%/*}/aliases" ;;
	esac
done
for f in man/man*/*; do
	[ -f "$f" ] || continue
	install -d "$DESTDIR$mandir/$(basename "$(dirname "$f")")"
	if [ -L "$f" ]; then
		put_link "$(readlink "$f")" "$mandir/${f#man/}"
	else
		put 644 "$f" "$mandir/${f#man/}"
	fi
done
# The page with the list of all parameters is made from theirs.
f=${BIN%/bin}/man/postconf.5
[ ! -f "$f" ] || put 644 "$f" "$mandir/man5/postconf.5"
# Shells look for a file named after the command.
completions=${BIN%/bin}/completions
data=${sharedir%/*}
if [ -d "$completions" ]; then
	for d in bash-completion/completions zsh/site-functions fish/vendor_completions.d; do
		install -d "$DESTDIR$data/$d"
	done
	put 644 "$completions/posthorn.bash" "$data/bash-completion/completions/posthorn"
	put 644 "$completions/posthorn.zsh" "$data/zsh/site-functions/_posthorn"
	for name in $(cut -f1 options.tsv | sed 1d | sort -u) mailq newaliases; do
		put_link posthorn "$data/bash-completion/completions/$name"
		put 644 "$completions/posthorn.fish" "$data/fish/vendor_completions.d/$name.fish"
	done
fi
sed "s|@sbindir@|$sbindir|g; s|@confdir@|$confdir|g" systemd/posthorn.service.in >"$list.unit"
put 644 "$list.unit" "$unitdir/posthorn.service"
echo "$sharedir/installed" >>"$list"
put 644 "$list" "$sharedir/installed"
