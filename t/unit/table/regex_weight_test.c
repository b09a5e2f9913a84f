/*
 * regex_weight_test.c - patterns that the C library can bear, and others
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/regex_weight.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "t/unit/unit.h"

/* As people write them. They compile at once. */
static const struct {
	const char	*pattern;
	bool		 is_basic;
} good[] = {
	{ "", false },
	{ "^[0-9]{1,255}\\.[0-9]{1,255}$", false },
	{ "^.{2000,5000}$", false },
	{ "^.{10000,}", false },
	{ "^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", false },
	{ "([a-z0-9-]{1,63}\\.){1,126}$", false },
	{ "(.{0,255}){0,10}", false },
	{ "(a{100}){100}", false },
	{ "([^]{0,255}[:alpha:]]{0,255}){0,20}", false },
	{ "a\\{0,255\\}", false },
	{ "(a{0,255}){0,255}", true },		/* not repetitions there */
	{ "a{,a}{99999}", true },
	{ "\\(a\\{2,20\\}\\)*\\|b\\+", true },
};

START_TEST(what_people_write_is_borne)
{
	regex_t re;

	ck_assert_ptr_null(regex_weight_fault(good[_i].pattern,
	    !good[_i].is_basic));
	ck_assert_int_eq(regcomp(&re, good[_i].pattern, REG_NOSUB |
	    (good[_i].is_basic ? 0 : REG_EXTENDED)), 0);
	regfree(&re);
}
END_TEST

static const struct {
	const char	*pattern;
	bool		 is_basic;
} bad[] = {
	{ "(a{0,255}){0,255}b", false },
	{ "x|(y(a{0,255}){0,255}b)", false },
	{ "((a{1,90}){1,90}){1,90}", false },
	{ "a{0,255}{0,255}", false },
	{ "([ab]{0,255}){0,255}", false },
	{ ".{0,32767}", false },
	{ "(((a{100}){100}){100}){100}", false },
	{ "\\(a\\{0,255\\}\\)\\{0,255\\}b", true },
	{ "[^]]{0,99}{0,99}", false },
};

START_TEST(repetitions_of_repetitions_are_not)
{
	ck_assert_str_eq(regex_weight_fault(bad[_i].pattern,
	    !bad[_i].is_basic), "repetitions make the pattern too large");
}
END_TEST

/* The library's stack would not do, and ours neither. */
START_TEST(groups_have_a_depth)
{
	struct buf deep = BUF_INIT;
	int i;

	for (i = 0; i < 100000; i++)
		buf_addc(&deep, '(');
	ck_assert_str_eq(regex_weight_fault(deep.ptr, true),
	    "groups are nested too deep");
	ck_assert_ptr_null(regex_weight_fault(deep.ptr, false));
	ck_assert_ptr_null(regex_weight_fault(deep.ptr + deep.len - 400,
	    true));
	buf_done(&deep);
}
END_TEST

/* A reader that went past the end would find something there. */
START_TEST(cut_short_is_the_librarys_to_refuse)
{
	static const char text[] = "([^[:a:]x]{1,2}|\\(a\\{1,2\\}[[.-.]]*)+?";
	size_t len;
	char *cut;

	for (len = 0; len < sizeof(text); len++) {
		cut = strndup(text, len);
		ck_assert_ptr_null(regex_weight_fault(cut, true));
		ck_assert_ptr_null(regex_weight_fault(cut, false));
		free(cut);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("regex_weight");

	UNIT_LOOP(tc, what_people_write_is_borne, good);
	UNIT_LOOP(tc, repetitions_of_repetitions_are_not, bad);
	tcase_add_test(tc, groups_have_a_depth);
	tcase_add_test(tc, cut_short_is_the_librarys_to_refuse);
	return unit_run("regex_weight", tc);
}
