/*
 * restrict_parse.c - restriction lists: words of a parameter into rules
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/restrict.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/smtpd/rules.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/table/maps.h"
#include "lib/table/search.h"

/* What a bare "type:name" does in a list of this class. */
static const struct restrict_verb *
bare_table_verb(enum restrict_class class)
{
	switch (class) {
	case CLASS_HELO:
		return rule_find("check_helo_access");
	case CLASS_SENDER:
		return rule_find("check_sender_access");
	case CLASS_RCPT:
		return rule_find("check_recipient_access");
	case CLASS_ETRN:
		return rule_find("check_etrn_access");
	default:
		return rule_find("check_client_access");
	}
}

static bool
is_class_name(const char *name)
{
	char *copy = xstrdup(params.smtpd_restriction_classes), *rest = copy,
	    *word;
	bool found = false;

	while (!found && (word = text_split(&rest, TEXT_LIST_SEP)) != NULL)
		found = strcasecmp(word, name) == 0;
	free(copy);
	return found;
}

static void
parse_at(struct restrict_list *out, const char *title, const char *text,
    enum restrict_class class, bool has_tables, int depth);

static void
set_class(struct restrict_rule *rule, const char *name,
    enum restrict_class class, bool has_tables, int depth)
{
	const char *value;

	if (depth >= RESTRICT_DEPTH_MAX || (value = params_lookup(name)) == NULL)
		return;		/* stays unknown: refused when it is reached */
	rule->sub = xcalloc(1, sizeof(*rule->sub));
	parse_at(rule->sub, rule->name, value, class, has_tables, depth + 1);
}

static bool
is_table_name(const char *word)
{
	return strchr(word, ':') != NULL && *word != '[';
}

static void
set_table(struct restrict_list *list, struct restrict_rule *rule,
    bool has_tables)
{
	if (!has_tables)
		list->names_table = true;
	else if (strchr(rule->arg, ':') != NULL)
		rule->maps = maps_open(list->title, rule->arg,
		    SEARCH_ADDRESSES);
}

static void
parse_at(struct restrict_list *out, const char *title, const char *text,
    enum restrict_class class, bool has_tables, int depth)
{
	char *copy = xstrdup(text), *rest = copy, *word, *inner;
	struct restrict_rule *rule;

	*out = (struct restrict_list){ .title = title, .class = class };
	while ((word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		out->rules = xreallocarray(out->rules, out->count + 1,
		    sizeof(*out->rules));
		rule = out->rules + out->count++;
		memset(rule, 0, sizeof(*rule));
		rule->name = xstrdup(word);
		if (strcasecmp(word, "warn_if_reject") == 0)
			continue;
		if (is_table_name(word) && *word != '{') {
			rule->verb = bare_table_verb(class);
			rule->arg = xstrdup(word);
			set_table(out, rule, has_tables);
			continue;
		}
		if (is_class_name(word)) {
			set_class(rule, rule->name, class, has_tables, depth);
			continue;
		}
		if ((rule->verb = rule_find(word)) == NULL ||
		    (rule->verb->needs & (TAKES_TABLE | TAKES_WORD)) == 0)
			continue;
		/* At the end of a list the name stands for its own argument. */
		if ((word = text_split_braced(&rest, TEXT_LIST_SEP)) == NULL)
			word = rule->name;
		if ((rule->verb->needs & TAKES_TABLE) != 0 && *word == '{' &&
		    text_brace_strip(word, &inner) == NULL)
			word = inner;
		rule->arg = xstrdup(word);
		if ((rule->verb->needs & TAKES_TABLE) != 0)
			set_table(out, rule, has_tables);
	}
	free(copy);
}

void
restrict_parse(struct restrict_list *out, const char *title, const char *text,
    enum restrict_class class, bool has_tables)
{
	parse_at(out, title, text, class, has_tables, 0);
}

void
restrict_done(struct restrict_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		free(list->rules[i].name);
		free(list->rules[i].arg);
		if (list->rules[i].maps != NULL)
			maps_free(list->rules[i].maps);
		if (list->rules[i].sub != NULL) {
			restrict_done(list->rules[i].sub);
			free(list->rules[i].sub);
		}
	}
	free(list->rules);
	*list = (struct restrict_list){ 0 };
}

bool
restrict_guards_relay(const struct restrict_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		const struct restrict_rule *rule = list->rules + i;

		if (strcasecmp(rule->name, "permit") == 0) {
			if (i + 1 < list->count)
				log_warning("restriction `%s' after `%s' is "
				    "ignored", rule[1].name, rule->name);
			return false;	/* nothing behind it works */
		}
		if (strcasecmp(rule->name, "warn_if_reject") == 0) {
			i++;
			continue;
		}
		if (rule->verb != NULL &&
		    (rule->verb->needs & GUARDS_RELAY) != 0)
			return true;
		if (rule->sub != NULL && restrict_guards_relay(rule->sub))
			return true;
	}
	return false;
}
