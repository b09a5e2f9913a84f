/*
 * table_sqlite.c - sqlite: queries on a database file
 *
 * The library is loaded when the first such table is opened: every process
 * knows this type, few have one.
 *
 * SPDX-License-Identifier: ISC
 */
#include <dlfcn.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/table/table_config.h"
#include "lib/table/table_query.h"
#include "lib/table/table_type.h"

#define LIBRARY		"libsqlite3.so.0"
#define BUSY_MS		5000	/* how long another writer may hold us up */

/* What we use of the library. */
static struct {
	void	*handle;
	int	(*open_v2)(const char *, sqlite3 **, int, const char *);
	int	(*close)(sqlite3 *);
	int	(*busy_timeout)(sqlite3 *, int);
	const char *(*errmsg)(sqlite3 *);
	int	(*prepare_v2)(sqlite3 *, const char *, int, sqlite3_stmt **,
		    const char **);
	int	(*step)(sqlite3_stmt *);
	const unsigned char *(*column_text)(sqlite3_stmt *, int);
	int	(*finalize)(sqlite3_stmt *);
} lib;

static const struct {
	const char	*name;
	void		*where;
} symbols[] = {
	{ "sqlite3_open_v2",		&lib.open_v2 },
	{ "sqlite3_close",		&lib.close },
	{ "sqlite3_busy_timeout",	&lib.busy_timeout },
	{ "sqlite3_errmsg",		&lib.errmsg },
	{ "sqlite3_prepare_v2",		&lib.prepare_v2 },
	{ "sqlite3_step",		&lib.step },
	{ "sqlite3_column_text",	&lib.column_text },
	{ "sqlite3_finalize",		&lib.finalize },
};

struct sqlite_state {
	struct table_config *config;
	struct table_query query;
	sqlite3		*db;
	struct buf	 sql;
};

static int
load_library(struct err *err)
{
	void *handle, *symbol;
	size_t i;

	if (lib.handle != NULL)
		return 0;
	if ((handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL)) == NULL)
		return err_set(err, ERR_CONFIG, "sqlite tables need %s: %s",
		    LIBRARY, dlerror());
	for (i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		if ((symbol = dlsym(handle, symbols[i].name)) == NULL) {
			dlclose(handle);
			return err_set(err, ERR_CONFIG, "%s lacks %s", LIBRARY,
			    symbols[i].name);
		}
		/* The way POSIX dlsym documents for function pointers. */
		memcpy(symbols[i].where, &symbol, sizeof(symbol));
	}
	lib.handle = handle;
	return 0;
}

static void
sqlite_close(struct table *t)
{
	struct sqlite_state *s = t->state;

	if (s->db != NULL)
		lib.close(s->db);
	table_query_done(&s->query);
	table_config_close(s->config);
	buf_done(&s->sql);
	free(s);
}

/* The library opens the file with the first query; a chroot may come before. */
static int
open_file(struct sqlite_state *s)
{
	sqlite3_stmt *statement;
	int rc;

	if (lib.prepare_v2(s->db, "PRAGMA schema_version", -1, &statement,
	    NULL) != SQLITE_OK)
		return -1;
	rc = lib.step(statement);
	lib.finalize(statement);
	return rc == SQLITE_ROW ? 0 : -1;
}

static int
open_database(struct table *t, struct sqlite_state *s, struct err *err)
{
	const char *path;

	if ((s->config = table_config_open(t, err)) == NULL ||
	    (path = table_config_must(s->config, "dbpath", err)) == NULL ||
	    table_query_sql(&s->sql, s->config, err) == -1 ||
	    table_query_init(&s->query, s->config, s->sql.ptr, err) == -1 ||
	    load_library(err) == -1)
		return -1;
	if (lib.open_v2(path, &s->db, SQLITE_OPEN_READONLY, NULL) !=
	    SQLITE_OK)
		return err_set(err, ERR_CONFIG, "open database %s: %s", path,
		    s->db != NULL ? lib.errmsg(s->db) : "out of memory");
	lib.busy_timeout(s->db, BUSY_MS);
	if (open_file(s) == -1)
		return err_set(err, ERR_CONFIG, "open database %s: %s", path,
		    lib.errmsg(s->db));
	return 0;
}

static int
sqlite_open(struct table *t, struct err *err)
{
	struct sqlite_state *s = xcalloc(1, sizeof(*s));

	buf_init(&s->sql);
	t->state = s;
	if (open_database(t, s, err) == 0)
		return 0;
	sqlite_close(t);
	return -1;
}

/* SQL strings: quotes are doubled, nothing else is special. */
static void
quote(struct buf *out, const char *text, size_t len, void *ctx)
{
	size_t i;

	(void)ctx;
	for (i = 0; i < len; i++) {
		if (text[i] == '\'')
			buf_addc(out, '\'');
		buf_addc(out, text[i]);
	}
}

static enum table_result
failed(struct table *t, const char *what, struct err *err)
{
	struct sqlite_state *s = t->state;

	log_warning("%s: SQL %s failed: %s", t->full_name, what,
	    lib.errmsg(s->db));
	err_set(err, ERR_RETRY, "SQL %s failed: %s", what,
	    lib.errmsg(s->db));
	return TABLE_RETRY;
}

static enum table_result
sqlite_lookup(struct table *t, const char *key, size_t len,
    struct buf *value, struct err *err)
{
	struct sqlite_state *s = t->state;
	sqlite3_stmt *statement = NULL;
	int rc, count = 0;

	(void)len;
	rc = table_query_make(&s->query, t, &s->sql, key, quote, NULL, err);
	if (rc != 1)
		return rc == 0 ? TABLE_NOT_FOUND : TABLE_RETRY;
	if (lib.prepare_v2(s->db, s->sql.ptr, -1, &statement, NULL) !=
	    SQLITE_OK)
		return failed(t, "prepare", err);
	while ((rc = lib.step(statement)) == SQLITE_ROW)
		if (table_query_result(&s->query, t, value, &count,
		    (const char *)lib.column_text(statement, 0), key,
		    err) == -1) {
			lib.finalize(statement);
			return TABLE_RETRY;
		}
	if (rc != SQLITE_DONE) {
		enum table_result result = failed(t, "step", err);

		lib.finalize(statement);
		return result;
	}
	lib.finalize(statement);
	return count > 0 ? TABLE_FOUND : TABLE_NOT_FOUND;
}

static void
sqlite_describe(struct table *t, const char *key, void (*fn)(const char *what,
    const char *text, void *ctx), void *ctx)
{
	struct sqlite_state *s = t->state;

	(void)key;
	if (s->sql.len > 0)
		fn("query", s->sql.ptr, ctx);
}

const struct table_type table_sqlite = {
	.name = "sqlite",
	.open = sqlite_open,
	.close = sqlite_close,
	.lookup = sqlite_lookup,
	.describe = sqlite_describe,
};
