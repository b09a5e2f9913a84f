/*
 * rules.c - ordered rules with if ... endif, as cidr, regexp and pcre have
 *
 * Rules are a flat array; an if knows the index behind its endif, so a search
 * is one loop without recursion.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/rules.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/table/table_source.h"

static unsigned warnings;

unsigned
rule_warnings(void)
{
	return warnings;
}

void
rules_each_result(const struct rules *r,
    const char *(*text)(const void *result),
    void (*fn)(int line, const char *text, void *ctx), void *ctx)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		if (r->list[i].kind == RULE_RESULT)
			fn(r->list[i].line, text(r->list[i].result), ctx);
}

void
rule_warn(const struct rule_place *place, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	warnings++;
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	log_warning("%s map %s, line %d: %s", place->label, place->file,
	    place->line, text.ptr);
	buf_done(&text);
}

static struct table_source *
open_source(struct rules *r, struct table *t, const char *label,
    struct err *err)
{
	struct table_source *source;

	if (t->name[0] == '{') {
		/* Whoever runs us wrote these rules. */
		t->trust = TABLE_OWNER_UID;
		t->owner = getuid();
		source = table_source_inline(t->name, err);
		if (source == NULL)
			err_prefix(err, "%s map: ", label);
		return source;
	}
	if ((source = table_source_open(t->name, -1, err)) == NULL)
		return NULL;
	r->fd = fcntl(table_source_fd(source), F_DUPFD_CLOEXEC, 3);
	if (r->fd == -1 || table_watch(t, r->fd, err) == -1) {
		err_sys(err, "open %s", t->name);
		table_source_close(source);
		return NULL;
	}
	return source;
}

int
rules_load(struct rules *r, struct table *t, const char *label,
    void (*parse)(struct rules *r, struct table *t,
    const struct rule_place *place, char *line), struct err *err)
{
	struct rule_place place = { label, t->name, 0 };
	struct table_source *source;
	struct buf line = BUF_INIT;
	int got;

	memset(r, 0, sizeof(*r));
	r->fd = -1;
	if ((source = open_source(r, t, label, err)) == NULL)
		return -1;
	while ((got = table_source_next(source, &line, &place.line,
	    err)) == 1) {
		buf_trim_right(&line);
		if (line.len > 0)
			parse(r, t, &place, line.ptr);
	}
	if (got == -1 && t->name[0] == '{')
		err_prefix(err, "%s map: ", label);
	table_source_close(source);
	buf_done(&line);
	while (got == 0 && r->depth > 0) {
		struct rule *rule = &r->list[r->open[--r->depth]];

		place.line = rule->line;
		rule_warn(&place, "IF has no matching ENDIF");
		rule->after = r->count;
	}
	free(r->open);
	r->open = NULL;
	return got;
}

void
rules_done(struct rules *r, void (*free_pattern)(void *),
    void (*free_result)(void *))
{
	size_t i;

	for (i = 0; i < r->count; i++) {
		if (r->list[i].pattern != NULL)
			free_pattern(r->list[i].pattern);
		if (r->list[i].result != NULL)
			free_result(r->list[i].result);
	}
	free(r->list);
	free(r->open);
	if (r->fd != -1)
		close(r->fd);
}

struct rule *
rules_add(struct rules *r, enum rule_kind kind, int line)
{
	struct rule *rule;

	if ((r->count & (r->count - 1)) == 0)	/* full at powers of two */
		r->list = xreallocarray(r->list,
		    r->count > 0 ? r->count * 2 : 1, sizeof(*r->list));
	if (kind == RULE_IF) {
		r->open = xreallocarray(r->open, r->depth + 1,
		    sizeof(*r->open));
		r->open[r->depth++] = r->count;
	}
	rule = &r->list[r->count++];
	memset(rule, 0, sizeof(*rule));
	rule->kind = kind;
	rule->line = line;
	return rule;
}

bool
rules_add_endif(struct rules *r, int line)
{
	if (r->depth == 0)
		return false;
	rules_add(r, RULE_ENDIF, line);
	r->list[r->open[--r->depth]].after = r->count;
	return true;
}

/* The first candidate from i on; r->count if there is none. */
static size_t
next_candidate(const struct rules *r, const uint64_t *candidates, size_t i)
{
	uint64_t word;

	if (candidates == NULL || i >= r->count)
		return i;
	word = candidates[i / 64] >> i % 64;
	while (word == 0) {
		i = (i / 64 + 1) * 64;
		if (i >= r->count)
			return r->count;
		word = candidates[i / 64];
	}
	i += (size_t)__builtin_ctzll(word);
	return i < r->count ? i : r->count;
}

const struct rule *
rules_find(const struct rules *r, const uint64_t *candidates,
    int (*matches)(const struct rule *rule, void *ctx), void *ctx)
{
	const struct rule *rule;
	size_t i = 0;
	bool hit;
	int rc;

	while ((i = next_candidate(r, candidates, i)) < r->count) {
		rule = &r->list[i++];
		if (rule->kind == RULE_ENDIF)
			continue;
		rc = matches(rule, ctx);
		hit = rc != -1 && (rc == 1) != rule->is_negated;
		if (rule->kind == RULE_RESULT && hit)
			return rule;
		if (rule->kind == RULE_IF && !hit)
			i = rule->after;
	}
	return NULL;
}

char *
rule_keyword(char *line, const char *word)
{
	size_t len = strlen(word);

	if (strncasecmp(line, word, len) != 0 ||
	    isalnum((unsigned char)line[len]))
		return NULL;
	return line + len;
}
