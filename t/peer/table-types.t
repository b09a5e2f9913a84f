#!/bin/sh
# table types that need no server answer and complain as Debian's do: hard cases
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
. "$(dirname "$0")/tables.sh"

both() { cat >"$T/ours/$1"; cp "$T/ours/$1" "$T/theirs/$1"; touch -d '10 minutes ago' "$T/ours/$1" "$T/theirs/$1"; }

# Many keys at once: one line an answer.
keys() { printf '%s\n' "$@" >"$T/in"; }

both c.cidr <<'E'
# order, negation, nesting, families
!10.0.0.0/8 not-ten-v4
if 10.0.0.0/8
if !10.1.0.0/16
10.2.3.4/32 exact
10.2.0.0/16   spaced   value  
endif
IF 10.1.0.0/16
!10.1.2.0/24 outside
! ! 10.1.2.3 double
EndIf
10.9.9.9 nine
endif
::/0 any6
0.0.0.0/0 any4
E
keys 1.2.3.4 10.2.3.4 10.2.9.9 10.1.2.3 10.1.2.4 10.1.3.4 10.9.9.9 10.200.0.1 ::1 ::ffff:10.2.3.4 \
    2001:db8::1 '[::1]' 10.2.3 10.2.3.4/32 010.2.3.4 ' 10.2.3.4' 10.2.3.4. 2001:DB8::A x '' ::ffff:0a02:0304 fe80::1%lo
same 'cidr' postmap -q - cidr:c.cidr
both c2.cidr <<'E'
[::1] loop
[2001:db8::]/32 doc
[2001:db8:0:0::/64] never
2001:db8::1/32 hostbits
2001:DB8:1::/48 upper
1.2.3.4/0 zero
0.0.0.0/1 half
128.0.0.0/01 odd
255.255.255.255 bcast
1.2.3.4 /8 x
ifx 1.2.3.4 y
if
if !
if 1.2.3.4 text
1.2.3.4 inside
endif
endif # comment
10.0.0.0/8
256.1.1.1 x
1.2.3.4.5 x
:: all
::1.2.3.4 mapped
1::2::3 x
12345::1 x
E
keys ::1 2001:db8::5 2001:db8:1::1 1.2.3.4 130.0.0.1 255.255.255.255 5.5.5.5 :: ::1.2.3.4
same 'cidr complains' postmap -q - cidr:c2.cidr

both p.re <<'E'
# substitution, flags, delimiters
/^(.)(.)?x$/	<$1|$2>$$
/^two words$/  a   b  
!^bang^i excl
#^hash$# hashed
"^quoted$"i q
/^a\/b$/ slash
{^brace} open {x}
/^CASE$/i sensitive
/^line1.line2$/m multi
/^(x+)(y+)?z$/ ${1}-$(2)-$1
/^ten(1)(2)(3)(4)(5)(6)(7)(8)(9)(0)$/ $10${9}
/^empty$/
/^dollar$/ $$$$x
/^tab$/	one	two	
if /^in/
if !/^inner/
/^inside$/ inside
endif
/^inner(.*)$/ inner=$1
endif
/^utf.é$/ accent
/[[:digit:]]{3}-[[:alpha:]]+/ posix
/\.example\.(com|net)$/ dom=$1
/^(a|ab)(c|bcd)(d*)$/ $1,$2,$3
/^$/ nothing
E
keys ax abx two\ words bang hash hashed quoted QUOTED a/b '{brace' case CASE line1xline2 xxz xyz \
    'ten1234567890' empty dollar tab inside inner innermost utfxé 123-abc a.example.com A.EXAMPLE.NET abcd '' zzz "$(printf %0300d 1)x"
same 'regexp' postmap -q - regexp:p.re
same 'pcre' postmap -q - pcre:p.re
both p2.re <<'E'
/^a(?<n>b)c$/ $1
/^(?:x)(y)$/ $1
/^lazy(.*?)(z+)$/ $1/$2
/^(?i)mixed$/ mixed
/^look(?=ahead)/ la
/^back(a)\1$/ $1
/^\w+é\d$/ w
/^anchored/A an
/end$/E e
/^sp a ce$/x free
/^ungreedy(.+)(y+)$/U $1/$2
/^dot.nl$/s dot
/^(?<!x)y$/ behind
/a{3/ odd brace
/a{3,1}/ bad range
/[z-a]/ bad class
/[[:foo:]]/ bad name
/(?P<x/ unclosed
/*x/ star
/x**/ stars
/\/ lone
/(/ x
/)/ x
/[/ x
/a|*/ x
/./X obsolete
E
keys abc xy lazyabczz MIXED lookahead backaa 'abé5' anchored theend space ungreedyabyy dotxnl y aaa aaaa 'a{3' zzz
same 'regexp complains' postmap -q - regexp:p2.re
same 'pcre complains' postmap -q - pcre:p2.re
rm "$T/in"
for flags in ii iii m x xx q '!'; do
	same 'flags' postmap -q Abc "regexp:{{/abc/$flags yes}}"
	same 'flags' postmap -q Abc "pcre:{{/abc/$flags yes}}"
done
# Patterns and keys are bytes, unless the pattern says otherwise.
for r in '^.$' '^..$' '\p{Lu}' '^\W' '^é$' '^É$' '^É+$' '^[É]$' '\x{c3}' '\x{e9}' '\x{100}' '(*UTF)^.$' '(*UTF)^é$' '(*UTF)(*UCP)^\w$' '^(.)'; do
	for k in é É; do
		same 'bytes' postmap -q $k "pcre:{{/$r/ <\$1>}}"
		same 'bytes, case counts' postmap -q $k "pcre:{{/$r/i yes}}"
		case $r in
		*\\[xp]*|*UTF*) ;;
		*) same 'bytes' postmap -q $k "regexp:{{/$r/ yes}}" ;;
		esac
	done
done
# A match that fails is no match, and says so in the library's words.
same 'too many steps' postmap -q aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 'pcre:{{/^((a|aa)+)+5/ x}, {/a/ y}}'
same 'not UTF-8' postmap -uq "$(printf 'a\377')" 'pcre:{{/(*UTF)a./ x}, {/a/ y}}'
# Large patterns that both take.
for r in '.{0,255}' '([a-z0-9-]{1,63}\.){1,126}' '(a{0,9}){0,9}x' '(a{50}){50}' 'a{0,1000}'; do
	same 'repetitions' postmap -q aaa.aab. "regexp:{{/^$r/ y}}"
done
for r in 'x' '$1' '${1}' '$(1)' '$$' '$' '$x' '${1' '$(1' '${}' '$2' '${01}' '$1a' '$1 a' '${1}a' '$-1' '$ 1' '{$1}' '' '   '; do
	same 'results' postmap -q b "regexp:{{/(b)/ $r}}"
	same 'results' postmap -q b "pcre:{{/(b)/ $r}}"
done

for t in 'inline:{ a = b }' 'inline:{{ a = b },}' 'inline:{a=b' 'inline:{a=b}}' 'inline:{"a"=b}' 'inline:{{"a b"= c d}}' \
    'inline:{{a\ b=c}}' 'inline:{a=b,a=c}' 'inline:{A=b}' 'inline:{=b}' 'inline:{={b}}' 'inline:{= b}' 'inline:{{= x },a=y}' 'inline:{{}}' 'inline:{a==b}' 'inline:{{a=é}}' 'inline:{é=b}' \
    'static:' 'static:{}' 'static:{ }' 'static:{{a}}' 'static:a b' 'static:{a b' 'static:é' \
    'randmap:{a,a}' 'randmap:{{}}' 'randmap:{a' 'randmap:a}' 'randmap:{ }' 'randmap:{,}' \
    'pipemap:{static:a}' 'pipemap:{inline:{a=b},inline:{b=c},inline:{c=d}}' 'pipemap:{static:a,foo:b}' 'pipemap:{static:a' \
    'pipemap:{{static:a}}' 'pipemap:{static:a,{static:b}}' 'pipemap:{{}x:y}' 'pipemap:{{:b}}' 'unionmap:{{static:a}x}' \
    'pipemap:{ static:a , static:b }' 'pipemap:{pipemap:{inline:{a=b}},static:x}' 'pipemap:{fail:a,static:b}' \
    'unionmap:{inline:{x=b},inline:{y=c}}' 'unionmap:{static:a,static:a}' 'unionmap:{fail:a,static:b}' 'unionmap:{inline:{a=b},pipemap:{static:c}}' \
    'unionmap:{}' 'unionmap:x' 'unionmap:{static:}' 'fail:' 'fail:{}' 'unix:' 'unix:passwd' 'unix:group.byname' 'unix:passwd.byname' \
    'environ:' 'internal:' 'texthash:' 'lmdb:' 'cidr:{{0.0.0.0/0 x}' 'cidr:{{0.0.0.0/0}}' 'cidr:{ {if 1.2.3.4} {::/0 x} }' \
    'regexp:{{if /a/} {/a/ x} {endif}}' 'regexp:{/a/ x}' 'regexp:{{}}' 'regexp:{{ /a/ x } , {/b/ y}}' 'pcre:{{/a/ x}}y' 'socketmap:' 'sqlite:none' 'memcache:/nonexistent.cf' \
    '{}' '{static:a}' ':' '' 'static' 'STATIC:a' ' static:a' 'lmdb:/nonexistent/x' 'cdb:/' 'texthash:/'; do
	same 'type' postmap -q a "$t"
done

# The empty key: of the table, or of nobody.
for t in 'inline:{=b}' 'inline:{{=}}' 'inline:{a=b}' 'pipemap:{inline:{=b},inline:{b=c}}'; do same 'empty key' postmap -q '' "$t"; done
for d in ours theirs; do sqlite3 "$T/$d/db" "create table t(k text, v text); insert into t values('','empty'),('a','b'),('e','')" || exit 1; done
keys '' a e x '' a@x
for q in "k = '%s'" "k = '%u'" "k = 'a'" "k = '%s'
domain = x"; do
	printf 'dbpath = db\nquery = select v from t where %s\n' "$q" | both q.cf
	same 'empty key' postmap -q - sqlite:./q.cf
done
rm "$T/in"

# Keys and values at the edges.
{ printf 'é one\nÉa two\nßx sharp\nİ dotted\nﬁ lig\nΣΑΣ sigma\n'; printf 'big %050000d\n' 7; printf 'k%0400d v\n' 1; printf '"q k" quoted\n'; } | both u
keys É é éA SSX ßX ẞx i̇ İ FI ﬁ σασ ΣΑΣ ΣΑς big BIG "K$(printf %0400d 1)" '"Q K"' 'q k'
for type in lmdb cdb texthash; do
	[ $type = texthash ] || { rm "$T/in"; same 'builds' postmap $type:u; keys É é éA SSX ßX ẞx i̇ İ FI ﬁ σασ ΣΑΣ ΣΑς big BIG "K$(printf %0400d 1)" '"Q K"' 'q k'; }
	same 'folds' postmap -q - $type:u
	same 'does not fold' postmap -fq - $type:u
	same 'folds ASCII only' postmap -uq - $type:u
done
done_testing
