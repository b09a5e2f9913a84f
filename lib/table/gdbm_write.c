/*
 * gdbm_write.c - write a GDBM database of pairs
 *
 * GDBM is an extendible hash. The directory has 2^n entries; the first n bits
 * of a key's hash choose one, which leads to a bucket. A bucket that is full is
 * split by the next bit of its keys, so several entries in a row may lead to
 * the same one. A bucket has for each key its hash and where key and value lie.
 *
 *	+--------+-----------+--------+-...-+--------+------------------+
 *	| header | directory | bucket |     | bucket | keys and values  |
 *	+--------+-----------+--------+-...-+--------+------------------+
 *
 * The library finds its way to this by splitting one bucket after the other,
 * and each time extends its file and maps it anew, which takes most of a
 * build. Here the keys are sorted by hash first: then buckets are ranges, and
 * all is written once from front to back. Numbers are the machine's own.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/gdbm_write.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/file_out.h"
#include "lib/base/mem.h"
#include "lib/table/pairs.h"
#include "lib/table/rank.h"

#define MAGIC		0x13579acf	/* standard format, 64-bit offsets */
#define BLOCK		4096		/* of a bucket, too */
#define HASH_BITS	31
#define DIRECTORY_MIN	9		/* bits: fills a block */
#define DIRECTORY_MAX	27		/* its size is an int */
#define KEY_START	4
#define BUCKET_FREE	6
#define FREE_MIN	5		/* what is shorter is not worth noting */
#define AHEAD		8		/* entries */

struct free_space {
	int32_t		 size;
	int64_t		 at;
};

struct header {
	int32_t		 magic, block_size;
	int64_t		 directory;
	int32_t		 directory_size, directory_bits;
	int32_t		 bucket_size, bucket_room;
	int64_t		 end;		/* where the file grows */
	int32_t		 free_room, free_count;
	int64_t		 more_free;
	struct free_space free[];	/* to the end of the block */
};

struct element {
	int32_t		 hash;		/* -1: free */
	char		 key_start[KEY_START];
	int64_t		 at;		/* of the key; the value is behind it */
	int32_t		 key_len, value_len;
};

struct bucket {
	int32_t		 free_count;
	struct free_space free[BUCKET_FREE];
	int32_t		 bits;		/* that its keys have in common */
	int32_t		 count;
	struct element	 table[166];	/* from hash modulo size on */
};

#define BUCKET_ROOM	(sizeof(((struct bucket *)0)->table) / sizeof(struct element))

static_assert(sizeof(struct bucket) == BLOCK, "a bucket fills a block");
static_assert(sizeof(off_t) == sizeof(int64_t), "offsets have 64 bits");

/* Sorted pairs from first on have these bits in common. */
struct range {
	size_t		 first, count;
	unsigned	 bits;
};

struct writer {
	const struct pairs *pairs;
	struct ranked	*sorted;	/* all, by hash */
	size_t		 total;
	struct range	*ranges;	/* one a bucket, by hash */
	size_t		 count, room;
	unsigned	 directory_bits;
	struct file_out	 buckets, data;
};

static uint32_t
hash_key(const char *key, size_t len)
{
	uint32_t h = 0x238f13afu * (uint32_t)len;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h + ((uint32_t)key[i] << (i * 5 % 24))) & 0x7fffffff;
	return (1103515243u * h + 12345u) & 0x7fffffff;
}

static void
sort_by_hash(struct writer *w)
{
	const struct pair *p;
	size_t i;

	w->total = pairs_count(w->pairs);
	w->sorted = xreallocarray(NULL, w->total + 1, sizeof(*w->sorted));
	for (i = 0; i < w->total; i++) {
		p = pairs_at(w->pairs, i);
		w->sorted[i].rank = hash_key(p->key, p->key_len + !p->is_raw);
		w->sorted[i].position = (uint32_t)i;
	}
	rank_sort(w->sorted, w->total);
}

/* The first of a range whose next bit is set. */
static size_t
middle(const struct writer *w, size_t first, size_t count, unsigned bits)
{
	uint64_t bit = (uint64_t)1 << (HASH_BITS - 1 - bits);
	size_t low = first, high = first + count, at;

	while (low < high) {
		at = low + (high - low) / 2;
		if ((w->sorted[at].rank & bit) != 0)
			high = at;
		else
			low = at + 1;
	}
	return low;
}

/* Halve a range until each part fits into a bucket; false: that needs too many bits. */
static bool
divide(struct writer *w, size_t first, size_t count, unsigned bits)
{
	size_t second;

	if (bits > DIRECTORY_MAX)
		return false;
	if (count > BUCKET_ROOM) {
		second = middle(w, first, count, bits);
		return divide(w, first, second - first, bits + 1) &&
		    divide(w, second, first + count - second, bits + 1);
	}
	if (w->count == w->room) {
		w->room = w->room * 2 + 16;
		w->ranges = xreallocarray(w->ranges, w->room,
		    sizeof(*w->ranges));
	}
	w->ranges[w->count++] = (struct range){ first, count, bits };
	if (bits > w->directory_bits)
		w->directory_bits = bits;
	return true;
}

static void
put_element(struct writer *w, struct bucket *b, uint32_t hash,
    const struct pair *p)
{
	uint32_t key_len = p->key_len + !p->is_raw;
	uint32_t value_len = p->value_len + !p->is_raw;
	size_t at = hash % BUCKET_ROOM;
	struct element *e;
	char *to;

	while (b->table[at].hash != -1)
		at = (at + 1) % BUCKET_ROOM;
	e = &b->table[at];
	e->hash = (int32_t)hash;
	memcpy(e->key_start, p->key, key_len < KEY_START ? key_len : KEY_START);
	e->at = (int64_t)w->data.end;
	e->key_len = (int32_t)key_len;
	e->value_len = (int32_t)value_len;
	to = file_out_more(&w->data, (size_t)key_len + value_len);
	memcpy(to, p->key, key_len);
	memcpy(to + key_len, pair_value(p), value_len);
}

static int
put_bucket(struct writer *w, const struct range *r, struct err *err)
{
	struct bucket *b = (void *)file_out_more(&w->buckets, sizeof(*b));
	const struct ranked *one = w->sorted + r->first;
	size_t i;

	memset(b, 0, sizeof(*b));
	b->bits = (int32_t)r->bits;
	b->count = (int32_t)r->count;
	for (i = 0; i < BUCKET_ROOM; i++)
		b->table[i].hash = -1;
	for (i = 0; i < r->count; i++, one++) {
		/* Sorted, they lie anywhere: a wait for memory each. */
		if (r->first + i + 2 * AHEAD < w->total)
			__builtin_prefetch(pairs_at(w->pairs,
			    one[2 * AHEAD].position));
		if (r->first + i + AHEAD < w->total)
			__builtin_prefetch(pairs_at(w->pairs,
			    one[AHEAD].position)->key);
		put_element(w, b, (uint32_t)one->rank,
		    pairs_at(w->pairs, one->position));
	}
	return file_out_push(&w->buckets, err) == -1 ? -1 :
	    file_out_push(&w->data, err);
}

static int
put_directory(struct writer *w, int fd, const char *path, struct err *err)
{
	struct file_out out;
	uint64_t bucket = BLOCK + (sizeof(bucket) << w->directory_bits);
	size_t i, n;
	int rc = 0;

	file_out_init(&out, fd, path, BLOCK);
	for (i = 0; i < w->count && rc == 0; i++, bucket += BLOCK) {
		for (n = (size_t)1 << (w->directory_bits - w->ranges[i].bits);
		    n > 0; n--)
			memcpy(file_out_more(&out, sizeof(bucket)), &bucket,
			    sizeof(bucket));
		rc = file_out_push(&out, err);
	}
	if (rc == 0)
		rc = file_out_flush(&out, err);
	file_out_done(&out);
	return rc;
}

/* The header, and the file to the end of its last block, free for what may come. */
static int
put_header(const struct writer *w, int fd, const char *path, struct err *err)
{
	union {
		struct header h;
		char	bytes[BLOCK];
	} u;
	int64_t used = (int64_t)w->data.end;
	int32_t rest = (int32_t)(-used & (BLOCK - 1));

	memset(&u, 0, sizeof(u));
	u.h.magic = MAGIC;
	u.h.block_size = BLOCK;
	u.h.directory = BLOCK;
	u.h.directory_size = (int32_t)sizeof(int64_t) << w->directory_bits;
	u.h.directory_bits = (int32_t)w->directory_bits;
	u.h.bucket_size = BLOCK;
	u.h.bucket_room = BUCKET_ROOM;
	u.h.free_room = (BLOCK - sizeof(u.h)) / sizeof(u.h.free[0]);
	u.h.end = used + rest;
	if (rest >= FREE_MIN) {
		u.h.free_count = 1;
		u.h.free[0] = (struct free_space){ rest, used };
	}
	if (ftruncate(fd, u.h.end) == -1 ||
	    file_pwrite_all(fd, u.bytes, sizeof(u.bytes), 0) == -1)
		return err_sys(err, "write %s", path);
	return 0;
}

static int
put_all(struct writer *w, int fd, const char *path, struct err *err)
{
	uint64_t at = BLOCK + (sizeof(int64_t) << w->directory_bits);
	int rc = 0;
	size_t i;

	file_out_init(&w->buckets, fd, path, at);
	file_out_init(&w->data, fd, path, at + w->count * BLOCK);
	for (i = 0; i < w->count && rc == 0; i++)
		rc = put_bucket(w, &w->ranges[i], err);
	if (rc == 0 && (file_out_flush(&w->buckets, err) == -1 ||
	    file_out_flush(&w->data, err) == -1 ||
	    put_directory(w, fd, path, err) == -1 ||
	    put_header(w, fd, path, err) == -1))
		rc = -1;
	file_out_done(&w->buckets);
	file_out_done(&w->data);
	return rc;
}

int
gdbm_write(int fd, const char *path, const struct pairs *pairs,
    struct err *err)
{
	struct writer w = { .pairs = pairs, .directory_bits = DIRECTORY_MIN };
	int rc;

	sort_by_hash(&w);
	if (divide(&w, 0, w.total, 0))
		rc = put_all(&w, fd, path, err);
	else
		rc = err_set(err, ERR_LIMIT, "write %s: more than %zu keys "
		    "have the same hash", path, BUCKET_ROOM);
	free(w.ranges);
	free(w.sorted);
	return rc;
}
