/*
 * group.c - messages counted by what they have in common
 *
 * A node is a value, or in the tree of reasons a path of up to three: class,
 * signature, text. Values are the snapshot's interned texts, or, where a text
 * has to be made first (parent domains), those of an own table. A message
 * with recipients in several nodes counts once in each.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/group.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/intern.h"
#include "lib/base/mem.h"

#define NODES_MAX	100000	/* more are summed up as one */
#define LEVELS		3

struct node {
	uint32_t	 key[LEVELS];
	uint32_t	 last;		/* serial of the last message counted */
	uint32_t	 relay_reason;	/* relays: reason of the newest message */
	int64_t		 newest;
	struct group	 sum;
	uint32_t	 classes[REASON_COUNT];
};

struct grouping {
	enum group_by	 by;
	bool		 wants_parents, is_cut;
	const char	*unfolded;
	time_t		 now;
	struct intern	*own;
	struct node	*nodes;
	size_t		 count, room;
	uint32_t	*slots;		/* open hash: node + 1 */
	size_t		 slot_count;
};

const struct group_by_info group_bys[BY_COUNT] = {
	[BY_DOMAIN]	   = { "Recipient domain", "rcpt.domain" },
	[BY_SENDER]	   = { "Sender", "sender" },
	[BY_SENDER_DOMAIN] = { "Sender domain", "sender.domain" },
	[BY_SASL]	   = { "Login", "sasl" },
	[BY_CLIENT]	   = { "Client address", "client.addr" },
	[BY_REASON]	   = { "Class, signature, reason", "class" },
	[BY_RELAY]	   = { "Relay", "relay" },
	[BY_CLASS]	   = { "Class", "class" },
};

struct grouping *
grouping_new(enum group_by by, bool wants_parents, const char *unfolded,
    time_t now)
{
	struct grouping *g = xcalloc(1, sizeof(*g));

	g->by = by;
	g->wants_parents = wants_parents;
	g->unfolded = unfolded;
	g->now = now;
	g->own = intern_new();
	g->slot_count = 256;
	g->slots = xcalloc(g->slot_count, sizeof(*g->slots));
	return g;
}

void
grouping_free(struct grouping *g)
{
	intern_free(g->own);
	free(g->nodes);
	free(g->slots);
	free(g);
}

/* ---- nodes ---- */

static size_t
slot_of(const struct grouping *g, const uint32_t key[LEVELS], int depth)
{
	uint64_t h = ((uint64_t)key[0] << 32 | key[1]) * 11400714819323198485u;
	const struct node *n;
	size_t i;

	h = (h ^ h >> 32 ^ key[2] ^ (uint64_t)depth << 40) *
	    11400714819323198485u;
	for (i = (h >> 20) & (g->slot_count - 1); g->slots[i] != 0;
	    i = (i + 1) & (g->slot_count - 1)) {
		n = &g->nodes[g->slots[i] - 1];
		if (n->sum.depth == depth &&
		    memcmp(n->key, key, sizeof(n->key)) == 0)
			break;
	}
	return i;
}

static void
grow(struct grouping *g)
{
	size_t i;

	free(g->slots);
	g->slot_count *= 2;
	g->slots = xcalloc(g->slot_count, sizeof(*g->slots));
	for (i = 0; i < g->count; i++)
		g->slots[slot_of(g, g->nodes[i].key, g->nodes[i].sum.depth)] =
		    (uint32_t)i + 1;
}

static struct node *
node_at(struct grouping *g, const uint32_t key[LEVELS], int depth)
{
	static const uint32_t other[LEVELS] = { UINT32_MAX, 0, 0 };
	size_t i = slot_of(g, key, depth);
	struct node *n;

	if (g->slots[i] != 0)
		return &g->nodes[g->slots[i] - 1];
	if (g->count >= NODES_MAX && key[0] != UINT32_MAX) {
		g->is_cut = true;
		return node_at(g, other, 0);
	}
	if (2 * g->count >= g->slot_count) {
		grow(g);
		i = slot_of(g, key, depth);
	}
	if (g->count == g->room) {
		g->room = g->room * 2 + 64;
		g->nodes = xreallocarray(g->nodes, g->room,
		    sizeof(*g->nodes));
	}
	n = &g->nodes[g->count++];
	memset(n, 0, sizeof(*n));
	memcpy(n->key, key, sizeof(n->key));
	n->sum.depth = depth;
	g->slots[i] = (uint32_t)g->count;
	return n;
}

static int
age_bucket(int64_t age)
{
	static const int64_t ends[VIEW_AGES - 1] = { 60, 900, 3600, 14400,
	    86400, 172800 };
	int i = 0;

	while (i < VIEW_AGES - 1 && age >= ends[i])
		i++;
	return i;
}

static void
count_message(struct grouping *g, struct node *n, const struct queue_row *row)
{
	struct group *sum = &n->sum;

	if (n->last == row->serial)
		return;
	n->last = row->serial;
	sum->messages++;
	sum->bytes += (uint64_t)row->size;
	sum->tagged += row->is_tagged;
	if (sum->oldest == 0 || row->arrival < sum->oldest)
		sum->oldest = row->arrival;
	sum->ages[age_bucket(g->now - row->arrival)]++;
	if (column_is_waiting(row, g->now)) {
		if (sum->next == 0 || row->mtime < sum->next)
			sum->next = row->mtime;
	} else if (row->queue == QUEUE_DEFERRED ||
	    row->queue == QUEUE_INCOMING) {
		sum->due++;
	}
}

static void
count_rcpt(struct node *n, const struct queue_row *row,
    const struct queue_row_rcpt *r, const struct queue_row_reason *why)
{
	n->sum.rcpts++;
	if (r == NULL || r->reason == 0)
		return;
	n->classes[why->class]++;
	n->sum.suspended += why->is_suspended;
	/* The last attempt leaves its mark in the file's time. */
	if (row->mtime >= n->newest) {
		n->newest = row->mtime;
		n->relay_reason = r->reason;
	}
}

/* ---- values ---- */

/* The part of a domain that belongs to one holder, as near as two labels tell. */
static const char *
parent_of(const char *domain)
{
	const char *last = strrchr(domain, '.'), *p;
	int wanted;

	if (last == NULL || domain[0] == '[')
		return domain;
	p = last;
	while (p > domain && p[-1] != '.')
		p--;
	/* co.uk, com.au: three labels there */
	wanted = strlen(last + 1) == 2 && last - p <= 3 && p > domain ? 1 : 0;
	if (wanted == 1)
		for (p -= 1; p > domain && p[-1] != '.'; )
			p--;
	return p;
}

static uint32_t
rcpt_key(struct grouping *g, const struct queue_snapshot *s,
    const struct queue_row_rcpt *r, const struct queue_row_reason *why)
{
	switch (g->by) {
	case BY_DOMAIN:
		if (!g->wants_parents)
			return r->domain;
		return intern_add(g->own, parent_of(queue_snapshot_text(s,
		    r->domain)));
	case BY_RELAY:
		return why->relay;
	default:
		return why->class;
	}
}

static uint32_t
row_key(struct grouping *g, const struct queue_snapshot *s,
    const struct queue_row *row)
{
	switch (g->by) {
	case BY_SENDER:
		return row->sender;
	case BY_SENDER_DOMAIN:
		return row->sender_domain;
	case BY_SASL:
		return intern_add(g->own, queue_snapshot_fact(s, row,
		    QUEUE_FACT_SASL));
	default:
		return intern_add(g->own, queue_snapshot_fact(s, row,
		    QUEUE_FACT_CLIENT_ADDR));
	}
}

static bool
is_of_rcpt(enum group_by by)
{
	return by == BY_DOMAIN || by == BY_RELAY || by == BY_CLASS ||
	    by == BY_REASON;
}

/* ---- the tree of reasons ---- */

static bool
is_unfolded(const struct grouping *g, const char *path)
{
	size_t len = strlen(path);
	const char *p;

	if (g->unfolded == NULL)
		return false;
	for (p = g->unfolded; (p = strstr(p, path)) != NULL; p += len)
		if ((p == g->unfolded || p[-1] == '\n') && p[len] == '\n')
			return true;
	return false;
}

static void
put_path(const struct grouping *g, const struct queue_snapshot *s,
    const struct node *n, int depth, struct buf *out)
{
	(void)g;
	buf_adds(out, queue_reason_class_name(n->key[0]));
	if (depth > 0)
		buf_addf(out, "\x1f%s", queue_snapshot_text(s, n->key[1]));
	if (depth > 1)
		buf_addf(out, "\x1f%s", queue_snapshot_text(s, n->key[2]));
}

static bool
node_is_unfolded(struct grouping *g, const struct queue_snapshot *s,
    struct node *n)
{
	struct buf path = BUF_INIT;

	/* Asked once a node: 1 yes, 2 no. */
	if (n->sum.top_class == 0) {
		put_path(g, s, n, n->sum.depth, &path);
		n->sum.is_unfolded = is_unfolded(g, path.ptr);
		n->sum.top_class = n->sum.is_unfolded ? 1 : 2;
		buf_done(&path);
	}
	return n->sum.is_unfolded;
}

static void
add_reason(struct grouping *g, const struct queue_snapshot *s,
    const struct queue_row *row, const struct queue_row_rcpt *r,
    const struct queue_row_reason *why)
{
	uint32_t key[LEVELS] = { why->class, 0, 0 };
	const uint32_t below[LEVELS] = { why->class, why->signature,
	    why->text };
	struct node *n;
	int depth;

	for (depth = 0; depth < LEVELS; depth++) {
		key[depth] = below[depth];
		n = node_at(g, key, depth);
		count_message(g, n, row);
		count_rcpt(n, row, r, why);
		if (r->reason == 0 || depth + 1 == LEVELS ||
		    !node_is_unfolded(g, s, n))
			break;
	}
}

void
grouping_add(struct grouping *g, const struct queue_snapshot *s,
    const struct queue_row *row)
{
	const struct queue_row_rcpt *r = queue_snapshot_rcpts(row);
	const struct queue_row_reason *why;
	uint32_t key[LEVELS] = { 0, 0, 0 };
	struct node *n;
	uint32_t i;

	if (row->is_arriving)
		return;			/* from whom, to whom: not known yet */
	if (!is_of_rcpt(g->by)) {
		key[0] = row_key(g, s, row);
		n = node_at(g, key, 0);
		count_message(g, n, row);
		for (i = 0; i < row->rcpt_count; i++)
			count_rcpt(n, row, &r[i],
			    queue_snapshot_reason(s, &r[i]));
		return;
	}
	for (i = 0; i < row->rcpt_count; i++) {
		why = queue_snapshot_reason(s, &r[i]);
		if (g->by == BY_REASON) {
			add_reason(g, s, row, &r[i], why);
			continue;
		}
		/* Who has not answered is no relay. */
		if (g->by == BY_RELAY && why->relay == 0)
			continue;
		key[0] = rcpt_key(g, s, &r[i], why);
		n = node_at(g, key, 0);
		count_message(g, n, row);
		count_rcpt(n, row, &r[i], why);
	}
}

/* ---- rows ---- */

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
		p = g->slots[slot_of(g, key, depth)] - 1;
		key[depth] = y->key[depth];
		q = g->slots[slot_of(g, key, depth)] - 1;
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

static void
put_note(const struct grouping *g, const struct queue_snapshot *s,
    const struct node *n, struct buf *out)
{
	struct queue_row_rcpt r = { .reason = n->relay_reason };
	const struct queue_row_reason *why = queue_snapshot_reason(s, &r);
	const char *advice;

	if (g->by == BY_RELAY) {
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
			put_path(g, s, node, node->sum.depth, &all);
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
