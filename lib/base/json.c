/*
 * json.c - write JSON text (RFC 8259); output only
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/json.h"

#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/buf.h"
#include "lib/base/text.h"

/* Nearly every character: needs no look at its neighbours and no escape. */
static bool
is_plain(unsigned char c)
{
	return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

bool
json_put_string(struct buf *out, const char *s)
{
	static const char plain[] = "bfnrt\"\\";
	static const char control[] = "\b\f\n\r\t\"\\";
	bool is_clean = true;
	const char *at;
	unsigned code;
	size_t n;

	buf_addc(out, '"');
	for (; *s != '\0'; s += n) {
		for (n = 0; is_plain((unsigned char)s[n]); n++)
			;
		if (n > 0) {
			buf_add(out, s, n);
			continue;
		}
		n = text_char(s, &code);
		if (n == 0) {
			buf_adds(out, "\\ufffd");
			is_clean = false;
			n = 1;
		} else if ((at = strchr(control, *s)) != NULL) {
			buf_addc(out, '\\');
			buf_addc(out, plain[at - control]);
		} else if (code < 0x20 || code == 0x7f) {
			buf_addf(out, "\\u%04x", code);
		} else {
			buf_add(out, s, n);
		}
	}
	buf_addc(out, '"');
	return is_clean;
}

void
json_base64(struct buf *out, const void *data, size_t len)
{
	buf_addc(out, '"');
	base64_encode(out, data, len);
	buf_addc(out, '"');
}

static void
put_name(struct buf *out, const char *name)
{
	for (; *name != '\0'; name++)
		buf_addc(out, *name == '.' ? '_' : *name);
}

void
json_member(struct buf *out, const char *name, const char *text)
{
	bool is_clean;

	buf_addc(out, '"');
	put_name(out, name);
	buf_adds(out, "\": ");
	is_clean = json_put_string(out, text);
	if (is_clean)
		return;
	buf_adds(out, ", \"");
	put_name(out, name);
	buf_adds(out, "_b64\": ");
	json_base64(out, text, strlen(text));
}
