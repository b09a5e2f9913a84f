/*
 * addr_pattern.c - "127.0.0.[2;4..8]": which answers of a DNS list count
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/addr_pattern.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/err.h"

struct scan {
	const char	*text, *at;
	struct err	*err;
};

static int
fail(struct scan *s, const char *what)
{
	const char *rest = *s->at != '\0' ? s->at + 1 : s->at;

	return err_set(s->err, ERR_SYNTAX, "%s at \"%.*s>%.*s<%s\"", what,
	    (int)(s->at - s->text), s->text, (int)(rest - s->at), s->at, rest);
}

/* A number 0..255, or -1; at stays in front of what is none. */
static int
number(struct scan *s)
{
	const char *start = s->at;
	int n = 0;

	while (isdigit((unsigned char)*s->at) && n <= 255)
		n = n * 10 + *s->at++ - '0';
	if (s->at > start && n <= 255)
		return n;
	s->at = start;
	return -1;
}

static void
allow(unsigned char *field, int from, int to)
{
	for (; from <= to; from++)
		field[from / 8] |= (unsigned char)(1 << (from % 8));
}

/* "2;4..8]" */
static int
bracketed(struct scan *s, unsigned char *field)
{
	int from, to;

	for (;;) {
		if ((from = to = number(s)) == -1)
			return fail(s, "need decimal number 0..255");
		if (strncmp(s->at, "..", 2) == 0) {
			s->at += 2;
			if ((to = number(s)) == -1)
				return fail(s, "need decimal number 0..255");
			if (to < from)
				return fail(s, "bad address range");
		}
		allow(field, from, to);
		if (*s->at == ']')
			break;
		if (*s->at != ';')
			return fail(s, "need \";\", \"..\" or \"]\"");
		s->at++;
	}
	s->at++;
	return 0;
}

int
addr_pattern_parse(struct addr_pattern *p, const char *text, struct err *err)
{
	struct scan s = { text, text, err };
	int i, n;

	memset(p, 0, sizeof(*p));
	for (i = 0; i < 4; i++) {
		if (i > 0 && *s.at++ != '.') {
			s.at--;
			return fail(&s, "need \".\"");
		}
		if (*s.at == '[') {
			s.at++;
			if (bracketed(&s, p->fields[i]) == -1)
				return -1;
		} else if ((n = number(&s)) != -1) {
			allow(p->fields[i], n, n);
		} else {
			return fail(&s, "need decimal number 0..255 or \"[\"");
		}
	}
	return *s.at == '\0' ? 0 : fail(&s, "garbage after pattern");
}

bool
addr_pattern_matches(const struct addr_pattern *p,
    const unsigned char bytes[4])
{
	int i;

	for (i = 0; i < 4; i++)
		if ((p->fields[i][bytes[i] / 8] & 1 << (bytes[i] % 8)) == 0)
			return false;
	return true;
}
