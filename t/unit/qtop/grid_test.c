/*
 * grid_test.c - whatever a text holds, it stays in its field and does no harm
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/grid.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "t/unit/unit.h"

static const struct {
	const char	*text;
	int		 width;
	enum cut	 cut;
	const char	*want;
} tests[] = {
	{ "plain", 8, CUT_END, "plain   " },
	{ "too long for it", 8, CUT_END, "too lon\xe2\x80\xa6" },
	{ "user@example.org", 8, CUT_MIDDLE, "use\xe2\x80\xa6.org" },
	{ "4jWkb63s66z1c6Jr", 8, CUT_START, "\xe2\x80\xa6" "6z1c6Jr" },
	{ "\x1b[31mred", 12, CUT_END, "\\x1b[31mred " },
	{ "a\r\nb\tc", 16, CUT_END, "a\\x0d\\x0ab\\x09c " },
	{ "x\xe2\x80\xaey", 10, CUT_END, "x\\u202ey  " },	/* turns the line */
	{ "\xc2\x9b" "31m", 10, CUT_END, "\\u009b31m " },	/* C1 */
	{ "bad\xff\xfe", 12, CUT_END, "bad\\xff\\xfe " },
	{ "\xe6\x97\xa5\xe6\x9c\xac", 6, CUT_END, "\xe6\x97\xa5\xe6\x9c\xac  " },
	{ "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 4, CUT_END,
	    "\xe6\x97\xa5\xe2\x80\xa6 " },		/* half of a wide one is none */
	{ "e\xcc\x81t\xc3\xa9", 5, CUT_END, "e\xcc\x81t\xc3\xa9  " },
	{ "z\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81!", 4, CUT_END,
	    "z\xcc\x81\xcc\x81!  " },			/* no towers */
	{ "a\xe2\x80\x8b" "b", 4, CUT_END, "ab  " },	/* no width, no mark */
	{ "", 3, CUT_END, "   " },
};

/* A row as text, the blanks at its end included. */
static void
row(const struct grid *g, int x, int width, struct buf *out)
{
	int i;

	for (i = x; i < x + width; i++)
		buf_adds(out, grid_at(g, i, 0)->text);
}

START_TEST(text_is_cut_and_made_harmless)
{
	struct grid g;
	struct buf out = BUF_INIT;

	grid_init(&g);
	grid_clear(&g, 40, 1);
	grid_put(&g, 0, 0, 40, ROLE_NORMAL, CUT_END,
	    "########################################");
	grid_put(&g, 2, 0, tests[_i].width, ROLE_BAD, tests[_i].cut,
	    tests[_i].text);
	row(&g, 2, tests[_i].width, &out);
	ck_assert_str_eq(out.ptr, tests[_i].want);
	ck_assert_str_eq(grid_at(&g, 1, 0)->text, "#");
	ck_assert_str_eq(grid_at(&g, 2 + tests[_i].width, 0)->text, "#");
	buf_done(&out);
	grid_done(&g);
}
END_TEST

START_TEST(nothing_leaves_the_grid)
{
	struct grid g;
	int x, y;

	grid_init(&g);
	grid_clear(&g, 10, 3);
	for (y = -2; y < 6; y++)
		for (x = -12; x < 14; x++) {
			grid_put(&g, x, y, 8, ROLE_BAD, CUT_MIDDLE,
			    "\xe6\x97\xa5\xe6\x9c\xac and more");
			grid_box(&g, x, y, 9, 4, "title of it");
			grid_mark(&g, x < 0 ? 0 : x, y, 8, "more");
			grid_bar(&g, x, y, 12, ROLE_BAR, 0.7);
		}
	grid_done(&g);
}
END_TEST

START_TEST(a_terminal_without_utf8_gets_ascii)
{
	struct grid g;
	struct buf out = BUF_INIT;
	size_t i;

	grid_init(&g);
	grid_clear(&g, 30, 4);
	g.is_ascii = true;
	grid_box(&g, 0, 0, 30, 4, "caf\xc3\xa9 \xe6\x97\xa5");
	grid_put(&g, 1, 1, 10, ROLE_NORMAL, CUT_MIDDLE,
	    "\xc3\xa9t\xc3\xa9 in the country");
	grid_spark(&g, 1, 2, 5, ROLE_BAR, (unsigned[]){ 1, 5, 0, 9, 2 }, 5);
	grid_text(&g, &out);
	for (i = 0; i < out.len; i++)
		ck_assert_int_lt((unsigned char)out.ptr[i], 0x80);
	buf_done(&out);
	grid_done(&g);
}
END_TEST

START_TEST(what_is_searched_is_marked)
{
	struct grid g;

	grid_init(&g);
	grid_clear(&g, 20, 1);
	grid_put(&g, 0, 0, 20, ROLE_NORMAL, CUT_END, "Over QUOTA, over");
	grid_mark(&g, 0, 0, 20, "quota");
	ck_assert_int_eq(grid_at(&g, 4, 0)->role, ROLE_NORMAL);
	ck_assert_int_eq(grid_at(&g, 5, 0)->role, ROLE_MATCH);
	ck_assert_int_eq(grid_at(&g, 9, 0)->role, ROLE_MATCH);
	ck_assert_int_eq(grid_at(&g, 10, 0)->role, ROLE_NORMAL);
	grid_done(&g);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("grid");

	UNIT_LOOP(tc, text_is_cut_and_made_harmless, tests);
	tcase_add_test(tc, nothing_leaves_the_grid);
	tcase_add_test(tc, a_terminal_without_utf8_gets_ascii);
	tcase_add_test(tc, what_is_searched_is_marked);
	return unit_run("grid", tc);
}
