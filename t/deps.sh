#!/bin/sh
# deps.sh - install what building and testing Posthorn needs, on Debian
set -eu
want="gcc make pkg-config libncurses-dev libssl-dev libgdbm-dev liblmdb-dev
    libcdb-dev libpcre2-dev libevent-dev uthash-dev libidn2-dev
    libunistring-dev libseccomp-dev libjansson-dev check libsubunit-dev perl mandoc jq tmux procps
    python3 libpython3.11-testsuite libsqlite3-dev sqlite3"
missing=
for p in $want; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] ||
	    missing="$missing $p"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ]; then
	as=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
	as=sudo
else
	echo "deps: please run as root: apt-get install --no-install-recommends" $missing >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
$as apt-get -qq update
$as apt-get -qq install --no-install-recommends -y $missing >/dev/null
