/*
 * table_compare.c - what two tables do not have in common; a copy of a table
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_compare.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/table/table_inspect.h"
#include "lib/table/table_report.h"
#include "lib/table/table_tool.h"

/* Each entry of one table is asked for in the other, then the other way. */
struct comparison {
	struct table	*other;
	bool		 is_back;	/* values have been compared */
	const struct table_report *r;	/* NULL: differences are only counted */
	long		 entries;	/* of the table that is walked through */
	int		 findings;
	struct buf	 value, text;
};

static void
tell(struct comparison *c, const char *sign, const char *word,
    const char *key, const char *first, const char *second)
{
	c->findings++;
	if (c->r == NULL)
		return;
	buf_setf(&c->text, "%s %s", sign, key);
	if (first != NULL && second != NULL)
		table_report(c->r, c->text.ptr, "difference", word, "key", key,
		    "first", first, "second", second, NULL);
	else
		table_report(c->r, c->text.ptr, "difference", word, "key", key,
		    first != NULL ? "first" : "second",
		    first != NULL ? first : second, NULL);
}

static int
compare_entry(const char *key, const char *value, void *ctx, struct err *err)
{
	struct comparison *c = ctx;

	c->entries++;
	switch (table_lookup(c->other, key, &c->value, err)) {
	case TABLE_FOUND:
		if (!c->is_back && strcmp(c->value.ptr, value) != 0)
			tell(c, "!", "different", key, value, c->value.ptr);
		return 0;
	case TABLE_NOT_FOUND:
		if (c->is_back)
			tell(c, ">", "only in second", key, NULL, value);
		else
			tell(c, "<", "only in first", key, value, NULL);
		return 0;
	default:
		return -1;
	}
}

/* How many differences, or -1 with err; entries: how many b has. */
static int
compare(struct table *a, struct table *b, const struct table_report *r,
    long *entries, struct err *err)
{
	struct comparison c = { .other = b, .r = r, .value = BUF_INIT,
	    .text = BUF_INIT };
	int rc = table_inspect_walk(a, compare_entry, &c, err);

	c.other = a;
	c.is_back = true;
	c.entries = 0;
	if (rc == 0)
		rc = table_inspect_walk(b, compare_entry, &c, err);
	*entries = c.entries;
	buf_done(&c.value);
	buf_done(&c.text);
	return rc == -1 ? -1 : c.findings;
}

int
table_compare(const struct table_tool *tool, const char *a_name,
    const char *b_name, const struct table_report *r, struct err *err)
{
	char *a_full = table_tool_full_name(a_name);
	char *b_full = table_tool_full_name(b_name);
	unsigned flags = table_inspect_flags(tool);
	struct table *a, *b = NULL;
	int findings = -1;
	long entries;

	if ((a = table_open(a_full, TABLE_READ, flags, err)) != NULL &&
	    (b = table_open(b_full, TABLE_READ, flags, err)) != NULL)
		findings = compare(a, b, r, &entries, err);
	table_close(a);
	table_close(b);
	free(a_full);
	free(b_full);
	return findings;
}

static int
copy_entry(const char *key, const char *value, void *ctx, struct err *err)
{
	return table_update(ctx, key, value, err);
}

static int
build_copy(const struct table_tool *tool, struct table *from,
    const char *beside, struct err *err)
{
	struct table *t;
	int rc;

	t = table_open(beside, TABLE_CREATE, table_inspect_flags(tool), err);
	if (t == NULL)
		return -1;
	rc = table_inspect_walk(from, copy_entry, t, err);
	if (rc == 0)
		rc = table_commit(t, err);
	table_close(t);
	return rc;
}

/* Is the copy whole? Duplicate keys of odd cdb files count once. */
static int
check_copy(struct table *from, const char *beside, long *entries,
    struct err *err)
{
	struct table *t = table_open(beside, TABLE_READ, TABLE_DUP_IGNORE,
	    err);
	int findings = t == NULL ? -1 : compare(from, t, NULL, entries, err);

	table_close(t);
	if (findings > 0)
		return err_set(err, ERR_SYNTAX, "%d entries of the copy differ "
		    "from %s", findings, table_name(from));
	return findings;
}

/* The copy may be read by those who could read what it replaces or copies. */
static int
take_rights(const char *tmp, const char *path, const char *from,
    struct err *err)
{
	char *origin = table_inspect_index(from, NULL);
	struct stat st;
	int rc = 0;

	if (stat(path, &st) == 0 ||
	    (origin != NULL && stat(origin, &st) == 0)) {
		if (geteuid() == 0)
			rc = chown(tmp, st.st_uid, st.st_gid);
		if (rc == 0)
			rc = chmod(tmp, st.st_mode & 0777);
		if (rc == -1)
			err_sys(err, "change owner and mode of %s", tmp);
	}
	free(origin);
	return rc;
}

long
table_compare_convert(const struct table_tool *tool, const char *from_name,
    const char *to_name, struct err *err)
{
	char *from = table_tool_full_name(from_name);
	char *to = table_tool_full_name(to_name), *path, *tmp = NULL;
	struct buf beside = BUF_INIT;
	struct table *t = NULL;
	long entries = 0;
	int rc = -1;

	buf_setf(&beside, "%s.converting.%ld", to, (long)getpid());
	if ((path = table_inspect_index(to, err)) != NULL &&
	    (tmp = table_inspect_index(beside.ptr, err)) != NULL &&
	    (t = table_open(from, TABLE_READ, TABLE_DUP_IGNORE,
	    err)) != NULL &&
	    build_copy(tool, t, beside.ptr, err) == 0) {
		rc = check_copy(t, beside.ptr, &entries, err);
		if (rc == 0)
			rc = take_rights(tmp, path, from, err);
		if (rc == 0 && rename(tmp, path) == -1)
			rc = err_sys(err, "rename %s to %s", tmp, path);
		if (rc == -1)
			unlink(tmp);
	}
	table_close(t);
	buf_done(&beside);
	free(path);
	free(tmp);
	free(from);
	free(to);
	return rc == -1 ? -1 : entries;
}
