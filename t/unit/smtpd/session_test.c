/*
 * session_test.c - whole conversations with the session engine, no socket
 *
 * Messages go to a sink that writes down the records it is given, one line a
 * record: "TYPE text".
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/session.h"
#include "daemon/smtpd/tls_server.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/cleanup/cleanup.h"
#include "daemon/smtpd/env.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/net/tls.h"
#include "lib/route/rewrite.h"
#include "t/unit/unit.h"

#define BASE \
	"compatibility_level = 3.6\n" \
	"myhostname = mx.example\nmydomain = mx.example\nmyorigin = mx.example\n" \
	"mydestination = mx.example\ninet_interfaces = 127.0.0.1\n" \
	"inet_protocols = ipv4\nmynetworks = 127.0.0.0/8\n" \
	"local_recipient_maps =\nalias_maps =\n" \
	"smtpd_error_sleep_time = 1\nsmtpd_soft_error_limit = 3\n" \
	"smtpd_hard_error_limit = 5\nmessage_size_limit = 20000\n"

static char dir[] = "/tmp/session_test.XXXXXX";
static struct smtpd_env *env;
static struct session *s;
static struct buf records, said;
static unsigned commit_status;
static int opened, committed, aborted;
static const char *waiting = "";	/* what the client sent ahead */

/* ---- a sink that remembers ---- */

static const char *
sink_open(void *ctx, unsigned flags, struct err *err)
{
	(void)ctx, (void)flags, (void)err;
	opened++;
	return "4D2A";
}

static void
sink_flags(void *ctx, unsigned flags)
{
	(void)ctx;
	buf_addf(&records, "flags %u\n", flags);
}

static void
sink_rec(void *ctx, int type, const void *data, size_t len)
{
	(void)ctx;
	buf_addf(&records, "%c ", type);
	buf_add(&records, data, len);
	buf_addc(&records, '\n');
}

static unsigned
sink_commit(void *ctx, struct buf *reason)
{
	(void)ctx, (void)reason;
	committed++;
	return commit_status;
}

static void
sink_abort(void *ctx)
{
	(void)ctx;
	aborted++;
}

static void
sink_milters(void *ctx, struct milters *milters)
{
	(void)ctx, (void)milters;
}

static struct sink sink = { .open = sink_open, .set_flags = sink_flags,
	.set_milters = sink_milters,
	.rec = sink_rec, .commit = sink_commit, .abort = sink_abort };

static size_t
pending(void *ctx, const char **data)
{
	(void)ctx;
	*data = waiting;
	return strlen(waiting);
}

/* ---- a client ---- */

static void
configure(const char *more)
{
	struct params_context ctx = { .process_name = "smtpd" };
	struct err err = ERR_INIT;
	char path[sizeof(dir) + 16];
	FILE *f;

	snprintf(path, sizeof(path), "%s/main.cf", dir);
	ck_assert_ptr_nonnull(f = fopen(path, "w"));
	fprintf(f, BASE "queue_directory = %s\n%s", dir, more);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_msg(params_load(dir, &ctx, &err) == 0, "%s", err.text);
	rewrite_init();
	smtpd_env_free(env);
	env = smtpd_env_new("smtp");
	env->tls = tls_server_new();
}

static void
connect_from(const char *addr)
{
	struct peer peer;

	peer_init(&peer, -1, NULL, 0, NULL, NULL, 0);
	ck_assert_int_eq(peer_set_addr(&peer, addr), 0);
	if (strcmp(addr, "127.0.0.1") != 0)
		peer_set_name(&peer, "unknown", PEER_NAME_NONE);
	session_free(s);
	s = session_new(env, &peer, &sink, NULL);
	s->pending = pending;
	buf_reset(&records);
	opened = committed = aborted = 0;
	commit_status = 0;
	waiting = "";
	session_connected(s);
	session_start(s);
}

static void
start(const char *more)
{
	configure(more);
	connect_from("127.0.0.1");
	buf_reset(&s->out);
}

/* Say one line; what comes back, without the last CR LF. */
static const char *
say(const char *line)
{
	char *copy = xmalloc(strlen(line) + 3);

	sprintf(copy, "%s\r\n", line);
	session_command(s, copy, strlen(copy));
	free(copy);
	buf_swap(&said, &s->out);
	buf_reset(&s->out);
	buf_trim_right(&said);
	return said.ptr;
}

/* Send content, in pieces of step bytes; the reply, "" while it goes on. */
static const char *
send_content(const char *data, size_t len, size_t step)
{
	size_t at = 0, n;

	while (at < len && s->in_content) {
		n = len - at < step ? len - at : step;
		at += session_content(s, data + at, n);
	}
	buf_swap(&said, &s->out);
	buf_reset(&s->out);
	buf_trim_right(&said);
	return said.ptr;
}

static void
to_content(void)
{
	say("EHLO client.example");
	ck_assert_str_eq(say("MAIL FROM:<a@b.example>"), "250 2.1.0 Ok");
	ck_assert_str_eq(say("RCPT TO:<c@mx.example>"), "250 2.1.5 Ok");
	ck_assert_str_eq(say("DATA"), "354 End data with <CR><LF>.<CR><LF>");
	ck_assert(s->in_content);
	buf_reset(&records);
}

/* ---- conversations ---- */

START_TEST(a_message_is_taken)
{
	start("");
	to_content();
	ck_assert_str_eq(send_content("Subject: x\r\n\r\n..dot\r\n.\r\n", 25,
	    4096), "250 2.0.0 Ok: queued as 4D2A");
	ck_assert_str_eq(records.ptr, "N Subject: x\nN \nN .dot\nX \nE \n");
	ck_assert_int_eq(committed, 1);
	ck_assert_str_eq(say("QUIT"), "221 2.0.0 Bye");
	ck_assert(s->is_closing);
}
END_TEST

START_TEST(the_envelope_has_its_records_in_order)
{
	static const char *const order[] = { "T ", "\nA log_ident=4D2A\n",
	    "\nA rewrite_context=local\n", "\nA envelope_id=id+1\n",
	    "\nA ret_flags=2\n", "\nS a b@c.example\n", "\nA encoding=8bit\n",
	    "\nA log_client_name=", "\nA log_client_address=127.0.0.1\n",
	    "\nA log_helo_name=h\n", "\nA client_name=", "\nA helo_name=h\n",
	    "\nA client_address_type=2\n",
	    "\nA dsn_orig_rcpt=rfc822;o@p\nA notify_flags=6\nR d@mx.example\n",
	    "\nA dsn_orig_rcpt=rfc822;\"x y\"@mx.example\nR x y@mx.example\n",
	    "\nM \n", "\nN Received: from h (localhost [127.0.0.1])\n",
	    "\nN \tby mx.example (" };
	const char *p;
	size_t i;

	start("");
	say("EHLO h");
	ck_assert_str_eq(say("MAIL FROM:<\"a b\"@c.example> RET=HDRS "
	    "ENVID=id+2B1 BODY=8BITMIME SIZE=100"), "250 2.1.0 Ok");
	say("RCPT TO:<d@mx.example> ORCPT=rfc822;o@p NOTIFY=SUCCESS,FAILURE");
	say("RCPT TO:<\"x y\"@mx.example>");
	say("DATA");
	for (p = records.ptr, i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		const char *found = strstr(p, order[i]);

		ck_assert_msg(found != NULL, "no %s in %s", order[i], p);
		p = found + strlen(order[i]) - 1;
	}
}
END_TEST

START_TEST(nothing_is_relayed_for_strangers)
{
	static const char *const recipients[] = { "a@elsewhere.example",
	    "a%elsewhere.example@mx.example", "elsewhere.example!a@mx.example",
	    "@mx.example:a@elsewhere.example",
	    "\"a@elsewhere.example\"@mx.example" };
	char line[128];
	size_t i;

	configure("");
	connect_from("192.0.2.1");
	say("EHLO x");
	say("MAIL FROM:<a@mx.example>");
	for (i = 0; i < sizeof(recipients) / sizeof(recipients[0]); i++) {
		s->errors = 0;
		snprintf(line, sizeof(line), "RCPT TO:<%s>", recipients[i]);
		ck_assert_msg(strstr(say(line), "Relay access denied") != NULL,
		    "%s: %s", line, said.ptr);
	}
	s->errors = 0;
	ck_assert_str_eq(say("RCPT TO:<a@mx.example>"), "250 2.1.5 Ok");
	ck_assert_int_eq(s->rcpt_count, 1);
}
END_TEST

START_TEST(errors_slow_down_and_then_end_the_session)
{
	start("");
	say("FOO");
	say("FOO");
	say("FOO");
	ck_assert_int_eq(s->sleep_s, 0);
	say("NOOP");
	ck_assert_int_gt(s->sleep_s, 0);
	say("FOO");
	say("FOO");
	ck_assert_str_eq(say("NOOP"),
	    "421 4.7.0 mx.example Error: too many errors");
	ck_assert(s->is_closing);
}
END_TEST

START_TEST(verbs_out_of_order_are_refused)
{
	start("");
	ck_assert_str_eq(say("RCPT TO:<a@b>"), "503 5.5.1 Error: need MAIL "
	    "command");
	ck_assert_str_eq(say("DATA"), "503 5.5.1 Error: need RCPT command");
	say("MAIL FROM:<>");
	ck_assert_str_eq(say("MAIL FROM:<>"), "503 5.5.1 Error: nested MAIL "
	    "command");
	ck_assert_str_eq(say("DATA"), "554 5.5.1 Error: no valid recipients");
	ck_assert_int_eq(opened, 0);
}
END_TEST

START_TEST(a_reset_drops_the_open_message)
{
	start("");
	say("EHLO x");
	say("MAIL FROM:<>");
	say("RCPT TO:<a@mx.example>");
	ck_assert_int_eq(opened, 1);
	ck_assert_str_eq(say("RSET"), "250 2.0.0 Ok");
	ck_assert_int_eq(aborted, 1);
	ck_assert_int_eq(committed, 0);
	ck_assert_str_eq(say("MAIL FROM:<>"), "250 2.1.0 Ok");
}
END_TEST

static const char *const tls_required[] = {
	"smtpd_tls_security_level = encrypt\n",
	"smtpd_tls_security_level = fingerprint\n",
	"smtpd_enforce_tls = yes\n",
};

START_TEST(tls_that_is_required_and_missing_refuses_mail)
{
	start(tls_required[_i]);
	ck_assert_ptr_nonnull(strstr(say("EHLO x"), "250-STARTTLS\r\n"));
	ck_assert_str_eq(say("MAIL FROM:<a@b>"),
	    "530 5.7.0 Must issue a STARTTLS command first");
	ck_assert_str_eq(say("NOOP"), "250 2.0.0 Ok");
	/* It has no certificate. */
	ck_assert_str_eq(say("STARTTLS"),
	    "454 4.7.0 TLS not available due to local problem");
	ck_assert(!s->wants_tls);
}
END_TEST

START_TEST(tls_makes_the_session_forget_what_was_said)
{
	struct tls_info info = { .protocol = "TLSv1.3" };

	start("smtpd_tls_security_level = encrypt\n");
	say("EHLO x");
	session_tls_started(s, &info);
	ck_assert_str_eq(say("MAIL FROM:<a@b>"), "250 2.1.0 Ok");
	ck_assert_str_eq(say("STARTTLS"), "554 5.5.1 Error: TLS already active");
	ck_assert_ptr_null(strstr(say("EHLO x"), "STARTTLS"));
	say("MAIL FROM:<a@b>");
	session_tls_started(s, &info);
	ck_assert_str_eq(say("RCPT TO:<a@mx.example>"),
	    "503 5.5.1 Error: need MAIL command");
}
END_TEST

START_TEST(an_unknown_restriction_is_a_server_error)
{
	start("smtpd_recipient_restrictions = frobnicate\n");
	say("EHLO x");
	say("MAIL FROM:<>");
	ck_assert_str_eq(say("RCPT TO:<a@mx.example>"),
	    "451 4.3.5 Server configuration error");
	ck_assert_int_eq(opened, 0);
}
END_TEST

START_TEST(a_table_that_fails_does_not_let_mail_in)
{
	start("smtpd_recipient_restrictions = check_recipient_access fail:x\n");
	say("EHLO x");
	say("MAIL FROM:<>");
	ck_assert_str_eq(say("RCPT TO:<a@mx.example>"),
	    "451 4.3.5 <a@mx.example>: Recipient address rejected: "
	    "Server configuration error");
}
END_TEST

START_TEST(a_proxy_filter_that_is_not_there_refuses_mail)
{
	start("smtpd_proxy_filter = 127.0.0.1:1\n");
	say("EHLO x");
	say("MAIL FROM:<a@b>");
	ck_assert_str_eq(say("RCPT TO:<a@mx.example>"),
	    "451 4.3.0 Error: queue file write error");
	ck_assert_int_eq(opened, 0);
}
END_TEST

START_TEST(a_milter_that_is_not_there_refuses_mail_unless_told_otherwise)
{
	start("smtpd_milters = inet:127.0.0.1:1\n");
	say("EHLO x");
	ck_assert_int_eq(strncmp(say("MAIL FROM:<a@b>"), "451 ", 4), 0);
	start("smtpd_milters = inet:127.0.0.1:1\n"
	    "milter_default_action = accept\n");
	say("EHLO x");
	ck_assert_int_eq(strncmp(say("MAIL FROM:<a@b>"), "250 ", 4), 0);
}
END_TEST

START_TEST(a_policy_server_that_is_gone_does_not_let_mail_in)
{
	start("smtpd_recipient_restrictions = check_policy_service "
	    "unix:/nonexistent\nsmtpd_policy_service_try_limit = 1\n");
	say("EHLO x");
	say("MAIL FROM:<>");
	ck_assert_str_eq(say("RCPT TO:<a@mx.example>"), "451 4.3.5 "
	    "<a@mx.example>: Recipient address rejected: Server "
	    "configuration problem");
}
END_TEST

START_TEST(restriction_classes_may_loop_without_harm)
{
	start("smtpd_restriction_classes = one, two\n"
	    "one = two\ntwo = one\n"
	    "smtpd_recipient_restrictions = one\n");
	say("EHLO x");
	say("MAIL FROM:<>");
	ck_assert_int_eq(strncmp(say("RCPT TO:<a@mx.example>"), "451 ", 4), 0);
}
END_TEST

START_TEST(a_failed_commit_is_reported)
{
	start("");
	to_content();
	commit_status = CLEANUP_WRITE;
	ck_assert_str_eq(send_content(".\r\n", 3, 3),
	    "451 4.3.0 Error: queue file write error");
	ck_assert_ptr_null(s->sender);
}
END_TEST

/* ---- content ---- */

static const struct {
	const char	*mode, *in, *records;
	bool		 ends;
} framings[] = {
	{ "no",	"a\n.\nb\r\n",		"N a\nX \nE \n",	true },
	{ "no",	"a\r\n.\r\n",		"N a\nX \nE \n",	true },
	{ "note", "a\n.\nb\r\n",	"N a\nX \nE \n",	true },
	{ "normalize", "a\n.\nb\r\n",	"N a\nN b\n",		false },
	{ "normalize", "a\r\n.\nb\r\n",	"N a\nN b\n",		false },
	{ "normalize", "a\n.\r\nb\r\n",	"N a\nN b\n",		false },
	{ "normalize", "a\r\n.\r\n",	"N a\nX \nE \n",	true },
	{ "normalize", "a\r\r\n.\r\r\nb\r\n", "N a\r\nN \r\nN b\n", false },
	{ "normalize", ".\r\n",		"X \nE \n",		true },
	{ "normalize", "a\r\n..\r\n...\r\n", "N a\nN .\nN ..\n", false },
	{ "normalize", " a\r\n",	"N \nN  a\n",		false },
	{ "normalize", "From x\r\nb\r\n", "N X-Mailbox-Line: From x\nN b\n",
	    false },
	{ "normalize", "From x\r\n y\r\n", "N X-Mailbox-Line: From x\n"
	    "N \nN  y\n", false },
	{ "normalize", ">>From x\r\n",	"N X-Mailbox-Line: >>From x\n",
	    false },
};

START_TEST(only_the_right_dot_ends_a_message)
{
	char more[128];
	size_t step;

	snprintf(more, sizeof(more), "smtpd_forbid_bare_newline = %s\n"
	    "smtpd_forbid_bare_newline_exclusions =\n", framings[_i].mode);
	for (step = 1; step <= 16; step *= 4) {
		start(more);
		to_content();
		send_content(framings[_i].in, strlen(framings[_i].in), step);
		ck_assert_str_eq(records.ptr, framings[_i].records);
		ck_assert(s->in_content != framings[_i].ends);
	}
}
END_TEST

START_TEST(a_bare_newline_can_be_refused)
{
	start("smtpd_forbid_bare_newline = reject\n"
	    "smtpd_forbid_bare_newline_exclusions =\n");
	to_content();
	ck_assert_str_eq(send_content("a\nb\r\n.\r\n", 8, 3),
	    "550 5.5.2 mx.example Error: bare <LF> received");
	ck_assert_int_eq(committed, 0);
	ck_assert_int_eq(aborted, 1);
}
END_TEST

START_TEST(a_long_line_comes_in_parts)
{
	char line[5000 + 5];
	size_t step;

	memset(line, 'x', 5000);
	memcpy(line + 5000, "\r\n.\r\n", 5);
	for (step = 1; step < 20000; step *= 10) {
		const char *p;

		start("");
		to_content();
		ck_assert_int_eq(strncmp(send_content(line, sizeof(line), step),
		    "250 ", 4), 0);
		p = records.ptr;
		ck_assert_int_eq(p[0], 'L');
		ck_assert_int_eq(strcspn(p, "\n"), 2 + 2048);
		p += 2 + 2048 + 1;
		ck_assert_int_eq(p[0], 'L');
		p += 2 + 2048 + 1;
		ck_assert_int_eq(p[0], 'N');
		ck_assert_int_eq(strcspn(p, "\n"), 2 + 904);
	}
}
END_TEST

START_TEST(a_message_over_the_limit_is_refused_at_its_end)
{
	char *data = xmalloc(30003);
	size_t i;

	start("");
	to_content();
	for (i = 0; i < 30000; i += 100) {
		memset(data + i, 'x', 98);
		memcpy(data + i + 98, "\r\n", 2);
	}
	memcpy(data + 30000, ".\r\n", 3);
	ck_assert_str_eq(send_content(data, 30003, 1000),
	    "552 5.3.4 Error: message file too big");
	ck_assert_int_eq(committed, 0);
	ck_assert_int_eq(aborted, 1);
	ck_assert_uint_lt(records.len, 21000);
	free(data);
}
END_TEST

START_TEST(limits_hold_to_the_byte)
{
	start("");
	say("EHLO client.example");
	ck_assert_str_eq(say("MAIL FROM:<a@b> SIZE=20000"), "250 2.1.0 Ok");
	say("RSET");
	ck_assert_int_eq(strncmp(say("MAIL FROM:<a@b> SIZE=20001"), "552", 3),
	    0);
}
END_TEST

START_TEST(a_reply_of_521_ends_the_session)
{
	start("smtpd_recipient_restrictions = "
	    "check_client_access static:{521 go away}\n");
	say("EHLO client.example");
	say("MAIL FROM:<a@b>");
	ck_assert(!s->is_closing);
	ck_assert_int_eq(strncmp(say("RCPT TO:<c@mx.example>"), "521", 3), 0);
	ck_assert(s->is_closing);			/* RFC 7504 */
}
END_TEST

/* ---- hostile lines ---- */

START_TEST(garbage_never_breaks_the_session)
{
	static const char *const lines[] = { "", " ", "\t", "MAIL FROM:<",
	    "MAIL FROM:<\"", "MAIL FROM:<a\\", "RCPT TO:<>", "MAIL FROM:<@>",
	    "MAIL FROM:<@,@:a>", "MAIL FROM:<a@b> =", "MAIL FROM:<a@b> SIZE",
	    "MAIL FROM:<a@b> ENVID=+", "MAIL FROM:<a@b> ENVID=+0A",
	    "VRFY <\"\">", "ETRN \\", "XCLIENT =", "XFORWARD NAME=+00",
	    "HELO \x1b[2J", "NOOP \xff\xfe", "\x80", "DATA\tx", "<>", "\"" };
	char *huge = xmalloc(3000);
	size_t i;

	start("smtpd_hard_error_limit = 1000\n"
	    "smtpd_authorized_xclient_hosts = 127.0.0.1\n"
	    "smtpd_authorized_xforward_hosts = 127.0.0.1\n");
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *reply = say(lines[i]);

		ck_assert_msg(strlen(reply) > 3 && reply[0] >= '2' &&
		    reply[0] <= '5', "%s: %s", lines[i], reply);
		say("RSET");
		s->is_closing = false;
	}
	memset(huge, 'x', 2999);
	huge[2999] = '\0';
	ck_assert_str_eq(say(huge), "500 5.5.2 Error: command not recognized");
	free(huge);
}
END_TEST

START_TEST(a_nul_hides_nothing)
{
	char line[] = "MAIL FROM:<a@b>\0 SIZE=1\r\n";

	start("");
	say("EHLO x");
	session_command(s, line, sizeof(line) - 1);
	ck_assert_str_eq(s->sender, "a@b");
	ck_assert_int_eq(s->mail.size, 0);
}
END_TEST

START_TEST(who_speaks_too_early_is_noticed)
{
	start("smtpd_forbid_unauth_pipelining = yes\n");
	waiting = "MAIL FROM:<a@b>\r\n";
	ck_assert_str_eq(say("EHLO x"),
	    "554 5.5.0 Error: SMTP protocol synchronization");
	ck_assert(s->is_closing);
}
END_TEST

/* ---- chunks ---- */

/* A refusal comes before the data, a yes behind it. */
static const char *
chunk(const char *line, const char *data)
{
	static char refusal[200];

	snprintf(refusal, sizeof(refusal), "%s", say(line));
	if (!s->in_content)
		return refusal;
	send_content(data, strlen(data), 2);
	return refusal[0] != '\0' ? refusal : said.ptr;
}

static void
to_recipients(const char *more)
{
	start(more);
	say("EHLO client.example");
	say("MAIL FROM:<a@b.example>");
	ck_assert_str_eq(say("RCPT TO:<c@mx.example>"), "250 2.1.5 Ok");
	buf_reset(&records);
}

START_TEST(chunks_make_one_message)
{
	const char *body;

	to_recipients("");
	ck_assert_str_eq(chunk("BDAT 7", "a: b\r\n\r"),
	    "250 2.0.0 Ok: 7 bytes");
	ck_assert_str_eq(say("RCPT TO:<c@mx.example>"),
	    "503 5.5.1 Error: RCPT after BDAT");
	ck_assert_str_eq(say("DATA"), "503 5.5.1 Error: DATA after BDAT");
	ck_assert_str_eq(chunk("BDAT 5", "\n.\r\n."), "250 2.0.0 Ok: 5 bytes");
	ck_assert_str_eq(chunk("BDAT 8 LAST", "\r\nno end"),
	    "250 2.0.0 Ok: 22 bytes queued as 4D2A");
	ck_assert_ptr_nonnull(body = strstr(records.ptr, "N a: b"));
	ck_assert_str_eq(body, "N a: b\nN \nN .\nN .\nN no end\nX \nE \n");
	ck_assert_int_eq(committed, 1);
	ck_assert_int_eq(s->done[VERB_BDAT], 3);
	ck_assert_str_eq(say("MAIL FROM:<a@b.example>"), "250 2.1.0 Ok");
}
END_TEST

START_TEST(a_refused_chunk_takes_the_others_along)
{
	to_recipients("message_size_limit = 1000\n");
	ck_assert_str_eq(chunk("BDAT 3", "abc"), "250 2.0.0 Ok: 3 bytes");
	ck_assert_str_eq(chunk("BDAT 1001", ""),
	    "552 5.3.4 Chunk exceeds message size limit");
	ck_assert(s->in_content);
	while (s->in_content)
		send_content("QUIT\r\nMAIL FROM:<x@y>\r\n", 23, 23);
	ck_assert(!s->is_closing);
	ck_assert_str_eq(chunk("BDAT 4", "QUIT"),
	    "551 5.0.0 Discarded 4 bytes after earlier error");
	ck_assert_str_eq(chunk("BDAT 0 LAST", ""),
	    "551 5.0.0 Discarded 0 bytes after earlier error");
	ck_assert_int_eq(committed, 0);
	ck_assert_int_eq(aborted, 1);
	ck_assert_str_eq(say("BDAT 0 LAST"),
	    "503 5.5.1 Error: need RCPT command");
}
END_TEST

START_TEST(a_chunk_of_unknown_length_ends_the_session)
{
	static const char *const lines[] = { "BDAT", "BDAT x", "BDAT -1",
	    "BDAT 1 2", "BDAT 1 LAST x", "BDAT 9223372036854775808" };
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		to_recipients("");
		ck_assert_str_eq(say(lines[i]),
		    "521 5.5.4 Syntax: BDAT count [LAST]");
		ck_assert(s->is_closing);
	}
	to_recipients("smtpd_discard_ehlo_keywords = chunking\n");
	ck_assert_str_eq(say("BDAT 3"), "521 5.5.1 Error: command not implemented");
	ck_assert(s->is_closing);
}
END_TEST

/* ---- what outlives what ---- */

START_TEST(a_deferred_sender_does_not_speak_for_the_next)
{
	start("smtpd_delay_reject = no\n"
	    "smtpd_sender_restrictions = check_sender_access "
	    "inline:{{bad@b.example = DEFER_IF_PERMIT later}}\n");
	say("EHLO x");
	say("MAIL FROM:<bad@b.example>");
	ck_assert_int_eq(strncmp(say("RCPT TO:<c@mx.example>"), "450 ", 4), 0);
	say("RSET");
	say("MAIL FROM:<good@b.example>");
	ck_assert_str_eq(say("RCPT TO:<c@mx.example>"), "250 2.1.5 Ok");
}
END_TEST

START_TEST(a_permit_does_not_undo_a_deferral)
{
	static const char *const lists[] = { "etrn", "data", "end_of_data" };
	char more[200];
	const char *reply = "";
	size_t i;

	for (i = 0; i < 3; i++) {
		snprintf(more, sizeof(more), "smtpd_%s_restrictions = "
		    "defer_if_permit, permit\nfast_flush_domains =\n",
		    lists[i]);
		start(more);
		say("EHLO x");
		if (i == 0) {
			reply = say("ETRN mx.example");
		} else {
			say("MAIL FROM:<a@b.example>");
			say("RCPT TO:<c@mx.example>");
			reply = say("DATA");
			if (i == 2)
				reply = send_content("x\r\n.\r\n", 6, 6);
		}
		ck_assert_int_eq(strncmp(reply, "450 4.7.0", 9), 0);
	}
}
END_TEST

START_TEST(hangup_says_nothing)
{
	start("smtpd_client_restrictions = check_client_access static:HANGUP\n");
	say("EHLO x");
	say("MAIL FROM:<a@b.example>");
	ck_assert_str_eq(say("RCPT TO:<c@mx.example>"), "");
	ck_assert(s->is_closing);
}
END_TEST

START_TEST(refusals_can_be_worded_anew)
{
	start("smtpd_reject_filter_maps = regexp:{"
	    "{/^500 .*not recognized$$/ 550 5.5.3 what?}, "
	    "{/Syntax: RSET/ 250 fine}}\n"
	    "smtpd_reject_footer_maps = regexp:{"
	    "{/^550 5.5.3/ \\c Ask $$$$server_name\\nor $$$$nobody.}}\n");
	ck_assert_str_eq(say("FOO"),
	    "550-5.5.3 what? Ask mx.example\r\n550 5.5.3 or .");
	/* A refusal stays one, whatever a table says. */
	ck_assert_str_eq(say("RSET x"), "501 5.5.4 Syntax: RSET");
}
END_TEST

START_TEST(soft_bounce_makes_every_no_a_not_now)
{
	start("soft_bounce = yes\n");
	ck_assert_str_eq(say("FOO"), "400 4.5.2 Error: command not recognized");
	ck_assert_str_eq(say("NOOP"), "250 2.0.0 Ok");
}
END_TEST

START_TEST(addresses_are_read_as_clients_write_them)
{
	static const struct {
		const char	*text, *lenient, *strict;	/* NULL: refused */
	} rows[] = {
		{ "<a@b.example>", "a@b.example", "a@b.example" },
		{ "a@b.example", "a@b.example", NULL },
		{ "a@b.example>", "a@b.example", NULL },
		{ "<<a@b.example>>", "a@b.example", "a@b.example" },
		{ "< a@b.example >", "a@b.example", "a@b.example" },
		{ "<a..b@c.example>", "a..b@c.example", "a..b@c.example" },
		{ "<\"a b\"@c.example>", "a b@c.example", "a b@c.example" },
		{ "<(x)a@b.example>", "a@b.example", NULL },
		{ "<a@b.example", NULL, NULL },
		{ "<a b@c.example>", NULL, NULL },
		{ "<a@b.example>x", NULL, NULL },
		{ "<a@>", NULL, NULL },
		{ "<a@[2001:db8::1]>", NULL, NULL },
		{ "<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]",
		    "a@[IPv6:2001:db8::1]" },
	};
	char line[100];
	const char *want;
	size_t i;
	int is_strict;

	for (is_strict = 0; is_strict < 2; is_strict++) {
		start(is_strict ? "strict_rfc821_envelopes = yes\n" : "");
		say("EHLO x");
		for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			want = is_strict ? rows[i].strict : rows[i].lenient;
			snprintf(line, sizeof(line), "MAIL FROM:%s",
			    rows[i].text);
			say(line);
			if (want == NULL)
				ck_assert_msg(s->sender == NULL, "%s", line);
			else
				ck_assert_str_eq(s->sender, want);
			say("RSET");
			s->errors = s->junk = 0;
		}
	}
}
END_TEST

START_TEST(a_relay_guard_behind_a_permit_guards_nothing)
{
	static const struct {
		const char	*rules;
		bool		guards;
	} rows[] = {
		{ "permit_mynetworks, reject_unauth_destination", true },
		{ "permit_mynetworks, permit, reject_unauth_destination", false },
		{ "warn_if_reject reject_unauth_destination, permit", false },
		{ "permit_mynetworks, reject", true },
		{ "permit_mynetworks", false },
	};
	struct restrict_list list;
	size_t i;

	start("");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		restrict_parse(&list, "test", rows[i].rules, CLASS_RCPT, true);
		ck_assert_msg(restrict_guards_relay(&list) == rows[i].guards,
		    "%s", rows[i].rules);
		restrict_done(&list);
	}
}
END_TEST

START_TEST(hold_marks_the_message_and_nothing_without_one)
{
	start("smtpd_recipient_restrictions = "
	    "check_recipient_access inline:{{c@mx.example = HOLD}}\n");
	say("EHLO x");
	ck_assert_int_eq(strncmp(say("VRFY <c@mx.example>"), "252", 3), 0);
	say("MAIL FROM:<a@b.example>");
	say("RCPT TO:<d@mx.example>");
	say("DATA");
	ck_assert_ptr_null(strstr(records.ptr, "flags"));
	send_content(".\r\n", 3, 3);
	say("MAIL FROM:<a@b.example>");
	say("RCPT TO:<c@mx.example>");
	say("DATA");
	ck_assert_ptr_nonnull(strstr(records.ptr, "flags 4\n"));
	send_content(".\r\n", 3, 3);
}
END_TEST

START_TEST(warnings_are_not_softened_by_what_waits)
{
	start("smtpd_recipient_restrictions = defer_if_reject, "
	    "warn_if_reject reject, check_recipient_access "
	    "inline:{{c@mx.example = 550 no}}\n");
	say("EHLO x");
	say("MAIL FROM:<a@b.example>");
	ck_assert_str_eq(say("RCPT TO:<d@mx.example>"), "250 2.1.5 Ok");
	ck_assert_str_eq(say("RCPT TO:<c@mx.example>"), "450 4.7.0 "
	    "<c@mx.example>: Recipient address rejected: defer_if_reject "
	    "requested");
}
END_TEST

START_TEST(the_last_within_a_limit_and_the_first_beyond)
{
	int i;

	to_recipients("message_size_limit = 1000\nsmtpd_recipient_limit = 2\n"
	    "smtpd_junk_command_limit = 3\n");
	ck_assert_str_eq(say("RCPT TO:<d@mx.example>"), "250 2.1.5 Ok");
	ck_assert_str_eq(say("RCPT TO:<e@mx.example>"),
	    "452 4.5.3 Error: too many recipients");
	for (i = 0; i < 4; i++)
		say("NOOP");
	ck_assert_int_eq(s->errors, 0);
	say("NOOP");
	ck_assert_int_eq(s->errors, 1);
	ck_assert_str_eq(say("BDAT 1000"), "");
	ck_assert(s->in_content && !s->skips_chunk);
}
END_TEST

START_TEST(footers_keep_blanks_and_lose_control_bytes)
{
	start("smtpd_reject_footer = \\c ($recipient)\n"
	    "smtpd_recipient_restrictions = reject\n");
	say("EHLO x");
	say("MAIL FROM:<a@b.example>");
	ck_assert_str_eq(say("RCPT TO:<\"a b\x01\"@mx.example>"),
	    "554 5.7.1 <a b?@mx.example>: Recipient address rejected: "
	    "Access denied (a b_@mx.example)");
}
END_TEST

START_TEST(values_must_have_their_form)
{
	start("smtpd_authorized_xclient_hosts = 127.0.0.1\n");
	say("EHLO x");
	ck_assert_str_eq(say("MAIL FROM:<a@b.example> SIZE=x"),
	    "501 5.5.4 Bad message size syntax");
	ck_assert_str_eq(say("MAIL FROM:<a@b.example> SIZE"),
	    "555 5.5.4 Unsupported option: SIZE");
	ck_assert_str_eq(say("XCLIENT ADDR=2001:db8::1"),
	    "501 5.5.4 Bad ADDR syntax: 2001:db8::1");
	ck_assert_int_eq(strncmp(say("XCLIENT ADDR=IPv6:2001:db8::1"), "220",
	    3), 0);
	ck_assert_str_eq(s->peer.addr, "2001:db8::1");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("smtpd session");
	TCase *tc = tcase_create("conversation"), *content =
	    tcase_create("content"), *hostile = tcase_create("hostile");
	char path[sizeof(dir) + 16];
	int failed;

	log_to(0);
	if (mkdtemp(dir) == NULL)
		return 1;
	suite_add_tcase(suite, tc);
	tcase_add_test(tc, a_message_is_taken);
	tcase_add_test(tc, the_envelope_has_its_records_in_order);
	tcase_add_test(tc, nothing_is_relayed_for_strangers);
	tcase_add_test(tc, errors_slow_down_and_then_end_the_session);
	tcase_add_test(tc, verbs_out_of_order_are_refused);
	tcase_add_test(tc, a_reset_drops_the_open_message);
	UNIT_LOOP(tc, tls_that_is_required_and_missing_refuses_mail,
	    tls_required);
	tcase_add_test(tc, tls_makes_the_session_forget_what_was_said);
	tcase_add_test(tc, an_unknown_restriction_is_a_server_error);
	tcase_add_test(tc, a_table_that_fails_does_not_let_mail_in);
	tcase_add_test(tc, a_proxy_filter_that_is_not_there_refuses_mail);
	tcase_add_test(tc,
	    a_milter_that_is_not_there_refuses_mail_unless_told_otherwise);
	tcase_add_test(tc, a_policy_server_that_is_gone_does_not_let_mail_in);
	tcase_add_test(tc, restriction_classes_may_loop_without_harm);
	tcase_add_test(tc, a_failed_commit_is_reported);
	tcase_add_test(tc, a_deferred_sender_does_not_speak_for_the_next);
	tcase_add_test(tc, a_permit_does_not_undo_a_deferral);
	tcase_add_test(tc, hangup_says_nothing);
	tcase_add_test(tc, footers_keep_blanks_and_lose_control_bytes);
	tcase_add_test(tc, values_must_have_their_form);
	tcase_add_test(tc, a_relay_guard_behind_a_permit_guards_nothing);
	tcase_add_test(tc, hold_marks_the_message_and_nothing_without_one);
	tcase_add_test(tc, warnings_are_not_softened_by_what_waits);
	tcase_add_test(tc, the_last_within_a_limit_and_the_first_beyond);
	tcase_add_test(tc, refusals_can_be_worded_anew);
	tcase_add_test(tc, soft_bounce_makes_every_no_a_not_now);
	tcase_add_test(tc, addresses_are_read_as_clients_write_them);
	suite_add_tcase(suite, content);
	tcase_add_test(content, chunks_make_one_message);
	tcase_add_test(content, a_refused_chunk_takes_the_others_along);
	tcase_add_test(content, a_chunk_of_unknown_length_ends_the_session);
	UNIT_LOOP(content, only_the_right_dot_ends_a_message, framings);
	tcase_add_test(content, a_bare_newline_can_be_refused);
	tcase_add_test(content, a_long_line_comes_in_parts);
	tcase_add_test(content,
	    a_message_over_the_limit_is_refused_at_its_end);
	suite_add_tcase(suite, hostile);
	tcase_add_test(hostile, limits_hold_to_the_byte);
	tcase_add_test(hostile, a_reply_of_521_ends_the_session);
	tcase_add_test(hostile, garbage_never_breaks_the_session);
	tcase_add_test(hostile, a_nul_hides_nothing);
	tcase_add_test(hostile, who_speaks_too_early_is_noticed);

	failed = unit_run_suite(suite);
	snprintf(path, sizeof(path), "%s/main.cf", dir);
	unlink(path);
	rmdir(dir);
	return failed;
}
