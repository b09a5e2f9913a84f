#!/bin/sh
# postconf: changes to main.cf and master.cf keep comments, order and layout
. "$(dirname "$0")/../lib.sh"

original() {
	cat >"$T/main.cf" <<'EOF'
# c1
foo = 1
  cont
# mid
  cont2

bar = 2
foo = 3
last = x
EOF
	cat >"$T/master.cf" <<'EOF'
# head
smtp inet n - y - - smtpd
  -o a=b
# mid
  -o c=d

# two
foo unix - n n - 0 smtp
# tail
EOF
}
pc() { (cd "$T" && at_once postconf -c . "$@"); }
# edited FILE ARGS...: the file after postconf ARGS on the originals
edited() { file=$1; shift; original; pc "$@" 2>/dev/null; cat "$T/$file"; }

is '-e replaces every entry and appends what is new' "$(edited main.cf -e foo=new 'zzz=a  b' aaa=)" '# c1
foo = new
# mid

bar = 2
foo = new
last = x
aaa = 
zzz = a  b'
at_terminal() { (cd "$T" && python3 -c 'import pty, sys; pty.spawn(sys.argv[1:])' postconf -c . "$@" </dev/null | tr -d '\r'); }
original
is 'at a terminal a misspelt name is told' "$(at_terminal smtpd_timout=3s my_own=x myhostname=a.example foo_destination_rate_delay=1s)" \
    'postconf: warning: smtpd_timout: unknown parameter; did you mean "smtpd_timeout"?'
is 'elsewhere it is not' "$(pc smtpd_timout=4s 2>&1)" ''
is '-# comments out with continuation lines' "$(edited main.cf '-#' foo)" '# c1
#foo = 1
#  cont
# mid
#  cont2

bar = 2
#foo = 3
last = x'
is '-X deletes' "$(edited main.cf -X foo nosuch)" '# c1
# mid

bar = 2
last = x'
original
is 'several entries are warned of' "$(pc foo=x 2>&1)" 'postconf: warning: ./main.cf: multiple entries for "foo"'
is 'the file is readable by all' "$(stat -c %a "$T/main.cf")" 644
ok 'no temporary file stays' test ! -e "$T/main.cf.tmp"
echo junk >"$T/main.cf.tmp"; chmod 600 "$T/main.cf.tmp"
is 'what a crash left is replaced' "$(edited main.cf -X foo bar last)" '# c1
# mid'
printf 'a = 1' >"$T/main.cf"; pc -e b=2
is 'a last line without newline gets one' "$(cat "$T/main.cf")" 'a = 1
b = 2'
printf 'a = 1\0 hidden\n  more\0\nb = 2\n' >"$T/main.cf"; pc b=3 2>/dev/null
is 'a line that is not edited keeps its NUL bytes' "$(tr '\0' '!' <"$T/main.cf")" 'a = 1! hidden
  more!
b = 3'
original
is 'of two requests for a name the last wins' "$(pc -e q=1 q=2 2>&1; tail -1 "$T/main.cf")" "postconf: warning: ignoring earlier request: 'q = 1'
q = 2"

original; cp "$T/main.cf" "$T/before"
refused() {	# refused TEXT ARGS...
	want=$1; shift
	is "refused: $want" "$(pc "$@" 2>&1; echo $?)" "postconf: fatal: $want
1"
}
refused '-e, -X, or -# accepts no multi-line input' -e 'a=b
c'
refused '-e, -X, or -# accepts no comment input' -e '#a=b'
refused "missing '=' after attribute name: \"a\"" -e ' a'
refused 'missing attribute name: ""' -e ' '
refused 'missing attribute name: "=b"' -e =b
refused '-X or -# requires parameter names without value' -X a b=c
refused '-X or -# requires non-blank parameter names' -X ''
refused '-e requires name=value argument' -e
refused 'missing service argument' -X
ok 'a refused edit changes nothing' cmp "$T/main.cf" "$T/before"

is '-P sets and adds' "$(edited master.cf -P smtp/inet/c=new smtp/inet/q=)" '# head
# mid
smtp       inet  n       -       y       -       -       smtpd
    -o a=b
    -o c=new
    -o q=

# two
foo unix - n n - 0 smtp
# tail'
is '-PX removes' "$(edited master.cf -PX 'smtp/*/a')" '# head
# mid
smtp       inet  n       -       y       -       -       smtpd
    -o c=d

# two
foo unix - n n - 0 smtp
# tail'
is '-F sets a field' "$(edited master.cf -F foo/unix/chroot=y)" '# head
smtp inet n - y - - smtpd
  -o a=b
# mid
  -o c=d

# two
foo        unix  -       n       y       -       0       smtp
# tail'
is '-M replaces an entry' "$(edited master.cf -M 'smtp/inet=smtp inet n n n - - new {a b}')" '# head
smtp       inet  n       n       n       -       -       new {a b}
# mid

# two
foo unix - n n - 0 smtp
# tail'
is '-M appends what is new' "$(edited master.cf -M 'x/unix=x unix - - - - - y' | tail -1)" 'x          unix  -       -       -       -       -       y'
is 'of two entries for one request the last wins' "$(edited master.cf -M 'smtp/inet=smtp inet n n n - - old' \
    'smtp/inet=smtp inet n n n - - new' | grep -e old -e new)" 'smtp       inet  n       n       n       -       -       new'
is '-M# comments out' "$(edited master.cf '-M#' smtp/inet)" '# head
#smtp inet n - y - - smtpd
#  -o a=b
# mid
#  -o c=d

# two
foo unix - n n - 0 smtp
# tail'
is '-MX deletes' "$(edited master.cf -MX '*/unix')" '# head
smtp inet n - y - - smtpd
  -o a=b
# mid
  -o c=d

# two
# tail'
original; cp "$T/master.cf" "$T/before"
refused '-Me, -MX or -M# requires service_name/type' -MX foo
refused '-Fe or -FX requires service_name/type/field_name' -F foo/unix=1
refused '-Pe or -PX requires service_name/type/parameter' -P foo/unix=1
refused '-Fe does not accept wild-card field name' -F 'foo/unix/*=1'
refused '-Pe does not accept wild-card parameter name' -P 'foo/unix/*=1'
refused '-Pe does not accept whitespace in parameter value' -P 'foo/unix/a=b c'
refused '-Fe does not accept whitespace in non-command field' -F 'foo/unix/chroot=n y'
refused 'invalid service attribute name: "x"' -F foo/unix/x=1
refused 'invalid wakeup field "x" in "x"' -F foo/unix/wakeup=x
refused 'invalid service field "" in ""' -F foo/unix/service=
refused 'bad field count: ""' -F foo/unix/command=
refused 'bad field count: "foo/unix=a b"' -M 'foo/unix=a b'
refused 'missing attribute name: "=b"' -M =b
refused 'missing attribute name: "  "' -Pe '  '
refused "missing '=' after attribute name: \"foo/unix/a b=c\"" -P 'foo/unix/a b=c'
refused '-Me, -Fe, -Pe, -X, or -# accept no comment input' -F '#a=b'
refused '-Me, -Fe, -Pe, -X, or -# accept no multi-line input' -M 'foo/unix=foo
unix'
refused '-X or -# requires names without value' -MX foo/unix a/b=c
refused '-Pe or -PX requires service_name/type/parameter' -P 'foo/uni*/a=b'
refused 'invalid service attribute name: "x"' -F foo/unix/wakeup=x foo/unix/x=1
refused 'with option -F, do not specify -X' -F -X foo
ok 'a refused edit changes nothing in master.cf' cmp "$T/master.cf" "$T/before"
is 'no match with -P is a warning' "$(pc -P no/unix/a=b 2>&1)" 'postconf: warning: unmatched service_name/type: "no/unix/a=b"'
ok 'and changes nothing' cmp "$T/master.cf" "$T/before"

refused 'specify one of -e -X' -X a=b
refused 'specify one of -e -n -X' -n -X a=b
refused 'with option -l, do not specify -n' -l -n a=b
refused 'specify one of -e -PP' -PP a=b
refused 'specify one of -a -b' -a -b
refused 'specify one of -b and -t' -b -t
refused 'with option -M, do not specify -h' -M -h
refused 'unknown -C option value "foo" in "foo"' -C foo
echo 'foo = 1' >"$T/main.cf"
touch -d '1 hour ago' "$T/main.cf"
refused 'open nosuch: No such file or directory' -b nosuch
ok '--help succeeds' postconf --help

# Edits at once are edits one after the other.
i=0
while [ $i -lt 12 ]; do
	i=$((i + 1))
	pc -e "user$i=x" &
	pc -P "smtp/inet/user$i=x" &
done
wait
is 'no edit of main.cf is lost' "$(grep -c '^user[0-9]* = x$' "$T/main.cf")" 12
is 'nor of master.cf' "$(grep -c '  -o user[0-9]*=x$' "$T/master.cf")" 12
is 'nothing is left behind' "$(ls "$T" | grep tmp)" ''
chmod 640 "$T/main.cf"
pc -e user1=y
is 'who could not read the file still cannot' "$(stat -c %a "$T/main.cf")" 640
done_testing
