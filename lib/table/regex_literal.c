/*
 * regex_literal.c - texts that a subject must contain for a pattern to match
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/regex_literal.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"

#define LITERAL_MIN	2	/* a single byte tells too little */

/* Past a bracket expression: "[]a]", "[^]a]", "[[:alpha:]]"; NULL: not closed. */
static const char *
skip_class(const char *p)
{
	const char *end;

	p++;
	if (*p == '^')
		p++;
	if (*p == ']')
		p++;
	for (; *p != '\0' && *p != ']'; p++) {
		if (*p == '\\' && (p[1] == ']' || p[1] == '['))
			return NULL;	/* POSIX and Perl disagree */
		if (*p == '[' && strchr(":.=", p[1]) != NULL && p[1] != '\0') {
			char close[3] = { p[1], ']', '\0' };

			if ((end = strstr(p + 2, close)) == NULL)
				return NULL;
			p = end + 1;
		}
	}
	return *p == ']' ? p : NULL;
}

/* Past a group, p at its '('; returns its ')' or NULL when that is not sure. */
static const char *
skip_group(const char *p)
{
	int depth = 0;

	for (; *p != '\0'; p++) {
		if (*p == '\\') {
			if (p[1] == '\0' || p[1] == 'Q')
				return NULL;
			p++;
		} else if (*p == '[') {
			if ((p = skip_class(p)) == NULL)
				return NULL;
		} else if (*p == '(') {
			/* Options set inside would hold outside, too. */
			if (p[1] == '*' || (p[1] == '?' && p[2] != ':'))
				return NULL;
			depth++;
		} else if (*p == ')' && --depth == 0) {
			return p;
		}
	}
	return NULL;
}

/* Reading a pattern for its plain runs. */
struct plain {
	struct buf	 run;		/* the one being read */
	size_t		 start;		/* where it began in the pattern */
	struct buf	 all;		/* those kept, each with a NUL */
	size_t		 first;		/* where the first kept one began */
};

static void
add_plain(struct plain *pl, int c, size_t at)
{
	if (pl->run.len == 0)
		pl->start = at;
	buf_addc(&pl->run, c);
}

/* Keep the run if it is long enough to tell anything. */
static void
end_run(struct plain *pl)
{
	if (pl->run.len >= LITERAL_MIN) {
		if (pl->all.len == 0)
			pl->first = pl->start;
		buf_add(&pl->all, pl->run.ptr, pl->run.len + 1);
	}
	buf_reset(&pl->run);
}

/*
 * Read one escape: punctuation is plain once escaped, a few letters are
 * classes or assertions, all else is not certain (false).
 */
static bool
read_escape(struct plain *pl, int c, size_t at)
{
	if (c != '\0' && strchr(".\\/-@$^[]()*+?|{}_:,", c) != NULL)
		add_plain(pl, c, at);
	else if (c != '\0' && strchr("bBdDsSwW<>", c) != NULL)
		end_run(pl);
	else
		return false;
	return true;
}

/* Collect the texts that every match contains; false when that is not sure. */
static bool
read_plain(struct plain *pl, const char *pattern)
{
	const char *p;

	for (p = pattern; *p != '\0'; p++) {
		if (*p == '\\') {
			if (!read_escape(pl, p[1], (size_t)(p - pattern)))
				return false;
			p++;
		} else if (*p == '|') {
			return false;
		} else if (*p == '(' || *p == '[') {
			end_run(pl);
			p = *p == '(' ? skip_group(p) : skip_class(p);
			if (p == NULL)
				return false;
		} else if (*p == '*' || *p == '?' || *p == '{') {
			if (pl->run.len > 0)
				buf_truncate(&pl->run, pl->run.len - 1);
			end_run(pl);
			if (*p == '{' && (p = strchr(p, '}')) == NULL)
				return false;
		} else if (strchr("+.^$)", *p) != NULL ||
		    (unsigned char)*p >= 0x80) {
			end_run(pl);
		} else {
			add_plain(pl, *p, (size_t)(p - pattern));
		}
	}
	end_run(pl);
	return pl->all.len > 0;
}

bool
regex_literal_all(const char *pattern, struct buf *out, size_t *first)
{
	struct plain pl = { BUF_INIT, 0, BUF_INIT, 0 };
	bool found = read_plain(&pl, pattern);

	if (found) {
		buf_add(out, pl.all.ptr, pl.all.len);
		*first = pl.first;
	}
	buf_done(&pl.run);
	buf_done(&pl.all);
	return found;
}

/* Append the longest text that this branch must contain; false: none of min bytes. */
static bool
add_branch(const char *start, const char *end, size_t min, struct buf *out)
{
	char *branch = xstrndup(start, (size_t)(end - start));
	struct buf all = BUF_INIT;
	const char *p, *best = NULL;
	size_t first, len, most = min - 1;

	if (regex_literal_all(branch, &all, &first))
		for (p = all.ptr; p < all.ptr + all.len; p += len + 1) {
			len = strlen(p);
			if (len > most) {
				most = len;
				best = p;
			}
		}
	if (best != NULL)
		buf_add(out, best, most + 1);
	buf_done(&all);
	free(branch);
	return best != NULL;
}

/* Each branch from start to end must give a text. */
static bool
read_branches(const char *start, const char *end, size_t min,
    struct buf *out)
{
	size_t before = out->len;
	const char *p;

	for (p = start; p <= end; p++) {
		if (p == end || *p == '|') {
			if (!add_branch(start, p, min, out))
				break;
			start = p + 1;
		} else if (*p == '\\') {
			p++;
		} else if (*p == '[' || *p == '(') {
			p = *p == '[' ? skip_class(p) : skip_group(p);
			if (p == NULL || p >= end)
				break;
		}
	}
	if (start == end + 1)
		return true;
	buf_truncate(out, before);
	return false;
}

/* Is there no "|" outside groups, for certain? */
static bool
is_one_branch(const char *p)
{
	for (; *p != '\0'; p++) {
		if (*p == '|')
			return false;
		if (*p == '\\') {
			if (p[1] == '\0' || p[1] == 'Q')
				return false;
			p++;
		} else if (*p == '[' || *p == '(') {
			p = *p == '[' ? skip_class(p) : skip_group(p);
			if (p == NULL)
				return false;
		}
	}
	return true;
}

bool
regex_literal_any(const char *pattern, size_t min, struct buf *out)
{
	const char *p, *close;

	if (!is_one_branch(pattern))
		return read_branches(pattern, pattern + strlen(pattern), min,
		    out);
	for (p = pattern; *p != '\0'; p++) {
		if (*p == '\\') {
			p++;
		} else if (*p == '[') {
			p = skip_class(p);
		} else if (*p == '(') {
			close = skip_group(p);
			p += p[1] == '?' ? 3 : 1;	/* "(?:" */
			/* A group that may be absent tells nothing. */
			if ((close[1] == '\0' ||
			    strchr("*?{", close[1]) == NULL) &&
			    read_branches(p, close, min, out))
				return true;
			p = close;
		}
	}
	return false;
}
