/*
 * sched_test.c - scheduling, with a clock that the test moves
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/qmgr/sched.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/qmgr/message.h"
#include "lib/base/mem.h"
#include "t/unit/unit.h"

static const struct transport_limits usual = {
	.concurrency = 20, .initial_concurrency = 5, .failed_cohorts = 1,
	.positive = { 1, FEEDBACK_FIXED }, .negative = { 1, FEEDBACK_FIXED },
	.recipients = 50, .slot_cost = 5, .slot_loan = 3,
	.slot_discount = 50, .min_slots = 3, .refill = 100,
	.refill_delay_s = 5, .memory = 20000, .extra_memory = 1000
};

static const struct dsn refused = {
	"4.4.1", "", "connection refused", "", "", "", ""
};

static struct sched s;

/* What a test leaves behind, for the teardown. */
static struct entry *out[5000];
static struct message *made[500];
static size_t out_count, made_count;

static struct entry *
keep(struct entry *e)
{
	if (e != NULL)
		out[out_count++] = e;
	return e;
}

static struct entry *
pick(struct transport *t, int64_t now)
{
	return keep(sched_pick(t, now));
}

static struct entry *
take_dest(struct dest *d)
{
	return keep(sched_take_dest(d));
}

static struct entry *
take_transport(struct transport *t)
{
	return keep(sched_take_transport(t));
}

static struct dest *
finish(struct entry *e, enum sched_result result, const struct dsn *hop,
    int64_t now)
{
	size_t i;

	for (i = 0; out[i] != e; i++)
		;
	out[i] = out[--out_count];
	return sched_finish(e, result, hop, now);
}

static struct message *
new_message(const char *id)
{
	return made[made_count++] = message_new(id);
}

static void
teardown(void)
{
	while (out_count > 0)
		finish(out[0], SCHED_CRASHED, NULL, 0);
	sched_done(&s);
	while (made_count > 0)
		message_free(made[--made_count]);
}

static struct recipient *
one_rcpt(void)
{
	struct recipient *r = xcalloc(1, sizeof(*r));

	recipient_set(&r->address, "a@example.org");
	recipient_set(&r->orig, "");
	recipient_set(&r->dsn_orcpt, "");
	return r;
}

static void
add(struct transport *t, struct message *m, const char *dest, int n,
    int64_t now)
{
	struct job *job;

	while (n-- > 0) {
		job = sched_job(t, m, now);
		sched_add(job, sched_dest(t, dest, dest), one_rcpt(), 1);
	}
}

static struct transport *
setup(const struct transport_limits *l)
{
	sched_init(&s);
	s.dead_s = 300;
	s.retry_s = 60;
	return sched_transport(&s, "smtp", l);
}

START_TEST(the_window_bounds_parallel_deliveries)
{
	struct transport *t = setup(&usual);
	struct message *m = new_message("A");
	int n = 0;

	add(t, m, "example.org", 30, 0);
	while (pick(t, 0) != NULL)
		n++;
	ck_assert_int_eq(n, 5);
	ck_assert(!sched_has_work(t));
}
END_TEST

START_TEST(success_opens_the_window_up_to_the_limit)
{
	struct transport *t = setup(&usual);
	struct message *m = new_message("A");
	struct entry *busy[100];
	int n = 0, max = 0, done = 0, i;

	add(t, m, "example.org", 400, 0);
	while (done < 400) {
		while ((busy[n] = pick(t, 0)) != NULL)
			n++;
		if (n > max)
			max = n;
		for (i = 0; i < n; i++, done++)
			ck_assert_ptr_null(finish(busy[i],
			    SCHED_REACHED, NULL, 0));
		n = 0;
	}
	ck_assert_int_eq(max, 20);
	ck_assert_int_eq(m->entries, 0);
	ck_assert_ptr_null(t->dests);
	ck_assert_ptr_null(t->jobs);
	ck_assert_int_eq(s.rcpts, 0);
}
END_TEST

START_TEST(linear_feedback_takes_a_whole_window_for_one_step)
{
	struct transport_limits l = usual;
	struct transport *t;
	struct message *m = new_message("A");
	struct entry *busy[10];
	int i;

	ck_assert(feedback_parse("1 / concurrency", &l.positive));
	t = setup(&l);
	add(t, m, "example.org", 40, 0);
	for (i = 0; i < 5; i++)
		busy[i] = pick(t, 0);
	for (i = 0; i < 4; i++) {
		finish(busy[i], SCHED_REACHED, NULL, 0);
		busy[i] = pick(t, 0);	/* keeps the window full */
	}
	ck_assert_int_eq(t->dests->window, 5);
	finish(busy[4], SCHED_REACHED, NULL, 0);
	ck_assert_int_eq(t->dests->window, 6);
}
END_TEST

START_TEST(a_destination_dies_after_a_cohort_of_failures)
{
	struct transport *t = setup(&usual);
	struct message *m = new_message("A");
	struct entry *busy[5], *e;
	struct dest *died = NULL;
	int i, failures = 0, left = 0;

	add(t, m, "example.org", 12, 0);
	for (i = 0; i < 5; i++)
		busy[i] = pick(t, 0);
	for (i = 0; i < 5 && died == NULL; i++, failures++)
		died = finish(busy[i], SCHED_HOP_FAILED, &refused, 1000);
	ck_assert_ptr_nonnull(died);
	/* The first failure takes two: 1/5 + 1/3 + 1/2 is more than one cohort. */
	ck_assert_int_eq(failures, 3);
	ck_assert_str_eq(died->dead.dsn.reason, "connection refused");
	ck_assert_int_eq(sched_next_timer(&s), 301000);
	while ((e = take_dest(died)) != NULL) {
		left++;
		finish(e, SCHED_CRASHED, NULL, 1000);
	}
	ck_assert_int_gt(left, 5);
	add(t, m, "example.org", 1, 2000);
	ck_assert_ptr_null(pick(t, 2000));
	sched_run_timers(&s, 300999);
	ck_assert_ptr_null(pick(t, 300999));
	sched_run_timers(&s, 301000);
	ck_assert_ptr_nonnull(pick(t, 301000));
}
END_TEST

/* So many failures in a row that Debian's postfix took with these settings. */
static const struct {
	int		 initial, cohorts, failures;
	const char	*negative;
} deaths[] = {
	{ 1, 1, 1, "1" }, { 1, 2, 2, "1" }, { 2, 3, 4, "1" },
	{ 3, 4, 5, "1" }, { 5, 3, 5, "1" }, { 6, 3, 6, "1" },
	{ 3, 3, 5, "0.5" }, { 4, 3, 8, "0.3" },
};

START_TEST(failures_add_up_as_with_the_peer)
{
	struct transport_limits l = usual;
	struct message *m = new_message("A");
	struct transport *t;
	int n = 0;

	l.initial_concurrency = deaths[_i].initial;
	l.failed_cohorts = deaths[_i].cohorts;
	ck_assert(feedback_parse(deaths[_i].negative, &l.negative));
	t = setup(&l);
	add(t, m, "example.org", 40, 0);
	for (n = 1; finish(pick(t, 0), SCHED_HOP_FAILED, &refused, 0) == NULL;
	    n++)
		;
	ck_assert_int_eq(n, deaths[_i].failures);
}
END_TEST

/* With two at work and room for one more, a window ends at the two and what it began with. */
START_TEST(a_window_does_not_grow_far_beyond_its_use)
{
	struct transport_limits l = usual;
	struct message *m = new_message("A");
	struct transport *t;
	struct entry *busy[2];
	int i;

	l.initial_concurrency = 3;
	t = setup(&l);
	add(t, m, "example.org", 2, 0);
	busy[0] = pick(t, 0);
	busy[1] = pick(t, 0);
	for (i = 0; i < 20; i++) {
		finish(busy[i % 2], SCHED_REACHED, NULL, 0);
		add(t, m, "example.org", 1, 0);
		busy[i % 2] = pick(t, 0);
	}
	ck_assert_int_eq(t->dests->window, 5);
}
END_TEST

START_TEST(those_that_end_together_all_count)
{
	struct transport_limits l = usual;
	struct message *m = new_message("A");
	struct transport *t;
	struct entry *busy[4];
	int i;

	l.initial_concurrency = 4;
	ck_assert(feedback_parse("1/4", &l.positive));
	t = setup(&l);
	add(t, m, "example.org", 20, 0);
	for (i = 0; i < 4; i++)
		busy[i] = pick(t, 0);
	for (i = 0; i < 4; i++)
		finish(busy[i], SCHED_REACHED, NULL, 0);
	ck_assert_int_eq(t->dests->window, 5);
}
END_TEST

START_TEST(a_flush_forgets_the_dead)
{
	struct transport *t = setup(&usual);
	struct message *m = new_message("A");
	struct dest *died = NULL;
	struct entry *e;

	t->limits.initial_concurrency = 1;
	add(t, m, "example.org", 2, 0);
	e = pick(t, 0);
	died = finish(e, SCHED_HOP_FAILED, &refused, 0);
	ck_assert_ptr_nonnull(died);
	ck_assert_ptr_null(pick(t, 0));
	sched_revive(&s);
	ck_assert_ptr_nonnull(pick(t, 0));
	ck_assert_int_eq(sched_next_timer(&s), -1);
}
END_TEST

START_TEST(without_cohort_limit_nothing_dies)
{
	struct transport_limits l = usual;
	struct transport *t;
	struct message *m = new_message("A");
	int i;

	l.failed_cohorts = 0;
	t = setup(&l);
	add(t, m, "example.org", 50, 0);
	for (i = 0; i < 50; i++)
		ck_assert_ptr_null(finish(pick(t, 0),
		    SCHED_HOP_FAILED, &refused, 0));
	ck_assert_int_eq(m->entries, 0);
}
END_TEST

START_TEST(a_rate_delay_spaces_deliveries)
{
	struct transport_limits l = usual;
	struct transport *t;
	struct message *m = new_message("A");
	struct entry *e;

	l.rate_delay_s = 10;
	t = setup(&l);
	add(t, m, "example.org", 3, 0);
	add(t, m, "example.net", 1, 0);
	e = pick(t, 0);
	ck_assert_str_eq(e->dest->key, "example.org");
	ck_assert_str_eq(pick(t, 0)->dest->key, "example.net");
	ck_assert_ptr_null(pick(t, 0));	/* one at a time */
	finish(e, SCHED_REACHED, NULL, 1000);
	ck_assert_ptr_null(pick(t, 1000));
	sched_run_timers(&s, 11000);
	ck_assert_ptr_nonnull(pick(t, 11000));
}
END_TEST

START_TEST(a_destination_without_mail_remembers_its_pause)
{
	struct transport_limits l = usual;
	struct transport *t;
	struct message *m = new_message("A");

	l.rate_delay_s = 10;
	t = setup(&l);
	add(t, m, "example.org", 1, 0);
	finish(pick(t, 0), SCHED_REACHED, NULL, 1000);
	sched_release(t->dests);	/* whoever looked for it lets go */
	add(t, m, "example.org", 1, 2000);
	ck_assert_ptr_null(pick(t, 2000));
	sched_run_timers(&s, 11000);
	finish(pick(t, 11000), SCHED_REACHED, NULL, 11000);
	sched_run_timers(&s, 21000);
	ck_assert_ptr_null(t->dests);
	ck_assert_int_eq(sched_next_timer(&s), -1);
}
END_TEST

START_TEST(a_transport_delay_spaces_everything)
{
	struct transport_limits l = usual;
	struct transport *t;
	struct message *m = new_message("A");
	struct entry *e;

	l.transport_delay_s = 2;
	t = setup(&l);
	add(t, m, "example.org", 1, 0);
	add(t, m, "example.net", 1, 0);
	e = pick(t, 0);
	ck_assert_ptr_null(pick(t, 0));
	finish(e, SCHED_REACHED, NULL, 0);
	ck_assert_ptr_null(pick(t, 1999));
	sched_run_timers(&s, 2000);
	ck_assert_ptr_nonnull(pick(t, 2000));
}
END_TEST

START_TEST(requests_of_one_message_go_out_as_they_came)
{
	struct transport *t = setup(&usual);
	struct message *m = new_message("A");
	struct dest *d = sched_dest(t, "example.org", "example.org");
	struct entry *added[3];
	int i;

	for (i = 0; i < 3; i++)
		added[i] = sched_add(sched_job(t, m, 0), d, one_rcpt(), 1);
	for (i = 0; i < 3; i++)
		ck_assert_ptr_eq(pick(t, 0), added[i]);
}
END_TEST

START_TEST(destinations_of_one_message_take_turns)
{
	struct transport *t = setup(&usual);
	struct message *m = new_message("A");

	add(t, m, "example.org", 3, 0);
	add(t, m, "example.net", 3, 0);
	ck_assert_str_eq(pick(t, 0)->dest->key, "example.org");
	ck_assert_str_eq(pick(t, 0)->dest->key, "example.net");
	ck_assert_str_eq(pick(t, 0)->dest->key, "example.org");
	ck_assert_str_eq(pick(t, 0)->dest->key, "example.net");
}
END_TEST

START_TEST(an_earlier_message_comes_first)
{
	struct transport *t = setup(&usual);
	struct message *a = new_message("A"), *b = new_message("B");

	t->limits.slot_cost = 0;
	add(t, a, "example.org", 2, 0);
	add(t, b, "example.net", 1, 0);
	ck_assert_ptr_eq(pick(t, 0)->message, a);
	ck_assert_ptr_eq(pick(t, 0)->message, a);
	ck_assert_ptr_eq(pick(t, 0)->message, b);
}
END_TEST

/* Deliver one at a time; at which pick did the small message come? */
static int
position_of_small(int big, int small)
{
	struct transport *t = s.transports;
	struct message *a = new_message("A"), *b = new_message("B");
	struct entry *e;
	char dest[32];
	int i, at = -1;

	for (i = 0; i < big; i++) {
		snprintf(dest, sizeof(dest), "d%d.example", i);
		add(t, a, dest, 1, 0);
	}
	for (i = 0; i < small; i++) {
		snprintf(dest, sizeof(dest), "s%d.example", i);
		add(t, b, dest, 1, 0);
	}
	for (i = 0; (e = pick(t, i)) != NULL; i++) {
		if (e->message == b && at == -1)
			at = i;
		finish(e, SCHED_REACHED, NULL, i);
	}
	ck_assert_int_eq(i, big + small);
	return at;
}

START_TEST(a_small_message_overtakes_a_big_one)
{
	setup(&usual);
	/* One recipient: the loan covers it at once. */
	ck_assert_int_lt(position_of_small(1000, 1), 3);
	/* Twenty: half at a discount, three on loan, seven slots of five. */
	ck_assert_int_eq(position_of_small(1000, 20), 35);
}
END_TEST

START_TEST(overtaking_can_be_switched_off)
{
	struct transport_limits l = usual;

	l.slot_cost = 0;
	setup(&l);
	ck_assert_int_eq(position_of_small(500, 1), 500);
}
END_TEST

START_TEST(a_message_too_small_is_not_overtaken)
{
	setup(&usual);
	/* 10 recipients earn 2 slots, fewer than minimum_delivery_slots. */
	ck_assert_int_eq(position_of_small(10, 1), 10);
}
END_TEST

START_TEST(a_broken_transport_rests)
{
	struct transport *t = setup(&usual);
	struct message *m = new_message("A");
	struct entry *e;

	add(t, m, "example.org", 1, 0);
	sched_fail_transport(t, &refused, 0);
	ck_assert_ptr_null(pick(t, 0));
	e = take_transport(t);
	ck_assert_ptr_nonnull(e);
	ck_assert_ptr_null(take_transport(t));
	finish(e, SCHED_CRASHED, NULL, 0);
	add(t, m, "example.org", 1, 0);
	sched_run_timers(&s, 60000);
	ck_assert_ptr_nonnull(pick(t, 60000));
}
END_TEST

START_TEST(feedback_is_parsed)
{
	static const struct {
		const char *text;
		bool ok;
		int by;
	} cases[] = {
		{ "1", true, FEEDBACK_FIXED },
		{ "0.25", true, FEEDBACK_FIXED },
		{ "1/concurrency", true, FEEDBACK_LINEAR },
		{ "0.5 / sqrt_concurrency", true, FEEDBACK_SQRT },
		{ "1/Concurrency", true, FEEDBACK_LINEAR },
		{ "1/5", true, FEEDBACK_FIXED }, { "5/1", false, 0 },
		{ "1/0", false, 0 }, { "1/", false, 0 },
		{ "", false, 0 }, { "x", false, 0 }, { "2", false, 0 },
		{ "-1", false, 0 }, { "1 / window", false, 0 },
		{ "1 concurrency", false, 0 },
	};
	struct feedback f;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_msg(feedback_parse(cases[i].text, &f) ==
		    cases[i].ok, "%s", cases[i].text);
		if (cases[i].ok)
			ck_assert_int_eq(f.by, cases[i].by);
	}
}
END_TEST

/* Many messages and destinations, random results: the books balance. */
START_TEST(nothing_is_lost_in_a_storm)
{
	struct transport_limits l = usual;
	struct transport *t;
	struct message *m[200];
	struct entry *busy[2000], *e;
	struct dest *died;
	int n = 0, added = 0, ended = 0, i, k, round;
	char dest[32];
	int64_t now = 0;

	l.failed_cohorts = 2;
	t = setup(&l);
	srand(1);
	for (i = 0; i < 200; i++)
		m[i] = new_message("M");
	for (round = 0; round < 3000; round++) {
		now += 500;
		sched_run_timers(&s, now);
		if (round < 2500) {
			k = rand() % 12 == 0 ? 40 : 1;
			while (k-- > 0) {
				snprintf(dest, sizeof(dest), "d%d",
				    rand() % 60);
				add(t, m[rand() % 200], dest, 1, now);
				added++;
			}
		}
		while (n < 100 && (e = pick(t, now)) != NULL)
			busy[n++] = e;
		for (k = rand() % 8; k > 0 && n > 0; k--) {
			i = rand() % n;
			e = busy[i];
			busy[i] = busy[--n];
			died = finish(e, rand() % 6 == 0 ?
			    SCHED_HOP_FAILED : SCHED_REACHED, &refused, now);
			ended++;
			while (died != NULL &&
			    (e = take_dest(died)) != NULL) {
				finish(e, SCHED_CRASHED, NULL, now);
				ended++;
			}
		}
	}
	while (n > 0 || sched_has_work(t) || t->todo > 0) {
		now += 100000;
		sched_run_timers(&s, now);
		while (n < 1000 && (e = pick(t, now)) != NULL)
			busy[n++] = e;
		while (n > 0) {
			finish(busy[--n], SCHED_REACHED, NULL, now);
			ended++;
		}
	}
	ck_assert_int_eq(added, ended);
	ck_assert_int_eq(s.rcpts, 0);
	ck_assert_ptr_null(t->jobs);
	sched_run_timers(&s, now + 1000000);
	ck_assert_ptr_null(t->dests);
	for (i = 0; i < 200; i++)
		ck_assert_int_eq(m[i]->entries, 0);
}
END_TEST

int
main(void)
{
	TCase *t = tcase_create("sched");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, the_window_bounds_parallel_deliveries);
	tcase_add_test(t, success_opens_the_window_up_to_the_limit);
	tcase_add_test(t, linear_feedback_takes_a_whole_window_for_one_step);
	tcase_add_test(t, a_destination_dies_after_a_cohort_of_failures);
	UNIT_LOOP(t, failures_add_up_as_with_the_peer, deaths);
	tcase_add_test(t, a_window_does_not_grow_far_beyond_its_use);
	tcase_add_test(t, those_that_end_together_all_count);
	tcase_add_test(t, a_flush_forgets_the_dead);
	tcase_add_test(t, without_cohort_limit_nothing_dies);
	tcase_add_test(t, a_rate_delay_spaces_deliveries);
	tcase_add_test(t, a_destination_without_mail_remembers_its_pause);
	tcase_add_test(t, a_transport_delay_spaces_everything);
	tcase_add_test(t, requests_of_one_message_go_out_as_they_came);
	tcase_add_test(t, destinations_of_one_message_take_turns);
	tcase_add_test(t, an_earlier_message_comes_first);
	tcase_add_test(t, a_small_message_overtakes_a_big_one);
	tcase_add_test(t, overtaking_can_be_switched_off);
	tcase_add_test(t, a_message_too_small_is_not_overtaken);
	tcase_add_test(t, a_broken_transport_rests);
	tcase_add_test(t, feedback_is_parsed);
	tcase_add_test(t, nothing_is_lost_in_a_storm);
	return unit_run("sched", t);
}
