/*
 * export.c - messages into a file: JSON lines, CSV, IDs, mbox
 *
 * The file is made by who called, with that user's rights, and never replaces
 * one; a worker fills it.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/qtop/do.h"
#include "cmd/qtop/jobs.h"
#include "cmd/qtop/selection.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/queue/queue_content.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_jsonl.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_select.h"

const char *const export_formats[EXPORT_COUNT] = { "jsonl", "csv", "ids",
	"mbox" };

struct exporting {
	struct job	 job;
	struct queue_snapshot *s;
	enum export_format format;
	FILE		*out;
	char		*path;
	struct view_entry *entries;	/* these, */
	size_t		 count;
	struct queue_select *select;	/* or what this selects, */
	bool		 is_tagged;	/* or what is tagged */
	time_t		 now;
	size_t		 written, failed;
	int		 why;		/* errno of the first failed write */
};

/* ---- formats ---- */

static const char *const csv_fields[] = { "id", "queue", "arrived", "next",
	"size", "nrcpt", "sender", "rcpt", "class", "reason", "sasl",
	"client", "client.addr", "relay" };
#define CSV_COUNT	(sizeof(csv_fields) / sizeof(csv_fields[0]))

static void
put_csv_head(FILE *f)
{
	size_t i;

	for (i = 0; i < CSV_COUNT; i++)
		fprintf(f, "%s%s", i > 0 ? "," : "", csv_fields[i]);
	fputs("\r\n", f);
}

static void
put_csv_row(struct queue_field_context *c, struct buf *out)
{
	const struct queue_field *f;
	struct queue_value v;
	struct buf cell = BUF_INIT;
	size_t i, r, n;

	for (i = 0; i < CSV_COUNT; i++) {
		f = queue_field_find(csv_fields[i], false);
		n = f->inner != NULL ? c->m->rcpt_count : 1;
		buf_reset(&cell);
		for (r = 0; r < n; r++) {
			queue_field_get(f, c, r, 0, &v);
			if (r > 0)
				buf_addc(&cell, ' ');
			if (v.kind == VALUE_NUMBER)
				buf_addf(&cell, "%lld", (long long)v.number);
			else if (v.kind == VALUE_TEXT)
				buf_adds(&cell, v.text);
		}
		if (i > 0)
			buf_addc(out, ',');
		text_csv(out, cell.ptr);
	}
	buf_adds(out, "\r\n");
	buf_done(&cell);
}

struct mbox {
	FILE		*f;
	struct buf	 line;
};

static void
put_mbox_line(struct mbox *b)
{
	const char *p = b->line.ptr;

	if (strncmp(p + strspn(p, ">"), "From ", 5) == 0)
		putc('>', b->f);
	fwrite(b->line.ptr, 1, b->line.len, b->f);
	putc('\n', b->f);
	buf_reset(&b->line);
}

static bool
put_mbox(void *ctx, const char *data, size_t len)
{
	struct mbox *b = ctx;
	const char *nl;
	size_t n;

	while (len > 0) {
		nl = memchr(data, '\n', len);
		n = nl != NULL ? (size_t)(nl - data) : len;
		buf_add(&b->line, data, n);
		if (nl == NULL)
			break;
		put_mbox_line(b);
		data += n + 1;
		len -= n + 1;
	}
	return ferror(b->f) == 0;
}

static bool
put_mbox_message(struct queue_message *m, FILE *f)
{
	struct mbox b = { f, BUF_INIT };
	struct queue_content *c;
	char stamp[32];
	bool is_whole;

	if (m->is_told || (c = queue_content_open(m->path, NULL)) == NULL)
		return false;
	fprintf(f, "From %s %s", m->sender[0] != '\0' ? m->sender :
	    "MAILER-DAEMON", ctime_r(&(time_t){ m->arrival.tv_sec }, stamp));
	is_whole = queue_content_get(c, 0, CONTENT_RAW, put_mbox, &b, NULL) ==
	    0 && queue_content_damage(c) == NULL;
	if (b.line.len > 0)
		put_mbox_line(&b);
	putc('\n', f);
	queue_content_free(c);
	buf_done(&b.line);
	return is_whole;
}

/* ---- messages ---- */

static void
write_one(struct exporting *x, struct queue_field_context *c, struct buf *out)
{
	bool is_good = true;

	buf_reset(out);
	switch (x->format) {
	case EXPORT_JSONL: queue_jsonl_put(out, c, NULL, 0); break;
	case EXPORT_CSV: put_csv_row(c, out); break;
	case EXPORT_IDS: buf_addf(out, "%s\n", c->m->id); break;
	default: is_good = put_mbox_message(c->m, x->out); break;
	}
	fwrite(out->ptr, 1, out->len, x->out);
	if (ferror(x->out))
		x->why = errno != 0 ? errno : EIO;
	x->written += is_good;
	x->failed += !is_good;
}

static bool
load(struct exporting *x, uint32_t slot, uint32_t serial,
    struct queue_message *m)
{
	const struct queue_row *row;
	bool is_there;

	queue_snapshot_lock(x->s);
	row = queue_snapshot_row(x->s, slot);
	is_there = row != NULL && (serial == 0 ? !x->is_tagged ||
	    row->is_tagged : row->serial == serial);
	if (is_there)
		queue_snapshot_message(x->s, row, m);
	queue_snapshot_unlock(x->s);
	return is_there;
}

static void
export_run(struct job *job)
{
	struct exporting *x = (struct exporting *)job;
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	struct queue_message m;
	struct buf out = BUF_INIT;
	uint32_t slot, slots = 0;
	size_t i;

	queue_message_init(&m);
	c.m = &m;
	c.now = x->now;
	if (x->format == EXPORT_CSV)
		put_csv_head(x->out);
	for (i = 0; i < x->count && !ferror(x->out); i++)
		if (load(x, x->entries[i].slot, x->entries[i].serial, &m))
			write_one(x, &c, &out);
	if (x->entries == NULL) {
		queue_snapshot_lock(x->s);
		slots = queue_snapshot_slots(x->s);
		queue_snapshot_unlock(x->s);
	}
	for (slot = 0; slot < slots && !ferror(x->out); slot++)
		if (load(x, slot, 0, &m) && (x->select == NULL ||
		    queue_select_eval(x->select, &c) == SELECT_YES))
			write_one(x, &c, &out);
	if (x->why == 0 && (fflush(x->out) != 0 ||
	    fsync(fileno(x->out)) == -1))
		x->why = errno;
	queue_message_done(&m);
	queue_field_context_done(&c);
	buf_done(&out);
}

static void
export_finish(struct job *job, struct model *m)
{
	struct exporting *x = (struct exporting *)job;

	if (m != NULL && x->why != 0)
		model_say(m, TONE_BAD, "%s: %s", x->path, strerror(x->why));
	else if (m != NULL && x->failed > 0)
		model_say(m, TONE_BAD, "%zu exported to %s, %zu could not be "
		    "read", x->written, x->path, x->failed);
	else if (m != NULL)
		model_say(m, TONE_GOOD, "%zu exported to %s", x->written,
		    x->path);
	if (x->out != NULL)
		fclose(x->out);
	free(x->path);
	free(x->entries);
	queue_select_free(x->select);
	free(x);
}

/* Which: tagged ones, else all shown, else the group under the cursor. */
static bool
choose(struct model *m, struct exporting *x)
{
	const struct view *v = m->shown[m->screen];
	const struct group *g = model_group(m);
	struct buf own = BUF_INIT, all = BUF_INIT;
	struct err err = ERR_INIT;
	size_t gone;
	bool is_good = true;

	queue_snapshot_lock(m->snapshot);
	x->is_tagged = queue_snapshot_tagged(m->snapshot, &gone) > 0;
	queue_snapshot_unlock(m->snapshot);
	if (x->is_tagged)
		return true;
	if (m->screen == SCREEN_MESSAGES && v != NULL) {
		x->count = v->count;
		x->entries = xmemdup(v->entries, (v->count + 1) *
		    sizeof(*v->entries));
		return true;
	}
	if (g == NULL)
		return false;
	model_expression(m, g, &own);
	model_join(&all, m->filter, own.ptr);
	x->select = selection_parse(all.ptr, m->now, &err);
	if (x->select == NULL) {
		model_say(m, TONE_BAD, "%s", err.text);
		is_good = false;
	}
	buf_done(&own);
	buf_done(&all);
	return is_good;
}

void
export_begin(struct model *m, enum export_format format, const char *path)
{
	struct exporting *x;
	int fd;

	if (m->is_confined) {
		model_say(m, TONE_BAD, "read-only: %s", m->why_read_only);
		return;
	}
	x = xcalloc(1, sizeof(*x));
	x->job.run = export_run;
	x->job.finish = export_finish;
	x->s = m->snapshot;
	x->format = format;
	x->path = xstrdup(path);
	x->now = m->now;
	if (!choose(m, x)) {
		export_finish(&x->job, NULL);
		return;
	}
	fd = openat(m->home_dir == -1 ? AT_FDCWD : m->home_dir, path,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1 || (x->out = fdopen(fd, "w")) == NULL) {
		model_say(m, TONE_BAD, "%s: %s", path, strerror(errno));
		export_finish(&x->job, NULL);
		return;
	}
	model_say(m, TONE_INFO, "exporting ...");
	jobs_add(m->look, &x->job);
}
