/*
 * table_combine.c - pipemap: and unionmap: tables made of tables
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/table/table_type.h"

#define DEPTH_MAX	20	/* tables within tables within tables */

struct combine_state {
	struct table	**members;
	size_t		 count;
	struct buf	 step;
};

static void
combine_close(struct table *t)
{
	struct combine_state *s = t->state;
	size_t i;

	for (i = 0; i < s->count; i++)
		table_close(s->members[i]);
	free(s->members);
	buf_done(&s->step);
	free(s);
}

/* The least trusted member speaks for all (spec/tables.md 2). */
static void
combine_trust(struct table *t, const struct table *member, bool is_first)
{
	if (is_first) {
		t->trust = member->trust;
		t->owner = member->owner;
	} else if (member->trust == TABLE_OWNER_UNKNOWN) {
		t->trust = TABLE_OWNER_UNKNOWN;
	} else if (t->owner == 0) {
		t->owner = member->owner;
	} else if (member->owner != 0 && member->owner != t->owner) {
		t->trust = TABLE_OWNER_UNKNOWN;
	}
}

static int
add_members(struct table *t, struct combine_state *s, char *list,
    struct err *err)
{
	struct table *member;
	char *name;

	while ((name = text_split_braced(&list, TEXT_LIST_SEP)) != NULL) {
		if (strchr(name, ':') == NULL)
			return 0;
		member = table_open(name, TABLE_READ, t->flags, err);
		if (member == NULL)
			return -1;
		s->members = xreallocarray(s->members, s->count + 1,
		    sizeof(*s->members));
		s->members[s->count++] = member;
		combine_trust(t, member, s->count == 1);
	}
	return 1;
}

static int
combine_open(struct table *t, struct err *err)
{
	static int depth;
	struct combine_state *s = xcalloc(1, sizeof(*s));
	char *copy = xstrdup(t->name), *list;
	int rc = 0;

	t->state = s;
	buf_init(&s->step);
	if (depth >= DEPTH_MAX) {
		rc = err_set(err, ERR_LIMIT, "%s: tables nest too deep",
		    t->full_name);
	} else if (text_brace_strip(copy, &list) == NULL) {
		depth++;
		rc = add_members(t, s, list, err);
		depth--;
	}
	free(copy);
	if (rc == 1 && s->count > 0) {
		t->is_pattern = s->members[0]->is_pattern;
		return 0;
	}
	combine_close(t);
	if (rc == -1)
		return -1;
	return err_set(err, ERR_CONFIG,
	    "bad syntax: \"%s\"; need \"%s:{type:name...}\"", t->full_name,
	    t->type->name);
}

static enum table_result
pipemap_lookup(struct table *t, const char *key, size_t len,
    struct buf *value, struct err *err)
{
	struct combine_state *s = t->state;
	enum table_result rc;
	size_t i;

	(void)len;
	buf_sets(&s->step, key);
	for (i = 0; i < s->count; i++) {
		rc = table_lookup(s->members[i], s->step.ptr, value, err);
		if (rc != TABLE_FOUND)
			return rc;
		buf_set(&s->step, value->ptr, value->len);
	}
	return TABLE_FOUND;
}

static enum table_result
unionmap_lookup(struct table *t, const char *key, size_t len,
    struct buf *value, struct err *err)
{
	struct combine_state *s = t->state;
	enum table_result rc;
	bool found = false;
	size_t i;

	(void)len;
	for (i = 0; i < s->count; i++) {
		rc = table_lookup(s->members[i], key, &s->step, err);
		if (rc == TABLE_NOT_FOUND)
			continue;
		if (rc != TABLE_FOUND)
			return rc;
		if (found)
			buf_addc(value, ',');
		buf_add(value, s->step.ptr, s->step.len);
		found = true;
	}
	return found ? TABLE_FOUND : TABLE_NOT_FOUND;
}

const struct table_type table_pipemap = {
	.name = "pipemap",
	.open = combine_open,
	.close = combine_close,
	.lookup = pipemap_lookup,
};

const struct table_type table_unionmap = {
	.name = "unionmap",
	.open = combine_open,
	.close = combine_close,
	.lookup = unionmap_lookup,
};
