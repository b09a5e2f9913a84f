/*
 * table_verify.c - is an index what its text source says?
 *
 * The expected content is the source, read by the same code that builds, into
 * a table in memory. Each entry is asked of the index, so its search structure
 * is tried, too; then the index is walked and crosses off what it has, so that
 * a second record of one key shows.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_verify.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/table/pairs.h"
#include "lib/table/table_inspect.h"
#include "lib/table/table_report.h"
#include "lib/table/table_source.h"
#include "lib/table/table_tool.h"

struct verification {
	const struct table_tool *tool;
	const struct table_report *r;
	const char	*full;		/* "type:file" */
	struct table	*want;		/* key -> "LINE:VALUE" */
	struct table	*have;
	struct buf	 value;
	int		 findings;
};

/* A finding about one key; line 0: it stands in no line of the source. */
static void
find_key(struct verification *v, const char *what, const char *key, int line)
{
	struct buf text = BUF_INIT;

	v->findings++;
	buf_setf(&text, "%s: %s: \"%s\"", v->full, what, key);
	if (line > 0)
		buf_addf(&text, " (line %d)", line);
	if (line > 0)
		table_report(v->r, text.ptr, "table", v->full, "finding", what,
		    "key", key, "#line", (long long)line, NULL);
	else
		table_report(v->r, text.ptr, "table", v->full, "finding", what,
		    "key", key, NULL);
	buf_done(&text);
}

/* A finding about the files. */
static void
find_file(struct verification *v, const char *what, const char *text)
{
	struct buf line = BUF_INIT;

	v->findings++;
	buf_setf(&line, "%s: %s", v->full, text);
	table_report(v->r, line.ptr, "table", v->full, "finding", what,
	    "text", text, NULL);
	buf_done(&line);
}

static int
take_entry(const char *key, const char *value, int line, void *ctx,
    struct err *err)
{
	struct verification *v = ctx;
	struct buf numbered = BUF_INIT;
	int rc = 0;

	switch (table_lookup(v->want, key, &v->value, err)) {
	case TABLE_FOUND:
		find_key(v, "duplicate in source", key, line);
		if ((v->tool->flags & TABLE_DUP_REPLACE) == 0)
			break;
		/* FALLTHROUGH */
	case TABLE_NOT_FOUND:
		buf_setf(&numbered, "%d:%s", line, value);
		rc = table_update_quietly(v->want, key, numbered.ptr, err);
		break;
	default:
		rc = -1;
	}
	buf_done(&numbered);
	return rc;
}

static int
read_source(struct verification *v, const char *path, struct err *err)
{
	struct table_source *source;
	int skipped;

	v->want = table_open("internal:source", TABLE_WRITE,
	    v->tool->flags & ~(unsigned)TABLE_VALUE_IS_FILE, err);
	if (v->want == NULL ||
	    (source = table_source_open(path, -1, err)) == NULL)
		return -1;
	skipped = table_tool_entries(v->tool, source, take_entry, v, err);
	table_source_close(source);
	if (skipped == -1)
		return -1;
	v->findings += skipped;		/* the parser has said why */
	return 0;
}

static int
ask_index(const char *key, const char *numbered, void *ctx, struct err *err)
{
	struct verification *v = ctx;
	const char *want = strchr(numbered, ':') + 1;
	int line = atoi(numbered);
	struct err why = ERR_INIT;

	(void)err;
	switch (table_lookup(v->have, key, &v->value, &why)) {
	case TABLE_FOUND:
		if (strcmp(v->value.ptr, want) != 0)
			find_key(v, "different value", key, line);
		break;
	case TABLE_NOT_FOUND:
		find_key(v, "missing", key, line);
		break;
	default:
		find_key(v, "unreadable", key, line);
	}
	return 0;
}

static int
cross_off(const char *key, const char *value, void *ctx, struct err *err)
{
	struct verification *v = ctx;

	(void)value;
	switch (table_delete(v->want, key, err)) {
	case TABLE_FOUND:
		return 0;
	case TABLE_NOT_FOUND:
		if (!table_inspect_is_marker(v->tool, key))
			find_key(v, "extra", key, 0);
		return 0;
	default:
		return -1;
	}
}

/* Times, owners and permissions of index and source. */
static void
compare_files(struct verification *v, const char *source_path,
    const char *index_path)
{
	struct stat source, index;
	struct buf text = BUF_INIT;
	mode_t wider;

	if (stat(source_path, &source) == -1 || stat(index_path, &index) == -1)
		return;
	if (source.st_mtime > index.st_mtime)
		find_file(v, "stale", "older than its source");
	wider = index.st_mode & ~source.st_mode & 044;
	if (wider != 0 && !v->tool->keeps_mode) {
		buf_setf(&text, "mode %03o gives more than %03o of its source",
		    index.st_mode & 0777, source.st_mode & 0777);
		find_file(v, "mode", text.ptr);
	}
	if ((index.st_mode & 022) != 0) {
		buf_setf(&text, "mode %03o lets others write it",
		    index.st_mode & 0777);
		find_file(v, "mode", text.ptr);
	}
	if (source.st_uid != index.st_uid && !v->tool->keeps_root) {
		buf_setf(&text, "owner %ld is not the owner %ld of its source",
		    (long)index.st_uid, (long)source.st_uid);
		find_file(v, "owner", text.ptr);
	}
	buf_done(&text);
}

/* Both ways through an index that can be opened. */
static void
compare_entries(struct verification *v, const char *index)
{
	struct err err = ERR_INIT;

	/* A redirected table would open its source in place of the index. */
	if (access(index, F_OK) == -1) {
		err_sys(&err, "open database %s", index);
		find_file(v, "no index", err.text);
		return;
	}
	v->have = table_open(v->full, TABLE_READ,
	    v->tool->flags & ~(unsigned)TABLE_VALUE_IS_FILE, &err);
	if (v->have == NULL) {
		find_file(v, err.kind == ERR_SYSTEM ? "unreadable" : "format",
		    err.text);
		return;
	}
	if (table_inspect_walk(v->want, ask_index, v, &err) == -1 ||
	    table_inspect_walk(v->have, cross_off, v, &err) == -1)
		find_file(v, "format", err.text);
}

static int
verify(const struct table_tool *tool, const char *name,
    const struct table_report *r, bool wants_files, struct err *err)
{
	char *full = table_tool_full_name(name), *index;
	struct verification v = { .tool = tool, .r = r, .full = full };
	const char *source = strchr(full, ':') + 1;
	int rc = -1;

	buf_init(&v.value);
	if ((index = table_inspect_index(full, err)) != NULL &&
	    read_source(&v, source, err) == 0) {
		compare_entries(&v, index);
		if (wants_files)
			compare_files(&v, source, index);
		rc = 0;
	}
	table_close(v.want);
	table_close(v.have);
	buf_done(&v.value);
	free(index);
	free(full);
	return rc == -1 ? -1 : v.findings;
}

int
table_verify(const struct table_tool *tool, const char *name,
    const struct table_report *r, struct err *err)
{
	return verify(tool, name, r, true, err);
}

int
table_verify_entries(const struct table_tool *tool, const char *name,
    struct err *err)
{
	const struct table_report nobody = { NULL, false };

	return verify(tool, name, &nobody, false, err);
}
