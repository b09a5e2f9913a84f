/*
 * queue_header.c - header fields of a queued message, decoded for people
 *
 * RFC 2047: "=?charset?B or Q?text?=", blanks between two encoded words do not
 * count. What cannot be decoded stays as it is.
 *
 * SPDX-License-Identifier: ISC
 */
#include <ctype.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/text.h"
#include "lib/mail/header.h"
#include "lib/queue/queue_message.h"

#define CHARSET_MAX	64

static int
base64_digit(int c)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c == '\0' ? NULL : strchr(digits, c);

	return p == NULL ? -1 : (int)(p - digits);
}

static void
decode_b(struct buf *out, const char *text, size_t len)
{
	unsigned bits = 0;
	int have = 0, digit;

	for (; len > 0 && (digit = base64_digit(*text)) != -1; len--, text++) {
		bits = bits << 6 | (unsigned)digit;
		have += 6;
		if (have >= 8) {
			have -= 8;
			buf_addc(out, (int)(bits >> have & 0xff));
		}
	}
}

static int
hex_digit(int c)
{
	return isdigit(c) ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

static void
decode_q(struct buf *out, const char *text, size_t len)
{
	size_t i;
	int high, low;

	for (i = 0; i < len; i++) {
		if (text[i] == '=' && i + 2 < len &&
		    (high = hex_digit((unsigned char)text[i + 1])) >= 0 &&
		    (low = hex_digit((unsigned char)text[i + 2])) >= 0) {
			buf_addc(out, high << 4 | low);
			i += 2;
		} else {
			buf_addc(out, text[i] == '_' ? ' ' : text[i]);
		}
	}
}

/* Bytes in charset as UTF-8; false when that charset is not known. */
static bool
put_utf8(struct buf *out, const char *charset, const struct buf *bytes)
{
	char chunk[256], *from = bytes->ptr, *to;
	size_t left = bytes->len, room;
	iconv_t cd;

	if (strcasecmp(charset, "utf-8") == 0 ||
	    strcasecmp(charset, "us-ascii") == 0) {
		buf_add(out, bytes->ptr, bytes->len);
		return true;
	}
	if ((cd = iconv_open("UTF-8", charset)) == (iconv_t)-1)
		return false;
	while (left > 0) {
		to = chunk;
		room = sizeof(chunk);
		if (iconv(cd, &from, &left, &to, &room) == (size_t)-1 &&
		    to == chunk) {
			buf_adds(out, "\xef\xbf\xbd");	/* U+FFFD */
			from++;
			left--;
			continue;
		}
		buf_add(out, chunk, (size_t)(to - chunk));
	}
	iconv_close(cd);
	return true;
}

/* Decode an encoded word at p; its length, or 0 when there is none. */
static size_t
encoded_word(struct buf *out, const char *p)
{
	struct buf bytes = BUF_INIT;
	char charset[CHARSET_MAX], how;
	const char *text, *end, *mark;
	size_t len;
	bool is_good;

	if (p[0] != '=' || p[1] != '?')
		return 0;
	mark = strchr(p + 2, '?');
	if (mark == NULL || mark == p + 2 ||
	    (size_t)(mark - p - 2) >= sizeof(charset))
		return 0;
	memcpy(charset, p + 2, (size_t)(mark - p - 2));
	charset[mark - p - 2] = '\0';
	charset[strcspn(charset, "*")] = '\0';	/* RFC 2231 5: language */
	how = (char)toupper((unsigned char)mark[1]);
	if ((how != 'B' && how != 'Q') || mark[2] != '?')
		return 0;
	text = mark + 3;
	len = strcspn(text, "? ");
	end = text + len;
	if (end[0] != '?' || end[1] != '=')
		return 0;
	if (how == 'B')
		decode_b(&bytes, text, len);
	else
		decode_q(&bytes, text, len);
	is_good = put_utf8(out, charset, &bytes);
	buf_done(&bytes);
	return is_good ? (size_t)(end + 2 - p) : 0;
}

static void
decode(struct buf *out, const char *value)
{
	const char *p = value, *next;
	bool after_word = false;
	size_t n;

	while (*p != '\0') {
		if ((n = encoded_word(out, p)) > 0) {
			p += n;
			after_word = true;
			continue;
		}
		next = text_skip_blank(p);
		if (after_word && next > p && next[0] == '=' &&
		    next[1] == '?') {
			p = next;
			after_word = false;
			continue;
		}
		after_word = false;
		buf_addc(out, *p++);
	}
}

bool
queue_message_header(const struct queue_message *m, const char *name,
    size_t nth, struct buf *out)
{
	struct buf raw = BUF_INIT;
	const char *p = m->headers, *end = p + m->headers_len, *nl, *colon;
	size_t len = strlen(name), have;
	bool is_ours = false, found = false;

	for (; p < end; p = nl + 1) {
		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL)
			break;
		if (*p == ' ' || *p == '\t') {
			if (is_ours) {	/* folded: one blank instead */
				p = text_skip_blank(p);
				buf_addc(&raw, ' ');
				buf_add(&raw, p, p < nl ?
				    (size_t)(nl - p) : 0);
			}
			continue;
		}
		if (is_ours)
			break;
		have = header_name_len(p, (size_t)(nl - p));
		if (have != len || strncasecmp(p, name, len) != 0 ||
		    nth-- > 0)
			continue;
		is_ours = found = true;
		colon = memchr(p, ':', (size_t)(nl - p));
		p = text_skip_blank(colon + 1);
		buf_add(&raw, p, p < nl ? (size_t)(nl - p) : 0);
	}
	if (found) {
		buf_trim_right(&raw);
		decode(out, raw.ptr);
	}
	buf_done(&raw);
	return found;
}
