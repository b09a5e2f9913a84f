/*
 * regex_literal.c - what a subject must contain for a pattern to match
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/regex_literal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"

#define LITERAL_MIN	2	/* a single byte tells too little */

/* After a backslash: a plain character; a class of characters or a place. */
#define PLAIN_ESCAPES	".\\/-@$^[]()*+?|{}_:,"
#define CLASS_ESCAPES	"bBdDsSwW<>"

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

/* "[.]": a class of one, which is how many write a plain dot. */
static bool
is_single(const char *p)
{
	return p[0] == '[' && p[1] != '\0' && p[2] == ']' &&
	    strchr("^[]\\", p[1]) == NULL && (unsigned char)p[1] < 0x80;
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
	if (c != '\0' && strchr(PLAIN_ESCAPES, c) != NULL)
		add_plain(pl, c, at);
	else if (c != '\0' && strchr(CLASS_ESCAPES, c) != NULL)
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
		} else if (is_single(p)) {
			add_plain(pl, p[1], (size_t)(p - pattern));
			p += 2;
		} else if (*p == '(' || *p == '[') {
			end_run(pl);
			p = *p == '(' ? skip_group(p) : skip_class(p);
			if (p == NULL)
				return false;
		} else if (*p == '+' && strchr("+*?{", p[1]) != NULL &&
		    p[1] != '\0') {
			continue;	/* to the C library "b+?" is "(b+)?" */
		} else if (*p == '*' || *p == '?' || *p == '{') {
			if (pl->run.len > 0)
				buf_truncate(&pl->run, pl->run.len - 1);
			end_run(pl);
			/* "{||}" is no quantifier. */
			if (*p == '{' && *(p += 1 + strspn(p + 1,
			    "0123456789,")) != '}')
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
	const char *p, *close, *after;

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
			/* A group that may be absent tells nothing: "()+?" too. */
			after = close + 1 + strspn(close + 1, "+");
			if ((*after == '\0' || strchr("*?{", *after) == NULL) &&
			    read_branches(p, close, min, out))
				return true;
			p = close;
		}
	}
	return false;
}

static void
set_add(struct regex_set *set, int c)
{
	set->bits[c / 64] |= (uint64_t)1 << c % 64;
}

static bool
set_has(const struct regex_set *set, int c)
{
	return (set->bits[c / 64] >> c % 64 & 1) != 0;
}

/* "[:name:]" in a class, p at its start; returns its last character or NULL. */
static const char *
read_named(const char *p, struct regex_set *set)
{
	static const struct {
		const char	*name;
		int		(*has)(int c);
	} names[] = {
		{ "[:alnum:]", isalnum }, { "[:alpha:]", isalpha },
		{ "[:digit:]", isdigit }, { "[:lower:]", islower },
		{ "[:punct:]", ispunct }, { "[:space:]", isspace },
		{ "[:upper:]", isupper }, { "[:xdigit:]", isxdigit },
	};
	size_t i, len;
	int c;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		len = strlen(names[i].name);
		if (strncmp(p, names[i].name, len) != 0)
			continue;
		for (c = 1; c < 128; c++)
			if (names[i].has(c))
				set_add(set, c);
		return p + len - 1;
	}
	return NULL;
}

/* From a to b in any order of characters that there is? */
static bool
is_range(int a, int b)
{
	return a <= b && ((isdigit(a) && isdigit(b)) ||
	    (islower(a) && islower(b)) || (isupper(a) && isupper(b)));
}

/* A class, p at its '['; returns its ']' or NULL when that is not sure. */
static const char *
read_class(const char *p, struct regex_set *set)
{
	bool is_negated = *++p == '^';
	int c, last;

	if (is_negated)
		p++;
	do {
		c = last = (unsigned char)*p;
		if (c == '[') {
			if ((p = read_named(p, set)) == NULL)
				return NULL;
			continue;
		}
		if (c == '\0' || c == '\\' || c >= 0x80)
			return NULL;
		if (p[1] == '-' && p[2] != ']') {
			last = (unsigned char)p[2];
			if (!is_range(c, last))
				return NULL;
			p += 2;
		}
		for (; c <= last; c++)
			set_add(set, c);
	} while (*++p != ']');
	for (c = 1; is_negated && c < 128; c++)
		set->bits[c / 64] ^= (uint64_t)1 << c % 64;
	return p;
}

/* Letters in lower case, whatever the case they match in. */
static void
lower_set(struct regex_set *set)
{
	int c;

	for (c = 'A'; c <= 'Z'; c++)
		if (set_has(set, c))
			set_add(set, tolower(c));
}

/* What stands for one character at *p, which is moved behind it; false: not sure. */
static bool
read_set(const char **p, struct regex_set *set)
{
	const char *s = *p;

	*set = (struct regex_set){ { 0, 0 } };
	if (*s == '\\' && s[1] != '\0' && strchr(PLAIN_ESCAPES, s[1]) != NULL) {
		set_add(set, *++s);
	} else if (*s == '[') {
		if ((s = read_class(s, set)) == NULL)
			return false;
	} else if (*s == '\0' || strchr("\\|()*?{+^$", *s) != NULL ||
	    (unsigned char)*s >= 0x80) {
		return false;
	} else if (*s != '.') {
		set_add(set, *s);
	}
	lower_set(set);
	*p = s + 1;
	return true;
}

/* May what stands before p be absent? Some escapes hide a quantifier: "\E*". */
static bool
is_optional(const char *p)
{
	if (*p == '\\' && p[1] != '\0')
		return strchr(PLAIN_ESCAPES CLASS_ESCAPES, p[1]) == NULL;
	return *p != '\0' && strchr("*?{", *p) != NULL;
}

/*
 * How often what stands before *p is there at least; moved behind "{n}" or
 * "{n,m}". is_exact is false when it may be there more often.
 */
static size_t
read_times(const char **p, bool *is_exact)
{
	size_t times = 1;
	char *end;

	*is_exact = true;
	if (**p == '{' && isdigit((unsigned char)(*p)[1])) {
		times = strtoul(*p + 1, &end, 10);
		if (*end == ',') {
			*is_exact = false;
			end += 1 + strspn(end + 1, "0123456789");
		}
		if (*end != '}')
			return 0;
		*p = end + 1;
	}
	if (**p == '+')
		*is_exact = false;
	return is_optional(*p + strspn(*p, "+")) ? 0 : times;
}

size_t
regex_literal_start(const char *pattern, struct regex_run *runs)
{
	const char *p = pattern + (*pattern == '^');
	bool is_exact = true;
	size_t n;

	if (!is_one_branch(pattern))
		return 0;
	for (n = 0; is_exact && n < REGEX_RUNS; n++)
		if (!read_set(&p, &runs[n].set) ||
		    (runs[n].times = read_times(&p, &is_exact)) == 0)
			break;
	return n;
}

bool
regex_literal_begins(const struct regex_run *runs, size_t count,
    const char *subject, size_t len)
{
	const struct regex_set *set;
	size_t i, n;

	for (i = 0; i < count; i++) {
		if ((n = runs[i].times) > len)
			return false;
		len -= n;
		set = &runs[i].set;
		if (set->bits[0] == 0 && set->bits[1] == 0) {
			subject += n;
			continue;
		}
		for (; n > 0; n--)
			if (!set_has(set, *subject++))
				return false;
	}
	return true;
}
