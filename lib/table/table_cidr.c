/*
 * table_cidr.c - cidr: IP addresses against network patterns, in order
 *
 * A key that is no address is not found; a rule speaks only about addresses
 * of its own family, negated or not. Source: spec/tables.md 6.
 *
 * SPDX-License-Identifier: ISC
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/table/ip_pattern.h"
#include "lib/table/rules.h"
#include "lib/table/table_value.h"

#define IS_SPACE(c)	(isspace((unsigned char)(c)) != 0)

/*
 * Parse "[!...]PATTERN" at *text; NULL after a warning. Behind "if" the
 * pattern is all that is left.
 */
static struct ip_pattern *
parse_pattern(const struct rule_place *place, char **text, bool is_if,
    bool *is_negated)
{
	struct ip_pattern pattern;
	struct err err = ERR_INIT;
	char *p = *text, *word;

	*is_negated = false;
	while (*p == '!' || IS_SPACE(*p))
		*is_negated ^= *p++ == '!';
	if (*p == '\0') {
		rule_warn(place, "no address pattern: skipping this rule");
		return NULL;
	}
	for (word = p; *p != '\0' && (is_if || !IS_SPACE(*p)); p++)
		;
	if (*p != '\0')
		*p++ = '\0';
	while (IS_SPACE(*p))
		p++;
	*text = p;
	if (ip_pattern_parse(&pattern, word, &err) == -1) {
		rule_warn(place, "%s: skipping this rule", err.text);
		return NULL;
	}
	return xmemdup(&pattern, sizeof(pattern));
}

static void
parse_rule(struct rules *r, struct table *t, const struct rule_place *place,
    char *line)
{
	struct ip_pattern *pattern;
	struct buf content = BUF_INIT;
	struct err err = ERR_INIT;
	struct rule *rule;
	bool is_negated;
	char *rest;

	if ((rest = rule_keyword(line, "endif")) != NULL) {
		while (IS_SPACE(*rest))
			rest++;
		if (*rest != '\0')
			rule_warn(place,
			    "garbage after ENDIF: skipping this rule");
		else if (!rules_add_endif(r, place->line))
			rule_warn(place,
			    "ENDIF without IF: skipping this rule");
		return;
	}
	if ((rest = rule_keyword(line, "if")) != NULL) {
		pattern = parse_pattern(place, &rest, true, &is_negated);
		if (pattern == NULL)
			return;
		rule = rules_add(r, RULE_IF, place->line);
		rule->pattern = pattern;
		rule->is_negated = is_negated;
		return;
	}
	if ((pattern = parse_pattern(place, &line, false,
	    &is_negated)) == NULL)
		return;
	if (*line == '\0') {
		rule_warn(place, "no lookup result: skipping this rule");
		free(pattern);
		return;
	}
	if ((t->flags & TABLE_VALUE_IS_FILE) != 0 &&
	    table_value_encode(&content, line, &err) == -1) {
		rule_warn(place, "%s: skipping this rule", err.text);
		free(pattern);
		buf_done(&content);
		return;
	}
	rule = rules_add(r, RULE_RESULT, place->line);
	rule->pattern = pattern;
	rule->is_negated = is_negated;
	rule->result = xstrdup(content.len > 0 ? content.ptr : line);
	buf_done(&content);
}

static int
cidr_open(struct table *t, struct err *err)
{
	struct rules *r = xcalloc(1, sizeof(*r));

	t->state = r;
	if (rules_load(r, t, "cidr", parse_rule, err) == 0)
		return 0;
	rules_done(r, free, free);
	free(r);
	return -1;
}

static void
cidr_close(struct table *t)
{
	rules_done(t->state, free, free);
	free(t->state);
}

static int
matches(const struct rule *rule, void *ctx)
{
	const struct ip_pattern *pattern = rule->pattern;
	const struct ip_address *address = ctx;

	if (pattern->net.family != address->family)
		return -1;
	return ip_pattern_matches(pattern, address);
}

static enum table_result
cidr_lookup(struct table *t, const char *key, size_t len, struct buf *value,
    struct err *err)
{
	struct ip_address address;
	const struct rule *rule;

	(void)len, (void)err;
	if (!ip_address_parse(&address, key))
		return TABLE_NOT_FOUND;
	if ((rule = rules_find(t->state, NULL, matches,
	    &address)) == NULL)
		return TABLE_NOT_FOUND;
	t->hit_line = rule->line;
	buf_adds(value, rule->result);
	return TABLE_FOUND;
}

static const char *
result_text(const void *result)
{
	return result;
}

static void
cidr_each_result(struct table *t, void (*fn)(int line, const char *text,
    void *ctx), void *ctx)
{
	rules_each_result(t->state, result_text, fn, ctx);
}

const struct table_type table_cidr = {
	.name = "cidr",
	.is_pattern = true,
	.open = cidr_open,
	.close = cidr_close,
	.lookup = cidr_lookup,
	.each_result = cidr_each_result,
};
