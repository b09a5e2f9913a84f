/*
 * group_rows.c - what was counted, in order: the rows of a screen
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/qtop/group_internal.h"
#include "lib/base/buf.h"
#include "lib/base/intern.h"
#include "lib/base/mem.h"

#define CLASSES_SHOWN	3	/* of a relay */

static bool
has_own_texts(const struct grouping *g)
{
	return g->by == BY_SASL || g->by == BY_CLIENT ||
	    (g->by == BY_DOMAIN && g->wants_parents);
}

static const char *
value_of(const struct grouping *g, const struct queue_snapshot *s,
    const struct node *n)
{
	if (n->key[0] == UINT32_MAX)
		return "(others)";
	if (g->by == BY_CLASS || g->by == BY_REASON)
		return n->sum.depth == 0 ? queue_reason_class_name(n->key[0]) :
		    queue_snapshot_text(s, n->key[n->sum.depth]);
	return has_own_texts(g) ? intern_text(g->own, n->key[0]) :
	    queue_snapshot_text(s, n->key[0]);
}

static const char *
label_of(const struct grouping *g, const char *value)
{
	if (g->by == BY_REASON && strcmp(value, "none") == 0)
		return "(no failure yet)";
	if (value[0] != '\0')
		return value;
	switch (g->by) {
	case BY_SENDER: return "<>";
	case BY_SENDER_DOMAIN: return "<> (null sender, or no domain)";
	case BY_SASL: return "(no login)";
	case BY_CLIENT: return "(local)";
	default: return "(none)";
	}
}

static uint8_t
top_class(const struct node *n)
{
	int i, best = REASON_NONE;

	for (i = 1; i < REASON_COUNT; i++)
		if (n->classes[i] > (best == REASON_NONE ? 0 :
		    n->classes[best]))
			best = i;
	return (uint8_t)best;
}

struct sorter {
	const struct grouping *g;
	const char	**labels;
	enum group_sort	 sort;
	bool		 is_down;
};

static int
compare(const struct sorter *o, uint32_t a, uint32_t b)
{
	const struct group *x = &o->g->nodes[a].sum, *y = &o->g->nodes[b].sum;
	int64_t p = 0, q = 0;
	int order;

	switch (o->sort) {
	case GROUP_MESSAGES: p = x->messages, q = y->messages; break;
	case GROUP_RCPTS: p = x->rcpts, q = y->rcpts; break;
	case GROUP_BYTES: p = (int64_t)x->bytes, q = (int64_t)y->bytes; break;
	case GROUP_OLDEST: p = -x->oldest, q = -y->oldest; break;
	case GROUP_DUE: p = x->due, q = y->due; break;
	default: break;
	}
	order = (p > q) - (p < q);
	if (order == 0)
		order = strcasecmp(o->labels[a], o->labels[b]) *
		    (o->sort == GROUP_KEY || !o->is_down ? 1 : -1);
	return o->is_down ? -order : order;
}

/* In the tree, siblings are compared: what stands above decides first. */
static int
compare_tree(const struct sorter *o, uint32_t a, uint32_t b)
{
	const struct node *x = &o->g->nodes[a], *y = &o->g->nodes[b];
	uint32_t key[LEVELS] = { 0, 0, 0 };
	struct grouping *g = (struct grouping *)(uintptr_t)o->g;
	uint32_t p, q;
	int depth;

	for (depth = 0; depth < LEVELS; depth++) {
		if (x->sum.depth < depth || y->sum.depth < depth)
			return x->sum.depth - y->sum.depth;
		if (x->key[depth] == y->key[depth]) {
			key[depth] = x->key[depth];
			continue;
		}
		/* Those that did not fail yet are no trouble: last. */
		if (depth == 0 && (x->key[0] == REASON_NONE ||
		    y->key[0] == REASON_NONE))
			return x->key[0] == REASON_NONE ? 1 : -1;
		key[depth] = x->key[depth];
		p = g->slots[grouping_slot(g, key, depth)] - 1;
		key[depth] = y->key[depth];
		q = g->slots[grouping_slot(g, key, depth)] - 1;
		return compare(o, p, q);
	}
	return 0;
}

static int
by_order(const void *a, const void *b, void *ctx)
{
	const struct sorter *o = ctx;

	return o->g->by == BY_REASON ?
	    compare_tree(o, *(const uint32_t *)a, *(const uint32_t *)b) :
	    compare(o, *(const uint32_t *)a, *(const uint32_t *)b);
}

static uint32_t *
sorted(struct grouping *g, const struct queue_snapshot *s,
    enum group_sort sort, bool is_down)
{
	struct sorter o = { g, xcalloc(g->count + 1, sizeof(*o.labels)), sort,
	    is_down };
	uint32_t *order = xcalloc(g->count + 1, sizeof(*order));
	size_t i;

	for (i = 0; i < g->count; i++) {
		order[i] = (uint32_t)i;
		o.labels[i] = label_of(g, value_of(g, s, &g->nodes[i]));
	}
	if (g->count > 1)
		qsort_r(order, g->count, sizeof(*order), by_order, &o);
	free(o.labels);
	return order;
}

/* "throttle 40, connect 3: ", the largest first, where it is not all the same. */
static void
put_classes(const struct node *n, struct buf *out)
{
	uint32_t last = UINT32_MAX;
	int i, best, shown = 0, last_i = -1;

	do {
		best = -1;
		for (i = 1; i < REASON_COUNT; i++)
			if ((n->classes[i] < last || (n->classes[i] == last &&
			    i > last_i)) && n->classes[i] > (best == -1 ? 0 :
			    n->classes[best]))
				best = i;
		if (best == -1)
			break;
		buf_addf(out, "%s%s %u", shown++ > 0 ? ", " : "",
		    queue_reason_class_name((unsigned)best),
		    n->classes[best]);
		last = n->classes[best];
		last_i = best;
	} while (shown < CLASSES_SHOWN);
	if (shown > 0)
		buf_adds(out, ": ");
}

static void
put_note(const struct grouping *g, const struct queue_snapshot *s,
    const struct node *n, struct buf *out)
{
	struct queue_row_rcpt r = { .reason = n->relay_reason };
	const struct queue_row_reason *why = queue_snapshot_reason(s, &r);
	const char *advice;

	if (g->by == BY_RELAY) {
		put_classes(n, out);
		buf_adds(out, queue_snapshot_text(s, why->text));
	} else if (g->by == BY_REASON && n->sum.depth == 0 &&
	    n->relay_reason != 0) {
		queue_reason_classify(queue_snapshot_text(s, why->text),
		    queue_snapshot_text(s, why->dsn), &advice);
		buf_adds(out, advice);
	}
}

struct group *
grouping_finish(struct grouping *g, const struct queue_snapshot *s,
    enum group_sort sort, bool is_down, size_t most, size_t *count,
    bool *is_cut, char **texts)
{
	uint32_t *order = sorted(g, s, sort, is_down);
	size_t n = g->count < most ? g->count : most, i;
	struct group *out = xcalloc(n + 1, sizeof(*out));
	struct buf all = BUF_INIT;
	size_t *at = xcalloc(3 * n + 1, sizeof(*at));
	struct node *node;

	*is_cut = g->is_cut || n < g->count;
	for (i = 0; i < n; i++) {
		node = &g->nodes[order[i]];
		out[i] = node->sum;
		out[i].top_class = top_class(node);
		at[3 * i] = all.len;
		if (g->by == BY_REASON)
			grouping_path(s, node, node->sum.depth, &all);
		else
			buf_adds(&all, value_of(g, s, node));
		buf_addc(&all, '\0');
		at[3 * i + 1] = all.len;
		buf_adds(&all, label_of(g, value_of(g, s, node)));
		buf_addc(&all, '\0');
		at[3 * i + 2] = all.len;
		put_note(g, s, node, &all);
		buf_addc(&all, '\0');
	}
	*texts = buf_take(&all);
	for (i = 0; i < n; i++) {
		out[i].key = *texts + at[3 * i];
		out[i].label = *texts + at[3 * i + 1];
		out[i].note = *texts + at[3 * i + 2];
	}
	free(at);
	free(order);
	*count = n;
	return out;
}

size_t
grouping_top(struct grouping *g, const struct queue_snapshot *s,
    struct group top[VIEW_TOP], struct buf *names)
{
	uint32_t *order = sorted(g, s, GROUP_MESSAGES, true);
	size_t i, n = 0;
	const char *value;

	for (i = 0; i < g->count && n < VIEW_TOP; i++) {
		value = value_of(g, s, &g->nodes[order[i]]);
		/* "Not logged in" and "no failure" are no news. */
		if ((g->by == BY_SASL && value[0] == '\0') ||
		    (g->by == BY_CLASS && g->nodes[order[i]].key[0] ==
		    REASON_NONE))
			continue;
		top[n] = g->nodes[order[i]].sum;
		/* Where the text begins; made a pointer when all are there. */
		top[n].bytes = names->len;
		buf_adds(names, label_of(g, value));
		buf_addc(names, '\0');
		n++;
	}
	free(order);
	return n;
}
