/*
 * queue_content_get.c - what a message that was read is asked for: its parts by
 * number, their bytes, the text worth reading
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_content.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/mail/charset.h"
#include "lib/mail/encoded_word.h"
#include "lib/mail/html_text.h"
#include "lib/mail/transfer.h"
#include "lib/queue/queue_content_internal.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_rec.h"

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
	    content_is_composite(part) ? TRANSFER_PLAIN :
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
			if (is_readable(p) && !content_is_composite(p) &&
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

	if (content_find(qf, err) == -1)
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
