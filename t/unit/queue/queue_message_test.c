/*
 * queue_message_test.c - what a lister learns from real queue files
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_message.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/conf/params.h"
#include "t/unit/folder.h"
#include "t/unit/unit.h"

static char data[512];

static void
setup(void)
{
	const char *src = getenv("PH_SRC");

	snprintf(data, sizeof(data), "%s/t/data/queue",
	    src != NULL ? src : realpath(".", NULL));
	unit_folder_enter("hold defer");
	params.hash_queue_names = "";
	params.empty_address_recipient = "MAILER-DAEMON";
	params.smtputf8_enable = true;
}

/* Put a golden case into hold. */
static void
put(const char *name, const char *id, const char *mode)
{
	char command[2048];

	snprintf(command, sizeof(command), "cp %s/%s/%s hold/%s && "
	    "chmod %s hold/%s; test ! -f %s/%s/%s.defer || "
	    "cp %s/%s/%s.defer defer/%s", data, name, id, id, mode, id, data,
	    name, id, data, name, id, id);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(edits_of_a_milter_are_followed)
{
	struct queue_message m;

	put("milter-everything", "70AE8A84021", "700");
	queue_message_init(&m);
	ck_assert_int_eq(queue_message_read(&m, "hold", "70AE8A84021",
	    QUEUE_MESSAGE_HEADERS, NULL), 1);
	ck_assert_str_eq(m.sender, "new@client.example");
	ck_assert_uint_eq(m.rcpt_count, 2);
	ck_assert_str_eq(m.rcpts[0].address, "bob@remote.example");
	ck_assert_str_eq(m.rcpts[0].dsn_orcpt, "rfc822;bob@remote.example");
	ck_assert_str_eq(m.rcpts[1].address, "erin@remote.example");
	ck_assert_str_eq(m.rcpts[1].dsn_orcpt, "");
	ck_assert_int_eq(m.rcpts[1].offset, 1388);
	ck_assert_uint_eq(m.done_count, 1);
	ck_assert_int_eq(m.size, 426);
	ck_assert_str_eq(m.client_addr, "127.0.0.1");
	ck_assert_str_eq(m.helo, "client.example");
	ck_assert(m.has_end && !m.is_damaged);
	ck_assert_ptr_nonnull(strstr(m.headers, "\nSubject: changed\n"));
	ck_assert_ptr_nonnull(strstr(m.headers, "X-Inserted: one\n"));
	queue_message_done(&m);
}
END_TEST

START_TEST(recipients_get_the_reasons_of_the_log)
{
	struct queue_message m;

	put("deferred-partial", "8DAD1A8404E", "700");
	queue_message_init(&m);
	ck_assert_int_eq(queue_message_read(&m, "hold", "8DAD1A8404E",
	    QUEUE_MESSAGE_REASONS, NULL), 1);
	ck_assert_uint_eq(m.rcpt_count, 2);
	ck_assert_uint_eq(m.done_count, 1);
	ck_assert_uint_eq(m.entry_count, 2);
	ck_assert_str_eq(m.rcpts[1].address, "Zed@odd.example");
	ck_assert_str_eq(m.rcpts[1].reason,
	    "connect to 127.0.0.1[127.0.0.1]:9: Connection refused");
	ck_assert_str_eq(m.rcpts[1].dsn, "4.4.1");
	ck_assert_uint_eq(m.rcpts[1].dsn_notify, 12);
	ck_assert(queue_message_was_logged(&m, "Zed@odd.example"));
	ck_assert(!queue_message_was_logged(&m, "zed@odd.example"));
	queue_message_done(&m);
}
END_TEST

START_TEST(one_struct_serves_message_after_message)
{
	static const char *const cases[][2] = {
		{ "deferred-partial", "8DAD1A8404E" },
		{ "xclient-sasl", "8D773A84021" },
	};
	struct queue_message m;
	int i;

	put(cases[0][0], cases[0][1], "700");
	put(cases[1][0], cases[1][1], "710");
	queue_message_init(&m);
	for (i = 0; i < 100; i++) {
		ck_assert_int_eq(queue_message_read(&m, "hold", cases[0][1],
		    QUEUE_MESSAGE_REASONS, NULL), 1);
		ck_assert_uint_eq(m.entry_count, 2);
		ck_assert_str_eq(m.sasl_user, "");
		ck_assert(!m.is_expired);
		ck_assert_int_eq(queue_message_read(&m, "hold", cases[1][1],
		    QUEUE_MESSAGE_REASONS, NULL), 1);
		ck_assert_uint_eq(m.entry_count, 0);
		ck_assert_uint_eq(m.done_count, 0);
		ck_assert_str_eq(m.sasl_user, "ann");
		ck_assert(m.is_expired);
		ck_assert_int_eq(queue_message_read(&m, "hold", "FFFFF1",
		    QUEUE_MESSAGE_REASONS, NULL), 0);
		ck_assert(m.is_gone);
	}
	queue_message_done(&m);
}
END_TEST

START_TEST(damage_leaves_what_came_before)
{
	struct queue_message m;
	struct err err = ERR_INIT;

	put("bad-truncated-envelope", "0BEEFA84034", "700");
	put("bad-not-ready", "0BEEFA84027", "600");
	put("bad-two-senders", "0BEEFA84031", "700");
	put("bad-pointer-loop", "0BEEFA84024", "700");
	queue_message_init(&m);
	ck_assert_int_eq(queue_message_read(&m, "hold", "0BEEFA84034",
	    QUEUE_MESSAGE_ENVELOPE, &err), -1);
	ck_assert_str_eq(m.sender, "ann@client.example");
	ck_assert(m.is_damaged);
	ck_assert_str_eq(err.text, "hold/0BEEFA84034: unexpected EOF in data, "
	    "record type 65 length 40");
	ck_assert_int_eq(queue_message_read(&m, "hold", "0BEEFA84027",
	    QUEUE_MESSAGE_ENVELOPE, &err), 0);
	ck_assert_int_eq(queue_message_read(&m, "hold", "0BEEFA84031",
	    QUEUE_MESSAGE_ENVELOPE, &err), 1);
	ck_assert_str_eq(m.sender, "ann@client.example");
	ck_assert_str_eq(m.note,
	    "0BEEFA84031: duplicate sender address: eve@client.example");
	ck_assert_int_eq(queue_message_read(&m, "hold", "0BEEFA84024",
	    QUEUE_MESSAGE_ENVELOPE, &err), -1);
	queue_message_done(&m);
}
END_TEST

static const struct {
	const char	*headers, *name, *value;
} decoded[] = {
	{ "Subject: plain\n", "subject", "plain" },
	{ "SUBJECT :  two\n\tlines \n", "Subject", "two lines" },
	{ "Subject: =?utf-8?B?R3LDvMOfZQ==?=\n", "subject",
	    "Gr\xc3\xbc\xc3\x9f" "e" },
	{ "Subject: =?iso-8859-1?q?a=FCb_c?= d\n", "subject",
	    "a\xc3\xbc" "b c d" },
	{ "Subject: =?utf-8?q?a?=\n =?utf-8?q?b?= c\n", "subject", "ab c" },
	{ "Subject: =?nocharset?q?a?= =?utf-8?x?a?= =?utf-8?q?a\n",
	    "subject", "=?nocharset?q?a?= =?utf-8?x?a?= =?utf-8?q?a" },
	{ "X: 1\nSubject-Not: 2\nSubject: 3\n", "subject", "3" },
	{ "Subject:\n", "subject", "" },
	{ "From: x\n", "subject", NULL },
};

START_TEST(header_fields_are_unfolded_and_decoded)
{
	struct queue_message m = { .headers = decoded[_i].headers,
	    .headers_len = strlen(decoded[_i].headers) };
	struct buf out = BUF_INIT;
	bool found = queue_message_header(&m, decoded[_i].name, 0, &out);

	ck_assert(found == (decoded[_i].value != NULL));
	if (found)
		ck_assert_str_eq(out.ptr, decoded[_i].value);
	buf_done(&out);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_message");

	tcase_add_checked_fixture(tc, setup, unit_folder_leave);
	tcase_add_test(tc, edits_of_a_milter_are_followed);
	tcase_add_test(tc, recipients_get_the_reasons_of_the_log);
	tcase_add_test(tc, one_struct_serves_message_after_message);
	tcase_add_test(tc, damage_leaves_what_came_before);
	UNIT_LOOP(tc, header_fields_are_unfolded_and_decoded, decoded);
	return unit_run("queue_message", tc);
}
