/*
 * table-raw.c - what the libraries alone need to build or to ask a table
 *
 *	table-raw lmdb|cdb|gdbm FILE TABLE [sorted|query]
 *
 * FILE has lines of key and value with a tab between. They are read first;
 * printed are the seconds from the opening to the closed table. It is built,
 * with "sorted" from lines in the order of their bytes, which LMDB can
 * append; or, with "query", each key of FILE is looked up in it.
 * For t/bench: a floor to compare with.
 *
 * SPDX-License-Identifier: ISC
 */
#include <cdb.h>
#include <fcntl.h>
#include <gdbm.h>
#include <lmdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/mem.h"

struct line {
	char	*key, *value;
};

static struct line *lines;
static size_t count;
static double start;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
read_lines(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL, *tab;
	size_t size = 0;

	if (f == NULL)
		exit(1);
	while (getline(&text, &size, f) > 0) {
		text[strcspn(text, "\n")] = '\0';
		if ((tab = strchr(text, '\t')) != NULL)
			*tab++ = '\0';
		if ((count & (count - 1)) == 0)
			lines = xreallocarray(lines, count > 0 ? count * 2 : 1,
			    sizeof(*lines));
		lines[count].key = xstrdup(text);
		lines[count++].value = xstrdup(tab != NULL ? tab : "");
	}
	free(text);
	fclose(f);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(((const struct line *)a)->key,
	    ((const struct line *)b)->key);
}

static int
build_lmdb(const char *out, bool is_sorted)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	size_t i;
	int rc;

	if (mdb_env_create(&env) != 0 ||
	    mdb_env_set_mapsize(env, (size_t)4 << 30) != 0 ||
	    mdb_env_open(env, out, MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC,
	    0644) != 0 || mdb_txn_begin(env, NULL, 0, &txn) != 0 ||
	    mdb_dbi_open(txn, NULL, 0, &dbi) != 0)
		return -1;
	for (i = 0; i < count; i++) {
		MDB_val k = { strlen(lines[i].key) + 1, lines[i].key };
		MDB_val v = { strlen(lines[i].value) + 1, lines[i].value };

		rc = mdb_put(txn, dbi, &k, &v, is_sorted ? MDB_APPEND : 0);
		if (rc != 0)
			return -1;
	}
	rc = mdb_txn_commit(txn);
	mdb_env_close(env);
	return rc;
}

static int
build_cdb(const char *out)
{
	int fd = open(out, O_RDWR | O_CREAT | O_TRUNC, 0644);
	struct cdb_make make;
	size_t i;

	if (fd == -1 || cdb_make_start(&make, fd) == -1)
		return -1;
	for (i = 0; i < count; i++)
		if (cdb_make_add(&make, lines[i].key,
		    (unsigned)strlen(lines[i].key), lines[i].value,
		    (unsigned)strlen(lines[i].value)) == -1)
			return -1;
	return cdb_make_finish(&make) == -1 ? -1 : close(fd);
}

static int
build_gdbm(const char *out)
{
	GDBM_FILE db = gdbm_open(out, 4096, GDBM_NEWDB | GDBM_NOLOCK, 0644,
	    NULL);
	size_t i;

	if (db == NULL)
		return -1;
	for (i = 0; i < count; i++) {
		datum k = { lines[i].key, (int)strlen(lines[i].key) + 1 };
		datum v = { lines[i].value, (int)strlen(lines[i].value) + 1 };

		if (gdbm_store(db, k, v, GDBM_INSERT) == -1)
			return -1;
	}
	return gdbm_close(db);
}

/* How many keys were found, or -1. */
static long
query_lmdb(const char *path)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	long found = 0;
	size_t i;

	if (mdb_env_create(&env) != 0 || mdb_env_open(env, path, MDB_RDONLY |
	    MDB_NOSUBDIR | MDB_NOLOCK, 0644) != 0 ||
	    mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0 ||
	    mdb_dbi_open(txn, NULL, 0, &dbi) != 0)
		return -1;
	for (i = 0; i < count; i++) {
		MDB_val k = { strlen(lines[i].key) + 1, lines[i].key }, v;

		found += mdb_get(txn, dbi, &k, &v) == 0;
	}
	mdb_txn_abort(txn);
	mdb_env_close(env);
	return found;
}

static long
query_cdb(const char *path)
{
	int fd = open(path, O_RDONLY);
	struct cdb db;
	long found = 0;
	size_t i;

	if (fd == -1 || cdb_init(&db, fd) == -1)
		return -1;
	for (i = 0; i < count; i++)
		found += cdb_find(&db, lines[i].key,
		    (unsigned)strlen(lines[i].key)) == 1;
	cdb_free(&db);
	close(fd);
	return found;
}

static long
query_gdbm(const char *path)
{
	GDBM_FILE db = gdbm_open(path, 0, GDBM_READER | GDBM_NOLOCK, 0, NULL);
	long found = 0;
	size_t i;

	if (db == NULL)
		return -1;
	for (i = 0; i < count; i++) {
		datum k = { lines[i].key, (int)strlen(lines[i].key) + 1 };
		datum v = gdbm_fetch(db, k);

		found += v.dptr != NULL;
		free(v.dptr);
	}
	gdbm_close(db);
	return found;
}

static int
build(const char *type, const char *path, bool is_sorted)
{
	if (is_sorted && count > 0)
		qsort(lines, count, sizeof(*lines), compare);
	start = now();
	return strcmp(type, "lmdb") == 0 ? build_lmdb(path, is_sorted) :
	    strcmp(type, "cdb") == 0 ? build_cdb(path) : build_gdbm(path);
}

static int
query(const char *type, const char *path)
{
	long found;

	start = now();
	found = strcmp(type, "lmdb") == 0 ? query_lmdb(path) :
	    strcmp(type, "cdb") == 0 ? query_cdb(path) : query_gdbm(path);
	return found == (long)count ? 0 : -1;
}

int
main(int argc, char **argv)
{
	const char *how = argc > 4 ? argv[4] : "";
	int rc;

	if (argc < 4) {
		fputs("usage: table-raw lmdb|cdb|gdbm file table "
		    "[sorted|query]\n", stderr);
		return 64;
	}
	read_lines(argv[2]);
	rc = strcmp(how, "query") == 0 ? query(argv[1], argv[3]) :
	    build(argv[1], argv[3], strcmp(how, "sorted") == 0);
	if (rc != 0) {
		fprintf(stderr, "table-raw: %s failed\n", argv[1]);
		return 1;
	}
	printf("%.4f\n", now() - start);
	return 0;
}
