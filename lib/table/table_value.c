/*
 * table_value.c - values that name files (postmap -F, spec/tables.md 13.6)
 *
 * The content is stored as base64 (RFC 4648 4) so that it can be anything.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_value.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"

#define FILE_MAX_BYTES	(100u << 20)	/* keys and certificates: far less */

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void
base64_encode(struct buf *out, const unsigned char *in, size_t len)
{
	size_t i;

	buf_reserve(out, (len + 2) / 3 * 4);
	for (i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)in[i] << 16;

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

int
table_value_encode(struct buf *out, const char *value, struct err *err)
{
	char *copy = xstrdup(value), *rest = copy, *path;
	struct buf content = BUF_INIT;
	size_t files = 0;
	int rc = 0;

	while (rc == 0 && (path = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		if (files++ > 0)
			buf_addc(&content, '\n');
		rc = file_read(path, &content, FILE_MAX_BYTES, err);
		if (rc == -1 && err != NULL && err->kind == ERR_LIMIT)
			err_set(err, ERR_LIMIT, "file too large: %s", value);
	}
	if (rc == 0 && files == 0)
		rc = err_set(err, ERR_SYNTAX,
		    "empty pathname list: >>%s<<'", value);
	if (rc == 0)
		base64_encode(out, (unsigned char *)content.ptr, content.len);
	buf_done(&content);
	free(copy);
	return rc;
}

bool
table_value_decode(struct buf *value)
{
	const char *in = value->ptr, *at;
	size_t len = value->len, to = 0, i;
	uint32_t bits = 0;
	unsigned have = 0;

	if (len % 4 != 0)
		return false;
	while (len > 0 && in[len - 1] == '=' && value->len - len < 2)
		len--;
	for (i = 0; i < len; i++) {
		if (in[i] == '\0' || (at = strchr(alphabet, in[i])) == NULL)
			return false;
		bits = bits << 6 | (uint32_t)(at - alphabet);
		have += 6;
		if (have >= 8) {
			have -= 8;
			value->ptr[to++] = (char)(bits >> have);
		}
	}
	buf_truncate(value, to);
	return true;
}
