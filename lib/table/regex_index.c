/*
 * regex_index.c - which of many patterns could match a subject?
 *
 * Of each text the four bytes are taken that the fewest patterns have, so
 * that "example.com" in every pattern does not make every pattern a candidate.
 *
 * What patterns begin with is a bit each, for each place and character: those
 * that can have this character here, and those for which this place says
 * something at all. The first few characters of a subject then pass over
 * sixty-four patterns with one "and" each.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/regex_index.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/table/regex_literal.h"

#define DEEP		8		/* places from the start of the subject */
#define ANYWHERE	DEEP		/* a match begins with it, wherever */
#define PLACES		(DEEP + 1)
#define ASCII		128

#define NONE	UINT32_MAX

/* Four bytes, and who needs them. */
struct gram {
	uint32_t	bytes;		/* 0: this slot is free */
	uint32_t	count;		/* texts that have them */
	uint32_t	entry;		/* head of a list in entries, or NONE */
};

struct entry {
	uint32_t	pattern, next;
};

/* A pattern must find these texts. */
struct need {
	size_t		 pattern;
	const char	*texts, *end;
};

struct regex_index {
	size_t		 words;
	uint64_t	*always, *candidates;
	uint64_t	*begin;		/* [PLACES][ASCII][words]; NULL: nothing known */
	uint64_t	*known;		/* [PLACES][words] */
	uint64_t	*some;		/* [words]: scratch */
	struct need	*needs;		/* until filed */
	size_t		 need_count;
	struct gram	*grams;		/* open addressing, a power of two */
	size_t		 size, used;
	struct entry	*entries;	/* one a need */
};

struct regex_index *
regex_index_new(size_t patterns)
{
	struct regex_index *ix = xcalloc(1, sizeof(*ix));

	ix->words = (patterns + 63) / 64;
	ix->always = xcalloc(ix->words, sizeof(*ix->always));
	ix->candidates = xcalloc(ix->words, sizeof(*ix->candidates));
	memset(ix->always, 0xff, ix->words * sizeof(*ix->always));
	ix->size = 1024;
	ix->grams = xcalloc(ix->size, sizeof(*ix->grams));
	return ix;
}

void
regex_index_free(struct regex_index *ix)
{
	if (ix == NULL)
		return;
	free(ix->always);
	free(ix->candidates);
	free(ix->begin);
	free(ix->known);
	free(ix->some);
	free(ix->needs);
	free(ix->grams);
	free(ix->entries);
	free(ix);
}

static uint32_t
gram_at(const char *text)
{
	uint32_t bytes;

	memcpy(&bytes, text, sizeof(bytes));
	return bytes;
}

/* The same of a text in any letter case. */
static uint32_t
gram_of(const char *text)
{
	char lower[REGEX_INDEX_MIN];
	int i;

	for (i = 0; i < REGEX_INDEX_MIN; i++)
		lower[i] = (char)tolower((unsigned char)text[i]);
	return gram_at(lower);
}

/* The slot of these bytes, or the free one where they belong. */
static struct gram *
slot(const struct regex_index *ix, uint32_t bytes)
{
	size_t i = bytes * 0x9e3779b1u >> 7 & (ix->size - 1);

	while (ix->grams[i].bytes != 0 && ix->grams[i].bytes != bytes)
		i = (i + 1) & (ix->size - 1);
	return &ix->grams[i];
}

static void
grow(struct regex_index *ix)
{
	struct gram *old = ix->grams;
	size_t i, size = ix->size;

	ix->size *= 2;
	ix->grams = xcalloc(ix->size, sizeof(*ix->grams));
	for (i = 0; i < size; i++)
		if (old[i].bytes != 0)
			*slot(ix, old[i].bytes) = old[i];
	free(old);
}

static void
count_gram(struct regex_index *ix, uint32_t bytes)
{
	struct gram *g;

	if (ix->used * 2 >= ix->size)
		grow(ix);
	g = slot(ix, bytes);
	if (g->bytes == 0) {
		g->bytes = bytes;
		g->entry = NONE;
		ix->used++;
	}
	g->count++;
}

static void
add_need(struct regex_index *ix, size_t i, const char *texts,
    const char *end)
{
	if ((ix->need_count & (ix->need_count - 1)) == 0)
		ix->needs = xreallocarray(ix->needs,
		    ix->need_count > 0 ? ix->need_count * 2 : 1,
		    sizeof(*ix->needs));
	ix->needs[ix->need_count++] = (struct need){ i, texts, end };
}

void
regex_index_need(struct regex_index *ix, size_t i, const char *texts,
    size_t len, bool is_all)
{
	const char *p, *end = texts + len;
	size_t n, at;

	ix->always[i / 64] &= ~((uint64_t)1 << i % 64);
	if (is_all)
		add_need(ix, i, texts, end);
	for (p = texts; p < end; p += n + 1) {
		n = strlen(p);
		if (!is_all)
			add_need(ix, i, p, p + n + 1);
		for (at = 0; at + REGEX_INDEX_MIN <= n; at++)
			count_gram(ix, gram_of(p + at));
	}
}

/* The patterns that can have character c at a place. */
static uint64_t *
begin_at(const struct regex_index *ix, size_t place, unsigned char c)
{
	return ix->begin + (place * ASCII + c) * ix->words;
}

/* At this place pattern i has one of these. */
static void
begin_with(struct regex_index *ix, size_t i, size_t place,
    const struct regex_set *set)
{
	uint64_t bit = (uint64_t)1 << i % 64;
	unsigned char c;

	if (set->bits[0] == 0 && set->bits[1] == 0)
		return;
	ix->known[place * ix->words + i / 64] |= bit;
	for (c = 0; c < ASCII; c++)
		if ((set->bits[c / 64] >> c % 64 & 1) != 0)
			begin_at(ix, place, c)[i / 64] |= bit;
}

void
regex_index_start(struct regex_index *ix, size_t i,
    const struct regex_run *runs, size_t count, bool is_at_start)
{
	size_t place, r, n;

	if (ix->begin == NULL) {
		ix->begin = xcalloc(PLACES * ASCII * ix->words,
		    sizeof(*ix->begin));
		ix->known = xcalloc(PLACES * ix->words, sizeof(*ix->known));
		ix->some = xcalloc(ix->words, sizeof(*ix->some));
	}
	if (!is_at_start && count > 0)
		begin_with(ix, i, ANYWHERE, &runs[0].set);
	for (r = place = 0; is_at_start && r < count; r++)
		for (n = runs[r].times; n > 0 && place < DEEP; n--)
			begin_with(ix, i, place++, &runs[r].set);
}

/* The four bytes of these texts that the fewest patterns have. */
static struct gram *
rarest(const struct regex_index *ix, const struct need *need)
{
	struct gram *best = NULL, *g;
	const char *p;
	size_t n, at;

	for (p = need->texts; p < need->end; p += n + 1) {
		n = strlen(p);
		for (at = 0; at + REGEX_INDEX_MIN <= n; at++) {
			g = slot(ix, gram_of(p + at));
			if (best == NULL || g->count < best->count)
				best = g;
		}
	}
	return best;
}

void
regex_index_file(struct regex_index *ix)
{
	struct gram *g;
	size_t i;

	ix->entries = xcalloc(ix->need_count + 1, sizeof(*ix->entries));
	for (i = 0; i < ix->need_count; i++) {
		g = rarest(ix, &ix->needs[i]);
		ix->entries[i] = (struct entry){
		    (uint32_t)ix->needs[i].pattern, g->entry };
		g->entry = (uint32_t)i;
	}
	free(ix->needs);
	ix->needs = NULL;
	ix->need_count = 0;
}

/* Only those for which this place says nothing, or that are among these. */
static void
keep(struct regex_index *ix, size_t place, const uint64_t *these)
{
	const uint64_t *known = ix->known + place * ix->words;
	size_t w;

	for (w = 0; w < ix->words; w++)
		ix->candidates[w] &= these[w] | ~known[w];
}

/* Pass over those that begin otherwise; behind its end a subject has NULs. */
static void
keep_beginnings(struct regex_index *ix, const char *subject, size_t len)
{
	bool seen[ASCII] = { false };
	const uint64_t *these;
	unsigned char c;
	size_t i, w;

	for (i = 0; i < DEEP; i++)
		keep(ix, i, begin_at(ix, i, i < len ? subject[i] : 0));
	memset(ix->some, 0, ix->words * sizeof(*ix->some));
	for (i = 0; i < len; i++) {
		c = (unsigned char)subject[i];
		if (seen[c])
			continue;
		seen[c] = true;
		these = begin_at(ix, ANYWHERE, c);
		for (w = 0; w < ix->words; w++)
			ix->some[w] |= these[w];
	}
	keep(ix, ANYWHERE, ix->some);
}

const uint64_t *
regex_index_find(struct regex_index *ix, const char *subject, size_t len)
{
	const struct gram *g;
	uint32_t e;
	size_t at;

	memcpy(ix->candidates, ix->always,
	    ix->words * sizeof(*ix->candidates));
	for (at = 0; at + REGEX_INDEX_MIN <= len; at++) {
		g = slot(ix, gram_at(subject + at));
		if (g->bytes == 0)
			continue;
		for (e = g->entry; e != NONE; e = ix->entries[e].next)
			ix->candidates[ix->entries[e].pattern / 64] |=
			    (uint64_t)1 << ix->entries[e].pattern % 64;
	}
	if (ix->begin != NULL)
		keep_beginnings(ix, subject, len);
	return ix->candidates;
}
