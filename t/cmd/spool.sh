# spool.sh - a queue directory without a running system; sourced after lib.sh
#
#   spool_new DIR [main.cf lines]   DIR/etc/main.cf and DIR/spool; MAIL_CONFIG points there
#   spool_golden DIR CASE           put a case of t/data/queue into its queue
#   spool_own DIR                   hand everything to the owner, after changes
#   said STATUS REGEX [option ...]  postsuper ends with that status and says so; $T/out has it all
spool_uid=$(id -u)
if [ "$spool_uid" = 0 ]; then spool_owner=nobody; else spool_owner=$(id -un); fi
spool_group=$(id -gn "$spool_owner")

spool_new() {
	mkdir -p "$1/etc" "$1/spool"
	(cd "$1/spool" && mkdir -m 700 maildrop incoming active deferred hold \
	    corrupt bounce defer trace flush private public pid)
	cat >"$1/etc/main.cf" <<-EOT
	queue_directory = $1/spool
	data_directory = $1
	mail_owner = $spool_owner
	setgid_group = $spool_group
	myhostname = test.example
	hash_queue_names = deferred, defer
	import_environment = MAIL_CONFIG TZ
	${2-}
	EOT
	MAIL_CONFIG=$1/etc
	export MAIL_CONFIG
	spool_own "$1"
}

spool_own() {
	[ "$spool_uid" != 0 ] || chown -R "$spool_owner" "$1/spool"
}

spool_golden() {
	meta=$PH_SRC/t/data/queue/$2/meta.txt
	queue=$(sed -n 's/^queue=//p' "$meta")
	for file in "$PH_SRC/t/data/queue/$2"/*; do
		name=${file##*/}
		hash=$(printf %.1s "$name")
		case $name in
		*.txt) continue ;;
		*.defer) to=defer/$hash/${name%.defer} mode=600 ;;
		*.bounce) to=bounce/${name%.bounce} mode=600 ;;
		*.trace) to=trace/${name%.trace} mode=600 ;;
		*.*) continue ;;
		*)
			to=$queue/$name mode=$(sed -n 's/^mode=//p' "$meta")
			[ "$queue" != deferred ] || to=$queue/$hash/$name
			;;
		esac
		mkdir -p "$1/spool/${to%/*}"
		cp "$file" "$1/spool/$to"
		chmod "$mode" "$1/spool/$to"
		touch -d "@$(sed -n 's/^mtime=//p' "$meta")" "$1/spool/$to"
	done
	spool_own "$1"
}

said() {
	want=$1 regex=$2; shift 2
	postsuper "$@" >"$T/out" 2>&1 </dev/null
	rc=$?
	cat "$T/out"
	[ $rc = "$want" ] && grep -Eq -e "$regex" "$T/out"
}
