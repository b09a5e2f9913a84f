/*
 * table_lines.c - lines of a descriptor, as many at a time as are there
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/table/table_tool.h"

#define READ_CHUNK	((size_t)64 << 10)
#define READ_MUCH	((size_t)4 << 20)	/* of a file; a pipe gives less */

void
table_lines_init(struct table_lines *l, int fd, FILE *out,
    struct table_tool_list *list)
{
	memset(l, 0, sizeof(*l));
	l->fd = fd;
	l->out = out;
	l->list = list;
}

void
table_lines_done(struct table_lines *l)
{
	free(l->data);
}

/* Make room behind the unread bytes and read once; 1, 0 at the end, -1. */
static int
read_more(struct table_lines *l, struct err *err)
{
	size_t chunk = l->wants_many ? READ_MUCH : READ_CHUNK;
	ssize_t n;

	if (l->out != NULL)
		fflush(l->out);
	if (l->list != NULL)
		table_tool_list_hold(l->list, false);
	if (l->start > 0) {
		memmove(l->data, l->data + l->start, l->end - l->start);
		l->end -= l->start;
		l->start = 0;
	}
	if (l->size - l->end < chunk + 1) {
		l->size = l->size * 2 + chunk + 1;
		l->data = xrealloc(l->data, l->size);
	}
	do {
		n = read(l->fd, l->data + l->end, chunk);
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		return err_sys(err, "read standard input");
	l->end += (size_t)n;
	if (l->list != NULL)
		table_tool_list_hold(l->list, true);
	return n > 0;
}

char *
table_lines_next(struct table_lines *l, struct err *err)
{
	size_t seen = 0;
	char *eol = NULL, *line;
	int rc = 1;

	for (;;) {
		if (l->end > l->start + seen)
			eol = memchr(l->data + l->start + seen, '\n',
			    l->end - l->start - seen);
		if (eol != NULL)
			break;
		seen = l->end - l->start;
		if ((rc = read_more(l, err)) == -1)
			return NULL;
		if (rc == 0)
			break;
	}
	if (eol == NULL && l->end == l->start)
		return NULL;
	line = l->data + l->start;
	if (eol == NULL)
		eol = l->data + l->end;	/* read_more left room */
	*eol = '\0';
	l->start = (size_t)(eol - l->data) + (rc != 0);
	if (rc == 0)
		l->start = l->end;
	return line;
}

bool
table_lines_has_more(const struct table_lines *l)
{
	return l->end > l->start && memchr(l->data + l->start, '\n',
	    l->end - l->start) != NULL;
}
