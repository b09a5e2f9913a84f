/*
 * qmqp_test.c - whole requests, halves of them, and what is none
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/qmqpd/qmqp.h"

#include <check.h>
#include <string.h>

#include "t/unit/unit.h"

#define MESSAGE_MAX	1000
#define ADDRESS_MAX	20

/* Feed all of data in pieces; events and texts come out as "M(text) S(text)". */
static void
talk(const char *data, size_t len, size_t piece, struct buf *out)
{
	static const char *const names[] = {
		[QMQP_MESSAGE] = "M", [QMQP_SENDER] = "S", [QMQP_RCPT] = "R",
		[QMQP_END] = "end", [QMQP_BAD] = "bad", [QMQP_TOO_LONG] = "long",
	};
	enum qmqp_event event;
	struct qmqp q;
	size_t at = 0, used, n;

	buf_reset(out);
	qmqp_init(&q, MESSAGE_MAX, ADDRESS_MAX);
	while (at < len) {
		n = len - at < piece ? len - at : piece;
		event = qmqp_feed(&q, data + at, n, &used);
		ck_assert_uint_le(used, n);
		ck_assert(event != QMQP_MORE || used == n);
		at += used;
		if (event == QMQP_MORE)
			continue;
		if (event <= QMQP_RCPT) {
			buf_addf(out, "%s(%s) ", names[event], q.text.ptr);
			continue;
		}
		buf_addf(out, "%s", names[event]);
		if (event != QMQP_END)
			buf_addf(out, ": %s", qmqp_part_text(&q));
		break;
	}
	buf_addf(out, "|%.*s", (int)(len - at), data + at);
	qmqp_done(&q);
}

static const struct {
	const char	*data, *want;
} rows[] = {
	{ "17:2:x\n,3:a@b,3:c@d,,", "M(x\n) S(a@b) R(c@d) end|" },
	{ "0:2:xy,0:,3:c@d,3:e@f,,rest", "M(xy) S() R(c@d) R(e@f) end|rest" },
	{ "9:0:,0:,,", "M() S() end|" },
	{ "1:005:a,b:c,0:,", "M(a,b:c) S() |" },
	{ ":a", "bad: message content|" },
	{ "::,:,:,,", "M() S() R() end|" },
	{ "hello\n", "bad: QMQP packet header|ello\n" },
	{ "", "|" },
	{ ",", "bad: QMQP packet header|" },
	{ "-1:", "bad: QMQP packet header|1:" },
	{ " 1:", "bad: QMQP packet header|1:" },
	{ "10:,", "bad: message content|" },
	{ "99999999999999999999:", "long: QMQP packet header|9999999999:" },
	{ "5:1001:", "long: message content|:" },
	{ "5:1000:ab", "|" },
	{ "5:2:xyz,", "bad: message content|," },
	{ "5:2:xy,,", "M(xy) bad: sender address|" },
	{ "5:2:xy,21:", "M(xy) long: sender address|:" },
	{ "5:2:xy,3:a\nb,", "M(xy) bad: sender address|" },
	{ "5:2:xy,0:,3:a\rb,", "M(xy) S() bad: recipient address|" },
	{ "5:2:xy,0:,3,", "M(xy) S() bad: recipient address|" },
	{ "5:2:xy,0:,x", "M(xy) S() bad: recipient address|" },
};

START_TEST(bytes_become_what_they_mean)
{
	struct buf got = BUF_INIT;
	size_t piece;

	for (piece = 1; piece < 8; piece++) {
		talk(rows[_i].data, strlen(rows[_i].data), piece, &got);
		ck_assert_str_eq(got.ptr, rows[_i].want);
	}
	buf_done(&got);
}
END_TEST

START_TEST(a_message_may_hold_any_byte_and_an_address_no_nul)
{
	static const char data[] = "5:3:a\0b,3:a\0b,";
	enum qmqp_event event;
	struct qmqp q;
	size_t used;

	qmqp_init(&q, 0, ADDRESS_MAX);
	event = qmqp_feed(&q, data, sizeof(data) - 1, &used);
	ck_assert_int_eq(event, QMQP_MESSAGE);
	ck_assert_uint_eq(q.text.len, 3);
	ck_assert_mem_eq(q.text.ptr, "a\0b", 3);
	event = qmqp_feed(&q, data + used, sizeof(data) - 1 - used, &used);
	ck_assert_int_eq(event, QMQP_BAD);
	qmqp_done(&q);
}
END_TEST

START_TEST(a_reply_is_a_netstring)
{
	struct buf out = BUF_INIT;

	qmqp_put_reply(&out, 'K', "Ok: queued as 0A41CA92160");
	ck_assert_str_eq(out.ptr, "26:KOk: queued as 0A41CA92160,");
	buf_done(&out);
}
END_TEST

static const struct {
	const char	*sender, *want, *delimiters;
} verps[] = {
	{ "a-@x.example-@[]", "a@x.example", "-=" },
	{ "a+@x.example-@[]", "a@x.example", "+=" },
	{ "a@x.example-@[]", "a@x.example-@[]", NULL },
	{ "-@x.example-@[]", "-@x.example-@[]", NULL },
	{ "a-@x.example", "a-@x.example", NULL },
	{ "#@[]", "#@[]", NULL },
	{ "-@[]", "-@[]", NULL },
	{ "a-b-@[]", "a-b-@[]", NULL },
	{ "", "", NULL },
};

START_TEST(a_sender_may_ask_for_addresses_that_name_recipients)
{
	struct buf sender = BUF_INIT;
	char delimiters[3];

	buf_sets(&sender, verps[_i].sender);
	ck_assert(qmqp_verp(&sender, "-=+", delimiters) ==
	    (verps[_i].delimiters != NULL));
	ck_assert_str_eq(sender.ptr, verps[_i].want);
	if (verps[_i].delimiters != NULL)
		ck_assert_str_eq(delimiters, verps[_i].delimiters);
	buf_done(&sender);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("qmqp");

	UNIT_LOOP(tc, bytes_become_what_they_mean, rows);
	tcase_add_test(tc, a_message_may_hold_any_byte_and_an_address_no_nul);
	tcase_add_test(tc, a_reply_is_a_netstring);
	UNIT_LOOP(tc, a_sender_may_ask_for_addresses_that_name_recipients,
	    verps);
	return unit_run("qmqp", tc);
}
