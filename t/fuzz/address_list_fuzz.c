/*
 * address_list_fuzz.c - fuzz the address parsers: lists, rewriting, paths
 *
 * SPDX-License-Identifier: ISC
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/mail/address.h"
#include "lib/mail/address_list.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
within(const char *internal, size_t offset, size_t len, void *ctx)
{
	struct buf out = BUF_INIT;

	address_quote(&out, internal);
	if (offset + len > strlen(ctx))
		abort();
	buf_done(&out);
	return true;
}

static void
complete(const char *external, struct buf *out, void *ctx)
{
	(void)ctx;
	buf_adds(out, external);
	if (strchr(external, '@') == NULL)
		buf_adds(out, "@origin.example");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = BUF_INIT, out = BUF_INIT;
	const char *rest;

	buf_add(&text, data, size);
	address_list_each(text.ptr, true, within, text.ptr);
	address_list_rewrite(&out, text.ptr, 4, SIZE_MAX, complete,
	    NULL);
	buf_reset(&out);
	if (address_parse_path(text.ptr, false, &out, &rest, NULL) == 0 &&
	    (rest < text.ptr || rest > text.ptr + strlen(text.ptr)))
		abort();
	address_parse_path(text.ptr, true, &out, &rest, NULL);
	address_is_hostname(text.ptr);
	address_is_literal(text.ptr, &out);
	buf_done(&text);
	buf_done(&out);
	return 0;
}
