/*
 * counters_test.c - does counters.h keep its word?
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/anvil/counters.h"

#include <check.h>
#include <stdlib.h>

#include "t/unit/unit.h"

START_TEST(connections_are_counted_up_and_down)
{
	struct counters *c = counters_new(60);
	struct counter_values v;

	counters_event(c, "smtp:a", COUNTER_CONNECT, 1000, &v);
	counters_event(c, "smtp:a", COUNTER_CONNECT, 1001, &v);
	ck_assert_int_eq(v.count, 2);
	ck_assert_int_eq(v.rate[COUNTER_CONNECT], 2);
	counters_disconnect(c, "smtp:a", 1002);
	ck_assert(counters_lookup(c, "smtp:a", 1002, &v));
	ck_assert_int_eq(v.count, 1);
	counters_disconnect(c, "smtp:a", 1002);
	counters_disconnect(c, "smtp:a", 1002);
	counters_lookup(c, "smtp:a", 1002, &v);
	ck_assert_int_eq(v.count, 0);
	counters_free(c);
}
END_TEST

START_TEST(a_new_window_begins_at_zero)
{
	struct counters *c = counters_new(60);
	struct counter_values v;

	counters_event(c, "x", COUNTER_MAIL, 1000, &v);
	counters_event(c, "x", COUNTER_MAIL, 1059, &v);
	ck_assert_int_eq(v.rate[COUNTER_MAIL], 2);
	counters_event(c, "x", COUNTER_MAIL, 1060, &v);
	ck_assert_int_eq(v.rate[COUNTER_MAIL], 1);
	counters_free(c);
}
END_TEST

START_TEST(clients_are_told_apart)
{
	struct counters *c = counters_new(60);
	struct counter_values v;

	counters_event(c, "smtp:a", COUNTER_RCPT, 1000, &v);
	counters_event(c, "smtp:b", COUNTER_RCPT, 1000, &v);
	ck_assert_int_eq(v.rate[COUNTER_RCPT], 1);
	ck_assert(!counters_lookup(c, "smtp:c", 1000, &v));
	ck_assert_int_eq(v.rate[COUNTER_RCPT], 0);
	counters_free(c);
}
END_TEST

START_TEST(idle_entries_go_and_connected_ones_stay)
{
	struct counters *c = counters_new(60);
	struct counter_values v;

	counters_event(c, "gone", COUNTER_CONNECT, 1000, &v);
	counters_event(c, "here", COUNTER_CONNECT, 1000, &v);
	counters_disconnect(c, "gone", 1010);
	ck_assert_uint_eq(counters_expire(c, 1069), 2);
	ck_assert_uint_eq(counters_expire(c, 1070), 1);
	ck_assert(counters_lookup(c, "here", 2000, &v));
	ck_assert_int_eq(v.count, 1);
	counters_free(c);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("counters");

	tcase_add_test(tc, connections_are_counted_up_and_down);
	tcase_add_test(tc, a_new_window_begins_at_zero);
	tcase_add_test(tc, clients_are_told_apart);
	tcase_add_test(tc, idle_entries_go_and_connected_ones_stay);
	return unit_run("anvil counters", tc);
}
