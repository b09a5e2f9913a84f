/*
 * queue_edit_write.c - the new file of an edited message
 *
 * The old file is read through its pointers, so the new one is straight: no
 * pointers, no padding, nothing dead.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_edit.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/header.h"
#include "lib/queue/queue_edit_internal.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_rec.h"
#include "lib/queue/queue_writer.h"

#define FLAG_MIXED	1	/* field 4: recipients among other records */
#define OPT_UTF8_HEADER	2	/* field 6 */
#define OPT_UTF8_SENDER	4
#define ONLY_RCPT	"DRO/Kon"	/* records that do not make a segment mixed (3.4) */

/* ---- where a record stands ---- */

static const struct edit_header *
find_header(const struct queue_edit *e, const char *name, size_t len,
    size_t *index)
{
	size_t i;

	for (i = 0; i < e->header_count; i++)
		if (strlen(e->headers[i].name) == len &&
		    strncasecmp(e->headers[i].name, name, len) == 0) {
			*index = i;
			return &e->headers[i];
		}
	return NULL;
}

/* The first record of a line where header fields may stand. */
static void
walk_header_line(struct edit_walk *w, const char *value, size_t len)
{
	size_t name = header_name_len(value, len);

	if (len > 0 && (value[0] == ' ' || value[0] == '\t') && w->pos > 0)
		return;				/* goes on with its field */
	if (name == 0) {
		w->place = w->next_place = EDIT_BODY;
		w->field = NULL;
		return;
	}
	w->begins_field = true;
	w->field = find_header(w->e, value, name, &w->field_index);
}

int
edit_walk_next(struct edit_walk *w, int *type, const char **value,
    size_t *len, struct err *err)
{
	int got = queue_file_next(w->qf, type, value, len, err);

	if (got != 1)
		return got;
	w->place = w->next_place;
	w->begins_field = false;
	if (w->place == EDIT_ENVELOPE || w->place == EDIT_EXTRACTED) {
		if (*type == QUEUE_REC_MESG)
			w->next_place = EDIT_HEADERS;
		return 1;
	}
	if (*type == QUEUE_REC_XTRA) {
		w->next_place = EDIT_EXTRACTED;
		return 1;
	}
	w->pos = w->next_pos;
	w->next_pos += (off_t)*len + (*type == QUEUE_REC_TEXT);
	if (w->place == EDIT_HEADERS && !w->in_line)
		walk_header_line(w, *value, *len);
	w->in_line = *type == QUEUE_REC_PART;
	return 1;
}

/* ---- writing ---- */

struct rewrite {
	const struct queue_edit *e;
	const struct edit_decision *d;
	struct queue_writer *to;
	struct edit_offsets *offsets;
	struct queue_rec_size old, now;
	bool		 has_sender, has_time, has_end;
	bool		 has_rcpt, is_mixed;	/* in this segment; at all */
	bool		*is_written;		/* each header field that is set */
	size_t		 strip;			/* the next one */
	bool		 is_noted;		/* its note is written */
	bool		 has_8bit_header;
};

static void
put(struct rewrite *r, int type, const void *data, size_t len)
{
	queue_writer_rec(r->to, type, data, len);
}

static void
note_order(struct rewrite *r, int type, const char *value)
{
	bool is_rcpt_kind = strchr(ONLY_RCPT, type) != NULL ||
	    (type == QUEUE_REC_ATTR && (strncmp(value, "notify_flags=",
	    13) == 0 || strncmp(value, "dsn_orig_rcpt=", 14) == 0));

	if (r->has_rcpt && !is_rcpt_kind)
		r->is_mixed = true;
	if (strchr("DRO/", type) != NULL)
		r->has_rcpt = true;
}

static void
put_envelope(struct rewrite *r, int type, const char *value, size_t len)
{
	note_order(r, type, value);
	put(r, type, value, len);
}

static void
put_lines(struct rewrite *r, const struct buf *lines)
{
	const char *p = lines->ptr, *end = p + lines->len, *nl;
	size_t max = (size_t)params.line_length_limit;

	for (; p <= end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl == NULL)
			nl = end;
		for (; max > 0 && (size_t)(nl - p) >= max; p += max)
			put(r, QUEUE_REC_PART, p, max);
		put(r, QUEUE_REC_TEXT, p, (size_t)(nl - p));
	}
}

static void
put_rcpt(struct rewrite *r, int type, const char *address, off_t from)
{
	struct edit_offsets *o = r->offsets;

	if (from >= 0) {
		if (o->count == o->room) {
			o->room = o->room * 2 + 16;
			o->at = xreallocarray(o->at, o->room, sizeof(*o->at));
		}
		o->at[o->count].from = from;
		o->at[o->count++].to = queue_writer_tell(r->to);
	}
	r->now.rcpt_count++;
	put_envelope(r, type, address, strlen(address));
}

static void
put_additions(struct rewrite *r)
{
	struct buf text = BUF_INIT;
	size_t i;

	for (i = 0; i < r->d->added_count; i++) {
		buf_setf(&text, "dsn_orig_rcpt=%s;%s",
		    text_is_ascii(r->d->added[i]) ? "rfc822" : "utf-8",
		    r->d->added[i]);
		put_envelope(r, QUEUE_REC_ATTR, text.ptr, text.len);
		put_envelope(r, QUEUE_REC_ORCPT, r->d->added[i],
		    strlen(r->d->added[i]));
		put_rcpt(r, QUEUE_REC_RCPT, r->d->added[i], -1);
	}
	buf_done(&text);
}

static void
rewrite_sender(struct rewrite *r, const char *value, size_t len)
{
	const struct queue_edit *e = r->e;

	if (r->has_sender) {		/* a second one never counted */
		put_envelope(r, QUEUE_REC_FROM, value, len);
		return;
	}
	r->has_sender = true;
	if (e->sender != NULL)
		put_envelope(r, QUEUE_REC_FROM, e->sender, strlen(e->sender));
	else
		put_envelope(r, QUEUE_REC_FROM, value, len);
	if (e->redirect != NULL && e->redirect[0] != '\0')
		put_envelope(r, QUEUE_REC_REDIRECT, e->redirect,
		    strlen(e->redirect));
	if (e->filter != NULL && e->filter[0] != '\0')
		put_envelope(r, QUEUE_REC_FILTER, e->filter,
		    strlen(e->filter));
}

static void
rewrite_envelope(struct rewrite *r, int type, const char *value, size_t len,
    off_t offset)
{
	const struct edit_rcpt *rcpt;

	switch (type) {
	case QUEUE_REC_SIZE:
		return;
	case QUEUE_REC_FROM:
		rewrite_sender(r, value, len);
		return;
	case QUEUE_REC_REDIRECT:
		if (r->e->redirect == NULL)
			put_envelope(r, type, value, len);
		return;
	case QUEUE_REC_FILTER:
		if (r->e->filter == NULL)
			put_envelope(r, type, value, len);
		return;
	case QUEUE_REC_RCPT:
		rcpt = edit_decision_find(r->d, offset);
		put_rcpt(r, rcpt != NULL ? rcpt->type : type,
		    rcpt != NULL && rcpt->mapped != NULL ? rcpt->mapped :
		    value, offset);
		return;
	case QUEUE_REC_DONE:
	case QUEUE_REC_CANCELED:
		put_rcpt(r, type, value, offset);
		return;
	case QUEUE_REC_TIME:
		r->has_time = true;
		break;
	}
	put_envelope(r, type, value, len);
}

/* What is set is ASCII: only fields that stay can have others. */
static void
look_for_8bit(struct rewrite *r, const char *value, size_t len)
{
	size_t i;

	for (i = 0; i < len && !r->has_8bit_header; i++)
		r->has_8bit_header = (unsigned char)value[i] >= 0x80;
}

/* The fields that are set and were not there: behind the others. */
static void
put_new_headers(struct rewrite *r)
{
	size_t i;

	for (i = 0; i < r->e->header_count; i++)
		if (!r->is_written[i] && r->e->headers[i].lines.len > 0) {
			put_lines(r, &r->e->headers[i].lines);
			r->is_written[i] = true;
		}
}

static void
rewrite_header(struct rewrite *r, const struct edit_walk *w, int type,
    const char *value, size_t len)
{
	if (w->field == NULL) {
		look_for_8bit(r, value, len);
		put(r, type, value, len);
	} else if (w->begins_field && !r->is_written[w->field_index] &&
	    w->field->lines.len > 0) {
		put_lines(r, &w->field->lines);
		r->is_written[w->field_index] = true;
	}
}

static void
rewrite_body(struct rewrite *r, const struct edit_walk *w, int type,
    const char *value, size_t len)
{
	const struct edit_strip *s;

	for (; r->strip < r->d->strip_count; r->strip++) {
		s = &r->d->strips[r->strip];
		if (w->pos < s->from)
			break;
		if (!r->is_noted)
			put_lines(r, &s->note);
		r->is_noted = w->pos < s->to;
		if (r->is_noted)
			return;
	}
	put(r, type, value, len);
}

/* Returns 0 to go on, 1 at the end, -1. */
static int
rewrite_record(struct rewrite *r, const struct edit_walk *w, int type,
    const char *value, size_t len, struct err *err)
{
	switch (w->place) {
	case EDIT_ENVELOPE:
	case EDIT_EXTRACTED:
		if (type == QUEUE_REC_END) {
			put(r, type, "", 0);
			r->has_end = true;
			return 1;
		}
		if (type != QUEUE_REC_MESG) {
			rewrite_envelope(r, type, value, len,
			    queue_file_offset(w->qf));
			return 0;
		}
		put_additions(r);
		r->has_rcpt = false;
		put(r, QUEUE_REC_MESG, "", 0);	/* before 1.0 it held an offset */
		r->now.data_offset = (long)queue_writer_tell(r->to);
		if (r->e->has_content && r->e->content.len > 0)
			put_lines(r, &r->e->content);
		return 0;
	case EDIT_HEADERS:
	case EDIT_BODY:
		break;
	}
	if (type == QUEUE_REC_XTRA) {
		put_new_headers(r);
		r->now.content_size = r->now.content_length =
		    (long)queue_writer_tell(r->to) - r->now.data_offset;
		put(r, QUEUE_REC_XTRA, "", 0);
		return 0;
	}
	if (type != QUEUE_REC_TEXT && type != QUEUE_REC_PART)
		return err_set(err, ERR_SYNTAX, "record type %d in the "
		    "content, at offset %lld", type,
		    (long long)queue_file_offset(w->qf));
	if (r->e->has_content)
		return 0;
	if (w->place == EDIT_HEADERS) {
		rewrite_header(r, w, type, value, len);
		return 0;
	}
	put_new_headers(r);
	rewrite_body(r, w, type, value, len);
	return 0;
}

static void
put_size(struct rewrite *r)
{
	struct buf rec = BUF_INIT;
	long flags = r->old.qmgr_flags & ~(long)FLAG_MIXED;

	r->now.qmgr_flags = flags | (r->is_mixed ? FLAG_MIXED : 0);
	r->now.sendopts = r->old.sendopts;
	if (r->e->sender != NULL) {
		r->now.sendopts &= ~(long)OPT_UTF8_SENDER;
		if (!text_is_ascii(r->e->sender))
			r->now.sendopts |= OPT_UTF8_SENDER;
	}
	if (r->e->header_count > 0 && !r->has_8bit_header)
		r->now.sendopts &= ~(long)OPT_UTF8_HEADER;
	queue_rec_size_put(&rec, &r->now);
	queue_writer_patch(r->to, 0, rec.ptr, rec.len);
	buf_done(&rec);
}

int
edit_write(const struct queue_edit *e, const struct edit_decision *d,
    struct queue_file *from, struct queue_writer *to,
    struct edit_offsets *offsets, struct err *err)
{
	struct rewrite r = { .e = e, .d = d, .to = to, .offsets = offsets };
	struct edit_walk w = { .qf = from, .e = e };
	struct buf none = BUF_INIT;
	const char *value;
	size_t len;
	int type, got, rc = 0;

	r.is_written = xcalloc(e->header_count + 1, sizeof(*r.is_written));
	queue_rec_size_put(&none, &r.now);	/* room for the true one */
	put(&r, QUEUE_REC_SIZE, none.ptr + 2, none.len - 2);
	buf_done(&none);
	while (rc == 0 && (got = edit_walk_next(&w, &type, &value, &len,
	    err)) == 1) {
		if (type == QUEUE_REC_SIZE && r.old.fields == 0 &&
		    queue_rec_size_parse(value, &r.old, err) == -1)
			rc = -1;
		else
			rc = rewrite_record(&r, &w, type, value, len, err);
	}
	free(r.is_written);
	if (rc == -1 || (rc == 0 && got == -1))
		return -1;
	if (!r.has_end || !r.has_sender || !r.has_time || r.old.fields == 0 ||
	    r.now.data_offset == 0 || r.now.content_size == 0)
		return err_set(err, ERR_SYNTAX, "the queue file lacks its "
		    "size, time, sender, content or end record");
	put_size(&r);
	return queue_writer_error(to, err);
}
