/*
 * table_change.c - what postmap and postalias do to tables: delete, add, build
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_tool.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/table/table_lines.h"
#include "lib/table/table_source.h"
#include "lib/table/table_value.h"

static int
delete_one(struct table *t, const char *key, bool *any, struct err *err)
{
	switch (table_delete(t, key, err)) {
	case TABLE_FOUND:
		*any = true;
		return 0;
	case TABLE_NOT_FOUND:
		return 0;
	default:
		return table_tool_failed(table_name(t), "delete", err);
	}
}

/* Open for changes, let change() do them, make them last. */
static int
with_table(const struct table_tool *tool, const char *name, unsigned flags,
    int (*change)(struct table *t, void *ctx, struct err *err), void *ctx,
    struct err *err)
{
	char *full = table_tool_full_name(name);
	struct table *t = table_open(full, TABLE_WRITE, tool->flags | flags,
	    err);
	int rc = -1;

	if (t != NULL && (rc = change(t, ctx, err)) == 0) {
		table_note(t, "changed");	/* no longer what the source says */
		if (table_commit(t, err) == -1)
			rc = table_tool_failed(full, "write", err);
	}
	table_close(t);
	free(full);
	return rc;
}

struct deletion {
	const char	*const *keys;
	size_t		 count;
	bool		 any;
};

static int
delete_keys(struct table *t, void *ctx, struct err *err)
{
	struct deletion *d = ctx;
	size_t i;

	for (i = 0; i < d->count; i++)
		if (delete_one(t, d->keys[i], &d->any, err) == -1)
			return -1;
	return 0;
}

int
table_tool_delete(const struct table_tool *tool, char **names, size_t count,
    const char *key, struct err *err)
{
	struct deletion d = { &key, 1, false };
	size_t i;

	for (i = 0; i < count; i++)
		if (with_table(tool, names[i], 0, delete_keys, &d, err) == -1)
			return -1;
	return !d.any;
}

int
table_tool_delete_stream(const struct table_tool *tool, char **names,
    size_t count, int in, struct err *err)
{
	struct table_lines lines;
	struct err read_err = ERR_INIT;
	struct deletion d = { NULL, 0, false };
	char **keys = NULL, *line;
	size_t i;
	int rc = 0;

	table_lines_init(&lines, in, NULL, NULL);
	while ((line = table_lines_next(&lines, &read_err)) != NULL) {
		keys = xreallocarray(keys, d.count + 1, sizeof(*keys));
		keys[d.count++] = xstrdup(line);
	}
	table_lines_done(&lines);
	d.keys = (const char *const *)keys;
	if (read_err.kind != ERR_NONE) {
		*err = read_err;
		rc = -1;
	}
	for (i = 0; i < count && rc == 0; i++)
		rc = with_table(tool, names[i], 0, delete_keys, &d, err);
	for (i = 0; i < d.count; i++)
		free(keys[i]);
	free(keys);
	return rc == -1 ? -1 : !d.any;
}

/* -F: the value names files, what is stored is their content. */
static int
with_content(const struct source_entry *e, const char *source,
    int (*each)(const char *key, const char *value, int line, void *ctx,
    struct err *err), void *ctx, struct err *err)
{
	struct buf content = BUF_INIT;
	struct err why = ERR_INIT;
	int rc = 0;

	if (table_value_encode(&content, e->value, &why) == -1)
		log_warning("%s, line %d: %s: skipping this entry", source,
		    e->line, why.text);
	else
		rc = each(e->key, content.ptr, e->line, ctx, err);
	buf_done(&content);
	return rc;
}

int
table_tool_entries(const struct table_tool *tool,
    struct table_source *source, int (*each)(const char *key,
    const char *value, int line, void *ctx, struct err *err), void *ctx,
    struct err *err)
{
	struct source_entry e = { .is_alias = tool->is_alias,
	    .has_utf8 = (tool->flags & TABLE_UTF8) != 0 &&
	    params.smtputf8_enable };
	bool is_content = (tool->flags & TABLE_VALUE_IS_FILE) != 0;
	int got = 0, rc = 0;

	while (rc == 0 && (got = table_source_entry(source, &e, err)) == 1)
		rc = is_content ? with_content(&e, table_source_name(source),
		    each, ctx, err) : each(e.key, e.value, e.line, ctx, err);
	source_entry_done(&e);
	return rc == -1 || got == -1 ? -1 : e.skipped;
}

/* A table that is being filled. */
struct filling {
	struct table	*t;
	const char	*source;
	bool		 is_build;	/* nothing is lost by going on */
	long		 entries;
	long		 bad;		/* entries that the format cannot hold */
	struct err	 why;		/* about the last that was not taken */
	struct err	 first;		/* what was said about the first of bad */
};

/*
 * An entry that the format cannot hold is named with its line. It ends the
 * build, but not at once: the others are named in the same run.
 */
static int
put(const char *key, const char *value, int line, void *ctx, struct err *err)
{
	struct filling *f = ctx;

	f->entries++;
	if (table_update(f->t, key, value, &f->why) == 0)
		return 0;
	if (f->why.kind == ERR_CONFIG)
		log_warning("%s, line %d: %s", f->source, line, f->why.text);
	if (f->why.kind != ERR_CONFIG || !f->is_build) {
		*err = f->why;
		return table_tool_failed(table_name(f->t), "write", err);
	}
	if (f->bad++ == 0)
		f->first = f->why;
	return 0;
}

/* Put all entries of a source into t; how many, or -1 with err. */
static long
fill(const struct table_tool *tool, struct table *t, bool is_build,
    struct table_source *source, struct err *err)
{
	struct filling f = { .t = t, .source = table_source_name(source),
	    .is_build = is_build };

	if (table_tool_entries(tool, source, put, &f, err) == -1)
		return -1;
	if (f.bad > 0) {
		*err = f.first;
		return -1;
	}
	return f.entries;
}

/* The records that NIS servers and Sendmail looked for (14.2). */
static int
put_markers(struct table *t, bool is_build, struct err *err)
{
	char now[24];

	snprintf(now, sizeof(now), "%010" PRId64, (int64_t)clock_now());
	/* In a new table a "@" of the user's own is told as a duplicate. */
	if ((is_build ? table_update : table_update_quietly)(t, "@", "@",
	    err) == -1 ||
	    table_update_marker(t, "YP_LAST_MODIFIED", now, err) == -1 ||
	    table_update_marker(t, "YP_MASTER_NAME", params.myhostname,
	    err) == -1)
		return table_tool_failed(table_name(t), "write", err);
	return 0;
}

static int
become(uid_t uid, gid_t gid, struct err *err)
{
	if (geteuid() != 0 && (seteuid(0) == -1 || setegid(0) == -1))
		return err_sys(err, "regain root rights");
	if (uid == 0)
		return 0;
	if (setegid(gid) == -1 || setgroups(1, &gid) == -1 ||
	    seteuid(uid) == -1)
		return err_sys(err, "take the rights of user %ld", (long)uid);
	return 0;
}

/* Whose the index will be, and who may read it (13.5). */
static int
take_after_source(const struct table_tool *tool, int fd, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return err_sys(err, "status of source file");
	if (!tool->keeps_root && getuid() == 0 &&
	    become(st.st_uid, st.st_gid, err) == -1)
		return -1;
	umask(022 | (S_ISREG(st.st_mode) && !tool->keeps_mode ?
	    ~st.st_mode & 077 : 0));
	return 0;
}

/* Root, who may do all, is told why this was denied. */
static void
explain_denial(const char *full, const struct err *err)
{
	if (getuid() == 0 && geteuid() != 0 && err != NULL &&
	    (err->errnum == EACCES || err->errnum == EPERM))
		log_warning("%s is built with the rights of user %ld, who owns "
		    "its source; -o keeps those of root", full,
		    (long)geteuid());
}

void
table_tool_note(const struct table_tool *tool, uint64_t digest,
    struct buf *note)
{
	buf_setf(note, "%016" PRIx64 " %x%s%s%s", digest, tool->flags,
	    params.smtputf8_enable ? " utf8" : "",
	    tool->is_alias ? " alias " : "",
	    tool->is_alias ? params.myhostname : "");
}

/* Fill and commit a table that was opened for it. */
static long
build_from(const struct table_tool *tool, struct table *t,
    struct table_source *source, struct err *err)
{
	struct buf note = BUF_INIT;
	long entries = fill(tool, t, true, source, err);

	if (entries == -1 || (tool->is_alias && put_markers(t, true, err) == -1))
		return -1;
	table_tool_note(tool, table_source_digest(source), &note);
	table_note(t, note.ptr);
	buf_done(&note);
	if (table_commit(t, err) == -1)
		return table_tool_failed(table_name(t), "write", err);
	return entries;
}

int
table_tool_build(const struct table_tool *tool, const char *name,
    long *entries, struct err *err)
{
	char *full = table_tool_full_name(name), *path = strchr(full, ':') + 1;
	struct table_source *source = NULL;
	struct table *t = NULL;
	long count = -1;
	int fd;

	if (strncmp(full, "proxy:", 6) == 0) {
		err_set(err, ERR_CONFIG,
		    "can't create maps via the proxy service");
	} else if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1) {
		err_sys(err, "open %s", path);
	} else if (take_after_source(tool, fd, err) == -1) {
		close(fd);
	} else if ((source = table_source_open(path, fd, err)) != NULL &&
	    (t = table_open(full, TABLE_CREATE, tool->flags, err)) != NULL) {
		count = build_from(tool, t, source, err);
	}
	if (count == -1)
		explain_denial(full, err);
	table_close(t);
	table_source_close(source);
	free(full);
	if (entries != NULL)
		*entries = count;
	return count == -1 ? -1 : 0;
}

/* postalias -i and postmap -i: entries from standard input. */
static int
add_entries(struct table *t, void *ctx, struct err *err)
{
	const struct table_tool *tool = ctx;
	struct table_source *source;
	int rc;

	source = table_source_open("stdin",
	    fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), err);
	if (source == NULL)
		return -1;
	rc = fill(tool, t, false, source, err) == -1 ? -1 : 0;
	table_source_close(source);
	if (rc == 0 && tool->is_alias)
		rc = put_markers(t, false, err);
	return rc;
}

int
table_tool_add(const struct table_tool *tool, const char *name,
    struct err *err)
{
	return with_table(tool, name, TABLE_MAY_CREATE, add_entries,
	    (void *)tool, err);
}
