/*
 * verify_sender_test.c - the sender of probes, with and without the time in it
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/verify_sender.h"

#include <check.h>

#include "lib/base/buf.h"
#include "t/unit/unit.h"

#define NOW	1795922004	/* Debian's postfix sent double-bounce11DQRG then */

static const struct {
	const char	*base;
	int		 ttl;
	const char	*want;
} rows[] = {
	{ "double-bounce@a.example", 0, "double-bounce@a.example" },
	{ "double-bounce@a.example", 60, "double-bounce11DQRG@a.example" },
	{ "double-bounce", 60, "double-bounce11DQRG" },
	{ "\"a@b\"@c.example", 60, "\"a@b\"11DQRG@c.example" },
	{ "", 60, "" },
	{ "<>", 60, "" },
	{ "<>", 0, "" },
};

START_TEST(the_time_stands_behind_the_local_part)
{
	struct buf got = BUF_INIT;

	verify_sender_make(rows[_i].base, rows[_i].ttl, NOW, &got);
	ck_assert_str_eq(got.ptr, rows[_i].want);
	buf_done(&got);
}
END_TEST

START_TEST(recent_ones_are_known)
{
	static const char *const known[] = { "pr11DQRG@a.example",
	    "pr11DQRF@a.example", "pr11DQRH@a.example", "PR11dqrg@A.example" };
	static const char *const unknown[] = { "pr11DQRD@a.example",
	    "pr11DQRJ@a.example", "pr@a.example", "pr11DQRG@b.example",
	    "11DQRG@a.example", "" };
	struct buf plain = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		ck_assert_msg(verify_sender_plain("pr@a.example", 60, NOW,
		    known[i], &plain), "%s", known[i]);
		ck_assert_str_eq(plain.ptr, "pr@a.example");
	}
	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		ck_assert_msg(!verify_sender_plain("pr@a.example", 60, NOW,
		    unknown[i], &plain), "%s", unknown[i]);
	buf_done(&plain);
}
END_TEST

START_TEST(without_a_time_only_the_plain_one_is)
{
	struct buf plain = BUF_INIT;

	ck_assert(verify_sender_plain("pr@a.example", 0, NOW, "PR@a.example",
	    &plain));
	ck_assert(!verify_sender_plain("pr@a.example", 0, NOW,
	    "pr11DQRG@a.example", &plain));
	ck_assert(!verify_sender_plain("", 0, NOW, "", &plain));
	buf_done(&plain);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("verify_sender");

	UNIT_LOOP(tc, the_time_stands_behind_the_local_part, rows);
	tcase_add_test(tc, recent_ones_are_known);
	tcase_add_test(tc, without_a_time_only_the_plain_one_is);
	return unit_run("verify_sender", tc);
}
