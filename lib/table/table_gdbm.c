/*
 * table_gdbm.c - gdbm: NAME.gdbm, the native indexed type
 *
 * A build writes its file itself (gdbm_write.h); all else is the library's.
 *
 * A file that readers may have open is never changed: postmap -i and -d work
 * on a copy that is renamed into place. Only a cache with one owner
 * (TABLE_OPEN_LOCK) is changed in place, under an exclusive flock(2) that is
 * held as long as it is open. GDBM's own locking is off: it would let one
 * long-lived reader shut out every writer.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/index.h"

#include <errno.h>
#include <fcntl.h>
#include <gdbm.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/table/gdbm_write.h"

#define DEFAULT_1NULL	true
#define BLOCK_BYTES	4096

struct gdbm_state {
	GDBM_FILE	 db;
	char		*path;
	struct index_build *build;
	datum		 at;		/* of table_next; ours to free */
};

/* What GDBM is at: it does not say so when it fails. */
static const struct table *current;

static struct gdbm_state *
state_of(const struct table *t)
{
	current = t;
	return t->state;
}

/*
 * GDBM ends the process when it cannot write, once this returns. What it was
 * building then is of no use to anybody.
 */
static void
on_fatal(const char *text)
{
	int errnum = errno;
	const struct gdbm_state *s = current->state;
	if (s->build != NULL)
		unlink(s->build->tmp);
	log_fatal("error %s %s: %s", current->mode == TABLE_READ ? "reading" :
	    "updating", current->full_name, gdbm_check_syserr(gdbm_errno) ?
	    strerror(errnum) : text);
}

static enum table_result
broken(const struct table *t, const char *doing, struct err *err)
{
	const struct gdbm_state *s = t->state;

	err_set(err, ERR_CONFIG, "error %s %s: %s", doing, t->full_name,
	    s->db != NULL ? gdbm_db_strerror(s->db) : gdbm_strerror(gdbm_errno));
	return TABLE_BROKEN;
}

/* Wrap GDBM around a descriptor, which it takes when it succeeds. */
static GDBM_FILE
attach(int fd, const char *path, int how, struct err *err)
{
	GDBM_FILE db;

	errno = 0;
	db = gdbm_fd_open(fd, path, BLOCK_BYTES, how | GDBM_NOLOCK |
	    GDBM_CLOEXEC, on_fatal);
	if (db == NULL) {
		err_set(err, ERR_CONFIG, "open database %s: %s", path,
		    gdbm_strerror(gdbm_errno));
		close(fd);
	}
	return db;
}

static void
state_free(struct gdbm_state *s)
{
	if (s->db != NULL)
		gdbm_close(s->db);
	index_build_close(s->build);
	free(s->at.dptr);
	free(s->path);
	free(s);
}

/* A cache: created when missing, ours alone while it is open. */
static int
open_in_place(struct table *t, struct gdbm_state *s, struct err *err)
{
	struct stat st;
	int fd;

	if ((fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0644)) == -1)
		return err_sys(err, "open database %s", s->path);
	if (file_lock(fd, LOCK_EX) == -1 || fstat(fd, &st) == -1) {
		err_sys(err, "lock %s", s->path);
		close(fd);
		return -1;
	}
	s->db = attach(fd, s->path, st.st_size == 0 ? GDBM_NEWDB :
	    GDBM_WRITER, err);
	return s->db == NULL ? -1 : table_watch(t, fd, err);
}

/* postmap -i, -d: a copy that commit puts in place. */
static int
open_copy(struct table *t, struct gdbm_state *s, struct err *err)
{
	int fd, had;

	if ((s->build = index_build_open(t, t->full_name, err)) == NULL ||
	    (had = index_copy(s->build, err)) == -1)
		return -1;
	if (!had && (t->flags & TABLE_MAY_CREATE) == 0) {
		errno = ENOENT;
		return err_sys(err, "open database %s", s->path);
	}
	if ((fd = fcntl(s->build->fd, F_DUPFD_CLOEXEC, 3)) == -1)
		return err_sys(err, "open database %s", s->build->tmp);
	s->db = attach(fd, s->build->tmp, had ? GDBM_WRITER : GDBM_NEWDB, err);
	return s->db == NULL ? -1 : 0;
}

static int
gdbm_table_open(struct table *t, struct err *err)
{
	struct gdbm_state *s = xcalloc(1, sizeof(*s));
	int fd, rc = -1;

	t->state = s;
	current = t;
	index_nulls(t, DEFAULT_1NULL);
	s->path = index_path(t);
	if (t->mode == TABLE_CREATE) {
		s->build = index_build_open(t, t->full_name, err);
		rc = s->build != NULL ? 0 : -1;
	} else if (t->mode == TABLE_READ) {
		if ((fd = index_open_read(t, s->path, err)) != -1)
			s->db = attach(fd, s->path, GDBM_READER, err);
		rc = s->db != NULL ? 0 : -1;
	} else if ((t->flags & TABLE_OPEN_LOCK) != 0) {
		rc = open_in_place(t, s, err);
	} else {
		rc = open_copy(t, s, err);
	}
	if (rc == -1)
		state_free(s);
	return rc;
}

static void
gdbm_table_close(struct table *t)
{
	state_free(state_of(t));
}

/* A datum for a key with or without its NUL. */
static datum
key_datum(const char *key, size_t len, bool with_null)
{
	return (datum){ (char *)key, (int)(len + with_null) };
}

/* 1 found, 0 not, -1 failure. */
static int
find(GDBM_FILE db, const char *key, size_t len, bool with_null,
    struct buf *value)
{
	datum v = gdbm_fetch(db, key_datum(key, len, with_null));

	if (v.dptr == NULL)
		return gdbm_last_errno(db) == GDBM_ITEM_NOT_FOUND ? 0 : -1;
	index_value(value, v.dptr, (size_t)v.dsize);
	free(v.dptr);
	return 1;
}

static enum table_result
gdbm_table_lookup(struct table *t, const char *key, size_t len,
    struct buf *value, struct err *err)
{
	struct gdbm_state *s = state_of(t);
	int rc = 0;

	if (len >= INT_MAX)
		return TABLE_NOT_FOUND;
	if (t->tries_1null && (rc = find(s->db, key, len, true, value)) == 1)
		index_hit(t, true);
	if (rc == 0 && t->tries_0null &&
	    (rc = find(s->db, key, len, false, value)) == 1)
		index_hit(t, false);
	if (rc == -1)
		return broken(t, "reading", err);
	return rc == 1 ? TABLE_FOUND : TABLE_NOT_FOUND;
}

static int
gdbm_table_update(struct table *t, const char *key, size_t key_len,
    const char *value, size_t value_len, struct err *err)
{
	struct gdbm_state *s = state_of(t);
	bool null;
	datum v;
	int rc;

	if (key_len >= INT_MAX || value_len >= INT_MAX)
		return err_set(err, ERR_LIMIT, "%s: entry too large",
		    t->full_name);
	if (t->mode == TABLE_CREATE)
		return index_build_add(t, s->build, key, key_len, value,
		    value_len, err);
	if (t->tries_0null && t->tries_1null &&
	    gdbm_exists(s->db, key_datum(key, key_len, false)))
		index_hit(t, false);
	null = index_stores_null(t, DEFAULT_1NULL);
	v = (datum){ (char *)value, (int)(value_len + null) };
	rc = gdbm_store(s->db, key_datum(key, key_len, null), v,
	    (t->flags & TABLE_DUP_REPLACE) != 0 ? GDBM_REPLACE : GDBM_INSERT);
	if (rc == 1)
		return table_duplicate(t, t->full_name, key, key_len, err) ==
		    -1 ? -1 : 0;
	return rc == 0 ? 0 : (broken(t, "updating", err), -1);
}

static enum table_result
gdbm_table_remove(struct table *t, const char *key, size_t len,
    struct err *err)
{
	struct gdbm_state *s = state_of(t);
	int with_null;

	if (s->db == NULL || len >= INT_MAX)
		return TABLE_NOT_FOUND;
	for (with_null = 1; with_null >= 0; with_null--) {
		if (!(with_null ? t->tries_1null : t->tries_0null))
			continue;
		if (gdbm_delete(s->db, key_datum(key, len, with_null)) == 0) {
			index_hit(t, with_null);
			return TABLE_FOUND;
		}
		if (gdbm_last_errno(s->db) != GDBM_ITEM_NOT_FOUND)
			return broken(t, "deleting from", err);
	}
	return TABLE_NOT_FOUND;
}

static enum table_result
gdbm_table_next(struct table *t, bool first, struct buf *key,
    struct buf *value, struct err *err)
{
	struct gdbm_state *s = state_of(t);
	datum next, v;

	if (s->db == NULL)
		return TABLE_NOT_FOUND;
	next = first || s->at.dptr == NULL ? gdbm_firstkey(s->db) :
	    gdbm_nextkey(s->db, s->at);
	free(s->at.dptr);
	s->at = next;
	if (next.dptr == NULL)
		return gdbm_last_errno(s->db) == GDBM_ITEM_NOT_FOUND ?
		    TABLE_NOT_FOUND : broken(t, "reading", err);
	v = gdbm_fetch(s->db, next);
	if (v.dptr == NULL)
		return broken(t, "reading", err);
	index_value(key, next.dptr, (size_t)next.dsize);
	index_value(value, v.dptr, (size_t)v.dsize);
	free(v.dptr);
	return TABLE_FOUND;
}

/* Close the library's file: only then has all been written. */
static int
finish(struct table *t, struct gdbm_state *s, struct err *err)
{
	int rc = gdbm_close(s->db);

	s->db = NULL;
	return rc == 0 ? 0 : (broken(t, "updating", err), -1);
}

static int
gdbm_table_commit(struct table *t, struct err *err)
{
	struct gdbm_state *s = state_of(t);

	if (t->mode == TABLE_WRITE && s->build == NULL)
		return gdbm_sync(s->db) == 0 ? 0 :
		    (broken(t, "updating", err), -1);
	if (t->mode == TABLE_CREATE && gdbm_write(s->build->fd, s->build->tmp,
	    s->build->pairs, err) == -1)
		return -1;
	if (t->mode == TABLE_WRITE && finish(t, s, err) == -1)
		return -1;
	return index_build_commit(s->build, err);
}

const struct table_type table_gdbm = {
	.name = "gdbm",
	.suffix = ".gdbm",
	.open = gdbm_table_open,
	.close = gdbm_table_close,
	.lookup = gdbm_table_lookup,
	.update = gdbm_table_update,
	.remove = gdbm_table_remove,
	.next = gdbm_table_next,
	.commit = gdbm_table_commit,
};
