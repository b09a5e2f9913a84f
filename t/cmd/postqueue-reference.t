#!/bin/sh
# postqueue: selections mean what a naive reference says: live, from a snapshot, by showq
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/spool.sh"

spool_new "$T/a" 'delay_warning_time = 4h
hash_queue_names = deferred, defer'
seed=${SEED:-$(date +%s)}
echo "# SEED=$seed"
python3 "$PH_SRC/t/selection_reference.py" "$T/a/spool" "$seed" 200 >"$T/tests"
spool_own "$T/a"
postqueue --save "$T/snapshot" --columns 'subject,to,nreceived,submitter,parts,attachment,body' 2>/dev/null
is 'two hundred messages are saved' "$(wc -l <"$T/snapshot")" 200

# compare NAME FILE COMMAND...: each selection of FILE by COMMAND --select
compare() {
	name=$1 file=$2; shift 2
	bad=0
	while IFS='	' read -r text kind want; do
		got=$("$@" --format ids --select "$text" 2>"$T/err" | sort | tr '\n' ' ')
		[ "${got% }" = "$want" ] && continue
		bad=$((bad + 1))
		[ $bad -gt 5 ] || {
			echo "# $name: $text"
			printf '%.200s\n' "#   got ${got% }" "#   want $want" "$(sed 's/^/#   /' "$T/err")"
		}
	done <"$file"
	is "$name: all of $(wc -l <"$file") selections" $bad 0
}
compare live "$T/tests" postqueue
# The other two are asked every third of them: what they share was asked above.
grep -v '^[^	]*header(' "$T/tests" | awk 'NR % 3 == 1' >"$T/held"
compare snapshot "$T/held" postqueue --from "$T/snapshot"

# The endpoint tells less; ask only for what it tells.
if [ "$(id -u)" = 0 ]; then
	instance_new "$T/b" 'delay_warning_time = 4h' 'hash_queue_names = deferred, defer'
	grep -E '(showq|postlogd)$' "$T/b/etc/master.cf" >"$T/master.cf"
	cp "$T/master.cf" "$T/b/etc/master.cf"
	python3 "$PH_SRC/t/selection_reference.py" "$T/b/spool" "$seed" 200 >"$T/tests"
	chown -R "$(instance_uid "$T/b")" "$T/b/spool/deferred" "$T/b/spool/defer" "$T/b/spool/hold" \
	    "$T/b/spool/incoming" "$T/b/spool/active" "$T/b/spool/maildrop"
	instance_start "$T/b"
	grep '	told	' "$T/tests" | awk 'NR % 3 == 1' >"$T/told"
	chmod -R a+rX "$T/b/etc"
	stranger() {
		setpriv --reuid nobody --regid postdrop --clear-groups env MAIL_CONFIG="$T/b/etc" postqueue "$@"
	}
	wait_for 10 sh -c "[ -S '$T/b/spool/public/showq' ]"
	compare endpoint "$T/told" stranger
	like 'what it does not tell is said' "$(stranger --select 'subject ~ x' 2>&1)" 'could not be judged: needs direct access'
fi
done_testing
