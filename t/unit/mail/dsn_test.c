/*
 * dsn_test.c - the words of dsn.h and header.h
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/mail/dsn.h"

#include <check.h>

#include "lib/base/buf.h"
#include "lib/mail/header.h"
#include "t/unit/unit.h"

START_TEST(a_status_is_recognised)
{
	ck_assert_uint_eq(dsn_status_len("5.1.1 text"), 5);
	ck_assert_uint_eq(dsn_status_len("4.999.123"), 9);
	ck_assert_uint_eq(dsn_status_len("3.1.1"), 0);
	ck_assert_uint_eq(dsn_status_len("5.1.1x"), 0);
	ck_assert_uint_eq(dsn_status_len("5.1.1234"), 0);
	ck_assert_uint_eq(dsn_status_len("5.1"), 0);
	ck_assert_uint_eq(dsn_status_len(""), 0);
}
END_TEST

START_TEST(a_text_is_split)
{
	char status[DSN_STATUS_SIZE];

	ck_assert_str_eq(dsn_split("5.1.1  no user", "4.0.0", status),
	    "no user");
	ck_assert_str_eq(status, "5.1.1");
	ck_assert_str_eq(dsn_split("no user", "4.0.0", status), "no user");
	ck_assert_str_eq(status, "4.0.0");
}
END_TEST

START_TEST(notify_and_ret_parse)
{
	ck_assert_uint_eq(dsn_notify_parse("never"), DSN_NOTIFY_NEVER);
	ck_assert_uint_eq(dsn_notify_parse("SUCCESS,DELAY"),
	    DSN_NOTIFY_SUCCESS | DSN_NOTIFY_DELAY);
	ck_assert_uint_eq(dsn_notify_parse("NEVER,SUCCESS"), 0);
	ck_assert_uint_eq(dsn_notify_parse("SUCCESS,"), 0);
	ck_assert_uint_eq(dsn_notify_parse(""), 0);
	ck_assert_uint_eq(dsn_ret_parse("hdrs"), DSN_RET_HDRS);
	ck_assert_uint_eq(dsn_ret_parse("half"), 0);
}
END_TEST

START_TEST(xtext_goes_both_ways)
{
	struct buf enc = BUF_INIT, dec = BUF_INIT;

	xtext_encode(&enc, "a+b=c d\x01");
	ck_assert_str_eq(enc.ptr, "a+2Bb+3Dc+20d+01");
	ck_assert(xtext_decode(&dec, enc.ptr));
	ck_assert_str_eq(dec.ptr, "a+b=c d\x01");
	ck_assert(!xtext_decode(&dec, "a+2"));
	ck_assert(!xtext_decode(&dec, "a+"));
	ck_assert(!xtext_decode(&dec, "a+00"));
	buf_done(&enc);
	buf_done(&dec);
}
END_TEST

START_TEST(header_names_are_found)
{
	ck_assert_uint_eq(header_name_len("To: x", 5), 2);
	ck_assert_uint_eq(header_name_len("To \t: x", 7), 2);
	ck_assert_uint_eq(header_name_len("To x: y", 7), 0);
	ck_assert_uint_eq(header_name_len(": y", 3), 0);
	ck_assert_uint_eq(header_name_len("To", 2), 0);
	ck_assert_uint_eq(header_name_len("T\xc3: x", 5), 0);
	ck_assert_uint_eq(header_name_len("", 0), 0);
	ck_assert_int_eq(header_lookup(SPAN_LIT("MESSAGE-ID")),
	    HEADER_MESSAGE_ID);
	ck_assert_int_eq(header_lookup(SPAN_LIT("Resent-To")),
	    HEADER_RESENT_TO);
	ck_assert_int_eq(header_lookup(SPAN_LIT("X-To")), HEADER_OTHER);
	ck_assert_int_eq(header_lookup(SPAN_LIT("")), HEADER_OTHER);
	ck_assert_uint_eq(header_flags_of(HEADER_RESENT_BCC),
	    HEADER_IS_RECIPIENT | HEADER_IS_EXTRACT | HEADER_IS_RESENT);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("dsn");

	tcase_add_test(tc, a_status_is_recognised);
	tcase_add_test(tc, a_text_is_split);
	tcase_add_test(tc, notify_and_ret_parse);
	tcase_add_test(tc, xtext_goes_both_ways);
	tcase_add_test(tc, header_names_are_found);
	return unit_run("dsn", tc);
}
