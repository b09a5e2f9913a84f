/*
 * stamps_test.c - what is remembered of a client
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/postscreen/stamps.h"

#include <check.h>

#include "lib/base/buf.h"
#include "t/unit/unit.h"

#define ALL	(TESTS_EARLY | TESTS_DEEP)

START_TEST(entries_are_read_and_written)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "10;20;30;40;50", "10;20;30;40;50" },
		{ "10;20;30;40;50;60", "10;20;30;40;50" },
		{ "10;20;30;40", "10;20;30;40;1" },
		{ "10;x;30;40;50", "10;1;1;1;1" },
		{ "10;-2;30", "10;1;1;1;1" },
		{ "99999999999999999999;2", "1;1;1;1;1" },
		{ "garbage", "1;1;1;1;1" },
		{ "", "1;1;1;1;1" },
	};
	struct buf b = BUF_INIT;
	struct stamps s;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		stamps_parse(&s, cases[i].in);
		buf_reset(&b);
		stamps_format(&s, &b);
		ck_assert_str_eq(b.ptr, cases[i].out);
	}
	buf_done(&b);
}
END_TEST

START_TEST(tests_are_due_when_their_time_is_over)
{
	struct stamps s;

	stamps_parse(&s, "101;100;0;1;200");
	ck_assert_uint_eq(stamps_due(&s, ALL, 100), TEST_BIT(TEST_DNSBL) |
	    TEST_BIT(TEST_PIPELINING) | TEST_BIT(TEST_NON_SMTP));
	ck_assert_uint_eq(stamps_due(&s, TESTS_EARLY, 100),
	    TEST_BIT(TEST_DNSBL));
	ck_assert_uint_eq(stamps_due(&s, 0, 1000), 0);
	stamps_init(&s, TESTS_EARLY);
	ck_assert_uint_eq(stamps_due(&s, ALL, 100), ALL);
}
END_TEST

START_TEST(who_never_passed_some_test_is_new)
{
	struct stamps s;

	stamps_parse(&s, "101;100;0;1;200");
	ck_assert(stamps_is_new(&s, ALL));
	ck_assert(!stamps_is_new(&s, TESTS_EARLY));
	stamps_init(&s, TESTS_EARLY);
	ck_assert(stamps_is_new(&s, TESTS_EARLY));
}
END_TEST

START_TEST(entries_are_kept_for_a_while_after_their_time)
{
	struct stamps s;

	stamps_parse(&s, "1000;1000;1;1;1");
	ck_assert(stamps_is_kept(&s, TESTS_EARLY, 50, 1050));
	ck_assert(!stamps_is_kept(&s, TESTS_EARLY, 50, 1051));
	ck_assert(!stamps_is_kept(&s, ALL, 50, 1050));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("stamps");

	tcase_add_test(tc, entries_are_read_and_written);
	tcase_add_test(tc, tests_are_due_when_their_time_is_over);
	tcase_add_test(tc, who_never_passed_some_test_is_new);
	tcase_add_test(tc, entries_are_kept_for_a_while_after_their_time);
	return unit_run("stamps", tc);
}
