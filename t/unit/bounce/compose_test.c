/*
 * compose_test.c - a notice has the structure that programs read
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/bounce/compose.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/conf/params.h"
#include "t/unit/unit.h"

static struct buf text = BUF_INIT;

static void
add_line(void *ctx, const char *line, size_t len, bool is_part)
{
	(void)ctx;
	buf_add(&text, line, len);
	if (!is_part)
		buf_addc(&text, '\n');
}

static const struct compose_out out = { add_line, NULL };

static const struct queue_log_entry entries[2] = {
	{ { "x@bad.example", "", "rfc822;X@bad.example", 0, 10 },
	  { "5.7.1", "failed", "go away", "", "", "", "" } },
	{ { "\"a b\"@remote.example", "alias@our.example", "", 0, 20 },
	  { "5.1.1", "failed", "host remote.example[192.0.2.1] said: 550 5.1.1 "
	    "no such user here (in reply to RCPT TO command)", "smtp",
	    "550 5.1.1 no such user here", "dns", "remote.example" } },
};
static size_t at;

static void
rewind_entries(void *ctx)
{
	(void)ctx;
	at = 0;
}

static int
next_entry(void *ctx, struct queue_log_entry *e)
{
	(void)ctx;
	if (at == 2)
		return 0;
	*e = entries[at++];
	return 1;
}

static void
copy(void *ctx, const struct compose_out *o, bool headers_only)
{
	(void)ctx;
	o->line(o->ctx, "Subject: hello", 14, false);
	if (headers_only)
		return;
	o->line(o->ctx, "", 0, false);
	o->line(o->ctx, "part of ", 8, true);
	o->line(o->ctx, "a line", 6, false);
}

static struct wording wording;
static struct wordings wordings;
static struct compose_original original;
static const struct compose_entries source = { rewind_entries, next_entry,
	NULL };

static struct compose_notice
sample(void)
{
	struct compose_notice n = { .wording = &wording,
	    .original = &original, .entries = &source, .new_id = "NEW1",
	    .to = "ann@client.example", .now = 1795246735 };

	buf_reset(&text);
	setenv("TZ", "UTC", 1);
	params.myhostname = "peer.example";
	params.mail_name = "Postfix";
	wording = (struct wording){ (char *)"us-ascii",
	    (char *)"Mail Delivery System <MAILER-DAEMON>",
	    (char *)"Undelivered", (char *)"Copy", (char *)"Sorry.\n" };
	original = (struct compose_original){ .queue_id = "84E9FA84058",
	    .sender = "ann@client.example", .envelope_id = "id 7",
	    .message_id = "", .arrival = 1795246735, .copy = copy };
	return n;
}

START_TEST(a_failure_notice_is_complete)
{
	struct compose_notice n = sample();

	compose(&n, &out);
	ck_assert_str_eq(text.ptr,
	    "Received: by peer.example (Postfix)\n"
	    "\tid NEW1; Sat, 21 Nov 2026 07:38:55 +0000 (UTC)\n"
	    "Date: Sat, 21 Nov 2026 07:38:55 +0000 (UTC)\n"
	    "From: Mail Delivery System <MAILER-DAEMON>\n"
	    "Subject: Undelivered\n"
	    "To: ann@client.example\n"
	    "Auto-Submitted: auto-replied\n"
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\n"
	    "\tboundary=\"84E9FA84058.1795246735/peer.example\"\n"
	    "Content-Transfer-Encoding: 8bit\n"
	    "\n"
	    "This is a MIME-encapsulated message.\n"
	    "\n"
	    "--84E9FA84058.1795246735/peer.example\n"
	    "Content-Description: Notification\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: 8bit\n"
	    "\n"
	    "Sorry.\n"
	    "\n"
	    "<x@bad.example>: go away\n"
	    "\n"
	    "<\"a b\"@remote.example> (expanded from <alias@our.example>): "
	    "host\n"
	    "    remote.example[192.0.2.1] said: 550 5.1.1 no such user here "
	    "(in reply to\n"
	    "    RCPT TO command)\n"
	    "\n"
	    "--84E9FA84058.1795246735/peer.example\n"
	    "Content-Description: Delivery report\n"
	    "Content-Type: message/delivery-status\n"
	    "\n"
	    "Reporting-MTA: dns; peer.example\n"
	    "Original-Envelope-Id: id 7\n"
	    "X-Postfix-Queue-ID: 84E9FA84058\n"
	    "X-Postfix-Sender: rfc822; ann@client.example\n"
	    "Arrival-Date: Sat, 21 Nov 2026 07:38:55 +0000 (UTC)\n"
	    "\n"
	    "Final-Recipient: rfc822; x@bad.example\n"
	    "Original-Recipient: rfc822;X@bad.example\n"
	    "Action: failed\n"
	    "Status: 5.7.1\n"
	    "Diagnostic-Code: X-Postfix; go away\n"
	    "\n"
	    "Final-Recipient: rfc822; \"a b\"@remote.example\n"
	    "Original-Recipient: rfc822; alias@our.example\n"
	    "Action: failed\n"
	    "Status: 5.1.1\n"
	    "Remote-MTA: dns; remote.example\n"
	    "Diagnostic-Code: smtp; 550 5.1.1 no such user here\n"
	    "\n"
	    "--84E9FA84058.1795246735/peer.example\n"
	    "Content-Description: Undelivered Message\n"
	    "Content-Type: message/rfc822\n"
	    "Content-Transfer-Encoding: 8bit\n"
	    "\n"
	    "Return-Path: <ann@client.example>\n"
	    "Subject: hello\n"
	    "\n"
	    "part of a line\n"
	    "\n"
	    "--84E9FA84058.1795246735/peer.example--\n");
}
END_TEST

START_TEST(a_postmaster_copy_has_headers_only_and_no_words)
{
	struct compose_notice n = sample();

	n.for_postmaster = true;
	n.headers_only = true;
	compose(&n, &out);
	ck_assert_ptr_nonnull(strstr(text.ptr, "Subject: Copy\n"));
	ck_assert_ptr_nonnull(strstr(text.ptr,
	    "Auto-Submitted: auto-generated\n"));
	ck_assert_ptr_null(strstr(text.ptr, "Sorry."));
	ck_assert_ptr_nonnull(strstr(text.ptr,
	    "Content-Description: Undelivered Message Headers\n"
	    "Content-Type: text/rfc822-headers\n"));
	ck_assert_ptr_null(strstr(text.ptr, "part of a line"));
}
END_TEST

START_TEST(a_delay_notice_says_how_long_it_is_tried)
{
	struct compose_notice n = sample();

	n.retry_until = 1795246735 + 5 * 86400;
	compose(&n, &out);
	ck_assert_ptr_nonnull(strstr(text.ptr,
	    "Diagnostic-Code: X-Postfix; go away\n"
	    "Will-Retry-Until: Thu, 26 Nov 2026 07:38:55 +0000 (UTC)\n"));
}
END_TEST

START_TEST(utf8_mail_gets_the_types_of_rfc_6533)
{
	struct compose_notice n = sample();

	original.is_utf8 = true;
	original.sender = "j\xc3\xb6@client.example";
	original.message_id = "<1@x>";
	compose(&n, &out);
	ck_assert_ptr_nonnull(strstr(text.ptr,
	    "Content-Type: message/global-delivery-status\n"
	    "Content-Transfer-Encoding: 8bit\n"));
	ck_assert_ptr_nonnull(strstr(text.ptr,
	    "X-Postfix-Sender: utf-8; j\xc3\xb6@client.example\n"));
	ck_assert_ptr_nonnull(strstr(text.ptr,
	    "Content-Type: message/global\n"));
	ck_assert_ptr_nonnull(strstr(text.ptr,
	    "References: <1@x>\nIn-Reply-To: <1@x>\n"));
}
END_TEST

START_TEST(a_lost_original_is_left_out)
{
	struct compose_notice n = sample();

	original.copy = NULL;
	original.arrival = 0;
	compose(&n, &out);
	ck_assert_ptr_null(strstr(text.ptr, "Undelivered Message"));
	ck_assert_ptr_null(strstr(text.ptr, "Arrival-Date"));
	ck_assert_ptr_nonnull(strstr(text.ptr, "/peer.example--\n"));
}
END_TEST

START_TEST(folding_breaks_at_blanks_only)
{
	static const struct {
		const char *label, *in, *expected;
	} cases[] = {
		{ "short", "a b", "a b\n" },
		{ "exactly 79",
		  "<bob@remote.example>: connect to 127.0.0.1[127.0.0.1]:24726: "
		  "Connection refused",
		  "<bob@remote.example>: connect to 127.0.0.1[127.0.0.1]:24726: "
		  "Connection refused\n" },
		{ "as the peer does",
		  "<\"bad 6\"@remote.example>: host 127.0.0.1[127.0.0.1] said: "
		  "550-5.1.1 <x>: no such user 550 5.1.1 really not (in reply "
		  "to RCPT TO command)",
		  "<\"bad 6\"@remote.example>: host 127.0.0.1[127.0.0.1] said: "
		  "550-5.1.1 <x>: no\n"
		  "    such user 550 5.1.1 really not (in reply to RCPT TO "
		  "command)\n" },
		{ "no blank",
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b",
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n    b\n" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&text);
		compose_fold(&out, cases[i].in);
		ck_assert_msg(strcmp(text.ptr, cases[i].expected) == 0,
		    "%s: got\n%s", cases[i].label, text.ptr);
	}
}
END_TEST

START_TEST(a_template_file_replaces_what_it_names)
{
	static const char file[] = "# comment\n\nfailure_template = <<EOF\n"
	    "Charset: iso-8859-1\nFrom: Post <p>\nSubject: Nope\n"
	    "Postmaster-Subject: Nope too\n\nHost $myhostname.\n\nEnd\nEOF\n";

	wordings_init(&wordings);
	ck_assert_int_eq(wordings_parse(&wordings, "f", file), 0);
	ck_assert_str_eq(wordings.kind[WORDING_FAILURE].subject, "Nope");
	ck_assert_str_eq(wordings.kind[WORDING_FAILURE].charset,
	    "iso-8859-1");
	ck_assert_str_eq(wordings.kind[WORDING_FAILURE].text,
	    "Host $myhostname.\n\nEnd\n");
	ck_assert_str_eq(wordings.kind[WORDING_DELAY].subject,
	    "Delayed Mail (still being retried)");
	wordings_done(&wordings);
}
END_TEST

START_TEST(a_template_that_cannot_be_used_changes_nothing)
{
	static const char *const files[] = { "what is this\n",
	    "nosuch_template = <<E\nE\n",
	    "failure_template = <<E\nSender: x\n\ntext\nE\n",
	    "failure_template = <<E\nSubject:\n\ntext\nE\n",
	    "failure_template = <<E\nSubject: \xc3\xbc\n\ntext\nE\n",
	    "failure_template = <<E\nSubject: x\nE\n",
	    "failure_template = <<E\nE\n", "failure_template = <<\n",
	    "failure_template = <<E\nSubject: x\n\n\xc3\xbc\nE\n" };
	struct wording *failure = &wordings.kind[WORDING_FAILURE];
	struct buf built_in = BUF_INIT, file = BUF_INIT;
	size_t i;

	wordings_init(&wordings);
	buf_sets(&built_in, failure->text);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		buf_setf(&file, "%sdelay_template = %zu\n", files[i], i);
		ck_assert_msg(wordings_parse(&wordings, "f", file.ptr) == -1,
		    "%s", files[i]);
		ck_assert_str_eq(failure->subject,
		    "Undelivered Mail Returned to Sender");
		ck_assert_str_eq(failure->charset, "us-ascii");
		ck_assert_str_eq(failure->text, built_in.ptr);
		/* The others do not suffer for it. */
		buf_setf(&file, "%zu\n", i);
		ck_assert_str_eq(wordings.kind[WORDING_DELAY].text, file.ptr);
	}
	buf_done(&built_in);
	buf_done(&file);
	wordings_done(&wordings);
}
END_TEST

START_TEST(a_template_is_read_with_good_will)
{
	static const struct {
		const char *file, *subject, *text;
	} cases[] = {
		{ "  failure_template=a b \n", NULL, "a b\n" },
		{ "failure_template = << E\nSubject no header\n\nb\nE\n",
		  NULL, "Subject no header\n\nb\n" },
		{ "failure_template = <<E\nSubject: a\n\tb\nc\nE\n",
		  "a b", "c\n" },
		{ "failure_template = <<E\nSubject: a\n\n E\nno end\n",
		  "a", " E\nno end\n" },
		{ "failure_template = x\nfailure_template = y\n", NULL,
		  "y\n" },
		{ "failure_template = <<E\nCharset: utf-8\n\n\xc3\xbc\nE\n",
		  NULL, "\xc3\xbc\n" },
	};
	struct wording *failure = &wordings.kind[WORDING_FAILURE];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		wordings_init(&wordings);
		wordings_parse(&wordings, "f", cases[i].file);
		ck_assert_str_eq(failure->text, cases[i].text);
		ck_assert_str_eq(failure->subject, cases[i].subject != NULL ?
		    cases[i].subject : "Undelivered Mail Returned to Sender");
		wordings_done(&wordings);
	}
}
END_TEST

START_TEST(printed_templates_can_be_read_again)
{
	struct buf printed = BUF_INIT, again = BUF_INIT;

	wordings_init(&wordings);
	wordings_print(&printed, &wordings);
	ck_assert_int_eq(wordings_parse(&wordings, "f", printed.ptr), 0);
	wordings_print(&again, &wordings);
	ck_assert_str_eq(printed.ptr, again.ptr);
	buf_done(&printed);
	buf_done(&again);
	wordings_done(&wordings);
}
END_TEST

int
main(void)
{
	TCase *t = tcase_create("notice");

	tcase_add_test(t, a_failure_notice_is_complete);
	tcase_add_test(t, a_postmaster_copy_has_headers_only_and_no_words);
	tcase_add_test(t, a_delay_notice_says_how_long_it_is_tried);
	tcase_add_test(t, utf8_mail_gets_the_types_of_rfc_6533);
	tcase_add_test(t, a_lost_original_is_left_out);
	tcase_add_test(t, folding_breaks_at_blanks_only);
	tcase_add_test(t, a_template_file_replaces_what_it_names);
	tcase_add_test(t, 
	    a_template_that_cannot_be_used_changes_nothing);
	tcase_add_test(t, a_template_is_read_with_good_will);
	tcase_add_test(t, printed_templates_can_be_read_again);
	return unit_run("bounce", t);
}
