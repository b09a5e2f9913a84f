#!/bin/sh
# postmulti: the same commands, in the same order, on ours and on Debian's
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"

# Both insist on /etc/postfix: each gets an /etc of its own.
unshare -m --propagation private true 2>/dev/null || skip_all 'no mount namespaces'
peer_new p
libs=$(bash "$PEER_SETUP" env "$T/p" | sed -n 's/.* LD_LIBRARY_PATH=\([^ ]*\).*/\1/p')

# A postfix command that tells how it was called; $FAIL says with which status it ends.
cat >"$T/postfix" <<'CMD'
#!/bin/sh
echo "postfix: $* ($MAIL_CONFIG)"
exit "$(cat "$STATUS")"
CMD
chmod 755 "$T/postfix"
cat >"$T/steps" <<'STEPS'
postmulti -l
postmulti -I postfix-5 -e create config_directory=/etc/postfix-5 queue_directory=$D/q5 data_directory=$D/d5
postmulti -e init
postmulti -l
postmulti -a -I postfix-5 -e create config_directory=/etc/postfix-5 queue_directory=$D/q5 data_directory=$D/d5
ls -a /etc/postfix-5
grep -Ev '^(#|$)' /etc/postfix-5/main.cf | sort
grep '^#[a-z]*_directory' /etc/postfix-5/main.cf
stat -c '%a %U %n' /etc/postfix-5 /etc/postfix-5/main.cf /etc/postfix-5/master.cf $D/q5 $D/d5
postmulti -I postfix-8 -G g -e create config_directory=/etc/postfix-8 queue_directory=$D/q8 data_directory=$D/d8
postmulti -g g -I postfix-6 -e create config_directory=/etc/postfix-6 queue_directory=$D/q6 data_directory=$D/d6
postmulti -i 8 -I postfix-7 -e create config_directory=/etc/postfix-7 queue_directory=$D/q7 data_directory=$D/d7
postmulti -a -I postfix-1 -e create config_directory=/etc/postfix-1 queue_directory=$D/q1 data_directory=$D/d1
postmulti -i - -I postfix-2 -e create config_directory=/etc/postfix-2 queue_directory=$D/q2 data_directory=$D/d2
postmulti -g none -I postfix-2 -e create config_directory=/etc/postfix-2 queue_directory=$D/q2 data_directory=$D/d2
grep multi_instance_directories /etc/postfix/main.cf
postmulti -l
postmulti -R -l
postmulti -g g -l
postmulti -i 6 -l
postmulti -i postfix-6 -l
postmulti -i /etc/postfix-6 -l
postmulti -i - -l
postmulti -i none -l
postmulti -g - -l
postmulti -i 6 -e enable
postmulti -p start
postmulti -p -- start
postmulti -p stop
postmulti -p reload now
postmulti -p anything at all
postmulti -i 5 -p start
postmulti -i 5 -p stop
postmulti -g g -p flush
postmulti -g none -p start
postmulti -R -x sh -c 'echo \$config_directory \$MAIL_CONFIG \$multi_instance_name \$multi_instance_group \$multi_instance_enable \$queue_directory \$data_directory; echo \$PATH | cut -d: -f1'
postmulti -x false
postmulti -x no-such-command
postmulti -i 6 -x sh -c 'exit 7'
postmulti -i 6 -x sh -c 'kill -9 \$\$'
postmulti -i none -x true
echo 1 >$STATUS
postmulti -p stop
postmulti -i 8 -I foo -e assign
postmulti -i 8 -I postfix-9 -G - -e assign
postmulti -i 9 -I - -G 'g!@%-_=+:.' -e assign
grep ^multi /etc/postfix-8/main.cf | sort
postmulti -i /etc/postfix-8 -I postfix-8 -e assign
postmulti -i - -I postfix-x -G gg -e assign
postmulti -l
postmulti -i - -I - -G - -e assign
postmulti -i 6 -e destroy
postmulti -i 6 -e deport
postmulti -i 6 -e disable
echo 0 >$STATUS
postmulti -i 6 -e destroy
postmulti -i 6 -e deport
echo 1 >$STATUS
postmulti -i - -e destroy
postmulti -i - -e deport
postmulti -i none -e destroy
postmulti -i 7 -e deport
grep -E '^(multi_instance_dir|alternate)' /etc/postfix/main.cf
postmulti -e import config_directory=/etc/postfix-7
postmulti -I postfix-77 -e import config_directory=/etc/postfix-7
grep -E '^(multi_instance_dir|alternate)' /etc/postfix/main.cf
postmulti -l
rm /etc/postfix-1/master.cf; postmulti -i 1 -e deport; postmulti -e import config_directory=/etc/postfix-1
postmulti -e import config_directory=/none
postmulti -e import config_directory=/etc/postfix-5
postmulti -e import config_directory=/etc/postfix-1 queue_directory=/x
postmulti -e import
postmulti -I two -e create
postmulti -I postfix-x/y -e create
postmulti -I 'postfix-x y' -e create
postmulti -I postfix-8 -e create config_directory=/etc/postfix-3 queue_directory=$D/q3 data_directory=$D/d3
postmulti -I postfix-3 -e create config_directory=/etc/postfix-5 queue_directory=$D/q3 data_directory=$D/d3
postmulti -I postfix-3 -e create config_directory=/etc/postfix-3 queue_directory=$D/q5 data_directory=$D/d3
postmulti -I postfix-3 -e create config_directory=/etc/postfix-3 queue_directory=$D/d3 data_directory=$D/d3
postmulti -I postfix-3 -e create config_directory=etc
postmulti -I postfix-3 -e create config_directory=//
postmulti -I postfix-3 -e create foo=/x
postmulti -I postfix-3 -e create foo
postmulti -I postfix-3 -e create =x
postmulti -e create queue_directory=$D/q3 data_directory=$D/d3
postmulti -e create config_directory=/etc/postfix-3 data_directory=$D/d3
postmulti -I a -I b -e create
postmulti -G a -G b -l
postmulti -a -i two -l
postmulti -g a -g b -l
postmulti -i a -i b -l
postmulti
postmulti -l foo
postmulti -x
postmulti -p
postmulti -l -x env
postmulti -R -p status
postmulti -e bogus
postmulti -e destroy
postmulti -a -e enable
postmulti -i two -e destroy foo=/bar
postmulti -i two -I postfix-y -l
postmulti -i two -I postfix-y -e destroy
postmulti -i two -e assign
postmulti -i 8 -e assign -G 'a b'
postmulti -e init foo=/bar
MAIL_CONFIG=/etc/postfix-5 postmulti -l
postconf -c /etc/postfix-5 -e multi_instance_enable=maybe; postmulti -l
postconf -c /etc/postfix-5 -e multi_instance_enable=no multi_instance_name=postfix-8; postmulti -l
postconf -c /etc/postfix-5 -e multi_instance_name=; postmulti -l
postconf -e multi_instance_wrapper=; postmulti -I postfix-4 -e create config_directory=/etc/postfix-4 queue_directory=$D/q4 data_directory=$D/d4
postmulti -e init; rm /etc/postfix/main.cf.proto; postmulti -I postfix-4 -e create config_directory=/etc/postfix-4 queue_directory=$D/q4 data_directory=$D/d4
postconf -e 'multi_instance_directories = /etc/postfix-5 /none'; postmulti -l
postconf -e 'multi_instance_directories = /etc/postfix-5 /etc/postfix-5'; postmulti -l
postmulti -i - -e disable
postmulti -l
postmulti -p stop
STEPS

# What goes is only what is empty. Debian's does it by way of its own scripts.
cat >"$T/own" <<'STEPS'
postmulti -e init; cp $D/etc/postfix-5/main.cf /etc/postfix/main.cf.proto
postmulti -I postfix-9 -e create config_directory=/etc/postfix-9 queue_directory=$D/q9 data_directory=$D/d9
mkdir -p $D/q9/active $D/q9/deferred/A $D/q9/hold; echo mail >$D/q9/hold/4xyz; ls /etc/postfix-9 | xargs
postmulti -i 9 -e destroy
find $D/q9 $D/d9 /etc/postfix-9 | sort
STEPS

# Messages go to a terminal only; usage and what postconf adds differ.
cat >"$T/walk" <<'WALK'
mount --bind "$D/etc" /etc || exit 1
cd / && export D STATUS
n=0
while read -r step; do
	n=$((n + 1))
	{
		script -qec "$step" /dev/null </dev/null
		echo "status $?"
	} 2>&1 | tr -d '\r' | sed "s,$D,DIR,g; s,^postfix/postm,/postm,; /postconf: /d; /^postmulti: error: open /d; /^rmdir: /d" >"$OUT/$n"
done <"$STEPS"
WALK

walk() {	# walk SYSTEM SBIN LIBRARIES
	D=$T/$1.d OUT=$T/$1.out
	mkdir -p "$D" "$OUT" "$D/sbin" "$D/etc"
	cp -a /etc/. "$D/etc" 2>/dev/null
	rm -rf "$D/etc/postfix"; mkdir "$D/etc/postfix"
	for f in "$2"/*; do ln -s "$f" "$D/sbin/"; done
	rm "$D/sbin/postfix"; cp "$T/postfix" "$D/sbin/postfix"
	cp "$T/p/etc/main.cf" "$T/p/etc/master.cf" "$D/etc/postfix"
	cf_set "$D/etc/postfix/main.cf" "command_directory = $D/sbin
queue_directory = $D/q
data_directory = $D/d
meta_directory = /etc/postfix
import_environment = MAIL_CONFIG LD_LIBRARY_PATH STATUS D"
	sed -i '/^sample_directory/d; /^html_directory/d' "$D/etc/postfix/main.cf"
	{ cat "$D/etc/postfix/main.cf"; echo 'html_directory = no'; } >"$D/etc/postfix/main.cf.proto"
	cp "$D/etc/postfix/master.cf" "$D/etc/postfix/master.cf.proto"
	mkdir -p "$D/q" "$D/d"
	echo 0 >"$D/status"
	env -u MAIL_CONFIG D="$D" OUT="$OUT" STEPS="$T/$1.steps" STATUS="$D/status" PATH="$D/sbin:$PATH" \
	    LD_LIBRARY_PATH="$3" unshare -m --propagation private sh "$T/walk"
}
cp "$T/steps" "$T/peer.steps"
cat "$T/steps" "$T/own" >"$T/ours.steps"
at_once walk peer "$T/p/root/usr/sbin" "$libs" &
at_once walk ours "$PH_BIN" ''
wait
n=0
while read -r step; do
	n=$((n + 1))
	is "$step" "$(cat "$T/ours.out/$n")" "$(cat "$T/peer.out/$n")"
done <"$T/steps"
is 'an instance is made' "$(cat "$T/ours.out/$((n + 3))")" "main.cf master.cf
status 0"
is 'and removed, with a warning' "$(cat "$T/ours.out/$((n + 4))")" "/postmulti-script: warning: DIR/q9: please verify contents and remove by hand
status 0"
is 'but no mail' "$(cat "$T/ours.out/$((n + 5))")" "find: 'DIR/d9': No such file or directory
find: '/etc/postfix-9': No such file or directory
DIR/q9
DIR/q9/hold
DIR/q9/hold/4xyz
status 0"
done_testing
