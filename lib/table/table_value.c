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

#include "lib/base/base64.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"

#define FILE_MAX_BYTES	(100u << 20)	/* keys and certificates: far less */

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
		base64_encode(out, content.ptr, content.len);
	buf_done(&content);
	free(copy);
	return rc;
}

bool
table_value_decode(struct buf *value)
{
	struct buf content = BUF_INIT;
	bool is_good = base64_decode(&content, value->ptr, value->len);

	if (is_good)
		buf_swap(value, &content);
	buf_done(&content);
	return is_good;
}
