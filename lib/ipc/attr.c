/*
 * attr.c - the attribute protocol between processes
 *
 * A list is collected whole before anything looks at it: a scanner that knows
 * only where names, values and the end are walks over the bytes as they come,
 * and the pairs point into the collected text. So an event-driven server and
 * a blocking client share one parser, and a limit on the bytes is a limit on
 * the memory.
 *
 * The braces of a nested table ("{" and "}", names without a value) are
 * dropped; its keys stand in the list like any other pair.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/ipc/attr.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/net/stream.h"

#define ROOM_KEPT	1024	/* pairs that are worth keeping for the next list */

struct scan {
	bool	in_value, is_done;
	size_t	name_len;
	char	first;
};

void
attr_put_str(struct buf *out, const char *name, const char *value)
{
	buf_add(out, name, strlen(name) + 1);
	buf_add(out, value, strlen(value) + 1);
}

void
attr_put_int(struct buf *out, const char *name, int32_t value)
{
	attr_put_long(out, name, (int64_t)(uint32_t)value);
}

void
attr_put_long(struct buf *out, const char *name, int64_t value)
{
	buf_add(out, name, strlen(name) + 1);
	buf_addu(out, (uint64_t)value);
	buf_addc(out, '\0');
}

void
attr_put_data(struct buf *out, const char *name, const void *data, size_t len)
{
	buf_add(out, name, strlen(name) + 1);
	base64_encode(out, data, len);
	buf_addc(out, '\0');
}

void
attr_put_end(struct buf *out)
{
	buf_addc(out, '\0');
}

void
attr_put_greeting(struct buf *out, const char *protocol)
{
	attr_put_str(out, "protocol", protocol);
	attr_put_end(out);
}

/* Walk over len bytes; returns how many belong to this list. */
static size_t
scan_bytes(struct scan *sc, const char *data, size_t len)
{
	const char *nul;
	size_t i, n;

	for (i = 0; i < len && !sc->is_done; i++) {
		nul = memchr(data + i, '\0', len - i);
		n = nul != NULL ? (size_t)(nul - (data + i)) : len - i;
		if (!sc->in_value && n > 0 && sc->name_len == 0)
			sc->first = data[i];
		if (!sc->in_value)
			sc->name_len += n;
		i += n;
		if (nul == NULL)
			break;
		if (sc->in_value) {
			sc->in_value = false;
			sc->name_len = 0;
		} else if (sc->name_len == 0) {
			sc->is_done = true;
		} else if (sc->name_len == 1 &&
		    (sc->first == '{' || sc->first == '}')) {
			sc->name_len = 0;
		} else {
			sc->in_value = true;
		}
	}
	return i;
}

static void
attrs_add(struct attrs *a, const char *name, const char *value)
{
	if (a->count == a->room) {
		a->room = a->room * 2 + 8;
		a->pairs = xreallocarray(a->pairs, a->room,
		    sizeof(*a->pairs));
	}
	a->pairs[a->count].name = name;
	a->pairs[a->count].value = value;
	a->count++;
}

/* The text is a complete list: cut it into pairs. */
static void
attrs_index(struct attrs *a)
{
	const char *p = a->text->ptr, *value;

	while (*p != '\0') {
		value = p + strlen(p) + 1;
		if ((p[0] == '{' || p[0] == '}') && p[1] == '\0') {
			p = value;
			continue;
		}
		attrs_add(a, p, value);
		p = value + strlen(value) + 1;
	}
}

static void
attrs_clear(struct attrs *a)
{
	a->count = 0;
	if (a->room > ROOM_KEPT) {
		free(a->pairs);
		a->pairs = NULL;
		a->room = 0;
	}
	if (a->text == NULL) {
		a->text = xmalloc(sizeof(*a->text));
		buf_init(a->text);
	}
	buf_reset(a->text);
}

static int
stream_failed(struct stream *s, struct err *err)
{
	switch (stream_status(s)) {
	case STREAM_TIMEOUT:
		return err_set(err, ERR_TIMEOUT, "timeout");
	case STREAM_ERROR:
		if (err != NULL)
			err->errnum = stream_errno(s);
		return err_set(err, ERR_SYSTEM, "read: %s",
		    strerror(stream_errno(s)));
	default:
		return err_set(err, ERR_EOF, "premature end-of-input");
	}
}

/*
 * Move what the scanner accepts from the stream into the text: one byte that
 * may have to be waited for, then whatever is buffered behind it.
 */
static int
collect(struct stream *s, struct scan *sc, struct buf *text)
{
	const char *data;
	size_t have, n;
	char byte;
	int c;

	if ((c = stream_getc(s)) == -1)
		return -1;
	byte = (char)c;
	scan_bytes(sc, &byte, 1);
	buf_addc(text, c);
	if (sc->is_done || (have = stream_peek(s, &data)) == 0)
		return 0;
	n = scan_bytes(sc, data, have);
	buf_reserve(text, n);
	if (stream_read(s, text->ptr + text->len, n) == -1)
		return -1;
	text->len += n;
	text->ptr[text->len] = '\0';
	return 0;
}

int
attrs_read(struct stream *s, struct attrs *out, size_t max_bytes,
    struct err *err)
{
	struct scan sc = { 0 };

	attrs_clear(out);
	while (!sc.is_done) {
		if (collect(s, &sc, out->text) == -1) {
			if (out->text->len == 0 &&
			    stream_status(s) == STREAM_EOF)
				return 0;
			return stream_failed(s, err);
		}
		if (out->text->len > max_bytes)
			return err_set(err, ERR_LIMIT,
			    "attribute list exceeds %zu bytes", max_bytes);
	}
	attrs_index(out);
	return 1;
}

int
attrs_parse(struct attrs *out, const char *data, size_t len, size_t max_bytes,
    size_t *used, struct err *err)
{
	struct scan sc = { 0 };
	size_t n;

	n = scan_bytes(&sc, data, len);
	if (n > max_bytes)
		return err_set(err, ERR_LIMIT,
		    "attribute list exceeds %zu bytes", max_bytes);
	if (!sc.is_done)
		return 0;
	attrs_clear(out);
	buf_add(out->text, data, n);
	attrs_index(out);
	*used = n;
	return 1;
}

int
attrs_parse_plain(struct attrs *out, const char *data, size_t len,
    size_t max_bytes, size_t *used, struct err *err)
{
	const char *line, *end, *nl;
	char *p, *eq, *next;
	bool is_long;

	is_long = len > max_bytes;
	end = data + (is_long ? max_bytes : len);
	for (line = data;; line = nl + 1) {
		nl = line < end ? memchr(line, '\n', (size_t)(end - line)) :
		    NULL;
		if (nl == NULL && is_long)
			return err_set(err, ERR_LIMIT,
			    "attribute list exceeds %zu bytes", max_bytes);
		if (nl == NULL)
			return 0;
		if (nl == line)
			break;
	}
	*used = (size_t)(nl + 1 - data);
	attrs_clear(out);
	buf_add(out->text, data, *used - 1);
	if (strlen(out->text->ptr) != out->text->len)
		return err_set(err, ERR_SYNTAX, "NUL byte in attribute list");
	for (p = out->text->ptr; *p != '\0'; p = next) {
		next = strchr(p, '\n');
		*next++ = '\0';
		if ((eq = strchr(p, '=')) == NULL)
			return err_set(err, ERR_SYNTAX,
			    "missing '=' in attribute '%.100s'", p);
		*eq = '\0';
		attrs_add(out, p, eq + 1);
	}
	return 1;
}

void
attrs_init(struct attrs *a)
{
	*a = (struct attrs){ .pairs = NULL };
}

void
attrs_done(struct attrs *a)
{
	free(a->pairs);
	if (a->text != NULL)
		buf_done(a->text);
	free(a->text);
	attrs_init(a);
}

const char *
attrs_get(const struct attrs *a, const char *name, size_t nth)
{
	size_t i;

	for (i = 0; i < a->count; i++)
		if (strcmp(a->pairs[i].name, name) == 0 && nth-- == 0)
			return a->pairs[i].value;
	return NULL;
}

bool
attrs_long(const struct attrs *a, const char *name, size_t nth, int64_t *out)
{
	const char *p = attrs_get(a, name, nth);
	uint64_t value = 0;

	if (p == NULL || *p == '\0')
		return false;
	for (; *p != '\0'; p++) {
		if (*p < '0' || *p > '9' ||
		    __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			return false;
	}
	*out = (int64_t)value;
	return true;
}

bool
attrs_int(const struct attrs *a, const char *name, size_t nth, int32_t *out)
{
	int64_t value;

	if (!attrs_long(a, name, nth, &value) || value < 0 ||
	    value > UINT32_MAX)
		return false;
	*out = (int32_t)(uint32_t)value;
	return true;
}
