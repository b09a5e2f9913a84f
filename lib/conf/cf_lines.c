/*
 * cf_lines.c - logical lines of main.cf and master.cf
 *
 * One pass over bytes in memory. A logical line ends where the next line
 * with something to say starts in its first column, so the reader looks at
 * the start of each physical line before it takes it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/cf_lines.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/log.h"

#define CF_SHOWN	30	/* bytes of a bad line that a warning shows */

void
cf_lines_init(struct cf_lines *lines, const char *name, const char *text,
    size_t len)
{
	lines->name = name;
	lines->ptr = text;
	lines->end = text + len;
	lines->line = 0;
	lines->next_line = 1;
}

/* The physical line at ptr: its text without the newline, cut at a NUL. */
static struct span
physical_line(const struct cf_lines *lines, const char **after)
{
	size_t left = (size_t)(lines->end - lines->ptr);
	const char *nl = memchr(lines->ptr, '\n', left), *nul;
	struct span s = { lines->ptr, left };

	*after = lines->end;
	if (nl != NULL) {
		s.len = (size_t)(nl - lines->ptr);
		*after = nl + 1;
	}
	if ((nul = memchr(s.ptr, '\0', s.len)) != NULL)
		s.len = (size_t)(nul - s.ptr);
	return s;
}

/* The physical line that ends at after is done. */
static void
advance(struct cf_lines *lines, const char *after)
{
	if (memchr(lines->ptr, '\0', (size_t)(after - lines->ptr)) != NULL)
		log_warning("%s, line %d: text after null byte may be ignored",
		    lines->name, lines->next_line);
	lines->ptr = after;
	lines->next_line++;
}

static bool
says_nothing(struct span s)
{
	while (s.len > 0 && isspace((unsigned char)s.ptr[0])) {
		s.ptr++;
		s.len--;
	}
	return s.len == 0 || s.ptr[0] == '#';
}

/* Indented lines that continue nothing are one logical line, left out. */
static void
skip_stray(struct cf_lines *lines)
{
	struct buf stray = BUF_INIT;
	const char *after;
	struct span s;

	while (lines->ptr < lines->end) {
		s = physical_line(lines, &after);
		if (!says_nothing(s)) {
			if (!isspace((unsigned char)s.ptr[0]))
				break;
			buf_add(&stray, s.ptr, s.len);
		}
		advance(lines, after);
	}
	if (stray.len > 0)
		log_warning("%s: logical line must not start with "
		    "whitespace: \"%.*s%s\"", lines->name,
		    (int)(stray.len > CF_SHOWN ? CF_SHOWN : stray.len),
		    stray.ptr, stray.len > CF_SHOWN ? "..." : "");
	buf_done(&stray);
}

bool
cf_lines_next(struct cf_lines *lines, struct buf *out)
{
	const char *after;
	bool have = false, cut = false;

	skip_stray(lines);
	buf_reset(out);
	while (lines->ptr < lines->end) {
		struct span s = physical_line(lines, &after);
		bool nothing = says_nothing(s);

		if (have && !nothing && !isspace((unsigned char)s.ptr[0]))
			break;
		if (!nothing) {
			if (!have)
				lines->line = lines->next_line;
			have = true;
			if (!cut)
				buf_add(out, s.ptr, s.len);
			/* A NUL ends the logical line, not only this one. */
			cut = cut || memchr(lines->ptr, '\0',
			    (size_t)(after - lines->ptr)) != NULL;
		}
		advance(lines, after);
	}
	return have;
}
