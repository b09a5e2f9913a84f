/*
 * table_lmdb.c - lmdb: NAME.lmdb, the format that Postfix's lmdb tables have
 *
 * One file ("no subdirectory"), the unnamed database, LMDB's own locks off.
 * A new table is written beside the old one, sorted, as one appending
 * transaction, and renamed; where no file can be made there, in place, as one
 * transaction too. Another program may change our file in place; so each read transaction stands under a shared fcntl lock and the
 * map grows when the file has grown. The locks are descriptor-owned ("OFD"),
 * which exclude the process-owned ones of others and do not vanish when a
 * second descriptor of the file is closed.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/index.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/table/lmdb_write.h"

#define DEFAULT_1NULL	true
#define KEY_MAX		511		/* LMDB's, as everybody compiles it */
#define SIZE_SLOP	10240		/* spec/tables.md 4.2 */

struct lmdb_state {
	MDB_env		*env;
	MDB_dbi		 dbi;
	MDB_txn		*reader;	/* reset between lookups */
	MDB_txn		*writer;	/* of a TABLE_WRITE, until close or commit */
	int		 fd;		/* ours, for locks and the watch */
	bool		 is_held;	/* lock and reader stay */
	size_t		 map_size;
	char		*path;
	struct index_build *build;
	struct buf	 last;		/* where table_next is */
};

static enum table_result
broken(const struct table *t, const char *doing, int rc, struct err *err)
{
	const struct lmdb_state *s = t->state;
	int fd = s->build != NULL ? s->build->fd : s->fd;

	err_set(err, ERR_CONFIG, "error %s %s: %s", doing, t->full_name,
	    mdb_strerror(lmdb_cause(fd, rc)));
	return TABLE_BROKEN;
}

static size_t
wanted_size(int fd)
{
	size_t size = params.lmdb_map_size > (long)LMDB_SIZE_MIN ?
	    (size_t)params.lmdb_map_size : LMDB_SIZE_MIN;
	struct stat st;

	if (fstat(fd, &st) == 0 && (size_t)st.st_size > size - SIZE_SLOP)
		size = (size_t)st.st_size + SIZE_SLOP;
	return size;
}

/* The unnamed database of an existing file. */
static int
dbi_open(struct lmdb_state *s)
{
	MDB_txn *txn;
	int rc;

	if ((rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn)) != 0)
		return rc;
	if ((rc = mdb_dbi_open(txn, NULL, 0, &s->dbi)) != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	if ((rc = mdb_txn_commit(txn)) != 0)
		return rc;
	if ((rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &s->reader)) == 0)
		mdb_txn_reset(s->reader);
	return rc;
}

static void
state_free(struct lmdb_state *s)
{
	if (s->writer != NULL)
		mdb_txn_abort(s->writer);
	if (s->reader != NULL)
		mdb_txn_abort(s->reader);
	if (s->env != NULL)
		mdb_env_close(s->env);
	if (s->fd != -1)
		close(s->fd);
	index_build_close(s->build);
	buf_done(&s->last);
	free(s->path);
	free(s);
}

static int
open_existing(struct table *t, struct lmdb_state *s, struct err *err)
{
	unsigned flags = t->mode == TABLE_READ ? MDB_RDONLY : 0;
	bool is_new_allowed = (t->flags &
	    (TABLE_OPEN_LOCK | TABLE_MAY_CREATE)) != 0;
	int rc;

	if (t->mode == TABLE_READ) {
		s->fd = index_open_read(t, s->path, err);
		if (s->fd == -1)
			return -1;
	} else {
		s->fd = open(s->path, O_RDWR | O_CLOEXEC | (is_new_allowed ?
		    O_CREAT : 0), 0644);
		if (s->fd == -1)
			return err_sys(err, "open database %s", s->path);
		if (table_watch(t, s->fd, err) == -1)
			return -1;
	}
	if (lmdb_lock(s->fd, t->mode == TABLE_READ ? F_RDLCK : F_WRLCK) == -1)
		return err_sys(err, "lock %s", s->path);
	s->map_size = wanted_size(s->fd);
	rc = lmdb_write_open(&s->env, s->path, s->map_size, flags);
	if (rc == 0)
		rc = dbi_open(s);
	lmdb_lock(s->fd, F_UNLCK);
	if (rc != 0) {
		err_set(err, ERR_CONFIG, "open database %s: %s", s->path,
		    mdb_strerror(rc));
		return -1;
	}
	return 0;
}

static int
lmdb_table_open(struct table *t, struct err *err)
{
	struct lmdb_state *s = xcalloc(1, sizeof(*s));
	int rc;

	t->state = s;
	t->is_multi_writer = true;
	index_nulls(t, DEFAULT_1NULL);
	s->fd = -1;
	buf_init(&s->last);
	s->path = index_path(t);
	if (t->mode == TABLE_CREATE) {
		s->build = lmdb_build_open(t, err);
		rc = s->build != NULL ? 0 : -1;
	} else {
		rc = open_existing(t, s, err);
	}
	if (rc == -1)
		state_free(s);
	return rc;
}

static int	lmdb_table_commit(struct table *t, struct err *err);

static void
lmdb_table_close(struct table *t)
{
	struct lmdb_state *s = t->state;

	/* In-place changes are visible at once to their owner; keep them. */
	if (s->writer != NULL && (t->flags & TABLE_OPEN_LOCK) != 0)
		lmdb_table_commit(t, NULL);
	state_free(s);
}

/* Begin or renew the read transaction; a grown file needs a larger map. */
static int
reader_begin(struct lmdb_state *s)
{
	int rc;

	rc = mdb_txn_renew(s->reader);
	if (rc != MDB_MAP_RESIZED)
		return rc;
	mdb_txn_abort(s->reader);
	s->reader = NULL;
	if ((rc = mdb_env_set_mapsize(s->env, 0)) != 0)
		return rc;
	return mdb_txn_begin(s->env, NULL, MDB_RDONLY, &s->reader);
}

static int
reader_lock(struct lmdb_state *s)
{
	int rc;

	if (s->is_held)
		return 0;
	if (lmdb_lock(s->fd, F_RDLCK) == -1)
		return errno;
	if ((rc = reader_begin(s)) != 0)
		lmdb_lock(s->fd, F_UNLCK);
	return rc;
}

static void
reader_unlock(struct lmdb_state *s)
{
	if (s->is_held)
		return;
	mdb_txn_reset(s->reader);
	lmdb_lock(s->fd, F_UNLCK);
}

static void
lmdb_table_hold(struct table *t, bool on)
{
	struct lmdb_state *s = t->state;

	if (t->mode != TABLE_READ || s->is_held == on)
		return;
	if (on) {
		s->is_held = reader_lock(s) == 0;
	} else {
		s->is_held = false;
		reader_unlock(s);
	}
}

static int
get(struct lmdb_state *s, MDB_txn *txn, const char *key, size_t len,
    struct buf *value)
{
	MDB_val k = { len, (void *)key }, v;
	int rc;

	/* Too long to be in any file; LMDB would call that an error. */
	if (len > (size_t)mdb_env_get_maxkeysize(s->env))
		return MDB_NOTFOUND;
	if ((rc = mdb_get(txn, s->dbi, &k, &v)) == 0)
		index_value(value, v.mv_data, v.mv_size);
	return rc;
}

static enum table_result
lmdb_table_lookup(struct table *t, const char *key, size_t len,
    struct buf *value, struct err *err)
{
	struct lmdb_state *s = t->state;
	MDB_txn *txn = s->writer;
	int rc = MDB_NOTFOUND;

	if (txn == NULL) {
		if ((rc = reader_lock(s)) != 0)
			return broken(t, "reading", rc, err);
		txn = s->reader;
		rc = MDB_NOTFOUND;
	}
	if (t->tries_1null &&
	    (rc = get(s, txn, key, len + 1, value)) == 0)
		index_hit(t, true);
	if (rc == MDB_NOTFOUND && t->tries_0null && (rc = len == 0 ?
	    MDB_BAD_VALSIZE : get(s, txn, key, len, value)) == 0)
		index_hit(t, false);
	if (txn == s->reader)
		reader_unlock(s);
	if (rc == 0)
		return TABLE_FOUND;
	return rc == MDB_NOTFOUND ? TABLE_NOT_FOUND :
	    broken(t, "reading", rc, err);
}

/* Double the map and lose nothing: the writer's changes were committed. */
static int
grow(struct lmdb_state *s)
{
	s->map_size *= 2;
	return mdb_env_set_mapsize(s->env, s->map_size);
}

static int
writer_begin(struct lmdb_state *s, struct err *err)
{
	int rc;

	if (s->writer != NULL)
		return 0;
	if (lmdb_lock(s->fd, F_WRLCK) == -1)
		return err_sys(err, "lock %s", s->path);
	rc = mdb_txn_begin(s->env, NULL, 0, &s->writer);
	if (rc == MDB_MAP_RESIZED &&
	    (rc = mdb_env_set_mapsize(s->env, 0)) == 0)
		rc = mdb_txn_begin(s->env, NULL, 0, &s->writer);
	if (rc == 0)
		return 0;
	lmdb_lock(s->fd, F_UNLCK);
	s->writer = NULL;
	return err_set(err, ERR_SYSTEM, "transaction on %s: %s", s->path,
	    mdb_strerror(rc));
}

/* End the write transaction, keeping its changes. */
static int
writer_commit(struct lmdb_state *s)
{
	int rc = mdb_txn_commit(s->writer);

	s->writer = NULL;
	lmdb_lock(s->fd, F_UNLCK);
	return rc;
}

/*
 * One put in the current transaction. In a nested transaction, so that a full
 * map spoils only this put: what came before is committed, the map is doubled
 * and the put is tried again.
 */
static int
put(struct lmdb_state *s, MDB_val *k, MDB_val *v, unsigned flags)
{
	MDB_txn *child;
	int rc;

	for (;;) {
		if ((rc = mdb_txn_begin(s->env, s->writer, 0, &child)) != 0)
			return rc;
		rc = mdb_put(child, s->dbi, k, v, flags);
		if (rc == 0)
			rc = mdb_txn_commit(child);
		else
			mdb_txn_abort(child);
		if (rc != MDB_MAP_FULL)
			return rc;
		if ((rc = writer_commit(s)) != 0 && rc != MDB_MAP_FULL)
			return rc;
		if ((rc = grow(s)) != 0)
			return rc;
		if (writer_begin(s, NULL) == -1)
			return MDB_PANIC;
	}
}

/* A cache's change is over at once, also one of nothing: others wait for the lock. */
static int
settle(struct table *t, struct lmdb_state *s, int rc)
{
	int done = 0;

	if ((t->flags & TABLE_OPEN_LOCK) != 0 &&
	    (rc == 0 || rc == MDB_NOTFOUND || rc == MDB_KEYEXIST))
		done = writer_commit(s);
	return done != 0 ? done : rc;
}

static int
update_in_place(struct table *t, struct lmdb_state *s, const char *key,
    size_t key_len, const char *value, size_t value_len, struct err *err)
{
	bool null = index_stores_null(t, DEFAULT_1NULL);
	MDB_val k = { key_len + null, (void *)key };
	MDB_val v = { value_len + null, (void *)value };
	struct buf old = BUF_INIT;
	int rc;

	if (writer_begin(s, err) == -1)
		return -1;
	if (t->tries_0null && t->tries_1null &&
	    get(s, s->writer, key, key_len, &old) == 0) {
		index_hit(t, false);
		k.mv_size--;
		v.mv_size--;
	}
	buf_done(&old);
	rc = settle(t, s, put(s, &k, &v, (t->flags & TABLE_DUP_REPLACE) != 0 ?
	    0 : MDB_NOOVERWRITE));
	if (rc == MDB_KEYEXIST)
		return table_duplicate(t, t->full_name, key, key_len, err) ==
		    -1 ? -1 : 0;
	if (rc != 0)
		return broken(t, "updating", rc, err), -1;
	return 0;
}

static int
lmdb_table_update(struct table *t, const char *key, size_t key_len,
    const char *value, size_t value_len, struct err *err)
{
	struct lmdb_state *s = t->state;
	size_t size = key_len + index_stores_null(t, DEFAULT_1NULL);

	if (size == 0 || (s->env == NULL && size > KEY_MAX))
		return broken(t, "updating", MDB_BAD_VALSIZE, err), -1;
	if (t->mode == TABLE_CREATE)
		return index_build_add(t, s->build, key, key_len, value,
		    value_len, err);
	return update_in_place(t, s, key, key_len, value, value_len, err);
}

static enum table_result
lmdb_table_remove(struct table *t, const char *key, size_t len,
    struct err *err)
{
	struct lmdb_state *s = t->state;
	MDB_val k = { len + 1, (void *)key };
	int rc = MDB_NOTFOUND;

	if (s->env == NULL)
		return TABLE_BROKEN;
	if (len > (size_t)mdb_env_get_maxkeysize(s->env) - 1)
		return TABLE_NOT_FOUND;
	if (writer_begin(s, err) == -1)
		return TABLE_BROKEN;
	if (t->tries_1null &&
	    (rc = mdb_del(s->writer, s->dbi, &k, NULL)) == 0)
		index_hit(t, true);
	k.mv_size--;
	if (rc == MDB_NOTFOUND && t->tries_0null && (rc = len == 0 ?
	    MDB_BAD_VALSIZE : mdb_del(s->writer, s->dbi, &k, NULL)) == 0)
		index_hit(t, false);
	rc = settle(t, s, rc);
	if (rc == MDB_NOTFOUND)
		return TABLE_NOT_FOUND;
	return rc == 0 ? TABLE_FOUND : broken(t, "deleting from", rc, err);
}

/* Each step finds its place again by key, so that a writer may come between. */
static enum table_result
lmdb_table_next(struct table *t, bool first, struct buf *key,
    struct buf *value, struct err *err)
{
	struct lmdb_state *s = t->state;
	MDB_txn *txn = s->writer;
	MDB_cursor *cursor;
	MDB_val k = { s->last.len, s->last.ptr }, v;
	int rc;

	if (s->env == NULL)
		return TABLE_NOT_FOUND;
	if (txn == NULL) {
		if ((rc = reader_lock(s)) != 0)
			return broken(t, "reading", rc, err);
		txn = s->reader;
	}
	if ((rc = mdb_cursor_open(txn, s->dbi, &cursor)) == 0) {
		if (first) {
			rc = mdb_cursor_get(cursor, &k, &v, MDB_FIRST);
		} else {
			rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
			if (rc == 0 && k.mv_size == s->last.len &&
			    memcmp(k.mv_data, s->last.ptr, k.mv_size) == 0)
				rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
		}
		if (rc == 0) {
			buf_set(&s->last, k.mv_data, k.mv_size);
			index_value(key, k.mv_data, k.mv_size);
			index_value(value, v.mv_data, v.mv_size);
		}
		mdb_cursor_close(cursor);
	}
	if (txn == s->reader)
		reader_unlock(s);
	if (rc == 0)
		return TABLE_FOUND;
	return rc == MDB_NOTFOUND ? TABLE_NOT_FOUND :
	    broken(t, "reading", rc, err);
}

static int
lmdb_table_commit(struct table *t, struct err *err)
{
	struct lmdb_state *s = t->state;
	int rc;

	if (s->build == NULL) {
		rc = s->writer != NULL ? writer_commit(s) : 0;
		if (rc == 0 && t->note != NULL)
			index_put_note(s->fd, t->note);
		return rc == 0 ? 0 : (broken(t, "updating", rc, err), -1);
	}
	if ((rc = lmdb_build_write(s->build)) != 0)
		return broken(t, "updating", rc, err), -1;
	return index_build_commit(s->build, err);
}

const struct table_type table_lmdb = {
	.name = "lmdb",
	.is_sorted = true,
	.suffix = ".lmdb",
	.open = lmdb_table_open,
	.close = lmdb_table_close,
	.lookup = lmdb_table_lookup,
	.update = lmdb_table_update,
	.remove = lmdb_table_remove,
	.next = lmdb_table_next,
	.commit = lmdb_table_commit,
	.hold = lmdb_table_hold,
};
