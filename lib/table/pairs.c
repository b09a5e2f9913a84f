/*
 * pairs.c - keys and values in memory: insertion order kept, hashed by key
 *
 * Bytes live in large chunks that are never moved; an array holds one struct
 * pair each; an open-addressed table of positions finds them. A
 * million short entries need some 90 MB less than a hash with a node and two
 * strings each would.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/pairs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/table/rank.h"

#define CHUNK_MIN	1024
#define CHUNK_MAX	(((size_t)4 << 20) - 64)
#define SLOTS_MIN	16

struct chunk {
	struct chunk	*next;
	size_t		 used, size;
	char		 bytes[];
};

/* A slot tells most misses without touching the pair itself. */
struct slot {
	uint32_t	 position;	/* in list plus one; 0: free */
	uint32_t	 hash;
};

struct pairs {
	struct chunk	*chunks;
	struct pair	*list;
	size_t		 count, room;
	struct slot	*slots;
	size_t		 slot_mask;
	/* What was looked for last: an add of the same key follows most often. */
	const char	*last_key;
	size_t		 last_len;
	uint32_t	 last_hash;
	size_t		 last_free;	/* the slot where it would go */
};

struct pairs *
pairs_new(void)
{
	return xcalloc(1, sizeof(struct pairs));
}

void
pairs_free(struct pairs *p)
{
	struct chunk *c, *next;

	if (p == NULL)
		return;
	for (c = p->chunks; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	free(p->list);
	free(p->slots);
	free(p);
}

/*
 * Eight bytes a step, multiplied and folded, the last eight once more; the
 * length tells short keys apart.
 */
static uint32_t
hash_bytes(const char *key, size_t len)
{
	uint64_t h = len * 0x9e3779b97f4a7c15u, word = 0;
	size_t i;

	for (i = 0; i + sizeof(word) < len; i += sizeof(word)) {
		memcpy(&word, key + i, sizeof(word));
		h = (h ^ word) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	if (len >= sizeof(word))
		memcpy(&word, key + len - sizeof(word), sizeof(word));
	else
		memcpy(&word, key, len);
	h = (h ^ word) * 0xc4ceb9fe1a85ec53u;
	return (uint32_t)(h ^ h >> 29 ^ h >> 43);
}

#define HUGE_PAGE	((size_t)2 << 20)

/*
 * Memory, zeroed on demand. A large piece is asked for in huge pages: touched
 * here and there, it would cost a fault and a miss for each small one.
 */
static void *
allocate(size_t size)
{
	void *p;

	if (size < HUGE_PAGE)
		return xmalloc(size);
	p = aligned_alloc(HUGE_PAGE, (size + HUGE_PAGE - 1) & -HUGE_PAGE);
	if (p == NULL)
		log_fatal("out of memory");
	madvise(p, size, MADV_HUGEPAGE);
	return p;
}

/* A key and behind it its value, with a NUL each. */
static const char *
store(struct pairs *p, const char *key, size_t key_len, const char *value,
    size_t value_len)
{
	size_t size, need = key_len + value_len + 2;
	struct chunk *c = p->chunks;
	char *at;

	if (c == NULL || c->size - c->used < need) {
		size = c == NULL ? CHUNK_MIN :
		    c->size < CHUNK_MAX ? c->size * 2 : CHUNK_MAX;
		if (size < need)
			size = need;
		c = allocate(sizeof(*c) + size);
		c->next = p->chunks;
		c->size = size;
		c->used = 0;
		p->chunks = c;
	}
	at = c->bytes + c->used;
	memcpy(at, key, key_len);
	at[key_len] = '\0';
	memcpy(at + key_len + 1, value, value_len);
	at[need - 1] = '\0';
	c->used += need;
	return at;
}

static void
slot_put(struct pairs *p, struct slot slot)
{
	size_t i = slot.hash & p->slot_mask;

	while (p->slots[i].position != 0)
		i = (i + 1) & p->slot_mask;
	p->slots[i] = slot;
}

/* The old slots from first to last: the new ones fill up in two places only. */
static void
grow_slots(struct pairs *p)
{
	size_t n = p->slots == NULL ? 0 : p->slot_mask + 1, i;
	struct slot *old = p->slots;

	p->slot_mask = (n == 0 ? SLOTS_MIN : n * 2) - 1;
	p->slots = allocate((p->slot_mask + 1) * sizeof(*p->slots));
	memset(p->slots, 0, (p->slot_mask + 1) * sizeof(*p->slots));
	for (i = 0; i < n; i++)
		if (old[i].position != 0)
			slot_put(p, old[i]);
	free(old);
}

struct pair *
pairs_find(const struct pairs *p, const char *key, size_t len)
{
	struct pairs *cache = (struct pairs *)p;
	uint32_t hash;
	struct pair *pair;
	size_t i;

	if (p->slots == NULL)
		return NULL;
	hash = hash_bytes(key, len);
	cache->last_key = key;
	cache->last_len = len;
	cache->last_hash = hash;
	for (i = hash & p->slot_mask; p->slots[i].position != 0;
	    i = (i + 1) & p->slot_mask) {
		if (p->slots[i].hash != hash)
			continue;
		pair = &p->list[p->slots[i].position - 1];
		if (pair->key_len == len && memcmp(pair->key, key, len) == 0)
			return pair;
	}
	cache->last_free = i;
	return NULL;
}

struct pair *
pairs_add(struct pairs *p, const char *key, size_t key_len,
    const char *value, size_t value_len)
{
	struct pair *pair;
	struct slot slot;

	if (key_len >= UINT32_MAX || value_len >= UINT32_MAX ||
	    p->count >= UINT32_MAX / 2)
		log_fatal("table entries exceed the 4 GiB limit");
	if (p->count == p->room) {
		p->room = p->room == 0 ? SLOTS_MIN : p->room + p->room / 2;
		p->list = xreallocarray(p->list, p->room, sizeof(*p->list));
	}
	if (p->last_key != key || p->last_len != key_len) {
		p->last_hash = hash_bytes(key, key_len);
		p->last_key = NULL;
	}
	if (p->slots == NULL || p->count >= (p->slot_mask + 1) / 4 * 3) {
		grow_slots(p);
		p->last_key = NULL;
	}
	pair = &p->list[p->count];
	pair->key = store(p, key, key_len, value, value_len);
	pair->key_len = (uint32_t)key_len;
	pair->value_len = (uint32_t)value_len;
	pair->hash = p->last_hash;
	pair->is_raw = false;
	slot = (struct slot){ (uint32_t)++p->count, pair->hash };
	if (p->last_key != NULL)
		p->slots[p->last_free] = slot;
	else
		slot_put(p, slot);
	p->last_key = NULL;
	return pair;
}

void
pairs_set_value(struct pairs *p, struct pair *pair, const char *value,
    size_t len)
{
	if (len >= UINT32_MAX)
		log_fatal("table entries exceed the 4 GiB limit");
	if (len <= pair->value_len) {
		char *at = (char *)pair_value(pair);	/* our own chunk */

		memmove(at, value, len);
		at[len] = '\0';
	} else {
		pair->key = store(p, pair->key, pair->key_len, value, len);
	}
	pair->value_len = (uint32_t)len;
}

/* The slot that leads to a position. */
static size_t
slot_of(const struct pairs *p, size_t position)
{
	size_t i = p->list[position].hash & p->slot_mask;

	while (p->slots[i].position != position + 1)
		i = (i + 1) & p->slot_mask;
	return i;
}

/* Free slot i and close the gap, so that no probe sequence is broken. */
static void
slot_clear(struct pairs *p, size_t i)
{
	size_t j = i, home;

	for (;;) {
		p->slots[i].position = 0;
		do {
			j = (j + 1) & p->slot_mask;
			if (p->slots[j].position == 0)
				return;
			home = p->slots[j].hash & p->slot_mask;
		} while (((j - home) & p->slot_mask) <
		    ((j - i) & p->slot_mask));
		p->slots[i] = p->slots[j];
		i = j;
	}
}

void
pairs_remove(struct pairs *p, struct pair *pair)
{
	size_t at = (size_t)(pair - p->list), last = p->count - 1;

	p->last_key = NULL;
	slot_clear(p, slot_of(p, at));
	if (at != last) {
		p->slots[slot_of(p, last)].position = (uint32_t)at + 1;
		p->list[at] = p->list[last];
	}
	p->count--;
}

size_t
pairs_count(const struct pairs *p)
{
	return p->count;
}

struct pair *
pairs_at(const struct pairs *p, size_t i)
{
	return i < p->count ? &p->list[i] : NULL;
}

struct order {
	const struct pair *list;
	int		(*compare)(const struct pair *a, const struct pair *b);
};

static int
compare_ranked(const void *va, const void *vb, void *ctx)
{
	const struct ranked *a = va, *b = vb;
	const struct order *order = ctx;

	return order->compare(&order->list[a->position],
	    &order->list[b->position]);
}

/* Where ranks are equal the whole pairs decide. */
static void
sort_equal(struct ranked *r, size_t count, struct order *order)
{
	size_t start, end;

	for (start = 0; start < count; start = end) {
		for (end = start + 1; end < count &&
		    r[end].rank == r[start].rank; end++)
			;
		if (end - start > 1)
			qsort_r(r + start, end - start, sizeof(*r),
			    compare_ranked, order);
	}
}

void
pairs_sort(struct pairs *p,
    uint64_t (*rank)(const struct pair *pair, void *ctx), void *ctx,
    int (*compare)(const struct pair *a, const struct pair *b))
{
	struct order order = { p->list, compare };
	struct ranked *ranked;
	struct pair *sorted;
	size_t i;

	free(p->slots);
	p->slots = NULL;
	if (p->count < 2)
		return;
	ranked = xreallocarray(NULL, p->count, sizeof(*ranked));
	for (i = 0; i < p->count; i++) {
		ranked[i].rank = rank(&p->list[i], ctx);
		ranked[i].position = (uint32_t)i;
	}
	rank_sort(ranked, p->count);
	if (compare != NULL)
		sort_equal(ranked, p->count, &order);
	sorted = xreallocarray(NULL, p->count, sizeof(*sorted));
	for (i = 0; i < p->count; i++)
		sorted[i] = p->list[ranked[i].position];
	free(ranked);
	free(p->list);
	p->list = sorted;
	p->room = p->count;
}
