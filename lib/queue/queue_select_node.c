/*
 * queue_select_node.c - the tree that a selection is parsed into
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_select_lex.h"

#include <stdlib.h>

#include "lib/base/mem.h"
#include "lib/queue/queue_select_internal.h"
#include "lib/table/table.h"

/* ---- nodes ---- */

struct node *
node_new(enum node_kind kind)
{
	struct node *n = xcalloc(1, sizeof(*n));

	n->kind = kind;
	return n;
}

void
node_add(struct node *n, struct node *kid)
{
	size_t i;

	/* a and (b and c) is a and b and c */
	if (kid->kind == n->kind && (n->kind == NODE_AND ||
	    n->kind == NODE_OR)) {
		for (i = 0; i < kid->kid_count; i++)
			node_add(n, kid->kids[i]);
		free(kid->kids);
		free(kid);
		return;
	}
	n->kids = xreallocarray(n->kids, n->kid_count + 1, sizeof(*n->kids));
	n->kids[n->kid_count++] = kid;
}

void
node_free(struct node *n)
{
	size_t i;

	if (n == NULL)
		return;
	for (i = 0; i < n->kid_count; i++)
		node_free(n->kids[i]);
	free(n->kids);
	if (n->kind == NODE_TEST) {
		HASH_CLEAR(hh, n->test.set);
		for (i = 0; i < n->test.value_count; i++)
			free(n->test.values[i].text);
		free(n->test.values);
		free(n->test.header);
		free(n->test.source);
		free(n->test.pattern);
		pcre2_code_free(n->test.regex);
		if (n->test.map != NULL)
			table_close(n->test.map);
	}
	free(n);
}

void
node_set_tiers(struct node *n)
{
	size_t i;

	if (n->kind == NODE_TEST) {
		n->tier = n->top_tier = n->test.field != NULL ?
		    (int)n->test.field->tier : TIER_HEADERS;
		return;
	}
	n->tier = TIER_CONTENT;
	for (i = 0; i < n->kid_count; i++) {
		node_set_tiers(n->kids[i]);
		if (n->kids[i]->tier < n->tier)
			n->tier = n->kids[i]->tier;
		if (n->kids[i]->top_tier > n->top_tier)
			n->top_tier = n->kids[i]->top_tier;
	}
	if (n->kind >= NODE_ANY && n->kind <= NODE_NONE) {
		if (n->tier < TIER_ENVELOPE)
			n->tier = TIER_ENVELOPE;
		if (n->top_tier < TIER_ENVELOPE)
			n->top_tier = TIER_ENVELOPE;
	}
}
