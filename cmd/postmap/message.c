/*
 * message.c - look up the headers or body lines of a message (postmap -b, -h)
 *
 * The message is taken apart by the same engine that feeds header and body
 * checks, so a table is tested with exactly the keys that it will see.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postmap/message.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/conf/params.h"
#include "lib/mail/mime.h"
#include "lib/table/table_command.h"
#include "lib/table/table_lines.h"
#include "lib/table/table_tool.h"

struct walk {
	struct table_tool_list *list;
	unsigned	 parts;
	bool		 any;		/* something was found */
	bool		 has_failed;
	struct buf	 value;
	struct err	*err;
};

static void
look_up(struct walk *w, const char *key)
{
	int found;

	if (w->has_failed)
		return;
	found = table_tool_find(w->list, key, &w->value, w->err);
	w->has_failed = found == -1;
	if (found == 1) {
		w->any = true;
		table_tool_print(w->list->tool, stdout, key, w->value.ptr);
	}
}

static void
on_header(void *ctx, enum mime_class class, struct buf *text)
{
	struct walk *w = ctx;

	(void)class;
	if ((w->parts & TABLE_MESSAGE_HEADER) != 0)
		look_up(w, text->ptr);
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
	struct walk *w = ctx;
	struct buf line = BUF_INIT;

	(void)is_partial, (void)offset;
	if ((w->parts & TABLE_MESSAGE_BODY) == 0)
		return;
	buf_set(&line, data, len);
	look_up(w, line.ptr);
	buf_done(&line);
}

static void
on_error(void *ctx, enum mime_error error, const char *text)
{
	struct walk *w = ctx;
	const char *dsn;

	(void)text;
	if (w->has_failed || error != MIME_ERR_NESTING)
		return;
	err_set(w->err, ERR_LIMIT, "message format error: %s",
	    mime_error_text(error, &dsn));
	w->has_failed = true;
}

int
message_query(struct table_tool_list *list, int in, unsigned parts,
    struct err *err)
{
	static const struct mime_ops ops = { on_header, on_header_end,
		on_body, on_error, NULL };
	const struct mime_limits limits = {
		.header_size = (size_t)params.header_size_limit,
		.nesting = (size_t)params.mime_nesting_limit,
		.boundary_size = (size_t)params.mime_boundary_length_limit,
	};
	struct walk w = { list, parts, false, false, BUF_INIT, err };
	struct mime *mime = mime_new(&ops, &w);
	struct err read_err = ERR_INIT;
	struct table_lines lines;
	char *line;

	mime_reset(mime, &limits, (parts & TABLE_MESSAGE_MIME) != 0 ? 0 :
	    MIME_NO_PARTS);
	table_lines_init(&lines, in, stdout, list);
	while (!w.has_failed &&
	    (line = table_lines_next(&lines, &read_err)) != NULL)
		mime_text(mime, false, line, strlen(line));
	if (read_err.kind == ERR_NONE)
		mime_end(mime);
	else if (!w.has_failed)
		*err = read_err;
	table_lines_done(&lines);
	mime_free(mime);
	buf_done(&w.value);
	if (w.has_failed || read_err.kind != ERR_NONE)
		return -1;
	return !w.any;
}
