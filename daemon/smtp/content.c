/*
 * content.c - content records to lines on the wire
 *
 * A record N is a line, L a piece of one. Lines get CRLF, a dot at their
 * start is doubled (RFC 5321 4.5.2), and one that is too long is continued
 * after CRLF and a space. Where content has to change (quoted-printable for a
 * server without 8BITMIME, checks, generic maps), the MIME engine takes it
 * apart first; where not, records go straight through.
 *
 *	record ─▶ mime ─┬▶ on_header ─▶ checks ─▶ generic maps ─┬▶ put_piece
 *	                └▶ on_body ───▶ checks ─────────────────┘
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/smtp.h"

#include <string.h>

#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/mail/address_list.h"
#include "lib/mail/header.h"
#include "lib/mail/mime.h"
#include "lib/route/rewrite.h"
#include "lib/table/mapped.h"
#include "lib/table/maps.h"

/* A piece of a line; ends_line says that CRLF follows. */
static void
put_piece(struct smtp_content *c, const char *text, size_t len, bool ends_line,
    struct buf *out)
{
	size_t limit = (size_t)c->cfg->line_limit, n;

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

void
smtp_content_lines(struct smtp_content *c, const char *text, size_t len)
{
	const char *lf;
	size_t n;

	for (;;) {
		lf = memchr(text, '\n', len);
		n = lf != NULL ? (size_t)(lf - text) : len;
		put_piece(c, text, n, true, c->out);
		if (lf == NULL)
			return;
		text += n + 1;
		len -= n + 1;
	}
}

static bool
has_addresses(const struct buf *text)
{
	struct span name = { text->ptr,
	    header_name_len(text->ptr, text->len) };

	return (header_flags_of(header_lookup(name)) & (HEADER_IS_SENDER |
	    HEADER_IS_RECIPIENT)) != 0;
}

/* The addresses in a header become what the world may see. */
static void
generic_header(struct smtp_content *c, struct buf *text)
{
	struct buf value = BUF_INIT;
	const char *colon = strchr(text->ptr, ':');
	size_t skip;

	if (memchr(text->ptr, '\0', text->len) != NULL || colon == NULL)
		return;
	skip = (size_t)(colon - text->ptr) + 1;
	skip += strspn(text->ptr + skip, " \t");
	buf_add(&value, text->ptr, skip);
	if (address_list_rewrite(&value, text->ptr + skip, skip,
	    (size_t)params.header_address_token_limit, rewrite_one,
	    c->cfg->generic))
		buf_swap(text, &value);
	buf_done(&value);
}

/* ---- what the MIME engine finds ---- */

static void
on_header(void *ctx, enum mime_class class, struct buf *text)
{
	struct smtp_content *c = ctx;
	bool is_mapped = c->cfg->generic != NULL && class == MIME_PRIMARY &&
	    has_addresses(text);

	if (c->has_failed || !smtp_check_header(c, class, text))
		return;
	/* A line of the administrator's own making is taken literally. */
	if (is_mapped && has_addresses(text))
		generic_header(c, text);
	smtp_content_lines(c, text->ptr, text->len);
}

static void
on_header_end(void *ctx)
{
	(void)ctx;
}

static void
on_body(void *ctx, bool is_partial, const char *data, size_t len, off_t offset)
{
	struct smtp_content *c = ctx;
	struct buf text = BUF_INIT;

	if (c->has_failed)
		return;
	if (c->cfg->body_checks == NULL || len == 0 ||
	    (params.body_checks_size_limit != 0 &&
	    offset >= params.body_checks_size_limit)) {
		put_piece(c, data, len, !is_partial, c->out);
		return;
	}
	buf_add(&text, data, len);
	if (smtp_check_body(c, &text))
		put_piece(c, text.ptr, text.len, !is_partial, c->out);
	buf_done(&text);
}

/* ---- the whole ---- */

void
smtp_content_init(struct smtp_content *c, const char *queue_id,
    const struct smtp_config *cfg, bool wants_7bit)
{
	static const struct mime_ops ops = { on_header, on_header_end,
	    on_body, NULL, NULL };
	const struct mime_limits limits = {
		.header_size = (size_t)params.header_size_limit,
		.nesting = (size_t)params.mime_nesting_limit,
		.boundary_size = (size_t)params.mime_boundary_length_limit
	};

	memset(c, 0, sizeof(*c));
	c->queue_id = queue_id;
	c->cfg = cfg;
	if (!wants_7bit && cfg->generic == NULL && !smtp_config_checks(cfg))
		return;
	c->mime = mime_new(&ops, c);
	mime_reset(c->mime, &limits, (wants_7bit ? MIME_DOWNGRADE : 0) |
	    (params.disable_mime_input_processing ? MIME_NO_PARTS : 0));
}

void
smtp_content_done(struct smtp_content *c)
{
	mime_free(c->mime);
}

int
smtp_content_record(struct smtp_content *c, bool is_whole, const char *text,
    size_t len, struct buf *out)
{
	c->out = out;
	if (c->mime != NULL)
		mime_text(c->mime, !is_whole, text, len);
	else
		put_piece(c, text, len, is_whole, out);
	return c->has_failed ? -1 : 0;
}

int
smtp_content_end(struct smtp_content *c, struct buf *out)
{
	c->out = out;
	if (c->mime != NULL)
		mime_end(c->mime);
	if (c->column > 0) {
		buf_add(out, "\r\n", 2);
		c->column = 0;
	}
	return c->has_failed ? -1 : 0;
}
