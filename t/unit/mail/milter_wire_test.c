/*
 * milter_wire_test.c - are packets made and read as filters expect?
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/mail/milter_wire.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "t/unit/unit.h"

#define BYTES(s) (s), sizeof(s) - 1

static struct milter_wire wire;
static struct err err;

static int
agree(const char *packet, size_t len)
{
	milter_wire_done(&wire);
	milter_wire_init(&wire);
	err_reset(&err);
	ck_assert_int_eq(milter_wire_protocol(&wire, "6", NULL), 0);
	return milter_wire_agree(&wire, packet, len, &err);
}

START_TEST(the_offer_is_what_the_configured_version_has)
{
	static const struct {
		const char	*text;
		const char	*steps;
	} rows[] = { { "2", "\0\0\0\x7f" }, { "3", "\0\0\1\x7f" },
		{ "4", "\0\0\3\x7f" }, { "6", "\0\x1f\xff\xff" },
		{ "2, no_header_reply", "\0\0\0\xff" } };
	struct buf out = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_reset(&out);
		milter_wire_init(&wire);
		ck_assert_int_eq(milter_wire_protocol(&wire, rows[i].text,
		    NULL), 0);
		milter_wire_offer(&wire, &out);
		ck_assert_uint_eq(out.len, 4 + 13);
		ck_assert_int_eq(memcmp(out.ptr, "\0\0\0\x0dO\0\0\0", 8), 0);
		ck_assert_int_eq(out.ptr[8], rows[i].text[0] - '0');
		ck_assert_int_eq(memcmp(out.ptr + 9, "\0\0\1\xff", 4), 0);
		ck_assert_int_eq(memcmp(out.ptr + 13, rows[i].steps, 4), 0);
	}
	ck_assert_int_eq(milter_wire_protocol(&wire, "5", &err), -1);
	ck_assert_int_eq(milter_wire_protocol(&wire, "6 x", &err), -1);
	ck_assert_int_eq(milter_wire_protocol(&wire, "2 3", &err), -1);
	ck_assert_int_eq(milter_wire_protocol(&wire, "", &err), -1);
	buf_done(&out);
}
END_TEST

START_TEST(what_was_not_offered_is_not_agreed_to)
{
	static const struct {
		const char	*packet;
		size_t		 len;
	} bad[] = {
		{ BYTES("") }, { BYTES("x") }, { BYTES("O") },
		{ BYTES("O\0\0\0\6\0\0\0\1\0\0\0") },
		{ BYTES("O\0\0\0\7\0\0\0\1\0\0\0\0") },
		{ BYTES("O\0\0\0\6\0\0\2\1\0\0\0\0") },
		{ BYTES("O\0\0\0\6\0\0\0\1\1\0\0\0") },
		{ BYTES("O\0\0\0\6\0\0\0\1\0\0\0\0\0\0\0\1name") },
		{ BYTES("O\0\0\0\6\0\0\0\1\0\0\0\0\0\0\0\x9j\0") },
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(agree(bad[i].packet, bad[i].len) == -1,
		    "row %zu", i);
		ck_assert_str_ne(err.text, "");
	}
}
END_TEST

START_TEST(steps_leave_events_and_answers_out)
{
	ck_assert_int_eq(agree(BYTES("O\0\0\0\6\0\0\0\1\0\0\x10\x22")), 0);
	ck_assert(!milter_wire_wants(&wire, MILTER_HELO));
	ck_assert(!milter_wire_wants(&wire, MILTER_HEADER));
	ck_assert(milter_wire_wants(&wire, MILTER_MAIL));
	ck_assert(milter_wire_wants(&wire, MILTER_EOM));
	ck_assert(!milter_wire_answers(&wire, MILTER_CONNECT));
	ck_assert(milter_wire_answers(&wire, MILTER_MAIL));
	ck_assert(!milter_wire_answers(&wire, MILTER_ABORT));
	ck_assert_int_eq(agree(BYTES("O\0\0\0\2\0\0\0\1\0\0\0\0")), 0);
	ck_assert(!milter_wire_wants(&wire, MILTER_DATA));
	ck_assert(!milter_wire_wants(&wire, MILTER_UNKNOWN));
}
END_TEST

START_TEST(macros_that_are_asked_for_replace_the_configured_ones)
{
	ck_assert_int_eq(agree(BYTES("O\0\0\0\6\0\0\0\1\0\0\0\0"
	    "\0\0\0\2{mail_addr} i\0\0\0\0\3\0")), 0);
	ck_assert_str_eq(wire.macros[MILTER_AT_MAIL], "{mail_addr} i");
	ck_assert_ptr_null(wire.macros[MILTER_AT_RCPT]);
	milter_wire_done(&wire);
}
END_TEST

static const char *
value(const char *name, void *ctx)
{
	(void)ctx;
	return strcmp(name, "i") == 0 ? "ID" :
	    strcmp(name, "mail_addr") == 0 ? "a@b" : NULL;
}

START_TEST(packets_have_length_letter_and_strings)
{
	const char *strings[] = { "<a@b>", "SIZE=1" };
	struct buf out = BUF_INIT;

	milter_wire_put(&out, MILTER_MAIL, strings, 2);
	ck_assert_uint_eq(out.len, 4 + 14);
	ck_assert_int_eq(memcmp(out.ptr, "\0\0\0\x0eM<a@b>\0SIZE=1\0", 18),
	    0);
	buf_reset(&out);
	milter_wire_macros(&out, MILTER_MAIL, "i, {mail_addr} {x}", value,
	    NULL);
	ck_assert_int_eq(memcmp(out.ptr,
	    "\0\0\0\x17" "DMi\0ID\0{mail_addr}\0a@b\0", out.len), 0);
	buf_reset(&out);
	milter_wire_put_connect(&out, "h", AF_INET, 258, "192.0.2.1");
	ck_assert_int_eq(memcmp(out.ptr, "\0\0\0\x10" "Ch\0" "4\1\2" "192.0.2.1\0",
	    out.len), 0);
	buf_reset(&out);
	milter_wire_put_connect(&out, "h", AF_UNSPEC, 0, "");
	ck_assert_int_eq(memcmp(out.ptr, "\0\0\0\4Ch\0U", out.len), 0);
	buf_done(&out);
}
END_TEST

START_TEST(answers_are_taken_apart)
{
	struct milter_answer a;

	ck_assert_int_eq(milter_wire_answer(MILTER_RCPT, BYTES("r"), &a,
	    NULL), 0);
	ck_assert_int_eq(a.kind, MILTER_REJECT);
	ck_assert_int_eq(milter_wire_answer(MILTER_EOM,
	    BYTES("m\0\0\1\2X-A\0v\0"), &a, NULL), 0);
	ck_assert_int_eq(a.kind, MILTER_CHANGE_HEADER);
	ck_assert_uint_eq(a.index, 258);
	ck_assert_str_eq(a.text, "X-A");
	ck_assert_uint_eq(a.len, 3);
	ck_assert_str_eq(a.value, "v");
	ck_assert_int_eq(milter_wire_answer(MILTER_EOM, BYTES("e<a@b>\0"), &a,
	    NULL), 0);
	ck_assert_str_eq(a.value, "");
	ck_assert_int_eq(milter_wire_answer(MILTER_EOM, BYTES("bx\0y"), &a,
	    NULL), 0);
	ck_assert_uint_eq(a.len, 3);
}
END_TEST

START_TEST(malformed_answers_are_refused)
{
	static const struct {
		const char	*packet;
		size_t		 len;
	} bad[] = {
		{ BYTES("") }, { BYTES("z") }, { BYTES("hX") },
		{ BYTES("hX\0") }, { BYTES("hX\0v") }, { BYTES("i\0\0\0") },
		{ BYTES("m\0\0\0\1") }, { BYTES("+") }, { BYTES("+a") },
		{ BYTES("y") }, { BYTES("y550 x") }, { BYTES("e") },
	};
	struct milter_answer a;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(milter_wire_answer(MILTER_EOM, bad[i].packet,
		    bad[i].len, &a, &err) == -1, "row %zu", i);
	/* Changes come at the end of a message, not before. */
	ck_assert_int_eq(milter_wire_answer(MILTER_BODY, BYTES("hX\0v\0"), &a,
	    &err), -1);
	ck_assert_str_eq(err.text, "unexpected filter response "
	    "SMFIR_ADDHEADER after event SMFIC_BODY");
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("milter_wire");

	tcase_add_test(tc, the_offer_is_what_the_configured_version_has);
	tcase_add_test(tc, what_was_not_offered_is_not_agreed_to);
	tcase_add_test(tc, steps_leave_events_and_answers_out);
	tcase_add_test(tc,
	    macros_that_are_asked_for_replace_the_configured_ones);
	tcase_add_test(tc, packets_have_length_letter_and_strings);
	tcase_add_test(tc, answers_are_taken_apart);
	tcase_add_test(tc, malformed_answers_are_refused);
	return unit_run("milter_wire", tc);
}
