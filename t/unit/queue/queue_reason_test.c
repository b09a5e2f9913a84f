/*
 * queue_reason_test.c - delay reasons find their class
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_reason.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "t/unit/unit.h"

static const struct {
	const char	*reason, *dsn, *class;
} texts[] = {
	{ "", "", "none" },
	{ "connect to 127.0.0.1[127.0.0.1]:9: Connection refused", "4.4.1",
	    "connect" },
	{ "delivery temporarily suspended: connect to mx.a.example"
	    "[192.0.2.1]:25: Connection timed out", "4.4.1", "timeout" },
	{ "Host or domain name not found. Name service error for name="
	    "nosuch.example type=MX: Host not found", "5.4.4",
	    "dns-nodomain" },
	{ "Host or domain name not found. Name service error for name="
	    "x.example type=MX: Host not found, try again", "4.4.3",
	    "dns-temp" },
	{ "host mx.example[192.0.2.2] said: 450 4.2.0 <a@b>: Recipient "
	    "address rejected: Greylisted (in reply to RCPT TO command)",
	    "4.2.0", "greylist" },
	{ "host mx.example[192.0.2.2] said: 421 4.7.0 [TS01] Messages from "
	    "192.0.2.9 temporarily deferred due to unusual rate (in reply)",
	    "4.7.0", "throttle" },
	{ "host mx.example[192.0.2.2] said: 554 5.7.1 Service unavailable; "
	    "Client host [192.0.2.9] blocked using zen.spamhaus.org",
	    "5.7.1", "reputation" },
	{ "host mx.example[192.0.2.2] said: 550 5.7.26 This mail is "
	    "unauthenticated: SPF did not pass", "5.7.26", "policy" },
	{ "host mx.example[192.0.2.2] said: 550 5.1.1 <a@b>: Recipient "
	    "address rejected: User unknown", "5.1.1", "no-user" },
	{ "host mx.example[192.0.2.2] said: 452 4.2.2 Mailbox full", "4.2.2",
	    "mailbox-full" },
	{ "lost connection with mx.example[192.0.2.2] while sending message "
	    "body", "4.4.2", "lost" },
	{ "TLS is required, but was not offered by host mx.example"
	    "[192.0.2.2]", "4.7.4", "tls" },
	{ "mail transport unavailable", "4.3.0", "local-config" },
	{ "mail for a.example loops back to myself", "5.4.6", "loop" },
	{ "SASL authentication failed; server mx.example[192.0.2.2] said: "
	    "535 5.7.8 Error", "4.7.8", "auth" },
	{ "something nobody has seen before", "4.0.0", "other" },
};

START_TEST(a_reason_finds_its_class)
{
	const char *advice;
	enum queue_reason_class c = queue_reason_classify(texts[_i].reason,
	    texts[_i].dsn, &advice);

	ck_assert_str_eq(queue_reason_class_name(c), texts[_i].class);
	ck_assert((c == REASON_NONE) == (advice[0] == '\0'));
}
END_TEST

START_TEST(relay_and_code_are_found_in_the_text)
{
	struct buf name = BUF_INIT, addr = BUF_INIT;
	bool is_suspended;

	ck_assert(queue_reason_relay(texts[5].reason, &name, &addr));
	ck_assert_str_eq(name.ptr, "mx.example");
	ck_assert_str_eq(addr.ptr, "192.0.2.2");
	ck_assert_int_eq(queue_reason_code(texts[5].reason), 450);
	ck_assert_int_eq(queue_reason_code(texts[1].reason), 0);
	ck_assert(!queue_reason_relay("no host [TS01] here", &name, &addr));
	queue_reason_peel(texts[2].reason, &is_suspended);
	ck_assert(is_suspended);
	buf_done(&name);
	buf_done(&addr);
}
END_TEST

START_TEST(signatures_drop_what_varies)
{
	struct buf a = BUF_INIT, b = BUF_INIT;

	queue_reason_signature("host mx1.example[192.0.2.1] said: 450 4.2.0 "
	    "<ann@b.example>: try after 300 seconds, id 9407AA84019", &a);
	queue_reason_signature("host mx22.other.example[192.0.2.77] said: 450 "
	    "4.2.0 <bob@c.example>: try after 60 seconds, id 63D39C01B77", &b);
	ck_assert_str_eq(a.ptr, b.ptr);
	ck_assert_str_eq(a.ptr, "host <host> said: 450 4.2.0 <<addr>>: try "
	    "after <n> seconds, id <id>");
	buf_done(&a);
	buf_done(&b);
}
END_TEST

START_TEST(a_file_takes_the_place_of_the_built_in_rows)
{
	static const char rows[] = "dsn\tcode\tregex\tclass\tadvice\n"
	    "4.4.*\t*\t*\ttimeout\tours\n";
	static const char bad[] = "*\t*\t(\tother\tx\n";
	struct err err = ERR_INIT;
	char path[] = "/tmp/posthorn-unit.XXXXXX";
	int fd = mkstemp(path);
	const char *advice;

	ck_assert_int_eq(file_write_all(fd, rows, sizeof(rows) - 1), 0);
	ck_assert_int_eq(queue_reason_load(path, &err), 0);
	ck_assert_int_eq(queue_reason_classify("x", "4.4.9", &advice),
	    REASON_TIMEOUT);
	ck_assert_str_eq(advice, "ours");
	ck_assert_int_eq(queue_reason_classify("x", "4.5.9", NULL),
	    REASON_OTHER);
	ck_assert_int_eq(file_pwrite_all(fd, bad, sizeof(bad), 0), 0);
	ck_assert_int_eq(queue_reason_load(path, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, ":1: bad pattern"));
	remove(path);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_reason");

	UNIT_LOOP(tc, a_reason_finds_its_class, texts);
	tcase_add_test(tc, relay_and_code_are_found_in_the_text);
	tcase_add_test(tc, signatures_drop_what_varies);
	tcase_add_test(tc, a_file_takes_the_place_of_the_built_in_rows);
	return unit_run("queue_reason", tc);
}
