/*
 * queue_view_timeline.c - what happened to a message, and what will
 *
 * From the message: who passed it on and when (Received, RFC 5321 4.4). From
 * the spool: arrival, the last attempt, the next one, the delay warning, the
 * end. From the log files, when there are some that can be read: each attempt.
 *
 * SPDX-License-Identifier: ISC
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lib/queue/queue_view.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_attempts.h"
#include "lib/queue/queue_content.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_rec.h"

#define HOPS_MAX	200
#define LINES_MAX	500	/* of the log */

static void
put(struct queue_view *v, time_t t, const char *what, const char *detail)
{
	struct buf text = BUF_INIT;

	if (t > 0)
		queue_view_time(&text, t);
	else
		buf_adds(&text, "(no time)");
	fprintf(v->out, "%-36s %s", text.ptr, what);
	buf_reset(&text);
	text_visible(&text, detail, 0);
	fprintf(v->out, "%s%s\n", text.len > 0 ? "  " : "", text.ptr);
	buf_done(&text);
}

/* "Sat, 21 Nov 2026 07:37:22 +0000 (UTC)" */
static time_t
parse_date(const char *text)
{
	static const char *const forms[] = { "%a, %d %b %Y %H:%M:%S %z",
	    "%d %b %Y %H:%M:%S %z", "%a, %d %b %Y %H:%M %z" };
	const char *rest;
	struct tm tm;
	size_t i;
	long zone;

	text += strspn(text, " \t\n");
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		memset(&tm, 0, sizeof(tm));
		rest = strptime(text, forms[i], &tm);
		if (rest == NULL)
			continue;
		zone = tm.tm_gmtoff;
		tm.tm_gmtoff = 0;
		return timegm(&tm) - zone;
	}
	return 0;
}

/* The word behind "from" or "by". */
static void
word_behind(const char *text, const char *key, struct buf *out)
{
	size_t len = strlen(key), n;
	const char *p;

	for (p = text; *p != '\0'; p++)
		if ((p == text || isspace((unsigned char)p[-1])) &&
		    strncasecmp(p, key, len) == 0 &&
		    isspace((unsigned char)p[len])) {
			p = text_skip_blank(p + len);
			n = strcspn(p, " \t;(");
			buf_set(out, p, n);
			return;
		}
	buf_reset(out);
}

static void
put_hop(struct queue_view *v, const struct queue_content_header *h, time_t *before)
{
	struct buf text = BUF_INIT, from = BUF_INIT, by = BUF_INIT;
	const char *semicolon;
	time_t t = 0;

	queue_content_header_text(h, &text);
	if ((semicolon = strrchr(text.ptr, ';')) != NULL)
		t = parse_date(semicolon + 1);
	word_behind(text.ptr, "from", &from);
	word_behind(text.ptr, "by", &by);
	buf_setf(&text, "%s%s%s", from.ptr, from.len > 0 ? " -> " : "",
	    by.len > 0 ? by.ptr : "?");
	if (t > 0 && *before > 0)
		buf_addf(&text, "  %+lds", (long)(t - *before));
	put(v, t, "hop", text.ptr);
	if (t > 0)
		*before = t;
	buf_done(&text);
	buf_done(&from);
	buf_done(&by);
}

static void
put_hops(struct queue_view *v, const struct queue_content *c)
{
	const struct queue_content_part *p = queue_content_part(c, 0);
	const struct queue_content_header *h, *hops[HOPS_MAX];
	struct buf text = BUF_INIT;
	time_t before = 0;
	size_t i, n = 0;

	for (i = 0; i < p->header_count; i++) {
		h = queue_content_header(c, p->first_header + i);
		if (strcasecmp(h->name, "Date") == 0) {
			buf_reset(&text);
			queue_content_header_text(h, &text);
			before = parse_date(text.ptr);
			put(v, before, "written", before > 0 ? "" : text.ptr);
		}
		if (strcasecmp(h->name, "Received") == 0 && n < HOPS_MAX)
			hops[n++] = h;
	}
	while (n > 0)			/* the first hop stands last */
		put_hop(v, hops[--n], &before);
	buf_done(&text);
}

struct attempts {
	struct queue_view	*v;
	int		 left;
};

static bool
put_attempt(const char *line, void *ctx)
{
	struct attempts *a = ctx;
	struct buf text = BUF_INIT, safe = BUF_INIT;

	if (a->v->redact != NULL)
		a->v->redact->text(&text, line);
	else
		buf_adds(&text, line);
	text_visible(&safe, text.ptr, 0);
	fprintf(a->v->out, "%-36s %s\n", "log", safe.ptr);
	buf_done(&text);
	buf_done(&safe);
	return --a->left > 0;
}

static void
put_past(struct queue_view *v, const struct queue_view_facts *f)
{
	struct attempts a = { v, LINES_MAX };
	struct buf text = BUF_INIT;
	struct stat st;
	size_t i;

	if (f->arrival.tv_sec > 0)
		put(v, f->arrival.tv_sec, "arrived here",
		    queue_view_attr(f, "log_message_origin"));
	if (f->created > 0 && f->created != f->arrival.tv_sec)
		put(v, f->created, "queued", "lifetime counts from here");
	if (v->id != NULL && v->attempts != NULL)
		queue_attempts_each(v->attempts, v->id, f->arrival.tv_sec,
		    put_attempt, &a);
	if (v->id != NULL) {
		queue_path(&text, "defer", v->id);
		if (stat(text.ptr, &st) == 0)
			put(v, st.st_mtime, "last attempt", "");
	}
	for (i = 0; i < f->rcpt_count; i++) {
		if (f->rcpts[i].reason == NULL)
			continue;
		buf_setf(&text, "<%s>: %s %s", f->rcpts[i].address,
		    f->rcpts[i].dsn != NULL ? f->rcpts[i].dsn : "",
		    f->rcpts[i].reason);
		fprintf(v->out, "%-36s ", "");
		queue_view_puts(v, text.ptr);
		putc('\n', v->out);
	}
	buf_done(&text);
}

static void
put_future(struct queue_view *v, const struct queue_view_facts *f)
{
	time_t now = clock_now(), born = f->created > 0 ? f->created :
	    f->arrival.tv_sec;
	bool is_bounce = f->sender != NULL && f->sender[0] == '\0';
	time_t life = is_bounce ? params.bounce_queue_lifetime :
	    params.maximal_queue_lifetime;

	if (v->queue == NULL || born <= 0)
		return;
	if (strcmp(v->queue, "hold") == 0)
		put(v, now, "now", "on hold: nothing happens until it is "
		    "released");
	else if (strcmp(v->queue, "corrupt") == 0)
		put(v, now, "now", "in the corrupt queue: nothing takes mail "
		    "from there");
	else if (strcmp(v->queue, "trash") == 0)
		put(v, now, "now", "deleted: nothing happens unless that is "
		    "undone");
	else if (strcmp(v->queue, "active") == 0)
		put(v, now, "now", "being delivered");
	else if (v->st.st_mtime > now)
		put(v, v->st.st_mtime, "next attempt", "");
	else
		put(v, now, "now", "due at the next queue run");
	if (f->has_warn && f->warn_at == -1)
		fprintf(v->out, "%-36s %s\n", "", "delay warning was sent");
	else if (f->has_warn && f->warn_at > 0)
		put(v, f->warn_at, "delay warning", "");
	put(v, born + life, "expires", (v->st.st_mode & S_IXGRP) != 0 ?
	    "forced expiration was requested: at the next attempt" :
	    is_bounce ? "bounce_queue_lifetime" : "maximal_queue_lifetime");
}

int
queue_view_timeline(struct queue_view *v, struct err *err)
{
	const struct queue_view_facts *f = queue_view_facts(v);
	struct queue_content *c = queue_view_content(v, err);

	if (c == NULL)
		return -1;
	put_hops(v, c);
	put_past(v, f);
	put_future(v, f);
	return 1;
}
