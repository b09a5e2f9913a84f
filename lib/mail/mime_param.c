/*
 * mime_param.c - the values of Content-* fields
 *
 *	type/subtype; name=value; name="quoted value"
 *	name*=utf-8'en'na%C3%AFve; name*0=first; name*1*=second%20piece
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/mail/mime_param.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/text.h"
#include "lib/mail/charset.h"
#include "lib/mail/encoded_word.h"
#include "lib/mail/transfer.h"

#define PIECES_MAX	100	/* of one parameter */
#define NAME_ROOM	80

/* Past blanks, folds and comments: RFC 5322 3.2.2. */
static const char *
mime_skip_cfws(const char *p)
{
	size_t depth = 0;

	for (; *p != '\0'; p++) {
		if (*p == '(') {
			depth++;
		} else if (depth > 0) {
			if (*p == ')')
				depth--;
			else if (*p == '\\' && p[1] != '\0')
				p++;
		} else if (strchr(" \t\r\n", *p) == NULL) {
			break;
		}
	}
	return p;
}

const char *
mime_token(const char *p, struct buf *out)
{
	buf_reset(out);
	p = mime_skip_cfws(p);
	if (*p == '"') {
		for (p++; *p != '\0' && *p != '"'; p++) {
			if (*p == '\\' && p[1] != '\0')
				p++;
			if (*p != '\n' && *p != '\r')
				buf_addc(out, *p);
		}
		if (*p == '"')
			p++;
	} else {
		while ((unsigned char)*p > ' ' && *p != 127 &&
		    strchr("()<>@,;:\\\"/[]?=", *p) == NULL)
			buf_addc(out, *p++);
	}
	return mime_skip_cfws(p);
}

bool
mime_value(const char *value, struct buf *out)
{
	struct buf word = BUF_INIT;
	size_t start = out->len;

	value = mime_token(value, &word);
	buf_add(out, word.ptr, word.len);
	if (*value == '/' && word.len > 0) {
		mime_token(value + 1, &word);
		buf_addc(out, '/');
		buf_add(out, word.ptr, word.len);
	}
	buf_done(&word);
	text_lower(out->ptr + start);
	return out->len > start;
}

/* find - the raw value of the parameter with exactly this name */
static bool
find(const char *p, const char *name, struct buf *value)
{
	struct buf word = BUF_INIT;
	bool found = false;

	p = mime_token(p, &word);	/* and the comments behind it */
	if (*p == '/')
		p = mime_token(p + 1, &word);
	while (!found && (p = strchr(p, ';')) != NULL) {
		p = mime_token(p + 1, &word);
		if (*p != '=')
			continue;
		p = mime_token(p + 1, value);
		found = strcasecmp(word.ptr, name) == 0;
	}
	buf_done(&word);
	return found;
}

static void
put_percent(struct buf *out, const char *p)
{
	int high, low;

	for (; *p != '\0'; p++) {
		if (*p == '%' &&
		    (high = transfer_hex((unsigned char)p[1])) >= 0 &&
		    (low = transfer_hex((unsigned char)p[2])) >= 0) {
			buf_addc(out, high << 4 | low);
			p += 2;
		} else {
			buf_addc(out, *p);
		}
	}
}

/* put_extended - "charset'language'text%20here"; keeps the charset */
static void
put_extended(struct buf *out, struct buf *charset, const char *value)
{
	const char *first = strchr(value, '\''), *second;

	if (first != NULL && (second = strchr(first + 1, '\'')) != NULL) {
		buf_set(charset, value, (size_t)(first - value));
		value = second + 1;
	}
	put_percent(out, value);
}

/* pieces - name*0, name*1* and so on, as bytes */
static bool
pieces(const char *p, const char *name, struct buf *bytes,
    struct buf *charset)
{
	struct buf value = BUF_INIT;
	char key[NAME_ROOM];
	int i;

	for (i = 0; i < PIECES_MAX; i++) {
		snprintf(key, sizeof(key), "%s*%d*", name, i);
		if (find(p, key, &value)) {
			if (i == 0)
				put_extended(bytes, charset, value.ptr);
			else
				put_percent(bytes, value.ptr);
			continue;
		}
		key[strlen(key) - 1] = '\0';
		if (!find(p, key, &value))
			break;
		buf_add(bytes, value.ptr, value.len);
	}
	buf_done(&value);
	return i > 0;
}

bool
mime_param(const char *value, const char *name, struct buf *out)
{
	struct buf bytes = BUF_INIT, charset = BUF_INIT, raw = BUF_INIT;
	char key[NAME_ROOM];
	bool found = true;

	snprintf(key, sizeof(key), "%s*", name);
	if (find(value, key, &raw)) {
		put_extended(&bytes, &charset, raw.ptr);
		charset_to_utf8(charset.ptr, bytes.ptr, bytes.len, out);
	} else if (pieces(value, name, &bytes, &charset)) {
		charset_to_utf8(charset.ptr, bytes.ptr, bytes.len, out);
	} else if (find(value, name, &raw)) {
		encoded_word_decode(out, raw.ptr);
	} else {
		found = false;
	}
	buf_done(&bytes);
	buf_done(&charset);
	buf_done(&raw);
	return found;
}
