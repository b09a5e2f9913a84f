/*
 * deliver_test.c - the delivery request protocol, both sides
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/deliver.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/serve/agent.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "t/unit/unit.h"

static struct queue_rcpt rcpts[2] = {
	{ "a b@example.org", "A B@example.org", "rfc822;A", 12, 4711 },
	{ "c@example.org", "", "", 0, -1 },
};

static struct agent_request
sample(void)
{
	struct agent_request rq = {
		.flags = AGENT_SUCCESS | AGENT_RECORD,
		.queue_name = "active", .queue_id = "9407AA84019",
		.data_offset = 279, .data_size = 288, .nexthop = "[::1]:25",
		.encoding = "8bit", .sendopts = 5, .sender = "",
		.envelope_id = "id 1", .ret_flags = 2,
		.times = { .arrival = { 1795246642, 602049 },
		    .active = { 1795246643, 1 } },
		.client_name = "localhost", .client_addr = "127.0.0.1",
		.client_port = "4242", .client_proto = "ESMTP",
		.client_helo = "me", .sasl_method = "", .sasl_username = "u",
		.sasl_sender = "", .log_ident = "X1",
		.rewrite_context = "remote", .rcpts = rcpts, .rcpt_count = 2
	};
	return rq;
}

START_TEST(a_request_comes_out_as_it_went_in)
{
	struct agent_request rq = sample(), got;
	struct queue_rcpt rcpt;
	struct buf out = BUF_INIT;
	struct attrs a;
	size_t used, at = 0, count = 0;

	attrs_init(&a);
	deliver_put_request(&out, &rq);
	ck_assert_int_eq(attrs_parse(&a, out.ptr, out.len, DELIVER_HEAD_MAX,
	    &used, NULL), 1);
	ck_assert_int_eq(deliver_get_head(&got, &a, &count, NULL), 0);
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(got.flags, rq.flags);
	ck_assert_str_eq(got.queue_id, rq.queue_id);
	ck_assert_str_eq(got.nexthop, rq.nexthop);
	ck_assert_str_eq(got.sender, "");
	ck_assert_int_eq(got.sendopts, 5);
	ck_assert_int_eq(got.times.arrival.tv_usec, 602049);
	ck_assert_int_eq(got.times.active.tv_sec, 1795246643);
	ck_assert_int_eq(got.times.handoff.tv_sec, 0);
	ck_assert_str_eq(got.rewrite_context, "remote");
	attrs_done(&a);
	at = used;

	ck_assert_int_eq(attrs_parse(&a, out.ptr + at, out.len - at,
	    DELIVER_RCPT_MAX, &used, NULL), 1);
	ck_assert_int_eq(deliver_get_rcpt(&rcpt, &a, NULL), 0);
	ck_assert_str_eq(rcpt.address, "a b@example.org");
	ck_assert_str_eq(rcpt.orig, "A B@example.org");
	ck_assert_str_eq(rcpt.dsn_orcpt, "rfc822;A");
	ck_assert_uint_eq(rcpt.dsn_notify, 12);
	ck_assert_int_eq(rcpt.offset, 4711);
	attrs_done(&a);
	at += used;

	ck_assert_int_eq(attrs_parse(&a, out.ptr + at, out.len - at,
	    DELIVER_RCPT_MAX, &used, NULL), 1);
	ck_assert_int_eq(deliver_get_rcpt(&rcpt, &a, NULL), 0);
	ck_assert_int_eq(rcpt.offset, -1);
	attrs_done(&a);
	ck_assert_uint_eq(at + used, out.len);
	buf_done(&out);
}
END_TEST

START_TEST(the_head_has_the_order_that_strict_readers_want)
{
	static const char expected[] = "flags queue_name queue_id offset size "
	    "nexthop encoding smtputf8 sender envelope_id ret_flags time "
	    "log_client_name log_client_address log_client_port "
	    "log_protocol_name log_helo_name sasl_method sasl_username "
	    "sasl_sender log_ident rewrite_context recipient_count ";
	struct agent_request rq = sample();
	struct buf out = BUF_INIT, names = BUF_INIT;
	struct attrs a;
	size_t used, i;

	attrs_init(&a);
	deliver_put_request(&out, &rq);
	ck_assert_int_eq(attrs_parse(&a, out.ptr, out.len, DELIVER_HEAD_MAX,
	    &used, NULL), 1);
	for (i = 0; i < a.count; i++)
		buf_addf(&names, "%s ", a.pairs[i].name);
	ck_assert_str_eq(names.ptr, expected);
	/* LP64: 88 bytes, 120 characters of base64. */
	ck_assert_uint_eq(strlen(attrs_get(&a, "time", 0)), 120);
	attrs_done(&a);
	buf_done(&names);
	buf_done(&out);
}
END_TEST

START_TEST(a_reply_tells_destination_and_recipients_apart)
{
	struct dsn hop = { "4.4.1", "", "connection refused", "", "", "", "" };
	struct dsn got;
	struct buf out = BUF_INIT;
	struct attrs a;
	size_t used;
	bool has_left = false;

	attrs_init(&a);
	deliver_put_reply(&out, &hop, true);
	ck_assert_int_eq(attrs_parse(&a, out.ptr, out.len, DELIVER_RCPT_MAX,
	    &used, NULL), 1);
	ck_assert_int_eq(deliver_get_reply(&got, &has_left, &a, NULL), 0);
	ck_assert(has_left);
	ck_assert_str_eq(got.status, "4.4.1");
	ck_assert_str_eq(got.reason, "connection refused");
	attrs_done(&a);
	buf_done(&out);
}
END_TEST

START_TEST(a_missing_attribute_is_named)
{
	struct agent_request rq;
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT;
	struct attrs a;
	size_t used, count;

	attrs_init(&a);
	attr_put_int(&out, "flags", 1);
	attr_put_str(&out, "queue_name", "active");
	attr_put_end(&out);
	ck_assert_int_eq(attrs_parse(&a, out.ptr, out.len, 1000, &used,
	    NULL), 1);
	ck_assert_int_eq(deliver_get_head(&rq, &a, &count, &err), -1);
	ck_assert_str_eq(err.text, "missing attribute queue_id");
	attrs_done(&a);
	buf_done(&out);
}
END_TEST

START_TEST(a_blob_of_another_size_gives_zeros)
{
	struct agent_times times;

	deliver_get_times(&times, "AAAA");
	ck_assert_int_eq(times.arrival.tv_sec, 0);
	deliver_get_times(&times, "no base64 at all!");
	ck_assert_int_eq(times.delivered.tv_usec, 0);
}
END_TEST

START_TEST(delays_have_two_significant_digits)
{
	static const struct {
		long long usec;
		const char *text;
	} cases[] = {
		{ 0, "0" }, { 4000, "0" }, { 5000, "0.01" },
		{ 15000, "0.02" }, { 109000, "0.11" }, { 100000, "0.1" },
		{ 994000, "0.99" }, { 999999, "1" }, { 1000000, "1" },
		{ 1149999, "1.1" }, { 1150000, "1.2" }, { 9940000, "9.9" },
		{ 10400000, "10" }, { 11000000, "11" }, { 79499999, "79" },
		{ 1110000000LL, "1110" },
	};
	struct buf b = BUF_INIT;
	size_t i;

	params.delay_logging_resolution_limit = 2;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&b);
		agent_format_delay(&b, cases[i].usec);
		ck_assert_msg(strcmp(b.ptr, cases[i].text) == 0,
		    "%lld: got %s, expected %s", cases[i].usec, b.ptr,
		    cases[i].text);
	}
	buf_reset(&b);
	params.delay_logging_resolution_limit = 0;
	agent_format_delay(&b, 1600000);
	ck_assert_str_eq(b.ptr, "2");
	buf_reset(&b);
	params.delay_logging_resolution_limit = 4;
	agent_format_delay(&b, 2530);
	ck_assert_str_eq(b.ptr, "0.0025");
	buf_done(&b);
}
END_TEST

int
main(void)
{
	TCase *t = tcase_create("protocol");

	tcase_add_test(t, a_request_comes_out_as_it_went_in);
	tcase_add_test(t, the_head_has_the_order_that_strict_readers_want);
	tcase_add_test(t, a_reply_tells_destination_and_recipients_apart);
	tcase_add_test(t, a_missing_attribute_is_named);
	tcase_add_test(t, a_blob_of_another_size_gives_zeros);
	tcase_add_test(t, delays_have_two_significant_digits);
	return unit_run("deliver", t);
}
