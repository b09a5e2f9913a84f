/*
 * json_read.c - take JSON text apart
 *
 * One recursive reader, skip(), walks over a value and finds its end; nesting
 * is bounded. All else calls it to step from member to member.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/json_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"

#define DEPTH_MAX	32

static void
skip_blank(struct span *at)
{
	while (at->len > 0 && memchr(" \t\r\n", *at->ptr, 4) != NULL) {
		at->ptr++;
		at->len--;
	}
}

static bool
take(struct span *at, char c)
{
	if (at->len == 0 || *at->ptr != c)
		return false;
	at->ptr++;
	at->len--;
	return true;
}

static bool
take_word(struct span *at, const char *word)
{
	size_t n = strlen(word);

	if (at->len < n || memcmp(at->ptr, word, n) != 0)
		return false;
	at->ptr += n;
	at->len -= n;
	return true;
}

static bool
hex4(const char *p, unsigned *code)
{
	unsigned sum = 0;
	int i;

	for (i = 0; i < 4; i++) {
		sum <<= 4;
		if (p[i] >= '0' && p[i] <= '9')
			sum |= (unsigned)(p[i] - '0');
		else if ((p[i] | 32) >= 'a' && (p[i] | 32) <= 'f')
			sum |= (unsigned)((p[i] | 32) - 'a' + 10);
		else
			return false;
	}
	*code = sum;
	return true;
}

static bool
skip_string(struct span *at)
{
	unsigned code;

	if (!take(at, '"'))
		return false;
	while (at->len > 0 && *at->ptr != '"') {
		if ((unsigned char)*at->ptr < ' ')
			return false;
		if (!take(at, '\\')) {
			at->ptr++;
			at->len--;
			continue;
		}
		if (at->len == 0)
			return false;
		if (*at->ptr == 'u') {
			if (at->len < 5 || !hex4(at->ptr + 1, &code))
				return false;
			at->ptr += 4;
			at->len -= 4;
		} else if (memchr("\"\\/bfnrt", *at->ptr, 8) == NULL) {
			return false;
		}
		at->ptr++;
		at->len--;
	}
	return take(at, '"');
}

static size_t
skip_digits(struct span *at)
{
	size_t n = 0;

	for (; at->len > 0 && *at->ptr >= '0' && *at->ptr <= '9'; n++) {
		at->ptr++;
		at->len--;
	}
	return n;
}

static bool
skip_number(struct span *at)
{
	take(at, '-');
	if (!take(at, '0') && skip_digits(at) == 0)
		return false;
	if (take(at, '.') && skip_digits(at) == 0)
		return false;
	if (take(at, 'e') || take(at, 'E')) {
		if (!take(at, '+'))
			take(at, '-');
		return skip_digits(at) > 0;
	}
	return true;
}

static bool skip(struct span *at, struct json *out, int depth);

/* Elements, or with is_object members, up to the closing bracket. */
static bool
skip_list(struct span *at, bool is_object, int depth)
{
	char end = is_object ? '}' : ']';
	struct json v;

	take(at, is_object ? '{' : '[');
	skip_blank(at);
	if (take(at, end))
		return true;
	for (;;) {
		skip_blank(at);
		if (is_object) {
			if (!skip_string(at))
				return false;
			skip_blank(at);
			if (!take(at, ':'))
				return false;
		}
		if (!skip(at, &v, depth + 1))
			return false;
		skip_blank(at);
		if (take(at, end))
			return true;
		if (!take(at, ','))
			return false;
	}
}

/* Step over one value, which is then *out. */
static bool
skip(struct span *at, struct json *out, int depth)
{
	bool is_good;

	skip_blank(at);
	out->text.ptr = at->ptr;
	if (at->len == 0 || depth > DEPTH_MAX)
		return false;
	switch (*at->ptr) {
	case '{':
		out->kind = JSON_OBJECT;
		is_good = skip_list(at, true, depth);
		break;
	case '[':
		out->kind = JSON_ARRAY;
		is_good = skip_list(at, false, depth);
		break;
	case '"':
		out->kind = JSON_STRING;
		is_good = skip_string(at);
		break;
	case 't':
		out->kind = JSON_TRUE;
		is_good = take_word(at, "true");
		break;
	case 'f':
		out->kind = JSON_FALSE;
		is_good = take_word(at, "false");
		break;
	case 'n':
		out->kind = JSON_NULL;
		is_good = take_word(at, "null");
		break;
	default:
		out->kind = JSON_NUMBER;
		is_good = skip_number(at);
		break;
	}
	out->text.len = (size_t)(at->ptr - out->text.ptr);
	return is_good;
}

int
json_parse(struct span text, struct json *out, struct err *err)
{
	struct span at = text;

	if (skip(&at, out, 0)) {
		skip_blank(&at);
		if (at.len == 0)
			return 0;
	}
	return err_set(err, ERR_SYNTAX, "no JSON at byte %zu",
	    (size_t)(at.ptr - text.ptr) + 1);
}

struct span
json_elements(const struct json *v)
{
	if (v->kind != JSON_ARRAY && v->kind != JSON_OBJECT)
		return (struct span){ "", 0 };
	return (struct span){ v->text.ptr + 1, v->text.len - 2 };
}

bool
json_next(struct span *at, struct json *out)
{
	skip_blank(at);
	take(at, ',');
	skip_blank(at);
	return at->len > 0 && skip(at, out, 0);
}

bool
json_get(const struct json *object, const char *name, struct json *out)
{
	struct span at = json_elements(object);
	size_t len = strlen(name);
	struct json key;

	if (object->kind != JSON_OBJECT)
		return false;
	while (json_next(&at, &key)) {
		skip_blank(&at);
		take(&at, ':');
		if (!skip(&at, out, 0))
			return false;
		if (key.text.len == len + 2 &&
		    memcmp(key.text.ptr + 1, name, len) == 0)
			return true;
	}
	return false;
}

static void
add_utf8(struct buf *out, unsigned code)
{
	if (code < 0x80) {
		buf_addc(out, (int)code);
	} else if (code < 0x800) {
		buf_addc(out, (int)(0xc0 | code >> 6));
		buf_addc(out, (int)(0x80 | (code & 0x3f)));
	} else if (code < 0x10000) {
		buf_addc(out, (int)(0xe0 | code >> 12));
		buf_addc(out, (int)(0x80 | (code >> 6 & 0x3f)));
		buf_addc(out, (int)(0x80 | (code & 0x3f)));
	} else {
		buf_addc(out, (int)(0xf0 | code >> 18));
		buf_addc(out, (int)(0x80 | (code >> 12 & 0x3f)));
		buf_addc(out, (int)(0x80 | (code >> 6 & 0x3f)));
		buf_addc(out, (int)(0x80 | (code & 0x3f)));
	}
}

/* What follows "\u", p at the first digit; returns bytes used. */
static size_t
add_escape(struct buf *out, const char *p, const char *end)
{
	unsigned code = 0xfffd, low;

	hex4(p, &code);
	if (code >= 0xd800 && code < 0xdc00 && end - p >= 10 && p[4] == '\\' &&
	    p[5] == 'u' && hex4(p + 6, &low) && low >= 0xdc00 &&
	    low < 0xe000) {
		add_utf8(out, 0x10000 + ((code - 0xd800) << 10) +
		    (low - 0xdc00));
		return 10;
	}
	/* Half a pair is no character. */
	add_utf8(out, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
	return 4;
}

bool
json_text(const struct json *v, struct buf *out)
{
	static const char letters[] = "bfnrt", bytes[] = "\b\f\n\r\t";
	const char *p = v->text.ptr + 1, *end = v->text.ptr + v->text.len - 1;
	const char *at;

	buf_reset(out);
	if (v->kind != JSON_STRING)
		return false;
	while (p < end) {
		if (*p != '\\') {
			buf_addc(out, *p++);
			continue;
		}
		p++;
		if (*p == 'u') {
			p++;
			p += add_escape(out, p, end);
			continue;
		}
		at = strchr(letters, *p);
		buf_addc(out, at != NULL ? bytes[at - letters] : *p);
		p++;
	}
	return true;
}

bool
json_int(const struct json *v, int64_t *out)
{
	char text[32], *rest;

	if (v->kind != JSON_NUMBER || v->text.len >= sizeof(text))
		return false;
	memcpy(text, v->text.ptr, v->text.len);
	text[v->text.len] = '\0';
	errno = 0;
	*out = strtoll(text, &rest, 10);
	return errno == 0 && *rest == '\0';
}
