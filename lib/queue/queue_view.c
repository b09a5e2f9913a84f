/*
 * queue_view.c - what the views share: the envelope read once, safe output
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_view.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uthash.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/mail/address.h"
#include "lib/queue/queue_content.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_log.h"
#include "lib/queue/queue_rec.h"

#define MINUTE	60
#define HOUR	3600
#define DAY	86400

/* ---- the envelope ---- */

static void
set(char **member, const char *value)
{
	free(*member);
	*member = xstrdup(value);
}

static void
take_size(struct queue_view_facts *f, const char *value)
{
	struct queue_rec_size size;

	if (f->size_text != NULL)
		return;
	f->size_text = xstrdup(value);
	if (queue_rec_size_parse(value, &size, NULL) == -1)
		return;
	f->content_size = size.content_size;
	f->data_offset = size.data_offset;
	f->claimed_rcpts = size.rcpt_count;
	f->qmgr_flags = size.qmgr_flags;
	f->content_length = size.content_length;
	f->sendopts = size.sendopts;
	f->size_fields = size.fields;
}

static void
take_rcpt(struct queue_view_facts *f, struct queue_view_rcpt *pending, int type,
    const char *value, off_t offset)
{
	struct queue_view_rcpt *r;

	if (f->rcpt_count == f->rcpt_room) {
		f->rcpt_room = f->rcpt_room * 2 + 8;
		f->rcpts = xreallocarray(f->rcpts, f->rcpt_room,
		    sizeof(*f->rcpts));
	}
	r = &f->rcpts[f->rcpt_count++];
	*r = *pending;
	memset(pending, 0, sizeof(*pending));
	r->type = (char)type;
	r->address = xstrdup(value);
	r->offset = offset;
	if (type == QUEUE_REC_RCPT)
		f->to_do++;
	else if (type == QUEUE_REC_DONE)
		f->done++;
	else
		f->cancelled++;
}

static void
take_attr(struct queue_view_facts *f, struct queue_view_rcpt *pending, const char *text)
{
	char *copy = xstrdup(text), *name, *value;

	if (queue_rec_attr(copy, &name, &value) == NULL) {
		switch (queue_rec_attr_type(name)) {
		case QUEUE_REC_DSN_ORCPT:
			set(&pending->dsn_orcpt, value);
			break;
		case QUEUE_REC_DSN_NOTIFY:
			pending->notify = (unsigned)queue_rec_number(value);
			break;
		case QUEUE_REC_CTIME:
			f->created = (time_t)queue_rec_number(value);
			break;
		default:
			f->attrs = xreallocarray(f->attrs, f->attr_count + 1,
			    sizeof(*f->attrs));
			f->attrs[f->attr_count].name = xstrdup(name);
			f->attrs[f->attr_count++].value = xstrdup(value);
			break;
		}
	}
	free(copy);
}

static void
take_record(struct queue_view_facts *f, struct queue_view_rcpt *pending, int type,
    const char *value, off_t offset)
{
	char *end;

	switch (type) {
	case QUEUE_REC_SIZE:
		take_size(f, value);
		break;
	case QUEUE_REC_TIME:
		if (f->arrival.tv_sec != 0)
			break;
		f->arrival.tv_sec = (time_t)strtoll(value, &end, 10);
		f->arrival.tv_usec = (suseconds_t)strtol(end, NULL, 10);
		break;
	case QUEUE_REC_CTIME:
		f->created = (time_t)queue_rec_number(value);
		break;
	case QUEUE_REC_WARN:
		f->has_warn = true;
		f->warn_at = (time_t)queue_rec_number(value);
		break;
	case QUEUE_REC_FROM:
		if (f->sender == NULL)
			f->sender = xstrdup(value);
		break;
	case QUEUE_REC_FULL: set(&f->fullname, value); break;
	case QUEUE_REC_FILTER: set(&f->filter, value); break;
	case QUEUE_REC_REDIRECT: set(&f->redirect, value); break;
	case QUEUE_REC_VERP: set(&f->verp, value); break;
	case QUEUE_REC_ATTR: take_attr(f, pending, value); break;
	case QUEUE_REC_ORCPT: set(&pending->orig, value); break;
	case QUEUE_REC_DSN_ORCPT: set(&pending->dsn_orcpt, value); break;
	case QUEUE_REC_DSN_NOTIFY:
		pending->notify = (unsigned)queue_rec_number(value);
		break;
	case QUEUE_REC_RCPT:
	case QUEUE_REC_DONE:
	case QUEUE_REC_CANCELED:
		take_rcpt(f, pending, type, value, offset);
		break;
	}
}

/* A recipient that is still to do, by its address as the log has it. */
struct shown {
	char		*address;
	size_t		 index;
	UT_hash_handle	 hh;
};

static void
index_rcpts(const struct queue_view_facts *f, struct shown **shown)
{
	struct buf quoted = BUF_INIT;
	struct shown *s;
	size_t i;

	for (i = 0; i < f->rcpt_count; i++) {
		if (f->rcpts[i].type != QUEUE_REC_RCPT)
			continue;
		buf_reset(&quoted);
		address_quote(&quoted, f->rcpts[i].address);
		HASH_FIND_STR(*shown, quoted.ptr, s);
		if (s != NULL)
			continue;
		s = xcalloc(1, sizeof(*s));
		s->address = xstrdup(quoted.ptr);
		s->index = i;
		HASH_ADD_KEYPTR(hh, *shown, s->address, strlen(s->address), s);
	}
	buf_done(&quoted);
}

/* The log knows the true addresses. */
static void
join_entry(struct queue_view_rcpt *r, const struct queue_log_entry *e,
    const struct queue_view_redact *redact)
{
	struct buf reason = BUF_INIT;

	if (redact != NULL)
		redact->text(&reason, e->dsn.reason);
	else
		buf_adds(&reason, e->dsn.reason);
	set(&r->reason, reason.ptr);
	set(&r->dsn, e->dsn.status);
	buf_done(&reason);
}

static void
join_log(struct queue_view *v, struct queue_view_facts *f)
{
	struct shown *shown = NULL, *s, *next;
	struct buf address = BUF_INIT;
	struct queue_log_entry e;
	struct queue_log *ql;

	if (v->id == NULL || (ql = queue_log_open("defer", v->id,
	    NULL)) == NULL)
		return;
	index_rcpts(f, &shown);
	while (queue_log_next(ql, &e) == 1) {
		buf_reset(&address);
		if (v->redact != NULL)
			v->redact->address(&address, e.rcpt.address);
		else
			buf_adds(&address, e.rcpt.address);
		HASH_FIND_STR(shown, address.ptr, s);
		if (s != NULL)
			join_entry(&f->rcpts[s->index], &e, v->redact);
	}
	queue_log_close(ql);
	buf_done(&address);
	HASH_ITER(hh, shown, s, next) {
		HASH_DEL(shown, s);
		free(s->address);
		free(s);
	}
}

const struct queue_view_facts *
queue_view_facts(struct queue_view *v)
{
	struct queue_view_facts *f = &v->facts;
	struct queue_view_rcpt pending = { .type = 0 };
	struct err err = ERR_INIT;
	const char *value;
	size_t len;
	off_t behind;
	int type, got = 0;
	bool in_content = false;

	if (f->is_read)
		return f;
	f->is_read = true;
	if (queue_file_seek(v->qf, 0, &err) == -1)
		return f;
	while ((got = queue_file_next(v->qf, &type, &value, &len,
	    &err)) == 1) {
		if (type == QUEUE_REC_END) {
			f->has_end = true;
			break;
		}
		if (type == QUEUE_REC_XTRA)
			in_content = false;
		if (!in_content)
			take_record(f, &pending, type, value,
			    queue_file_offset(v->qf));
		if (type != QUEUE_REC_MESG)
			continue;
		in_content = true;
		behind = (off_t)f->data_offset + f->content_size;
		if (f->size_fields >= 3 && behind > queue_file_tell(v->qf))
			queue_file_seek(v->qf, behind, NULL);
	}
	if (got == -1)
		f->damage = xstrdup(err.text);
	free(pending.orig);
	free(pending.dsn_orcpt);
	join_log(v, f);
	return f;
}

const char *
queue_view_attr(const struct queue_view_facts *f, const char *name)
{
	size_t i;

	for (i = f->attr_count; i > 0; i--)
		if (strcmp(f->attrs[i - 1].name, name) == 0)
			return f->attrs[i - 1].value;
	return "";
}

struct queue_content *
queue_view_content(struct queue_view *v, struct err *err)
{
	if (v->content == NULL)
		v->content = queue_content_read(v->qf, err);
	return v->content;
}

void
queue_view_done(struct queue_view *v)
{
	struct queue_view_facts *f = &v->facts;
	size_t i;

	for (i = 0; i < f->rcpt_count; i++) {
		free(f->rcpts[i].address);
		free(f->rcpts[i].orig);
		free(f->rcpts[i].dsn_orcpt);
		free(f->rcpts[i].reason);
		free(f->rcpts[i].dsn);
	}
	for (i = 0; i < f->attr_count; i++) {
		free(f->attrs[i].name);
		free(f->attrs[i].value);
	}
	free(f->rcpts);
	free(f->attrs);
	free(f->damage);
	free(f->sender);
	free(f->fullname);
	free(f->filter);
	free(f->redirect);
	free(f->verp);
	free(f->size_text);
	memset(f, 0, sizeof(*f));
	queue_content_free(v->content);
	v->content = NULL;
	if (v->qf != NULL)
		queue_file_close(v->qf);
	v->qf = NULL;
}

/* ---- output ---- */

void
queue_view_put(struct queue_view *v, const char *text, size_t len)
{
	struct buf piece = BUF_INIT, safe = BUF_INIT;
	size_t n;

	if (!v->is_terminal) {
		fwrite(text, 1, len, v->out);
		return;
	}
	while (len > 0) {
		for (n = 0; n < len && strchr("\n\t", text[n]) == NULL; n++)
			;
		buf_set(&piece, text, n);
		buf_reset(&safe);
		text_visible(&safe, piece.ptr, 0);
		fwrite(safe.ptr, 1, safe.len, v->out);
		text += n;
		len -= n;
		if (len == 0)
			break;
		if (*text == '\0')	/* strchr finds the end, too */
			fputs("\\x00", v->out);
		else
			putc(*text, v->out);
		text++;
		len--;
	}
	buf_done(&piece);
	buf_done(&safe);
}

void
queue_view_puts(struct queue_view *v, const char *text)
{
	queue_view_put(v, text, strlen(text));
}

void
queue_view_color(struct queue_view *v, int sgr)
{
	if (v->has_color)
		fprintf(v->out, "\033[%dm", sgr);
}

static void
put_span(struct buf *out, long s)
{
	if (s < MINUTE)
		buf_addf(out, "%lds", s);
	else if (s < HOUR)
		buf_addf(out, "%ldm", s / MINUTE);
	else if (s < DAY)
		buf_addf(out, "%ldh%02ldm", s / HOUR, s % HOUR / MINUTE);
	else
		buf_addf(out, "%ldd%02ldh", s / DAY, s % DAY / HOUR);
}

void
queue_view_time(struct buf *out, time_t t)
{
	long away = (long)(t - clock_now());
	struct tm tm;
	char text[64];

	if (localtime_r(&t, &tm) == NULL || strftime(text, sizeof(text),
	    "%Y-%m-%d %H:%M:%S", &tm) == 0) {
		buf_addf(out, "%lld", (long long)t);
		return;
	}
	buf_addf(out, "%s (%s", text, away > 0 ? "in " : "");
	put_span(out, away > 0 ? away : -away);
	buf_adds(out, away > 0 ? ")" : " ago)");
}

void
queue_view_size(struct buf *out, off_t bytes)
{
	static const char units[] = "KMGT";
	double n = (double)bytes / 1024;
	int i = 0;

	if (bytes < 1024) {
		buf_addf(out, "%lld bytes", (long long)bytes);
		return;
	}
	for (; n >= 1024 && i < 3; i++)
		n /= 1024;
	buf_addf(out, "%.1f %ciB", n, units[i]);
}
