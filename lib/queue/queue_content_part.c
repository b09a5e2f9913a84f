/*
 * queue_content_part.c - what the header fields of a MIME part say it is
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_content_internal.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/mail/charset.h"
#include "lib/mail/header.h"
#include "lib/mail/mime_param.h"
#include "lib/mail/transfer.h"
#include "lib/queue/queue_content.h"

/* What no field has said yet; everything else is on the heap. */
static char nothing[] = "";

bool
content_is_composite(const struct queue_content_part *p)
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
fill_defaults(struct queue_content_part *p, const struct queue_content_part *up)
{
	struct charset *known;

	if (p->type == nothing)
		p->type = xstrdup(p != up &&
		    strcmp(up->type, "multipart/digest") == 0 ?
		    "message/rfc822" : "text/plain");
	if (p->encoding == nothing)
		p->encoding = xstrdup("7bit");
	if (transfer_kind(p->encoding) == TRANSFER_UNKNOWN)
		p->defects |= CONTENT_BAD_ENCODING;
	if (content_is_composite(p) &&
	    (transfer_kind(p->encoding) == TRANSFER_BASE64 ||
	    transfer_kind(p->encoding) == TRANSFER_QP))
		p->defects |= CONTENT_ENCODED_PARTS;
	if (strncmp(p->type, "text/", 5) != 0 || p->charset[0] == '\0')
		return;
	if ((known = charset_open(p->charset)) == NULL)
		p->defects |= CONTENT_BAD_CHARSET;
	charset_close(known, NULL);
}

void
content_part_init(struct queue_content_part *p)
{
	memset(p, 0, sizeof(*p));
	p->type = p->charset = p->encoding = p->disposition = p->file_name =
	    p->id = p->description = nothing;
}

void
content_part_done(struct queue_content_part *p)
{
	free_text(p->type);
	free_text(p->charset);
	free_text(p->encoding);
	free_text(p->disposition);
	free_text(p->file_name);
	free_text(p->id);
	free_text(p->description);
}

void
content_part_fill(struct queue_content_part *p,
    const struct queue_content_part *up,
    const struct queue_content_header *fields)
{
	size_t i;

	for (i = 0; i < p->header_count; i++)
		take_field(p, &fields[i]);
	fill_defaults(p, up);
}

void
content_part_hold_others(struct queue_content_part *p, const char *type)
{
	if (content_is_composite(p))
		return;
	free_text(p->type);
	p->type = xstrdup(type);
	p->is_multipart = strcmp(type, "message/rfc822") != 0;
}
