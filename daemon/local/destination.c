/*
 * destination.c - what stands right of the colon in aliases, and in .forward
 *
 * An address list like any other; what an address says without its quotes
 * tells a command, a file or a list from a mailbox. So a command with blanks
 * or commas stands in quotes.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/local/destination.h"

#include <string.h>
#include <strings.h>

#include "lib/mail/address_list.h"

#define INCLUDE	":include:"

struct each {
	const char	*text;
	destination_fn	 fn;
	void		*ctx;
	int		 count;
};

static struct destination
classify(const char *internal, bool is_verbatim)
{
	struct destination d = { DEST_ADDRESS, internal, is_verbatim };

	if (*internal == '|')
		d = (struct destination){ DEST_COMMAND, internal + 1, false };
	else if (*internal == '/')
		d.kind = DEST_FILE;
	else if (strncasecmp(internal, INCLUDE, strlen(INCLUDE)) == 0)
		d = (struct destination){ DEST_INCLUDE,
		    internal + strlen(INCLUDE), false };
	return d;
}

static bool
each_address(const char *internal, size_t offset, size_t len, void *ctx)
{
	struct each *e = ctx;
	struct destination d;

	(void)len;
	if (*internal == '\0')
		return true;
	e->count++;
	d = classify(internal, e->text[offset] == '\\');
	return e->fn(&d, e->ctx);
}

int
destination_each(const char *text, destination_fn fn, void *ctx)
{
	struct each e = { text, fn, ctx, 0 };

	address_list_each(text, false, each_address, &e);
	return e.count;
}
