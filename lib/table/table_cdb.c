/*
 * table_cdb.c - cdb: constant databases, NAME.cdb
 *
 * Made whole by a build and never changed, so a lookup is two hops through a
 * mapped file and needs no lock. Files are the same as every cdb program's:
 * at most 4 GiB, keys and values without a trailing NUL unless asked for.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/index.h"

#include <cdb.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/table/cdb_write.h"

#define DEFAULT_1NULL	false

struct cdb_state {
	struct cdb	 db;
	int		 fd;
	unsigned	 at;		/* of table_next */
	struct index_build *build;
	struct cdb_writer *writer;	/* of build */
	bool		 waits;		/* to write the pairs until the end */
};

static int
cdb_table_open(struct table *t, struct err *err)
{
	struct cdb_state *s = xcalloc(1, sizeof(*s));
	char *path;

	t->state = s;
	index_nulls(t, DEFAULT_1NULL);
	if (t->mode == TABLE_WRITE) {
		free(s);
		return err_set(err, ERR_CONFIG, "dict_cdb_open: inappropriate "
		    "open flags for cdb database - specify O_RDONLY or "
		    "O_WRONLY|O_CREAT|O_TRUNC");
	}
	if (t->mode == TABLE_CREATE) {
		s->fd = -1;
		s->build = index_build_open(t, t->name, err);
		if (s->build == NULL) {
			free(s);
			return -1;
		}
		/* Always a new file, with the rights of one: 13.5. */
		s->build->replaces = false;
		s->build->mode = s->build->new_mode;
		s->writer = cdb_writer_new(s->build->fd, s->build->tmp);
		return 0;
	}
	path = index_path(t);
	s->fd = index_open_read(t, path, err);
	if (s->fd != -1 && cdb_init(&s->db, s->fd) == -1) {
		if (errno == EPROTO)
			err_set(err, ERR_SYNTAX,
			    "open database %s: not a cdb file", path);
		else
			err_sys(err, "open database %s", path);
		close(s->fd);
		s->fd = -1;
	}
	free(path);
	if (s->fd != -1)
		return 0;
	free(s);
	return -1;
}

static void
cdb_table_close(struct table *t)
{
	struct cdb_state *s = t->state;

	if (s->fd != -1) {
		cdb_free(&s->db);
		close(s->fd);
	}
	cdb_writer_free(s->writer);
	index_build_close(s->build);
	free(s);
}

/* 1 found, 0 not, -1 damaged. */
static int
find(struct cdb_state *s, const char *key, size_t len, struct buf *value)
{
	const void *data;
	int rc;

	if (len > UINT32_MAX)
		return 0;
	if ((rc = cdb_find(&s->db, key, (unsigned)len)) <= 0)
		return rc;
	data = cdb_get(&s->db, cdb_datalen(&s->db), cdb_datapos(&s->db));
	if (data == NULL)
		return -1;
	index_value(value, data, cdb_datalen(&s->db));
	return 1;
}

static enum table_result
cdb_table_lookup(struct table *t, const char *key, size_t len,
    struct buf *value, struct err *err)
{
	struct cdb_state *s = t->state;
	int rc = 0;

	if (t->tries_1null && (rc = find(s, key, len + 1, value)) == 1)
		index_hit(t, true);
	if (rc == 0 && t->tries_0null &&
	    (rc = find(s, key, len, value)) == 1)
		index_hit(t, false);
	if (rc == -1) {
		err_set(err, ERR_SYNTAX, "error reading %s: damaged file",
		    t->full_name);
		return TABLE_BROKEN;
	}
	return rc == 1 ? TABLE_FOUND : TABLE_NOT_FOUND;
}

/* A value is to be replaced: read those that were written, and begin again. */
static int
take_back(struct cdb_state *s, struct err *err)
{
	struct buf value = BUF_INIT;
	struct pair *p;
	int rc = 0;
	size_t i;

	for (i = 0; rc == 0 && (p = pairs_at(s->build->pairs, i)) != NULL;
	    i++) {
		rc = cdb_writer_value(s->writer, i, &value, err);
		if (rc == 0)
			pairs_set_value(s->build->pairs, p, value.ptr,
			    value.len - !p->is_raw);
	}
	buf_done(&value);
	s->waits = true;
	return rc == 0 ? cdb_writer_restart(s->writer, err) : -1;
}

/*
 * A record is written at once, and only its key is remembered. That takes
 * less memory, and the disk is at work from the beginning. Once a value was
 * replaced all wait for the end.
 */
static int
cdb_table_update(struct table *t, const char *key, size_t key_len,
    const char *value, size_t value_len, struct err *err)
{
	struct cdb_state *s = t->state;
	struct pairs *pairs = s->build->pairs;
	size_t count = pairs_count(pairs);

	if (!s->waits && (t->flags & TABLE_DUP_REPLACE) != 0 &&
	    pairs_find(pairs, key, key_len) != NULL &&
	    take_back(s, err) == -1)
		return -1;
	if (index_build_add(t, s->build, key, key_len, value,
	    s->waits ? value_len : 0, err) == -1)
		return -1;
	if (s->waits || pairs_count(pairs) == count)
		return 0;		/* at the end, or a duplicate */
	return cdb_writer_add(s->writer, key, key_len, value, value_len,
	    t->tries_1null, err);
}

static enum table_result
cdb_table_next(struct table *t, bool first, struct buf *key,
    struct buf *value, struct err *err)
{
	struct cdb_state *s = t->state;
	const void *k, *v;
	int rc;

	if (first)
		cdb_seqinit(&s->at, &s->db);
	if ((rc = cdb_seqnext(&s->at, &s->db)) == 0)
		return TABLE_NOT_FOUND;
	k = rc == 1 ? cdb_getkey(&s->db) : NULL;
	v = rc == 1 ? cdb_getdata(&s->db) : NULL;
	if (k == NULL || v == NULL) {
		err_set(err, ERR_SYNTAX, "error reading %s: damaged file",
		    t->full_name);
		return TABLE_BROKEN;
	}
	index_value(key, k, cdb_keylen(&s->db));
	index_value(value, v, cdb_datalen(&s->db));
	return TABLE_FOUND;
}

static int
cdb_table_commit(struct table *t, struct err *err)
{
	struct cdb_state *s = t->state;
	const struct pair *p;
	size_t i;

	for (i = 0; s->waits && (p = pairs_at(s->build->pairs, i)) != NULL;
	    i++)
		if (cdb_writer_add(s->writer, p->key, p->key_len,
		    pair_value(p), p->value_len, !p->is_raw, err) == -1)
			return -1;
	if (cdb_writer_finish(s->writer, err) == -1)
		return -1;
	return index_build_commit(s->build, err);
}

const struct table_type table_cdb = {
	.name = "cdb",
	.suffix = ".cdb",
	.open = cdb_table_open,
	.close = cdb_table_close,
	.lookup = cdb_table_lookup,
	.update = cdb_table_update,
	.next = cdb_table_next,
	.commit = cdb_table_commit,
};
