/*
 * engine_test.c - conversations with the small SMTP server, no socket
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/postscreen/engine.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/postscreen/config.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/table/maps.h"
#include "lib/table/match_list.h"
#include "t/unit/unit.h"

#define NAME	"[192.0.2.1]:99"

static struct config config;
static struct engine *e;
static struct buf said, logged;

static void
on_log(enum log_severity sev, const char *text, void *ctx)
{
	(void)sev, (void)ctx;
	buf_addf(&logged, "%s\n", text);
}

static void
start(unsigned due)
{
	params_set_defaults(&params);
	params.myhostname = "mx.example";
	params.smtpd_banner = "mx.example ESMTP";
	params.postscreen_command_count_limit = 20;
	params.postscreen_reject_footer = "";
	params.message_size_limit = 1000;
	params.smtputf8_enable = true;
	memset(&config, 0, sizeof(config));
	config.on_failure[TEST_PIPELINING] = ACTION_ENFORCE;
	config.on_failure[TEST_NON_SMTP] = ACTION_DROP;
	config.forbidden_commands = match_list_new("x", MATCH_STRING,
	    "CONNECT GET");
	config.command_filter = maps_open("x", "", 0);
	config.footers = maps_open("x", "", 0);
	config.ehlo_discard_maps = maps_open("x", "", 0);
	buf_reset(&logged);
	log_capture(on_log, NULL);
	e = engine_new(&config, &(struct caller){ "192.0.2.1", "99", "" }, NAME,
	    due);
}

static void
stop(void)
{
	log_capture(NULL, NULL);
	engine_free(e);
	match_list_free(config.forbidden_commands);
	maps_free(config.command_filter);
	maps_free(config.footers);
	maps_free(config.ehlo_discard_maps);
}

static const char *
say_all(const char *text, bool is_bare, const char *rest)
{
	struct buf line = BUF_INIT;

	buf_adds(&line, text);
	buf_reset(&e->out);
	engine_line(e, line.ptr, line.len, is_bare, rest, strlen(rest));
	buf_done(&line);
	buf_swap(&said, &e->out);
	return said.ptr;
}

static const char *
say(const char *line)
{
	return say_all(line, false, "");
}

START_TEST(nobody_is_taken_mail_from)
{
	start(TESTS_DEEP);
	engine_greet(e);
	ck_assert_str_eq(e->out.ptr, "220 mx.example ESMTP\r\n");
	ck_assert_str_eq(say("EHLO c.test"), "250-mx.example\r\n"
	    "250-SIZE 1000\r\n250-VRFY\r\n250-ETRN\r\n"
	    "250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n"
	    "250-SMTPUTF8\r\n250 CHUNKING\r\n");
	ck_assert_str_eq(say("RCPT TO:<b@c.test>"),
	    "503 5.5.1 Error: need MAIL command\r\n");
	ck_assert_str_eq(say("mail from:<\"a b\"@c.test> SIZE=5"),
	    "250 2.1.0 Ok\r\n");
	ck_assert_str_eq(say("MAIL FROM:<>"),
	    "503 5.5.1 Error: nested MAIL command\r\n");
	ck_assert_str_eq(say("RCPT TO:<@x,@y:d@e.test>"),
	    "450 4.3.2 Service currently unavailable\r\n");
	ck_assert_str_eq(logged.ptr, "NOQUEUE: reject: RCPT from " NAME
	    ": 450 4.3.2 Service currently unavailable; from=<\"a b\"@c.test>, "
	    "to=<d@e.test>, proto=ESMTP, helo=<c.test>\n");
	ck_assert(engine_passed_all(e));
	ck_assert_str_eq(say("DATA"),
	    "554 5.5.1 Error: no valid recipients\r\n");
	ck_assert(e->is_closing);
	stop();
}
END_TEST

START_TEST(a_client_that_says_no_recipient_passes_nothing)
{
	start(TESTS_DEEP);
	say("EHLO c.test");
	say("MAIL FROM:<>");
	say("QUIT");
	ck_assert(e->is_closing);
	ck_assert(!engine_passed_all(e));
	ck_assert_uint_eq(e->passed, 0);
	stop();
}
END_TEST

START_TEST(enforced_failures_refuse_recipients)
{
	start(TESTS_DEEP);
	ck_assert_str_eq(say_all("NOOP", false, "MAIL FROM:<>\r\n"),
	    "250 2.0.0 Ok\r\n");
	ck_assert_str_eq(logged.ptr, "COMMAND PIPELINING from " NAME
	    " after NOOP: MAIL FROM:<>\\r\\n\n");
	say("MAIL FROM:<>");
	ck_assert_str_eq(say("RCPT TO:<a@b.test>"),
	    "550 5.5.1 Protocol error\r\n");
	ck_assert(!engine_passed_all(e));
	/* Said once. */
	buf_reset(&logged);
	say_all("NOOP", false, "x");
	ck_assert_str_eq(logged.ptr, "");
	stop();
}
END_TEST

START_TEST(dropped_clients_are_told_why)
{
	static const char *const lines[] = { "GET / HTTP/1.0", "Subject: x",
	    ": x", "connect a" };
	size_t i;

	for (i = 0; i < 4; i++) {
		start(TESTS_DEEP);
		ck_assert_str_eq(say(lines[i]), "521 5.7.0 Error: I can break "
		    "rules, too. Goodbye.\r\n");
		ck_assert(e->is_closing && e->is_refused);
		ck_assert_ptr_nonnull(strstr(logged.ptr, "NON-SMTP COMMAND "
		    "from " NAME " after CONNECT: "));
		stop();
		start(TEST_BIT(TEST_BARE_LF));
		ck_assert_str_eq(say(lines[i]),
		    "502 5.5.2 Error: command not recognized\r\n");
		stop();
	}
}
END_TEST

START_TEST(ignored_failures_are_logged_and_let_pass)
{
	start(TESTS_DEEP);
	ck_assert_str_eq(say_all("NOOP", true, ""), "250 2.0.0 Ok\r\n");
	ck_assert_str_eq(logged.ptr, "BARE NEWLINE from " NAME
	    " after NOOP\n");
	say("MAIL FROM:<>");
	say("RCPT TO:<a@b.test>");
	ck_assert(engine_passed_all(e));
	ck_assert_uint_eq(e->passed, TESTS_DEEP & ~TEST_BIT(TEST_BARE_LF));
	stop();
}
END_TEST

START_TEST(limits_end_the_conversation)
{
	int i;

	start(0);
	for (i = 0; i < 20; i++)
		ck_assert_str_eq(say("NOOP"), "250 2.0.0 Ok\r\n");
	ck_assert_str_eq(say("NOOP"),
	    "421 mx.example Service unavailable - try again later\r\n");
	ck_assert(e->is_closing);
	stop();
	start(0);
	engine_too_long(e);
	ck_assert(e->is_closing);
	stop();
	start(0);
	engine_timeout(e);
	ck_assert_str_eq(e->out.ptr,
	    "421 4.4.2 mx.example Error: timeout exceeded\r\n");
	stop();
}
END_TEST

START_TEST(tls_is_asked_for_and_forgets_what_was_said)
{
	start(0);
	ck_assert_str_eq(say("STARTTLS"),
	    "502 5.5.1 Error: command not implemented\r\n");
	config.offers_tls = config.requires_tls = true;
	ck_assert_ptr_nonnull(strstr(say("EHLO x"), "250-STARTTLS\r\n"));
	ck_assert_str_eq(say("MAIL FROM:<>"),
	    "530 5.7.0 Must issue a STARTTLS command first\r\n");
	ck_assert_str_eq(say("STARTTLS"), "");
	ck_assert(e->wants_tls);
	engine_tls_started(e);
	ck_assert_ptr_null(e->helo);
	ck_assert_ptr_null(strstr(say("EHLO x"), "STARTTLS"));
	ck_assert_str_eq(say("MAIL FROM:<>"), "250 2.1.0 Ok\r\n");
	ck_assert_str_eq(say("STARTTLS"),
	    "554 5.5.1 Error: TLS already active\r\n");
	stop();
}
END_TEST

START_TEST(any_bytes_are_harmless)
{
	unsigned seed = 1;
	char line[200];
	int i, n;

	for (i = 0; i < 5000; i++) {
		start(TESTS_DEEP);
		for (n = 0; n < 199; n++) {
			seed = seed * 1103515245 + 12345;
			line[n] = (char)(seed >> 16);
			if (i % 3 == 0)
				line[n] = " :<>@\"\\aM"[(seed >> 16) % 9];
		}
		memcpy(line, i % 2 == 0 ? "MAIL FROM:<" : "RCPT TO:<", 8);
		line[199] = '\0';
		e->sender = i % 2 == 0 ? NULL : strdup("x");
		engine_line(e, line, 199, true, "\0\xff", 2);
		ck_assert_ptr_nonnull(strstr(e->out.ptr, "\r\n"));
		stop();
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("engine");

	tcase_add_test(tc, nobody_is_taken_mail_from);
	tcase_add_test(tc, a_client_that_says_no_recipient_passes_nothing);
	tcase_add_test(tc, enforced_failures_refuse_recipients);
	tcase_add_test(tc, dropped_clients_are_told_why);
	tcase_add_test(tc, ignored_failures_are_logged_and_let_pass);
	tcase_add_test(tc, limits_end_the_conversation);
	tcase_add_test(tc, tls_is_asked_for_and_forgets_what_was_said);
	tcase_add_test(tc, any_bytes_are_harmless);
	return unit_run("engine", tc);
}
