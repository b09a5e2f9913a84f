/*
 * logtail_test.c - what lines of the mail log prove
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/logtail.h"

#include <check.h>
#include <stdlib.h>
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

struct seen {
	char		 text[2000];
	int		 statuses[8];
	size_t		 count;
};

static void
see(const char *text, enum log_status status, void *ctx)
{
	struct seen *s = ctx;

	ck_assert_uint_lt(s->count, 8);
	s->statuses[s->count++] = (int)status;
	strcat(s->text, text);
	strcat(s->text, "\n");
}

/* What is kept once there are so many lines. */
static void
wait_for(struct logtail *t, size_t count, struct seen *s)
{
	int tries = 500;

	do {
		memset(s, 0, sizeof(*s));
		logtail_each(t, 8, see, s);
	} while (s->count < count && --tries > 0 && usleep(10000) == 0);
	ck_assert_uint_eq(s->count, count);
}

START_TEST(the_last_lines_are_kept)
{
	static const char before[] =
	    "cut off in the middle postfix/smtp[1]: 0: removed\n"
	    "Nov 28 22:46:57 mx1 postfix/qmgr[7]: 4F1: from=<a@b>, size=3\n"
	    "Nov 28 22:46:57 mx1 sshd[9]: somebody else\n";
	static const char after[] =
	    "2026-11-28T22:46:58.123+00:00 mx1 postfix/smtp[1]: 4F1: to=<c@d>, "
	    "orig_to=<c>, relay=m[192.0.2.1]:25, delay=1, dsn=4.0.0, "
	    "status=deferred (no, not now)\n"
	    "Nov 28 22:46:59 mx1 postfix/smtp[1]: 4F1: to=<e@f>, dsn=2.0.0, "
	    "status=sent (said, relay=x)\n"
	    "Nov 28 22:47:00 mx1 postfix/smtp[1]: warning: half";
	char path[] = "/tmp/posthorn-t.XXXXXX";
	int fd = mkstemp(path);
	struct logtail *t;
	struct seen s;

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, before, sizeof(before) - 1),
	    sizeof(before) - 1);
	t = logtail_new(path, "postfix");
	wait_for(t, 2, &s);
	ck_assert_int_eq(write(fd, after, sizeof(after) - 1),
	    sizeof(after) - 1);
	wait_for(t, 4, &s);
	ck_assert_str_eq(s.text,
	    " smtp     0: removed\n"
	    "22:46:57 qmgr     4F1: from=<a@b>, size=3\n"
	    "22:46:58 smtp     4F1: to=<c@d>, orig_to=<c>, status=deferred "
	    "(no, not now)\n"
	    "22:46:59 smtp     4F1: to=<e@f>, dsn=2.0.0, status=sent (said, "
	    "relay=x)\n");
	ck_assert_int_eq(s.statuses[1], LOG_STATUS_COUNT);
	ck_assert_int_eq(s.statuses[2], LOG_DEFERRED);
	ck_assert_int_eq(s.statuses[3], LOG_SENT);
	memset(&s, 0, sizeof(s));
	ck_assert(logtail_each(t, 1, see, &s));
	ck_assert_uint_eq(s.count, 1);
	ck_assert_int_eq(s.statuses[0], LOG_SENT);
	logtail_free(t);
	close(fd);
	unlink(path);
	ck_assert(!logtail_each(NULL, 9, see, &s));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("logtail");

	tcase_add_test(tc, a_line_tells_the_status_of_a_recipient);
	tcase_add_test(tc, nothing_is_claimed_without_a_log);
	tcase_add_test(tc, the_last_lines_are_kept);
	return unit_run("logtail", tc);
}
