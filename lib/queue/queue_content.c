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
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/mail/charset.h"
#include "lib/mail/encoded_word.h"
#include "lib/mail/header.h"
#include "lib/mail/html_text.h"
#include "lib/mail/mime.h"
#include "lib/mail/mime_param.h"
#include "lib/mail/transfer.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_rec.h"

#define HEADER_MAX	102400		/* bytes of one field */
#define BOUNDARY_MAX	2048

/* A part with what only the reading needs. */
struct node {
	struct queue_content_part part;
	size_t		 level;		/* open multiparts, its own included; 0: opened none */
	bool		 is_closed;	/* its last boundary came */
	size_t		 kids;
	off_t		 body_at;	/* record to begin with, -1: there is no body */
	off_t		 body_pos;	/* that in bytes of content */
	off_t		 from, to;	/* its lines, likewise */
};

struct queue_content {
	struct queue_file *qf;
	bool		 is_owner;	/* of qf */
	struct node	*nodes;
	size_t		 count, room;
	struct queue_content_header *headers;
	size_t		 header_count, header_room, header_bytes;
	struct err	 damage;
	off_t		 bytes;

	/* While it is read. */
	size_t		 now;		/* innermost open part */
	bool		 is_ignoring;	/* now is over a limit: what comes is not looked into */
	bool		 in_headers;	/* of now: its body has not begun */
	bool		 has_no_blank;	/* the headers ran into the body, which follows */
	bool		 ran_on;	/* they did so */
	bool		 in_boundary;	/* the line is one */
	bool		 owes_newline;	/* one byte of the body, unless a boundary follows */
	off_t		 rec_pos, rec_at;	/* the record: in bytes of content, in the file */
	off_t		 next_pos;
	struct transfer	 transfer;
	struct buf	 decoded;
};

static char nothing[] = "";

static bool
is_composite(const struct queue_content_part *p)
{
	return p->is_multipart || strcmp(p->type, "message/rfc822") == 0 ||
	    strcmp(p->type, "message/global") == 0;
}

/* ---- reading: the headers of a part ---- */

static char *
own(struct buf *b)
{
	if (b->len > 0)
		return buf_take(b);
	buf_done(b);
	buf_init(b);
	return nothing;
}

static void
free_text(const char *text)
{
	if (text != nothing)
		free((char *)text);
}

static void
set(const char **member, struct buf *text)
{
	free_text(*member);
	*member = own(text);
}

static void
take_type(struct queue_content_part *p, const char *value)
{
	struct buf text = BUF_INIT;

	if (mime_value(value, &text) && strchr(text.ptr, '/') != NULL)
		set(&p->type, &text);
	p->is_multipart = strncmp(p->type, "multipart/", 10) == 0;
	p->defects &= ~(unsigned)CONTENT_NO_BOUNDARY;
	buf_reset(&text);
	if (p->is_multipart && (!mime_param(value, "boundary", &text) ||
	    text.len == 0))
		p->defects |= CONTENT_NO_BOUNDARY;
	buf_reset(&text);
	if (mime_param(value, "charset", &text)) {
		text_lower(text.ptr);
		set(&p->charset, &text);
	}
	buf_reset(&text);
	if (p->file_name == nothing && mime_param(value, "name", &text))
		set(&p->file_name, &text);
	buf_done(&text);
}

static void
take_disposition(struct queue_content_part *p, const char *value)
{
	struct buf text = BUF_INIT;

	mime_value(value, &text);
	set(&p->disposition, &text);
	if (mime_param(value, "filename", &text) && text.len > 0)
		set(&p->file_name, &text);
	buf_done(&text);
}

static void
take_field(struct queue_content_part *p, const struct queue_content_header *h)
{
	struct buf text = BUF_INIT;
	const char *value = strchr(h->raw, ':');

	if (value == NULL)
		return;
	value++;
	switch (header_lookup(span_of(h->name))) {
	case HEADER_CONTENT_TYPE:	/* of several the last, as the engine does */
		take_type(p, value);
		break;
	case HEADER_CONTENT_TRANSFER_ENCODING:
		mime_token(value, &text);
		text_lower(text.ptr);
		set(&p->encoding, &text);
		break;
	case HEADER_CONTENT_DISPOSITION:
		take_disposition(p, value);
		break;
	case HEADER_CONTENT_ID:
		queue_content_header_text(h, &text);
		set(&p->id, &text);
		break;
	case HEADER_CONTENT_DESCRIPTION:
		queue_content_header_text(h, &text);
		set(&p->description, &text);
		break;
	default:
		break;
	}
	buf_done(&text);
}

/* What the standard says of a part that says nothing (RFC 2045 5.2). */
static void
fill_defaults(struct queue_content *c, struct queue_content_part *p)
{
	const struct queue_content_part *up = &c->nodes[p->parent].part;
	struct charset *known;

	if (p->type == nothing)
		p->type = xstrdup(p != up &&
		    strcmp(up->type, "multipart/digest") == 0 ?
		    "message/rfc822" : "text/plain");
	if (p->encoding == nothing)
		p->encoding = xstrdup("7bit");
	if (transfer_kind(p->encoding) == TRANSFER_UNKNOWN)
		p->defects |= CONTENT_BAD_ENCODING;
	if (is_composite(p) && (transfer_kind(p->encoding) == TRANSFER_BASE64 ||
	    transfer_kind(p->encoding) == TRANSFER_QP))
		p->defects |= CONTENT_ENCODED_PARTS;
	if (strncmp(p->type, "text/", 5) != 0 || p->charset[0] == '\0')
		return;
	if ((known = charset_open(p->charset)) == NULL)
		p->defects |= CONTENT_BAD_CHARSET;
	charset_close(known, NULL);
}

/* The headers of the part are over: what is it? */
static void
finish_headers(struct queue_content *c)
{
	struct queue_content_part *p = &c->nodes[c->now].part;
	size_t i;

	if (!c->in_headers)
		return;
	c->in_headers = false;
	for (i = 0; i < p->header_count; i++)
		take_field(p, &c->headers[p->first_header + i]);
	fill_defaults(c, p);
	transfer_init(&c->transfer, is_composite(p) ?
	    TRANSFER_PLAIN :
	    transfer_kind(p->encoding));
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
	n->part.type = n->part.charset = n->part.encoding =
	    n->part.disposition = n->part.file_name = n->part.id =
	    n->part.description = nothing;
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

	if (is_composite(p))
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
	if (is_composite(p)) {
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

/*
 * The engine takes this part for one that holds others. It looks at a field no
 * further than to a NUL byte, and at a type without its second half: then ours
 * follows.
 */
static void
hold_others(struct queue_content_part *p, const char *type)
{
	if (is_composite(p))
		return;
	free_text(p->type);
	p->type = xstrdup(type);
	p->is_multipart = strcmp(type, "message/rfc822") != 0;
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
		hold_others(&c->nodes[c->now].part, "multipart/mixed");
		break;
	case MIME_STEP_NESTED:
		if (c->is_ignoring)
			break;
		hold_others(&c->nodes[c->now].part, "message/rfc822");
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

/* Go behind M, where the content begins. */
static int
find_content(struct queue_file *qf, struct err *err)
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

	if (find_content(qf, err) == -1)
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
	const struct queue_content_part *p;
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < c->count; i++) {
		p = &c->nodes[i].part;
		free_text(p->type);
		free_text(p->charset);
		free_text(p->encoding);
		free_text(p->disposition);
		free_text(p->file_name);
		free_text(p->id);
		free_text(p->description);
	}
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

/* ---- asking ---- */

const char *
queue_content_damage(const struct queue_content *c)
{
	return c->damage.kind == ERR_NONE ? NULL : c->damage.text;
}

off_t
queue_content_bytes(const struct queue_content *c)
{
	return c->bytes;
}

const struct queue_content_part *
queue_content_part(const struct queue_content *c, size_t i)
{
	return i < c->count ? &c->nodes[i].part : NULL;
}

void
queue_content_lines(const struct queue_content *c, size_t i, off_t *from,
    off_t *to)
{
	*from = c->nodes[i].from;
	*to = c->nodes[i].to;
}

void
queue_content_number(const struct queue_content *c, size_t i, struct buf *out)
{
	const struct queue_content_part *p = &c->nodes[i].part;
	struct buf text = BUF_INIT, tail = BUF_INIT;

	/* The top of a message has no number of its own: it is "1", or "0". */
	if (p->is_message)
		buf_adds(&text, p->is_multipart ? "0" : "1");
	for (; i != 0; i = p->parent) {
		p = &c->nodes[i].part;
		if (!p->is_message) {
			buf_setf(&tail, text.len > 0 ? "%zu." : "%zu",
			    p->ordinal);
			buf_insert(&text, 0, tail.ptr, tail.len);
		} else if (c->nodes[p->parent].part.is_message) {
			buf_insert(&text, 0, "1.", 2);	/* that one's number */
		}
	}
	buf_add(out, text.ptr, text.len);
	buf_done(&text);
	buf_done(&tail);
}

bool
queue_content_find(const struct queue_content *c, const char *number,
    size_t *i)
{
	struct buf text = BUF_INIT;
	bool found = false;

	for (*i = 0; *i < c->count && !found; (*i)++) {
		buf_reset(&text);
		queue_content_number(c, *i, &text);
		found = strcmp(text.ptr, number) == 0;
	}
	if (found)
		(*i)--;
	buf_done(&text);
	return found;
}

size_t
queue_content_leaves(const struct queue_content *c)
{
	size_t i, n = 0;

	for (i = 0; i < c->count; i++)
		if (!c->nodes[i].part.is_multipart)
			n++;
	return n;
}

const struct queue_content_part *
queue_content_attachment(const struct queue_content *c, size_t nth)
{
	const struct queue_content_part *p;
	size_t i;

	for (i = 0; i < c->count; i++) {
		p = &c->nodes[i].part;
		if (!p->is_multipart && (p->file_name[0] != '\0' ||
		    strcmp(p->disposition, "attachment") == 0) && nth-- == 0)
			return p;
	}
	return NULL;
}

const char *
queue_content_defect(unsigned *defects)
{
	static const char *const words[] = {
		"bytes that are not base64", "base64 ends within a group",
		"text behind the end of base64", "bad quoted-printable",
		"unknown transfer encoding", "an encoded container of parts",
		"no boundary parameter", "its boundary never comes",
		"no last boundary", "unknown character set",
		"parts too many or too deep", "8-bit bytes in 7-bit text",
		"NUL bytes", "headers too long"
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if ((*defects & 1u << i) != 0) {
			*defects &= ~(1u << i);
			return words[i];
		}
	return NULL;
}

const struct queue_content_header *
queue_content_header(const struct queue_content *c, size_t i)
{
	return i < c->header_count ? &c->headers[i] : NULL;
}

void
queue_content_header_text(const struct queue_content_header *h,
    struct buf *out)
{
	struct buf plain = BUF_INIT;
	const char *p = strchr(h->raw, ':');

	for (p = p == NULL ? "" : text_skip_blank(p + 1); *p != '\0'; p++) {
		if (*p == '\n') {	/* folded: one blank instead */
			buf_addc(&plain, ' ');
			p = text_skip_blank(p + 1) - 1;
		} else {
			buf_addc(&plain, *p);
		}
	}
	buf_trim_right(&plain);
	encoded_word_decode(out, plain.ptr[0] == ' ' ? plain.ptr + 1 :
	    plain.ptr);
	buf_done(&plain);
}

/* ---- the bytes of a part ---- */

struct pipe {			/* record text -> transfer -> charset -> fn */
	struct transfer	 transfer;
	struct charset	*charset;	/* NULL: not converted */
	struct buf	 bytes, text;
	queue_content_fn fn;
	void		*ctx;
};

static bool
hand_on(struct pipe *p)
{
	struct buf *what = &p->bytes;

	if (p->charset != NULL) {
		buf_reset(&p->text);
		charset_feed(p->charset, p->bytes.ptr, p->bytes.len,
		    &p->text);
		what = &p->text;
	}
	return what->len == 0 || p->fn(p->ctx, what->ptr, what->len);
}

static bool
pipe_feed(struct pipe *p, const char *data, size_t len)
{
	if (p->charset == NULL && p->transfer.kind == TRANSFER_PLAIN)
		return len == 0 || p->fn(p->ctx, data, len);
	buf_reset(&p->bytes);
	transfer_feed(&p->transfer, data, len, &p->bytes);
	return hand_on(p);
}

static void
pipe_end(struct pipe *p)
{
	buf_reset(&p->bytes);
	transfer_end(&p->transfer, &p->bytes);
	if (hand_on(p) && p->charset != NULL) {
		buf_reset(&p->text);
		charset_close(p->charset, &p->text);
		p->charset = NULL;
		if (p->text.len > 0)
			p->fn(p->ctx, p->text.ptr, p->text.len);
	}
}

/* Feed the records from where the body begins; 1, or 0 when fn has enough. */
static int
feed_body(struct queue_content *c, const struct node *n, struct pipe *p,
    struct err *err)
{
	off_t left = n->part.encoded_bytes;
	const char *value;
	size_t len, take;
	int type, got = 1;

	if (n->body_at == -1 || left == 0)
		return 1;
	if (queue_file_seek(c->qf, n->body_at, err) == -1)
		return -1;
	while (left > 0 && (got = queue_file_next(c->qf, &type, &value, &len,
	    err)) == 1) {
		if (type != QUEUE_REC_TEXT && type != QUEUE_REC_PART)
			break;
		take = (off_t)len < left ? len : (size_t)left;
		left -= (off_t)take;
		if (!pipe_feed(p, value, take))
			return 0;
		if (type == QUEUE_REC_TEXT && left > 0) {
			left--;
			if (!pipe_feed(p, "\n", 1))
				return 0;
		}
	}
	if (got != -1 && left > 0)
		return err_set(err, ERR_SYNTAX, "the content changed while "
		    "it was read");
	return got == -1 ? -1 : 1;
}

int
queue_content_get(struct queue_content *c, size_t i,
    enum queue_content_form form, queue_content_fn fn, void *ctx,
    struct err *err)
{
	const struct queue_content_part *part = &c->nodes[i].part;
	struct pipe p = { .fn = fn, .ctx = ctx, .bytes = BUF_INIT,
	    .text = BUF_INIT };
	int rc;

	transfer_init(&p.transfer, form == CONTENT_RAW ||
	    is_composite(part) ? TRANSFER_PLAIN :
	    transfer_kind(part->encoding));
	if (form == CONTENT_TEXT &&
	    (p.charset = charset_open(part->charset)) == NULL)
		p.charset = charset_open("");
	rc = feed_body(c, &c->nodes[i], &p, err);
	if (rc == 1)
		pipe_end(&p);
	charset_close(p.charset, NULL);
	buf_done(&p.bytes);
	buf_done(&p.text);
	return rc == -1 ? -1 : 0;
}

/* ---- what a person would read ---- */

struct reader {
	struct queue_content *c;
	size_t		 max;
	struct buf	*out;
	struct buf	 part;
	bool		 found;
	struct err	*err;
};

static bool
collect(void *ctx, const char *data, size_t len)
{
	struct reader *r = ctx;

	if (len > r->max - r->part.len)
		len = r->max - r->part.len;
	buf_add(&r->part, data, len);
	return r->part.len < r->max;
}

static bool
is_readable(const struct queue_content_part *p)
{
	return strncmp(p->type, "text/", 5) == 0 &&
	    strcmp(p->disposition, "attachment") != 0;
}

static bool
has_html(const struct queue_content_part *p)
{
	return strcmp(p->type, "text/html") == 0;
}

/* Of a character set that nobody named: UTF-8, or what most others use. */
static int
read_leaf(struct reader *r, size_t i)
{
	const struct queue_content_part *p = queue_content_part(r->c, i);
	struct buf text = BUF_INIT;
	const char *charset = p->charset;

	buf_reset(&r->part);
	if (queue_content_get(r->c, i, CONTENT_DECODED, collect, r,
	    r->err) == -1)
		return -1;
	if ((charset[0] == '\0' || (p->defects & CONTENT_BAD_CHARSET)) &&
	    !text_is_utf8(r->part.ptr, r->part.len))
		charset = "windows-1252";
	charset_to_utf8(charset, r->part.ptr, r->part.len, &text);
	if (r->found && r->out->len > 0)
		buf_addc(r->out, '\n');
	if (has_html(p))
		html_text(text.ptr, text.len, r->out);
	else
		buf_add(r->out, text.ptr, text.len);
	r->found = true;
	r->max -= r->part.len;
	buf_done(&text);
	return 0;
}

/* Is there something readable in or below this part? plain: not as HTML */
static bool
can_read(const struct queue_content *c, size_t i, bool wants_plain)
{
	const struct queue_content_part *p;
	unsigned depth = c->nodes[i].part.depth;
	size_t k;

	for (k = i; k < c->count; k++) {
		p = &c->nodes[k].part;
		if (k > i && p->depth <= depth)
			break;
		if (is_readable(p) && !(wants_plain && has_html(p)))
			return true;
	}
	return false;
}

/* Which of the alternatives i has? The first with plain text, else with any. */
static size_t
choose(const struct queue_content *c, size_t i)
{
	size_t k;
	int wants_plain;

	for (wants_plain = 1; wants_plain >= 0; wants_plain--)
		for (k = i + 1; k < c->count; k++)
			if (c->nodes[k].part.parent == i &&
			    can_read(c, k, wants_plain))
				return k;
	return c->count;
}

static size_t
behind(const struct queue_content *c, size_t i)
{
	unsigned depth = c->nodes[i].part.depth;

	for (i++; i < c->count && c->nodes[i].part.depth > depth; i++)
		;
	return i;
}

/* Everything from first up to before end, in its order. */
static int
read_parts(struct reader *r, size_t first, size_t end)
{
	const struct queue_content_part *p;
	size_t i, chosen;

	for (i = first; i < end && r->max > 0; ) {
		p = queue_content_part(r->c, i);
		if (strcmp(p->disposition, "attachment") == 0) {
			i = behind(r->c, i);
		} else if (strcmp(p->type, "multipart/alternative") == 0) {
			chosen = choose(r->c, i);
			if (chosen < r->c->count && read_parts(r, chosen,
			    behind(r->c, chosen)) == -1)
				return -1;
			i = behind(r->c, i);
		} else {
			if (is_readable(p) && !is_composite(p) &&
			    read_leaf(r, i) == -1)
				return -1;
			i++;
		}
	}
	return 0;
}

int
queue_content_text(struct queue_content *c, size_t max, struct buf *out,
    struct err *err)
{
	struct reader r = { c, max, out, BUF_INIT, false, err };
	int rc = read_parts(&r, 0, c->count);

	buf_done(&r.part);
	return rc == -1 ? -1 : r.found;
}

int
queue_content_message(struct queue_file *qf, const char *name,
    queue_content_fn fn, void *ctx, struct err *err)
{
	const char *value;
	size_t len;
	int type, got;

	if (find_content(qf, err) == -1)
		return -1;
	while ((got = queue_file_next(qf, &type, &value, &len, err)) == 1) {
		if (type == QUEUE_REC_XTRA)
			return 0;
		if (type != QUEUE_REC_TEXT && type != QUEUE_REC_PART)
			break;
		if (!fn(ctx, value, len) || (type == QUEUE_REC_TEXT &&
		    !fn(ctx, "\n", 1)))
			return 0;
	}
	return got == -1 ? -1 : err_set(err, ERR_SYNTAX, "%s: the file ends "
	    "within the content", name);
}
