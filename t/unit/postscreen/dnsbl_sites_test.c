/*
 * dnsbl_sites_test.c - postscreen_dnsbl_sites: lists, answers, weights
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/postscreen/dnsbl_sites.h"

#include <check.h>

#include "lib/base/err.h"
#include "t/unit/unit.h"

START_TEST(a_list_is_asked_once_and_each_entry_counts)
{
	struct dnsbl_sites *s = dnsbl_sites_parse("a.test*2, "
	    "b.test=127.0.0.[2..4]*3\tA.test=127.0.0.9*10 w.test*-5 b.test",
	    NULL);

	ck_assert_ptr_nonnull(s);
	ck_assert_uint_eq(dnsbl_sites_count(s), 3);
	ck_assert_str_eq(dnsbl_sites_domain(s, 0), "a.test");
	ck_assert_str_eq(dnsbl_sites_domain(s, 1), "b.test");
	ck_assert_int_eq(dnsbl_sites_score(s, 0, ""), 0);
	ck_assert_int_eq(dnsbl_sites_score(s, 0, "127.0.0.2"), 2);
	ck_assert_int_eq(dnsbl_sites_score(s, 0, "127.0.0.2 127.0.0.9"), 12);
	ck_assert_int_eq(dnsbl_sites_score(s, 1, "127.0.0.5"), 1);
	/* However many answers fit, an entry counts once. */
	ck_assert_int_eq(dnsbl_sites_score(s, 1, "127.0.0.2 127.0.0.3"), 4);
	ck_assert_int_eq(dnsbl_sites_score(s, 2, "10.0.0.1"), -5);
	ck_assert_int_eq(dnsbl_sites_score(s, 2, "nonsense ::1"), 0);
	dnsbl_sites_free(s);
	s = dnsbl_sites_parse(" , ", NULL);
	ck_assert_uint_eq(dnsbl_sites_count(s), 0);
	dnsbl_sites_free(s);
}
END_TEST

START_TEST(what_is_wrong_is_named)
{
	static const struct {
		const char *in, *error;
	} cases[] = {
		{ "bl.test*x", "bad DNSBL weight factor \"x\" in \"bl.test*x\"" },
		{ "bl.test*", "bad DNSBL weight factor \"\" in \"bl.test*\"" },
		{ "bl.test*999999999", "bad DNSBL weight factor \"999999999\" "
		    "in \"bl.test*999999999\"" },
		{ "a.test bl.test*-3x",
		    "bad DNSBL weight factor \"-3x\" in \"bl.test*-3x\"" },
		{ "bl.test=127.0.0.x", "bad DNSBL filter syntax: need decimal "
		    "number 0..255 or \"[\" at \"127.0.0.>x<\"" },
		{ "bl.test=127.0.0.2=3", "bad DNSBL filter syntax: garbage "
		    "after pattern at \"127.0.0.2>=<3\"" },
		{ "=127.0.0.1*2",
		    "bad DNSBL domain name \"\" in \"=127.0.0.1*2\"" },
		{ "{bl.test", "bad DNSBL domain name \"{bl.test\" in "
		    "\"{bl.test\"" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;

		ck_assert_ptr_null(dnsbl_sites_parse(cases[i].in, &err));
		ck_assert_str_eq(err.text, cases[i].error);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("dnsbl_sites");

	tcase_add_test(tc, a_list_is_asked_once_and_each_entry_counts);
	tcase_add_test(tc, what_is_wrong_is_named);
	return unit_run("dnsbl_sites", tc);
}
