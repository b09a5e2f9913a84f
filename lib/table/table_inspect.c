/*
 * table_inspect.c - look into tables: verify, convert, dump, statistics
 *
 * The expected content of an index is its source, read by the same code that
 * builds, into a table in memory.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_inspect.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/table/table_source.h"
#include "lib/table/table_tool.h"

/* Records that postalias adds; no source has them. */
static bool
is_marker(const struct table_tool *tool, const char *key)
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

/* The path of the index that "type:name" has; the caller frees it. */
static char *
index_file(const char *full, struct err *err)
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

/* What the source says, in memory; NULL with err. */
static struct table *
read_source(const struct table_tool *tool, const char *full, struct err *err)
{
	struct table_source *source;
	struct table *t;
	int rc;

	source = table_source_open(source_path(full), -1, err);
	if (source == NULL)
		return NULL;
	t = table_open("internal:source", TABLE_WRITE, tool->flags, err);
	rc = t == NULL ? -1 : table_tool_fill(tool, t, source, err);
	table_source_close(source);
	if (rc == -1) {
		table_close(t);
		return NULL;
	}
	return t;
}

/* A walk over all entries that calls each(); 0, or -1 with err. */
static int
walk(struct table *t, int (*each)(const char *key, const char *value,
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
	return result == 0 && rc != TABLE_NOT_FOUND ? -1 : result;
}

struct comparison {
	const struct table_tool *tool;
	struct table	*other;
	FILE		*out;		/* NULL: only count */
	const char	*label;
	const char	*absent;	/* what it is called when other lacks a key */
	bool		 compares_values;
	int		 findings;
	long		 entries;
	struct buf	 value;
};

static void
find(struct comparison *c, const char *what, const char *key)
{
	c->findings++;
	if (c->out != NULL)
		fprintf(c->out, "%s: %s: \"%s\"\n", c->label, what, key);
}

static int
compare_entry(const char *key, const char *value, void *ctx, struct err *err)
{
	struct comparison *c = ctx;

	c->entries++;
	if (is_marker(c->tool, key))
		return 0;
	switch (table_lookup(c->other, key, &c->value, err)) {
	case TABLE_FOUND:
		if (c->compares_values && strcmp(c->value.ptr, value) != 0)
			find(c, "different value", key);
		return 0;
	case TABLE_NOT_FOUND:
		find(c, c->absent, key);
		return 0;
	default:
		return -1;
	}
}

/* Both ways: what a lacks, what b lacks, what differs. */
static int
compare_tables(struct comparison *c, struct table *a, struct table *b,
    struct err *err)
{
	int rc;

	c->other = b;
	c->absent = "missing";
	c->compares_values = true;
	rc = walk(a, compare_entry, c, err);
	if (rc == 0) {
		c->entries = 0;
		c->other = a;
		c->absent = "extra";
		c->compares_values = false;
		rc = walk(b, compare_entry, c, err);
	}
	buf_done(&c->value);
	return rc;
}

/* Times, owners and permissions of index and source. */
static int
compare_files(const struct table_tool *tool, const char *full, FILE *out)
{
	struct stat source, index;
	char *path = index_file(full, NULL);
	int findings = 0;
	mode_t wider;

	if (path == NULL || stat(source_path(full), &source) == -1 ||
	    stat(path, &index) == -1) {
		free(path);
		return 0;
	}
	if (source.st_mtime > index.st_mtime && ++findings)
		fprintf(out, "%s: older than its source\n", full);
	wider = index.st_mode & ~source.st_mode & 044;
	if (wider != 0 && !tool->keeps_mode && ++findings)
		fprintf(out, "%s: mode %03o gives more than %03o of its "
		    "source\n", full, index.st_mode & 0777,
		    source.st_mode & 0777);
	if (source.st_uid != index.st_uid && !tool->keeps_root && ++findings)
		fprintf(out, "%s: owner %ld is not the owner %ld of its "
		    "source\n", full, (long)index.st_uid,
		    (long)source.st_uid);
	free(path);
	return findings;
}

int
table_inspect_verify(const struct table_tool *tool, const char *name,
    FILE *out, struct err *err)
{
	char *full = table_tool_full_name(name), *path;
	struct comparison c = { .tool = tool, .out = out, .label = full };
	struct table *want = NULL, *have = NULL;
	int rc = -1;

	buf_init(&c.value);
	if ((path = index_file(full, err)) != NULL &&
	    (want = read_source(tool, full, err)) != NULL &&
	    (have = table_open(full, TABLE_READ, tool->flags, err)) != NULL)
		rc = compare_tables(&c, want, have, err);
	if (rc == 0)
		rc = c.findings + compare_files(tool, full, out);
	table_close(want);
	table_close(have);
	free(path);
	free(full);
	return rc;
}

int
table_inspect_is_fresh(const struct table_tool *tool, const char *name,
    struct err *err)
{
	char *full = table_tool_full_name(name), *path;
	struct comparison c = { .tool = tool };
	struct table *want = NULL, *have = NULL;
	struct stat source, index;
	int rc = 0;

	buf_init(&c.value);
	if ((path = index_file(full, err)) == NULL) {
		rc = -1;
	} else if (stat(source_path(full), &source) == -1) {
		rc = err_sys(err, "open %s", source_path(full));
	} else if (stat(path, &index) == 0) {
		if (index.st_mtim.tv_sec > source.st_mtim.tv_sec ||
		    (index.st_mtim.tv_sec == source.st_mtim.tv_sec &&
		    index.st_mtim.tv_nsec >= source.st_mtim.tv_nsec))
			rc = 1;
		else if ((want = read_source(tool, full, NULL)) != NULL &&
		    (have = table_open(full, TABLE_READ, tool->flags,
		    NULL)) != NULL && compare_tables(&c, want, have,
		    NULL) == 0 && c.findings == 0)
			rc = utimensat(AT_FDCWD, path, NULL, 0) == 0;
	}
	table_close(want);
	table_close(have);
	free(path);
	free(full);
	return rc;
}

static int
copy_entry(const char *key, const char *value, void *ctx, struct err *err)
{
	return table_update(ctx, key, value, err);
}

/* Keys and values as they are: they were folded and checked when made. */
static unsigned
raw_flags(const struct table_tool *tool)
{
	return (tool->flags & (TABLE_TRY0NULL | TABLE_TRY1NULL)) |
	    TABLE_DUP_IGNORE;
}

static int
build_copy(const struct table_tool *tool, struct table *from,
    const char *beside, struct err *err)
{
	struct table *t;
	int rc;

	t = table_open(beside, TABLE_CREATE, raw_flags(tool), err);
	if (t == NULL)
		return -1;
	rc = walk(from, copy_entry, t, err);
	if (rc == 0)
		rc = table_commit(t, err);
	table_close(t);
	return rc;
}

/* Is the copy whole? Duplicate keys of odd cdb files count once. */
static int
check_copy(const struct table_tool *tool, struct table *from,
    const char *beside, long *entries, struct err *err)
{
	struct comparison c = { .tool = tool };
	struct table *t;
	int rc;

	buf_init(&c.value);
	t = table_open(beside, TABLE_READ, raw_flags(tool) &
	    ~(unsigned)(TABLE_TRY0NULL | TABLE_TRY1NULL), err);
	if (t == NULL)
		return -1;
	rc = compare_tables(&c, from, t, err);
	*entries = c.entries;
	table_close(t);
	if (rc == 0 && c.findings > 0)
		rc = err_set(err, ERR_SYNTAX, "%d entries of the copy differ "
		    "from %s", c.findings, table_name(from));
	return rc;
}

/* The copy may be read by those who could read what it replaces or copies. */
static int
take_rights(const char *tmp, const char *path, const char *from,
    struct err *err)
{
	char *origin = index_file(from, NULL);
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
table_inspect_convert(const struct table_tool *tool, const char *from_name,
    const char *to_name, struct err *err)
{
	char *from = table_tool_full_name(from_name);
	char *to = table_tool_full_name(to_name), *path, *tmp = NULL;
	struct buf beside = BUF_INIT;
	struct table *t = NULL;
	long entries = 0;
	int rc = -1;

	buf_setf(&beside, "%s.converting.%ld", to, (long)getpid());
	if ((path = index_file(to, err)) != NULL &&
	    (tmp = index_file(beside.ptr, err)) != NULL &&
	    (t = table_open(from, TABLE_READ, TABLE_DUP_IGNORE,
	    err)) != NULL &&
	    build_copy(tool, t, beside.ptr, err) == 0) {
		rc = check_copy(tool, t, beside.ptr, &entries, err);
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

struct dump {
	const struct table_tool *tool;
	enum table_dump	 format;
	FILE		*out;
	struct buf	 line;
};

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
	if (is_marker(d->tool, key))
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
		break;
	case TABLE_DUMP_JSONL:
		buf_adds(&d->line, "{\"key\":");
		json_put_string(&d->line, key);
		buf_adds(&d->line, ",\"value\":");
		json_put_string(&d->line, value);
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
	struct dump d = { tool, format, out, BUF_INIT };
	struct table *t = table_open(full, TABLE_READ, tool->flags, err);
	int rc = t == NULL ? -1 : walk(t, dump_entry, &d, err);

	table_close(t);
	buf_done(&d.line);
	free(full);
	return rc;
}

struct stats {
	long	 entries;
	int64_t	 key_bytes, value_bytes;
	size_t	 longest_key, longest_value;
};

static int
count_entry(const char *key, const char *value, void *ctx, struct err *err)
{
	struct stats *st = ctx;
	size_t k = strlen(key), v = strlen(value);

	(void)err;
	st->entries++;
	st->key_bytes += (int64_t)k;
	st->value_bytes += (int64_t)v;
	if (k > st->longest_key)
		st->longest_key = k;
	if (v > st->longest_value)
		st->longest_value = v;
	return 0;
}

int
table_inspect_stats(const struct table_tool *tool, const char *name,
    FILE *out, struct err *err)
{
	char *full = table_tool_full_name(name), *path = index_file(full, NULL);
	struct table *t = table_open(full, TABLE_READ, tool->flags, err);
	struct stats st = { 0 };
	struct stat file;
	int rc = t == NULL ? -1 : walk(t, count_entry, &st, err);

	if (rc == 0) {
		fprintf(out, "table: %s\nentries: %ld\nkey_bytes: %" PRId64
		    "\nvalue_bytes: %" PRId64 "\nlongest_key: %zu\n"
		    "longest_value: %zu\n", full, st.entries, st.key_bytes,
		    st.value_bytes, st.longest_key, st.longest_value);
		if (path != NULL && stat(path, &file) == 0)
			fprintf(out, "file: %s\nfile_bytes: %lld\n"
			    "age_seconds: %lld\n", path,
			    (long long)file.st_size,
			    (long long)(clock_now() - file.st_mtime));
	}
	table_close(t);
	free(path);
	free(full);
	return rc;
}

/* One direction of a difference. */
struct side {
	struct table	*other;
	FILE		*out;
	char		 sign;		/* of a key that other lacks */
	bool		 compares_values;
	int		 findings;
	struct buf	 value;
};

static int
diff_entry(const char *key, const char *value, void *ctx, struct err *err)
{
	struct side *s = ctx;
	char sign = s->sign;

	switch (table_lookup(s->other, key, &s->value, err)) {
	case TABLE_FOUND:
		if (!s->compares_values || strcmp(s->value.ptr, value) == 0)
			return 0;
		sign = '!';
		break;
	case TABLE_NOT_FOUND:
		break;
	default:
		return -1;
	}
	fprintf(s->out, "%c %s\n", sign, key);
	s->findings++;
	return 0;
}

int
table_inspect_diff(const struct table_tool *tool, const char *a_name,
    const char *b_name, FILE *out, struct err *err)
{
	char *a_full = table_tool_full_name(a_name);
	char *b_full = table_tool_full_name(b_name);
	struct side s = { .out = out, .sign = '<', .compares_values = true };
	struct table *a, *b = NULL;
	int rc = -1;

	buf_init(&s.value);
	a = table_open(a_full, TABLE_READ, raw_flags(tool), err);
	if (a != NULL &&
	    (b = table_open(b_full, TABLE_READ, raw_flags(tool), err)) != NULL) {
		s.other = b;
		rc = walk(a, diff_entry, &s, err);
		s.other = a;
		s.sign = '>';
		s.compares_values = false;
		if (rc == 0)
			rc = walk(b, diff_entry, &s, err);
	}
	table_close(a);
	table_close(b);
	buf_done(&s.value);
	free(a_full);
	free(b_full);
	return rc == -1 ? -1 : s.findings;
}

int
table_inspect_test(const struct table_tool *tool, const char *file,
    char **names, size_t count, FILE *out, struct err *err)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), findings = 0, found = 0;
	struct err read_err = ERR_INIT;
	struct table_tool_list list;
	struct table_tool_lines lines;
	struct buf value = BUF_INIT;
	char *line, *want;

	if (fd == -1)
		return err_sys(err, "open %s", file);
	table_tool_list_init(&list, tool, names, count);
	table_tool_lines_init(&lines, fd, NULL, &list);
	while (found != -1 &&
	    (line = table_tool_line(&lines, &read_err)) != NULL) {
		if (*line == '\0' || *line == '#')
			continue;
		if ((want = strchr(line, '\t')) != NULL)
			*want++ = '\0';
		found = table_tool_find(&list, line, &value, err);
		if (found == -1 || (found == 1 ? want != NULL &&
		    strcmp(want, value.ptr) == 0 :
		    want == NULL || *want == '\0'))
			continue;
		findings++;
		fprintf(out, "%s: expected %s, got %s\n", line,
		    want != NULL && *want != '\0' ? want : "(nothing)",
		    found == 1 ? value.ptr : "(nothing)");
	}
	if (read_err.kind != ERR_NONE && found != -1) {
		*err = read_err;
		found = -1;
	}
	table_tool_lines_done(&lines);
	table_tool_list_done(&list);
	buf_done(&value);
	close(fd);
	return found == -1 ? -1 : findings;
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
	if (k->count < k->max && *key != '\0')
		k->list[k->count++] = xstrdup(key);
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
    FILE *out, struct err *err)
{
	char *full = table_tool_full_name(name);
	struct table *t = table_open(full, TABLE_READ, tool->flags, err);
	struct keys k = { xcalloc((size_t)n, sizeof(char *)), 0, (size_t)n };
	double hits = -1, misses = -1;

	if (t != NULL && walk(t, take_key, &k, err) == 0) {
		if (k.count == 0) {
			err_set(err, ERR_NOT_FOUND, "%s is empty", full);
		} else if ((hits = measure(t, &k, n, "", err)) >= 0 &&
		    (misses = measure(t, &k, n, "\x01", err)) >= 0) {
			fprintf(out, "%s: %ld lookups: %.0f hits/s, "
			    "%.0f misses/s\n", full, n, hits, misses);
		}
	}
	table_close(t);
	while (k.count > 0)
		free(k.list[--k.count]);
	free(k.list);
	free(full);
	return misses >= 0 ? 0 : -1;
}
