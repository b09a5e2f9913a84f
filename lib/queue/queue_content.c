/*
 * queue_content.c - the message in a queue file as people see it
 *
 * The MIME engine says where headers, bodies and boundaries are; this file
 * makes a tree of it and counts. A part is kept as the offset of the record
 * its body begins with and as a number of bytes from there on, so that it can
 * be read again without the rest. The line end in front of a boundary belongs
 * to the boundary (RFC 2046 5.1.1): each one is counted when the next line
 * comes.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_content.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/mail/header.h"
#include "lib/mail/mime.h"
#include "lib/queue/queue_content_internal.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_rec.h"

#define HEADER_MAX	102400		/* bytes of one field */
#define BOUNDARY_MAX	2048

/* The headers of the part are over: what is it? */
static void
finish_headers(struct queue_content *c)
{
	struct queue_content_part *p = &c->nodes[c->now].part;

	if (!c->in_headers)
		return;
	c->in_headers = false;
	content_part_fill(p, &c->nodes[p->parent].part,
	    c->headers + p->first_header);
	transfer_init(&c->transfer, content_is_composite(p) ?
	    TRANSFER_PLAIN : transfer_kind(p->encoding));
	c->owes_newline = false;
}

/* ---- reading: the tree ---- */

static void
begin_part(struct queue_content *c, bool is_message)
{
	struct node *n;
	size_t parent = c->now;

	if (c->count == c->room) {
		c->room = c->room * 2 + 8;
		c->nodes = xreallocarray(c->nodes, c->room,
		    sizeof(*c->nodes));
	}
	n = &c->nodes[c->count];
	memset(n, 0, sizeof(*n));
	content_part_init(&n->part);
	n->part.is_message = is_message;
	n->part.first_header = c->header_count;
	n->body_at = -1;
	if (c->count > 0) {
		n->part.parent = parent;
		n->part.ordinal = ++c->nodes[parent].kids;
		n->part.depth = c->nodes[parent].part.depth + 1;
	}
	c->now = c->count++;
	c->in_headers = true;
}

/* A part begins below now, unless there are too many, or too deep. */
static void
begin_kid(struct queue_content *c, bool is_message)
{
	struct node *n = &c->nodes[c->now];

	c->is_ignoring = c->count >= QUEUE_CONTENT_PARTS_MAX ||
	    n->part.depth >= QUEUE_CONTENT_DEPTH_MAX;
	if (c->is_ignoring)
		n->part.defects |= CONTENT_TOO_DEEP;
	else
		begin_part(c, is_message);
}

static void
count_decoded(struct queue_content *c, const char *data, size_t len)
{
	struct queue_content_part *p = &c->nodes[c->now].part;
	size_t i;

	if (content_is_composite(p))
		return;
	if (memchr(data, '\0', len) != NULL)
		p->defects |= CONTENT_NUL;
	if ((p->defects & CONTENT_8BIT) == 0 && strcmp(p->encoding,
	    "8bit") != 0 && strcmp(p->encoding, "binary") != 0)
		for (i = 0; i < len; i++)
			if ((unsigned char)data[i] >= 0x80) {
				p->defects |= CONTENT_8BIT;
				break;
			}
	if (c->transfer.kind == TRANSFER_PLAIN ||
	    c->transfer.kind == TRANSFER_UNKNOWN) {
		p->decoded_bytes += (off_t)len;
		return;
	}
	buf_reset(&c->decoded);
	transfer_feed(&c->transfer, data, len, &c->decoded);
	p->decoded_bytes += (off_t)c->decoded.len;
}

/* The innermost part ends where pos says. */
static void
end_part(struct queue_content *c, off_t pos)
{
	struct node *n = &c->nodes[c->now];
	struct queue_content_part *p = &n->part;

	finish_headers(c);
	n->to = c->rec_pos;
	if (n->body_at != -1 && pos > n->body_pos)
		p->encoded_bytes = pos - n->body_pos;
	if (content_is_composite(p)) {
		p->decoded_bytes = p->encoded_bytes;
	} else {
		buf_reset(&c->decoded);
		transfer_end(&c->transfer, &c->decoded);
		p->decoded_bytes += (off_t)c->decoded.len;
		p->defects |= c->transfer.defects;
	}
	if (p->is_multipart && (p->defects & CONTENT_NO_BOUNDARY) == 0) {
		if (n->kids == 0 && (p->defects & CONTENT_TOO_DEEP) == 0)
			p->defects |= CONTENT_NO_PARTS;
		else if (!n->is_closed)
			p->defects |= CONTENT_NOT_CLOSED;
	}
	/* From here on the parent's transfer encoding holds: it has none. */
	transfer_init(&c->transfer, TRANSFER_PLAIN);
	c->now = p->parent;
}

/* End what is open inside of the multipart of this depth; false: not ours. */
static bool
end_inner(struct queue_content *c, size_t depth)
{
	size_t i = c->now;

	while (c->nodes[i].level != depth) {
		if (i == 0)
			return false;
		i = c->nodes[i].part.parent;
	}
	while (c->now != i)
		end_part(c, c->rec_pos - 1);
	return true;
}

static void
on_step(void *ctx, enum mime_step step, size_t depth)
{
	struct queue_content *c = ctx;

	switch (step) {
	case MIME_STEP_MULTIPART:
		if (c->is_ignoring)
			break;
		c->nodes[c->now].level = depth;
		content_part_hold_others(&c->nodes[c->now].part, "multipart/mixed");
		break;
	case MIME_STEP_NESTED:
		if (c->is_ignoring)
			break;
		content_part_hold_others(&c->nodes[c->now].part, "message/rfc822");
		/* Where its headers begin is lost, with the blank line. */
		if (c->ran_on && c->now == 0) {
			c->nodes[0].part.defects |= CONTENT_TOO_DEEP;
			c->is_ignoring = true;
		} else {
			begin_kid(c, true);
		}
		break;
	case MIME_STEP_PART:
		c->in_boundary = true;
		if (end_inner(c, depth))
			begin_kid(c, false);
		break;
	case MIME_STEP_LAST:
		c->in_boundary = true;
		if (end_inner(c, depth)) {
			c->is_ignoring = false;
			c->nodes[c->now].is_closed = true;
			c->nodes[c->now].level = 0;
		}
		break;
	}
}

/* ---- reading: what the engine hands out ---- */

static void
on_header(void *ctx, enum mime_class class, struct buf *text)
{
	struct queue_content *c = ctx;
	struct queue_content_part *p = &c->nodes[c->now].part;
	struct queue_content_header *h;
	size_t i;

	(void)class;
	if (c->is_ignoring)
		return;
	if (c->header_bytes + text->len > QUEUE_CONTENT_HEADERS_MAX) {
		p->defects |= CONTENT_CUT_HEADERS;
		return;
	}
	c->header_bytes += text->len + sizeof(*h);
	if (c->header_count == c->header_room) {
		c->header_room = c->header_room * 2 + 16;
		c->headers = xreallocarray(c->headers, c->header_room,
		    sizeof(*c->headers));
	}
	for (i = 0; i < text->len; i++)
		if (text->ptr[i] == '\0')
			text->ptr[i] = ' ';
	h = &c->headers[c->header_count++];
	h->name = xstrndup(text->ptr, header_name_len(text->ptr, text->len));
	h->raw = xstrndup(text->ptr, text->len);
	h->len = text->len;
	p->header_count++;
}

static void
on_header_end(void *ctx)
{
	(void)ctx;
}

static void
on_error(void *ctx, enum mime_error error, const char *text)
{
	struct queue_content *c = ctx;

	(void)text;
	if (error == MIME_ERR_HEADER_END)
		c->has_no_blank = true;
	if (error == MIME_ERR_NESTING && !c->is_ignoring)
		c->nodes[c->now].part.defects |= CONTENT_TOO_DEEP;
	if (error == MIME_ERR_TRUNCATED && !c->is_ignoring)
		c->nodes[c->now].part.defects |= CONTENT_CUT_HEADERS;
}

/* The first body line of a part: the blank one that ends its headers, or not. */
static bool
begin_body(struct queue_content *c, bool is_partial, size_t len)
{
	struct node *n = &c->nodes[c->now];
	bool is_blank = len == 0 && !is_partial && !c->has_no_blank;

	finish_headers(c);
	n->body_pos = is_blank ? c->next_pos : c->rec_pos;
	n->body_at = is_blank ? queue_file_tell(c->qf) : c->rec_at;
	if (!c->has_no_blank)
		return is_blank;
	c->has_no_blank = false;
	c->ran_on = true;
	return true;		/* the engine made this blank line up */
}

static void
on_body(void *ctx, bool is_partial, const char *data, size_t len,
    off_t offset)
{
	struct queue_content *c = ctx;

	(void)offset;
	if (c->in_boundary) {
		c->in_boundary = is_partial;
		if (!is_partial && c->in_headers)
			c->nodes[c->now].from = c->next_pos;
		return;
	}
	if (c->is_ignoring)
		return;
	if (c->in_headers && begin_body(c, is_partial, len))
		return;
	if (c->owes_newline)
		count_decoded(c, "\n", 1);
	c->owes_newline = !is_partial;
	count_decoded(c, data, len);
	if (!is_partial)
		c->nodes[c->now].part.lines++;
}

/* ---- reading: the file ---- */

int
content_find(struct queue_file *qf, struct err *err)
{
	const char *value;
	size_t len;
	int type, got;

	if (queue_file_seek(qf, 0, err) == -1)
		return -1;
	while ((got = queue_file_next(qf, &type, &value, &len, err)) == 1)
		if (type == QUEUE_REC_MESG)
			return 0;
		else if (type == '\0' ||
		    strchr(QUEUE_REC_ENVELOPE, type) == NULL)
			break;
	return got == -1 ? -1 : err_set(err, ERR_SYNTAX,
	    "there is no message content in it");
}

static void
read_content(struct queue_content *c, struct mime *m)
{
	const char *value;
	size_t len;
	int type, got;
	bool is_open = false;

	while ((got = queue_file_next(c->qf, &type, &value, &len,
	    &c->damage)) == 1) {
		if (type != QUEUE_REC_TEXT && type != QUEUE_REC_PART)
			break;
		is_open = type == QUEUE_REC_PART;
		c->rec_at = queue_file_offset(c->qf);
		c->rec_pos = c->next_pos;
		c->next_pos += (off_t)len + (type == QUEUE_REC_TEXT);
		mime_text(m, type == QUEUE_REC_PART, value, len);
	}
	if (got == 0)
		err_set(&c->damage, ERR_SYNTAX,
		    "the file ends within the content");
	else if (got == 1 && type != QUEUE_REC_XTRA)
		err_set(&c->damage, ERR_SYNTAX,
		    "record type %d within the content, at offset %lld", type,
		    (long long)queue_file_offset(c->qf));
	mime_end(m);
	c->bytes = c->rec_pos = c->next_pos;
	/* The parts that are still open end here, the last line's end included. */
	if (c->owes_newline && !is_open && !c->is_ignoring && !c->in_headers)
		count_decoded(c, "\n", 1);
	while (c->now != 0)
		end_part(c, c->bytes);
	end_part(c, c->bytes);
}

struct queue_content *
queue_content_read(struct queue_file *qf, struct err *err)
{
	static const struct mime_ops ops = { on_header, on_header_end,
	    on_body, on_error, on_step };
	const struct mime_limits limits = { HEADER_MAX,
	    QUEUE_CONTENT_DEPTH_MAX, BOUNDARY_MAX };
	struct queue_content *c;
	struct mime *m;

	if (content_find(qf, err) == -1)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	c->qf = qf;
	buf_init(&c->decoded);
	begin_part(c, true);
	m = mime_new(&ops, c);
	mime_reset(m, &limits, 0);
	read_content(c, m);
	mime_free(m);
	return c;
}

struct queue_content *
queue_content_open(const char *path, struct err *err)
{
	struct queue_content *c;
	struct queue_file *qf;

	if ((qf = queue_file_open_path(path, QUEUE_FILE_NORMAL, err)) == NULL)
		return NULL;
	if ((c = queue_content_read(qf, err)) == NULL)
		queue_file_close(qf);
	else
		c->is_owner = true;
	return c;
}

void
queue_content_free(struct queue_content *c)
{
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < c->count; i++)
		content_part_done(&c->nodes[i].part);
	for (i = 0; i < c->header_count; i++) {
		free((char *)c->headers[i].name);
		free((char *)c->headers[i].raw);
	}
	free(c->nodes);
	free(c->headers);
	buf_done(&c->decoded);
	if (c->is_owner)
		queue_file_close(c->qf);
	free(c);
}
