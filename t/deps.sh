#!/bin/sh
# deps.sh - install what building and testing Posthorn needs, on Debian
#
#   t/deps.sh           everything
#   t/deps.sh core      only what "make all check" of the core needs
set -eu
core="gcc make pkg-config libncurses-dev libssl-dev libgdbm-dev liblmdb-dev
    libcdb-dev libpcre2-dev libevent-dev uthash-dev libidn2-dev
    libunistring-dev libseccomp-dev libjansson-dev zlib1g-dev libzstd-dev zstd check libsubunit-dev perl mandoc jq openssl tmux procps
    python3 libmilter-dev libsasl2-dev libpython3.11-testsuite libsqlite3-dev sqlite3"
# What loadable table types are built with, and the servers that test them.
modules="libldap-dev libmariadb-dev libpq-dev libhiredis-dev"
servers="slapd libsasl2-modules sasl2-bin dovecot-core mariadb-server-core mariadb-client-core postgresql-15 memcached
    redis-server"
# Those whose completions are tried.
shells="zsh fish"
want=$core
[ "${1-}" = core ] || want="$core $modules $servers $shells"
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

# The tests start servers of their own; a package must not start the system's.
policy=/usr/sbin/policy-rc.d
restore() {
	if [ -e $policy.before-deps ]; then
		$as mv $policy.before-deps $policy
	else
		$as rm -f $policy
	fi
}
trap restore EXIT
trap 'exit 1' INT TERM
if [ -e $policy ] && [ ! -e $policy.before-deps ]; then
	$as mv $policy $policy.before-deps
fi
printf '#!/bin/sh\nexit 101\n' | $as tee $policy >/dev/null
$as chmod 755 $policy
$as apt-get -qq update
$as apt-get -qq install --no-install-recommends -y $missing >/dev/null
