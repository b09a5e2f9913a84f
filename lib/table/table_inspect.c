/*
 * table_inspect.c - look into tables: dump, statistics, expectations, speed
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_inspect.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/table/table_lines.h"
#include "lib/table/table_report.h"
#include "lib/table/table_source.h"
#include "lib/table/table_tool.h"

bool
table_inspect_is_marker(const struct table_tool *tool, const char *key)
{
	return tool->is_alias && (strcmp(key, "@") == 0 ||
	    strcmp(key, "YP_LAST_MODIFIED") == 0 ||
	    strcmp(key, "YP_MASTER_NAME") == 0);
}

static const char *
source_path(const char *full)
{
	return strchr(full, ':') + 1;
}

char *
table_inspect_index(const char *full, struct err *err)
{
	const char *suffix = table_suffix(full);
	struct buf path = BUF_INIT;

	if (suffix == NULL) {
		err_set(err, ERR_CONFIG, "%s has no index file", full);
		return NULL;
	}
	buf_setf(&path, "%s%s", source_path(full), suffix);
	return buf_take(&path);
}

int
table_inspect_walk(struct table *t, int (*each)(const char *key, const char *value,
    void *ctx, struct err *err), void *ctx, struct err *err)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	enum table_result rc;
	bool first = true;
	int result = 0;

	while (result == 0 &&
	    (rc = table_next(t, first, &key, &value, err)) == TABLE_FOUND) {
		first = false;
		result = each(key.ptr, value.ptr, ctx, err);
	}
	buf_done(&key);
	buf_done(&value);
	if (result != 0 || rc == TABLE_NOT_FOUND)
		return result;
	/* Corrupt files say themselves which they are. */
	return rc == TABLE_RETRY ? err_prefix(err, "table %s: sequence error: ",
	    table_name(t)) : -1;
}

/* They were folded and checked when the table was made. */
unsigned
table_inspect_flags(const struct table_tool *tool)
{
	return (tool->flags & (TABLE_TRY0NULL | TABLE_TRY1NULL)) |
	    TABLE_DUP_IGNORE;
}

struct dump {
	const struct table_tool *tool;
	enum table_dump	 format;
	FILE		*out;
	int		 lost;		/* entries that text cannot express */
	struct buf	 line;
};

/* Would a build read this line as this entry? */
static bool
reads_back(const struct dump *d, const char *key, const char *value)
{
	struct buf name = BUF_INIT, list = BUF_INIT;
	char *copy = xstrdup(d->line.ptr), *k = copy, *v = copy;
	enum table_entry what;
	bool same;

	if (d->tool->is_alias) {
		what = table_source_alias(copy, NULL, 0, false, &name, &list);
		k = name.ptr;
		v = list.ptr;
	} else {
		what = table_source_pair(copy, NULL, 0, false, false, &k, &v);
	}
	same = what == TABLE_ENTRY_OK && strcmp(k, key) == 0 &&
	    strcmp(v, value) == 0 && strpbrk(d->line.ptr, "\r\n") == NULL &&
	    strchr(" \t#", d->line.ptr[0]) == NULL;
	buf_done(&name);
	buf_done(&list);
	free(copy);
	return same;
}

/* CSV: quotes around everything, quotes doubled (RFC 4180). */
static void
put_csv(struct buf *out, const char *s)
{
	buf_addc(out, '"');
	for (; *s != '\0'; s++) {
		if (*s == '"')
			buf_addc(out, '"');
		buf_addc(out, *s);
	}
	buf_addc(out, '"');
}

static int
dump_entry(const char *key, const char *value, void *ctx, struct err *err)
{
	struct dump *d = ctx;

	(void)err;
	if (table_inspect_is_marker(d->tool, key))
		return 0;
	buf_reset(&d->line);
	switch (d->format) {
	case TABLE_DUMP_TEXT:
		if (d->tool->is_alias && strpbrk(key, " \t\"") != NULL)
			buf_addf(&d->line, "\"%s\"", key);
		else
			buf_adds(&d->line, key);
		buf_addf(&d->line, "%s%s", d->tool->is_alias ? ": " : "\t",
		    value);
		if (!reads_back(d, key, value)) {
			log_warning("key \"%s\": the entry cannot be written "
			    "as text", key);
			d->lost++;
			return 0;
		}
		break;
	case TABLE_DUMP_JSONL:
		buf_adds(&d->line, "{\"v\": 1");
		table_report_members(&d->line, "key", key, "value", value,
		    NULL);
		buf_addc(&d->line, '}');
		break;
	case TABLE_DUMP_CSV:
		put_csv(&d->line, key);
		buf_addc(&d->line, ',');
		put_csv(&d->line, value);
		break;
	}
	fprintf(d->out, "%s\n", d->line.ptr);
	return 0;
}

int
table_inspect_dump(const struct table_tool *tool, const char *name,
    enum table_dump format, FILE *out, struct err *err)
{
	char *full = table_tool_full_name(name);
	struct dump d = { tool, format, out, 0, BUF_INIT };
	struct table *t = table_open(full, TABLE_READ, tool->flags, err);
	int rc = t == NULL ? -1 : table_inspect_walk(t, dump_entry, &d, err);

	table_close(t);
	buf_done(&d.line);
	free(full);
	return rc == -1 ? -1 : d.lost;
}

struct stats {
	long long entries, key_bytes, value_bytes, longest_key, longest_value;
};

static int
count_entry(const char *key, const char *value, void *ctx, struct err *err)
{
	struct stats *st = ctx;
	long long k = (long long)strlen(key), v = (long long)strlen(value);

	(void)err;
	st->entries++;
	st->key_bytes += k;
	st->value_bytes += v;
	if (k > st->longest_key)
		st->longest_key = k;
	if (v > st->longest_value)
		st->longest_value = v;
	return 0;
}

int
table_inspect_stats(const struct table_tool *tool, const char *name,
    const struct table_report *r, struct err *err)
{
	char *full = table_tool_full_name(name);
	char *path = table_inspect_index(full, NULL), built[32];
	struct table *t = table_open(full, TABLE_READ, tool->flags, err);
	struct stats st = { 0 };
	struct stat file = { 0 };
	struct buf text = BUF_INIT;
	struct tm tm;
	int rc = t == NULL ? -1 : table_inspect_walk(t, count_entry, &st, err);

	if (path != NULL && stat(path, &file) == -1) {
		free(path);
		path = NULL;
	}
	buf_setf(&text, "table: %s\nentries: %lld\nkey_bytes: %lld\n"
	    "value_bytes: %lld\nlongest_key: %lld\nlongest_value: %lld", full,
	    st.entries, st.key_bytes, st.value_bytes, st.longest_key,
	    st.longest_value);
	if (path != NULL) {
		strftime(built, sizeof(built), "%FT%TZ",
		    gmtime_r(&file.st_mtime, &tm));
		buf_addf(&text, "\nfile: %s\nfile_bytes: %lld\nbuilt: %s\n"
		    "age_seconds: %lld", path, (long long)file.st_size, built,
		    (long long)(clock_now() - file.st_mtime));
	}
	if (rc == 0 && !r->is_json)
		fprintf(r->out, "%s\n", text.ptr);
	else if (rc == 0 && path == NULL)
		table_report(r, NULL, "table", full, "#entries", st.entries,
		    "#key_bytes", st.key_bytes, "#value_bytes",
		    st.value_bytes, "#longest_key", st.longest_key,
		    "#longest_value", st.longest_value, NULL);
	else if (rc == 0)
		table_report(r, NULL, "table", full, "#entries", st.entries,
		    "#key_bytes", st.key_bytes, "#value_bytes",
		    st.value_bytes, "#longest_key", st.longest_key,
		    "#longest_value", st.longest_value, "file", path,
		    "#file_bytes", (long long)file.st_size, "built", built,
		    "#built_epoch", (long long)file.st_mtime, "#age_seconds",
		    (long long)(clock_now() - file.st_mtime), NULL);
	table_close(t);
	buf_done(&text);
	free(path);
	free(full);
	return rc;
}

/* One expectation: 1 when the answer differs, 0, or -1 with err. */
static int
test_line(struct table_tool_list *list, char *line, struct buf *value,
    const struct table_report *r, struct err *err)
{
	struct buf text = BUF_INIT;
	char *want;
	int found;

	if ((want = strchr(line, '\t')) != NULL)
		*want++ = '\0';
	if (want != NULL && *want == '\0')
		want = NULL;
	if ((found = table_tool_find(list, line, value, err)) == -1)
		return -1;
	if (found == 1 ? want != NULL && strcmp(want, value->ptr) == 0 :
	    want == NULL)
		return 0;
	buf_setf(&text, "%s: expected %s, got %s", line,
	    want != NULL ? want : "(nothing)",
	    found == 1 ? value->ptr : "(nothing)");
	table_report(r, text.ptr, "key", line, "expected", want, "got",
	    found == 1 ? value->ptr : NULL, NULL);
	buf_done(&text);
	return 1;
}

int
table_inspect_test(const struct table_tool *tool, const char *file,
    char **names, size_t count, const struct table_report *r,
    struct err *err)
{
	int fd = strcmp(file, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC,
	    3) : open(file, O_RDONLY | O_CLOEXEC), findings = 0, differs = 0;
	struct err read_err = ERR_INIT;
	struct table_tool_list list;
	struct table_lines lines;
	struct buf value = BUF_INIT;
	char *line;

	if (fd == -1)
		return err_sys(err, "open %s", file);
	table_tool_list_init(&list, tool, names, count);
	table_lines_init(&lines, fd, NULL, &list);
	while (differs != -1 &&
	    (line = table_lines_next(&lines, &read_err)) != NULL) {
		if (*line == '\0' || *line == '#')
			continue;
		differs = test_line(&list, line, &value, r, err);
		findings += differs == 1;
	}
	if (read_err.kind != ERR_NONE && differs != -1) {
		*err = read_err;
		differs = -1;
	}
	table_lines_done(&lines);
	table_tool_list_done(&list);
	buf_done(&value);
	close(fd);
	return differs == -1 ? -1 : findings;
}

/* Collects the keys of a table, up to a number. */
struct keys {
	char	**list;
	size_t	 count, max;
};

static int
take_key(const char *key, const char *value, void *ctx, struct err *err)
{
	struct keys *k = ctx;

	(void)value, (void)err;
	if (k->count < k->max && *key != '\0') {
		if ((k->count & (k->count - 1)) == 0)
			k->list = xreallocarray(k->list, k->count > 0 ?
			    k->count * 2 : 1, sizeof(*k->list));
		k->list[k->count++] = xstrdup(key);
	}
	return 0;
}

/* n lookups, each with this behind the key; lookups a second, -1 on failure. */
static double
measure(struct table *t, const struct keys *k, long n, const char *tail,
    struct err *err)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	int64_t start = clock_mono_ms(), ms;
	enum table_result rc = TABLE_FOUND;
	long i;

	for (i = 0; i < n && (rc == TABLE_FOUND || rc == TABLE_NOT_FOUND);
	    i++) {
		buf_sets(&key, k->list[(size_t)i * 7919 % k->count]);
		buf_adds(&key, tail);
		rc = table_lookup(t, key.ptr, &value, err);
	}
	ms = clock_mono_ms() - start;
	buf_done(&key);
	buf_done(&value);
	if (rc == TABLE_RETRY || rc == TABLE_BROKEN)
		return -1;
	return (double)n * 1000 / (double)(ms > 0 ? ms : 1);
}

int
table_inspect_bench(const struct table_tool *tool, const char *name, long n,
    const struct table_report *r, struct err *err)
{
	char *full = table_tool_full_name(name);
	struct table *t = table_open(full, TABLE_READ, tool->flags, err);
	struct keys k = { NULL, 0, (size_t)n };
	double hits = -1, misses = -1;
	struct buf text = BUF_INIT;

	if (t != NULL && table_inspect_walk(t, take_key, &k, err) == 0) {
		if (k.count == 0)
			err_set(err, ERR_NOT_FOUND, "%s is empty", full);
		else if ((hits = measure(t, &k, n, "", err)) >= 0)
			misses = measure(t, &k, n, "\x01", err);
	}
	if (misses >= 0) {
		buf_setf(&text, "%s: %ld lookups: %.0f hits/s, %.0f misses/s",
		    full, n, hits, misses);
		table_report(r, text.ptr, "table", full, "#lookups",
		    (long long)n, "#hits_per_second", (long long)hits,
		    "#misses_per_second", (long long)misses, NULL);
	}
	buf_done(&text);
	table_close(t);
	while (k.count > 0)
		free(k.list[--k.count]);
	free(k.list);
	free(full);
	return misses >= 0 ? 0 : -1;
}
