/*
 * session_test.c - conversations with the client's half of SMTP and LMTP
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/smtp.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf/params.h"
#include "t/unit/unit.h"

#define HOST	"mx.test[192.0.2.1]"
#define LONG_REPLY 200

static struct smtp_config cfg;
static struct smtp_session s;
static struct smtp_message msg;
static struct smtp_rcpt rcpts[250];

static void
setup(void)
{
	static char name[] = "me.test";
	size_t i;

	params.myhostname = name;
	memset(&cfg, 0, sizeof(cfg));
	cfg.helo_name = "me.test";
	cfg.discard = cfg.pix = "";
	cfg.converts_8bit = true;
	cfg.always_ehlo = cfg.skip_5xx_greeting = cfg.skip_quit_reply = true;
	cfg.quotes_envelope = true;
	memset(&msg, 0, sizeof(msg));
	msg.sender = "from@a.test";
	msg.size = 1000;
	msg.envelope_id = "";
	msg.client_name = "client.test";
	msg.client_addr = "192.0.2.9";
	msg.client_port = "";
	msg.client_proto = "ESMTP";
	msg.client_helo = "a b";
	msg.log_ident = "ABC123";
	msg.rcpts = rcpts;
	msg.rcpt_count = 1;
	memset(rcpts, 0, sizeof(rcpts));
	for (i = 0; i < sizeof(rcpts) / sizeof(rcpts[0]); i++) {
		rcpts[i].address = i == 0 ? "one@b.test" : i == 1 ?
		    "two@b.test" : "more@b.test";
		rcpts[i].orcpt = "";
		buf_init(&rcpts[i].reason);
		buf_init(&rcpts[i].diag);
	}
	smtp_session_init(&s, &cfg, "mx.test", "192.0.2.1", "25");
	s.is_final = s.detects_loops = true;
}

static void
teardown(void)
{
	size_t i;

	smtp_session_done(&s);
	for (i = 0; i < sizeof(rcpts) / sizeof(rcpts[0]); i++) {
		buf_done(&rcpts[i].reason);
		buf_done(&rcpts[i].diag);
	}
}

/* The server says text (lines separated by \n). */
static enum smtp_step
say(const char *text)
{
	struct smtp_reply r;
	enum smtp_step step;
	int got = 0;
	size_t n;

	smtp_reply_init(&r);
	buf_reset(&s.out);
	for (; got == 0; text += n + 1) {
		n = strcspn(text, "\n");
		got = smtp_reply_line(&r, (struct span){ text, n });
		if (text[n] == '\0')
			break;
	}
	ck_assert_int_eq(got, 1);
	step = smtp_session_reply(&s, &r);
	smtp_reply_done(&r);
	return step;
}

static void
hello(const char *ehlo)
{
	ck_assert_int_eq(say("220 mx.test ESMTP"), SMTP_STEP_READ);
	ck_assert_str_eq(s.out.ptr, cfg.is_lmtp ? "LHLO me.test\r\n" :
	    "EHLO me.test\r\n");
	ck_assert_int_eq(say(ehlo), SMTP_STEP_HELLO);
	buf_reset(&s.out);
}

START_TEST(a_plain_server_gets_one_command_at_a_time)
{
	hello("250 mx.test");
	ck_assert_int_eq(smtp_session_mail(&s, &msg), SMTP_STEP_READ);
	ck_assert_str_eq(s.out.ptr, "MAIL FROM:<from@a.test>\r\n");
	ck_assert_int_eq(say("250 ok"), SMTP_STEP_READ);
	ck_assert_str_eq(s.out.ptr, "RCPT TO:<one@b.test>\r\n");
	ck_assert_int_eq(say("250 ok"), SMTP_STEP_READ);
	ck_assert_str_eq(s.out.ptr, "DATA\r\n");
	ck_assert_int_eq(say("354 go"), SMTP_STEP_BODY);
	ck_assert_str_eq(s.out.ptr, "");
	ck_assert_int_eq(smtp_session_body_sent(&s), SMTP_STEP_READ);
	ck_assert_str_eq(s.out.ptr, ".\r\n");
	ck_assert_int_eq(say("250 2.6.0 queued as X"), SMTP_STEP_END);
	ck_assert_int_eq(rcpts[0].fate, SMTP_SENT);
	ck_assert_str_eq(rcpts[0].reason.ptr, "250 2.6.0 queued as X");
	ck_assert_str_eq(rcpts[0].status, "2.6.0");
	buf_reset(&s.out);
	ck_assert(!smtp_session_quit(&s));
	ck_assert_str_eq(s.out.ptr, "QUIT\r\n");
}
END_TEST

START_TEST(a_pipeline_takes_everything_at_once)
{
	msg.rcpt_count = 2;
	msg.is_8bit = true;
	msg.envelope_id = "id+1";
	msg.ret = DSN_RET_HDRS;
	rcpts[0].orcpt = "rfc822;one@b.test";
	rcpts[0].notify = DSN_NOTIFY_FAILURE | DSN_NOTIFY_DELAY;
	hello("250-mx.test\n250-PIPELINING\n250-SIZE 5000\n250-8BITMIME\n"
	    "250-dsn\n250 ");
	ck_assert_int_eq(smtp_session_mail(&s, &msg), SMTP_STEP_READ);
	ck_assert_str_eq(s.out.ptr, "MAIL FROM:<from@a.test> SIZE=1000"
	    " BODY=8BITMIME ENVID=id+2B1 RET=HDRS\r\n"
	    "RCPT TO:<one@b.test> ORCPT=rfc822;one@b.test"
	    " NOTIFY=FAILURE,DELAY\r\n"
	    "RCPT TO:<two@b.test>\r\nDATA\r\n");
	ck_assert_int_eq(say("250 ok"), SMTP_STEP_READ);
	ck_assert_int_eq(say("250 ok"), SMTP_STEP_READ);
	ck_assert_int_eq(say("550-5.1.1 no\n550 5.1.1 such user"),
	    SMTP_STEP_READ);
	ck_assert_int_eq(say("354 go"), SMTP_STEP_BODY);
	smtp_session_body_sent(&s);
	ck_assert_str_eq(s.out.ptr, ".\r\nQUIT\r\n");
	ck_assert_int_eq(say("250 2.0.0 Ok"), SMTP_STEP_END);
	ck_assert_int_eq(rcpts[0].fate, SMTP_SENT);
	ck_assert_int_eq(rcpts[1].fate, SMTP_BOUNCE);
	ck_assert_str_eq(rcpts[1].status, "5.1.1");
	ck_assert_str_eq(rcpts[1].reason.ptr, "host " HOST " said: 550-5.1.1"
	    " no 550 5.1.1 such user (in reply to RCPT TO command)");
	ck_assert_str_eq(rcpts[1].diag.ptr, "550-5.1.1 no 550 5.1.1 such user");
}
END_TEST

START_TEST(nobody_accepted_means_no_message)
{
	hello("250-mx.test\n250 PIPELINING");
	smtp_session_mail(&s, &msg);
	say("250 ok");
	ck_assert_int_eq(say("450 4.2.0 later"), SMTP_STEP_READ);
	ck_assert_int_eq(rcpts[0].fate, SMTP_DEFER);
	/* a server that takes DATA all the same gets an empty message */
	ck_assert_int_eq(say("354 go"), SMTP_STEP_READ);
	ck_assert_str_eq(s.out.ptr, ".\r\n");
	ck_assert_int_eq(say("554 no recipients"), SMTP_STEP_END);
	ck_assert_int_eq(s.state, SMTP_READY);
}
END_TEST

START_TEST(a_probe_ends_at_the_reply_to_rcpt_to)
{
	msg.is_probe = true;
	msg.rcpt_count = 2;
	hello("250-mx.test\n250 PIPELINING");
	smtp_session_mail(&s, &msg);
	ck_assert_str_eq(s.out.ptr, "MAIL FROM:<from@a.test>\r\n"
	    "RCPT TO:<one@b.test>\r\nRCPT TO:<two@b.test>\r\n");
	ck_assert_int_eq(say("250 ok"), SMTP_STEP_READ);
	ck_assert_int_eq(say("250 2.1.5 here"), SMTP_STEP_READ);
	ck_assert_int_eq(say("550 5.1.1 nobody"), SMTP_STEP_READ);
	ck_assert_str_eq(s.out.ptr, "RSET\r\n");
	ck_assert_int_eq(say("250 ok"), SMTP_STEP_END);
	ck_assert_int_eq(rcpts[0].fate, SMTP_SENT);
	ck_assert_str_eq(rcpts[0].status, "2.1.5");
	ck_assert_str_eq(rcpts[0].reason.ptr, "250 2.1.5 here");
	ck_assert_int_eq(rcpts[1].fate, SMTP_BOUNCE);
	ck_assert_str_eq(s.out.ptr, "");
	ck_assert_int_eq(s.state, SMTP_READY);
}
END_TEST

START_TEST(a_probe_up_to_data_hangs_up_instead_of_a_message)
{
	msg.is_probe = true;
	cfg.probes_data = true;
	hello("250-mx.test\n250 PIPELINING");
	smtp_session_mail(&s, &msg);
	ck_assert_int_eq(say("250 ok"), SMTP_STEP_READ);
	ck_assert_int_eq(say("250 ok"), SMTP_STEP_READ);
	ck_assert_int_eq(say("354 go"), SMTP_STEP_END);
	ck_assert_int_eq(rcpts[0].fate, SMTP_SENT);
	ck_assert_str_eq(rcpts[0].reason.ptr, "354 go");
	ck_assert_str_eq(s.out.ptr, "");
	ck_assert_int_eq(s.state, SMTP_GONE);
}
END_TEST

START_TEST(a_refused_sender_decides_for_all)
{
	msg.rcpt_count = 2;
	hello("250-mx.test\n250 PIPELINING");
	smtp_session_mail(&s, &msg);
	ck_assert_int_eq(say("550 5.7.1 bad sender"), SMTP_STEP_READ);
	ck_assert_int_eq(say("503 need mail"), SMTP_STEP_READ);
	ck_assert_int_eq(say("250 whatever"), SMTP_STEP_READ);
	ck_assert_int_eq(say("503 need rcpt"), SMTP_STEP_READ);
	ck_assert_str_eq(s.out.ptr, "RSET\r\n");
	ck_assert_int_eq(say("250 ok"), SMTP_STEP_END);
	ck_assert_int_eq(rcpts[0].fate, SMTP_BOUNCE);
	ck_assert_int_eq(rcpts[1].fate, SMTP_BOUNCE);
	ck_assert_str_eq(rcpts[1].reason.ptr, "host " HOST " said: 550 5.7.1"
	    " bad sender (in reply to MAIL FROM command)");
}
END_TEST

START_TEST(a_soft_no_leaves_the_recipient_for_the_next_host)
{
	s.is_final = false;
	msg.rcpt_count = 2;
	hello("250 mx.test");
	smtp_session_mail(&s, &msg);
	say("250 ok");
	ck_assert_int_eq(say("451 4.3.0 busy"), SMTP_STEP_READ);
	ck_assert_str_eq(s.out.ptr, "RCPT TO:<two@b.test>\r\n");
	say("250 ok");
	say("354 go");
	smtp_session_body_sent(&s);
	ck_assert_int_eq(say("250 ok"), SMTP_STEP_END);
	ck_assert_int_eq(rcpts[0].fate, SMTP_LEFT);
	ck_assert(rcpts[0].has_reply);
	ck_assert_int_eq(rcpts[1].fate, SMTP_SENT);

	/* which is then asked for this one only */
	smtp_session_done(&s);
	smtp_session_init(&s, &cfg, "mx2.test", "192.0.2.2", "25");
	s.is_final = true;
	hello("250-mx2.test\n250 PIPELINING");
	smtp_session_mail(&s, &msg);
	ck_assert_str_eq(s.out.ptr, "MAIL FROM:<from@a.test>\r\n"
	    "RCPT TO:<one@b.test>\r\nDATA\r\n");
	say("250 ok");
	say("250 ok");
	ck_assert_int_eq(say("451 4.3.0 disk full"), SMTP_STEP_READ);
	ck_assert_str_eq(s.out.ptr, "RSET\r\n");
	ck_assert_int_eq(say("250 ok"), SMTP_STEP_END);
	ck_assert_int_eq(rcpts[0].fate, SMTP_DEFER);
	ck_assert_str_eq(rcpts[0].reason.ptr, "host mx2.test[192.0.2.2] said:"
	    " 451 4.3.0 disk full (in reply to DATA command)");
}
END_TEST

START_TEST(many_recipients_go_in_batches)
{
	size_t i;

	msg.rcpt_count = 250;
	hello("250-mx.test\n250 PIPELINING");
	smtp_session_mail(&s, &msg);
	ck_assert_ptr_null(strstr(s.out.ptr, "DATA"));
	say("250 ok");
	for (i = 0; i < 100; i++) {
		ck_assert_int_eq(s.at, i);
		ck_assert_int_eq(say("250 ok"), SMTP_STEP_READ);
	}
	ck_assert_ptr_nonnull(strstr(s.out.ptr, "RCPT TO"));
	for (; i < 200; i++)
		say("250 ok");
	ck_assert_ptr_nonnull(strstr(s.out.ptr, "DATA\r\n"));
	for (; i < 250; i++)
		ck_assert_int_eq(say("250 ok"), SMTP_STEP_READ);
	ck_assert_int_eq(say("354 go"), SMTP_STEP_BODY);
	smtp_session_body_sent(&s);
	ck_assert_int_eq(say("452 4.3.1 full"), SMTP_STEP_END);
	for (i = 0; i < 250; i++)
		ck_assert_int_eq(rcpts[i].fate, SMTP_DEFER);
}
END_TEST

START_TEST(lmtp_answers_for_each_recipient)
{
	cfg.is_lmtp = true;
	msg.rcpt_count = 3;
	hello("250-mx.test\n250-PIPELINING\n250 8BITMIME");
	smtp_session_mail(&s, &msg);
	say("250 ok");
	say("250 ok");
	say("550 5.1.1 unknown");
	say("250 ok");
	ck_assert_int_eq(say("354 go"), SMTP_STEP_BODY);
	smtp_session_body_sent(&s);
	ck_assert_int_eq(say("250 2.1.5 saved"), SMTP_STEP_READ);
	ck_assert_int_eq(say("452 4.2.2 full"), SMTP_STEP_END);
	ck_assert_int_eq(rcpts[0].fate, SMTP_SENT);
	ck_assert_int_eq(rcpts[1].fate, SMTP_BOUNCE);
	ck_assert_int_eq(rcpts[2].fate, SMTP_DEFER);
	ck_assert_str_eq(rcpts[2].reason.ptr, "host " HOST " said: 452 4.2.2"
	    " full (in reply to end of DATA command)");
}
END_TEST

START_TEST(an_old_server_gets_helo)
{
	ck_assert_int_eq(say("220 mx.test"), SMTP_STEP_READ);
	ck_assert_str_eq(s.out.ptr, "EHLO me.test\r\n");
	ck_assert_int_eq(say("502 what?"), SMTP_STEP_READ);
	ck_assert_str_eq(s.out.ptr, "HELO me.test\r\n");
	ck_assert_int_eq(say("250 mx.test"), SMTP_STEP_HELLO);
	ck_assert_uint_eq(s.features, 0);
}
END_TEST

START_TEST(refusals_to_talk_are_failures_of_the_host)
{
	static const struct {
		const char	*greeting, *ehlo, *helo;
		bool		skip_5xx;
		const char	*status, *reason;
	} cases[] = {
		{ "421 4.7.0 too many", NULL, NULL, true, "4.7.0",
		    "host " HOST " refused to talk to me: 421 4.7.0 too many" },
		{ "554 5.7.1 go away", NULL, NULL, true, "4.7.1",
		    "host " HOST " refused to talk to me: 554 5.7.1 go away" },
		{ "554 5.7.1 go away", NULL, NULL, false, "5.7.1",
		    "host " HOST " refused to talk to me: 554 5.7.1 go away" },
		{ "220 hi", "421 bye", NULL, true, "4.0.0",
		    "host " HOST " refused to talk to me: 421 bye" },
		{ "220 hi", "500 what", "550 no", false, "5.0.0",
		    "host " HOST " refused to talk to me: 550 no" },
		{ "220 hi", "250 me.test", NULL, true, "5.4.6", "" },
	};
	enum smtp_step step;

	cfg.skip_5xx_greeting = cases[_i].skip_5xx;
	step = say(cases[_i].greeting);
	if (cases[_i].ehlo != NULL)
		step = say(cases[_i].ehlo);
	if (cases[_i].helo != NULL)
		step = say(cases[_i].helo);
	ck_assert_int_eq(step, SMTP_STEP_FAILED);
	ck_assert_str_eq(s.failure.status, cases[_i].status);
	ck_assert_str_eq(s.failure.reason.ptr, cases[_i].reason);
	ck_assert(s.failure.is_hard == (cases[_i].status[0] == '5'));
}
END_TEST

START_TEST(what_the_server_cannot_do_bounces)
{
	hello("250-mx.test\n250 SIZE 999");
	ck_assert_int_eq(smtp_session_mail(&s, &msg), SMTP_STEP_END);
	ck_assert_int_eq(rcpts[0].fate, SMTP_BOUNCE);
	ck_assert_str_eq(rcpts[0].status, "5.3.4");
	rcpts[0].fate = SMTP_LEFT;
	s.size_limit = 0;
	msg.needs_smtputf8 = true;
	ck_assert_int_eq(smtp_session_mail(&s, &msg), SMTP_STEP_END);
	ck_assert_str_eq(rcpts[0].status, "5.6.7");
	ck_assert_str_eq(rcpts[0].reason.ptr, "SMTPUTF8 is required, but was"
	    " not offered by host " HOST);
	ck_assert_str_eq(s.out.ptr, "");
}
END_TEST

START_TEST(losing_the_connection_says_when)
{
	ck_assert_int_eq(say("220 hi"), SMTP_STEP_READ);
	smtp_session_lost(&s, SMTP_LOST_TIMEOUT);
	ck_assert_str_eq(s.failure.reason.ptr, "conversation with " HOST
	    " timed out while performing the EHLO handshake");
	ck_assert_str_eq(s.failure.status, "4.4.2");
	ck_assert(s.failure.throttles);

	teardown();
	setup();
	hello("250-mx.test\n250 PIPELINING");
	smtp_session_mail(&s, &msg);
	say("250 ok");
	smtp_session_lost(&s, SMTP_LOST_EOF);
	ck_assert_str_eq(s.failure.reason.ptr, "lost connection with " HOST
	    " while sending RCPT TO");
	ck_assert_int_eq(rcpts[0].fate, SMTP_LEFT);

	teardown();
	setup();
	s.is_final = false;
	hello("250-mx.test\n250 PIPELINING");
	smtp_session_mail(&s, &msg);
	say("250 ok");
	say("250 ok");
	say("354 go");
	smtp_session_body_sent(&s);
	smtp_session_lost(&s, SMTP_LOST_EOF);
	ck_assert_int_eq(rcpts[0].fate, SMTP_LEFT);
	ck_assert_str_eq(s.failure.reason.ptr, "lost connection with " HOST
	    " while sending end of data -- message may be sent more than once");
}
END_TEST

START_TEST(a_kept_session_takes_another_message)
{
	s.keeps_open = true;
	hello("250-mx.test\n250 PIPELINING");
	smtp_session_mail(&s, &msg);
	say("250 ok");
	say("250 ok");
	say("354 go");
	smtp_session_body_sent(&s);
	ck_assert_str_eq(s.out.ptr, ".\r\n");
	ck_assert_int_eq(say("250 ok"), SMTP_STEP_END);
	ck_assert_int_eq(s.state, SMTP_READY);
	rcpts[0].fate = SMTP_LEFT;
	buf_reset(&s.out);
	ck_assert_int_eq(smtp_session_mail(&s, &msg), SMTP_STEP_READ);
	ck_assert_int_eq(say("250 ok"), SMTP_STEP_READ);
	ck_assert_int_eq(say("550 no"), SMTP_STEP_READ);
	/* a refused DATA leaves something to forget */
	ck_assert_int_eq(say("554 no"), SMTP_STEP_READ);
	ck_assert_str_eq(s.out.ptr, "RSET\r\n");
	ck_assert_int_eq(say("250 ok"), SMTP_STEP_END);
	ck_assert_int_eq(s.state, SMTP_READY);
}
END_TEST

START_TEST(xforward_passes_what_is_asked_for)
{
	cfg.send_xforward = true;
	hello("250-mx.test\n250 XFORWARD NAME ADDR PORT HELO SOURCE");
	ck_assert_int_eq(smtp_session_mail(&s, &msg), SMTP_STEP_READ);
	ck_assert_str_eq(s.out.ptr, "XFORWARD NAME=client.test ADDR=192.0.2.9"
	    " PORT=[UNAVAILABLE] HELO=a+20b SOURCE=REMOTE\r\n");
	ck_assert_int_eq(say("250 ok"), SMTP_STEP_READ);
	ck_assert_str_eq(s.out.ptr, "MAIL FROM:<from@a.test>\r\n");
}
END_TEST

START_TEST(addresses_are_quoted_and_the_null_sender_is_empty)
{
	msg.sender = "";
	rcpts[0].address = "a b@b.test";
	hello("250-mx.test\n250 PIPELINING");
	smtp_session_mail(&s, &msg);
	ck_assert_str_eq(s.out.ptr,
	    "MAIL FROM:<>\r\nRCPT TO:<\"a b\"@b.test>\r\nDATA\r\n");
}
END_TEST

START_TEST(discarded_keywords_are_not_used)
{
	cfg.discard = "pipelining, size";
	hello("250-mx.test\n250-SIZE 1\n250 PIPELINING");
	ck_assert_uint_eq(s.features, SMTP_HAS_ESMTP);
	smtp_session_mail(&s, &msg);
	ck_assert_str_eq(s.out.ptr, "MAIL FROM:<from@a.test>\r\n");
}
END_TEST

START_TEST(what_is_no_reply_is_only_text)
{
	static const char *const bad[] = { "", "2", "25", "abc", "25x ok",
	    "250ok", "\r\n", "HTTP/1.0 400 no" };
	struct smtp_reply r;
	char line[LONG_REPLY];
	size_t i;
	int got;

	smtp_reply_init(&r);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		smtp_reply_reset(&r);
		ck_assert_msg(smtp_reply_line(&r, span_of(bad[i])) == 0,
		    "accepted: %s", bad[i]);
		ck_assert(r.has_nonsense);
	}
	smtp_reply_reset(&r);
	ck_assert_int_eq(smtp_reply_line(&r, SPAN_LIT("220-hello")), 0);
	ck_assert_int_eq(smtp_reply_line(&r, SPAN_LIT("world")), 0);
	ck_assert_int_eq(smtp_reply_line(&r, SPAN_LIT("220 bye")), 1);
	ck_assert_str_eq(r.text.ptr, "220-hello\nworld\n220 bye");
	/* empty lines in front are not even text */
	smtp_reply_reset(&r);
	ck_assert_int_eq(smtp_reply_line(&r, SPAN_LIT("\r\n")), 0);
	ck_assert_int_eq(smtp_reply_line(&r, SPAN_LIT("220 bye")), 1);
	ck_assert_str_eq(r.text.ptr, "220 bye");
	/* the status is that of the last line */
	smtp_reply_reset(&r);
	ck_assert_int_eq(smtp_reply_line(&r, SPAN_LIT("550-5.1.1 a")), 0);
	ck_assert_int_eq(smtp_reply_line(&r, SPAN_LIT("550 b")), 1);
	ck_assert_str_eq(r.status, "5.0.0");
	smtp_reply_reset(&r);
	ck_assert_int_eq(smtp_reply_line(&r, SPAN_LIT("250")), 1);
	smtp_reply_reset(&r);
	ck_assert_int_eq(smtp_reply_line(&r, SPAN_LIT("250 a\0b")), 1);
	ck_assert_str_eq(r.text.ptr, "250 a");
	/* a reply that never ends does */
	smtp_reply_reset(&r);
	memset(line, 'x', sizeof(line));
	memcpy(line, "250-", 4);
	for (i = 0; (got = smtp_reply_line(&r, (struct span){ line,
	    sizeof(line) })) == 0; i++)
		ck_assert_uint_lt(i, SMTP_REPLY_MAX);
	ck_assert_int_eq(got, -1);
	ck_assert_uint_le(r.text.len, SMTP_REPLY_MAX + sizeof(line));
	smtp_reply_done(&r);
}
END_TEST

START_TEST(an_unexpected_code_is_a_protocol_error)
{
	hello("250 mx.test");
	smtp_session_mail(&s, &msg);
	ck_assert_int_eq(say("354 what?"), SMTP_STEP_READ);
	ck_assert_str_eq(s.out.ptr, "RSET\r\n");
	ck_assert_int_eq(rcpts[0].fate, SMTP_BOUNCE);
	ck_assert_str_eq(rcpts[0].status, "5.5.0");
	ck_assert_str_eq(rcpts[0].reason.ptr, "host " HOST
	    " said: 354 what? (in reply to MAIL FROM command)");
}
END_TEST

/* To where STARTTLS was sent; the context is never looked at here. */
static void
ask_for_tls(enum tls_level level)
{
	s.tls_level = level;
	cfg.tls.ctx = (struct tls_ctx *)&cfg;
	ck_assert_int_eq(say("220 mx.test ESMTP"), SMTP_STEP_READ);
	ck_assert_int_eq(say("250-mx.test\n250-DSN\n250 STARTTLS"),
	    SMTP_STEP_READ);
	ck_assert_str_eq(s.out.ptr, "STARTTLS\r\n");
}

START_TEST(starttls_comes_before_the_message_and_ehlo_again_after_it)
{
	ask_for_tls(TLS_LEVEL_MAY);
	ck_assert_int_eq(say("220 go"), SMTP_STEP_TLS);
	buf_reset(&s.out);
	ck_assert_int_eq(smtp_session_tls_started(&s, true), SMTP_STEP_READ);
	ck_assert_str_eq(s.out.ptr, "EHLO me.test\r\n");
	/* What was offered in the clear counts for nothing. */
	ck_assert_int_eq(say("250-mx.test\n250 STARTTLS"), SMTP_STEP_HELLO);
	ck_assert(!(s.features & SMTP_HAS_DSN));
	ck_assert(s.is_encrypted);
}
END_TEST

START_TEST(a_server_that_takes_its_offer_back_gets_mail_only_if_it_may)
{
	ask_for_tls(TLS_LEVEL_MAY);
	ck_assert_int_eq(say("454 4.7.0 no"), SMTP_STEP_HELLO);
	teardown();
	setup();
	ask_for_tls(TLS_LEVEL_ENCRYPT);
	ck_assert_int_eq(say("454 4.7.0 no"), SMTP_STEP_FAILED);
	ck_assert_str_eq(s.failure.reason.ptr, "TLS is required, but host "
	    "mx.test[192.0.2.1] refused to start TLS: 454 4.7.0 no");
	ck_assert_str_eq(s.failure.status, "4.7.0");
	ck_assert(!s.failure.is_hard);
}
END_TEST

START_TEST(where_tls_is_required_nothing_goes_without_it)
{
	s.tls_level = TLS_LEVEL_ENCRYPT;
	say("220 mx.test ESMTP");
	ck_assert_int_eq(say("250 mx.test"), SMTP_STEP_FAILED);
	ck_assert_str_eq(s.failure.reason.ptr, "TLS is required, but was not "
	    "offered by host mx.test[192.0.2.1]");
	teardown();
	setup();
	s.tls_level = TLS_LEVEL_ENCRYPT;	/* no context: nothing could be read */
	say("220 mx.test ESMTP");
	ck_assert_int_eq(say("250-mx.test\n250 STARTTLS"), SMTP_STEP_FAILED);
	ck_assert_str_eq(s.failure.reason.ptr, "TLS is required, but our TLS "
	    "engine is unavailable");
	teardown();
	setup();
	ask_for_tls(TLS_LEVEL_VERIFY);
	say("220 go");
	ck_assert_int_eq(smtp_session_tls_started(&s, false),
	    SMTP_STEP_FAILED);
	ck_assert_str_eq(s.failure.reason.ptr,
	    "Server certificate not verified");
}
END_TEST

START_TEST(a_soft_no_is_none_for_good)
{
	hello("250 mx.test");
	s.is_final = false;
	smtp_session_mail(&s, &msg);
	say("450 4.1.8 sender domain not found");
	ck_assert_int_eq(rcpts[0].fate, SMTP_LEFT);
	teardown();
	setup();
	/* ... of the whole host, too */
	ck_assert_int_eq(say("421 4.3.2 busy"), SMTP_STEP_FAILED);
	ck_assert(!s.failure.is_hard);
	ck_assert(s.failure.throttles);
	teardown();
	setup();
	cfg.skip_5xx_greeting = false;
	ck_assert_int_eq(say("554 5.3.2 never"), SMTP_STEP_FAILED);
	ck_assert(s.failure.is_hard);
	ck_assert(s.failure.is_end);
}
END_TEST

START_TEST(a_refused_sender_sends_no_content_whatever_is_said_later)
{
	hello("250-mx.test\n250 PIPELINING");
	smtp_session_mail(&s, &msg);
	say("450 4.1.8 later");
	say("250 ok");
	/* The server forgets that it did not want the sender. */
	ck_assert_int_eq(say("354 go"), SMTP_STEP_READ);
	ck_assert_str_eq(s.out.ptr, ".\r\n");
	ck_assert_int_eq(say("250 ok"), SMTP_STEP_END);
	ck_assert_int_ne(rcpts[0].fate, SMTP_SENT);
}
END_TEST

START_TEST(a_message_may_be_as_large_as_the_server_says)
{
	hello("250-mx.test\n250 SIZE 1000");
	ck_assert_int_eq(msg.size, 1000);
	ck_assert_int_eq(smtp_session_mail(&s, &msg), SMTP_STEP_READ);
	teardown();
	setup();
	hello("250-mx.test\n250 SIZE 999");
	ck_assert_int_eq(smtp_session_mail(&s, &msg), SMTP_STEP_END);
	ck_assert_int_eq(rcpts[0].fate, SMTP_BOUNCE);
	ck_assert_str_eq(rcpts[0].status, "5.3.4");
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("session");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_plain_server_gets_one_command_at_a_time);
	tcase_add_test(tc, a_pipeline_takes_everything_at_once);
	tcase_add_test(tc, nobody_accepted_means_no_message);
	tcase_add_test(tc, a_probe_ends_at_the_reply_to_rcpt_to);
	tcase_add_test(tc, a_probe_up_to_data_hangs_up_instead_of_a_message);
	tcase_add_test(tc, a_refused_sender_decides_for_all);
	tcase_add_test(tc, a_soft_no_leaves_the_recipient_for_the_next_host);
	tcase_add_test(tc, many_recipients_go_in_batches);
	tcase_add_test(tc, lmtp_answers_for_each_recipient);
	tcase_add_test(tc, an_old_server_gets_helo);
	tcase_add_loop_test(tc, refusals_to_talk_are_failures_of_the_host, 0,
	    6);
	tcase_add_test(tc, what_the_server_cannot_do_bounces);
	tcase_add_test(tc, losing_the_connection_says_when);
	tcase_add_test(tc, a_kept_session_takes_another_message);
	tcase_add_test(tc, xforward_passes_what_is_asked_for);
	tcase_add_test(tc, addresses_are_quoted_and_the_null_sender_is_empty);
	tcase_add_test(tc, discarded_keywords_are_not_used);
	tcase_add_test(tc, what_is_no_reply_is_only_text);
	tcase_add_test(tc, an_unexpected_code_is_a_protocol_error);
	tcase_add_test(tc,
	    starttls_comes_before_the_message_and_ehlo_again_after_it);
	tcase_add_test(tc,
	    a_server_that_takes_its_offer_back_gets_mail_only_if_it_may);
	tcase_add_test(tc, where_tls_is_required_nothing_goes_without_it);
	tcase_add_test(tc, a_soft_no_is_none_for_good);
	tcase_add_test(tc,
	    a_refused_sender_sends_no_content_whatever_is_said_later);
	tcase_add_test(tc, a_message_may_be_as_large_as_the_server_says);
	return unit_run("smtp_session", tc);
}
