/*
 * queue_plan_test.c - a plan counts what it would do, and nothing else
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_plan.h"

#include <check.h>
#include <fcntl.h>

#include "lib/base/mem.h"
#include "t/unit/queue/spool.h"
#include "t/unit/unit.h"

static bool
prints(const struct queue_plan *p, const char *line)
{
	struct buf text = BUF_INIT;
	bool is_there;

	queue_plan_print(p, &text);
	is_there = strstr(text.ptr, line) != NULL;
	if (!is_there)
		fprintf(stderr, "no \"%s\" in:\n%s", line, text.ptr);
	buf_done(&text);
	return is_there;
}

static void
put(int n, const char *queue, const char *sender, const char *rcpts)
{
	while (n-- > 0)
		free(spool_put(queue, sender, rcpts));
}

START_TEST(messages_are_counted_by_what_they_are)
{
	struct queue_plan_totals t;
	struct queue_plan *p;

	put(5, "deferred", "news@a.example", "x@one.example y@two.example");
	put(2, "hold", "", "z@One.Example");
	p = spool_plan(QUEUE_ACT_DELETE, NULL);
	queue_plan_total(p, &t);
	ck_assert_uint_eq(t.messages, 7);
	ck_assert_uint_eq(t.recipients, 12);
	ck_assert(prints(p, "delete   7 messages   12 recipients   "));
	ck_assert(prints(p, "queues   deferred 5   hold 2\n"));
	ck_assert(prints(p, "senders  news@a.example 5   MAILER-DAEMON 2\n"));
	/* Domains know no letter case; a message counts once in each. */
	ck_assert(prints(p, "domains  one.example 7   two.example 5\n"));
	queue_plan_free(p);
}
END_TEST

static const struct {
	const char	*expr;
	size_t		 partly, others;
} partial[] = {
	{ "rcpt.domain = one.example", 2, 6 },
	{ "rcpt = a@one.example", 2, 8 },
	{ "any rcpt (domain = one.example and local = a)", 2, 8 },
	{ "no rcpt (domain = three.example)", 0, 0 },
	{ "all rcpt (domain under example)", 0, 0 },
	{ "sender = news@a.example", 0, 0 },
	{ "nrcpt > 1 and rcpt.domain = two.example", 2, 4 },
	{ "rcpt.domain = one.example or rcpt.domain = two.example", 0, 0 },
	{ "not rcpt.domain = three.example", 0, 0 },
};

START_TEST(recipients_that_were_not_meant_are_told)
{
	struct queue_plan_totals t;
	struct queue_plan *p;

	put(2, "deferred", "news@a.example", "a@one.example b@one.example "
	    "c@two.example d@two.example e@two.example");
	p = spool_plan(QUEUE_ACT_DELETE, partial[_i].expr);
	queue_plan_total(p, &t);
	ck_assert_uint_eq(t.messages, 2);
	ck_assert_uint_eq(t.partly, partial[_i].partly);
	ck_assert_uint_eq(t.other_rcpts, partial[_i].others);
	queue_plan_free(p);
	/* Holding hurts nobody. */
	p = spool_plan(QUEUE_ACT_HOLD, partial[_i].expr);
	queue_plan_total(p, &t);
	ck_assert_uint_eq(t.other_rcpts, 0);
	queue_plan_free(p);
}
END_TEST

START_TEST(what_is_so_already_is_left_out)
{
	struct queue_plan_totals t;
	struct queue_plan *p;

	put(1, "hold", "a@a.example", "x@one.example");
	put(1, "maildrop", "a@a.example", "x@one.example");
	put(1, "deferred", "a@a.example", "x@one.example");
	p = spool_plan(QUEUE_ACT_HOLD, NULL);
	queue_plan_total(p, &t);
	ck_assert_uint_eq(t.messages, 1);
	ck_assert_uint_eq(t.idle, 2);
	ck_assert(prints(p, "2 other messages selected, which cannot be "
	    "placed on hold, or are already\n"));
	queue_plan_free(p);
}
END_TEST

START_TEST(a_limit_keeps_the_first_in_order)
{
	struct queue_plan *p;
	char *ids[3];
	int i;

	for (i = 0; i < 3; i++) {
		ids[i] = spool_put("deferred", i == 1 ? "b@a.example" : i == 0
		    ? "c@a.example" : "a@a.example", "x@one.example");
		usleep(2000);
	}
	p = spool_plan(QUEUE_ACT_DELETE, NULL);
	queue_plan_limit(p, 2);
	ck_assert_uint_eq(queue_plan_count(p), 2);
	ck_assert_str_eq(queue_plan_at(p, 0)->what.id, ids[0]);
	ck_assert_str_eq(queue_plan_at(p, 1)->what.id, ids[1]);
	ck_assert_ptr_null(queue_plan_at(p, 2));
	/* The summary speaks of what is left. */
	ck_assert(prints(p, "senders  b@a.example 1   c@a.example 1\n"));
	queue_plan_free(p);
	for (i = 0; i < 3; i++)
		free(ids[i]);
}
END_TEST

/* On hold there is no next attempt: such a message is no candidate for the first. */
START_TEST(what_has_no_value_stands_last)
{
	char *held = spool_put("hold", "a@a.example", "x@one.example");
	char *waits = spool_put("deferred", "a@a.example", "x@one.example");
	struct timespec later[2] = { { .tv_sec = clock_now() + 3600 } };
	struct buf path = BUF_INIT;
	struct queue_plan *p;
	int i;

	later[1] = later[0];
	queue_path(&path, "deferred", waits);
	ck_assert_int_eq(utimensat(AT_FDCWD, path.ptr, later, 0), 0);
	for (i = 0; i < 2; i++) {
		p = spool_plan_by(QUEUE_ACT_DELETE, NULL, i == 0 ?
		    "next" : "-next");
		queue_plan_limit(p, 2);
		ck_assert_str_eq(queue_plan_at(p, 0)->what.id, waits);
		ck_assert_str_eq(queue_plan_at(p, 1)->what.id, held);
		queue_plan_free(p);
	}
	buf_done(&path);
	free(held);
	free(waits);
}
END_TEST

START_TEST(guards_refuse)
{
	struct queue_plan_guards g = QUEUE_PLAN_GUARDS_INIT;
	struct queue_plan *p;
	struct err err = ERR_INIT;

	put(3, "deferred", "a@a.example", "x@one.example");
	p = spool_plan(QUEUE_ACT_DELETE, NULL);
	ck_assert_int_eq(queue_plan_check(p, &g, &err), 0);
	g.max = 3;
	g.expect = 3;
	ck_assert_int_eq(queue_plan_check(p, &g, &err), 0);
	g.max = 2;
	ck_assert_int_eq(queue_plan_check(p, &g, &err), -1);
	ck_assert_int_eq(err.kind, ERR_LIMIT);
	g.max = -1;
	g.expect = 4;
	ck_assert_int_eq(queue_plan_check(p, &g, &err), -1);
	g.expect = 0;
	ck_assert_int_eq(queue_plan_check(p, &g, &err), -1);
	g.expect = -1;
	g.max = 0;
	ck_assert_int_eq(queue_plan_check(p, &g, &err), -1);
	queue_plan_free(p);
}
END_TEST

START_TEST(text_of_strangers_is_safe_to_show)
{
	struct queue_plan *p;
	struct buf text = BUF_INIT;

	put(1, "deferred", "\"\x1b[2J\"@a.example", "x@one.example");
	p = spool_plan(QUEUE_ACT_DELETE, NULL);
	queue_plan_print(p, &text);
	ck_assert_ptr_null(strchr(text.ptr, '\x1b'));
	buf_reset(&text);
	queue_plan_json(p, &text);
	ck_assert_ptr_null(strchr(text.ptr, '\x1b'));
	buf_done(&text);
	queue_plan_free(p);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_plan");

	tcase_add_checked_fixture(tc, spool_setup, unit_folder_leave);
	tcase_add_test(tc, messages_are_counted_by_what_they_are);
	UNIT_LOOP(tc, recipients_that_were_not_meant_are_told, partial);
	tcase_add_test(tc, what_is_so_already_is_left_out);
	tcase_add_test(tc, a_limit_keeps_the_first_in_order);
	tcase_add_test(tc, what_has_no_value_stands_last);
	tcase_add_test(tc, guards_refuse);
	tcase_add_test(tc, text_of_strangers_is_safe_to_show);
	return unit_run("queue_plan", tc);
}
