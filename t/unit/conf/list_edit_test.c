/*
 * list_edit_test.c - adding to and removing from list values
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/list_edit.h"

#include <string.h>

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
	list_remove(&out, cases[_i].list, cases[_i].item, NULL);
	ck_assert_str_eq(out.ptr, cases[_i].removed);
	buf_done(&out);
}
END_TEST

static const struct {
	const char	*list, *item, *removed;
} pairs[] = {
	{ "check x, reject", "x", "reject" },
	{ "check x, reject", "check", "reject" },
	{ "check x, reject", "check x", "reject" },
	{ "check x, reject", "reject", "check x" },
	{ "check reject, reject", "reject", "" },
	{ "check x check y reject", "y", "check x reject" },
	{ "check x check y reject", "check", "reject" },
	{ "check check reject", "reject", "check check" },
	{ "check { x, y } x", "x", "check { x, y }" },
	{ "permit, check x", "x", "permit" },
	{ "permit x", "x", "permit" },
	{ "permit check", "check", "permit" },
	{ "checks x", "x", "checks" },
};

static bool
is_check(const char *word, size_t len)
{
	return len == 5 && strncmp(word, "check", len) == 0;
}

START_TEST(a_word_goes_with_its_argument)
{
	struct buf out = BUF_INIT;

	list_remove(&out, pairs[_i].list, pairs[_i].item, is_check);
	ck_assert_str_eq(out.ptr, pairs[_i].removed);
	buf_done(&out);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("list_edit");

	UNIT_LOOP(tc, items_are_added_and_removed, cases);
	UNIT_LOOP(tc, a_word_goes_with_its_argument, pairs);
	return unit_run("list_edit", tc);
}
