/*
 * queue_group_test.c - messages are counted where they belong
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_group.h"

#include <check.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_message.h"
#include "t/unit/unit.h"

#define NOW	1795250000

static const struct given {
	const char	*queue, *sender;
	int64_t		 age, size;
	const char	*rcpts[4], *reason;
} given[] = {
	{ "deferred", "a@x.example", 60, 100,
	    { "u@One.example", "v@one.example", "w@two.example" },
	    "connect to one[192.0.2.1]:25: Connection timed out" },
	{ "deferred", "A@X.example", 700, 200, { "u@sub.one.example" },
	    "host mx[192.0.2.1] said: 421 4.7.0 too many connections" },
	{ "hold", "", 100000, 400, { "u@one.example" }, "" },
	{ "active", "b@x.example", 5, 800, { NULL }, "" },
};
#define GIVEN	(sizeof(given) / sizeof(given[0]))

static void
add(struct queue_groups *g, size_t from, size_t upto)
{
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	struct queue_message m;
	size_t i, k;

	params.empty_address_recipient = "MAILER-DAEMON";
	queue_message_init(&m);
	c.m = &m;
	c.now = NOW;
	for (i = from; i < upto; i++) {
		queue_message_begin(&m, given[i].queue, "A1", "", NULL);
		m.is_told = m.is_snapshot = true;
		m.has = ~0u;
		queue_message_tell_sender(&m, given[i].sender);
		m.arrival.tv_sec = NOW - given[i].age;
		m.size = given[i].size;
		for (k = 0; given[i].rcpts[k] != NULL; k++)
			queue_message_tell(&m, given[i].rcpts[k],
			    given[i].reason);
		queue_groups_add(g, &c);
	}
	queue_message_done(&m);
	queue_field_context_done(&c);
}

/* "value messages/recipients/bytes/due units" of each group. */
static const char *
told(struct queue_groups *g, enum queue_group_order order, size_t fields)
{
	static struct buf out = BUF_INIT;
	const struct queue_group *const *groups;
	size_t i, k, n;

	buf_reset(&out);
	groups = queue_groups_sorted(g, order, &n);
	for (i = 0; i < n; i++) {
		for (k = 0; k < fields; k++)
			buf_addf(&out, "%s ", queue_group_value(groups[i], k));
		buf_addf(&out, "%d/%d/%d/%d %d\n", (int)groups[i]->messages,
		    (int)groups[i]->recipients, (int)groups[i]->bytes,
		    (int)groups[i]->due, (int)groups[i]->units);
	}
	return out.ptr;
}

START_TEST(a_message_counts_once_in_each_of_its_groups)
{
	struct queue_group_plan p = QUEUE_GROUP_PLAN_INIT;
	const struct queue_group *const *groups, *total;
	struct queue_groups *g;
	size_t n;

	p.facts = QUEUE_GROUP_CLASSES;
	ck_assert_int_eq(queue_group_plan_fields(&p, "rcpt.domain", NULL), 0);
	g = queue_groups_new(&p);
	add(g, 0, GIVEN);
	ck_assert_str_eq(told(g, QUEUE_GROUP_BY_MESSAGES, 1),
	    "one.example 2/3/500/1 3\n"
	    " 1/0/800/0 0\n"
	    "sub.one.example 1/1/200/1 1\n"
	    "two.example 1/1/100/1 1\n");
	groups = queue_groups_sorted(g, QUEUE_GROUP_BY_UNITS, &n);
	ck_assert_int_eq(queue_group_top_class(groups[0]), REASON_TIMEOUT);
	ck_assert_int_eq(queue_group_top_class(groups[1]), REASON_THROTTLE);
	ck_assert_int_eq(groups[0]->oldest, NOW - 100000);
	ck_assert_int_eq(groups[0]->newest, NOW - 60);
	total = queue_groups_total(g);
	ck_assert_int_eq(total->messages, 4);
	ck_assert_int_eq(total->recipients, 5);
	ck_assert_int_eq(total->bytes, 1500);
	ck_assert_int_eq(total->due, 2);
	ck_assert_uint_eq(total->classes[REASON_TIMEOUT], 3);
	queue_groups_free(g);
}
END_TEST

START_TEST(several_fields_make_one_key)
{
	struct queue_group_plan p = QUEUE_GROUP_PLAN_INIT;
	struct queue_groups *g;

	ck_assert_int_eq(queue_group_plan_fields(&p, "queue,sender,nrcpt",
	    NULL), 0);
	g = queue_groups_new(&p);
	add(g, 0, GIVEN);
	ck_assert_str_eq(told(g, QUEUE_GROUP_BY_MESSAGES, 3),
	    "active b@x.example 0 1/0/800/0 1\n"
	    "deferred a@x.example 1 1/1/200/1 1\n"
	    "deferred a@x.example 3 1/3/100/1 1\n"
	    "hold <> 1 1/1/400/0 1\n");
	queue_groups_free(g);
}
END_TEST

START_TEST(a_histogram_counts_recipients_by_age)
{
	static const int64_t want[] = { 2, 0, 0, 1 };
	struct queue_group_plan p = QUEUE_GROUP_PLAN_INIT;
	const struct queue_group *const *groups;
	struct queue_groups *g;
	size_t n;

	ck_assert_int_eq(queue_group_plan_fields(&p, "rcpt.domain", NULL), 0);
	queue_group_plan_ages(&p, 4, 300, false);
	ck_assert_int_eq(p.ages[0], 300);
	ck_assert_int_eq(p.ages[1], 600);
	ck_assert_int_eq(p.ages[2], 1200);
	g = queue_groups_new(&p);
	add(g, 0, GIVEN);
	groups = queue_groups_sorted(g, QUEUE_GROUP_BY_UNITS, &n);
	ck_assert_mem_eq(groups[0]->ages, want, sizeof(want));
	ck_assert_int_eq(queue_groups_total(g)->ages[2], 1);
	queue_groups_free(g);
	p.wants_parents = true;
	g = queue_groups_new(&p);
	add(g, 0, GIVEN);
	ck_assert_str_eq(told(g, QUEUE_GROUP_BY_UNITS, 1),
	    "example 3/5/700/2 5\n"
	    "one.example 3/4/700/2 4\n"
	    "sub.one.example 1/1/200/1 1\n"
	    "two.example 1/1/100/1 1\n"
	    " 1/0/800/0 0\n");
	queue_groups_free(g);
	queue_group_plan_ages(&p, 3, 60, true);
	ck_assert_int_eq(p.ages[1], 120);
	ck_assert_int_eq(p.ages[2], 180);
}
END_TEST

START_TEST(an_unknown_field_is_named)
{
	struct queue_group_plan p = QUEUE_GROUP_PLAN_INIT;
	struct err err = ERR_INIT;

	ck_assert_int_eq(queue_group_plan_fields(&p, "queue,sendr", &err), -1);
	ck_assert_str_eq(err.text, "unknown field \"sendr\"");
	ck_assert_int_eq(queue_group_plan_fields(&p,
	    "id,id,id,id,id,id,id,id,id", &err), -1);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_group");

	tcase_add_test(tc, a_message_counts_once_in_each_of_its_groups);
	tcase_add_test(tc, several_fields_make_one_key);
	tcase_add_test(tc, a_histogram_counts_recipients_by_age);
	tcase_add_test(tc, an_unknown_field_is_named);
	return unit_run("queue_group", tc);
}
