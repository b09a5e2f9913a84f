/*
 * line_diff_test.c - what differs between two texts
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/line_diff.h"

#include <check.h>
#include <stdlib.h>

#include "t/unit/unit.h"

static const struct {
	const char	*before, *after, *diff;
} cases[] = {
	{ "", "", "" },
	{ "a\nb\n", "a\nb\n", "" },
	{ "", "a\n", "@@ -1 +1 @@\n+a\n" },
	{ "a\n", "", "@@ -1 +1 @@\n-a\n" },
	{ "a\nb\nc\n", "a\nx\nc\n", "@@ -1 +1 @@\n a\n-b\n+x\n c\n" },
	{ "a\nb\nc\nd\ne\nf\n", "b\nc\nd\ne\nf\ng\n",
	    "@@ -1 +1 @@\n-a\n b\n@@ -6 +5 @@\n f\n+g\n" },
	{ "a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n",
	    "@@ -1 +1 @@\n-a\n-b\n c\n+b\n a\n b\n-b\n a\n+c\n" },
	{ "\033[31m\n", "x\n", "@@ -1 +1 @@\n-\\x1b[31m\n+x\n" },
};

START_TEST(differences_are_lines)
{
	struct buf out = BUF_INIT;

	ck_assert_int_eq(line_diff(span_of(cases[_i].before),
	    span_of(cases[_i].after), 1, &out), cases[_i].diff[0] != '\0');
	ck_assert_str_eq(out.ptr, cases[_i].diff);
	buf_done(&out);
}
END_TEST

/* Apply a difference with full context: it must give the new text. */
static void
check(const struct buf *a, const struct buf *b)
{
	struct buf out = BUF_INIT, got = BUF_INIT, from = BUF_INIT;
	const char *p;
	size_t n;

	if (!line_diff(span_buf(a), span_buf(b), 100000, &out)) {
		ck_assert_str_eq(a->ptr, b->ptr);
		return;
	}
	for (p = out.ptr; *p != '\0'; p += n + 1) {
		n = strcspn(p, "\n");
		if (*p == '+' || *p == ' ')
			buf_add(&got, p + 1, n);
		if (*p == '-' || *p == ' ')
			buf_add(&from, p + 1, n);
	}
	ck_assert_str_eq(got.ptr, b->ptr);
	ck_assert_str_eq(from.ptr, a->ptr);
	buf_done(&out);
	buf_done(&got);
	buf_done(&from);
}

START_TEST(a_difference_can_be_applied)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	int round, i, lines;

	srand(1);
	for (round = 0; round < 300; round++) {
		buf_reset(&a);
		buf_reset(&b);
		lines = round < 290 ? rand() % 30 : 6000;
		for (i = 0; i < lines; i++) {
			if (rand() % 4 > 0)
				buf_addf(&a, "%c\n", 'a' + rand() % 5);
			if (rand() % 4 > 0)
				buf_addf(&b, "%c\n", 'a' + rand() % 5);
		}
		check(&a, &b);
	}
	buf_done(&a);
	buf_done(&b);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("line_diff");

	tcase_set_timeout(tc, 60);
	UNIT_LOOP(tc, differences_are_lines, cases);
	tcase_add_test(tc, a_difference_can_be_applied);
	return unit_run("line_diff", tc);
}
