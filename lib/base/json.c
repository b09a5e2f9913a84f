/*
 * json.c - write JSON text (RFC 8259); output only
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/json.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/text.h"

/* Length of the UTF-8 character at p, 0 when there is none. */
static size_t
character(const char *p)
{
	size_t left = strlen(p), n;

	for (n = 1; n <= 4 && n <= left; n++)
		if (text_is_utf8(p, n))
			return n;
	return 0;
}

void
json_string(struct buf *out, const char *s)
{
	static const char plain[] = "bfnrt\"\\";
	static const char control[] = "\b\f\n\r\t\"\\";
	const char *at;
	size_t n;

	buf_addc(out, '"');
	for (; *s != '\0'; s++) {
		if ((at = strchr(control, *s)) != NULL) {
			buf_addc(out, '\\');
			buf_addc(out, plain[at - control]);
		} else if ((unsigned char)*s < 0x20 || *s == 0x7f) {
			buf_addf(out, "\\u%04x", (unsigned char)*s);
		} else if ((unsigned char)*s < 0x80) {
			buf_addc(out, *s);
		} else if ((n = character(s)) > 0) {
			buf_add(out, s, n);
			s += n - 1;
		} else {
			buf_adds(out, "\\ufffd");
		}
	}
	buf_addc(out, '"');
}
