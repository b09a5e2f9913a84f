/*
 * reader_tabs.c - what there is to say of one message, tab by tab
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_reason.h"
#include "lib/queue/queue_view.h"

#define TEXT_MAX	262144		/* bytes of a tab */
#define LOG_READ	(8 * 1024 * 1024)	/* of the end of the mail log */

/* ---- small words ---- */

static void
put_line(struct buf *out, const char *name, const char *value)
{
	if (value[0] != '\0')
		buf_addf(out, "%-14s%s\n", name, value);
}

/* ---- summary ---- */

static void
put_flags(struct queue_message *m, time_t now, struct buf *out)
{
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	const struct queue_field *f;
	struct queue_value v;
	size_t i;
	bool any = false;

	c.m = m;
	c.now = now;
	for (i = 0; (f = queue_field_at(i)) != NULL; i++) {
		if (f->type != FIELD_FLAG || f->inner != NULL ||
		    f->tier > TIER_LOG)
			continue;
		queue_field_get(f, &c, 0, 0, &v);
		if (v.kind != VALUE_NUMBER || v.number == 0)
			continue;
		buf_addf(out, "%s%s", any ? ", " : "flags         ", f->name);
		any = true;
	}
	if (any)
		buf_addc(out, '\n');
	queue_field_context_done(&c);
}

static void
put_client(const struct queue_message *m, struct buf *out)
{
	if (m->client_addr[0] == '\0')
		return;
	buf_addf(out, "client        %s[%s]", m->client_name, m->client_addr);
	if (m->helo[0] != '\0')
		buf_addf(out, " helo=%s", m->helo);
	if (m->proto[0] != '\0')
		buf_addf(out, " %s", m->proto);
	buf_addc(out, '\n');
}

static void
put_reasons(const struct queue_message *m, struct buf *out)
{
	const char *last = "", *advice;
	size_t i, shown = 0;

	for (i = 0; i < m->rcpt_count && shown < 5; i++) {
		const struct queue_message_rcpt *r = &m->rcpts[i];

		if (r->reason[0] == '\0' || strcmp(r->reason, last) == 0)
			continue;
		last = r->reason;
		shown++;
		buf_addf(out, "\n%s: %s\n", queue_reason_class_name(
		    queue_reason_classify(r->reason, r->dsn, &advice)),
		    r->reason);
		if (advice[0] != '\0')
			buf_addf(out, "  advice: %s\n", advice);
	}
}

/* What the snapshot knows of a message whose file is not there for us. */
static void
make_told(const struct queue_message *m, struct buf *out)
{
	buf_addf(out, "%-14s%s   in %s\n", "message", m->id, m->queue);
	put_line(out, "sender", m->sender[0] != '\0' ? m->sender : "<>");
	buf_addf(out, "%-14s%zu to do\n", "recipients", m->rcpt_count);
	buf_addf(out, "%-14s", "arrived");
	queue_view_time(out, m->arrival.tv_sec);
	buf_addf(out, "\n%-14s", "size");
	column_size(out, m->size);
	buf_addc(out, '\n');
	put_client(m, out);
	put_line(out, "login", m->sasl_user);
}

/* ---- recipients ---- */

static void
make_rcpts(const struct queue_message *m, struct buf *out)
{
	const struct queue_message_rcpt *r;
	const char *advice;
	size_t i;

	if (m->done_count > 0)
		buf_addf(out, "%zu recipients are done.\n\n", m->done_count);
	for (i = 0; i < m->rcpt_count && out->len < TEXT_MAX; i++) {
		r = &m->rcpts[i];
		buf_addf(out, "%s", r->address);
		if (strcmp(r->orig, r->address) != 0)
			buf_addf(out, "   (given as %s)", r->orig);
		buf_addc(out, '\n');
		if (r->reason[0] == '\0') {
			buf_adds(out, "    no failure yet\n");
			continue;
		}
		buf_addf(out, "    %s%s%s: %s\n", queue_reason_class_name(
		    queue_reason_classify(r->reason, r->dsn, &advice)),
		    r->dsn[0] != '\0' ? " " : "", r->dsn, r->reason);
	}
	if (i < m->rcpt_count)
		buf_addf(out, "... and %zu more\n", m->rcpt_count - i);
}

/* ---- log ---- */

static void
make_log(const struct queue_message *m, int fd, struct buf *out)
{
	struct buf id = BUF_INIT, text = BUF_INIT;
	char *line, *next, *end;
	struct stat st;
	off_t from;
	ssize_t n;

	if (fd == -1 || fstat(fd, &st) == -1) {
		buf_adds(out, "The mail log cannot be read.\n");
		return;
	}
	from = st.st_size > LOG_READ ? st.st_size - LOG_READ : 0;
	buf_reserve(&text, LOG_READ);
	n = pread(fd, text.ptr, LOG_READ, from);
	if (n < 0)
		n = 0;
	text.ptr[n] = '\0';
	buf_addf(&id, ": %s: ", m->id);
	end = text.ptr + n;
	for (line = text.ptr; line < end && out->len < TEXT_MAX; line = next) {
		next = memchr(line, '\n', (size_t)(end - line));
		if (next == NULL)
			break;
		*next++ = '\0';
		if (strstr(line, id.ptr) != NULL)
			buf_addf(out, "%s\n", line);
	}
	if (out->len == 0)
		buf_adds(out, from > 0 ? "No line in the last 8 MiB of the "
		    "mail log.\n" : "No line in the mail log.\n");
	buf_done(&id);
	buf_done(&text);
}

/* ---- views that postcat has, too ---- */

static const struct {
	enum tab	 tab;
	int		 (*view)(struct queue_view *v, struct err *err);
} views[] = {
	{ TAB_SUMMARY, queue_view_summary }, { TAB_HEADERS, queue_view_headers },
	{ TAB_TEXT, queue_view_text }, { TAB_MIME, queue_view_mime },
	{ TAB_TIMELINE, queue_view_timeline },
	{ TAB_RECORDS, queue_view_records },
};
#define VIEW_COUNT	(sizeof(views) / sizeof(views[0]))

static void
make_view(struct queue_view *v, size_t i, struct buf *out)
{
	struct err err = ERR_INIT;
	char *text = NULL;
	size_t len = 0;
	int got = -1;

	if ((v->out = open_memstream(&text, &len)) != NULL) {
		got = views[i].view(v, &err);
		fclose(v->out);
		buf_add(out, text, len < TEXT_MAX ? len : TEXT_MAX);
		if (len > TEXT_MAX)
			buf_adds(out, "\n... more follows: postcat shows all\n");
		free(text);
	}
	if (got == -1)
		buf_addf(out, "%s\n", err.text);
	else if (got == 0)
		buf_adds(out, "(nothing to read)\n");
}

static void
make_views(const struct queue_message *m, struct queue_attempts *attempts,
    bool is_log, struct buf *tabs)
{
	struct queue_view v = { .name = m->path, .queue = m->queue,
	    .id = m->id, .st = m->st, .is_terminal = true,
	    .attempts = attempts };
	struct err err = ERR_INIT;
	size_t i;

	v.qf = queue_file_open_path(m->path, QUEUE_FILE_NORMAL, &err);
	for (i = 0; i < VIEW_COUNT; i++) {
		if ((views[i].tab == TAB_TIMELINE) != is_log)
			continue;
		if (v.qf == NULL)
			buf_addf(&tabs[views[i].tab], "%s\n", err.text);
		else
			make_view(&v, i, &tabs[views[i].tab]);
	}
	queue_view_done(&v);
}

void
reader_make(struct queue_message *m, time_t now, struct buf *tabs)
{
	size_t i;

	if (!m->is_told)
		make_views(m, NULL, false, tabs);
	else
		make_told(m, &tabs[TAB_SUMMARY]);
	put_flags(m, now, &tabs[TAB_SUMMARY]);
	put_reasons(m, &tabs[TAB_SUMMARY]);
	make_rcpts(m, &tabs[TAB_RCPTS]);
	for (i = 0; i < VIEW_COUNT && m->is_told; i++)
		if (views[i].tab != TAB_SUMMARY)
			buf_adds(&tabs[views[i].tab], "Needs direct access "
			    "to the queue.\n");
}

void
reader_make_log(const struct queue_message *m, int log_fd,
    struct queue_attempts *attempts, struct buf *tabs)
{
	make_log(m, log_fd, &tabs[TAB_LOG]);
	if (!m->is_told)
		make_views(m, attempts, true, tabs);
}
