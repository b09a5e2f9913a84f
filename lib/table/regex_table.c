/*
 * regex_table.c - "/pattern/flags result" tables, whatever compiles the pattern
 *
 * An index (regex_index.h) leaves few patterns to look at, and what each match
 * must have (regex_shortcut.h) fewer to ask the matcher for.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/regex_table.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/table/regex_index.h"
#include "lib/table/regex_shortcut.h"
#include "lib/table/table_value.h"

#define IS_SPACE(c)	(isspace((unsigned char)(c)) != 0)
#define INDEX_PATTERNS	8	/* with fewer there is nothing to gain */
#define INDEX_LOOKUPS	2	/* a single one takes less time than the index */

struct regex {
	const struct regex_engine *engine;
	void		*compiled;
	void		*second;	/* must not match; NULL */
	struct regex_shortcut shortcut;
};

struct regex_state {
	const struct regex_engine *engine;
	struct rules	 rules;
	struct regex_index *index;	/* NULL: too few patterns, or lookups */
	unsigned	 lookups;	/* up to INDEX_LOOKUPS */
	struct buf	 lower;		/* the subject of this lookup */
	const char	*name;
};

static void
regex_free(void *arg)
{
	struct regex *re = arg;

	if (re->compiled != NULL)
		re->engine->free(re->compiled);
	if (re->second != NULL)
		re->engine->free(re->second);
	regex_shortcut_done(&re->shortcut);
	free(re);
}

/* A pattern as it stands in a line: what is between the delimiters. */
struct pattern_text {
	char		*text;
	unsigned	 flags;
};

/* Cut "/text/flags" at *line; false after a warning. */
static bool
cut_pattern(const struct regex_engine *engine, const struct rule_place *place,
    char **line, struct pattern_text *out)
{
	char *p = *line, delimiter;

	while (IS_SPACE(*p))
		p++;
	if (*p == '\0') {
		rule_warn(place, "no regexp: skipping this rule");
		return false;
	}
	delimiter = *p++;
	for (out->text = p; *p != '\0' && *p != delimiter; p++)
		if (*p == '\\') {
			if (p[1] == '\0')
				break;
			p++;
		}
	if (*p != delimiter) {
		rule_warn(place, "no closing regexp delimiter \"%c\": %s",
		    delimiter, engine->unclosed);
		return false;
	}
	*p++ = '\0';
	out->flags = engine->defaults;
	for (; *p != '\0' && !IS_SPACE(*p) &&
	    !(*p == '!' && engine->has_second); p++)
		if (!engine->toggle(*p, &out->flags, place)) {
			rule_warn(place, "unknown regexp option \"%c\": "
			    "skipping this rule", *p);
			return false;
		}
	*line = p;
	return true;
}

static void *
compile(const struct regex_engine *engine, const struct rule_place *place,
    const struct pattern_text *pt, bool wants_groups, const struct table *t)
{
	struct err err = ERR_INIT;
	void *compiled = engine->compile(pt->text, pt->flags, wants_groups, t,
	    &err);

	if (compiled == NULL)
		rule_warn(place, "%s", err.text);
	return compiled;
}

static struct regex *
regex_new(const struct regex_engine *engine, const struct rule_place *place,
    const struct pattern_text *pt, bool wants_groups, const struct table *t)
{
	struct regex *re = xcalloc(1, sizeof(*re));

	re->engine = engine;
	re->compiled = compile(engine, place, pt, wants_groups, t);
	if (re->compiled == NULL) {
		regex_free(re);
		return NULL;
	}
	regex_shortcut_take(&re->shortcut, pt->text, pt->flags);
	return re;
}

static bool
take_negation(char **line)
{
	bool is_negated = false;

	while (**line == '!' || IS_SPACE(**line))
		is_negated ^= *(*line)++ == '!';
	return is_negated;
}

static void
parse_if(struct rules *r, struct table *t, const struct rule_place *place,
    char *line)
{
	const struct regex_engine *engine = ((struct regex_state *)t->state)->engine;
	bool is_negated = take_negation(&line);
	struct pattern_text pt;
	struct rule *rule;
	struct regex *re;

	if (!cut_pattern(engine, place, &line, &pt))
		return;
	while (IS_SPACE(*line))
		line++;
	if (*line != '\0') {
		rule_warn(place, "ignoring extra text after IF statement: "
		    "\"%s\"", line);
		rule_warn(place, "do not prepend whitespace to statements "
		    "between IF and ENDIF");
	}
	if ((re = regex_new(engine, place, &pt, false, t)) == NULL)
		return;
	rule = rules_add(r, RULE_IF, place->line);
	rule->pattern = re;
	rule->is_negated = is_negated;
}

/* The result text of a rule; NULL after a warning. */
static struct template *
parse_result(const struct regex_engine *engine, const struct table *t,
    const struct rule_place *place, const char *text)
{
	struct template *tp;
	struct buf content = BUF_INIT;
	struct err err = ERR_INIT;

	if (*text == '\0')
		rule_warn(place, "no replacement text: using empty string");
	if ((t->flags & TABLE_VALUE_IS_FILE) != 0) {
		if (table_value_encode(&content, text, &err) == -1) {
			rule_warn(place, "%s: skipping this rule", err.text);
			buf_done(&content);
			return NULL;
		}
		text = content.ptr;
	}
	tp = template_parse(text, place, engine->zero_text);
	buf_done(&content);
	return tp;
}

/* May this result name groups, and does the pattern have them? */
static bool
groups_fit(const struct table *t, const struct rule_place *place,
    const struct template *tp, const struct regex *re, bool is_negated)
{
	unsigned highest = template_groups(tp);

	if (highest == 0)
		return true;
	if (is_negated) {
		rule_warn(place, "$number found in negative match replacement "
		    "text: skipping this rule");
	} else if ((t->flags & TABLE_NO_REGSUB) != 0) {
		rule_warn(place, "regular expression substitution is not "
		    "allowed: skipping this rule");
	} else if (re != NULL && (highest > re->engine->groups(re->compiled) ||
	    highest >= REGEX_GROUPS_MAX)) {
		rule_warn(place, "out of range replacement index \"%u\": "
		    "skipping this rule", highest);
	} else {
		return true;
	}
	return false;
}

static void
parse_result_rule(struct rules *r, struct table *t,
    const struct rule_place *place, char *line)
{
	const struct regex_engine *engine = ((struct regex_state *)t->state)->engine;
	bool is_negated = take_negation(&line), has_second = false;
	struct pattern_text pt, second;
	struct template *tp;
	struct regex *re = NULL;
	struct rule *rule;

	if (!cut_pattern(engine, place, &line, &pt))
		return;
	if (*line == '!' && engine->has_second) {
		*line++ = '\0';
		has_second = true;
		if (!cut_pattern(engine, place, &line, &second))
			return;
	}
	while (IS_SPACE(*line))
		line++;
	if ((tp = parse_result(engine, t, place, line)) == NULL)
		return;
	if (!groups_fit(t, place, tp, NULL, is_negated) ||
	    (re = regex_new(engine, place, &pt, template_groups(tp) > 0,
	    t)) == NULL || !groups_fit(t, place, tp, re, is_negated) ||
	    (has_second && (re->second = compile(engine, place, &second,
	    false, t)) == NULL)) {
		template_free(tp);
		if (re != NULL)
			regex_free(re);
		return;
	}
	rule = rules_add(r, RULE_RESULT, place->line);
	rule->pattern = re;
	rule->result = tp;
	rule->is_negated = is_negated;
}

static void
parse_line(struct rules *r, struct table *t, const struct rule_place *place,
    char *line)
{
	char *rest;

	while (IS_SPACE(*line))
		line++;
	if ((rest = rule_keyword(line, "if")) != NULL) {
		parse_if(r, t, place, rest);
	} else if ((rest = rule_keyword(line, "endif")) != NULL) {
		if (!rules_add_endif(r, place->line)) {
			rule_warn(place, "ignoring ENDIF without matching IF");
			return;
		}
		while (IS_SPACE(*rest))
			rest++;
		if (*rest != '\0')
			rule_warn(place, "ignoring extra text after ENDIF");
	} else if (isalnum((unsigned char)*line)) {
		rule_warn(place, "ignoring unrecognized request");
	} else {
		parse_result_rule(r, t, place, line);
	}
}

/*
 * File each pattern that can be. Negated ones, and conditions,
 * whose rules are passed over when they fail, are always looked at.
 */
static void
make_index(struct regex_state *s)
{
	size_t i;

	if (s->rules.count < INDEX_PATTERNS)
		return;
	s->index = regex_index_new(s->rules.count);
	for (i = 0; i < s->rules.count; i++) {
		const struct rule *rule = &s->rules.list[i];
		const struct regex *re = rule->pattern;

		if (rule->kind == RULE_RESULT && !rule->is_negated)
			regex_shortcut_file(&re->shortcut, s->index, i);
	}
	regex_index_file(s->index);
}

int
regex_table_open(struct table *t, const struct regex_engine *engine,
    struct err *err)
{
	struct regex_state *s = xcalloc(1, sizeof(*s));

	t->state = s;
	s->engine = engine;
	s->name = t->name;
	buf_init(&s->lower);
	if (rules_load(&s->rules, t, engine->label, parse_line, err) == 0)
		return 0;
	regex_table_close(t);
	return -1;
}

void
regex_table_close(struct table *t)
{
	struct regex_state *s = t->state;

	rules_done(&s->rules, regex_free, template_free);
	regex_index_free(s->index);
	buf_done(&s->lower);
	free(s);
}

/* One lookup: the subject in both letter cases, and the groups of the hit. */
struct subject {
	const struct regex_state *state;
	const char	*text;
	const char	*lower;		/* NULL: not ASCII, letter case is complex */
	size_t		 len;
	struct template_group groups[REGEX_GROUPS_MAX];
};

static int
matches(const struct rule *rule, void *ctx)
{
	const struct regex *re = rule->pattern;
	struct subject *s = ctx;
	const struct rule_place place = { re->engine->label, s->state->name,
	    rule->line };
	size_t count;
	int rc;

	if (!regex_shortcut_allows(&re->shortcut, s->text, s->lower, s->len))
		return 0;
	count = rule->result != NULL ?
	    template_groups(rule->result) : 0;
	if (count > 0)
		count++;
	rc = re->engine->match(re->compiled, s->text, s->len, s->groups,
	    count, &place);
	if (rc == 1 && re->second != NULL)
		rc = re->engine->match(re->second, s->text, s->len, NULL, 0,
		    &place) == 0;
	return rc;
}

/* Find the rule that key matches; subject then has its groups. */
static const struct rule *
find_rule(struct regex_state *s, struct subject *subject, const char *key,
    size_t len)
{
	const uint64_t *candidates = NULL;

	subject->state = s;
	subject->text = key;
	subject->len = len;
	subject->lower = NULL;
	if (s->lookups < INDEX_LOOKUPS && ++s->lookups == INDEX_LOOKUPS)
		make_index(s);
	if (text_is_ascii(key)) {
		buf_set(&s->lower, key, len);
		subject->lower = text_lower(s->lower.ptr);
		if (s->index != NULL)
			candidates = regex_index_find(s->index,
			    s->lower.ptr, len);
	}
	return rules_find(&s->rules, candidates, matches, subject);
}

enum table_result
regex_table_lookup(struct table *t, const char *key, size_t len,
    struct buf *value, struct err *err)
{
	struct regex_state *s = t->state;
	struct subject subject;
	const struct rule *rule;

	(void)err;
	if ((rule = find_rule(s, &subject, key, len)) == NULL)
		return TABLE_NOT_FOUND;
	t->hit_line = rule->line;
	template_expand(rule->result, value, key, subject.groups,
	    template_groups(rule->result) + 1);
	return TABLE_FOUND;
}

void
regex_table_describe(struct table *t, const char *key, void (*fn)(
    const char *what, const char *text, void *ctx), void *ctx)
{
	struct subject subject;
	const struct rule *rule = find_rule(t->state, &subject, key,
	    strlen(key));
	size_t count = rule != NULL ? template_groups(rule->result) : 0, i;
	char *text;

	for (i = 1; i <= count; i++) {
		const struct template_group *g = &subject.groups[i];

		text = xstrndup(g->end > g->start ? key + g->start : "",
		    g->end > g->start ? (size_t)(g->end - g->start) : 0);
		fn("capture", text, ctx);
		free(text);
	}
}

void
regex_table_each_result(struct table *t, void (*fn)(int line,
    const char *text, void *ctx), void *ctx)
{
	struct regex_state *s = t->state;

	rules_each_result(&s->rules, template_text, fn, ctx);
}
