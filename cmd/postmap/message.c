/*
 * message.c - look up the headers or body lines of a message (postmap -b, -h)
 *
 * The message is split as header and body checks see it: a header is all its
 * lines joined by newlines, a body line is a line. With -m the walk descends
 * into multiparts and attached messages (RFC 2046 5.1, 5.2.1):
 *
 *	HEADER --empty line--> BODY --"--boundary"--> HEADER
 *	  |                      |
 *	  '- message/rfc822: HEADER again, nested
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postmap/message.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/table/table_tool.h"

#define BOUNDARY_MAX	2048	/* mime_boundary_length_limit's default */

struct boundary {
	char		*text;
	struct boundary	*outer;
};

struct walk {
	struct table_tool_list *list;
	unsigned	 what;
	bool		 in_header;
	bool		 any;		/* something was found */
	struct buf	 header;	/* the one being put together */
	struct buf	 value;
	struct boundary	*boundaries;	/* innermost first */
	int		 depth;
	/* What the headers of this part said of what follows. */
	char		*new_boundary;
	bool		 is_message;
	struct err	*err;
};

static int
look_up(struct walk *w, const char *key)
{
	int found = table_tool_find(w->list, key, &w->value, w->err);

	if (found == 1) {
		w->any = true;
		printf("%s\t%s\n", key, w->value.ptr);
	}
	return found == -1 ? -1 : 0;
}

/* The value of a parameter such as boundary="..." (RFC 2045 5.1). */
static char *
parameter(const char *text, const char *name)
{
	size_t len = strlen(name);
	struct buf value = BUF_INIT;
	const char *p = text;

	while ((p = strchr(p, ';')) != NULL) {
		for (p++; isspace((unsigned char)*p); p++)
			;
		if (strncasecmp(p, name, len) != 0)
			continue;
		for (p += len; isspace((unsigned char)*p); p++)
			;
		if (*p != '=')
			continue;
		for (p++; isspace((unsigned char)*p); p++)
			;
		if (*p == '"') {
			for (p++; *p != '\0' && *p != '"'; p++) {
				if (*p == '\\' && p[1] != '\0')
					p++;
				buf_addc(&value, *p);
			}
		} else {
			while (*p != '\0' && *p != ';' &&
			    !isspace((unsigned char)*p))
				buf_addc(&value, *p++);
		}
		buf_trim_right(&value);
		return buf_take(&value);
	}
	return NULL;
}

static void
note_content_type(struct walk *w, const char *header)
{
	static const char name[] = "content-type:";
	const char *p = header + sizeof(name) - 1;

	if ((w->what & MESSAGE_MIME) == 0 ||
	    strncasecmp(header, name, sizeof(name) - 1) != 0)
		return;
	while (isspace((unsigned char)*p))
		p++;
	free(w->new_boundary);
	w->new_boundary = NULL;
	w->is_message = strncasecmp(p, "message/rfc822", 14) == 0 ||
	    strncasecmp(p, "message/global", 14) == 0;
	if (strncasecmp(p, "multipart/", 10) == 0)
		w->new_boundary = parameter(p, "boundary");
	if (w->new_boundary != NULL && (w->new_boundary[0] == '\0' ||
	    strlen(w->new_boundary) > BOUNDARY_MAX)) {
		free(w->new_boundary);
		w->new_boundary = NULL;
	}
}

static int
end_header(struct walk *w)
{
	int rc = 0;

	if (w->header.len == 0)
		return 0;
	note_content_type(w, w->header.ptr);
	if ((w->what & MESSAGE_HEADER) != 0)
		rc = look_up(w, w->header.ptr);
	buf_reset(&w->header);
	return rc;
}

/* The headers of a part are complete: what comes now? */
static int
begin_body(struct walk *w)
{
	struct boundary *b;

	w->in_header = false;
	if (w->new_boundary == NULL && !w->is_message)
		return 0;
	if (++w->depth > params.mime_nesting_limit)
		return err_set(w->err, ERR_LIMIT, "message format error: "
		    "MIME nesting exceeds safety limit");
	if (w->new_boundary != NULL) {
		b = xcalloc(1, sizeof(*b));
		b->text = w->new_boundary;
		b->outer = w->boundaries;
		w->boundaries = b;
		w->new_boundary = NULL;
	}
	w->in_header = w->is_message;
	w->is_message = false;
	return 0;
}

/* Is this line a boundary of an enclosing multipart? Then leave what is inside. */
static bool
at_boundary(struct walk *w, const char *line)
{
	struct boundary *b, *inner;
	size_t len;

	if (strncmp(line, "--", 2) != 0)
		return false;
	for (b = w->boundaries; b != NULL; b = b->outer)
		if (strncmp(line + 2, b->text, strlen(b->text)) == 0)
			break;
	if (b == NULL)
		return false;
	while (w->boundaries != b) {
		inner = w->boundaries;
		w->boundaries = inner->outer;
		free(inner->text);
		free(inner);
		w->depth--;
	}
	len = 2 + strlen(b->text);
	w->in_header = strncmp(line + len, "--", 2) != 0;
	if (!w->in_header) {		/* the last: what follows is an epilogue */
		w->boundaries = b->outer;
		free(b->text);
		free(b);
		w->depth--;
	}
	return true;
}

static bool
is_header_start(const char *line)
{
	size_t n = strcspn(line, ": \t");

	return n > 0 && line[n + strspn(line + n, " \t")] == ':';
}

static int
body_line(struct walk *w, const char *line)
{
	return (w->what & MESSAGE_BODY) != 0 && *line != '\0' ?
	    look_up(w, line) : 0;
}

static int
take_line(struct walk *w, const char *line)
{
	if (w->boundaries != NULL && *line == '-') {
		bool was_header = w->in_header;

		if (was_header && end_header(w) == -1)
			return -1;
		if (at_boundary(w, line)) {
			free(w->new_boundary);
			w->new_boundary = NULL;
			w->is_message = false;
			return body_line(w, line);
		}
	}
	if (!w->in_header)
		return body_line(w, line);
	if ((*line == ' ' || *line == '\t') && w->header.len > 0) {
		buf_addc(&w->header, '\n');
		buf_adds(&w->header, line);
		return 0;
	}
	if (end_header(w) == -1)
		return -1;
	if (*line != '\0' && is_header_start(line)) {
		buf_sets(&w->header, line);
		return 0;
	}
	if (begin_body(w) == -1)
		return -1;
	return *line == '\0' ? 0 : body_line(w, line);
}

int
message_query(struct table_tool_list *list, int in, unsigned what,
    struct err *err)
{
	struct walk w = { .list = list, .what = what, .in_header = true,
	    .err = err };
	struct table_tool_lines lines;
	struct err read_err = ERR_INIT;
	struct boundary *b;
	char *line;
	int rc = 0;

	buf_init(&w.header);
	buf_init(&w.value);
	table_tool_lines_init(&lines, in, stdout, list);
	while (rc == 0 && (line = table_tool_line(&lines, &read_err)) != NULL)
		rc = take_line(&w, line);
	if (rc == 0 && read_err.kind != ERR_NONE) {
		*err = read_err;
		rc = -1;
	}
	if (rc == 0)
		rc = end_header(&w);
	table_tool_lines_done(&lines);
	while ((b = w.boundaries) != NULL) {
		w.boundaries = b->outer;
		free(b->text);
		free(b);
	}
	free(w.new_boundary);
	buf_done(&w.header);
	buf_done(&w.value);
	return rc == -1 ? -1 : !w.any;
}
