/*
 * cleanup_edit.c - what filters change in a message that has been written
 *
 * Headers are held in memory, changes of the envelope as lists; the body stays
 * in the file, and a new one goes to a file without a name. When the last
 * filter is done, and something was changed, the message is written anew, from
 * a copy of the old records: the file keeps its inode and so its ID, and looks
 * as if the message had come like this.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/cleanup/cleanup_edit.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/header.h"
#include "lib/mail/milter_wire.h"
#include "lib/queue/queue_rec.h"
#include "lib/queue/queue_writer.h"
#include "lib/table/maps.h"

#define READ_SIZE	16384
#define HEADER_MAX	60000	/* bytes that a filter's header may have */
#define FLUSH_SIZE	65536

/* ---- reading records back ---- */

void
cleanup_reader_start(struct cleanup_reader *r, struct queue_writer *w, int fd,
    off_t from, off_t to)
{
	r->w = w;
	r->fd = fd;
	r->at = from;
	r->end = to;
	r->used = 0;
	buf_reset(&r->in);
}

static ssize_t
fill(struct cleanup_reader *r)
{
	size_t want = READ_SIZE;
	ssize_t n;

	if ((off_t)want > r->end - r->at)
		want = (size_t)(r->end - r->at);
	buf_delete(&r->in, 0, r->used);
	r->used = 0;
	buf_reserve(&r->in, want);
	n = r->w != NULL ? queue_writer_read(r->w, r->at,
	    r->in.ptr + r->in.len, want, NULL) :
	    pread(r->fd, r->in.ptr + r->in.len, want, r->at);
	if (n > 0) {
		r->in.len += (size_t)n;
		r->in.ptr[r->in.len] = '\0';
		r->at += n;
	}
	return n;
}

bool
cleanup_reader_next(struct cleanup_reader *r, int *type, struct span *data)
{
	struct err err = ERR_INIT;
	size_t used;
	int got;

	for (;;) {
		got = queue_rec_get(r->in.ptr + r->used, r->in.len - r->used,
		    r->at >= r->end, type, &data->ptr, &data->len, &used,
		    &err);
		if (got == 1) {
			r->used += used;
			return true;
		}
		if (got == -1 || r->at >= r->end || fill(r) <= 0)
			return false;
	}
}

/* ---- the headers ---- */

static void
add_header(struct cleanup_edit *e, size_t at, const struct buf *text)
{
	struct message_header *h;

	if (e->header_count == e->header_room) {
		e->header_room = e->header_count * 2 + 16;
		e->headers = xreallocarray(e->headers, e->header_room,
		    sizeof(*e->headers));
	}
	h = e->headers + at;
	memmove(h + 1, h, (e->header_count - at) * sizeof(*h));
	e->header_count++;
	h->text = xstrndup(text->ptr, text->len);
	h->name_len = header_name_len(h->text, strlen(h->text));
	h->is_hidden = false;
}

static void
drop_header(struct cleanup_edit *e, size_t at)
{
	struct message_header *h = e->headers + at;

	free(h->text);
	e->header_count--;
	memmove(h, h + 1, (e->header_count - at) * sizeof(*h));
}

/* hide_received - filters do not see what we wrote about this very session */
static void
hide_received(struct cleanup_edit *e)
{
	size_t i;

	for (i = 0; i < e->header_count; i++)
		if (header_lookup((struct span){ e->headers[i].text,
		    e->headers[i].name_len }) == HEADER_RECEIVED) {
			e->headers[i].is_hidden = true;
			return;
		}
}

static void
read_headers(struct cleanup_edit *e)
{
	struct cleanup *c = e->c;
	struct buf text = BUF_INIT;
	struct span data;
	int type;
	bool in_line = false, is_first = true;

	cleanup_reader_start(&e->reader, c->out, -1, c->data_offset,
	    c->body_offset);
	while (cleanup_reader_next(&e->reader, &type, &data)) {
		if (!in_line && !is_first) {
			if (data.len > 0 && (*data.ptr == ' ' ||
			    *data.ptr == '\t')) {
				buf_addc(&text, '\n');
			} else {
				add_header(e, e->header_count, &text);
				buf_reset(&text);
			}
		}
		buf_add(&text, data.ptr, data.len);
		in_line = type == QUEUE_REC_PART;
		is_first = false;
	}
	if (!is_first)
		add_header(e, e->header_count, &text);
	buf_done(&text);
	hide_received(e);
}

/* ---- a new body ---- */

static bool
write_body(struct cleanup_edit *e)
{
	struct cleanup *c = e->c;

	if (params.message_size_limit > 0 && e->new_body_len +
	    (off_t)e->body_recs.len > params.message_size_limit) {
		log_warning("%s: queue file size limit exceeded", c->id.ptr);
		cleanup_fail(c, CLEANUP_SIZE, NULL);
	} else if (file_pwrite_all(e->new_body, e->body_recs.ptr,
	    e->body_recs.len, e->new_body_len) == -1) {
		log_warning("%s: write a new body: %s", c->id.ptr,
		    strerror(errno));
		cleanup_fail(c, CLEANUP_WRITE, NULL);
	}
	e->new_body_len += (off_t)e->body_recs.len;
	buf_reset(&e->body_recs);
	return c->status == 0;
}

static bool
begin_body(struct cleanup_edit *e)
{
	struct err err = ERR_INIT;

	if (e->new_body == -1 && (e->new_body = queue_writer_scratch("incoming",
	    &err)) == -1) {
		log_warning("%s: %s", e->c->id.ptr, err.text);
		cleanup_fail(e->c, CLEANUP_WRITE, NULL);
		return false;
	}
	e->new_body_len = 0;
	e->has_cr = false;
	buf_reset(&e->body_line);
	buf_reset(&e->body_recs);
	queue_rec_put(&e->body_recs, QUEUE_REC_TEXT, "", 0);
	return true;
}

static void
add_body_byte(struct cleanup_edit *e, char byte)
{
	size_t limit = (size_t)params.line_length_limit;

	if (e->body_line.len == limit) {
		queue_rec_put(&e->body_recs, QUEUE_REC_PART, e->body_line.ptr,
		    limit);
		buf_reset(&e->body_line);
	}
	buf_addc(&e->body_line, byte);
}

/* add_body - CR LF and LF end a line, also from one piece to the next */
static bool
add_body(struct cleanup_edit *e, const char *p, size_t len)
{
	for (; len > 0; p++, len--) {
		if (e->has_cr && *p != '\n')
			add_body_byte(e, '\r');
		e->has_cr = *p == '\r';
		if (*p == '\n') {
			queue_rec_put(&e->body_recs, QUEUE_REC_TEXT,
			    e->body_line.ptr, e->body_line.len);
			buf_reset(&e->body_line);
		} else if (*p != '\r') {
			add_body_byte(e, *p);
		}
		if (e->body_recs.len > FLUSH_SIZE && !write_body(e))
			return false;
	}
	return true;
}

/* end_body - what the last chunk left over */
static bool
end_body(struct cleanup_edit *e)
{
	if (e->new_body == -1)
		return true;
	if (e->has_cr)
		add_body_byte(e, '\r');
	e->has_cr = false;
	if (e->body_line.len > 0)
		queue_rec_put(&e->body_recs, QUEUE_REC_TEXT, e->body_line.ptr,
		    e->body_line.len);
	buf_reset(&e->body_line);
	return e->body_recs.len == 0 || write_body(e);
}

/* ---- what filters see ---- */

static bool
is_visible(const struct message_header *h)
{
	return !h->is_hidden && h->name_len > 0;
}

static bool
see_header(void *ctx, size_t n, struct span *name, struct span *value)
{
	struct cleanup_edit *e = ctx;
	const struct message_header *h;
	const char *colon;

	for (h = e->headers; h < e->headers + e->header_count; h++)
		if (is_visible(h) && n-- == 0) {
			colon = strchr(h->text, ':');
			*name = (struct span){ h->text, h->name_len };
			*value = span_of(colon + 1);
			return true;
		}
	return false;
}

/* open_body - read the present body from its start, without the empty line */
static void
open_body(struct cleanup_edit *e)
{
	struct cleanup *c = e->c;
	struct span data;
	int type;

	buf_reset(&e->carry);
	if (e->new_body != -1)
		cleanup_reader_start(&e->reader, NULL, e->new_body, 0,
		    e->new_body_len);
	else
		cleanup_reader_start(&e->reader, c->out, -1, c->body_offset,
		    c->xtra_offset);
	if (!cleanup_reader_next(&e->reader, &type, &data))
		return;
	if (type == QUEUE_REC_TEXT && data.len == 0)
		return;
	buf_add(&e->carry, data.ptr, data.len);
	if (type == QUEUE_REC_TEXT)
		buf_adds(&e->carry, "\r\n");
}

static long
see_body(void *ctx, bool is_first, char *out, size_t len)
{
	struct cleanup_edit *e = ctx;
	struct span data;
	int type;

	if (is_first && !end_body(e))
		return -1;
	if (is_first)
		open_body(e);
	while (e->carry.len < len &&
	    cleanup_reader_next(&e->reader, &type, &data)) {
		buf_add(&e->carry, data.ptr, data.len);
		if (type == QUEUE_REC_TEXT)
			buf_adds(&e->carry, "\r\n");
	}
	if (len > e->carry.len)
		len = e->carry.len;
	memcpy(out, e->carry.ptr, len);
	buf_delete(&e->carry, 0, len);
	return (long)len;
}

/* ---- what they change: headers ---- */

/* make_header - "name: value", each line of the value after the first with a blank in front */
static bool
make_header(const struct milter_answer *a, bool keeps_blank, struct buf *out)
{
	const char *p;

	buf_setf(out, "%s:%s", a->text, keeps_blank ? "" : " ");
	if (header_name_len(out->ptr, out->len) != a->len) {
		log_warning("ignoring a header with a malformed name from a "
		    "Milter: %.100s", a->text);
		return false;
	}
	for (p = a->value; *p != '\0'; p++) {
		if (*p == '\r')
			continue;
		buf_addc(out, *p);
		if (*p == '\n' && p[1] != ' ' && p[1] != '\t')
			buf_addc(out, '\t');
	}
	buf_trim_right(out);
	if (out->len == a->len + 1)	/* an empty value keeps its blank */
		buf_addc(out, ' ');
	header_cut(out, (size_t)params.header_size_limit < HEADER_MAX ?
	    (size_t)params.header_size_limit : HEADER_MAX);
	return true;
}

/* accept_header - milter_header_checks; false: it goes away */
static bool
accept_header(struct cleanup_edit *e, struct buf *text)
{
	struct cleanup *c = e->c;

	if (!maps_is_empty(cleanup_tables.milter_checks) && !c->stop_checks &&
	    !cleanup_check(c, CHECK_MILTER, cleanup_tables.milter_checks,
	    text))
		return false;
	if (!text_is_ascii(text->ptr))
		c->sendopts |= SENDOPT_HEADER;
	return true;
}

static void
insert_header(struct cleanup_edit *e, const struct milter_answer *a, size_t at,
    bool keeps_blank)
{
	struct buf text = BUF_INIT;

	if (make_header(a, keeps_blank, &text) && accept_header(e, &text))
		add_header(e, at < e->header_count ? at : e->header_count,
		    &text);
	buf_done(&text);
}

/* change_header - the nth of that name, from 1; what is not there is added */
static void
change_header(struct cleanup_edit *e, const struct milter_answer *a,
    bool keeps_blank)
{
	struct buf text = BUF_INIT;
	uint32_t n = a->index > 0 ? a->index : 1;
	size_t i;

	for (i = 0; i < e->header_count; i++)
		if (is_visible(e->headers + i) && span_ieq((struct span){
		    e->headers[i].text, e->headers[i].name_len }, a->text) &&
		    --n == 0)
			break;
	if (*a->value == '\0') {
		if (i < e->header_count)
			drop_header(e, i);
	} else if (i == e->header_count) {
		insert_header(e, a, i, keeps_blank);
	} else if (make_header(a, keeps_blank, &text)) {
		drop_header(e, i);
		if (accept_header(e, &text))
			add_header(e, i, &text);
	}
	buf_done(&text);
}

/* ---- the whole ---- */

static bool
make_edit(void *ctx, const struct milter_answer *a, bool is_first_body,
    bool keeps_blank)
{
	struct cleanup_edit *e = ctx;

	e->is_changed = true;
	switch (a->kind) {
	case MILTER_ADD_HEADER:
		insert_header(e, a, e->header_count, keeps_blank);
		break;
	case MILTER_INSERT_HEADER:
		insert_header(e, a, a->index, keeps_blank);
		break;
	case MILTER_CHANGE_HEADER:
		change_header(e, a, keeps_blank);
		break;
	case MILTER_REPLACE_BODY:
		if (is_first_body && !begin_body(e))
			return false;
		return add_body(e, a->text, a->len);
	default:
		cleanup_edit_envelope(e, a);
	}
	return e->c->status == 0;
}

struct cleanup_edit *
cleanup_edit_new(struct cleanup *c)
{
	struct cleanup_edit *e = xcalloc(1, sizeof(*e));

	e->c = c;
	e->new_body = -1;
#define INIT(name) buf_init(&e->name);
	CLEANUP_EDIT_BUFS(INIT)
	buf_init(&e->reader.in);
	c->stop_checks = false;
	buf_sets(&e->old_filter, c->filter.ptr);
	buf_sets(&e->old_redirect, c->redirect.ptr);
	e->old_bcc = c->bcc.len;
	read_headers(e);
	return e;
}

void
cleanup_edit_free(struct cleanup_edit *e)
{
	size_t i;

	for (i = 0; i < e->header_count; i++)
		free(e->headers[i].text);
	free(e->headers);
	if (e->new_body != -1)
		close(e->new_body);
#define DONE(name) buf_done(&e->name);
	CLEANUP_EDIT_BUFS(DONE)
	buf_done(&e->reader.in);
	free(e);
}

void
cleanup_edit_content(struct cleanup_edit *e, struct milter_content *out)
{
	*out = (struct milter_content){ see_header, see_body, make_edit, e };
}

void
cleanup_edit_finish(struct cleanup_edit *e)
{
	struct err err = ERR_INIT;
	int old;

	if (!e->is_changed || e->c->status != 0 ||
	    (e->c->flags & CLEANUP_DISCARD) != 0 || !end_body(e))
		return;
	e->old_end = queue_writer_tell(e->c->out);
	if ((old = queue_writer_restart(e->c->out, &err)) == -1) {
		log_warning("%s: %s", e->c->id.ptr, err.text);
		cleanup_fail(e->c, CLEANUP_WRITE, NULL);
		return;
	}
	cleanup_edit_rewrite(e, old);
	close(old);
}
