/*
 * attr_test.c - lists go out and come back as the protocol says
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/ipc/attr.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/net/stream.h"
#include "t/unit/unit.h"

static void
ck_bytes(const struct buf *b, const char *want, size_t len)
{
	ck_assert_uint_eq(b->len, len);
	ck_assert_mem_eq(b->ptr, want, len);
}

START_TEST(writers_emit_the_documented_bytes)
{
	static const char want[] = "a\0x\0n\0" "4294967295\0l\0"
	    "18446744073709551615\0d\0AAH/\0e\0\0\0";
	struct buf b = BUF_INIT;

	attr_put_str(&b, "a", "x");
	attr_put_int(&b, "n", -1);
	attr_put_long(&b, "l", -1);
	attr_put_data(&b, "d", "\0\1\377", 3);
	attr_put_data(&b, "e", "", 0);
	attr_put_end(&b);
	ck_bytes(&b, want, sizeof(want) - 1);
	buf_reset(&b);
	attr_put_greeting(&b, "flush");
	ck_bytes(&b, "protocol\0flush\0", 16);
	buf_done(&b);
}
END_TEST

START_TEST(a_list_is_complete_only_with_its_terminator)
{
	static const char text[] = "a\0" "1\0b\0\0b\0" "4294967294\0\0more";
	struct attrs a;
	size_t used = 99, i;
	int32_t n;

	attrs_init(&a);
	for (i = 0; i < sizeof(text) - 5; i++)
		ck_assert_int_eq(attrs_parse(&a, text, i, 100, &used, NULL), 0);
	ck_assert_int_eq(attrs_parse(&a, text, sizeof(text) - 1, 100, &used,
	    NULL), 1);
	ck_assert_uint_eq(used, sizeof(text) - 5);
	ck_assert_uint_eq(a.count, 3);
	ck_assert_str_eq(attrs_get(&a, "b", 0), "");
	ck_assert(attrs_int(&a, "b", 1, &n));
	ck_assert_int_eq(n, -2);
	ck_assert_ptr_null(attrs_get(&a, "b", 2));
	attrs_done(&a);
}
END_TEST

START_TEST(numbers_must_be_whole_and_in_range)
{
	static const char text[] = "a\0" "4294967296\0b\0\0c\0-1\0d\0" "1x\0"
	    "e\0" "18446744073709551616\0f\0" "18446744073709551614\0\0";
	struct attrs a;
	int64_t l;
	int32_t n;
	size_t used;

	attrs_init(&a);
	ck_assert_int_eq(attrs_parse(&a, text, sizeof(text) - 1, 1000, &used,
	    NULL), 1);
	ck_assert(!attrs_int(&a, "a", 0, &n));
	ck_assert(attrs_long(&a, "a", 0, &l));
	ck_assert(!attrs_int(&a, "b", 0, &n));
	ck_assert(!attrs_int(&a, "c", 0, &n));
	ck_assert(!attrs_int(&a, "d", 0, &n));
	ck_assert(!attrs_long(&a, "e", 0, &l));
	ck_assert(attrs_long(&a, "f", 0, &l));
	ck_assert_int_eq(l, -2);
	ck_assert(!attrs_int(&a, "absent", 0, &n));
	attrs_done(&a);
}
END_TEST

START_TEST(table_braces_have_no_value)
{
	static const char text[] = "x\0" "1\0{\0k\0v\0}\0y\0" "2\0\0";
	struct attrs a;
	size_t used;

	attrs_init(&a);
	ck_assert_int_eq(attrs_parse(&a, text, sizeof(text) - 1, 1000, &used,
	    NULL), 1);
	ck_assert_uint_eq(a.count, 3);
	ck_assert_str_eq(attrs_get(&a, "k", 0), "v");
	ck_assert_str_eq(attrs_get(&a, "y", 0), "2");
	attrs_done(&a);
}
END_TEST

START_TEST(a_list_over_the_limit_is_refused)
{
	struct attrs a;
	struct err err = ERR_INIT;
	size_t used;

	attrs_init(&a);
	ck_assert_int_eq(attrs_parse(&a, "name\0value", 10, 5, &used, &err),
	    -1);
	ck_assert_int_eq(err.kind, ERR_LIMIT);
	/* The limit counts every byte, the terminator's too. */
	ck_assert_int_eq(attrs_parse(&a, "n\0v\0\0", 5, 5, &used, NULL), 1);
	ck_assert_int_eq(attrs_parse(&a, "n\0v\0\0", 5, 4, &used, NULL), -1);
	ck_assert_int_eq(attrs_parse_plain(&a, "n=v\n\n", 5, 5, &used, NULL),
	    1);
	ck_assert_int_eq(attrs_parse_plain(&a, "n=v\n\n", 5, 4, &used, NULL),
	    -1);
	ck_assert_int_eq(attrs_parse_plain(&a, "n=v\n", 4, 4, &used, NULL), 0);
	attrs_done(&a);
}
END_TEST

START_TEST(binary_values_survive)
{
	struct buf b = BUF_INIT;
	struct attrs a;
	size_t used;

	attr_put_data(&b, "d", "\0\1\2\3", 4);
	attr_put_data(&b, "one", "a", 1);
	attr_put_data(&b, "two", "ab", 2);
	attr_put_end(&b);
	attrs_init(&a);
	ck_assert_int_eq(attrs_parse(&a, b.ptr, b.len, 100, &used, NULL), 1);
	ck_assert_str_eq(attrs_get(&a, "d", 0), "AAECAw==");
	ck_assert_str_eq(attrs_get(&a, "one", 0), "YQ==");
	ck_assert_str_eq(attrs_get(&a, "two", 0), "YWI=");
	attrs_done(&a);
	buf_done(&b);
}
END_TEST

START_TEST(the_plain_form_is_read)
{
	static const char text[] = "request=lookup\nident=smtp:1.2.3.4=x\n\nz";
	struct attrs a;
	struct err err = ERR_INIT;
	size_t used;

	attrs_init(&a);
	ck_assert_int_eq(attrs_parse_plain(&a, text, sizeof(text) - 4, 100,
	    &used, NULL), 0);
	ck_assert_int_eq(attrs_parse_plain(&a, text, sizeof(text) - 1, 100,
	    &used, NULL), 1);
	ck_assert_uint_eq(used, sizeof(text) - 2);
	ck_assert_str_eq(attrs_get(&a, "ident", 0), "smtp:1.2.3.4=x");
	ck_assert_int_eq(attrs_parse_plain(&a, text, sizeof(text) - 1, 20,
	    &used, &err), -1);
	ck_assert_int_eq(err.kind, ERR_LIMIT);
	ck_assert_int_eq(attrs_parse_plain(&a, "nonsense\n\n", 10, 20, &used,
	    &err), -1);
	ck_assert_int_eq(err.kind, ERR_SYNTAX);
	attrs_done(&a);
}
END_TEST

START_TEST(a_stream_gives_list_after_list_and_then_end)
{
	static const char text[] = "a\0" "1\0\0b\0" "2\0\0cut";
	struct stream *s;
	struct attrs a;
	struct err err = ERR_INIT;
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq(write(pair[0], text, 10), 10);
	s = stream_new(pair[1], 5);
	attrs_init(&a);
	ck_assert_int_eq(attrs_read(s, &a, 100, &err), 1);
	ck_assert_str_eq(attrs_get(&a, "a", 0), "1");
	ck_assert_int_eq(attrs_read(s, &a, 100, &err), 1);
	ck_assert_uint_eq(a.count, 1);
	ck_assert_str_eq(attrs_get(&a, "b", 0), "2");
	close(pair[0]);
	ck_assert_int_eq(attrs_read(s, &a, 100, &err), 0);
	stream_free(s);

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq(write(pair[0], "cut", 3), 3);
	close(pair[0]);
	s = stream_new(pair[1], 5);
	ck_assert_int_eq(attrs_read(s, &a, 100, &err), -1);
	ck_assert_str_eq(err.text, "premature end-of-input");
	stream_free(s);
	attrs_done(&a);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("attr");

	tcase_add_test(tc, writers_emit_the_documented_bytes);
	tcase_add_test(tc, a_list_is_complete_only_with_its_terminator);
	tcase_add_test(tc, numbers_must_be_whole_and_in_range);
	tcase_add_test(tc, table_braces_have_no_value);
	tcase_add_test(tc, a_list_over_the_limit_is_refused);
	tcase_add_test(tc, binary_values_survive);
	tcase_add_test(tc, the_plain_form_is_read);
	tcase_add_test(tc, a_stream_gives_list_after_list_and_then_end);
	return unit_run("attr", tc);
}
