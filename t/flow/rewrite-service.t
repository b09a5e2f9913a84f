#!/bin/sh
# trivial-rewrite: bad requests, changed tables
. "$(dirname "$0")/../lib.sh"
I=$T/i
instance_new "$I" 'myhostname = mx.example' 'myorigin = mx.example' \
    "transport_maps = lmdb:$I/etc/transport"
echo 'a.example one:' >"$I/etc/transport"
as "$I" postmap "lmdb:$I/etc/transport"
must 'the instance starts' instance_start "$I"
S=$I/spool/private/rewrite

ask() { perl "$PH_SRC/t/ask-rewrite.pl" "$S" | sed -n 's/.* => //p'; }
route() { printf 'resolve\t\tu@a.example\n' | ask; }
like 'a transport table is used' "$(route)" '^0 \| one \| a\.example \| u@a\.example \| 4096$'
mkfifo "$T/questions"
ask <"$T/questions" >"$T/answers" & asker=$!
exec 9>"$T/questions"
echo 'a.example two:' >"$I/etc/transport"
as "$I" postmap "lmdb:$I/etc/transport"
new() { route | grep -q '| two |'; }
ok 'a new client gets what the table says now' wait_for 5 new
ok 'an old one is sent to a fresh process' wait_for 20 instance_logged "$I" \
    'table .*transport.* has changed -- restarting'
exec 9>&-
wait $asker 2>/dev/null

printf 'rewrite\0nonsense\0\0' | perl -e 'use IO::Socket::UNIX;
    my $s = IO::Socket::UNIX->new(Peer => shift); local $/; print $s <STDIN>;
    $s->shutdown(1); my $r = <$s>' "$S"
ok 'a request without sense is reported' wait_for 5 instance_logged "$I" \
    'warning: malformed request'
like 'and the service goes on' "$(route)" ' two '
done_testing
