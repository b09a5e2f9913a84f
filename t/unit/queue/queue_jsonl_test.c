/*
 * queue_jsonl_test.c - a message becomes a line, and the line the message
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_jsonl.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_rec.h"
#include "t/unit/folder.h"
#include "t/unit/unit.h"

#define NOW	1795250000

static void
setup(void)
{
	unit_folder_enter("deferred defer");
	params.hash_queue_names = "";
	params.empty_address_recipient = "MAILER-DAEMON";
	params.double_bounce_sender = "double-bounce";
	params.smtputf8_enable = true;
	params.maximal_queue_lifetime = params.bounce_queue_lifetime = 432000;
}

static void
write_file(const char *path, const char *data, size_t len, mode_t mode)
{
	int fd = open(path, O_CREAT | O_WRONLY, mode);

	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static void
rec(struct buf *b, int type, const char *text)
{
	queue_rec_put(b, type, text, strlen(text));
}

/* A message that has something in every field. */
static void
put_rich_message(void)
{
	static const char *const attributes[] = {
		"create_time=1795239000", "log_client_name=mx.example",
		"log_client_address=IPv6:2001:db8::1",
		"log_helo_name=he\x1b[31mlo", "log_protocol_name=ESMTP",
		"sasl_method=plain", "sasl_username=j\xff" "doe",
		"sasl_sender=x@y", "encoding=8bit", "trace_flags=256",
		"envelope_id=QQ", NULL
	};
	static const char log[] = "\nrecipient=\"b c\"@d.example\n"
	    "status=4.4.1\naction=delayed\nreason=delivery temporarily "
	    "suspended: host mx.d.example[192.0.2.1] said: 421 4.7.0 try "
	    "\xe2\x80\xae later\n\n\nrecipient=z@e.example\nstatus=4.3.2\n"
	    "action=delayed\nmta_type=dns\nmta_mname=relay.e\n"
	    "reason=system not accepting\n\n";
	struct buf env = BUF_INIT, text = BUF_INIT, file = BUF_INIT;
	struct queue_rec_size size = { .rcpt_count = 3, .sendopts = 1,
	    .fields = 6 };
	int i;

	rec(&env, QUEUE_REC_TIME, "1795240000 123456");
	for (i = 0; attributes[i] != NULL; i++)
		rec(&env, QUEUE_REC_ATTR, attributes[i]);
	rec(&env, QUEUE_REC_FILTER, "scan:[127.0.0.1]:10025");
	rec(&env, QUEUE_REC_REDIRECT, "all@y");
	rec(&env, QUEUE_REC_VERP, "+=");
	rec(&env, QUEUE_REC_FROM, "a\x80" "b@c.example");
	rec(&env, QUEUE_REC_ORCPT, "Orig@d.example");
	rec(&env, QUEUE_REC_ATTR, "notify_flags=6");
	rec(&env, QUEUE_REC_RCPT, "b c@d.example");
	rec(&env, QUEUE_REC_DONE, "done@d.example");
	rec(&env, QUEUE_REC_RCPT, "z@e.example");
	rec(&env, QUEUE_REC_RCPT, "fresh@f.example");
	rec(&env, QUEUE_REC_MESG, "");
	rec(&text, QUEUE_REC_TEXT, "Received: by x (y, from userid 1000)");
	rec(&text, QUEUE_REC_TEXT, "To: one@x");
	rec(&text, QUEUE_REC_TEXT, "To: two\xfe@x");
	rec(&text, QUEUE_REC_TEXT, "Subject: \xffraw \"quoted\"");
	rec(&text, QUEUE_REC_TEXT, "");
	size.content_size = size.content_length = (long)text.len;
	size.data_offset = (long)env.len + QUEUE_REC_SIZE_LEN;
	queue_rec_size_put(&file, &size);
	buf_add(&file, env.ptr, env.len);
	buf_add(&file, text.ptr, text.len);
	rec(&file, QUEUE_REC_XTRA, "");
	rec(&file, QUEUE_REC_END, "");
	write_file("deferred/ABCDE12345", file.ptr, file.len, 0710);
	write_file("defer/ABCDE12345", log, sizeof(log) - 1, 0600);
	buf_done(&env);
	buf_done(&text);
	buf_done(&file);
}

static void
same(const struct queue_field *f, size_t rcpt, size_t nth,
    struct queue_field_context *a, struct queue_field_context *b)
{
	struct queue_value x, y;

	queue_field_get(f, a, rcpt, nth, &x);
	queue_field_get(f, b, rcpt, nth, &y);
	ck_assert_msg(x.kind == y.kind, "%s: kind %d, %d", f->name, x.kind,
	    y.kind);
	if (x.kind == VALUE_NUMBER)
		ck_assert_msg(x.number == y.number, "%s: %lld, %lld", f->name,
		    (long long)x.number, (long long)y.number);
	if (x.kind == VALUE_TEXT)
		ck_assert_msg(strcmp(x.text, y.text) == 0, "%s: %s, %s",
		    f->name, x.text, y.text);
}

START_TEST(a_line_holds_all_that_was_known)
{
	struct queue_field_context live = QUEUE_FIELD_CONTEXT_INIT;
	struct queue_field_context told = QUEUE_FIELD_CONTEXT_INIT;
	const struct queue_field *more[2], *f;
	struct queue_message m, t;
	struct buf line = BUF_INIT;
	struct err err = ERR_INIT;
	size_t i, rcpt, nth;

	put_rich_message();
	more[0] = queue_field_find("subject", false);
	more[1] = queue_field_find("to", false);
	queue_message_init(&m);
	queue_message_init(&t);
	queue_message_begin(&m, "deferred", "ABCDE12345", NULL, NULL);
	live.m = &m;
	told.m = &t;
	live.now = told.now = NOW;
	queue_jsonl_put(&line, &live, more, 2);
	ck_assert_msg(queue_jsonl_parse(line.ptr, line.len, &t, &err) == 0,
	    "%s", err.text);
	ck_assert_uint_eq(t.rcpt_count, 3);
	for (i = 0; (f = queue_field_at(i)) != NULL; i++) {
		if (f->tier >= TIER_HEADERS && f != more[0] && f != more[1])
			continue;
		for (rcpt = 0; rcpt < 3; rcpt++)
			for (nth = 0; nth < 3; nth++)
				same(f, rcpt, nth, &live, &told);
	}
	ck_assert(t.is_told && t.is_snapshot);
	ck_assert_uint_eq(t.st.st_ino, m.st.st_ino);
	ck_assert_uint_eq(t.st.st_dev, m.st.st_dev);
	ck_assert_int_eq(t.st.st_size, m.st.st_size);
	ck_assert_int_eq(t.st.st_mtime, m.st.st_mtime);
	ck_assert_int_eq(t.arrival.tv_sec, 1795240000);
	ck_assert_int_eq(t.arrival.tv_usec, 123456);
	ck_assert_str_eq(t.sender_shown, m.sender_shown);
	ck_assert_str_eq(t.rcpts[0].shown, "\"b c\"@d.example");
	/* What was not saved is not known, and does not look absent. */
	ck_assert_int_eq(queue_message_want(&t, QUEUE_MESSAGE_HEADERS, NULL),
	    -1);
	queue_field_context_done(&live);
	queue_field_context_done(&told);
	queue_message_done(&m);
	queue_message_done(&t);
	buf_done(&line);
}
END_TEST

START_TEST(a_plain_listing_is_read_too)
{
	static const char line[] = "{\"queue_name\": \"hold\", \"queue_id\": "
	    "\"ABC1234\", \"arrival_time\": 1795240000, \"message_size\": 77, "
	    "\"forced_expire\": true, \"sender\": \"MAILER-DAEMON\", "
	    "\"recipients\": [{\"address\": \"a@b\", \"delay_reason\": \"r\"}, "
	    "{\"address\": \"c@d\"}]}";
	struct queue_message m;

	queue_message_init(&m);
	ck_assert_int_eq(queue_jsonl_parse(line, sizeof(line) - 1, &m, NULL),
	    0);
	ck_assert_str_eq(m.queue, "hold");
	ck_assert_str_eq(m.id, "ABC1234");
	ck_assert_str_eq(m.sender, "");
	ck_assert_str_eq(m.sender_shown, "MAILER-DAEMON");
	ck_assert_int_eq(m.size, 77);
	ck_assert(m.is_expired && m.is_told && !m.is_snapshot);
	ck_assert_uint_eq(m.rcpt_count, 2);
	ck_assert_str_eq(m.rcpts[0].reason, "r");
	ck_assert_str_eq(m.rcpts[1].reason, "");
	ck_assert_uint_eq(m.st.st_ino, 0);
	queue_message_done(&m);
}
END_TEST

#define GOOD	"\"arrived\": 1, \"sender\": \"\", \"recipients\": []"

static const struct {
	const char	*line, *why;
} bad[] = {
	{ "nonsense", "column " },
	{ "[]", "not an object" },
	{ "{\"v\": 2, \"queue\": \"hold\", \"id\": \"A1\", " GOOD "}",
	    "version 2 is not known" },
	{ "{\"queue\": \"../x\", \"id\": \"A1\", " GOOD "}", "no queue in" },
	{ "{\"queue\": \"hold\", \"id\": \"a/b\", " GOOD "}", "no queue ID" },
	{ "{\"queue\": \"hold\", \"id\": 5, " GOOD "}", "no queue ID" },
	{ "{\"queue\": \"hold\", \"id\": \"A1\", \"sender\": \"\"}",
	    "no time" },
	{ "{\"queue\": \"hold\", \"id\": \"A1\", \"arrived\": 1e300, "
	    "\"sender\": \"\", \"recipients\": []}", "no time" },
	{ "{\"queue\": \"hold\", \"id\": \"A1\", \"arrived\": -5, "
	    "\"sender\": \"\", \"recipients\": []}", "no time" },
	{ "{\"queue\": \"hold\", \"id\": \"A1\", \"arrived\": 5, "
	    "\"recipients\": []}", "no sender" },
	{ "{\"queue\": \"hold\", \"id\": \"A1\", \"arrived\": 5, "
	    "\"sender\": \"x\", \"recipients\": [5]}", "without address" },
	{ "{\"queue\": \"hold\", \"id\": \"A1\", \"arrived\": 5, "
	    "\"sender\": \"x\"}", "no recipients" },
	{ "{\"sender\": \"\xff\"}", "column " },
};

START_TEST(what_is_no_message_is_refused)
{
	struct err err = ERR_INIT;
	struct queue_message m;

	queue_message_init(&m);
	ck_assert_int_eq(queue_jsonl_parse(bad[_i].line, strlen(bad[_i].line),
	    &m, &err), -1);
	ck_assert_int_eq(err.kind, ERR_SYNTAX);
	ck_assert_msg(strstr(err.text, bad[_i].why) != NULL, "%s", err.text);
	queue_message_done(&m);
}
END_TEST

START_TEST(a_bad_line_is_named_and_the_next_is_read)
{
	static const char text[] = "\n{\"queue\": \"hold\", \"id\": \"A1\", "
	    GOOD "}\r\n  \nbroken\n{\"queue\": \"hold\", \"id\": \"A2\", "
	    GOOD "}";
	struct err err = ERR_INIT;
	struct queue_message m;
	struct queue_jsonl *r;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], text, sizeof(text) - 1),
	    (ssize_t)sizeof(text) - 1);
	close(fds[1]);
	queue_message_init(&m);
	r = queue_jsonl_new_fd(fds[0], "old.jsonl");
	ck_assert_int_eq(queue_jsonl_next(r, &m, &err), 1);
	ck_assert_str_eq(m.id, "A1");
	ck_assert_int_eq(queue_jsonl_next(r, &m, &err), -1);
	ck_assert_msg(strncmp(err.text, "old.jsonl:4: column ", 20) == 0, "%s",
	    err.text);
	ck_assert_int_eq(queue_jsonl_next(r, &m, &err), 1);
	ck_assert_str_eq(m.id, "A2");
	ck_assert_int_eq(queue_jsonl_next(r, &m, &err), 0);
	ck_assert_int_eq(queue_jsonl_next(r, &m, &err), 0);
	queue_jsonl_free(r);
	queue_message_done(&m);
	close(fds[0]);
}
END_TEST

static ssize_t
endless(void *ctx, void *data, size_t len)
{
	(void)ctx;
	memset(data, 'x', len);
	return (ssize_t)len;
}

START_TEST(a_line_without_end_ends)
{
	struct queue_jsonl *r = queue_jsonl_new(endless, NULL, "-");
	struct err err = ERR_INIT;
	struct queue_message m;

	queue_message_init(&m);
	ck_assert_int_eq(queue_jsonl_next(r, &m, &err), -1);
	ck_assert_int_eq(err.kind, ERR_LIMIT);
	queue_jsonl_free(r);
	queue_message_done(&m);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_jsonl");

	tcase_add_checked_fixture(tc, setup, unit_folder_leave);
	tcase_add_test(tc, a_line_holds_all_that_was_known);
	tcase_add_test(tc, a_plain_listing_is_read_too);
	UNIT_LOOP(tc, what_is_no_message_is_refused, bad);
	tcase_add_test(tc, a_bad_line_is_named_and_the_next_is_read);
	tcase_add_test(tc, a_line_without_end_ends);
	return unit_run("queue_jsonl", tc);
}
