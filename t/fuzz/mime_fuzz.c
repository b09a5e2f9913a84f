/*
 * mime_fuzz.c - fuzz the MIME engine; the first byte chooses the flags, LF ends a
 * line, SOH a piece of one
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/mail/mime.h"

#include <stdint.h>
#include <string.h>

#include "lib/base/buf.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_header(void *ctx, enum mime_class class, struct buf *text)
{
	(void)class;
	buf_add(ctx, text->ptr, text->len);
}

static void
on_header_end(void *ctx)
{
	(void)ctx;
}

static void
on_body(void *ctx, bool is_partial, const char *data, size_t len,
    off_t offset)
{
	(void)is_partial;
	(void)offset;
	buf_add(ctx, data, len);
}

static void
on_error(void *ctx, enum mime_error error, const char *text)
{
	const char *dsn;

	(void)ctx;
	(void)text;
	mime_error_text(error, &dsn);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mime_ops ops = { on_header, on_header_end,
	    on_body, on_error, NULL };
	const struct mime_limits limits = { 1000, 10, 70 };
	struct buf out = BUF_INIT;
	struct mime *m = mime_new(&ops, &out);
	size_t i, start = 1;

	mime_reset(m, &limits, size > 0 ? data[0] & 15 : 0);
	for (i = 1; i < size; i++)
		if (data[i] == '\n' || data[i] == 1) {
			mime_text(m, data[i] == 1, (const char *)data + start,
			    i - start);
			start = i + 1;
		}
	mime_end(m);
	mime_free(m);
	buf_done(&out);
	return 0;
}
