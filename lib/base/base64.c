/*
 * base64.c - bytes as text
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/base64.h"

#include <stdint.h>
#include <string.h>

#include "lib/base/buf.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(struct buf *out, const void *data, size_t len)
{
	const unsigned char *in = data;
	uint32_t v;
	size_t i;

	buf_reserve(out, (len + 2) / 3 * 4);
	for (i = 0; i < len; i += 3) {
		v = (uint32_t)in[i] << 16;
		if (i + 1 < len)
			v |= (uint32_t)in[i + 1] << 8;
		if (i + 2 < len)
			v |= in[i + 2];
		buf_addc(out, alphabet[v >> 18]);
		buf_addc(out, alphabet[v >> 12 & 63]);
		buf_addc(out, i + 1 < len ? alphabet[v >> 6 & 63] : '=');
		buf_addc(out, i + 2 < len ? alphabet[v & 63] : '=');
	}
}

bool
base64_decode(struct buf *out, const char *text, size_t len)
{
	size_t start = out->len, end = len, i;
	const char *at;
	uint32_t bits = 0;
	unsigned have = 0;

	if (len % 4 != 0)
		return false;
	while (end > 0 && text[end - 1] == '=' && len - end < 2)
		end--;
	buf_reserve(out, len / 4 * 3);
	for (i = 0; i < end; i++) {
		at = text[i] == '\0' ? NULL : strchr(alphabet, text[i]);
		if (at == NULL) {
			buf_truncate(out, start);
			return false;
		}
		bits = bits << 6 | (uint32_t)(at - alphabet);
		have += 6;
		if (have >= 8) {
			have -= 8;
			buf_addc(out, (int)(bits >> have & 255));
		}
	}
	return true;
}
