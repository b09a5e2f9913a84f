/*
 * buf.c - growable byte string; and span, a view into somebody's bytes
 *
 * Growth doubles, so that appending byte by byte stays linear. The static
 * empty string lets a buffer on the stack cost nothing until it is used; it
 * is one writable NUL so that code which re-terminates in place is harmless.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"

#define BUF_MIN		64

char buf_empty[1] = "";

void
buf_init(struct buf *b)
{
	*b = (struct buf)BUF_INIT;
}

void
buf_done(struct buf *b)
{
	if (b->size > 0)
		free(b->ptr);
	buf_init(b);
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	if (b->size > 0)
		b->ptr[0] = '\0';
}

void
buf_reserve(struct buf *b, size_t extra)
{
	size_t need = b->len + extra + 1, size;

	if (need <= extra)
		log_fatal("string of %zu bytes overflows", extra);
	if (need <= b->size)
		return;
	size = b->size < BUF_MIN ? BUF_MIN : b->size;
	while (size < need)
		size = size > need / 2 ? size * 2 : need;
	b->ptr = xrealloc(b->size > 0 ? b->ptr : NULL, size);
	b->size = size;
	b->ptr[b->len] = '\0';
}

void
buf_swap(struct buf *a, struct buf *b)
{
	struct buf tmp = *a;

	*a = *b;
	*b = tmp;
}

char *
buf_take(struct buf *b)
{
	char *s = b->size > 0 ? b->ptr : xstrdup("");

	buf_init(b);
	return s;
}

void
buf_add(struct buf *b, const void *data, size_t len)
{
	if (len == 0)
		return;
	if (b->size - b->len <= len)	/* mostly there is room */
		buf_reserve(b, len);
	memcpy(b->ptr + b->len, data, len);
	b->len += len;
	b->ptr[b->len] = '\0';
}

void
buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_addc(struct buf *b, int c)
{
	char ch = (char)c;

	buf_add(b, &ch, 1);
}

void
buf_addu(struct buf *b, uint64_t n)
{
	char text[24], *p = text + sizeof(text);

	do {
		*--p = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	buf_add(b, p, (size_t)(text + sizeof(text) - p));
}

void
buf_addi(struct buf *b, int64_t n)
{
	if (n < 0)
		buf_addc(b, '-');
	buf_addu(b, n < 0 ? -(uint64_t)n : (uint64_t)n);
}

void
buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	buf_reserve(b, 64);
	n = vsnprintf(b->ptr + b->len, b->size - b->len, fmt, ap);
	if (n < 0)
		log_panic("bad format \"%s\"", fmt);
	if ((size_t)n >= b->size - b->len) {
		buf_reserve(b, (size_t)n);
		vsnprintf(b->ptr + b->len, b->size - b->len, fmt, again);
	}
	b->len += (size_t)n;
	va_end(again);
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(b, fmt, ap);
	va_end(ap);
}

void
buf_set(struct buf *b, const void *data, size_t len)
{
	buf_reset(b);
	buf_add(b, data, len);
}

void
buf_sets(struct buf *b, const char *s)
{
	buf_set(b, s, strlen(s));
}

void
buf_setf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	buf_reset(b);
	va_start(ap, fmt);
	buf_vaddf(b, fmt, ap);
	va_end(ap);
}

void
buf_insert(struct buf *b, size_t at, const void *data, size_t len)
{
	if (at > b->len)
		log_panic("buf_insert: offset %zu beyond %zu", at, b->len);
	if (len == 0)
		return;
	buf_reserve(b, len);
	memmove(b->ptr + at + len, b->ptr + at, b->len - at + 1);
	memcpy(b->ptr + at, data, len);
	b->len += len;
}

void
buf_delete(struct buf *b, size_t at, size_t len)
{
	if (at > b->len || len > b->len - at)
		log_panic("buf_delete: %zu+%zu beyond %zu", at, len, b->len);
	if (len == 0)
		return;
	memmove(b->ptr + at, b->ptr + at + len, b->len - at - len + 1);
	b->len -= len;
}

void
buf_truncate(struct buf *b, size_t len)
{
	if (len >= b->len)
		return;
	b->len = len;
	b->ptr[len] = '\0';
}

void
buf_trim_right(struct buf *b)
{
	size_t n = b->len;

	while (n > 0 && strchr(" \t\r\n", b->ptr[n - 1]) != NULL &&
	    b->ptr[n - 1] != '\0')
		n--;
	buf_truncate(b, n);
}

bool
span_eq(struct span a, const char *s)
{
	return strlen(s) == a.len && memcmp(a.ptr, s, a.len) == 0;
}

bool
span_ieq(struct span a, const char *s)
{
	return strlen(s) == a.len && strncasecmp(a.ptr, s, a.len) == 0;
}

struct span
span_trim(struct span s)
{
	while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
		s.ptr++;
		s.len--;
	}
	while (s.len > 0 && (s.ptr[s.len - 1] == ' ' ||
	    s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

struct span
span_word(struct span *s)
{
	struct span word, rest = *s;

	while (rest.len > 0 && (rest.ptr[0] == ' ' || rest.ptr[0] == '\t')) {
		rest.ptr++;
		rest.len--;
	}
	word = (struct span){ rest.ptr, 0 };
	while (rest.len > 0 && rest.ptr[0] != ' ' && rest.ptr[0] != '\t') {
		rest.ptr++;
		rest.len--;
		word.len++;
	}
	*s = rest;
	return word;
}
