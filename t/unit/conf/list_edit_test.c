/*
 * list_edit_test.c - adding to and removing from list values
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/list_edit.h"

#include "lib/base/buf.h"
#include "t/unit/unit.h"

static const struct {
	const char	*list, *item, *added, *removed;
} cases[] = {
	{ "", "a", "a", "" },
	{ "a", "a", "a", "" },
	{ "a", "b", "a, b", "a" },
	{ "a b", "c", "a b c", "a b" },
	{ "a, b,c", "b", "a, b,c", "a, c" },
	{ "a, b,c", "c", "a, b,c", "a, b" },
	{ "a, b , ", "c", "a, b, c", "a, b , " },
	{ "ab a", "a", "ab a", "ab" },
	{ "{ a, b } c", "a", "{ a, b } c a", "{ a, b } c" },
	{ "{ a, b } c", "{ a, b }", "{ a, b } c", "c" },
	{ "check_client_access hash:/x, reject", "check_client_access hash:/x",
	    "check_client_access hash:/x, reject", "reject" },
	{ "check_client_access hash:/y, reject", "check_client_access hash:/x",
	    "check_client_access hash:/y, reject, check_client_access hash:/x",
	    "check_client_access hash:/y, reject" },
	{ "a b a", "a", "a b a", "b" },
	{ "a, ", ",", "a, ", "a, " },
};

START_TEST(items_are_added_and_removed)
{
	struct buf out = BUF_INIT;

	list_add(&out, cases[_i].list, cases[_i].item);
	ck_assert_str_eq(out.ptr, cases[_i].added);
	list_remove(&out, cases[_i].list, cases[_i].item);
	ck_assert_str_eq(out.ptr, cases[_i].removed);
	buf_done(&out);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("list_edit");

	UNIT_LOOP(tc, items_are_added_and_removed, cases);
	return unit_run("list_edit", tc);
}
