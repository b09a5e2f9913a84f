/*
 * lmdb_write.c - write an LMDB file from pairs
 *
 * Sorted first, so that it is one transaction that only appends.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/lmdb_write.h"

#include <string.h>

#include "lib/table/pairs.h"
#include "lib/table/rank.h"

#define PAGE_SLOP	64
#define AHEAD		8		/* entries */

int
lmdb_write_open(MDB_env **env, const char *path, size_t size, unsigned flags)
{
	int rc;

	if ((rc = mdb_env_create(env)) != 0)
		return rc;
	if ((rc = mdb_env_set_mapsize(*env, size)) != 0 ||
	    (rc = mdb_env_open(*env, path, flags | MDB_NOSUBDIR | MDB_NOLOCK,
	    0644)) != 0) {
		mdb_env_close(*env);
		*env = NULL;
	}
	return rc;
}

/* LMDB's order: bytes, a prefix before what is longer; NULs count. */
static int
compare(const struct pair *a, const struct pair *b)
{
	size_t la = a->key_len + !a->is_raw, lb = b->key_len + !b->is_raw;
	int c = memcmp(a->key, b->key, la < lb ? la : lb);

	return c != 0 ? c : la < lb ? -1 : la > lb;
}

/* How many bytes do all keys have in common at their start? */
static size_t
common_prefix(const struct pairs *pairs)
{
	const struct pair *first = pairs_at(pairs, 0), *p;
	size_t len = first != NULL ? first->key_len : 0, i, n;

	for (i = 1; len > 0 && (p = pairs_at(pairs, i)) != NULL; i++) {
		for (n = 0; n < len && n < p->key_len &&
		    p->key[n] == first->key[n]; n++)
			;
		len = n;
	}
	return len;
}

/* By what follows the common start: that tells nearly all keys apart. */
static uint64_t
rank(const struct pair *p, void *ctx)
{
	const size_t *skip = ctx;

	return rank_text(p->key + *skip, p->key_len - *skip);
}

/* Room for all entries: half-full pages at worst, large values by the page. */
static size_t
build_size(const struct pairs *pairs)
{
	size_t bytes = LMDB_SIZE_MIN, i;
	const struct pair *p;

	for (i = 0; (p = pairs_at(pairs, i)) != NULL; i++)
		bytes += p->key_len + p->value_len + PAGE_SLOP +
		    (p->value_len > 1024 ? 8192 : 0);
	return bytes * 2;
}

static int
write_sorted(MDB_env *env, const struct pairs *pairs)
{
	const struct pair *p, *soon;
	MDB_cursor *cursor;
	MDB_txn *txn;
	MDB_dbi dbi;
	MDB_val k, v;
	size_t i;
	int rc;

	if ((rc = mdb_txn_begin(env, NULL, 0, &txn)) != 0)
		return rc;
	/* The cursor stays where the next entry is appended. */
	if ((rc = mdb_dbi_open(txn, NULL, 0, &dbi)) == 0 &&
	    (rc = mdb_cursor_open(txn, dbi, &cursor)) == 0) {
		for (i = 0; rc == 0 && (p = pairs_at(pairs, i)) != NULL; i++) {
			k.mv_size = p->key_len + !p->is_raw;
			k.mv_data = (void *)p->key;
			v.mv_size = p->value_len + !p->is_raw;
			v.mv_data = (void *)pair_value(p);
			rc = mdb_cursor_put(cursor, &k, &v, MDB_APPEND);
			/* Sorted, they lie anywhere: a wait for memory each. */
			if ((soon = pairs_at(pairs, i + AHEAD)) != NULL)
				__builtin_prefetch(soon->key);
		}
		mdb_cursor_close(cursor);
	}
	if (rc != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	return mdb_txn_commit(txn);
}

int
lmdb_write(const char *path, struct pairs *pairs)
{
	size_t skip = common_prefix(pairs);
	MDB_env *env;
	int rc;

	pairs_sort(pairs, rank, &skip, compare);
	rc = lmdb_write_open(&env, path, build_size(pairs), MDB_NOSYNC);
	if (rc == 0) {
		rc = write_sorted(env, pairs);
		mdb_env_close(env);
	}
	return rc;
}
