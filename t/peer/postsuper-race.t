#!/bin/sh
# postsuper beside a running Postfix under load: what was not asked to be deleted is delivered, once
#
# PH_LARGE=1: 10,000 deletions and more.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
. "$(dirname "$0")/../race.sh"
count=450
[ -z "${PH_LARGE-}" ] || count=72000
race_sinks
peer_new peer "transport_maps = inline:{ {remote.example = smtp:[127.0.0.1]:$first_port}, {later.example = smtp:[127.0.0.1]:$later_port} }
default_destination_concurrency_limit = 2"
must 'the peer starts' peer_start peer
peer_tools peer
race $count "$(peer_port peer)" "$T/peer/spool"
done_testing
