/*
 * logtail_test.c - what lines of the mail log prove
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/logtail.h"

#include <check.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "t/unit/unit.h"

#define NOTHING	LOG_STATUS_COUNT

START_TEST(a_line_tells_the_status_of_a_recipient)
{
	static const struct {
		const char	*line;
		enum log_status	 want;
	} cases[] = {
		{ "Nov 28 22:46:59 mx1 postfix/smtp[1]: 4F1: to=<a@b.example>, relay=m[192.0.2.1]:25, delay=1, "
		    "delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)", LOG_SENT },
		{ "2026-11-28T22:46:59.1+00:00 mx1 postfix/error[1]: 4F1: to=<a@b.example>, orig_to=<x>, relay=none, "
		    "dsn=4.4.1, status=deferred (connect)", LOG_DEFERRED },
		{ "Nov 28 22:46:59 mx1 postfix/local[1]: 4F1: to=<a@b.example>, dsn=5.1.1, status=bounced (no)",
		    LOG_BOUNCED },
		{ "Nov 28 22:46:59 mx1 postfix/smtp[1]: 4F1: to=<a@b.example>, dsn=5.0.0, status=undeliverable (no)",
		    NOTHING },
		{ "Nov 28 22:46:59 mx1 postfix-out/smtp[1]: 4F1: to=<a@b.example>, dsn=2.0.0, status=sent (ok)",
		    NOTHING },
		{ "Nov 28 22:46:59 mx1 postfix/smtp[1]: 4F1: host said: to=<a>, dsn=2.0.0, status=sent (ok)",
		    NOTHING },
		{ "Nov 28 22:46:59 mx1 sshd[1]: user postfix/smtp[1]: 4F1: to=<a>, dsn=2.0.0, status=sent",
		    LOG_SENT },	/* whoever may write to the log can say anything */
		{ "Nov 28 22:46:59 mx1 postfix/smtp[1]: 4F1: to=<a@b.example>, dsn=4.0.0, "
		    "status=deferred (said: dsn=2.0.0, status=sent)", LOG_DEFERRED },
		{ "postfix/smtp[1]: 4F1: to=<", NOTHING },
		{ "", NOTHING },
	};
	enum log_status got;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!logtail_status(cases[i].line, strlen(cases[i].line),
		    "postfix", &got))
			got = NOTHING;
		ck_assert_msg(got == cases[i].want, "%s: got %d",
		    cases[i].line, (int)got);
	}
}
END_TEST

START_TEST(nothing_is_claimed_without_a_log)
{
	struct logtail *t = logtail_new("/nonexistent/log", "postfix");
	struct logtail_rates rates;

	logtail_rate(t, time(NULL) + 100, &rates);
	ck_assert(!rates.is_known);
	logtail_free(t);
	logtail_rate(NULL, time(NULL), &rates);
	ck_assert(!rates.is_known);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("logtail");

	tcase_add_test(tc, a_line_tells_the_status_of_a_recipient);
	tcase_add_test(tc, nothing_is_claimed_without_a_log);
	return unit_run("logtail", tc);
}
