/*
 * regex_weight.c - is a POSIX pattern more than the C library can bear?
 *
 * The library turns a pattern into nodes: characters, and forks where there
 * is a choice. For each node it keeps a list of what can be reached without
 * taking a character; "x{0,3}" is "((x?x)?x)?", whose outer fork reaches each
 * of the three. What matters are the lengths of these lists (memory, time to
 * compile) and how many characters can come right after one (time to match).
 * Both follow from those of the parts, so the pattern is read once.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/regex_weight.h"

#include <ctype.h>
#include <regex.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define LISTED_MAX	16e6		/* 16 bytes each */
#define FOLLOW_MAX	200e3		/* 0.1 us for each byte of a subject */
#define DEPTH_MAX	500		/* of groups: both of us recurse */
#define UNLIMITED	(-1)

struct weight {
	bool		 is_nullable;	/* it may match nothing */
	double		 first, last;	/* characters it may begin, end with */
	double		 open;		/* forks from which its end is reached */
	double		 listed;	/* length of all lists */
	double		 follow;	/* what may come after each, but for one */
};

static const struct weight nothing = { .is_nullable = true };
static const struct weight one = { .first = 1, .last = 1, .listed = 1 };

static double
follow(struct weight a, struct weight b)
{
	return b.first > 1 ? a.last * (b.first - 1) : 0;
}

static struct weight
concat(struct weight a, struct weight b)
{
	return (struct weight){
		.is_nullable = a.is_nullable && b.is_nullable,
		.first = a.first + (a.is_nullable ? b.first : 0),
		.last = b.last + (b.is_nullable ? a.last : 0),
		.open = b.open + (b.is_nullable ? a.open : 0),
		.listed = a.listed + b.listed + a.open * b.first,
		.follow = a.follow + b.follow + follow(a, b),
	};
}

static struct weight
either(struct weight a, struct weight b)
{
	bool is_nullable = a.is_nullable || b.is_nullable;

	return (struct weight){
		.is_nullable = is_nullable,
		.first = a.first + b.first,
		.last = a.last + b.last,
		.open = a.open + b.open + is_nullable,
		.listed = a.listed + b.listed + a.first + b.first + 1,
		.follow = a.follow + b.follow,
	};
}

static struct weight
star(struct weight w)
{
	w.listed += (w.open + 1) * w.first + 1;
	w.follow += follow(w, w);
	w.open++;
	w.is_nullable = true;
	return w;
}

static struct weight
repeat(struct weight w, long min, long max)
{
	struct weight all = nothing, optional = nothing;
	long i;

	for (i = 0; i < min; i++)
		all = concat(all, w);
	if (max == UNLIMITED)
		return concat(all, star(w));
	for (i = min; i < max; i++)
		optional = either(concat(optional, w), nothing);
	return concat(all, optional);
}

/* ---- reading -------------------------------------------------------------- */

enum token { END, ATOM, OPEN, CLOSE, OR, REPEAT };

struct reader {
	const char	*at;
	bool		 is_extended;
	int		 depth;
	bool		 is_too_deep;
	enum token	 token;
	long		 min, max;	/* of REPEAT */
};

/* Past a bracket expression at its '['. */
static const char *
skip_bracket(const char *p)
{
	p += p[1] == '^' ? 2 : 1;
	if (*p == ']')
		p++;
	for (; *p != '\0' && *p != ']'; p++)
		if (*p == '[' && (p[1] == ':' || p[1] == '.' || p[1] == '=')) {
			const char close[] = { p[1], ']', '\0' };
			const char *end = strstr(p + 2, close);

			if (end != NULL)
				p = end + 1;
		}
	return *p == ']' ? p + 1 : p;
}

/* The counts behind a '{' at r->at; false when they are none. */
static bool
read_counts(struct reader *r)
{
	const char *p = r->at;
	char *end;

	r->min = strtol(p, &end, 10);
	if (end == p && *p != ',')
		return false;
	r->max = r->min;
	if (*end == ',') {
		p = end + 1;
		r->max = isdigit((unsigned char)*p) ? strtol(p, &end, 10) :
		    UNLIMITED;
		if (r->max == UNLIMITED)
			end = (char *)p;
	}
	if (!r->is_extended && *end == '\\')
		end++;
	if (*end != '}' || r->min < 0 || r->min > RE_DUP_MAX ||
	    r->max > RE_DUP_MAX)
		return false;
	r->at = end + 1;
	return true;
}

static enum token
repeat_token(struct reader *r, long min, long max)
{
	r->min = min;
	r->max = max;
	return REPEAT;
}

/* Operators are bare in extended syntax and escaped in basic; '*' is always bare. */
static enum token
next_token(struct reader *r)
{
	const char *p = r->at;
	bool is_escaped = *p == '\\';
	char c = is_escaped ? p[1] : p[0];

	if (c == '\0')
		return END;
	r->at += is_escaped ? 2 : 1;
	if (!is_escaped && c == '[') {
		r->at = skip_bracket(p);
		return ATOM;
	}
	if (!is_escaped && c == '*')
		return repeat_token(r, 0, UNLIMITED);
	if (is_escaped == r->is_extended)
		return ATOM;
	switch (c) {
	case '(':
		return OPEN;
	case ')':
		return CLOSE;
	case '|':
		return OR;
	case '+':
		return repeat_token(r, 1, UNLIMITED);
	case '?':
		return repeat_token(r, 0, 1);
	case '{':
		return read_counts(r) ? REPEAT : ATOM;
	default:
		return ATOM;
	}
}

static struct weight read_choice(struct reader *r);

/* A character or a group, r->token being its first, and what repeats it. */
static struct weight
read_piece(struct reader *r)
{
	struct weight w = one;

	if (r->token == OPEN && r->depth < DEPTH_MAX) {
		r->depth++;
		w = read_choice(r);
		r->depth--;
	} else if (r->token == OPEN) {
		r->is_too_deep = true;
	}
	while ((r->token = next_token(r)) == REPEAT)
		w = repeat(w, r->min, r->max);
	return w;
}

static struct weight
read_sequence(struct reader *r)
{
	struct weight w = nothing;

	r->token = next_token(r);
	while (r->token != END && r->token != OR &&
	    (r->token != CLOSE || r->depth == 0))
		w = concat(w, read_piece(r));
	return w;
}

/* Up to the ')' that is not its own, or the end. */
static struct weight
read_choice(struct reader *r)
{
	struct weight w = read_sequence(r);

	while (r->token == OR)
		w = either(w, read_sequence(r));
	return w;
}

const char *
regex_weight_fault(const char *pattern, bool is_extended)
{
	struct reader r = { .at = pattern, .is_extended = is_extended };
	struct weight w = read_choice(&r);

	if (r.is_too_deep)
		return "groups are nested too deep";
	if (w.listed > LISTED_MAX || w.follow > FOLLOW_MAX)
		return "repetitions make the pattern too large";
	return NULL;
}
