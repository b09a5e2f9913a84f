/*
 * explain_story.c - listens to what decides, and keeps it
 *
 * Two voices: maps_trace tells each lookup, route_trace what was made of it.
 * A step that names the parameter of the last table that answered is due to
 * that table and line; any other to what main.cf says.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postfix/explain.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/conf/service_params.h"
#include "lib/route/route_trace.h"

static struct {
	const struct explain_question *q;
	struct explain_steps *steps;
	struct explanation *x;
	size_t		 top;
	size_t		*nodes;		/* by place in the expansion */
	size_t		 node_room;
	/* The last table that answered. */
	struct buf	 title, table, key;
	int		 line;
	/* --steps. */
	struct table_report report;
	struct table_story story;
	const struct maps *told;	/* whose steps are being told */
	char		*text;
	size_t		 text_len;
} ear;

static char *
copy_of(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

/* ---- where a value comes from ---- */

void
explain_step_of(const struct explain_question *q, struct explain_step *out,
    const char *what, const char *value, const char *parameter)
{
	const struct main_cf_entry *entry;
	struct buf source = BUF_INIT;
	const char *set;

	*out = (struct explain_step){ .what = xstrdup(what),
	    .value = xstrdup(value), .parameter = copy_of(parameter) };
	if (parameter == NULL)
		return;
	set = params_as_set(parameter);
	entry = main_cf_find(&q->main_cf, parameter);
	if (set == NULL)
		buf_adds(&source, "default");
	else if (entry == NULL || strcmp(entry->value, set) != 0)
		buf_adds(&source, "-o in master.cf");
	else
		buf_addf(&source, "main.cf line %d", entry->line);
	out->source = buf_take(&source);
}

void
explain_step_hit(const struct explain_question *q, struct explain_step *out,
    const char *what, const char *value, const char *parameter)
{
	explain_step_of(q, out, what, value, parameter);
	if (parameter == NULL || ear.title.len == 0 ||
	    strcmp(parameter, ear.title.ptr) != 0)
		return;
	out->table = xstrdup(ear.table.ptr);
	out->key = xstrdup(ear.key.ptr);
	out->line = ear.line;
}

const struct explain_step *
explain_step_last(const struct explain_steps *steps, const char *what)
{
	size_t i;

	for (i = steps->count; i > 0; i--)
		if (strcmp(steps->items[i - 1].what, what) == 0)
			return &steps->items[i - 1];
	return NULL;
}

/* Who has no options takes what was loaded first, and its warnings are said once. */
void
explain_load(const struct explain_question *q, const char *service)
{
	static bool has_options;
	const struct master_service *s = service == NULL ? NULL :
	    service_params_find(&q->master_cf, service);
	struct err err = ERR_INIT;
	int rc;

	if (!has_options && (s == NULL || s->argc == 0))
		return;
	has_options = s != NULL && s->argc > 0;
	log_to(0);
	rc = service_params_load(s, &err);
	log_to(LOG_TO_STDERR);
	if (rc == -1)
		log_fatal("%s", err.text);
}

/* ---- the tree ---- */

size_t
explain_node_add(struct explanation *x, const char *address, size_t parent)
{
	struct explain_node *n;

	x->nodes = xreallocarray(x->nodes, x->node_count + 1,
	    sizeof(*x->nodes));
	n = &x->nodes[x->node_count];
	*n = (struct explain_node){ .address = xstrdup(address),
	    .parent = parent };
	if (parent != EXPLAIN_TOP) {
		n->depth = x->nodes[parent].depth + 1;
		x->nodes[parent].has_children = true;
	}
	return x->node_count++;
}

size_t
explain_node_of(size_t place)
{
	return place < ear.node_room ? ear.nodes[place] : ear.top;
}

static void
put_node(size_t place, size_t node)
{
	size_t i;

	if (place >= ear.node_room) {
		ear.nodes = xreallocarray(ear.nodes, place + 1,
		    sizeof(*ear.nodes));
		for (i = ear.node_room; i <= place; i++)
			ear.nodes[i] = ear.top;
		ear.node_room = place + 1;
	}
	ear.nodes[place] = node;
}

/* The first result takes the place of what it comes from: then that is its parent. */
static void
hear_alias(const struct route_step *s)
{
	size_t parent = explain_node_of(s->from), child;
	struct explanation *x = ear.x;

	if (strcmp(x->nodes[parent].address, s->of) != 0 &&
	    x->nodes[parent].parent != EXPLAIN_TOP)
		parent = x->nodes[parent].parent;
	if (s->to == s->from &&
	    strcasecmp(s->value, x->nodes[parent].address) == 0) {
		x->nodes[parent].is_self = true;
		return;
	}
	child = explain_node_add(x, s->value, parent);
	explain_step_hit(ear.q, &x->nodes[child].origin, s->what, s->value,
	    s->parameter);
	put_node(s->to, child);
}

/* ---- listening ---- */

static void
hear_step(void *ctx, const struct route_step *s)
{
	struct explain_steps *l = ear.steps;
	struct explain_step *step;

	(void)ctx;
	if (s->of != NULL) {
		hear_alias(s);
		return;
	}
	l->items = xreallocarray(l->items, l->count + 1, sizeof(*l->items));
	step = &l->items[l->count++];
	explain_step_hit(ear.q, step, s->what, s->value, s->parameter);
	step->note = copy_of(s->note != NULL && *s->note != '\0' ? s->note :
	    NULL);
}

static void
hear_lookup(void *ctx, const struct maps *maps, struct table *t,
    const char *key, const char *why, bool was_asked, enum table_result rc,
    const char *value)
{
	(void)ctx;
	if (was_asked)
		buf_reset(&ear.title);
	if (was_asked && rc == TABLE_FOUND) {
		buf_sets(&ear.title, maps_title(maps));
		buf_sets(&ear.table, table_name(t));
		buf_sets(&ear.key, key);
		ear.line = table_line(t, key);
	}
	/* Passwords are nobody's business. */
	if (ear.x == NULL || !ear.q->wants_steps)
		return;
	if (maps != ear.told && !ear.q->is_json)
		fprintf(ear.report.out, "%s\n", maps_title(maps));
	if (maps != ear.told)
		ear.story.step = 0;
	ear.told = maps;
	table_story_tell(&ear.story, maps, t, key, why, was_asked, rc, value);
}

static void
end_story(void)
{
	struct buf *out;

	if (ear.x == NULL || !ear.q->wants_steps)
		return;
	out = &ear.x->lookups;
	fclose(ear.report.out);
	if (ear.q->is_json) {
		if (out->len > 0 && ear.story.steps.len > 0)
			buf_adds(out, ", ");
		buf_add(out, ear.story.steps.ptr, ear.story.steps.len);
	} else {
		buf_add(out, ear.text, ear.text_len);
	}
	free(ear.text);
	table_story_done(&ear.story);
}

static void
begin_story(void)
{
	if (ear.x == NULL || !ear.q->wants_steps)
		return;
	ear.report.is_json = ear.q->is_json;
	if ((ear.report.out = open_memstream(&ear.text, &ear.text_len)) == NULL)
		log_fatal("out of memory");
	table_story_init(&ear.story, &ear.report);
	ear.told = NULL;
}

void
explain_listen(const struct explain_question *q, struct explain_steps *steps,
    struct explanation *x, size_t top)
{
	end_story();
	ear.q = q;
	ear.steps = steps;
	ear.x = x;
	ear.top = top;
	free(ear.nodes);
	ear.nodes = NULL;
	ear.node_room = 0;
	begin_story();
	maps_trace(steps != NULL ? hear_lookup : NULL, NULL);
	route_trace(steps != NULL ? hear_step : NULL, NULL);
}
