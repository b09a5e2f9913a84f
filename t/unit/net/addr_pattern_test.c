/*
 * addr_pattern_test.c - which answers of a DNS list count
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/addr_pattern.h"

#include <check.h>
#include <stdlib.h>

#include "lib/base/err.h"
#include "t/unit/unit.h"

START_TEST(fields_are_numbers_lists_and_ranges)
{
	static const struct {
		const char	*pattern;
		unsigned char	addr[4];
		bool		matches;
	} rows[] = {
		{ "127.0.0.2", { 127, 0, 0, 2 }, true },
		{ "127.0.0.2", { 127, 0, 0, 3 }, false },
		{ "127.0.0.2", { 126, 0, 0, 2 }, false },
		{ "127.0.0.[2;4]", { 127, 0, 0, 2 }, true },
		{ "127.0.0.[2;4]", { 127, 0, 0, 3 }, false },
		{ "127.0.0.[2;4]", { 127, 0, 0, 4 }, true },
		{ "127.0.0.[2..4]", { 127, 0, 0, 1 }, false },
		{ "127.0.0.[2..4]", { 127, 0, 0, 2 }, true },
		{ "127.0.0.[2..4]", { 127, 0, 0, 4 }, true },
		{ "127.0.0.[2..4]", { 127, 0, 0, 5 }, false },
		{ "127.[0..255].0.[1;250..255]", { 127, 255, 0, 255 }, true },
		{ "127.[0..255].0.[1;250..255]", { 127, 8, 0, 249 }, false },
	};
	struct addr_pattern p;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_int_eq(addr_pattern_parse(&p, rows[i].pattern, NULL),
		    0);
		ck_assert_msg(addr_pattern_matches(&p, rows[i].addr) ==
		    rows[i].matches, "row %zu", i);
	}
}
END_TEST

START_TEST(the_place_of_an_error_is_shown)
{
	static const char *const rows[][2] = {
		{ "garbage", "need decimal number 0..255 or \"[\" at \">g<arbage\"" },
		{ "127.0.0.256", "need decimal number 0..255 or \"[\" at \"127.0.0.>2<56\"" },
		{ "127.0.0", "need \".\" at \"127.0.0><\"" },
		{ "127.0.0.1.2", "garbage after pattern at \"127.0.0.1>.<2\"" },
		{ "127.0.0.[4..2]", "bad address range at \"127.0.0.[4..2>]<\"" },
		{ "127.0.0.[1,2]", "need \";\", \"..\" or \"]\" at \"127.0.0.[1>,<2]\"" },
		{ "127.0.0.[1", "need \";\", \"..\" or \"]\" at \"127.0.0.[1><\"" },
		{ "127.0.0.[]", "need decimal number 0..255 at \"127.0.0.[>]<\"" },
		{ "", "need decimal number 0..255 or \"[\" at \"><\"" },
	};
	struct addr_pattern p;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = ERR_INIT;

		ck_assert_int_eq(addr_pattern_parse(&p, rows[i][0], &err), -1);
		ck_assert_str_eq(err.text, rows[i][1]);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("addr_pattern");

	tcase_add_test(tc, fields_are_numbers_lists_and_ranges);
	tcase_add_test(tc, the_place_of_an_error_is_shown);
	return unit_run("addr_pattern", tc);
}
