/*
 * ehlo.c - what an SMTP server may offer, and be told not to
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/ehlo.h"

#include <stdlib.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/table/maps.h"

static const struct {
	const char	*name;
	unsigned	 bit;
} keywords[] = {
	{ "8BITMIME", EHLO_8BITMIME }, { "PIPELINING", EHLO_PIPELINING },
	{ "SIZE", EHLO_SIZE }, { "VRFY", EHLO_VRFY }, { "ETRN", EHLO_ETRN },
	{ "AUTH", EHLO_AUTH }, { "VERP", EHLO_XVERP },
	{ "STARTTLS", EHLO_STARTTLS }, { "XCLIENT", EHLO_XCLIENT },
	{ "XFORWARD", EHLO_XFORWARD },
	{ "ENHANCEDSTATUSCODES", EHLO_ENHANCED }, { "DSN", EHLO_DSN },
	{ "SMTPUTF8", EHLO_SMTPUTF8 }, { "CHUNKING", EHLO_CHUNKING },
	{ "silent-discard", EHLO_SILENT },
	/* Never announced here, so nothing needs hiding. */
	{ "binarymime", 0 }, { "requiretls", 0 },
};

unsigned
ehlo_parse(const char *text)
{
	char *copy = xstrdup(text), *rest = copy, *word;
	unsigned bits = 0;
	size_t i, n = sizeof(keywords) / sizeof(keywords[0]);

	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		for (i = 0; i < n; i++)
			if (strcasecmp(word, keywords[i].name) == 0)
				break;
		if (i == n)
			log_warning("unknown EHLO keyword \"%s\" in \"%s\"",
			    word, text);
		else
			bits |= keywords[i].bit;
	}
	free(copy);
	return bits;
}

bool
ehlo_find(struct maps *maps, const char *addr, unsigned *bits)
{
	struct buf value = BUF_INIT;
	bool is_found;

	is_found = maps_find(maps, addr, false, &value) == TABLE_FOUND;
	if (is_found)
		*bits = ehlo_parse(value.ptr);
	buf_done(&value);
	return is_found;
}

void
ehlo_names(struct buf *out, unsigned bits)
{
	size_t i;

	if ((bits & EHLO_SILENT) != 0)
		return;
	for (i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if ((bits & keywords[i].bit) != 0)
			buf_addf(out, " %s", keywords[i].name);
}
