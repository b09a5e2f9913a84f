/*
 * template.c - results of patterns: text with $1, ${1}, $(1), $$
 *
 * A result is cut into pieces once, when its table is read.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/template.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/table/rules.h"

struct piece {
	unsigned	 group;		/* 0: text */
	size_t		 start, len;
};

struct template {
	char		*text;
	struct piece	*pieces;
	size_t		 count;
	unsigned	 highest;
};

static void
add_piece(struct template *tp, unsigned group, const char *from, size_t len)
{
	if (group == 0 && len == 0)
		return;
	tp->pieces = xreallocarray(tp->pieces, tp->count + 1,
	    sizeof(*tp->pieces));
	tp->pieces[tp->count++] = (struct piece){ group,
	    (size_t)(from - tp->text), len };
	if (group > tp->highest)
		tp->highest = group;
}

/* Cut the name behind '$' out; NULL after a warning about its form. */
static const char *
cut_name(const char *p, const char *whole, const char **name, size_t *len)
{
	const char *end;
	char close = *p == '{' ? '}' : *p == '(' ? ')' : '\0';

	if (close != '\0') {
		*name = p + 1;
		if ((end = strchr(p, close)) == NULL) {
			log_warning("truncated macro reference: \"%s\"",
			    whole);
			return NULL;
		}
		*len = (size_t)(end - *name);
		end++;
	} else {
		for (*name = end = p; isalnum((unsigned char)*end) ||
		    *end == '_'; end++)
			;
		*len = (size_t)(end - p);
	}
	if (*len > 0)
		return end;
	log_warning("empty macro name: \"%s\"", whole);
	return NULL;
}

/* The group number that a name gives; 0 after a warning. */
static unsigned
group_number(const char *name, size_t len, const struct rule_place *place,
    const char *zero_text)
{
	uint32_t n = 0;		/* wraps, as nobody has four billion groups */
	size_t i;

	for (i = 0; i < len; i++) {
		if (!isdigit((unsigned char)name[i])) {
			rule_warn(place,
			    "non-numeric replacement index \"%.*s\"",
			    (int)len, name);
			return 0;
		}
		n = n > 99999999 ? 99999999 : n * 10 + (uint32_t)(name[i] - '0');
	}
	if (n == 0)
		rule_warn(place, "%s replacement index \"%.*s\"", zero_text,
		    (int)len, name);
	return n;
}

struct template *
template_parse(const char *text, const struct rule_place *place,
    const char *zero_text)
{
	struct template *tp = xcalloc(1, sizeof(*tp));
	const char *p, *name, *start;
	unsigned group;
	size_t len;

	p = start = tp->text = xstrdup(text);
	while ((p = strchr(p, '$')) != NULL) {
		add_piece(tp, 0, start, (size_t)(p - start));
		if (p[1] == '$') {
			start = p + 1;	/* the second one is text */
			p += 2;
			continue;
		}
		if ((p = cut_name(p + 1, tp->text, &name, &len)) == NULL ||
		    (group = group_number(name, len, place, zero_text)) == 0) {
			rule_warn(place,
			    "bad replacement syntax: skipping this rule");
			template_free(tp);
			return NULL;
		}
		add_piece(tp, group, name, 0);
		start = p;
	}
	add_piece(tp, 0, start, strlen(start));
	return tp;
}

void
template_free(void *arg)
{
	struct template *tp = arg;

	if (tp == NULL)
		return;
	free(tp->pieces);
	free(tp->text);
	free(tp);
}

const char *
template_text(const void *arg)
{
	return ((const struct template *)arg)->text;
}

unsigned
template_groups(const struct template *tp)
{
	return tp->highest;
}

void
template_expand(const struct template *tp, struct buf *out,
    const char *subject, const struct template_group *groups, size_t count)
{
	const struct piece *piece;
	const struct template_group *g;
	size_t i;

	for (i = 0; i < tp->count; i++) {
		piece = &tp->pieces[i];
		if (piece->group == 0) {
			buf_add(out, tp->text + piece->start, piece->len);
			continue;
		}
		if (piece->group >= count)
			continue;
		g = &groups[piece->group];
		if (g->start >= 0 && g->end > g->start)
			buf_add(out, subject + g->start,
			    (size_t)(g->end - g->start));
	}
}
