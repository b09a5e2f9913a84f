/*
 * content.c - content records to lines on the wire
 *
 * A record N is a line, L a piece of one. Lines get CRLF, a dot at their
 * start is doubled (RFC 5321 4.5.2), and one that is too long is continued
 * after CRLF and a space. With generic maps, header fields are collected and
 * their addresses rewritten before they go out.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/smtp.h"

#include <string.h>

#include "daemon/rewrite/rewrite.h"
#include "daemon/smtp/mime7.h"
#include "lib/base/log.h"
#include "lib/mail/address.h"
#include "lib/mail/address_list.h"
#include "lib/mail/header.h"
#include "lib/table/mapped.h"
#include "lib/table/maps.h"

static void	put_converted(void *ctx, bool is_whole, const char *text,
		    size_t len);

#define LINE_START	998	/* no name or boundary is longer */
#define HEADER_MAX	(100 * 1024)	/* longer fields go out as they are */

void
smtp_content_init(struct smtp_content *c, const char *queue_id, int line_limit,
    struct maps *generic, bool wants_7bit)
{
	memset(c, 0, sizeof(*c));
	c->queue_id = queue_id;
	c->line_limit = line_limit;
	c->generic = generic;
	buf_init(&c->header);
	buf_init(&c->held);
	if (wants_7bit)
		c->mime = mime7_new(put_converted, c);
}

void
smtp_content_done(struct smtp_content *c)
{
	buf_done(&c->header);
	buf_done(&c->held);
	mime7_free(c->mime);
}

/* A piece of a line; ends_line says that CRLF follows. */
static void
put_piece(struct smtp_content *c, const char *text, size_t len, bool ends_line,
    struct buf *out)
{
	size_t limit = (size_t)c->line_limit, n;

	if (c->column == 0 && len > 0 && text[0] == '.')
		buf_addc(out, '.');
	while (limit > 0 && c->column + len > limit) {
		if (!c->said_breaking) {
			log_info("%s: breaking line > %zu bytes with "
			    "<CR><LF>SPACE", c->queue_id, limit);
			c->said_breaking = true;
		}
		n = limit > c->column ? limit - c->column : 0;
		buf_add(out, text, n);
		buf_add(out, "\r\n ", 3);
		text += n;
		len -= n;
		c->column = 1;
		if (limit == 1)		/* the space is all that fits */
			c->column = 0;
	}
	buf_add(out, text, len);
	c->column += len;
	if (ends_line) {
		buf_add(out, "\r\n", 2);
		c->column = 0;
	}
}

/* ---- generic maps ---- */

/* Of several addresses the first is taken. */
static void
take_first(const char *address, void *ctx)
{
	struct buf *out = ctx;

	if (out->len == 0)
		buf_sets(out, address);
}

bool
smtp_generic(struct maps *generic, const char *address, struct buf *out)
{
	const struct mapped m = { mapped_propagates("generic"), rewrite_local,
	    take_first, out };

	if (address[0] == '\0')
		return false;
	buf_reset(out);
	switch (mapped_addresses(generic, address, &m)) {
	case TABLE_FOUND:
		return true;
	case TABLE_NOT_FOUND:
		return false;
	case TABLE_RETRY:
	case TABLE_BROKEN:
		break;
	}
	/* An internal address must not leak: the message is tried again. */
	log_fatal("%s: lookup of %s failed", maps_title(generic), address);
}

static void
rewrite_one(const char *external, struct buf *out, void *ctx)
{
	struct buf internal = BUF_INIT, result = BUF_INIT;

	address_unquote(&internal, external);
	if (smtp_generic(ctx, internal.ptr, &result))
		address_quote(out, result.ptr);
	else
		buf_adds(out, external);
	buf_done(&internal);
	buf_done(&result);
}

/* Each line of text, LF between them, goes out on its own. */
static void
put_lines(struct smtp_content *c, const char *text, size_t len,
    struct buf *out)
{
	const char *lf;
	size_t n;

	for (;;) {
		lf = memchr(text, '\n', len);
		n = lf != NULL ? (size_t)(lf - text) : len;
		put_piece(c, text, n, true, out);
		if (lf == NULL)
			return;
		text += n + 1;
		len -= n + 1;
	}
}

/* The field in c->header is complete. */
static void
flush_header(struct smtp_content *c, struct buf *out)
{
	struct buf value = BUF_INIT;
	const char *text = c->header.ptr;
	size_t name, skip;
	unsigned flags = 0;

	if (c->header.len == 0)
		return;
	name = header_name_len(text, c->header.len);
	if (name > 0 && memchr(text, '\0', c->header.len) == NULL)
		flags = header_flags_of(header_lookup((struct span){ text,
		    name }));
	if ((flags & (HEADER_IS_SENDER | HEADER_IS_RECIPIENT)) != 0) {
		skip = (size_t)(strchr(text + name, ':') - text) + 1;
		skip += strspn(text + skip, " \t");
		buf_add(&value, text, skip);
		address_list_rewrite(&value, text + skip, skip, rewrite_one,
		    c->generic);
		put_lines(c, value.ptr, value.len, out);
	} else {
		put_lines(c, text, c->header.len, out);
	}
	buf_reset(&c->header);
	buf_done(&value);
}

/* In the header, with generic maps: returns false when the text is for the body. */
static bool
collect_header(struct smtp_content *c, bool is_whole, const char *text,
    size_t len, struct buf *out)
{
	bool starts = !c->is_partial;

	if (c->header.len + len > HEADER_MAX) {
		put_lines(c, c->header.ptr, c->header.len, out);
		buf_reset(&c->header);
		c->in_body = true;	/* enough: nobody has such a header */
		return false;
	}
	if (starts && c->header.len > 0 && len > 0 && (text[0] == ' ' ||
	    text[0] == '\t')) {
		buf_addc(&c->header, '\n');
	} else if (starts) {
		flush_header(c, out);
		if (header_name_len(text, len) == 0) {
			c->in_body = true;
			return false;
		}
	}
	buf_add(&c->header, text, len);
	c->is_partial = !is_whole;
	return true;
}

static void
put_record(struct smtp_content *c, bool is_whole, const char *text, size_t len,
    struct buf *out)
{
	if (c->generic != NULL && !c->in_body &&
	    collect_header(c, is_whole, text, len, out))
		return;
	put_piece(c, text, len, is_whole, out);
	c->is_partial = !is_whole;
}

static void
put_converted(void *ctx, bool is_whole, const char *text, size_t len)
{
	struct smtp_content *c = ctx;

	put_record(c, is_whole, text, len, c->out);
}

static void
convert_record(struct smtp_content *c, bool is_whole, const char *text,
    size_t len, struct buf *out)
{
	if (c->mime == NULL) {
		put_record(c, is_whole, text, len, out);
		return;
	}
	c->out = out;
	mime7_record(c->mime, is_whole, text, len);
}

void
smtp_content_record(struct smtp_content *c, bool is_whole, const char *text,
    size_t len, struct buf *out)
{
	bool is_start = c->held.len > 0 || !c->is_inside;

	if (c->mime == NULL && c->generic == NULL) {
		put_piece(c, text, len, is_whole, out);
		return;
	}
	/* Names and boundaries are looked for in the start of a line as a whole. */
	c->is_inside = !is_whole;
	if (is_start && !is_whole && c->held.len + len < LINE_START) {
		buf_add(&c->held, text, len);
		return;
	}
	if (c->held.len > 0) {
		buf_add(&c->held, text, len);
		convert_record(c, is_whole, c->held.ptr, c->held.len, out);
		buf_reset(&c->held);
	} else {
		convert_record(c, is_whole, text, len, out);
	}
}

void
smtp_content_end(struct smtp_content *c, struct buf *out)
{
	c->out = out;
	if (c->held.len > 0)
		convert_record(c, false, c->held.ptr, c->held.len, out);
	if (c->mime != NULL)
		mime7_end(c->mime);
	flush_header(c, out);
	if (c->column > 0) {
		buf_add(out, "\r\n", 2);
		c->column = 0;
	}
	c->is_partial = false;
}
