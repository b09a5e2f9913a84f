/*
 * view_order.c - rows that pass, with their keys, sorted; news are merged in
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/qtop/view_internal.h"
#include "lib/base/mem.h"

static int
by_key(const void *a, const void *b, void *ctx)
{
	const struct item *x = a, *y = b;
	int i, words = *(const int *)ctx;

	for (i = 0; i < words; i++)
		if (x->key[i] != y->key[i])
			return x->key[i] < y->key[i] ? -1 : 1;
	return x->entry.serial < y->entry.serial ? -1 :
	    x->entry.serial > y->entry.serial;
}

static struct item *
item_at(char *items, size_t stride, size_t i)
{
	return (struct item *)(void *)(items + i * stride);
}

static void
make_item(struct views *v, struct item *out, uint32_t slot,
    const struct queue_row *row)
{
	uint64_t key[COLUMN_KEY_WORDS];
	int i;

	out->entry = (struct view_entry){ slot, row->serial };
	column_key(v->now.r.sort, v->s, row, key);
	for (i = 0; i < v->words; i++)
		out->key[i] = v->now.r.is_down ? ~key[i] : key[i];
}

static bool
is_shown(const struct views *v, uint32_t slot, const struct queue_row *row)
{
	return v->verdicts[slot] == JUDGED_YES &&
	    (!v->now.r.tagged_only || row->is_tagged);
}

/* Rows that changed since the order was made, as items. False: overtaken. */
static bool
collect_news(struct views *v, char **news, size_t *count)
{
	size_t room = 0;
	uint32_t slot, slots = v->verdict_count;
	const struct queue_row *row;

	*news = NULL;
	*count = 0;
	for (slot = 0; slot < slots; ) {
		queue_snapshot_lock(v->s);
		do {
			row = queue_snapshot_row(v->s, slot);
			/* What came after judging is next time's. */
			if (row == NULL || row->changed <= v->ordered ||
			    row->changed > v->judged ||
			    !is_shown(v, slot, row))
				continue;
			if (*count == room) {
				room = room * 2 + 1024;
				*news = xreallocarray(*news, room, v->stride);
			}
			make_item(v, item_at(*news, v->stride, (*count)++),
			    slot, row);
		} while (++slot < slots && slot % BATCH != 0);
		queue_snapshot_unlock(v->s);
		if (slot % (BATCH * 64) == 0 && view_is_overtaken(v)) {
			free(*news);
			return false;
		}
	}
	return true;
}

/* Old items whose row is there as it was; the others are gone, or news. */
static void
keep_valid(struct views *v)
{
	const struct queue_row *row;
	struct item *item;
	size_t i, kept = 0;

	for (i = 0; i < v->item_count; ) {
		queue_snapshot_lock(v->s);
		do {
			item = item_at(v->items, v->stride, i);
			row = queue_snapshot_row(v->s, item->entry.slot);
			if (row == NULL || row->serial != item->entry.serial ||
			    row->changed > v->ordered ||
			    (v->now.r.tagged_only && !row->is_tagged))
				continue;
			if (kept != i)
				memcpy(item_at(v->items, v->stride, kept),
				    item, v->stride);
			kept++;
		} while (++i < v->item_count && i % BATCH != 0);
		queue_snapshot_unlock(v->s);
	}
	v->item_count = kept;
}

static void
merge(struct views *v, char *news, size_t count)
{
	size_t n = v->item_count + count, i = 0, j = 0, k;
	char *out;
	struct item *x, *y;

	out = xreallocarray(NULL, n + 1, v->stride);
	for (k = 0; k < n; k++) {
		x = i < v->item_count ? item_at(v->items, v->stride, i) : NULL;
		y = j < count ? item_at(news, v->stride, j) : NULL;
		if (y == NULL || (x != NULL && by_key(x, y, &v->words) <= 0))
			i++;
		else
			x = y, j++;
		memcpy(item_at(out, v->stride, k), x, v->stride);
	}
	free(v->items);
	v->items = out;
	v->item_count = n;
}

static bool
order(struct views *v)
{
	char *news;
	size_t count;

	if (!collect_news(v, &news, &count))
		return false;
	if (v->item_count > 0)
		keep_valid(v);
	if (count > 1)
		qsort_r(news, count, v->stride, by_key, &v->words);
	if (v->item_count == 0) {
		free(v->items);
		v->items = news;
		v->item_count = count;
	} else {
		if (count > 0)
			merge(v, news, count);
		free(news);
	}
	v->ordered = v->judged;
	return true;
}

void
view_forget_order(struct views *v)
{
	free(v->items);
	v->items = NULL;
	v->item_count = 0;
	v->ordered = 0;
	v->words = columns[v->now.r.sort].is_number ? 1 : COLUMN_KEY_WORDS;
	v->stride = sizeof(struct item) + (size_t)v->words * sizeof(uint64_t);
}

struct view *
view_make_messages(struct views *v)
{
	struct view *view;
	size_t i;

	if (!order(v))
		return NULL;
	view = xcalloc(1, sizeof(*view));
	view->entries = xreallocarray(NULL, v->item_count + 1,
	    sizeof(*view->entries));
	for (i = 0; i < v->item_count; i++)
		view->entries[i] = item_at(v->items, v->stride, i)->entry;
	view->count = view->matched = v->item_count;
	return view;
}
