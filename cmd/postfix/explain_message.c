/*
 * explain_message.c - what does a message wait for, and what would happen now?
 *
 * From its file, its log and the parameters. What only the queue manager knows
 * (a destination that it has given up for a while, a full window) leaves no
 * trace on disk: then the answer says so.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postfix/explain.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/postfix/postfix.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/queue/queue_due.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_view.h"

#define SLACK_S		5	/* between the end of an attempt and its log */

static const char usage_text[] =
	"usage: postfix [-c config_dir] explain message [--json] ID...\n"
	"\n"
	"  postfix explain message 4bXyZ01234z     what it waits for, until when, and\n"
	"                                          where each recipient's mail would go\n"
	"\n"
	"Exit status: 0 done, 3 no such message, 1 error.\n";

/* What it waits for, in order of force; names are JSON's. */
enum wait { WAIT_HOLD, WAIT_CORRUPT, WAIT_EXPIRED, WAIT_SYSTEM, WAIT_PICKUP,
	WAIT_QMGR, WAIT_DELIVERY, WAIT_BACKOFF, WAIT_TRANSPORT, WAIT_DUE };

static const struct {
	const char	*name, *text;
} waits[] = {
	[WAIT_HOLD] = { "hold", "for whoever put it on hold: "
	    "\"postsuper -H\" releases it" },
	[WAIT_CORRUPT] = { "corrupt", "for nothing: its file is damaged" },
	[WAIT_EXPIRED] = { "expiration", "to be returned: somebody asked for "
	    "that, and the next attempt does it" },
	[WAIT_SYSTEM] = { "system", "for the mail system, which does not run: "
	    "\"postfix start\"" },
	[WAIT_PICKUP] = { "pickup", "for pickup, to be taken in" },
	[WAIT_QMGR] = { "qmgr", "for the queue manager, to be taken: that is "
	    "at once, unless the active queue is full" },
	[WAIT_DELIVERY] = { "delivery", "to be delivered: the queue manager "
	    "has it" },
	[WAIT_BACKOFF] = { "backoff", "until" },
	[WAIT_TRANSPORT] = { "transport", "for a flush: defer_transports has "
	    "its transport" },
	[WAIT_DUE] = { "due", "for nothing: the next queue run takes it" },
};

struct state {
	struct queue_message m;
	enum wait	 wait;
	time_t		 until;		/* with WAIT_BACKOFF */
	time_t		 attempted;	/* the last attempt; 0: none */
	time_t		 expires;
	int		 attempts_left;	/* before it expires */
};

/* ---- what it waits for ---- */

/* 1 with the message read, 0 when there is none, -1 with err. */
static int
find_message(struct queue_message *m, const char *id, struct err *err)
{
	static const char *const queues[] = { "hold", "deferred", "active",
	    "incoming", "maildrop", "corrupt" };
	size_t i;
	int rc;

	for (i = 0; i < sizeof(queues) / sizeof(queues[0]); i++)
		if ((rc = queue_message_read(m, queues[i], id,
		    QUEUE_MESSAGE_ENTRY | QUEUE_MESSAGE_REASONS, err)) != 0)
			return rc;
	return 0;
}

/* The defer log is written when an attempt ends. */
static time_t
last_attempt(const char *id)
{
	struct buf path = BUF_INIT;
	struct stat st;
	time_t when = 0;

	queue_path(&path, "defer", id);
	if (stat(path.ptr, &st) == 0)
		when = st.st_mtime;
	buf_done(&path);
	return when;
}

/* Attempts from the next one on, each at its earliest. */
static int
attempts_left(const struct state *s, time_t next)
{
	int n = 0;

	while (next < s->expires) {
		n++;
		next += queue_due_backoff(s->m.created, next);
	}
	return n + 1;		/* the one that finds it too old is one, too */
}

static enum wait
wait_of(const struct state *s, time_t now)
{
	const char *queue = s->m.queue;

	if (strcmp(queue, "hold") == 0)
		return WAIT_HOLD;
	if (strcmp(queue, "corrupt") == 0)
		return WAIT_CORRUPT;
	if (control_running() == 0)
		return WAIT_SYSTEM;
	if (strcmp(queue, "maildrop") == 0)
		return WAIT_PICKUP;
	if (strcmp(queue, "active") == 0)
		return WAIT_DELIVERY;
	if (s->m.is_expired && s->m.st.st_mtime <= now)
		return WAIT_EXPIRED;
	if (s->m.st.st_mtime > now)
		return WAIT_BACKOFF;
	return strcmp(queue, "incoming") == 0 ? WAIT_QMGR : WAIT_DUE;
}

static void
judge(struct state *s)
{
	time_t now = clock_now();

	s->wait = wait_of(s, now);
	s->until = s->m.st.st_mtime > now ? s->m.st.st_mtime : 0;
	s->attempted = last_attempt(s->m.id);
	s->expires = s->m.created + queue_due_lifetime(s->m.sender);
	s->attempts_left = attempts_left(s, s->until != 0 ? s->until : now);
}

/* Every transport that is left is put off: then that is what it waits for. */
static void
judge_transports(struct state *s, const struct explanation *x)
{
	size_t i;

	if (s->wait != WAIT_DUE || x->way_count == 0)
		return;
	for (i = 0; i < x->way_count; i++)
		if (!x->ways[i].agent.is_put_off)
			return;
	s->wait = WAIT_TRANSPORT;
}

/* ---- for people ---- */

static void
put_time(const char *label, time_t t, const char *why)
{
	struct buf text = BUF_INIT;

	queue_view_time(&text, t);
	if (why != NULL)
		buf_addf(&text, ": %s", why);
	explain_line(stdout, label, text.ptr, NULL);
	buf_done(&text);
}

/* The sum that leads to the time of its file; or that it is somebody else's. */
static void
put_backoff(const struct state *s)
{
	time_t wait, age;
	struct buf text = BUF_INIT;

	put_time("waits", s->until, "backs off");
	if (s->attempted == 0)
		return;
	wait = queue_due_backoff(s->m.created, s->attempted);
	age = s->attempted - s->m.created;
	if (labs((long)(s->attempted + wait - s->until)) > SLACK_S) {
		explain_line(stdout, "", "its time was set by something else: "
		    "a queue tool, or other back-off times", NULL);
		return;
	}
	buf_addf(&text, "the last attempt was %lld s after it was queued: it "
	    "waits %lld s", (long long)age, (long long)wait);
	if (wait == params.maximal_backoff_time)
		buf_adds(&text, ", maximal_backoff_time");
	else if (wait == params.minimal_backoff_time)
		buf_adds(&text, ", minimal_backoff_time");
	else
		buf_addf(&text, " more; minimal_backoff_time %d s, "
		    "maximal_backoff_time %d s", params.minimal_backoff_time,
		    params.maximal_backoff_time);
	explain_line(stdout, "", text.ptr, NULL);
	buf_done(&text);
}

static void
put_state(const struct state *s)
{
	struct buf text = BUF_INIT;

	printf("%s  %s\n", s->m.id, s->m.queue);
	buf_addf(&text, "%s", s->m.sender_shown != NULL ? s->m.sender_shown :
	    "");
	explain_line(stdout, "from", text.ptr, NULL);
	put_time("arrived", s->m.arrival.tv_sec, NULL);
	if (s->wait == WAIT_BACKOFF)
		put_backoff(s);
	else
		explain_line(stdout, "waits", waits[s->wait].text, NULL);
	if (s->attempted != 0)
		put_time("attempt", s->attempted, "the last one");
	put_time("expires", s->expires, s->m.sender[0] != '\0' ?
	    "maximal_queue_lifetime" : "bounce_queue_lifetime");
	if (s->m.is_expired && s->wait != WAIT_EXPIRED)
		explain_line(stdout, "", "the next attempt returns it: "
		    "somebody asked for that", NULL);
	if (s->attempts_left == 1)
		buf_sets(&text, "one more, which returns it");
	else
		buf_setf(&text, "about %d more, the last of which returns it",
		    s->attempts_left);
	explain_line(stdout, "attempts", text.ptr, NULL);
	if (*s->m.filter != '\0')
		explain_line(stdout, "filter", s->m.filter, "content_filter: "
		    "all of it goes there");
	if (s->wait == WAIT_DELIVERY || s->wait == WAIT_DUE)
		explain_line(stdout, "not known", "whether the queue manager "
		    "has given up a destination for a while, or waits for its "
		    "turn: that is not on disk", NULL);
	buf_done(&text);
}

static void
put_rcpt(struct state *s, size_t i, const struct explain_way *w)
{
	const struct queue_message_rcpt *r = &s->m.rcpts[i];
	struct buf now = BUF_INIT;
	const char *advice;

	putchar('\n');
	printf("%s\n", r->shown);
	if (*r->reason != '\0') {
		explain_line(stdout, "said", r->reason, NULL);
		if (*r->dsn != '\0')
			explain_dsn(stdout, r->dsn);
		explain_line(stdout, "class", queue_reason_class_name(
		    queue_reason_classify(r->reason, r->dsn, &advice)), NULL);
		if (*advice != '\0')
			explain_line(stdout, "advice", advice, NULL);
	}
	if (w == NULL)
		return;
	if (w->agent.is_put_off)
		explain_line(stdout, "waits", "for a flush: defer_transports "
		    "has its transport", NULL);
	buf_addf(&now, "%s:%s ", w->transport.ptr, w->nexthop.ptr);
	address_quote(&now, w->recipient.ptr);
	explain_line(stdout, "now", now.ptr, *r->mta == '\0' ? NULL :
	    "where it would go");
	if (*r->mta != '\0')
		explain_line(stdout, "then", r->mta, "who was asked last");
	buf_done(&now);
}

/* ---- for programs ---- */

static void
put_rcpt_json(struct buf *out, struct state *s, size_t i,
    const struct explain_way *w)
{
	const struct queue_message_rcpt *r = &s->m.rcpts[i];
	const char *advice = "";

	buf_adds(out, i > 0 ? ", {" : "{");
	json_member(out, "address", r->shown);
	if (*r->reason != '\0')
		table_report_members(out, "reason", r->reason, "dsn", r->dsn,
		    "class", queue_reason_class_name(queue_reason_classify(
		    r->reason, r->dsn, &advice)), NULL);
	table_report_members(out, "advice", *advice != '\0' ? advice : NULL,
	    "remote", *r->mta != '\0' ? r->mta : NULL, NULL);
	if (w != NULL) {
		table_report_members(out, "transport", w->transport.ptr,
		    "nexthop", w->nexthop.ptr, NULL);
		buf_addf(out, ", \"deferred\": %s",
		    w->agent.is_put_off ? "true" : "false");
	}
	buf_addc(out, '}');
}

static void
put_json(struct state *s, const struct explanation *x)
{
	struct buf out = BUF_INIT;
	size_t i;

	buf_adds(&out, "{\"v\": 1");
	table_report_members(&out, "queue_id", s->m.id, "queue_name",
	    s->m.queue, "sender", s->m.sender_shown, "waits_for",
	    waits[s->wait].name, "#arrival_time",
	    (long long)s->m.arrival.tv_sec, "#expires",
	    (long long)s->expires, "#attempts_left",
	    (long long)s->attempts_left, NULL);
	if (s->until != 0)
		table_report_members(&out, "#until", (long long)s->until,
		    NULL);
	if (s->attempted != 0)
		table_report_members(&out, "#last_attempt",
		    (long long)s->attempted, NULL);
	table_report_members(&out, "filter",
	    *s->m.filter != '\0' ? s->m.filter : NULL, NULL);
	buf_adds(&out, ", \"recipients\": [");
	for (i = 0; i < s->m.rcpt_count; i++)
		put_rcpt_json(&out, s, i, i < x->way_count ? &x->ways[i] :
		    NULL);
	printf("%s]}\n", out.ptr);
	buf_done(&out);
}

/* ---- one message ---- */

/* Where its recipients' mail would go now: they have been through cleanup. */
static void
find_ways(struct explain_question *q, struct state *s)
{
	size_t i;

	buf_sets(&q->sender_rewritten, s->m.sender);
	for (i = 0; i < s->m.rcpt_count; i++)
		explain_node_add(q->asked, s->m.rcpts[i].address, EXPLAIN_TOP);
	explain_route(q);
}

static int
explain_one(struct explain_question *q, const char *id)
{
	struct explanation x = { .given = id };
	struct state s = { .wait = WAIT_DUE };
	struct err err = ERR_INIT;
	size_t i;
	int rc = 0;

	queue_message_init(&s.m);
	if (queue_id_is_valid(id) && (rc = find_message(&s.m, id, &err)) == 1) {
		judge(&s);
		buf_init(&x.rewritten);
		buf_init(&x.lookups);
		q->asked = &x;
		q->count = 1;
		if (*s.m.filter == '\0')
			find_ways(q, &s);
		judge_transports(&s, &x);
		if (q->is_json)
			put_json(&s, &x);
		else
			put_state(&s);
		for (i = 0; !q->is_json && i < s.m.rcpt_count; i++)
			put_rcpt(&s, i, i < x.way_count ? &x.ways[i] : NULL);
		rc = EXPLAIN_DECIDED;
	} else if (rc == -1) {
		log_error("%s: %s", id, err.text);
		rc = EXPLAIN_FAILED;
	} else {
		log_error("%s: no such message", id);
		rc = EXPLAIN_NO_ROUTE;
	}
	queue_message_done(&s.m);
	return rc;
}

int
explain_message(char **args)
{
	struct explain_question q = { .class = CLASS_ENV_RCPT };
	enum explain_verdict worst = EXPLAIN_DECIDED;
	size_t i;

	for (i = 1; args[i] != NULL && args[i][0] == '-'; i++) {
		if (strcmp(args[i], "--help") == 0) {
			fputs(usage_text, stdout);
			return 0;
		}
		if (strcmp(args[i], "--json") != 0)
			break;
		q.is_json = true;
	}
	if (args[i] == NULL || args[i][0] == '-') {
		fputs(usage_text, stderr);
		return 1;
	}
	explain_load_reasons();
	explain_read_configuration(&q);
	buf_init(&q.sender_rewritten);
	for (; args[i] != NULL; i++) {
		worst = explain_worse(worst, (enum explain_verdict)
		    explain_one(&q, args[i]));
		if (!q.is_json && args[i + 1] != NULL)
			putchar('\n');
	}
	return (int)worst;
}
