/*
 * pairs.c - keys and values in memory: insertion order kept, hashed by key
 *
 * Bytes live in large chunks that are never moved; an array holds one struct
 * pair each; an open-addressed table of 32-bit positions finds them. A
 * million short entries need some 90 MB less than a hash with a node and two
 * strings each would.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/pairs.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"

#define CHUNK_MIN	1024
#define CHUNK_MAX	(1 << 20)
#define SLOTS_MIN	16

struct chunk {
	struct chunk	*next;
	size_t		 used, size;
	char		 bytes[];
};

struct pairs {
	struct chunk	*chunks;
	struct pair	*list;
	size_t		 count, room;
	uint32_t	*slots;		/* position in list plus one; 0: free */
	size_t		 slot_mask;
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

/* FNV-1a with a final mix, so that the low bits are good enough to mask. */
static uint32_t
hash_bytes(const char *key, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ (unsigned char)key[i]) * 0x100000001b3u;
	return (uint32_t)(h ^ h >> 29);
}

static char *
store(struct pairs *p, const char *data, size_t len)
{
	struct chunk *c = p->chunks;
	size_t size;
	char *at;

	if (c == NULL || c->size - c->used < len + 1) {
		size = c == NULL ? CHUNK_MIN :
		    c->size < CHUNK_MAX ? c->size * 2 : CHUNK_MAX;
		if (size < len + 1)
			size = len + 1;
		c = xmalloc(sizeof(*c) + size);
		c->next = p->chunks;
		c->size = size;
		c->used = 0;
		p->chunks = c;
	}
	at = c->bytes + c->used;
	memcpy(at, data, len);
	at[len] = '\0';
	c->used += len + 1;
	return at;
}

static void
slot_put(struct pairs *p, size_t position)
{
	size_t i = p->list[position].hash & p->slot_mask;

	while (p->slots[i] != 0)
		i = (i + 1) & p->slot_mask;
	p->slots[i] = (uint32_t)position + 1;
}

static void
grow_slots(struct pairs *p)
{
	size_t n = p->slots == NULL ? SLOTS_MIN : (p->slot_mask + 1) * 2, i;

	free(p->slots);
	p->slots = xcalloc(n, sizeof(*p->slots));
	p->slot_mask = n - 1;
	for (i = 0; i < p->count; i++)
		slot_put(p, i);
}

struct pair *
pairs_find(const struct pairs *p, const char *key, size_t len)
{
	uint32_t hash;
	struct pair *pair;
	size_t i;

	if (p->slots == NULL)
		return NULL;
	hash = hash_bytes(key, len);
	for (i = hash & p->slot_mask; p->slots[i] != 0;
	    i = (i + 1) & p->slot_mask) {
		pair = &p->list[p->slots[i] - 1];
		if (pair->hash == hash && pair->key_len == len &&
		    memcmp(pair->key, key, len) == 0)
			return pair;
	}
	return NULL;
}

struct pair *
pairs_add(struct pairs *p, const char *key, size_t key_len,
    const char *value, size_t value_len)
{
	struct pair *pair;

	if (key_len >= UINT32_MAX || value_len >= UINT32_MAX ||
	    p->count >= UINT32_MAX / 2)
		log_fatal("table entries exceed the 4 GiB limit");
	if (p->count == p->room) {
		p->room = p->room == 0 ? SLOTS_MIN : p->room + p->room / 2;
		p->list = xreallocarray(p->list, p->room, sizeof(*p->list));
	}
	if (p->slots == NULL || p->count >= (p->slot_mask + 1) / 4 * 3)
		grow_slots(p);
	pair = &p->list[p->count];
	pair->key = store(p, key, key_len);
	pair->value = store(p, value, value_len);
	pair->key_len = (uint32_t)key_len;
	pair->value_len = (uint32_t)value_len;
	pair->hash = hash_bytes(key, key_len);
	pair->is_raw = false;
	slot_put(p, p->count++);
	return pair;
}

void
pairs_set_value(struct pairs *p, struct pair *pair, const char *value,
    size_t len)
{
	if (len >= UINT32_MAX)
		log_fatal("table entries exceed the 4 GiB limit");
	if (len <= pair->value_len) {
		char *at = (char *)pair->value;	/* our own chunk */

		memmove(at, value, len);
		at[len] = '\0';
	} else {
		pair->value = store(p, value, len);
	}
	pair->value_len = (uint32_t)len;
}

/* The slot that leads to a position. */
static size_t
slot_of(const struct pairs *p, size_t position)
{
	size_t i = p->list[position].hash & p->slot_mask;

	while (p->slots[i] != position + 1)
		i = (i + 1) & p->slot_mask;
	return i;
}

/* Free slot i and close the gap, so that no probe sequence is broken. */
static void
slot_clear(struct pairs *p, size_t i)
{
	size_t j = i, home;

	for (;;) {
		p->slots[i] = 0;
		do {
			j = (j + 1) & p->slot_mask;
			if (p->slots[j] == 0)
				return;
			home = p->list[p->slots[j] - 1].hash & p->slot_mask;
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

	slot_clear(p, slot_of(p, at));
	if (at != last) {
		p->slots[slot_of(p, last)] = (uint32_t)at + 1;
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

void
pairs_sort(struct pairs *p,
    int (*compare)(const struct pair *a, const struct pair *b))
{
	free(p->slots);
	p->slots = NULL;
	if (p->count > 1)
		qsort(p->list, p->count, sizeof(*p->list),
		    (int (*)(const void *, const void *))compare);
}
