#!/bin/sh
# sendmail: what lands in maildrop, with no mail system running
. "$(dirname "$0")/../lib.sh"

instance_new "$T/i"
MAIL_CONFIG=$T/i/etc; export MAIL_CONFIG
drop=$T/i/spool/maildrop

# submit ARGS: one submission from standard input; its records in $T/records
submit() {
	rm -f "$drop"/*
	sendmail "$@" 2>"$T/err" >"$T/out" || { cat "$T/err"; return 1; }
	set -- "$drop"/*
	[ $# = 1 ] && [ -f "$1" ] || { ls -l "$drop"; return 1; }
	perl -0777 -ne '
		while (/\G(.)((?:[\x80-\xff])*[\x00-\x7f])/gcs) {
			my ($t, $n, $sh) = ($1, 0, 0);
			for (unpack "C*", $2) { $n |= ($_ & 127) << $sh; $sh += 7 }
			my $v = substr $_, pos, $n; pos() += $n;
			$v = "-" if $t eq "T";
			print "$t $v\n";
		}' "$1" >"$T/records"
}

printf 'From x\n>From y\nSubject: hi\n\nbody\r\n.\nrest' |
    submit -f ann@x -F 'Ann' 'a, b' 'Foo <c@d>'
is 'a plain submission' "$(cat "$T/records")" 'T -
A rewrite_context=local
F Ann
S ann@x
R a
R b
R c@d
M 
N Subject: hi
N 
N body
X 
E '
mode=$(stat -c %a "$drop"/*)
is 'its mode says that it is complete' "$mode" 744

printf 'To: foo (bar) <a@b>, c\nCc: grp: x@y, z;\nBcc: hid\nSubject: x\n folded\n\nTo: not me\n' |
    submit -t -f s x@cmd
is 'recipients come from headers, and from the command line' \
    "$(grep '^R' "$T/records" | tr '\n' ' ')" \
    'R x@cmd R a@b R c R x@y R z R hid '
printf 'To: foo@x\nResent-To: r@s\n\n' | submit -t -f s
is 'resent headers go before all others' "$(grep '^R' "$T/records")" 'R r@s'

printf 'x' | submit -f s -N success,delay -V envid -R hdrs -B 8BITMIME a@b
is 'delivery options stand in attributes' "$(grep '^A' "$T/records" | tr '\n' ' ')" \
    'A envelope_id=envid A ret_flags=2 A rewrite_context=local A encoding=8bit A notify_flags=10 '
printf 'x' | submit -f s a@b
is 'a last line without newline stays so' "$(sed -n '/^M/,/^X/p' "$T/records")" 'M 
L x
X '
printf '.\nx\n' | submit -i -f s a@b
is 'with -i a dot is only a dot' "$(sed -n '/^M/,/^X/p' "$T/records")" 'M 
N .
N x
X '
printf '' | submit -f '' a@b
is 'the null sender' "$(grep '^S' "$T/records")" 'S '
printf '' | submit -bv -f s a@b c@d
is 'a probe has content of its own' "$(sed -n '/^A/p; /^M/,/^X/p' "$T/records")" 'A rewrite_context=local
A trace_flags=512
M 
N From: s
N Subject: probe
L To:
N 	a@b,
N 	c@d
X '
is 'and says where the report goes' "$(cat "$T/out")" \
    'Mail Delivery Status Report will be mailed to <s>.'

rm -f "$drop"/*
like 'without recipients nothing is sent' "$(sendmail -f s 2>&1 </dev/null)" \
    'Recipient addresses must be specified on the command line or via the -t option'
like 'nor with -t and none in the header' "$(echo 'X: y' | sendmail -t -f s 2>&1)" \
    'No recipient addresses found in message header'
is 'and nothing stays behind' "$(ls "$drop")" ''

perl -e 'print "x" x 70, "\n" for 1 .. 200000' >"$T/big"
ok 'a message over the limit is refused with 75' fails_with 75 sendmail -f s a@b <"$T/big"
is 'and leaves nothing behind' "$(ls "$drop")" ''
head -c 9000000 "$T/big" >"$T/fits"
ok 'a large message below it is taken' sendmail -f s a@b <"$T/fits"
done_testing
