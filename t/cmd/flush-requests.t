#!/bin/sh
# flush: requests on standard input, lists and files on disk
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/spool.sh"
S=$T/a/spool

spool_new "$T/a" 'fast_flush_domains = site.example, other.example'
ask() { printf "$1" | posthornd flush -u -S 2>/dev/null | tr '\0' '|'; }
status() { printf 'protocol|queue_flush_protocol||status|%s||' "$1"; }
put() {
	mkdir -p "$S/deferred/$(printf %.1s "$1")"
	: >"$S/deferred/$(printf %.1s "$1")/$1"
	chmod 700 "$S/deferred/$(printf %.1s "$1")/$1"
	touch -d '1 hour' "$S/deferred/$(printf %.1s "$1")/$1"
	spool_own "$T/a"
}

is 'a site of fast_flush_domains gets a list' \
    "$(ask 'request\0add\0site\0Mail.Site.Example\0queue_id\0A0001FF\0\0')" "$(status 0)"
is 'which is named after it' "$(cat "$S/flush/mail_site_example")" A0001FF
ask 'request\0add\0site\0mail.site.example\0queue_id\0A0001FF\0\0' >/dev/null
ask 'request\0add\0site\0mail.site.example\0queue_id\0B0001FF\0\0' >/dev/null
is 'and grows' "$(wc -l <"$S/flush/mail_site_example")" 3
is 'another site is denied' \
    "$(ask 'request\0add\0site\0no.example\0queue_id\0A0001FF\0\0')" "$(status 4)"
is 'a bad ID is refused' \
    "$(ask 'request\0add\0site\0site.example\0queue_id\0../x\0\0')" "$(status 3)"
is 'a request without its attributes too' "$(ask 'request\0add\0\0')" "$(status 3)"
is 'an unknown request gets no reply' "$(ask 'request\0nonsense\0\0')" \
    'protocol|queue_flush_protocol||'

put A0001FF; put C0001FF
is 'a site is flushed' "$(ask 'request\0send_site\0site\0mail.site.example\0\0')" "$(status 0)"
ok 'its message is due' [ -f "$S/incoming/A0001FF" ]
ok 'now' [ -z "$(find "$S/incoming" -newermt '1 minute')" ]
ok 'others are left alone' [ -f "$S/deferred/C/C0001FF" ]
is 'the list is empty' "$(stat -c %s "$S/flush/mail_site_example")" 0
is 'a site without a list is no error' \
    "$(ask 'request\0send_site\0site\0other.example\0\0')" "$(status 0)"
is 'a message is flushed' "$(ask 'request\0send_file\0queue_id\0C0001FF\0\0')" "$(status 0)"
is 'with the request to unthrottle' "$(stat -c %a "$S/incoming/C0001FF")" 740
is 'an unknown one is no error' "$(ask 'request\0send_file\0queue_id\0D0001FF\0\0')" "$(status 0)"
is 'a bad one is' "$(ask 'request\0send_file\0queue_id\0a/b\0\0')" "$(status 3)"

touch -d '8 days ago' "$S/flush/mail_site_example"
echo D0001FF >"$S/flush/other_example"; put D0001FF
touch -d '13 hours ago' "$S/flush/other_example"
is 'housekeeping answers first' "$(ask 'request\0rfrsh\0\0')" "$(status 0)"
ok 'removes lists that stayed empty' [ ! -e "$S/flush/mail_site_example" ]
ok 'and delivers what waited long' [ -f "$S/incoming/D0001FF" ]
done_testing
