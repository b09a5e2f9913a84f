/*
 * queue_select_test.c - the selection language: grammar, values, evaluation
 *
 * The last test holds evaluation against a naive reference: random trees over
 * random messages in a real unit_folder, judged once by the engine and once by
 * looking at what the messages were made of.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_select.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_log.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_rec.h"
#include "lib/queue/queue_writer.h"
#include "t/unit/folder.h"
#include "t/unit/unit.h"

#define NOW	1795250000

static void
setup(void)
{
	setenv("TZ", "UTC", 1);
	unit_folder_enter("maildrop incoming active deferred hold defer");
	params.hash_queue_names = "";
	params.hash_queue_depth = 1;
	params.empty_address_recipient = "MAILER-DAEMON";
	params.double_bounce_sender = "double-bounce";
	params.smtputf8_enable = true;
	params.deliver_lock_attempts = 1;
	params.maximal_queue_lifetime = params.bounce_queue_lifetime = 432000;
}

/* ---- grammar ---- */

static const struct {
	const char	*text, *normal;
} forms[] = {
	{ "sender = a@B.example", "sender = \"a@b.example\"" },
	{ "sender=<>", "sender = <>" },
	{ "age>2h", "age > 7200s" },
	{ "age > 1d12h", "age > 129600s" },
	{ "size between 1M and 20M", "size between 1048576 and 20971520" },
	{ "queue = deferred and class = throttle or held",
	    "queue = \"deferred\" and class = \"throttle\" or is held" },
	{ "queue = hold AND (held or NOT due)",
	    "queue = \"hold\" and (is held or not is due)" },
	{ "not not held", "not not is held" },
	{ "!held && due || late", "not is held and is due or is late" },
	{ "a and (b and c)" , NULL },
	{ "any rcpt (domain = example.com and class = tls)",
	    "any rcpt (domain = \"example.com\" and class = \"tls\")" },
	{ "no rcpt(addr = a@b)", "no rcpt (addr = \"a@b\")" },
	{ "all rcpt (rcpt.domain under x.y)",
	    "all rcpt (domain under \"x.y\")" },
	{ "any rcpt (is local and local = x)",
	    "any rcpt (is local and local = \"x\")" },
	{ "sender =~ /^(alice|bob)@/", "sender ~ /^(alice|bob)@/i" },
	{ "subject ~ /a\\/b\\d/c", "subject ~ /a\\/b\\d/c" },
	{ "subject ~ \"a/b\"", "subject ~ /a\\/b/i" },
	{ "subject ~ \"\\d+\"", "subject ~ /\\d+/i" },
	{ "dsn = 4.4.*", "dsn = 4.4.*" },
	{ "dsn = \"4.4.*\"", "dsn = \"4.4.*\"" },
	{ "client.addr in 203.0.113.0/24", "client.addr in (203.0.113.0/24)" },
	{ "client.addr = 2001:DB8::1", "client.addr = 2001:db8::1" },
	{ "class in (tls, dns-temp)", "class in (\"tls\", \"dns-temp\")" },
	{ "id not in (9407AA84019)", "id not in (\"9407AA84019\")" },
	{ "header(\"List-Id\") ~ news", "header(\"List-Id\") ~ /news/i" },
	{ "arrived > \"2026-11-21T10:00:00Z\"",
	    "arrived > \"2026-11-21T10:00:00Z\"" },
	{ "arrived > 2026-11-21T12:00+02:00",
	    "arrived > \"2026-11-21T10:00:00Z\"" },
	{ "arrived < now-1h", "arrived < \"2026-11-21T07:33:20Z\"" },
	{ "arrived < now - 1h", "arrived < \"2026-11-21T07:33:20Z\"" },
	{ "arrived < today", "arrived < \"2026-11-21T00:00:00Z\"" },
	{ "arrived < yesterday", "arrived < \"2026-11-20T00:00:00Z\"" },
	{ "9407AA84019", "id = \"9407AA84019\"" },
	{ "4jWkb63s66z1c6Jr", "id = \"4jWkb63s66z1c6Jr\"" },
	{ "ann@x.example", "sender = \"ann@x.example\" or "
	    "rcpt = \"ann@x.example\"" },
	{ "@x.example", "sender.domain under \"x.example\" or "
	    "rcpt.domain under \"x.example\"" },
	{ "quota", "sender ~ /quota/i or rcpt ~ /quota/i or "
	    "subject ~ /quota/i or reason ~ /quota/i" },
	{ "'a.b c'", "sender ~ /a\\.b c/i or rcpt ~ /a\\.b c/i or "
	    "subject ~ /a\\.b c/i or reason ~ /a\\.b c/i" },
	{ "@giants", "size > 10485760" },
	{ "@stuck and not @bounces", "queue = \"deferred\" and age > 14400s "
	    "and not is bounce" },
	{ "sender.domain = B\xc3\xbc" "cher.example",
	    "sender.domain = \"xn--bcher-kva.example\"" },
	{ "subject = \"a\\x41\\n\\\"\"", "subject = \"aa\\n\\\"\"" },
};

START_TEST(a_selection_has_a_normal_form_that_parses_to_itself)
{
	struct err err = ERR_INIT;
	struct buf one = BUF_INIT, two = BUF_INIT;
	struct queue_select *s;

	s = queue_select_parse(forms[_i].text, NOW, &err);
	ck_assert_msg(s != NULL, "%s: %s", forms[_i].text, err.text);
	queue_select_print(s, &one);
	if (forms[_i].normal != NULL)
		ck_assert_str_eq(one.ptr, forms[_i].normal);
	queue_select_free(s);
	s = queue_select_parse(one.ptr, NOW, &err);
	ck_assert_msg(s != NULL, "%s: %s", one.ptr, err.text);
	queue_select_print(s, &two);
	ck_assert_str_eq(one.ptr, two.ptr);
	queue_select_free(s);
	buf_done(&one);
	buf_done(&two);
}
END_TEST

static const struct {
	const char	*text, *error;
} errors[] = {
	{ "recipent = a@b", "unknown field \"recipent\" at 1:1; "
	    "did you mean \"rcpt\"?" },
	{ "held and sendr = x", "unknown field \"sendr\" at 1:10; "
	    "did you mean \"sender\"?" },
	{ "held and\n  subjct ~ x", "unknown field \"subjct\" at 2:3; "
	    "did you mean \"subject\"?" },
	{ "arrived < \"2026-11-21T-1:00\"",
	    "bad value \"2026-11-21T-1:00\" at 1:11; "
	    "arrived needs a time such as 2026-11-21T14:00, today, now-2h" },
	{ "arrived < \"2026-11-21T10:00:-1\"",
	    "bad value \"2026-11-21T10:00:-1\" at 1:11; "
	    "arrived needs a time such as 2026-11-21T14:00, today, now-2h" },
	{ "", "a test is missing at 1:1" },
	{ "held and", "a test is missing at 1:9" },
	{ "held held", "unexpected text at 1:6" },
	{ "(held", "\")\" is missing at 1:6" },
	{ "held)", "unexpected text at 1:5" },
	{ "age > soon", "bad value \"soon\" at 1:7; age needs a duration such "
	    "as 90s or 1d12h" },
	{ "size > 10X", "bad value \"10X\" at 1:8; size needs a size such as "
	    "4k or 10M" },
	{ "queue = defered", "bad value \"defered\" at 1:9; queue needs a "
	    "queue" },
	{ "class = nonsense", "bad value \"nonsense\" at 1:9; class needs a "
	    "reason class" },
	{ "client.addr in 300.1.1.1", "bad value \"300.1.1.1\" at 1:16; "
	    "client.addr needs an IP address or network" },
	{ "sender < a", "operator does not fit \"sender\" at 1:8" },
	{ "age ~ 2h", "operator does not fit \"age\" at 1:5" },
	{ "held = yes", "operator does not fit \"held\" at 1:6; "
	    "a flag stands alone" },
	{ "sender", "no operator after field \"sender\" at 1:1; quote it to "
	    "search for the word" },
	{ "sender =", "a value is missing at 1:9" },
	{ "subject ~ /a", "unterminated pattern at 1:11" },
	{ "subject = \"a", "unterminated string at 1:11" },
	{ "any rcpt (any rcpt (addr = a))",
	    "a quantifier inside a quantifier at 1:11" },
	{ "@nobody", "unknown saved selection \"nobody\" at 1:1" },
	{ "size between 1 2", "\"and\" is missing after \"between\" at 1:16" },
	{ "age > 99999999999999999999d", "bad value "
	    "\"99999999999999999999d\" at 1:7; age needs a duration such as "
	    "90s or 1d12h" },
	{ "is nothing", "unknown flag \"nothing\" at 1:4" },
	{ "held ; due", "unexpected character at 1:6" },
};

START_TEST(an_error_names_the_place_and_the_nearest_field)
{
	struct err err = ERR_INIT;

	ck_assert_ptr_null(queue_select_parse(errors[_i].text, NOW, &err));
	ck_assert_str_eq(err.text, errors[_i].error);
}
END_TEST

START_TEST(depth_is_bounded)
{
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	int i;

	for (i = 0; i < 100000; i++)
		buf_addc(&b, '(');
	ck_assert_ptr_null(queue_select_parse(b.ptr, NOW, &err));
	buf_reset(&b);
	for (i = 0; i < 100000; i++)
		buf_adds(&b, "not ");
	ck_assert_ptr_null(queue_select_parse(b.ptr, NOW, &err));
	buf_done(&b);
}
END_TEST

START_TEST(saved_selections_come_from_a_file_and_may_not_loop)
{
	static const char text[] = "# mine\nours = @theirs and held\n"
	    "theirs = late\nloop = @loop\n";
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT;
	struct queue_select *s;

	ck_assert_int_eq(file_replace("saved", text, sizeof(text) - 1, 0600,
	    (uid_t)-1, (gid_t)-1, &err), 0);
	ck_assert_int_eq(queue_select_saved("saved", &err), 0);
	s = queue_select_parse("@ours", NOW, &err);
	ck_assert_msg(s != NULL, "%s", err.text);
	queue_select_print(s, &out);
	ck_assert_str_eq(out.ptr, "is late and is held");
	queue_select_free(s);
	ck_assert_ptr_null(queue_select_parse("@loop", NOW, &err));
	ck_assert_int_eq(queue_select_saved("nowhere", &err), -1);
	buf_done(&out);
}
END_TEST

/* ---- messages ---- */

#define RCPTS_MAX	4

/* What a message is made of; the reference looks only here. */
struct made {
	char		 id[64];
	const char	*queue, *sender, *sasl, *subject;
	int		 age, rcpts;
	const char	*rcpt[RCPTS_MAX], *reason[RCPTS_MAX];
};

static void
add_record(struct queue_writer *w, int type, const char *text)
{
	queue_writer_rec(w, type, text, strlen(text));
}

static void
make(struct made *m)
{
	struct queue_rec_size size = { 0, 0, 0, 0, 0, 0, 6 };
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT;
	struct queue_writer *w = queue_writer_create(m->queue, 0, &err);
	struct dsn dsn = { "4.4.1", "delayed", "", "", "", "", "" };
	struct queue_rcpt rcpt = { "", "", "", 0, -1 };
	int i;

	ck_assert_msg(w != NULL, "%s", err.text);
	snprintf(m->id, sizeof(m->id), "%s", queue_writer_id(w));
	queue_rec_size_put(&text, &size);
	queue_writer_rec(w, 'C', text.ptr + 2, text.len - 2);
	buf_setf(&text, "%d 0", NOW - m->age);
	add_record(w, 'T', text.ptr);
	if (m->sasl != NULL) {
		buf_setf(&text, "sasl_username=%s", m->sasl);
		add_record(w, 'A', text.ptr);
	}
	add_record(w, 'S', m->sender);
	for (i = 0; i < m->rcpts; i++)
		add_record(w, 'R', m->rcpt[i]);
	add_record(w, 'M', "");
	size.data_offset = queue_writer_tell(w);
	buf_setf(&text, "Subject: %s", m->subject);
	add_record(w, 'N', text.ptr);
	add_record(w, 'N', "");
	size.content_size = queue_writer_tell(w) - size.data_offset;
	add_record(w, 'X', "");
	add_record(w, 'E', "");
	buf_reset(&text);
	queue_rec_size_put(&text, &size);
	queue_writer_patch(w, 0, text.ptr, text.len);
	ck_assert_int_eq(queue_writer_commit(w, &err), 0);
	for (i = 0; i < m->rcpts; i++) {
		if (m->reason[i] == NULL)
			continue;
		rcpt.address = rcpt.orig = m->rcpt[i];
		dsn.reason = m->reason[i];
		ck_assert_int_eq(queue_log_append("defer", m->id, &rcpt, &dsn,
		    &err), 0);
	}
	buf_done(&text);
}

static enum queue_select_result
judge(const char *text, const struct made *m)
{
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	struct queue_message msg;
	struct err err = ERR_INIT;
	struct queue_select *s = queue_select_parse(text, NOW, &err);
	enum queue_select_result r;

	ck_assert_msg(s != NULL, "%s: %s", text, err.text);
	queue_message_init(&msg);
	queue_message_begin(&msg, m->queue, m->id, NULL, NULL);
	c.m = &msg;
	c.now = NOW;
	r = queue_select_eval(s, &c);
	/* A queue that was ruled out holds nothing that matches. */
	if (r == SELECT_YES)
		ck_assert(queue_select_may_match(s, m->queue));
	queue_message_done(&msg);
	queue_field_context_done(&c);
	queue_select_free(s);
	return r;
}

static const struct {
	const char	*text;
	enum queue_select_result want;
} judged[] = {
	{ "sender = Ann@Client.example", SELECT_YES },
	{ "sender = bob@client.example", SELECT_NO },
	{ "sender.local = ann and sender.domain under example", SELECT_YES },
	{ "rcpt.domain = one.example and class = timeout", SELECT_YES },
	{ "any rcpt (domain = one.example and class = timeout)", SELECT_NO },
	{ "any rcpt (domain = one.example and class = connect)",
	    SELECT_YES },
	{ "all rcpt (domain under example)", SELECT_YES },
	{ "all rcpt (class = connect)", SELECT_NO },
	{ "no rcpt (domain = three.example)", SELECT_YES },
	{ "nrcpt = 2 and age = 1h", SELECT_YES },
	{ "size < 100 and filesize > 100", SELECT_YES },
	{ "subject ~ grüße", SELECT_YES },
	{ "subject = \"Grüße 2\"", SELECT_YES },
	{ "header(\"X-Nothing\") ~ x", SELECT_NO },
	{ "header(\"X-Nothing\") !~ x", SELECT_YES },
	{ "reason ~ \"timed out\"", SELECT_YES },
	{ "relay = mx.two.example and relay.addr in 192.0.2.0/24",
	    SELECT_YES },
	{ "code = 450", SELECT_NO },
	{ "dsn = 4.4.*", SELECT_YES },
	{ "suspended", SELECT_YES },
	{ "is bounce", SELECT_NO },
	{ "logged and not held and local", SELECT_YES },
	{ "sasl = jdoe", SELECT_YES },
	{ "sasl in (a, b, jdoe)", SELECT_YES },
	{ "sasl not in (a, b)", SELECT_YES },
	{ "sender = *@client.example", SELECT_YES },
	{ "sender = \"*@client.example\"", SELECT_NO },
	{ "queue in (hold, deferred)", SELECT_YES },
	{ "client.addr in 0.0.0.0/0", SELECT_NO },
	{ "arrived < now-59m and arrived > now-61m", SELECT_YES },
	{ "subject ~ \"(a+)+$\"", SELECT_NO },
	{ "next < now", SELECT_NO },
};

START_TEST(a_message_is_judged_by_what_it_holds)
{
	struct made m = { .queue = "deferred",
	    .sender = "ann@client.example", .sasl = "jdoe",
	    .subject = "=?utf-8?q?Gr=C3=BC?= =?iso-8859-1?B?32UgMg==?=",
	    .age = 3600, .rcpts = 2,
	    .rcpt = { "a@one.example", "b@two.example" },
	    .reason = { "connect to x: Connection refused",
	    "delivery temporarily suspended: conversation with mx.two.example"
	    "[192.0.2.7] timed out" } };

	make(&m);
	ck_assert_msg(judge(judged[_i].text, &m) == judged[_i].want, "%s",
	    judged[_i].text);
}
END_TEST

START_TEST(no_more_is_read_than_the_outcome_depends_on)
{
	struct made m = { .queue = "deferred", .sender = "a@b", .subject = "x",
	    .age = 5, .rcpts = 1, .rcpt = { "c@d" }, .reason = { "r" } };
#define READ	(QUEUE_MESSAGE_ENTRY | QUEUE_MESSAGE_ENVELOPE)
	static const struct {
		const char	*text;
		unsigned	 has;
	} reads[] = {
		{ "queue = hold and subject ~ x", 0 },
		{ "filesize < 1 and subject ~ x", QUEUE_MESSAGE_ENTRY },
		{ "subject ~ x and queue = deferred and sender = zzz",
		    READ },
		{ "sender = a@b or reason ~ x", READ },
		{ "reason ~ zzz and subject ~ x",
		    READ | QUEUE_MESSAGE_REASONS },
	};
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	struct queue_message msg;
	struct queue_select *s;
	size_t i;

	make(&m);
	queue_message_init(&msg);
	c.m = &msg;
	c.now = NOW;
	for (i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
		s = queue_select_parse(reads[i].text, NOW, NULL);
		queue_message_meet(&msg, m.queue, m.id, NULL, 1);
		queue_select_eval(s, &c);
		ck_assert_msg(msg.has == reads[i].has, "%s", reads[i].text);
		queue_select_free(s);
	}
	queue_message_done(&msg);
	queue_field_context_done(&c);
#undef READ
}
END_TEST

START_TEST(what_a_service_did_not_tell_is_unknown)
{
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	struct queue_message m;
	struct queue_select *s;
	static const struct {
		const char	*text;
		enum queue_select_result want;
	} told[] = {
		{ "sender = a@b", SELECT_YES },
		{ "subject ~ x", SELECT_UNKNOWN },
		{ "subject ~ x and sender = zzz", SELECT_NO },
		{ "subject ~ x or sender = a@b", SELECT_YES },
		{ "not sasl = x", SELECT_UNKNOWN },
		{ "rcpt = c@d and reason ~ refused", SELECT_YES },
	};
	size_t i;

	queue_message_init(&m);
	queue_message_begin(&m, "hold", "ABCDEF12", "", NULL);
	m.is_told = true;
	m.has = QUEUE_MESSAGE_ENVELOPE | QUEUE_MESSAGE_REASONS;
	m.sender = queue_message_keep(&m, "a@b");
	queue_message_tell(&m, "c@d", "Connection refused");
	c.m = &m;
	c.now = NOW;
	for (i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		s = queue_select_parse(told[i].text, NOW, NULL);
		ck_assert_msg(queue_select_eval(s, &c) == told[i].want, "%s",
		    told[i].text);
		queue_select_free(s);
	}
	queue_message_done(&m);
	queue_field_context_done(&c);
}
END_TEST

START_TEST(a_set_may_come_from_a_file_or_a_table)
{
	static const char ids[] = "# some\nx@y\n Ann@Client.Example \n";
	struct made m = { .queue = "hold", .sender = "ann@client.example",
	    .subject = "x", .rcpts = 1, .rcpt = { "c@d" } };
	struct err err = ERR_INIT;

	make(&m);
	ck_assert_int_eq(file_replace("ids", ids, sizeof(ids) - 1, 0600,
	    (uid_t)-1, (gid_t)-1, &err), 0);
	ck_assert_int_eq(judge("sender in @file \"ids\"", &m), SELECT_YES);
	ck_assert_int_eq(judge("rcpt in @file \"ids\"", &m), SELECT_NO);
	ck_assert_int_eq(judge("sender in map "
	    "\"inline:{ann@client.example=1}\"", &m), SELECT_YES);
	ck_assert_ptr_null(queue_select_parse("id in @file \"none\"", NOW,
	    &err));
}
END_TEST

/* ---- the reference ---- */

static unsigned seed;

static int
pick(int n)
{
	seed = seed * 1103515245u + 12345u;
	return (int)(seed >> 16) % n;
}

static const char *const queues[] = { "incoming", "deferred", "hold" };
static const char *const senders[] = { "", "ann@a.example", "bob@b.example",
    "ann@b.example" };
static const char *const rcpts[] = { "x@one.example", "y@two.example",
    "z@sub.one.example", "x@two.example" };
static const char *const reasons[] = { NULL,
    "connect to h[192.0.2.1]:25: Connection refused",
    "conversation with h[192.0.2.1] timed out" };
static const char *const classes[] = { "none", "connect", "timeout" };

static int
reason_index(const char *reason)
{
	int i;

	for (i = 2; i > 0; i--)
		if (reason == reasons[i])
			break;
	return i;
}

/*
 * Writes a random test to out and judges m by it at once: rcpt -1 outside a
 * quantifier.
 */
static bool
random_test(struct buf *out, const struct made *m, int rcpt)
{
	int i, kind = pick(rcpt >= 0 ? 3 : 8), a = pick(4), b = pick(3);
	int from = rcpt >= 0 ? rcpt : 0, to = rcpt >= 0 ? rcpt + 1 : m->rcpts;
	bool is_so = false;

	switch (kind) {
	case 0:
		buf_addf(out, "%s = %s", rcpt >= 0 ? "addr" : "rcpt",
		    rcpts[a]);
		for (i = from; i < to; i++)
			is_so |= m->rcpt[i] == rcpts[a];
		return is_so;
	case 1:
		buf_addf(out, "%s under one.example", rcpt >= 0 ? "domain" :
		    "rcpt.domain");
		for (i = from; i < to; i++)
			is_so |= strstr(m->rcpt[i], "one.example") != NULL;
		return is_so;
	case 2:
		buf_addf(out, "class = %s", classes[b]);
		for (i = from; i < to; i++)
			is_so |= reason_index(m->reason[i]) == b;
		return is_so;
	case 3:
		buf_addf(out, "sender = %s", a == 0 ? "<>" : senders[a]);
		return m->sender == senders[a];
	case 4:
		buf_addf(out, "queue != %s", queues[b]);
		return m->queue != queues[b];
	case 5:
		buf_addf(out, "age >= %dm", a * 10);
		return m->age >= a * 600;
	case 6:
		buf_addf(out, "nrcpt < %d", a);
		return m->rcpts < a;
	default:
		buf_addf(out, "subject ~ \"s%d\"", a);
		return m->subject[1] == '0' + a;
	}
}

static unsigned tree_seed;

/* The same seed writes the same tree for each message. */
static bool
random_tree(struct buf *out, const struct made *m, int depth, int rcpt)
{
	unsigned here;
	bool one, two, any = false, all = true;
	int kind = pick(depth > 0 ? 7 : 2), i;
	struct buf inner = BUF_INIT;

	switch (kind) {
	case 2:
		buf_adds(out, "(");
		one = random_tree(out, m, depth - 1, rcpt);
		buf_adds(out, " and ");
		two = random_tree(out, m, depth - 1, rcpt);
		buf_adds(out, ")");
		return one && two;
	case 3:
		buf_adds(out, "(");
		one = random_tree(out, m, depth - 1, rcpt);
		buf_adds(out, " or ");
		two = random_tree(out, m, depth - 1, rcpt);
		buf_adds(out, ")");
		return one || two;
	case 4:
		buf_adds(out, "not ");
		return !random_tree(out, m, depth - 1, rcpt);
	case 5:
	case 6:
		if (rcpt >= 0)
			return random_test(out, m, rcpt);
		kind = pick(3);
		here = seed;
		for (i = 0; i < m->rcpts; i++) {
			seed = here;
			buf_reset(&inner);
			one = random_tree(&inner, m, depth - 1, i);
			any |= one;
			all &= one;
		}
		buf_addf(out, "%s rcpt (%s)", kind == 0 ? "any" : kind == 1 ?
		    "all" : "no", inner.ptr);
		buf_done(&inner);
		return kind == 0 ? any : kind == 1 ? all : !any;
	default:
		return random_test(out, m, rcpt);
	}
}

START_TEST(random_selections_agree_with_a_naive_reference)
{
	static const char *const subjects[] = { "s0", "s1", "s2", "s3" };
	static struct made made[200];
	struct buf text = BUF_INIT;
	int i, j, wanted = 0;
	bool want;

	seed = 42;
	for (i = 0; i < 200; i++) {
		made[i].queue = queues[pick(3)];
		made[i].sender = senders[pick(4)];
		made[i].subject = subjects[pick(4)];
		made[i].age = pick(7) * 300;
		made[i].rcpts = 1 + pick(RCPTS_MAX);
		for (j = 0; j < made[i].rcpts; j++) {
			/* The log is joined by address: each but once. */
			made[i].rcpt[j] = rcpts[(i + j) % 4];
			made[i].reason[j] = reasons[pick(3)];
		}
		make(&made[i]);
	}
	for (tree_seed = 1; tree_seed <= 60; tree_seed++) {
		for (i = 0; i < 200; i++) {
			seed = tree_seed * 7919;
			buf_reset(&text);
			want = random_tree(&text, &made[i], 3, -1);
			wanted += want;
			ck_assert_msg(judge(text.ptr, &made[i]) ==
			    (want ? SELECT_YES : SELECT_NO), "%s", text.ptr);
		}
	}
	ck_assert_int_gt(wanted, 1000);
	ck_assert_int_lt(wanted, 11000);
	buf_done(&text);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_select");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, unit_folder_leave);
	UNIT_LOOP(tc,
	    a_selection_has_a_normal_form_that_parses_to_itself, forms);
	UNIT_LOOP(tc, an_error_names_the_place_and_the_nearest_field, errors);
	tcase_add_test(tc, depth_is_bounded);
	tcase_add_test(tc,
	    saved_selections_come_from_a_file_and_may_not_loop);
	UNIT_LOOP(tc, a_message_is_judged_by_what_it_holds, judged);
	tcase_add_test(tc, no_more_is_read_than_the_outcome_depends_on);
	tcase_add_test(tc, what_a_service_did_not_tell_is_unknown);
	tcase_add_test(tc, a_set_may_come_from_a_file_or_a_table);
	tcase_add_test(tc, random_selections_agree_with_a_naive_reference);
	return unit_run("queue_select", tc);
}
