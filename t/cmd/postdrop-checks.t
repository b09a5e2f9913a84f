#!/bin/sh
# postdrop: what it refuses from its standard input
. "$(dirname "$0")/../lib.sh"

instance_new "$T/i"
MAIL_CONFIG=$T/i/etc; export MAIL_CONFIG
drop=$T/i/spool/maildrop

# records TYPE TEXT ...: one record a pair, on standard output
records() {
	perl -e 'while (@ARGV) {
		my ($t, $v) = splice @ARGV, 0, 2;
		my ($n, $l) = (length $v, "");
		do { my $b = $n & 127; $n >>= 7; $l .= chr($b | ($n ? 128 : 0)) } while $n;
		print $t, $l, $v;
	}' "$@"
}
status() { tr '\0' '\n' | sed -n '/^status$/{n;p;}'; }
left() { ls "$drop" | wc -l | tr -d ' '; }

good() { records S s@x R r@y M '' N hello X '' E ''; }
good | postdrop >"$T/out" 2>"$T/err"
is 'a good submission has status 0' "$(status <"$T/out")" 0
is 'and stands in maildrop' "$(left)" 1
rm -f "$drop"/*

refused() {	# refused SENTENCE TEXT: the records are in $T/in
	postdrop <"$T/in" >"$T/out" 2>"$T/err"
	rc=$?
	like "$1" "$(cat "$T/err") exit $rc" "$2"
	is "  and nothing stays behind" "$(left)" 0
	rm -f "$drop"/*
}

records T '1 2' S s R r M '' X '' E '' >"$T/in"
refused 'a time record' 'unexpected record type: 84 exit 1'
records S s R r M '' N x D x X '' E '' >"$T/in"
refused 'a done record' 'unexpected record type: 68 exit 1'
records S s R r M '' X '' N x E '' >"$T/in"
refused 'text behind the content' 'unexpected record type: 78 exit 1'
printf 'S\377\377\377\177' >"$T/in"
refused 'a length beyond all bounds' '(malformed input exit 1|^ *exit 0)'
records S s R "a
b" M '' X '' E '' >"$T/in"
refused 'a line break in a recipient' 'null or line break in .recipient. record type: .* exit 1'
printf 'S\001sR\003a\000bM\000X\000E\000' >"$T/in"
refused 'a NUL in a recipient' 'null or line break in .recipient. record type: .* exit 1'
perl -e 'print "S", "\x81\x20", "x" x 4097' >"$T/in"
refused 'a record over line_length_limit' 'malformed input exit 1'
records S s R r M '' N x >"$T/in"
refused 'a submission that breaks off' '^ *exit 0'
is '  is not answered' "$(status <"$T/out")" ''
records R r M '' X '' E '' | postdrop >"$T/out" 2>/dev/null
is 'no sender is status 1' "$(status <"$T/out")" 1
records S s M '' X '' E '' | postdrop >"$T/out" 2>/dev/null
is 'no recipient is status 1' "$(status <"$T/out")" 1
is 'neither stays behind' "$(left)" 0

records S s A 'sasl_username=root' A 'trace_flags=256' A 'encoding=8bit' A novalue \
    R r M '' X '' E '' | postdrop >"$T/out" 2>"$T/err"
is 'attributes that are not for users are dropped' \
    "$(grep -c 'ignoring attribute record' "$T/err")" 2
ok 'a malformed one as well' grep -q 'ignoring malformed record' "$T/err"
ok 'the others stay' grep -q 'encoding=8bit' "$drop"/*
ok 'and those that are dropped are not there' fails_with 1 grep -q sasl_username "$drop"/*
rm -f "$drop"/*

echo 'local_login_sender_maps = inline:{ { root = me@x @mine }, { nobody = * } }' >>"$T/i/etc/main.cf"
if [ "$(id -u)" = 0 ]; then
	records S evil@y R r M '' X '' E '' | postdrop >"$T/out" 2>/dev/null
	is 'a sender that is not the login'"'"'s is status 512' "$(status <"$T/out")" 512
	ok 'with its reason' grep -q "not authorized to use sender='evil@y'" "$T/out"
	rm -f "$drop"/*
	records S x@mine R r M '' X '' E '' | postdrop >"$T/out" 2>/dev/null
	is 'a sender of an allowed domain passes' "$(status <"$T/out")" 0
fi
ok 'an unknown option is a usage error' fails_with 1 postdrop -Z
ok '--help succeeds' postdrop --help
# Disks get room and directories are made: whoever submits waits for that.
mv "$drop" "$drop.gone"
good | postdrop >"$T/out" 2>"$T/err" &
pid=$!
ok 'a maildrop that is not there is told' wait_for 10 \
    grep -Eq '^postdrop: warning: mail_queue_enter: create file maildrop/[0-9]+\.[0-9]+: No such file or directory$' "$T/err"
ok 'and waited for' kill "$pid"
wait "$pid" 2>/dev/null
mv "$drop.gone" "$drop"

done_testing
