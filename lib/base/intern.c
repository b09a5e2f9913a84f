/*
 * intern.c - each text once, named by a small number
 *
 * Texts lie in large blocks that never move; a name is the distance from the
 * first, in units of eight bytes. Freed places of one size hang on one list.
 * The hash chains run through the texts themselves.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/intern.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

#define UNIT		8
#define BLOCK_UNITS	(1u << 17)		/* 1 MiB */
#define CLASSES		(INTERN_MAX / UNIT + 4)
#define BUCKETS_FIRST	1024

struct text {
	uint32_t	 next;		/* in its chain, or list of free places */
	uint32_t	 held;
	uint32_t	 len;
	char		 bytes[];
};

struct intern {
	char		**blocks;
	uint32_t	 block_count;
	uint32_t	 used;		/* units of the last block */
	uint32_t	*buckets;
	uint32_t	 bucket_count, text_count;
	uint32_t	 free[CLASSES];
};

struct intern *
intern_new(void)
{
	struct intern *in = xcalloc(1, sizeof(*in));

	in->bucket_count = BUCKETS_FIRST;
	in->buckets = xcalloc(in->bucket_count, sizeof(*in->buckets));
	in->used = BLOCK_UNITS;
	return in;
}

void
intern_free(struct intern *in)
{
	uint32_t i;

	if (in == NULL)
		return;
	for (i = 0; i < in->block_count; i++)
		free(in->blocks[i]);
	free(in->blocks);
	free(in->buckets);
	free(in);
}

static struct text *
at(const struct intern *in, intern_ref ref)
{
	return (struct text *)(void *)(in->blocks[ref / BLOCK_UNITS] +
	    (size_t)(ref % BLOCK_UNITS) * UNIT);
}

static uint32_t
units_of(size_t len)
{
	return (uint32_t)((sizeof(struct text) + len + 1 + UNIT - 1) / UNIT);
}

static uint32_t
hash(const char *text, size_t len)
{
	uint64_t h = 14695981039346656037u;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ (unsigned char)text[i]) * 1099511628211u;
	return (uint32_t)(h ^ h >> 32);
}

static void
grow(struct intern *in)
{
	uint32_t old_count = in->bucket_count, *old = in->buckets, i, ref, next;
	uint32_t *to;
	struct text *t;

	in->bucket_count *= 2;
	in->buckets = xcalloc(in->bucket_count, sizeof(*in->buckets));
	for (i = 0; i < old_count; i++)
		for (ref = old[i]; ref != 0; ref = next) {
			t = at(in, ref);
			next = t->next;
			to = &in->buckets[hash(t->bytes, t->len) &
			    (in->bucket_count - 1)];
			t->next = *to;
			*to = ref;
		}
	free(old);
}

static intern_ref
place(struct intern *in, uint32_t units)
{
	intern_ref ref;

	if ((ref = in->free[units]) != 0) {
		in->free[units] = at(in, ref)->next;
		return ref;
	}
	if (in->used + units > BLOCK_UNITS) {
		in->blocks = xreallocarray(in->blocks, in->block_count + 1,
		    sizeof(*in->blocks));
		in->blocks[in->block_count++] = xmalloc((size_t)BLOCK_UNITS *
		    UNIT);
		/* The name 0 is taken. */
		in->used = in->block_count == 1 ? 1 : 0;
	}
	ref = (in->block_count - 1) * BLOCK_UNITS + in->used;
	in->used += units;
	return ref;
}

static intern_ref
look(const struct intern *in, const char *text, size_t len)
{
	intern_ref ref;
	struct text *t;

	for (ref = in->buckets[hash(text, len) & (in->bucket_count - 1)];
	    ref != 0; ref = t->next) {
		t = at(in, ref);
		if (t->len == len && memcmp(t->bytes, text, len) == 0)
			break;
	}
	return ref;
}

intern_ref
intern_add_len(struct intern *in, const char *text, size_t len)
{
	intern_ref ref, *bucket;
	struct text *t;

	if (len == 0)
		return 0;
	if (len > INTERN_MAX)
		len = INTERN_MAX;
	if ((ref = look(in, text, len)) != 0) {
		at(in, ref)->held++;
		return ref;
	}
	if (in->text_count++ >= in->bucket_count)
		grow(in);
	ref = place(in, units_of(len));
	t = at(in, ref);
	bucket = &in->buckets[hash(text, len) & (in->bucket_count - 1)];
	t->next = *bucket;
	t->held = 1;
	t->len = (uint32_t)len;
	memcpy(t->bytes, text, len);
	t->bytes[len] = '\0';
	*bucket = ref;
	return ref;
}

intern_ref
intern_add(struct intern *in, const char *text)
{
	return intern_add_len(in, text, strlen(text));
}

intern_ref
intern_find(const struct intern *in, const char *text)
{
	size_t len = strlen(text);

	return len == 0 ? 0 : look(in, text, len > INTERN_MAX ? INTERN_MAX :
	    len);
}

intern_ref
intern_hold(struct intern *in, intern_ref ref)
{
	if (ref != 0)
		at(in, ref)->held++;
	return ref;
}

void
intern_drop(struct intern *in, intern_ref ref)
{
	uint32_t *link, units;
	struct text *t;

	if (ref == 0)
		return;
	t = at(in, ref);
	if (--t->held > 0)
		return;
	for (link = &in->buckets[hash(t->bytes, t->len) &
	    (in->bucket_count - 1)]; *link != ref; link = &at(in, *link)->next)
		continue;
	*link = t->next;
	units = units_of(t->len);
	t->next = in->free[units];
	in->free[units] = ref;
	in->text_count--;
}

const char *
intern_text(const struct intern *in, intern_ref ref)
{
	return ref == 0 ? "" : at(in, ref)->bytes;
}

size_t
intern_len(const struct intern *in, intern_ref ref)
{
	return ref == 0 ? 0 : at(in, ref)->len;
}

size_t
intern_bytes(const struct intern *in)
{
	return sizeof(*in) + (size_t)in->bucket_count * sizeof(*in->buckets) +
	    (size_t)in->block_count * BLOCK_UNITS * UNIT;
}
