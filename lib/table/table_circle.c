/*
 * table_circle.c - entries that lead back to themselves, across tables
 *
 * Each entry is a node; an edge leads to the entry that its result is looked
 * up as: the address, without extension, the bare name where the domain is
 * ours, or "@domain". An entry that names itself is an end, not a circle. A
 * walk in depth finds the edges that lead back to where the walk still is.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_circle.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/mail/address_list.h"
#include "lib/table/local_domain.h"
#include "lib/table/pairs.h"

enum color { NEW, ON_THE_WAY, DONE };

struct node {
	char		*key, *value, *path;
	int		 line;
	enum color	 color;
	size_t		*next;		/* edges, once the walk has come here */
	size_t		 count, at;
};

struct circle_graph {
	bool		 is_alias;
	struct pairs	*index;		/* folded key -> its number, as bytes */
	struct node	*nodes;
	size_t		 count;
};

struct circle_graph *
circle_new(bool is_alias)
{
	struct circle_graph *g = xcalloc(1, sizeof(*g));

	g->is_alias = is_alias;
	g->index = pairs_new();
	return g;
}

void
circle_free(struct circle_graph *g)
{
	size_t i;

	if (g == NULL)
		return;
	for (i = 0; i < g->count; i++) {
		free(g->nodes[i].key);
		free(g->nodes[i].value);
		free(g->nodes[i].path);
		free(g->nodes[i].next);
	}
	free(g->nodes);
	pairs_free(g->index);
	free(g);
}

void
circle_add(struct circle_graph *g, const char *key, const char *value,
    const char *path, int line)
{
	struct buf folded = BUF_INIT;

	text_fold(&folded, key);
	if (pairs_find(g->index, folded.ptr, folded.len) == NULL) {
		pairs_add(g->index, folded.ptr, folded.len,
		    (const char *)&g->count, sizeof(g->count));
		if ((g->count & (g->count - 1)) == 0)
			g->nodes = xreallocarray(g->nodes, g->count > 0 ?
			    g->count * 2 : 1, sizeof(*g->nodes));
		g->nodes[g->count++] = (struct node){ .key = xstrdup(key),
		    .value = xstrdup(value), .path = xstrdup(path),
		    .line = line };
	}
	buf_done(&folded);
}

static bool
find(const struct circle_graph *g, const char *key, size_t len, size_t *at)
{
	const struct pair *p = pairs_find(g->index, key, len);

	if (p != NULL)
		memcpy(at, pair_value(p), sizeof(*at));
	return p != NULL;
}

/* The entry that an address is looked up as (spec/tables.md 15.4, 16.7). */
static bool
resolve(const struct circle_graph *g, const char *address, size_t *to)
{
	struct buf key = BUF_INIT, stripped = BUF_INIT;
	const char *at;
	size_t whole, plain;
	bool found, is_ours;

	text_fold(&key, address);
	at = strrchr(key.ptr, '@');
	whole = at != NULL ? (size_t)(at - key.ptr) : key.len;
	plain = address_split_extension(key.ptr, whole,
	    params.recipient_delimiter);
	is_ours = at == NULL || local_domain_bare(at + 1) == TABLE_FOUND;
	found = !g->is_alias && find(g, key.ptr, key.len, to);
	if (!found && !g->is_alias && plain < whole && at != NULL) {
		buf_set(&stripped, key.ptr, plain);
		buf_adds(&stripped, at);
		found = find(g, stripped.ptr, stripped.len, to);
	}
	if (!found && is_ours)
		found = find(g, key.ptr, whole, to) ||
		    find(g, key.ptr, plain, to);
	if (!found && at != NULL && !g->is_alias)
		found = find(g, at, strlen(at), to);
	buf_done(&key);
	buf_done(&stripped);
	return found;
}

struct target {
	struct circle_graph *g;
	size_t		 from;
};

static bool
take_target(const char *internal, size_t offset, size_t len, void *ctx)
{
	struct target *t = ctx;
	struct node *n = &t->g->nodes[t->from];
	size_t to;

	(void)offset, (void)len;
	if (resolve(t->g, internal, &to) && to != t->from) {
		n->next = xreallocarray(n->next, n->count + 1,
		    sizeof(*n->next));
		n->next[n->count++] = to;
	}
	return true;
}

/* "@domain" alone is no address, but a result all the same. */
static void
find_edges(struct circle_graph *g, size_t from)
{
	struct target t = { g, from };
	const char *value = g->nodes[from].value;

	if (*value == '@')
		take_target(value, 0, 0, &t);
	else
		address_list_each(value, false, take_target, &t);
}

static void
tell(const struct circle_graph *g, const size_t *stack, size_t depth,
    size_t to, void (*fn)(const char *path, int line, const char *key,
    const char *way, void *ctx), void *ctx)
{
	struct buf way = BUF_INIT;
	const struct node *first = &g->nodes[to];
	size_t i = depth;

	while (stack[i - 1] != to)
		i--;
	for (; i < depth; i++)
		buf_addf(&way, "%s\"%s\"", way.len > 0 ? " -> " : "",
		    g->nodes[stack[i]].key);
	fn(first->path, first->line, first->key, way.ptr, ctx);
	buf_done(&way);
}

void
circle_each(struct circle_graph *g, void (*fn)(const char *path, int line,
    const char *key, const char *way, void *ctx), void *ctx)
{
	size_t *stack = xreallocarray(NULL, g->count + 1, sizeof(*stack));
	size_t depth, start, to;
	struct node *n;

	for (start = 0; start < g->count; start++) {
		if (g->nodes[start].color != NEW)
			continue;
		stack[0] = start;
		for (depth = 1; depth > 0; ) {
			n = &g->nodes[stack[depth - 1]];
			if (n->color == NEW) {
				n->color = ON_THE_WAY;
				find_edges(g, stack[depth - 1]);
			}
			if (n->at == n->count) {
				n->color = DONE;
				depth--;
				continue;
			}
			to = n->next[n->at++];
			if (g->nodes[to].color == ON_THE_WAY)
				tell(g, stack, depth, to, fn, ctx);
			else if (g->nodes[to].color == NEW)
				stack[depth++] = to;
		}
	}
	free(stack);
}
