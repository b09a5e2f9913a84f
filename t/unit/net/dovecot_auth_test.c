/*
 * dovecot_auth_test.c - lines of Dovecot's authentication protocol
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/dovecot_auth.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "t/unit/unit.h"

static struct dovecot_line line;
static char text[256];

static int
parse(const char *from)
{
	struct err err = ERR_INIT;

	snprintf(text, sizeof(text), "%s", from);
	return dovecot_line_parse(&line, text, &err);
}

START_TEST(a_greeting_tells_what_mechanisms_are)
{
	ck_assert_int_eq(parse("VERSION\t1\t2"), 0);
	ck_assert_int_eq(line.word, DOVECOT_VERSION);
	ck_assert_uint_eq(line.major, 1);
	ck_assert_int_eq(parse("MECH\tDIGEST-MD5\tdictionary\tactive\tnew\t"
	    "mutual-auth"), 0);
	ck_assert_int_eq(line.word, DOVECOT_MECH);
	ck_assert_str_eq(line.mechanism, "DIGEST-MD5");
	ck_assert_uint_eq(line.properties, DOVECOT_DICTIONARY |
	    DOVECOT_ACTIVE | DOVECOT_MUTUAL);
	ck_assert_int_eq(parse("MECH\tX\tprivate\tplaintext\tanonymous\t"
	    "forward-secrecy"), 0);
	ck_assert_uint_eq(line.properties, DOVECOT_PRIVATE |
	    DOVECOT_PLAINTEXT | DOVECOT_ANONYMOUS | DOVECOT_FORWARD_SECRECY);
	ck_assert_int_eq(parse("SPID\t362"), 0);
	ck_assert_int_eq(line.word, DOVECOT_OTHER);
	ck_assert_int_eq(parse("DONE"), 0);
	ck_assert_int_eq(line.word, DOVECOT_DONE);
}
END_TEST

START_TEST(replies_belong_to_requests)
{
	ck_assert_int_eq(parse("CONT\t7\tYWJj"), 0);
	ck_assert_int_eq(line.word, DOVECOT_CONT);
	ck_assert_uint_eq(line.id, 7);
	ck_assert_str_eq(line.data, "YWJj");
	ck_assert_int_eq(parse("CONT\t7\t"), 0);
	ck_assert_str_eq(line.data, "");
	ck_assert_int_eq(parse("CONT\t7"), 0);
	ck_assert_ptr_null(line.data);
	ck_assert_int_eq(parse("OK\t4294967295\tx=y\tuser=joe"), 0);
	ck_assert_uint_eq(line.id, UINT32_MAX);
	ck_assert_str_eq(line.user, "joe");
	ck_assert_int_eq(parse("FAIL\t1\tuser=\ttemp\treason=a b"), 0);
	ck_assert_str_eq(line.user, "");
	ck_assert_str_eq(line.reason, "a b");
	ck_assert_int_eq(parse("FAIL\t1"), 0);
	ck_assert_ptr_null(line.user);
	ck_assert_ptr_null(line.reason);
}
END_TEST

START_TEST(escapes_are_undone)
{
	ck_assert_int_eq(parse("FAIL\t1\tuser=a\1tb\1nc\1rd\001" "1e\001" "0f\1xg\1"), 0);
	ck_assert_str_eq(line.user, "a\tb\nc\rd\1e?fxg\1");
}
END_TEST

static const char *const bad[] = { "OK", "OK\t", "OK\tx", "OK\t-1", "OK\t1x",
    "FAIL\t4294967296", "CONT\t 1", "VERSION", "VERSION\tx", "MECH", "MECH\t",
    "MECH\tA B", "MECH\tA\1tB" };

START_TEST(what_lacks_a_part_is_refused)
{
	ck_assert_msg(parse(bad[_i]) == -1, "%s", bad[_i]);
}
END_TEST

START_TEST(requests_cannot_be_broken_out_of)
{
	struct dovecot_request r = { .service = "sm\ttp",
	    .own_addr = "192.0.2.1", .addr = "1.2\n3", .is_encrypted = true,
	    .response = "YWJj" };
	struct buf out = BUF_INIT;

	dovecot_put_hello(&out, 42);
	ck_assert_str_eq(out.ptr, "VERSION\t1\t0\nCPID\t42\n");
	buf_reset(&out);
	dovecot_put_auth(&out, 3, "PL\1AIN\r", &r);
	ck_assert_str_eq(out.ptr, "AUTH\t3\tPL\001" "1AIN\1r\tservice=sm\1ttp\t"
	    "nologin\tlip=192.0.2.1\trip=1.2\1n3\tsecured\tresp=YWJj\n");
	r = (struct dovecot_request){ "smtp", "a", "b", false, NULL };
	buf_reset(&out);
	dovecot_put_auth(&out, 4, "LOGIN", &r);
	ck_assert_str_eq(out.ptr, "AUTH\t4\tLOGIN\tservice=smtp\tnologin\t"
	    "lip=a\trip=b\n");
	buf_reset(&out);
	dovecot_put_cont(&out, 4, "");
	ck_assert_str_eq(out.ptr, "CONT\t4\t\n");
	buf_done(&out);
}
END_TEST

START_TEST(only_base64_goes_through)
{
	ck_assert(dovecot_is_base64(""));
	ck_assert(dovecot_is_base64("aZ09+/=="));
	ck_assert(!dovecot_is_base64("a b"));
	ck_assert(!dovecot_is_base64("YWJj\tx"));
	ck_assert(!dovecot_is_base64("*"));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("dovecot_auth");

	tcase_add_test(tc, a_greeting_tells_what_mechanisms_are);
	tcase_add_test(tc, replies_belong_to_requests);
	tcase_add_test(tc, escapes_are_undone);
	UNIT_LOOP(tc, what_lacks_a_part_is_refused, bad);
	tcase_add_test(tc, requests_cannot_be_broken_out_of);
	tcase_add_test(tc, only_base64_goes_through);
	return unit_run("dovecot_auth", tc);
}
