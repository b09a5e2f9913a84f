/*
 * queue_rec_test.c - framing, attributes, size and pointer records
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_rec.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "t/unit/unit.h"

START_TEST(lengths_take_the_shortest_form)
{
	static const struct {
		size_t		 len;
		const char	*bytes;
		size_t		 n;
	} forms[] = {
		{ 0, "\0", 1 }, { 95, "\x5f", 1 }, { 127, "\x7f", 1 },
		{ 128, "\x80\x01", 2 }, { 2048, "\x80\x10", 2 },
		{ 16383, "\xff\x7f", 2 }, { 16384, "\x80\x80\x01", 3 },
	};
	static char data[16384];
	struct buf out = BUF_INIT;
	const char *value;
	size_t i, len, used;
	int type;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		buf_reset(&out);
		queue_rec_put(&out, 'N', data, forms[i].len);
		ck_assert_uint_eq(out.len, 1 + forms[i].n + forms[i].len);
		ck_assert_int_eq(memcmp(out.ptr + 1, forms[i].bytes,
		    forms[i].n), 0);
		ck_assert_int_eq(queue_rec_get(out.ptr, out.len, true, &type,
		    &value, &len, &used, NULL), 1);
		ck_assert_uint_eq(len, forms[i].len);
		ck_assert_uint_eq(used, out.len);
		/* One byte less is not enough to decide, or damage at EOF. */
		ck_assert_int_eq(queue_rec_get(out.ptr, out.len - 1, false,
		    &type, &value, &len, &used, NULL), 0);
		ck_assert_int_eq(queue_rec_get(out.ptr, out.len - 1, true,
		    &type, &value, &len, &used, NULL), -1);
	}
	buf_done(&out);
}
END_TEST

static const struct {
	const char	*text, *why, *name, *value;
} attrs[] = {
	{ "a=b", NULL, "a", "b" },
	{ "  a  =  b c  ", NULL, "a", "b c" },
	{ "a=", NULL, "a", "" },
	{ "a=b=c", NULL, "a", "b=c" },
	{ "", "missing attribute name", NULL, NULL },
	{ " =b", "missing attribute name", NULL, NULL },
	{ "a", "missing '=' after attribute name", NULL, NULL },
	{ "a b", "missing '=' after attribute name", NULL, NULL },
};

START_TEST(attributes_split_at_the_first_equals_sign)
{
	char text[64], *name, *value;
	const char *why;

	snprintf(text, sizeof(text), "%s", attrs[_i].text);
	why = queue_rec_attr(text, &name, &value);
	if (attrs[_i].why != NULL) {
		ck_assert_ptr_nonnull(why);
		ck_assert_str_eq(why, attrs[_i].why);
		return;
	}
	ck_assert_ptr_null(why);
	ck_assert_str_eq(name, attrs[_i].name);
	ck_assert_str_eq(value, attrs[_i].value);
}
END_TEST

static const struct {
	const char	*text;
	int		 rc, fields;
	long		 flags, length;
	const char	*why;
} sizes[] = {
	{ "            288             279               1               0"
	    "             288               0", 0, 6, 0, 288, "" },
	{ "149 253 1 0 149", 0, 5, 0, 149, "" },
	{ "149 253 1 4", 0, 4, 4, 149, "" },
	{ "149 253 1", 0, 3, 1, 149, "" },
	{ "149", 0, 1, 1, 149, "" },
	{ "149 253 1 0 0 0", 0, 6, 0, 149, "" },
	{ "149 253", -1, 0, 0, 0, "message rejected: weird size record" },
	{ "text", -1, 0, 0, 0, "message rejected: weird size record" },
	{ "", -1, 0, 0, 0, "message rejected: weird size record" },
	{ "0 0 0 0 0 0", -1, 0, 0, 0,
	    "invalid size record: 0 0 0 0 0 0" },
	{ "-5 253 1 0 149 0", -1, 0, 0, 0,
	    "invalid size record: -5 253 1 0 149 0" },
	{ "149 253 1 0 -149 0", -1, 0, 0, 0,
	    "invalid size record: 149 253 1 0 -149 0" },
	{ "149 253 1 32 149 0", -1, 0, 0, 0,
	    "invalid flags in size record: 149 253 1 32 149 0" },
	{ "99999999999999999999 1 1", -1, 0, 0, 0,
	    "message rejected: weird size record" },
};

START_TEST(size_records_of_every_age_and_damage)
{
	struct queue_rec_size size;
	struct err err = ERR_INIT;

	ck_assert_int_eq(queue_rec_size_parse(sizes[_i].text, &size, &err),
	    sizes[_i].rc);
	ck_assert_str_eq(err.text, sizes[_i].why);
	if (sizes[_i].rc == -1)
		return;
	ck_assert_int_eq(size.fields, sizes[_i].fields);
	ck_assert_int_eq(size.qmgr_flags, sizes[_i].flags);
	ck_assert_int_eq(size.content_length, sizes[_i].length);
}
END_TEST

START_TEST(a_written_size_record_is_97_bytes)
{
	struct queue_rec_size size = { 288, 279, 1, 0, 288, 0, 6 };
	struct buf out = BUF_INIT;

	queue_rec_size_put(&out, &size);
	ck_assert_uint_eq(out.len, QUEUE_REC_SIZE_LEN);
	ck_assert_str_eq(out.ptr + 2, sizes[0].text);
	buf_done(&out);
}
END_TEST

START_TEST(labels_are_those_of_postcat)
{
	ck_assert_str_eq(queue_rec_name('R'), "recipient");
	ck_assert_str_eq(queue_rec_name('L'), "content_filter");
	ck_assert_str_eq(queue_rec_name('?'), "unknown_record_type");
	ck_assert_int_eq(queue_rec_attr_type("notify_flags"), 'n');
	ck_assert_int_eq(queue_rec_attr_type("encoding"), 0);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_rec");

	tcase_add_test(tc, lengths_take_the_shortest_form);
	UNIT_LOOP(tc, attributes_split_at_the_first_equals_sign, attrs);
	UNIT_LOOP(tc, size_records_of_every_age_and_damage, sizes);
	tcase_add_test(tc, a_written_size_record_is_97_bytes);
	tcase_add_test(tc, labels_are_those_of_postcat);
	return unit_run("queue_rec", tc);
}
