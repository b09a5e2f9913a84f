/*
 * lmdb_write.c - write an LMDB file from pairs
 *
 * Sorted first, so that it is one transaction that only appends. That goes
 * into a file beside the old one; where none can be made, into the old one:
 * readers see the old pairs or the new ones, a crash leaves one of the two.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/lmdb_write.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/table/index.h"
#include "lib/table/rank.h"

#define PAGE_SLOP	64
#define AHEAD		8		/* entries */
#define ROOM_BYTES	65536		/* more than the last blocks of a file hold */

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

/* All pairs in one transaction, which empties the database first. */
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
	    (rc = mdb_drop(txn, dbi, 0)) == 0 &&
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

static int
write_file(const char *path, size_t old_size, struct pairs *pairs,
    unsigned flags)
{
	size_t skip = common_prefix(pairs);
	MDB_env *env;
	int rc;

	pairs_sort(pairs, rank, &skip, compare);
	rc = lmdb_write_open(&env, path, old_size + build_size(pairs), flags);
	if (rc == 0) {
		rc = write_sorted(env, pairs);
		mdb_env_close(env);
	}
	return rc;
}

int
lmdb_lock(int fd, short how)
{
	struct flock fl = { .l_type = how, .l_whence = SEEK_SET };
	int rc;

	while ((rc = fcntl(fd, F_OFD_SETLKW, &fl)) == -1 && errno == EINTR)
		;
	return rc;
}

int
lmdb_cause(int fd, int rc)
{
	struct stat st;

	if (rc != EIO || fstat(fd, &st) == -1 ||
	    fallocate(fd, FALLOC_FL_KEEP_SIZE, st.st_size, ROOM_BYTES) == 0 ||
	    errno == EOPNOTSUPP)
		return rc;
	return errno;
}

struct index_build *
lmdb_build_open(const struct table *t, struct err *err)
{
	struct index_build *b;
	struct err denied = ERR_INIT;

	/* Who owns the index but not its directory can change it all the same. */
	if ((b = index_build_open(t, t->full_name, &denied)) == NULL &&
	    denied.errnum == EACCES)
		b = index_build_in_place(t, t->full_name, NULL);
	if (b == NULL && err != NULL)
		*err = denied;
	return b;
}

/* Whoever changes the old file in place right now finishes first. */
static void
await_old(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd == -1)
		return;
	lmdb_lock(fd, F_WRLCK);
	close(fd);
}

/* The old pages are free only once the new ones are there. */
static int
rewrite(const struct index_build *b)
{
	struct stat st;
	int rc;

	if (lmdb_lock(b->fd, F_WRLCK) == -1 || fstat(b->fd, &st) == -1)
		return errno;
	rc = write_file(b->path, (size_t)st.st_size, b->pairs, 0);
	lmdb_lock(b->fd, F_UNLCK);
	return rc;
}

int
lmdb_build_write(const struct index_build *b)
{
	int rc;

	if (b->tmp == NULL)
		return rewrite(b);
	/* index_build_commit flushes. */
	if ((rc = write_file(b->tmp, 0, b->pairs, MDB_NOSYNC)) == 0)
		await_old(b->path);
	return rc;
}
