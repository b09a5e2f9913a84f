/*
 * pairs.h - keys and values in memory: insertion order kept, hashed by key
 *
 * The body of texthash:, inline: and internal:, and the place where an index
 * build collects its entries, so that duplicates are found once for all types
 * and each file format gets its entries in the order it likes best.
 */
#ifndef LIB_TABLE_PAIRS_H
#define LIB_TABLE_PAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pairs;			/* opaque */

/* The value lies behind the key; each has a NUL that is not counted. */
struct pair {
	const char	*key;
	uint32_t	 key_len, value_len;
	uint32_t	 hash;
	bool		 is_raw;	/* the caller's mark; false when added */
};

static inline const char *
pair_value(const struct pair *p)
{
	return p->key + p->key_len + 1;
}

struct pairs	*pairs_new(void);
void		 pairs_free(struct pairs *p);

/* pairs_find - the pair with this key, NULL if none; valid until the next change */
struct pair	*pairs_find(const struct pairs *p, const char *key,
		    size_t len);
/*
 * pairs_add - add a pair whose key is not there yet
 *
 * Where it goes is known when pairs_find was last asked for the same bytes at
 * the same address; what stands there must not have changed since.
 *
 * Keys and values are at most 4 GiB together with all others; the pair is
 * valid until the next change.
 */
struct pair	*pairs_add(struct pairs *p, const char *key, size_t key_len,
		    const char *value, size_t value_len);
/* pairs_set_value - replace the value of a pair, whose key may move */
void		 pairs_set_value(struct pairs *p, struct pair *pair,
		    const char *value, size_t len);
/* pairs_remove - remove a pair; the last one takes its place */
void		 pairs_remove(struct pairs *p, struct pair *pair);

size_t		 pairs_count(const struct pairs *p);
/* pairs_at - the ith pair in insertion order */
struct pair	*pairs_at(const struct pairs *p, size_t i);

/*
 * pairs_sort - bring the pairs into another order
 *
 * rank		the first thing to compare, small to large; asked once a pair
 * compare	decides between equal ranks; NULL: they stay as they were
 *
 * The index by key is dropped to save memory: afterwards only pairs_at and
 * pairs_free are allowed.
 */
void		 pairs_sort(struct pairs *p,
		    uint64_t (*rank)(const struct pair *pair, void *ctx),
		    void *ctx, int (*compare)(const struct pair *a,
		    const struct pair *b));

#endif
