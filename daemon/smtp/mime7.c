/*
 * mime7.c - 8-bit MIME content to quoted-printable, on the fly
 *
 *	HEADER --empty line--> BODY --boundary--> HEADER ...
 *
 * A header is collected field by field, since Content-Transfer-Encoding is
 * only known to change when Content-Type is known, too; it is written at the
 * end of its header. The boundaries of the multiparts around the current part
 * are a stack; a line that is one of them ends everything inside it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/mime7.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/mail/header.h"

#define DEPTH_MAX	100	/* deeper nests are passed as they are */
#define BOUNDARY_MAX	256	/* RFC 2046 5.1.1 allows 70 */
#define FIELD_MAX	(64 * 1024)
#define QP_COLUMNS	76	/* RFC 2045 6.7 (5) */

enum kind { LEAF, MULTIPART, MESSAGE };

struct mime7 {
	mime7_emit_fn	 emit;
	void		*ctx;
	bool		 in_header;
	bool		 is_partial;	/* the last record ended inside a line */
	struct buf	 field;		/* being collected, LF between its lines */
	enum kind	 kind;		/* of the part whose header this is */
	bool		 is_digest;	/* parts are messages unless they say otherwise */
	bool		 is_8bit;	/* the header says so */
	struct buf	 boundary;	/* of the header being read */
	bool		 encodes;	/* this body becomes quoted-printable */
	struct {
		char	*text;
		bool	 is_digest;
	} stack[DEPTH_MAX];
	size_t		 depth;
	struct buf	 line;		/* of quoted-printable */
	char		 blank;		/* one that may turn out to be the last, or NUL */
};

struct mime7 *
mime7_new(mime7_emit_fn emit, void *ctx)
{
	struct mime7 *m = xcalloc(1, sizeof(*m));

	m->emit = emit;
	m->ctx = ctx;
	m->in_header = true;
	buf_init(&m->field);
	buf_init(&m->boundary);
	buf_init(&m->line);
	return m;
}

static void
pop(struct mime7 *m, size_t depth)
{
	while (m->depth > depth)
		free(m->stack[--m->depth].text);
}

void
mime7_free(struct mime7 *m)
{
	if (m == NULL)
		return;
	pop(m, 0);
	buf_done(&m->field);
	buf_done(&m->boundary);
	buf_done(&m->line);
	free(m);
}

/* ---- quoted-printable ---- */

static void
qp_put(struct mime7 *m, const char *text, size_t len)
{
	/* One column stays for the '=' of a soft break. */
	if (m->line.len + len > QP_COLUMNS - 1) {
		buf_addc(&m->line, '=');
		m->emit(m->ctx, true, m->line.ptr, m->line.len);
		buf_reset(&m->line);
	}
	buf_add(&m->line, text, len);
}

static void
qp_hex(struct mime7 *m, unsigned char c)
{
	static const char digits[] = "0123456789ABCDEF";
	char text[3] = { '=', digits[c >> 4], digits[c & 15] };

	qp_put(m, text, 3);
}

static void
qp_piece(struct mime7 *m, const char *text, size_t len, bool ends_line)
{
	size_t i;
	char c;

	for (i = 0; i < len; i++) {
		c = text[i];
		if (m->blank != '\0')
			qp_put(m, &m->blank, 1);
		m->blank = '\0';
		if (c == ' ' || c == '\t')
			m->blank = c;
		else if (c < ' ' || c == '=' || c == 127 || (c & 0x80) != 0)
			qp_hex(m, (unsigned char)c);
		else
			qp_put(m, &c, 1);
	}
	if (!ends_line)
		return;
	if (m->blank != '\0')		/* blanks at the end get lost */
		qp_hex(m, (unsigned char)m->blank);
	m->blank = '\0';
	m->emit(m->ctx, true, m->line.ptr, m->line.len);
	buf_reset(&m->line);
}

/* ---- headers ---- */

/* A parameter of a header value, unquoted. */
static void
get_parameter(const char *value, const char *name, struct buf *out)
{
	const char *p = value;
	size_t n = strlen(name);

	buf_reset(out);
	while ((p = strchr(p, ';')) != NULL) {
		p += 1 + strspn(p + 1, " \t\n\r");
		if (strncasecmp(p, name, n) != 0)
			continue;
		p += n + strspn(p + n, " \t\n\r");
		if (*p++ != '=')
			continue;
		p += strspn(p, " \t\n\r");
		if (*p != '"') {
			buf_add(out, p, strcspn(p, " \t\n\r;()"));
			return;
		}
		for (p++; *p != '\0' && *p != '"'; p++) {
			if (*p == '\\' && p[1] != '\0')
				p++;
			buf_addc(out, *p);
		}
		return;
	}
}

static void
take_type(struct mime7 *m, const char *value)
{
	m->is_digest = false;
	if (strncasecmp(value, "multipart/", 10) == 0) {
		m->kind = MULTIPART;
		m->is_digest = strncasecmp(value + 10, "digest", 6) == 0;
		get_parameter(value, "boundary", &m->boundary);
	} else if (strncasecmp(value, "message/rfc822", 14) == 0 ||
	    strncasecmp(value, "message/global", 14) == 0) {
		m->kind = MESSAGE;
	} else {
		m->kind = LEAF;
	}
}

static void
emit_lines(struct mime7 *m, const char *text, size_t len)
{
	const char *lf;
	size_t n;

	for (;;) {
		lf = memchr(text, '\n', len);
		n = lf != NULL ? (size_t)(lf - text) : len;
		m->emit(m->ctx, true, text, n);
		if (lf == NULL)
			return;
		text += n + 1;
		len -= n + 1;
	}
}

/* The field is complete: look at it, pass it on; an 8-bit encoding is held back. */
static void
end_field(struct mime7 *m)
{
	struct span name = { m->field.ptr, 0 };
	const char *value;
	enum header_id id = HEADER_OTHER;

	if (m->field.len == 0)
		return;
	name.len = header_name_len(m->field.ptr, m->field.len);
	if (name.len > 0) {
		id = header_lookup(name);
		value = strchr(m->field.ptr, ':') + 1;
		value += strspn(value, " \t\n\r");
		if (id == HEADER_CONTENT_TYPE)
			take_type(m, value);
		if (id == HEADER_CONTENT_TRANSFER_ENCODING &&
		    (strncasecmp(value, "8bit", 4) == 0 ||
		    strncasecmp(value, "binary", 6) == 0)) {
			m->is_8bit = true;
			buf_reset(&m->field);
			return;
		}
	}
	emit_lines(m, m->field.ptr, m->field.len);
	buf_reset(&m->field);
}

static void
start_header(struct mime7 *m, enum kind kind)
{
	m->in_header = true;
	m->kind = kind;
	m->is_8bit = m->encodes = m->is_digest = false;
	buf_reset(&m->boundary);
}

static void
push_boundary(struct mime7 *m)
{
	if (m->boundary.len == 0 || m->boundary.len > BOUNDARY_MAX ||
	    m->depth == DEPTH_MAX)
		return;
	m->stack[m->depth].text = xstrdup(m->boundary.ptr);
	m->stack[m->depth++].is_digest = m->is_digest;
}

static void
end_header(struct mime7 *m)
{
	static const char field[] = "Content-Transfer-Encoding: ";
	struct buf line = BUF_INIT;

	end_field(m);
	m->in_header = false;
	m->encodes = m->is_8bit && m->kind == LEAF;
	if (m->is_8bit) {
		buf_setf(&line, "%s%s", field,
		    m->kind == LEAF ? "quoted-printable" : "7bit");
		m->emit(m->ctx, true, line.ptr, line.len);
		buf_done(&line);
	}
	if (m->kind == MULTIPART)
		push_boundary(m);
}

/* A line of a header. Returns false when it is the first of the body. */
static bool
header_line(struct mime7 *m, const char *text, size_t len)
{
	bool continues = !m->is_partial;

	if (m->is_partial || (m->field.len > 0 && len > 0 &&
	    (text[0] == ' ' || text[0] == '\t'))) {
		if (m->field.len + len > FIELD_MAX) {
			emit_lines(m, m->field.ptr, m->field.len);
			buf_reset(&m->field);
			continues = false;
		}
		if (continues)
			buf_addc(&m->field, '\n');
		buf_add(&m->field, text, len);
		return true;
	}
	end_field(m);
	if (header_name_len(text, len) == 0) {
		end_header(m);
		return false;
	}
	buf_add(&m->field, text, len);
	return true;
}

/* ---- bodies ---- */

/* Is this line a boundary of the stack?  Its index, or depth. */
static size_t
find_boundary(const struct mime7 *m, const char *text, size_t len, bool *ends)
{
	size_t i, n;

	if (len < 3 || text[0] != '-' || text[1] != '-')
		return m->depth;
	for (i = m->depth; i-- > 0;) {
		n = strlen(m->stack[i].text);
		if (len < n + 2 || memcmp(text + 2, m->stack[i].text, n) != 0)
			continue;
		*ends = len >= n + 4 && memcmp(text + 2 + n, "--", 2) == 0;
		return i;
	}
	return m->depth;
}

static bool
is_boundary(struct mime7 *m, const char *text, size_t len)
{
	bool ends = false;
	size_t i = find_boundary(m, text, len, &ends);

	if (i == m->depth)
		return false;
	if (m->in_header)		/* a part that is all header */
		end_header(m);
	m->encodes = false;
	pop(m, ends ? i : i + 1);
	if (!ends)
		start_header(m, m->stack[i].is_digest ? MESSAGE : LEAF);
	return true;
}

static void
body_line(struct mime7 *m, bool is_whole, const char *text, size_t len)
{
	if (m->encodes)
		qp_piece(m, text, len, is_whole);
	else
		m->emit(m->ctx, is_whole, text, len);
}

/* Mostly the empty line; behind it a message has another header. */
static void
first_body_line(struct mime7 *m, bool is_whole, const char *text, size_t len)
{
	bool is_message = m->kind == MESSAGE && len == 0 && is_whole;

	body_line(m, is_whole, text, len);
	if (is_message)
		start_header(m, LEAF);
}

void
mime7_record(struct mime7 *m, bool is_whole, const char *text, size_t len)
{
	bool starts_line = !m->is_partial;

	if (starts_line && is_boundary(m, text, len)) {
		m->emit(m->ctx, is_whole, text, len);
	} else if (m->in_header) {
		if (!header_line(m, text, len))
			first_body_line(m, is_whole, text, len);
	} else {
		body_line(m, is_whole, text, len);
	}
	m->is_partial = !is_whole;
}

void
mime7_end(struct mime7 *m)
{
	if (m->in_header)
		end_header(m);
	if (m->line.len > 0 || m->blank != '\0')
		qp_piece(m, "", 0, true);
}
