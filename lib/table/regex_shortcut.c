/*
 * regex_shortcut.c - what tells that a pattern cannot match, without a matcher
 *
 * Most patterns contain some texts that every match must contain, in order.
 * Of others it is known what they begin with.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/regex_shortcut.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/table/regex_index.h"
#include "lib/table/regex_literal.h"
#include "lib/table/regex_table.h"

/* Is one of these texts long enough for the index? */
static bool
has_long_text(const char *texts, size_t size)
{
	const char *p;
	size_t len;

	for (p = texts; p < texts + size; p += len + 1)
		if ((len = strlen(p)) >= REGEX_INDEX_MIN)
			return true;
	return false;
}

static void
take_literals(struct regex_shortcut *sc, const char *pattern, unsigned flags)
{
	struct buf all = BUF_INIT, any = BUF_INIT;
	size_t first, i;

	sc->is_icase = (flags & REGEX_ICASE) != 0;
	if ((flags & REGEX_NO_LITERAL) != 0)
		return;
	if (regex_literal_all(pattern, &all, &first)) {
		sc->is_anchored = pattern[0] == '^' && first == 1 &&
		    (flags & REGEX_MULTILINE) == 0;
		for (i = 0; sc->is_icase && i < all.len; i++)
			all.ptr[i] = (char)tolower((unsigned char)all.ptr[i]);
	}
	if (!has_long_text(all.ptr, all.len) &&
	    regex_literal_any(pattern, REGEX_INDEX_MIN, &any)) {
		sc->any_len = any.len;
		sc->any = buf_take(&any);
	}
	sc->literals_len = all.len;
	if (all.len > 0)
		sc->literals = buf_take(&all);
	buf_done(&all);
	buf_done(&any);
}

/* For the index, when no text is long enough for it. */
static void
take_start(struct regex_shortcut *sc, const char *pattern, unsigned flags)
{
	struct regex_run runs[REGEX_RUNS];

	if ((flags & REGEX_NO_LITERAL) != 0 || sc->any != NULL ||
	    (sc->literals != NULL &&
	    has_long_text(sc->literals, sc->literals_len)))
		return;
	sc->run_count = regex_literal_start(pattern, runs);
	sc->is_at_start = pattern[0] == '^' &&
	    (flags & REGEX_MULTILINE) == 0;
	if (sc->run_count > 0) {
		sc->runs = xreallocarray(NULL, sc->run_count, sizeof(*runs));
		memcpy(sc->runs, runs, sc->run_count * sizeof(*runs));
	}
}

void
regex_shortcut_take(struct regex_shortcut *sc, const char *pattern,
    unsigned flags)
{
	take_literals(sc, pattern, flags);
	take_start(sc, pattern, flags);
}

void
regex_shortcut_done(struct regex_shortcut *sc)
{
	free(sc->literals);
	free(sc->any);
	free(sc->runs);
}

void
regex_shortcut_file(const struct regex_shortcut *sc, struct regex_index *ix,
    size_t i)
{
	if (sc->any != NULL)
		regex_index_need(ix, i, sc->any, sc->any_len, false);
	else if (sc->literals != NULL &&
	    has_long_text(sc->literals, sc->literals_len))
		regex_index_need(ix, i, sc->literals, sc->literals_len, true);
	else if (sc->runs != NULL)
		regex_index_start(ix, i, sc->runs, sc->run_count,
		    sc->is_at_start);
}

/* Does the subject have all that a match needs? */
static bool
has_literals(const struct regex_shortcut *sc, const char *subject)
{
	const char *text = sc->literals, *end = text + sc->literals_len;
	size_t len;

	if (sc->is_anchored) {
		len = strlen(text);
		if (strncmp(subject, text, len) != 0)
			return false;
		text += len + 1;
		subject += len;
	}
	for (; text < end; text += len + 1) {
		len = strlen(text);
		if ((subject = strstr(subject, text)) == NULL)
			return false;
		subject += len;
	}
	return true;
}

bool
regex_shortcut_allows(const struct regex_shortcut *sc, const char *subject,
    const char *lower, size_t len)
{
	const char *in = sc->is_icase ? lower : subject;

	if (sc->literals != NULL && in != NULL && !has_literals(sc, in))
		return false;
	return !sc->is_at_start || lower == NULL ||
	    regex_literal_begins(sc->runs, sc->run_count, lower, len);
}
