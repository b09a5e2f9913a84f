/*
 * text_wrap.c - one long line as several short ones
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/text_wrap.h"

#include <string.h>

#include "lib/base/buf.h"

static void
put_blanks(struct buf *out, size_t count)
{
	while (count-- > 0)
		buf_addc(out, ' ');
}

void
text_wrap(const char *text, size_t width, size_t indent,
    void (*line)(void *ctx, const char *text, size_t len), void *ctx)
{
	struct buf out = BUF_INIT;
	size_t room = width, len, cut;

	while ((len = strlen(text)) > room) {
		/* The last blank that fits; without one the next that comes. */
		for (cut = room; cut > 0 && text[cut] != ' '; cut--)
			;
		if (cut == 0 && (cut = strcspn(text, " ")) == len)
			break;
		buf_add(&out, text, cut);
		line(ctx, out.ptr, out.len);
		buf_reset(&out);
		put_blanks(&out, indent);
		text += cut + strspn(text + cut, " ");
		room = width - indent;
	}
	buf_adds(&out, text);
	if (*text != '\0' || room == width)
		line(ctx, out.ptr, out.len);
	buf_done(&out);
}
