/*
 * table_place.c - where an answer stands: which line of which text
 *
 * For people, not for daemons: an index knows no lines, so its source is read
 * once more.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table.h"

#include <string.h>

#include "lib/table/table_redirect.h"
#include "lib/table/table_source.h"
#include "lib/table/table_type.h"

int
table_line(const struct table *t, const char *key)
{
	struct table *self = (struct table *)t;	/* its key buffer is scratch */
	struct source_entry e = { .is_alias = t->is_alias_source,
	    .is_texthash = true };
	struct buf want = BUF_INIT;
	struct table_source *source;
	const char *folded;
	int found = 0;
	size_t len;

	if (t->hit_line != 0 || t->type == NULL)
		return t->hit_line;
	if (t->type->suffix == NULL && t->type != &table_texthash)
		return 0;
	if ((folded = table_prepare_key(self, key, &len)) == NULL ||
	    (source = table_source_open(t->name, -1, NULL)) == NULL)
		return 0;
	buf_set(&want, folded, len);
	e.is_alias |= table_redirect_is_alias(t->type->name, t->name);
	table_source_be_quiet(source);
	while (found == 0 && table_source_entry(source, &e, NULL) == 1) {
		folded = table_prepare_key(self, e.key, &len);
		if (folded != NULL && strcmp(folded, want.ptr) == 0)
			found = e.line;
	}
	table_source_close(source);
	source_entry_done(&e);
	buf_done(&want);
	return found;
}

/* The text of the rule that a table of rules answered with. */
static bool
rule_text(const struct table *t, struct buf *line)
{
	struct table_source *source;
	int number, got;

	if (t->hit_line == 0 || !t->is_pattern)
		return false;
	source = *t->name == '{' ? table_source_inline(t->name, NULL) :
	    table_source_open(t->name, -1, NULL);
	if (source == NULL)
		return false;
	table_source_be_quiet(source);
	while ((got = table_source_next(source, line, &number, NULL)) == 1 &&
	    number != t->hit_line)
		;
	table_source_close(source);
	return got == 1;
}

void
table_describe(struct table *t, const char *key, void (*fn)(const char *what,
    const char *text, void *ctx), void *ctx)
{
	struct buf line = BUF_INIT;

	if (rule_text(t, &line))
		fn("rule", line.ptr, ctx);
	if (t->type != NULL && t->type->describe != NULL)
		t->type->describe(t, key, fn, ctx);
	buf_done(&line);
}
