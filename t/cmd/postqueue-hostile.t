#!/bin/sh
# postqueue: files that are damaged, strange or not what they seem harm nothing
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/spool.sh"

spool_new "$T/a"
spool_golden "$T/a" deferred-one
spool_golden "$T/a" held
for c in "$PH_SRC"/t/data/queue/bad-*; do spool_golden "$T/a" "${c##*/}"; done
q=$T/a/spool
perl -e '
	sub r { my ($t, $d) = @_; my $n = length $d; my $o = $t;
	    do { my $b = $n & 127; $n >>= 7; $o .= chr($b | ($n ? 128 : 0)) } while $n; $o . $d }
	sub put { open my $f, ">", "$ARGV[0]/$_[0]" or die; print $f $_[1]; close $f; chmod 0700, "$ARGV[0]/$_[0]" }
	my $evil = "a\e[31m\x9b\x07\xff\xe2\x80\xae\0b\@x.example";
	my $env = r("T", "1795240000 5") . r("S", $evil) . r("R", $evil) . r("R", "b\@x.example");
	put("incoming/ABCDE00001", $env . r("M", "") . r("N", "Subject: \e]0;title\x07 \xff") . r("N", "x" x 1000000) . r("X", "") . r("E", ""));
	put("incoming/ABCDE00002", substr($env, 0, 30));			# cut off
	put("incoming/ABCDE00003", $env . "N\xff\xff\xff\xff\x7f");		# a length that lies
	put("incoming/ABCDE00004", $env . r("p", sprintf "%15d", 0) . r("p", sprintf "%15d", 5) . r("p", sprintf "%15d", length $env));
	put("incoming/ABCDE00005", "");
	put("incoming/ABCDE00006", "\0" x 5000);
	put("incoming/ABCDE00007", $env . r("R", "r\@d$_.example") x 1) for 1 .. 1;
	put("incoming/ABCDE00008", $env . join("", map { r("R", "u$_\@many.example") } 1 .. 20000) . r("M", "") . r("X", "") . r("E", ""));
	put("incoming/not-an-ID", $env . r("M", "") . r("X", "") . r("E", ""));
	open my $f, ">", "$ARGV[0]/defer/ABCDE00001.new"; close $f; unlink "$ARGV[0]/defer/ABCDE00001.new";
	mkdir "$ARGV[0]/defer/A";
	open $f, ">", "$ARGV[0]/defer/A/ABCDE00001" or die;
	print $f "\nrecipient=b\@x.example\nstatus=4.4.1\naction=delayed\nreason=\e[2J\x9b1m\xff" . ("y" x 100000) . "\n\n=\n<\n>: \nreason=x"; close $f;
' "$q"
spool_own "$T/a"
ln -s /etc/passwd "$q/incoming/ABCDE0000A"
ln "$q/incoming/ABCDE00001" "$q/incoming/ABCDE0000B"
mkfifo -m 700 "$q/incoming/ABCDE0000C"
mkdir "$q/incoming/ABCDE0000D" "$q/deferred/X"
cp "$q/incoming/ABCDE00001" "$q/incoming/ABCDE0000E"; chmod 600 "$q/incoming/ABCDE0000E"
printf 'x' >"$q/deferred/Y"
spool_own "$T/a"

# No control byte but line ends may come out.
clean() { ! LC_ALL=C tr -d '\n\r\t' <"$1" | LC_ALL=C grep -q '[[:cntrl:]]'; }
run() {	# run STATUSES ARGS...: it ends by itself, with one of these
	want=$1; shift
	timeout 60 postqueue "$@" >"$T/out" 2>"$T/err"
	rc=$?
	case " $want " in *" $rc "*) ;; *) echo "exit status $rc"; return 1 ;; esac
	clean "$T/out" && clean "$T/err" || { echo "control bytes"; return 1; }
}
ok '-p lists what it can' run 0 -p
like 'the sound ones are there' "$(cat "$T/out")" '^7D653A8404A +353 '
ok 'no name is listed that is no ID' sh -c "! grep -q not-an '$T/out'"
ok 'nor a link, a FIFO, a file being written' sh -c "! grep -q 'ABCDE0000[ACDE]' '$T/out'"
ok '-j too' run 0 -j
ok 'each line is JSON' jq -e .queue_id "$T/out"
for f in table csv tsv ids classic; do
	ok "--format $f" run "0 4" --format $f --sort id
done
ok '--format jsonl' run 4 --format jsonl --columns subject,body,attachment
ok 'each line is JSON, too' jq -e .id "$T/out"
is 'one with very many recipients' "$(jq -r 'select(.id == "ABCDE00008") | .nrcpt' "$T/out")" 20002
is 'two names of one file are one message' "$(grep -c '"ABCDE0000[1B]"' "$T/out")" 1
cp "$T/out" "$T/snapshot"
ok 'it can be read back' run '0 4' --from "$T/snapshot" --group-by rcpt.domain,class
ok '--group-by' run 4 --group-by sender,signature
ok '--shape' run 4 --shape=sender
ok '--metrics' run 4 --metrics --top 5
ok 'which stay sound' python3 "$PH_SRC/t/openmetrics.py" <"$T/out"
ok '--check' run '0 1 2' --check --crit 'class.connect > 1000'
ok '--select of everything' run 4 --select 'subject ~ x or body ~ y or reason ~ z or header("x") ~ y' --format ids
ok 'a file that cannot be read is not taken for a bounce' \
    sh -c "! postqueue --select bounce --format ids 2>/dev/null | grep -q 'ABCDE0000[23456]'"
is 'what is being written is known as that' "$(postqueue --select 'arriving and id ~ ABCDE' --format ids 2>/dev/null)" ABCDE0000E
if [ "$(id -u)" = 0 ]; then
	mkdir "$q/deferred/Z"; chmod 0 "$q/deferred/Z"; chown root "$q/deferred/Z"
	ok 'a directory that cannot be opened is warned of' run '0 4' --count
	like 'by name' "$(cat "$T/err")" 'warning: open directory deferred/Z: Permission denied'
	cp "$q/incoming/ABCDE00001" "$q/incoming/ABCDE0000F"; chmod 700 "$q/incoming/ABCDE0000F"
	ok "somebody else's file cannot be judged" run 4 --select 'sender = x@y' --format ids
	like 'and is counted' "$(cat "$T/err")" 'could not be judged'
fi
done_testing
