/*
 * buf_test.c - does buf.h keep its word?
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/buf.h"

#include <check.h>
#include <stdlib.h>

#include "t/unit/unit.h"

START_TEST(an_empty_buf_is_an_empty_string)
{
	struct buf b = BUF_INIT;

	ck_assert_str_eq(b.ptr, "");
	ck_assert_uint_eq(b.len, 0);
	buf_reset(&b);
	buf_truncate(&b, 5);
	buf_trim_right(&b);
	ck_assert_str_eq(b.ptr, "");
	buf_done(&b);
}
END_TEST

START_TEST(bytes_of_any_kind_are_kept_and_terminated)
{
	struct buf b = BUF_INIT;
	int i;

	for (i = 0; i < 1000; i++)
		buf_addc(&b, i & 0xff);
	ck_assert_uint_eq(b.len, 1000);
	for (i = 0; i < 1000; i++)
		ck_assert_int_eq((unsigned char)b.ptr[i], i & 0xff);
	ck_assert_int_eq(b.ptr[1000], '\0');
	buf_done(&b);
}
END_TEST

START_TEST(formatting_longer_than_the_room_is_complete)
{
	struct buf b = BUF_INIT;
	char *s;

	buf_sets(&b, "x");
	buf_addf(&b, "%0500d|%s", 7, "end");
	ck_assert_uint_eq(b.len, 1 + 500 + 4);
	ck_assert_str_eq(b.ptr + 1 + 499, "7|end");
	s = buf_take(&b);
	ck_assert_uint_eq(strlen(s), 505);
	ck_assert_str_eq(b.ptr, "");
	free(s);
}
END_TEST

START_TEST(insert_and_delete_move_the_rest)
{
	struct buf b = BUF_INIT;

	buf_sets(&b, "world");
	buf_insert(&b, 0, "hello ", 6);
	buf_insert(&b, b.len, "!", 1);
	ck_assert_str_eq(b.ptr, "hello world!");
	buf_delete(&b, 0, 6);
	ck_assert_str_eq(b.ptr, "world!");
	buf_delete(&b, 5, 1);
	ck_assert_str_eq(b.ptr, "world");
	buf_sets(&b, "text \t\r\n");
	buf_trim_right(&b);
	ck_assert_str_eq(b.ptr, "text");
	buf_done(&b);
}
END_TEST

START_TEST(spans_compare_and_split_without_copying)
{
	struct span rest = span_of("  MAIL  FROM:<a>\tBODY=7BIT "), w;

	w = span_word(&rest);
	ck_assert(span_eq(w, "MAIL"));
	ck_assert(span_ieq(w, "mail"));
	ck_assert(!span_eq(w, "MAI"));
	ck_assert(span_eq(span_word(&rest), "FROM:<a>"));
	ck_assert(span_eq(span_word(&rest), "BODY=7BIT"));
	ck_assert_uint_eq(span_word(&rest).len, 0);
	ck_assert(span_eq(span_trim(span_of(" \tx y\t ")), "x y"));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("buf");

	tcase_add_test(tc, an_empty_buf_is_an_empty_string);
	tcase_add_test(tc, bytes_of_any_kind_are_kept_and_terminated);
	tcase_add_test(tc, formatting_longer_than_the_room_is_complete);
	tcase_add_test(tc, insert_and_delete_move_the_rest);
	tcase_add_test(tc, spans_compare_and_split_without_copying);
	return unit_run("buf", tc);
}
