#!/bin/sh
# postsuper beside a running system under load: what was not asked to be deleted is delivered, once
#
# PH_LARGE=1: 10,000 deletions and more.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../race.sh"
count=600
[ -z "${PH_LARGE-}" ] || count=72000
race_sinks
instance_new "$T/ours" "transport_maps = inline:{ {remote.example = smtp:[127.0.0.1]:$first_port}, {later.example = smtp:[127.0.0.1]:$later_port} }" \
    'smtpd_client_connection_rate_limit = 0' 'default_destination_concurrency_limit = 2'
must 'the instance starts' instance_start "$T/ours"
MAIL_CONFIG=$T/ours/etc; export MAIL_CONFIG
race $count "$(instance_port "$T/ours")" "$T/ours/spool"
done_testing
