/*
 * transfer.c - undo a Content-Transfer-Encoding, as a stream
 *
 * Quoted-printable:
 *
 *	TEXT --"="--> ESCAPE --hex--> DIGIT --hex--> TEXT
 *	                 |  \--LF--> TEXT (soft line break)
 *	                 \--blank--> BLANK --LF--> TEXT
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/mail/transfer.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"

enum { IN_TEXT, IN_ESCAPE, IN_DIGIT, IN_BLANK };

enum transfer_kind
transfer_kind(const char *name)
{
	if (strcasecmp(name, "base64") == 0)
		return TRANSFER_BASE64;
	if (strcasecmp(name, "quoted-printable") == 0)
		return TRANSFER_QP;
	if (name[0] == '\0' || strcasecmp(name, "7bit") == 0 ||
	    strcasecmp(name, "8bit") == 0 || strcasecmp(name, "binary") == 0)
		return TRANSFER_PLAIN;
	return TRANSFER_UNKNOWN;
}

void
transfer_init(struct transfer *t, enum transfer_kind kind)
{
	memset(t, 0, sizeof(*t));
	t->kind = kind;
	t->state = IN_TEXT;
}

int
transfer_hex(int c)
{
	return isdigit(c) ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

/* ---- base64 ---- */

#define NO_DIGIT	255

static unsigned
base64_digit(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26u;
	if (c >= '0' && c <= '9')
		return c - '0' + 52u;
	return c == '+' ? 62 : c == '/' ? 63 : NO_DIGIT;
}

static void
feed_base64(struct transfer *t, const char *data, size_t len, struct buf *out)
{
	unsigned digit;
	size_t i;

	buf_reserve(out, len);
	for (i = 0; i < len; i++) {
		digit = base64_digit((unsigned char)data[i]);
		if (digit == NO_DIGIT) {
			if (data[i] == '=') {
				if (t->have == 0 && !t->is_padded)
					t->defects |= TRANSFER_BAD_BASE64;
				t->is_padded = true;
			} else if (strchr(" \t\r\n", data[i]) == NULL ||
			    data[i] == '\0') {
				t->defects |= TRANSFER_BAD_BASE64;
			}
			continue;
		}
		if (t->is_padded) {	/* two texts, one behind the other */
			t->defects |= TRANSFER_MORE_BASE64;
			t->is_padded = false;
			t->have = 0;
			t->bits = 0;
		}
		t->bits = (t->bits << 6 | digit) & 0xffff;
		t->have += 6;
		if (t->have >= 8) {
			t->have -= 8;
			buf_addc(out, (int)(t->bits >> t->have & 0xff));
		}
	}
}

/* ---- quoted-printable ---- */

static void
put_blanks(struct transfer *t, struct buf *out)
{
	buf_add(out, t->blanks, t->blank_count);
	t->blank_count = 0;
}

static void
qp_text(struct transfer *t, char c, struct buf *out)
{
	if (c == ' ' || c == '\t') {
		if (t->blank_count == sizeof(t->blanks))
			put_blanks(t, out);
		t->blanks[t->blank_count++] = c;
		return;
	}
	/* RFC 2045 6.7 (3): blanks at the end of a line were added on the way. */
	if (c == '\n')
		t->blank_count = 0;
	put_blanks(t, out);
	if (c == '=')
		t->state = IN_ESCAPE;
	else
		buf_addc(out, c);
}

/* What looked like an escape is none: it stands for itself. */
static void
qp_literal(struct transfer *t, char c, struct buf *out)
{
	t->defects |= TRANSFER_BAD_QP;
	buf_addc(out, '=');
	if (t->state == IN_DIGIT)
		buf_addc(out, t->digit);
	put_blanks(t, out);
	t->state = IN_TEXT;
	qp_text(t, c, out);
}

static void
feed_qp(struct transfer *t, char c, struct buf *out)
{
	switch (t->state) {
	case IN_ESCAPE:
		if (c == '\n') {
			t->state = IN_TEXT;
		} else if (c == ' ' || c == '\t' || c == '\r') {
			t->state = IN_BLANK;
		} else if (transfer_hex((unsigned char)c) >= 0) {
			t->digit = c;
			t->state = IN_DIGIT;
		} else {
			qp_literal(t, c, out);
		}
		break;
	case IN_DIGIT:
		if (transfer_hex((unsigned char)c) >= 0) {
			buf_addc(out, transfer_hex((unsigned char)t->digit) <<
			    4 | transfer_hex((unsigned char)c));
			t->state = IN_TEXT;
		} else {
			qp_literal(t, c, out);
		}
		break;
	case IN_BLANK:
		if (c == '\n')
			t->state = IN_TEXT;
		else if (c != ' ' && c != '\t' && c != '\r')
			qp_literal(t, c, out);
		break;
	default:
		qp_text(t, c, out);
		break;
	}
}

/* ---- both ---- */

void
transfer_feed(struct transfer *t, const char *data, size_t len,
    struct buf *out)
{
	size_t i;

	switch (t->kind) {
	case TRANSFER_BASE64:
		feed_base64(t, data, len, out);
		break;
	case TRANSFER_QP:
		for (i = 0; i < len; i++)
			feed_qp(t, data[i], out);
		break;
	case TRANSFER_PLAIN:
	case TRANSFER_UNKNOWN:
		buf_add(out, data, len);
		break;
	}
}

void
transfer_end(struct transfer *t, struct buf *out)
{
	/* Of a cut group whole bytes were given out; 6 bits are no byte. */
	if (t->kind == TRANSFER_BASE64 && !t->is_padded && t->have > 0)
		t->defects |= TRANSFER_CUT_BASE64;
	if (t->kind != TRANSFER_QP)
		return;
	if (t->state == IN_DIGIT) {
		t->defects |= TRANSFER_BAD_QP;
		buf_addc(out, '=');
		buf_addc(out, t->digit);
	}
	t->blank_count = 0;
	t->state = IN_TEXT;
}
