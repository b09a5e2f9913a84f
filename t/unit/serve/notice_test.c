/*
 * notice_test.c - requests to bounce, defer and trace; VERP senders
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/notice.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/serve/verp.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/ipc/attr.h"
#include "t/unit/unit.h"

static struct notice
sample(enum notice_kind kind)
{
	struct notice n = { .kind = kind, .flags = NOTICE_DELRCPT,
	    .queue_name = "active", .queue_id = "ABC123",
	    .encoding = "8bit", .sender = "a b@example.org",
	    .envelope_id = "env", .verp_delimiters = "+=", .sendopts = 1,
	    .ret_flags = 2,
	    .rcpt = { "r@example.org", "R@example.org", "rfc822;R", 4, 99 },
	    .dsn = { "5.1.1", "failed", "no", "smtp", "550 no", "dns",
	    "mx.example.org" } };

	return n;
}

START_TEST(each_request_comes_out_as_it_went_in)
{
	static const char *const names[] = {
		"nrequest flags queue_id original_recipient recipient offset "
		"dsn_orig_rcpt notify_flags status diag_type diag_text "
		"mta_type mta_mname action reason ",
		"nrequest flags queue_name queue_id encoding smtputf8 sender "
		"envelope_id ret_flags ",
		"nrequest flags queue_name queue_id encoding smtputf8 sender "
		"envelope_id ret_flags ",
		"nrequest flags queue_name queue_id encoding smtputf8 sender "
		"envelope_id ret_flags verp_delimiters ",
		"nrequest flags queue_name queue_id encoding smtputf8 sender "
		"envelope_id ret_flags original_recipient recipient offset "
		"dsn_orig_rcpt notify_flags status diag_type diag_text "
		"mta_type mta_mname action reason ",
		"nrequest flags queue_name queue_id encoding smtputf8 sender "
		"envelope_id ret_flags ",
	};
	struct buf out = BUF_INIT, order = BUF_INIT;
	struct notice n, got;
	struct attrs a;
	size_t used, i;
	int kind;

	attrs_init(&a);
	for (kind = NOTICE_APPEND; kind <= NOTICE_TRACE; kind++) {
		n = sample((enum notice_kind)kind);
		buf_reset(&out);
		buf_reset(&order);
		notice_put(&out, &n);
		ck_assert_int_eq(attrs_parse(&a, out.ptr, out.len, 10000,
		    &used, NULL), 1);
		ck_assert_uint_eq(used, out.len);
		for (i = 0; i < a.count; i++)
			buf_addf(&order, "%s ", a.pairs[i].name);
		ck_assert_str_eq(order.ptr, names[kind]);
		ck_assert_int_eq(notice_get(&got, &a, NULL), 0);
		ck_assert_int_eq((int)got.kind, kind);
		ck_assert_int_eq(got.flags, NOTICE_DELRCPT);
		ck_assert_str_eq(got.queue_id, "ABC123");
		if (kind != NOTICE_APPEND)
			ck_assert_str_eq(got.sender, "a b@example.org");
		if (kind == NOTICE_APPEND || kind == NOTICE_ONE) {
			ck_assert_int_eq(got.rcpt.offset, 99);
			ck_assert_str_eq(got.dsn.mta_name, "mx.example.org");
		}
	}
	attrs_done(&a);
	buf_done(&out);
	buf_done(&order);
}
END_TEST

START_TEST(newer_peers_say_sendopts)
{
	struct buf out = BUF_INIT;
	struct notice got;
	struct attrs a;
	size_t used;

	attrs_init(&a);
	attr_put_int(&out, "nrequest", NOTICE_FLUSH);
	attr_put_int(&out, "flags", 0);
	attr_put_str(&out, "queue_name", "active");
	attr_put_str(&out, "queue_id", "ABC123");
	attr_put_str(&out, "encoding", "");
	attr_put_int(&out, "sendopts", 17);
	attr_put_str(&out, "sender", "");
	attr_put_str(&out, "envelope_id", "");
	attr_put_int(&out, "ret_flags", 0);
	attr_put_end(&out);
	ck_assert_int_eq(attrs_parse(&a, out.ptr, out.len, 10000, &used,
	    NULL), 1);
	ck_assert_int_eq(notice_get(&got, &a, NULL), 0);
	ck_assert_int_eq(got.sendopts, 17);
	attrs_done(&a);
	buf_done(&out);
}
END_TEST

START_TEST(garbage_is_refused_by_name)
{
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT;
	struct notice got;
	struct attrs a;
	size_t used;

	attrs_init(&a);
	attr_put_int(&out, "nrequest", 7);
	attr_put_end(&out);
	ck_assert_int_eq(attrs_parse(&a, out.ptr, out.len, 10000, &used,
	    NULL), 1);
	ck_assert_int_eq(notice_get(&got, &a, &err), -1);
	ck_assert_str_eq(err.text, "unknown request 7");
	buf_reset(&out);
	attr_put_str(&out, "W", "");
	attr_put_end(&out);
	ck_assert_int_eq(attrs_parse(&a, out.ptr, out.len, 10000, &used,
	    NULL), 1);
	ck_assert_int_eq(notice_get(&got, &a, &err), -1);
	attrs_done(&a);
	buf_done(&out);
}
END_TEST

START_TEST(a_reply_is_yes_or_no)
{
	struct buf out = BUF_INIT;
	struct attrs a;
	size_t used;

	attrs_init(&a);
	notice_put_reply(&out, -1);
	ck_assert_int_eq(attrs_parse(&a, out.ptr, out.len, 100, &used, NULL),
	    1);
	ck_assert_int_eq(notice_get_reply(&a), -1);
	buf_reset(&out);
	notice_put_reply(&out, 0);
	ck_assert_int_eq(attrs_parse(&a, out.ptr, out.len, 100, &used, NULL),
	    1);
	ck_assert_int_eq(notice_get_reply(&a), 0);
	attrs_done(&a);
	buf_done(&out);
}
END_TEST

START_TEST(a_verp_sender_names_its_recipient)
{
	static const struct {
		const char *sender, *rcpt, *expected;
	} cases[] = {
		{ "list@example.org", "bob@remote.example",
		  "list+bob=remote.example@example.org" },
		{ "list@example.org", "local", "list+local@example.org" },
		{ "list", "bob@remote.example", "list+bob=remote.example" },
		{ "l@i@example.org", "a@b@c", "l@i+a@b=c@example.org" },
	};
	struct buf out = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		verp_sender(&out, cases[i].sender, "+=", cases[i].rcpt);
		ck_assert_str_eq(out.ptr, cases[i].expected);
	}
	buf_done(&out);
}
END_TEST

int
main(void)
{
	TCase *t = tcase_create("protocol");

	tcase_add_test(t, each_request_comes_out_as_it_went_in);
	tcase_add_test(t, newer_peers_say_sendopts);
	tcase_add_test(t, garbage_is_refused_by_name);
	tcase_add_test(t, a_reply_is_yes_or_no);
	tcase_add_test(t, a_verp_sender_names_its_recipient);
	return unit_run("notice", t);
}
