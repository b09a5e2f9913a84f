#!/bin/sh
# smtp: what the postmaster is told of servers that speak no SMTP (notify_classes)
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/peer.sh"
. "$(dirname "$0")/smtp-pair.sh"
two='short ; -f snd@x.example one two'
# The first server takes the notices.
cat >"$T/cases" <<EOT
- ; @EHLO ; $two
- ; 220 ok|250 ok|650 odd ; $two
- ; 220 ok|250 ok|250 ok|550-5.1.1 line one\r\n550 5.1.1 line two|250 ok|250 early ; $two
- ; 220 ok|250 ok|250 ok|250 ok|250 ok|250 early ; $two
- ; @EHLO ?DATA=250 odd ; $two
smtp_rset_timeout = 2s | smtp_quit_timeout = 2s ; @EHLO ?MAIL=354 a long reply that has to be cut somewhere since it is longer than a line of a letter should be ; $two
smtp_rcpt_timeout = 2s | smtp_rset_timeout = 2s | smtp_quit_timeout = 2s ; @EHLO ?RCPT=354 \0nul \tand tab \303\251 ; short ; -f snd@x.example one
- ; 354 what ; $two
- ; 150 what ; $two
- ; 220 ok|150 what|150 what ; $two
- ; @EHLO ?DATA=554 5.7.1 no ; $two
- ; @EHLO ?RCPT=450 4.1.1 not yet ; $two
- ; 220 ok|250 ok|CLOSE ; $two
- ; 220 ok|250 ok|250 ok|250 ok|250 ok|354 go|354 again ; $two
notify_classes = policy, software ; @EHLO ?DATA=250 odd ; $two
smtp_skip_quit_response = no ; @EHLO ?DATA=250 odd ; $two
lmtp_skip_quit_response = yes | lmtp_rset_timeout = 2s | lmtp_quit_timeout = 2s ; @EHLO ?MAIL=354 odd ; $two
EOT
pair_cases "$T/cases"
pair_run 'notify_classes = protocol
error_notice_recipient = notices@c1.example'
# The notices among what the first server got, each without what differs by nature.
notices() {
	perl -0777 -ne 's/\r//g; print sort map { s/.*?(?=From: Mail)//sr =~ s/:\d{5}\b/:PORT/gr =~ s/^Message-Id:.*/Message-Id/mr =~ s/\n\.\n.*//sr, "\n--\n" }
	    grep /^Transcript of/m, split /^(?=EHLO)/m' "$T/$1.wire/1"
}
notices peer >"$T/a"; notices ours >"$T/b"
is 'the postmaster is told the same, word for word' "$(diff "$T/a" "$T/b")" ''
is 'and of as many' "$(grep -c "^Subject: Postfix [SL]MTP client: errors from" "$T/b")" 12
done_testing
