# setup.sh - where both systems are, and a directory W that goes away; sourced by t/bench/*.sh
#
# BENCH_DIR says on which file system W is (default /var/tmp, or what the
# script set); PEER_CACHE is a peer that needs no setup of its own.
PH_SRC=${PH_SRC:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
PH_BIN=${PH_BIN:-$PH_SRC/build/bin}
PH_TOOLS=${PH_TOOLS:-${PH_BIN%/bin}/t/tools}
PEER_SETUP=${PEER_SETUP:-$PH_SRC/../shared/peer/peer-postfix}
PEER_CACHE=${PEER_CACHE:-/var/tmp/posthorn-peer}
[ "$(id -u)" = 0 ] || { echo "bench: needs root for the peer" >&2; exit 1; }
[ -f "$PEER_SETUP" ] || { echo "bench: no $PEER_SETUP; set PEER_SETUP" >&2; exit 1; }
[ -d "$PEER_CACHE/etc" ] || bash "$PEER_SETUP" setup "$PEER_CACHE" >/dev/null
W=$(mktemp -d "${BENCH_DIR:-/var/tmp}/posthorn-bench.XXXXXX") || exit 1
chmod 755 "$W"
trap 'rm -rf "$W"' EXIT
trap 'exit 1' INT TERM
