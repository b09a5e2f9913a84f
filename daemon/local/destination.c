/*
 * destination.c - what stands right of the colon in aliases, and in .forward
 *
 * The list is cut at commas that stand outside quotes, comments and angle
 * brackets. A piece that is one quoted string speaks for what is in it, which
 * is how commands with blanks are written; the rest is mail addresses.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/local/destination.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/mail/address_list.h"

#define INCLUDE	":include:"

struct each {
	destination_fn	 fn;
	void		*ctx;
	int		 count;
	bool		 is_stopped;
	bool		 is_verbatim;
};

/* Length of the piece at s: up to a comma or newline at the outer level. */
static size_t
piece_length(const char *s)
{
	bool is_path = *s == '|' || *s == '/';
	int comment = 0, angle = 0;
	bool quoted = false;
	size_t i;

	for (i = 0; s[i] != '\0'; i++) {
		if (s[i] == '\\' && s[i + 1] != '\0')
			i++;
		else if (quoted)
			quoted = s[i] != '"';
		else if (s[i] == '"')
			quoted = true;
		else if (is_path) {
			if (s[i] == ',')
				break;
		} else if (s[i] == '(')
			comment++;
		else if (s[i] == ')' && comment > 0)
			comment--;
		else if (comment > 0)
			continue;
		else if (s[i] == '<')
			angle++;
		else if (s[i] == '>' && angle > 0)
			angle--;
		else if ((s[i] == ',' || s[i] == '\n') && angle == 0)
			break;
	}
	return i;
}

static void
call(struct each *e, enum destination_kind kind, const char *text)
{
	struct destination d = { kind, text, e->is_verbatim };

	e->count++;
	if (!e->fn(&d, e->ctx))
		e->is_stopped = true;
}

static bool
each_address(const char *internal, size_t offset, size_t len, void *ctx)
{
	struct each *e = ctx;

	(void)offset;
	(void)len;
	if (*internal != '\0')
		call(e, DEST_ADDRESS, internal);
	return !e->is_stopped;
}

/* The inside of a piece that is a quoted string and nothing else, else NULL. */
static char *
unquote_whole(const char *s)
{
	struct buf out = BUF_INIT;

	if (*s++ != '"')
		return NULL;
	for (; *s != '\0' && *s != '"'; s++) {
		if (*s == '\\' && s[1] != '\0')
			s++;
		buf_addc(&out, *s);
	}
	if (*s == '"' && s[1] == '\0')
		return buf_take(&out);
	buf_done(&out);
	return NULL;
}

/* True when text is a command, file or list rather than an address. */
static bool
special(struct each *e, const char *text)
{
	if (*text == '|') {
		for (text++; isspace((unsigned char)*text); text++)
			;
		call(e, DEST_COMMAND, text);
	} else if (*text == '/')
		call(e, DEST_FILE, text);
	else if (strncasecmp(text, INCLUDE, strlen(INCLUDE)) == 0) {
		for (text += strlen(INCLUDE); isspace((unsigned char)*text);
		    text++)
			;
		call(e, DEST_INCLUDE, text);
	} else
		return false;
	return true;
}

static void
piece(struct each *e, const char *text)
{
	char *inner = unquote_whole(text);

	e->is_verbatim = false;
	if (!special(e, inner != NULL ? inner : text)) {
		if (*text == '\\') {
			e->is_verbatim = true;
			text++;
		}
		address_list_each(text, false, each_address, e);
	}
	free(inner);
}

int
destination_each(const char *text, destination_fn fn, void *ctx)
{
	struct each e = { fn, ctx, 0, false, false };
	size_t n;

	while (!e.is_stopped) {
		char *copy;

		while (isspace((unsigned char)*text) || *text == ',')
			text++;
		if (*text == '\0')
			break;
		n = piece_length(text);
		copy = xstrndup(text, n);
		text += n;
		while (n > 0 && isspace((unsigned char)copy[n - 1]))
			copy[--n] = '\0';
		piece(&e, copy);
		free(copy);
	}
	return e.count;
}
