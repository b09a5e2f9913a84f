#!/bin/sh
# local, virtual: mailboxes that are locked, odd or out of reach end mail in the same way
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"

files='nw/exists nw/not fd/fine none/a nw/exists/a fd fd/loop fd/hard fd/dangl fd/link fd/noperm fd/fifo fd/busy fd/held adm/link'
boxes='hard ulink rlink rlink2 rdangl fifo mdbad/ busy held ro/rlink ro/own mdno/ mdnonew/ plain/ plain/x dir no/such no/such/ fine fine/x'
dots() { echo "$1" | tr / .; }
common="compatibility_level = 3.6
myhostname = here.example
mydomain = here.example
myorigin = here.example
mydestination = here.example
local_recipient_maps =
alias_database =
default_transport = discard:gone
deliver_lock_attempts = 2
deliver_lock_delay = 1s
virtual_mailbox_domains = v.example
virtual_mailbox_maps = inline:{$(for n in $boxes; do printf '{b.%s@v.example=%s},' "$(dots "$n")" "$n"; done)}
virtual_uid_maps = static:$(id -u games)
virtual_gid_maps = static:$(id -g games)
virtual_minimum_uid = 3"

# prepare SIDE: files for aliases (written by nobody), mailboxes of games, a spool directory
prepare() {
	D=$T/$1-data
	mkdir "$D" "$D/vm" "$D/fd" "$D/nw" "$D/adm" "$D/spool"
	chmod 755 "$D/nw"; chmod 777 "$D/fd"; chmod 1777 "$D/spool"
	(
		cd "$D/fd" || exit 1
		ln -s loop loop; ln -s nothing dangl; mkfifo fifo
		touch hard linked noperm busy busy.lock held
		ln -s linked link; chmod 666 hard linked held; ln hard second
		touch ../nw/exists ../adm/t; chmod 666 ../nw/exists ../adm/t; ln -s t ../adm/link
		cd ../vm || exit 1
		touch h1 t1 t2 busy busy.lock held plain; mkfifo fifo
		ln h1 hard; ln -s t1 ulink; ln -s t1 rlink; ln -s t2 rlink2; ln -s nowhere rdangl
		mkdir -p dir ro mdno mdbad/tmp mdbad/cur mdbad/new mdnonew/tmp
		ln -s ../t1 ro/rlink; touch ro/own
		chown -h games . ./* ro/own mdbad/tmp mdbad/cur mdnonew mdnonew/*
		chown -h root mdno mdbad ro rlink rdangl rlink2 t2; chmod 666 t2
		cd ../spool || exit 1
		touch x y man; chown lp x; chown mail y; chown man man; chmod 0 man
		ln -s x lp; ln -s y mail; chown -h mail mail
	)
	for n in $files; do echo "f.$(dots "$n"): $D/$n"; done >"$T/$1-aliases"
	printf 'full: /dev/full\nnull: /dev/null\n' >>"$T/$1-aliases"
	cf_set "$T/$1/etc/main.cf" "$common
alias_maps = texthash:$T/$1-texthash
mail_spool_directory = $D/spool
virtual_mailbox_base = $D/vm"
	sed 's/:/ /' "$T/$1-aliases" >"$T/$1-texthash"
}
peer_new peer
instance_new "$T/ours"
for side in peer ours; do prepare $side; done
must "the peer's instance starts" peer_start peer
must 'our instance starts' instance_start "$T/ours"

# Held by the kernel, one way each, until all mail has met it.
cat >"$T/hold.pl" <<'E'
use Fcntl qw(F_SETLK F_WRLCK SEEK_SET);
for (@ARGV) {
	open(my $f, '>>', $_) or die "$_: $!";
	my $whole = pack('s s x4 q q l x4', F_WRLCK, SEEK_SET, 0, 0, 0);
	fcntl($f, F_SETLK, $whole) or die "$_: $!";
	push @held, $f;
}
open(my $ready, '>', $ENV{READY}) or die; close $ready;
sleep;
E
READY=$T/ready perl "$T/hold.pl" "$T"/*-data/fd/held "$T"/*-data/vm/held &
ok 'two mailboxes of each side are locked' wait_for 10 test -e "$T/ready"

count=0
for to in lp mail man full null $(for n in $files; do echo "f.$(dots "$n")"; done) \
    $(for n in $boxes; do echo "b.$(dots "$n")@v.example"; done); do
	count=$((count + 1))
	printf 'Subject: t\n\nbody\n' | peer peer sendmail -f snd@x.example "$to"
	printf 'Subject: t\n\nbody\n' | as "$T/ours" sendmail -f snd@x.example "$to"
done
outcomes() {
	sed -n 's/.*\(local\|virtual\)\[[0-9]*\]: [^:]*: \(to=.*\), relay=.*\(dsn=.*\)/\2 \3/p' "$1" |
	    sed -E "s|$T/[a-z]*-|T-|g; s/[0-9]{9,}\.[^ ]*/NAME/g" | sort
}
settled() { [ "$(outcomes "$1" | wc -l)" -ge "$count" ]; }
wait_for 30 settled "$T/peer/log/maillog"
wait_for 30 settled "$T/ours/log/mail.log"
outcomes "$T/peer/log/maillog" >"$T/a"; outcomes "$T/ours/log/mail.log" >"$T/b"
is 'every recipient ends as with the peer' "$(diff "$T/a" "$T/b")" ''
is 'all did' "$(wc -l <"$T/b")" "$count"
is 'those that are locked wait' "$(grep -c 'status=deferred (.*\(File exists\|unavailable\))' "$T/b")" 4
warnings() {
	sed -n -E 's/.*(local|virtual)\[[0-9]*\]: warning: //p' "$1" |
	    sed -E "s|$T/[a-z]*-|T-|g; s/[0-9]{9,}\.[^ ]*:/NAME:/g" | sort
}
is 'with the same warnings' "$(warnings "$T/ours/log/mail.log")" "$(warnings "$T/peer/log/maillog")"
state() { (cd "$T/$1-data" && find . -printf '%m %u %g %s %P %l\n' | sed -E 's/[0-9]{9,}\..*//; s/ 3[0-9][0-9] / SIZE /' | sort); }
is 'and leave the same files' "$(state ours)" "$(state peer)"
done_testing
