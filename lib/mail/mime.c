/*
 * mime.c - the MIME engine
 *
 * Header lines are collected until a line comes that does not continue them.
 * Only Content-Type and Content-Transfer-Encoding are looked into, and of them
 * only what decides how to read on: a boundary, message/rfc822, an encoding.
 * Open multiparts form a stack; a boundary line of an outer one closes the
 * inner ones (RFC 2046 5.1.2). Everything is linear in the size of the text,
 * memory is one header and the stack.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/mail/mime.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/mail/header.h"
#include "lib/mail/mime_param.h"

enum state { IN_HEADER, IN_BODY };

enum content { CONTENT_TEXT, CONTENT_MULTIPART, CONTENT_MESSAGE,
	CONTENT_PARTIAL };
enum encoding { ENCODING_7BIT, ENCODING_8BIT, ENCODING_ASCII };

struct level {			/* an open multipart */
	char	*boundary;
	size_t	 len;
	bool	 is_digest;
	struct level *outer;
};

struct mime {
	const struct mime_ops *ops;
	void		*ctx;
	struct mime_limits limits;
	unsigned	 flags;

	enum state	 state;
	enum mime_class	 class;		/* of the headers being read */
	struct buf	 header;	/* the one being collected */
	bool		 has_header, is_cut;
	bool		 in_line;	/* the last record was partial */
	bool		 is_header_line;	/* what in_line belongs to */

	/* What the headers of this entity said. */
	enum content	 content;
	enum encoding	 encoding;
	struct buf	 boundary;
	bool		 is_digest;

	bool		 converts;	/* this body becomes quoted-printable */
	struct buf	 qp;		/* the output line so far */
	char		 qp_blank;	/* a blank that may be the last of its line, or NUL */

	struct level	*top;
	size_t		 depth;
	off_t		 offset;
	unsigned	 reported;
};

struct mime *
mime_new(const struct mime_ops *ops, void *ctx)
{
	struct mime *m = xcalloc(1, sizeof(*m));

	m->ops = ops;
	m->ctx = ctx;
	buf_init(&m->header);
	buf_init(&m->boundary);
	buf_init(&m->qp);
	return m;
}

static void
pop(struct mime *m)
{
	struct level *l = m->top;

	m->top = l->outer;
	m->depth--;
	free(l->boundary);
	free(l);
}

void
mime_free(struct mime *m)
{
	if (m == NULL)
		return;
	while (m->top != NULL)
		pop(m);
	buf_done(&m->header);
	buf_done(&m->boundary);
	buf_done(&m->qp);
	free(m);
}

/* enter_headers - the headers of an entity follow */
static void
enter_headers(struct mime *m, enum mime_class class)
{
	m->state = IN_HEADER;
	m->class = class;
	m->has_header = m->is_cut = false;
	m->converts = false;
	m->content = CONTENT_TEXT;
	m->encoding = ENCODING_7BIT;
	buf_reset(&m->header);
	buf_reset(&m->boundary);
	/* RFC 2046 5.1.5: in a digest the default is message/rfc822. */
	if (class == MIME_PART && m->top != NULL && m->top->is_digest)
		m->content = CONTENT_MESSAGE;
	m->is_digest = false;
}

void
mime_reset(struct mime *m, const struct mime_limits *limits, unsigned flags)
{
	while (m->top != NULL)
		pop(m);
	buf_reset(&m->qp);
	m->qp_blank = '\0';
	m->limits = *limits;
	m->flags = flags;
	m->in_line = false;
	m->offset = 0;
	m->reported = 0;
	enter_headers(m, MIME_PRIMARY);
}

static void
report(struct mime *m, enum mime_error error, const char *text)
{
	if ((m->reported & error) != 0)
		return;
	m->reported |= error;
	if (m->ops->error != NULL)
		m->ops->error(m->ctx, error, text);
}

static void
step(struct mime *m, enum mime_step what)
{
	if (m->ops->step != NULL)
		m->ops->step(m->ctx, what, m->depth);
}

static bool
has_8bit(const char *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((unsigned char)data[i] >= 0x80)
			return true;
	return false;
}

/* ---- what a Content-* header says ---- */

static void
parse_content_type(struct mime *m, const char *p)
{
	struct buf type = BUF_INIT, subtype = BUF_INIT, name = BUF_INIT;

	m->content = CONTENT_TEXT;
	p = mime_token(p, &type);
	if (*p == '/')
		p = mime_token(p + 1, &subtype);
	if (strcasecmp(type.ptr, "message") == 0 &&
	    (strcasecmp(subtype.ptr, "rfc822") == 0 ||
	    strcasecmp(subtype.ptr, "global") == 0))
		m->content = CONTENT_MESSAGE;
	if (strcasecmp(type.ptr, "message") == 0 &&
	    strcasecmp(subtype.ptr, "partial") == 0)
		m->content = CONTENT_PARTIAL;
	if (strcasecmp(type.ptr, "multipart") == 0) {
		m->content = CONTENT_MULTIPART;
		m->is_digest = strcasecmp(subtype.ptr, "digest") == 0;
		buf_reset(&m->boundary);
		while ((p = strchr(p, ';')) != NULL) {
			p = mime_token(p + 1, &name);
			if (*p != '=')
				continue;
			p = mime_token(p + 1, &type);
			if (strcasecmp(name.ptr, "boundary") == 0) {
				buf_set(&m->boundary, type.ptr, type.len);
				break;
			}
		}
	}
	buf_done(&type);
	buf_done(&subtype);
	buf_done(&name);
}

static void
parse_encoding(struct mime *m, const char *p)
{
	struct buf name = BUF_INIT;

	mime_token(p, &name);
	if (strcasecmp(name.ptr, "7bit") == 0)
		m->encoding = ENCODING_7BIT;
	else if (strcasecmp(name.ptr, "8bit") == 0 ||
	    strcasecmp(name.ptr, "binary") == 0)
		m->encoding = ENCODING_8BIT;
	else if (strcasecmp(name.ptr, "base64") == 0 ||
	    strcasecmp(name.ptr, "quoted-printable") == 0)
		m->encoding = ENCODING_ASCII;
	else			/* unknown: it may hold what 7bit may */
		m->encoding = ENCODING_7BIT;
	buf_done(&name);
}

/* ---- headers ---- */

/* says_8bit - is the header, which was parsed, an 8bit or binary Content-Transfer-Encoding? */
static bool
says_8bit(const struct mime *m, size_t name)
{
	return header_lookup((struct span){ m->header.ptr, name }) ==
	    HEADER_CONTENT_TRANSFER_ENCODING && m->encoding == ENCODING_8BIT;
}

/* put_encoding - the Content-Transfer-Encoding of what a part is turned into */
static void
put_encoding(struct mime *m)
{
	/* Of several the last counts. */
	m->converts = m->converts && m->encoding == ENCODING_8BIT;
	if (!m->converts)
		return;
	/* RFC 2045 6.4: what holds other parts is not encoded itself. */
	m->converts = m->content == CONTENT_TEXT;
	buf_sets(&m->header, m->converts ?
	    "Content-Transfer-Encoding: quoted-printable" :
	    "Content-Transfer-Encoding: 7bit");
	m->ops->header(m->ctx, m->class, &m->header);
	buf_reset(&m->header);
}

/* flush_header - a header is complete */
static void
flush_header(struct mime *m)
{
	size_t name;
	const char *value;

	if (!m->has_header)
		return;
	m->has_header = false;
	if (m->is_cut)
		report(m, MIME_ERR_TRUNCATED, m->header.ptr);
	if (has_8bit(m->header.ptr, m->header.len))
		report(m, MIME_ERR_8BIT_HEADER, m->header.ptr);
	name = header_name_len(m->header.ptr, m->header.len);
	if ((m->flags & MIME_NO_PARTS) == 0 && name >= 12 &&
	    (m->header.ptr[0] | 0x20) == 'c') {
		value = strchr(m->header.ptr, ':') + 1;
		switch (header_lookup((struct span){ m->header.ptr, name })) {
		case HEADER_CONTENT_TYPE:
			parse_content_type(m, value);
			break;
		case HEADER_CONTENT_TRANSFER_ENCODING:
			parse_encoding(m, value);
			break;
		default:
			break;
		}
		if ((m->flags & MIME_DOWNGRADE) != 0 && says_8bit(m, name)) {
			m->converts = true;
			buf_reset(&m->header);
			m->is_cut = false;
			return;		/* put_encoding has another one */
		}
	}
	m->ops->header(m->ctx, m->class, &m->header);
	buf_reset(&m->header);
	m->is_cut = false;
}

static void
add_to_header(struct mime *m, const char *data, size_t len, bool is_new_line)
{
	if (m->is_cut)
		return;
	if (is_new_line)
		buf_addc(&m->header, '\n');
	buf_add(&m->header, data, len);
	m->is_cut = header_cut(&m->header, m->limits.header_size);
}

/* push - a multipart begins */
static void
push(struct mime *m)
{
	struct level *l;

	if (m->depth >= m->limits.nesting) {
		report(m, MIME_ERR_NESTING, m->boundary.ptr);
		return;
	}
	l = xcalloc(1, sizeof(*l));
	l->len = m->boundary.len < m->limits.boundary_size ? m->boundary.len :
	    m->limits.boundary_size;
	l->boundary = xstrndup(m->boundary.ptr, l->len);
	l->is_digest = m->is_digest;
	l->outer = m->top;
	m->top = l;
	m->depth++;
	step(m, MIME_STEP_MULTIPART);
}

/* enter_body - the headers of an entity are over: what follows? */
static void
enter_body(struct mime *m)
{
	m->state = IN_BODY;
	m->offset = 0;
	if ((m->flags & MIME_NO_PARTS) != 0)
		return;
	/* RFC 2045 6.4: composite types are not encoded; RFC 2046 5.2.2:
	   fragments are 7bit. */
	if ((m->flags & MIME_WANT_ENCODING) != 0 &&
	    m->content != CONTENT_TEXT && (m->encoding == ENCODING_ASCII ||
	    (m->content == CONTENT_PARTIAL && m->encoding != ENCODING_7BIT)))
		report(m, MIME_ERR_ENCODING,
		    m->encoding == ENCODING_ASCII ? "base64 or quoted-printable" :
		    "8bit");
	if (m->content == CONTENT_MULTIPART && m->boundary.len > 0)
		push(m);
	else if (m->content == CONTENT_MESSAGE) {
		step(m, MIME_STEP_NESTED);
		enter_headers(m, MIME_NESTED);
	}
}

static void
put_raw(struct mime *m, bool is_partial, const char *data, size_t len)
{
	m->ops->body(m->ctx, is_partial, data, len, m->offset);
	m->offset += (off_t)len + !is_partial;
}

/* qp_add - one byte as itself or as =XX, with a soft line break where it is due (RFC 2045 6.7) */
static void
qp_add(struct mime *m, unsigned char c, bool is_coded)
{
	/* Behind 72 a byte that has to be coded, and '=', would not fit. */
	if (m->qp.len > 72) {
		buf_addc(&m->qp, '=');
		put_raw(m, false, m->qp.ptr, m->qp.len);
		buf_reset(&m->qp);
	}
	if (is_coded)
		buf_addf(&m->qp, "=%02X", c);
	else
		buf_addc(&m->qp, c);
}

/* put_body - a piece of a line, converted if this part is */
static void
put_body(struct mime *m, bool is_partial, const char *data, size_t len)
{
	unsigned char c;
	size_t i;

	if (!m->converts) {
		put_raw(m, is_partial, data, len);
		return;
	}
	for (i = 0; i < len; i++) {
		if (m->qp_blank != '\0')
			qp_add(m, (unsigned char)m->qp_blank, false);
		m->qp_blank = '\0';
		c = (unsigned char)data[i];
		if (c == ' ' || c == '\t')
			m->qp_blank = data[i];
		else
			qp_add(m, c, c == '=' || c < ' ' || c > 126);
	}
	if (is_partial)
		return;
	if (m->qp_blank != '\0')
		qp_add(m, (unsigned char)m->qp_blank, true);
	m->qp_blank = '\0';
	put_raw(m, false, m->qp.ptr, m->qp.len);
	buf_reset(&m->qp);
}

/* end_headers - a line came that is no header; has_blank: it is the empty one */
static void
end_headers(struct mime *m, bool has_blank)
{
	enum mime_class class = m->class;

	flush_header(m);
	put_encoding(m);
	if (class == MIME_PRIMARY) {
		if (!has_blank)
			report(m, MIME_ERR_HEADER_END, "");
		m->ops->header_end(m->ctx);
		/* Without its blank line the body would look like headers. */
		if (!has_blank)
			m->ops->body(m->ctx, false, "", 0, 0);
	}
	if (has_blank)
		m->ops->body(m->ctx, false, "", 0, 0);
	if (class == MIME_PRIMARY || has_blank) {
		enter_body(m);
	} else {
		m->state = IN_BODY;
		m->offset = 0;
	}
}

/* ---- body ---- */

/*
 * at_boundary - is this line a boundary of an open multipart?
 *
 * The inner ones are closed; *is_last when it ends the multipart itself.
 */
static bool
at_boundary(struct mime *m, const char *data, size_t len, bool *is_last)
{
	struct level *l;

	if (len < 2 || data[0] != '-' || data[1] != '-')
		return false;
	for (l = m->top; l != NULL; l = l->outer)
		if (len - 2 >= l->len &&
		    memcmp(data + 2, l->boundary, l->len) == 0)
			break;
	if (l == NULL)
		return false;
	while (m->top != l)
		pop(m);
	*is_last = len - 2 >= l->len + 2 && data[2 + l->len] == '-' &&
	    data[3 + l->len] == '-';
	return true;
}

static void
body_text(struct mime *m, bool is_partial, const char *data, size_t len)
{
	bool is_last;

	if (!m->in_line && m->top != NULL &&
	    at_boundary(m, data, len, &is_last)) {
		step(m, is_last ? MIME_STEP_LAST : MIME_STEP_PART);
		m->converts = false;
		put_body(m, is_partial, data, len);
		m->offset = 0;
		if (is_last) {			/* the epilogue is plain text */
			pop(m);
			m->encoding = ENCODING_7BIT;
		} else {
			enter_headers(m, MIME_PART);
			m->is_header_line = false;
		}
		return;
	}
	if ((m->flags & MIME_WANT_8BIT) != 0 &&
	    m->encoding == ENCODING_7BIT && has_8bit(data, len))
		report(m, MIME_ERR_8BIT_BODY, data);
	put_body(m, is_partial, data, len);
}

/* header_text - a record where a header may stand */
static void
header_text(struct mime *m, bool is_partial, const char *data, size_t len)
{
	bool is_last;

	if (m->has_header && len > 0 && (*data == ' ' || *data == '\t')) {
		add_to_header(m, data, len, true);
		m->is_header_line = true;
	} else if (header_name_len(data, len) > 0) {
		flush_header(m);
		m->has_header = true;
		add_to_header(m, data, len, false);
		m->is_header_line = true;
	} else if (len == 0 && !is_partial) {
		end_headers(m, true);
	} else if (m->class != MIME_PRIMARY &&
	    at_boundary(m, data, len, &is_last)) {
		flush_header(m);
		put_encoding(m);
		m->state = IN_BODY;
		m->is_header_line = false;
		body_text(m, is_partial, data, len);
	} else {
		end_headers(m, false);
		m->is_header_line = false;
		body_text(m, is_partial, data, len);
	}
}

void
mime_text(struct mime *m, bool is_partial, const char *data, size_t len)
{
	if (m->in_line && m->is_header_line)
		add_to_header(m, data, len, false);
	else if (m->in_line)			/* the rest of a body line */
		put_body(m, is_partial, data, len);
	else if (m->state == IN_HEADER)
		header_text(m, is_partial, data, len);
	else {
		m->is_header_line = false;
		body_text(m, is_partial, data, len);
	}
	m->in_line = is_partial;
}

void
mime_end(struct mime *m)
{
	if (m->in_line && !m->is_header_line)
		put_body(m, false, "", 0);
	m->in_line = false;
	if (m->state != IN_HEADER)
		return;
	flush_header(m);
	put_encoding(m);
	if (m->class == MIME_PRIMARY)
		m->ops->header_end(m->ctx);
	m->state = IN_BODY;
}

bool
mime_is_plain(const struct mime *m)
{
	return m->state == IN_BODY && m->top == NULL && !m->in_line &&
	    (m->flags & MIME_WANT_8BIT) == 0 && !m->converts;
}

bool
mime_is_about_mime(enum mime_class class, const struct buf *text)
{
	struct span name = { text->ptr,
	    header_name_len(text->ptr, text->len) };

	return class == MIME_PART ||
	    (header_flags_of(header_lookup(name)) & HEADER_IS_MIME) != 0;
}

const char *
mime_error_text(enum mime_error error, const char **dsn)
{
	*dsn = "5.6.0";
	switch (error) {
	case MIME_ERR_NESTING:
		return "MIME nesting exceeds safety limit";
	case MIME_ERR_TRUNCATED:
		return "message header length exceeds safety limit";
	case MIME_ERR_8BIT_HEADER:
		return "improper use of 8-bit data in message header";
	case MIME_ERR_8BIT_BODY:
		return "improper use of 8-bit data in message body";
	case MIME_ERR_ENCODING:
		return "invalid message/* or multipart/* encoding domain";
	case MIME_ERR_HEADER_END:
		return "message header not followed by an empty line";
	}
	return "MIME error";
}
