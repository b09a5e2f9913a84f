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

#include <stdlib.h>
#include <string.h>

#include "cmd/qtop/group_internal.h"
#include "lib/base/buf.h"
#include "lib/base/intern.h"
#include "lib/base/mem.h"

#define NODES_MAX	100000	/* more are summed up as one */

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

size_t
grouping_slot(const struct grouping *g, const uint32_t key[LEVELS], int depth)
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
		g->slots[grouping_slot(g, g->nodes[i].key, g->nodes[i].sum.depth)] =
		    (uint32_t)i + 1;
}

static struct node *
node_at(struct grouping *g, const uint32_t key[LEVELS], int depth)
{
	static const uint32_t other[LEVELS] = { UINT32_MAX, 0, 0 };
	size_t i = grouping_slot(g, key, depth);
	struct node *n;

	if (g->slots[i] != 0)
		return &g->nodes[g->slots[i] - 1];
	if (g->count >= NODES_MAX && key[0] != UINT32_MAX) {
		g->is_cut = true;
		return node_at(g, other, 0);
	}
	if (2 * g->count >= g->slot_count) {
		grow(g);
		i = grouping_slot(g, key, depth);
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
	sum->dated += column_has_next(row);
	if (!column_has_next(row)) {
		;
	} else if (column_is_waiting(row, g->now)) {
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

void
grouping_path(const struct queue_snapshot *s, const struct node *n, int depth,
    struct buf *out)
{
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
		grouping_path(s, n, n->sum.depth, &path);
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
