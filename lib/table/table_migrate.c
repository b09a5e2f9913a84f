/*
 * table_migrate.c - move a configuration off Berkeley DB
 *
 * Values are scanned as text, so tables nested in pipemap:, proxy: or
 * restriction lists are found wherever they stand. Indexes are built first
 * and the configuration is changed last: whenever this stops, mail flows.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_migrate.h"

#include <ctype.h>
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/main_cf.h"
#include "lib/conf/master_cf.h"
#include "lib/conf/params.h"
#include "lib/table/pairs.h"
#include "lib/table/table_source.h"
#include "lib/table/table_tool.h"

extern char **environ;

struct migration {
	const char	*to;
	bool		 is_dry;
	FILE		*out;
	struct pairs	*done;		/* names that were dealt with */
	char		**main_edits, **master_edits;	/* "name = value" for postconf */
	size_t		 main_count, master_count;
	int		 failures;
};

static const char *const legacy[] = { "hash", "btree", "dbm", "sdbm" };
#define LEGACY_COUNT	(sizeof(legacy) / sizeof(legacy[0]))

/* Does "TYPE:" of a legacy type begin at p? Its length, or 0. */
static size_t
legacy_at(const char *start, const char *p)
{
	size_t i, n;

	if (p > start && (isalnum((unsigned char)p[-1]) ||
	    strchr("_.-/", p[-1]) != NULL))
		return 0;
	for (i = 0; i < LEGACY_COUNT; i++) {
		n = strlen(legacy[i]);
		if (strncmp(p, legacy[i], n) == 0 && p[n] == ':' &&
		    p[n + 1] != '\0')
			return n + 1;
	}
	return 0;
}

/* Where a table name ends: at a separator or the brace that encloses it. */
static size_t
name_length(const char *p)
{
	size_t n;
	int depth = 0;

	for (n = 0; p[n] != '\0'; n++) {
		if (p[n] == '{')
			depth++;
		else if (p[n] == '}' && depth-- == 0)
			break;
		else if (depth == 0 && strchr(TEXT_LIST_SEP, p[n]) != NULL)
			break;
	}
	return n;
}

static bool
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

/* Does the parameter name a cache? Those are written to while in use. */
static bool
is_cache(const char *parameter)
{
	return ends_with(parameter, "_cache_map") ||
	    ends_with(parameter, "_cache_database") ||
	    strcmp(parameter, "address_verify_map") == 0 ||
	    strcmp(parameter, "default_cache_db_type") == 0;
}

static const char *
new_type(const struct migration *m, const char *parameter)
{
	return strcmp(m->to, "cdb") == 0 && is_cache(parameter) ? "gdbm" :
	    m->to;
}

static void
build(struct migration *m, const char *path, const char *parameter)
{
	struct table_tool tool = { .flags = TABLE_DUP_WARN | TABLE_FOLD |
	    TABLE_UTF8, .is_alias = strcmp(parameter, "alias_maps") == 0 ||
	    strcmp(parameter, "alias_database") == 0 };
	const char *command = tool.is_alias ? "postalias" : "postmap";
	struct buf name = BUF_INIT;
	struct err err = ERR_INIT;

	buf_setf(&name, "%s:%s", new_type(m, parameter), path);
	if (is_cache(parameter)) {
		fprintf(m->out, "cache   %s (begins empty)\n", name.ptr);
	} else if (access(path, R_OK) == -1) {
		fprintf(m->out, "FAIL    %s: %s has no text source %s: %s\n",
		    parameter, name.ptr, path, strerror(errno));
		m->failures++;
	} else if (m->is_dry) {
		fprintf(m->out, "build   %s %s\n", command, name.ptr);
	} else if (table_tool_build(&tool, name.ptr, NULL, &err) == -1) {
		fprintf(m->out, "FAIL    %s: %s\n", name.ptr, err.text);
		m->failures++;
	} else {
		fprintf(m->out, "built   %s\n", name.ptr);
	}
	buf_done(&name);
}

/* One table was found: its name, with $parameters. */
static void
found(struct migration *m, const char *text, size_t len,
    const char *parameter)
{
	struct buf raw = BUF_INIT, path = BUF_INIT;

	buf_set(&raw, text, len);
	if (params_expand(&path, raw.ptr, NULL) == -1)
		buf_sets(&path, raw.ptr);
	if (pairs_find(m->done, path.ptr, path.len) == NULL) {
		pairs_add(m->done, path.ptr, path.len, "", 0);
		build(m, path.ptr, parameter);
	}
	buf_done(&raw);
	buf_done(&path);
}

/*
 * Tables whose name is their content, at the start of a word: what looks like
 * a table in there is none. The length of all of it, or 0.
 */
static size_t
content_at(const char *start, const char *p)
{
	static const char *const types[] = { "inline:", "static:", "randmap:",
		"regexp:", "pcre:", "cidr:", "internal:" };
	size_t i, n;

	if (p > start && strchr(TEXT_LIST_SEP "{:", p[-1]) == NULL)
		return 0;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		n = strlen(types[i]);
		if (strncmp(p, types[i], n) == 0)
			return n + name_length(p + n);
	}
	return 0;
}

/* A value with each legacy type replaced; false when there was none. */
static bool
replace_types(struct migration *m, const char *value, const char *parameter,
    struct buf *out)
{
	const char *p = value;
	bool any = false;
	size_t n, len;

	while (*p != '\0') {
		if ((n = content_at(value, p)) > 0) {
			buf_add(out, p, n);
			p += n;
			continue;
		}
		if ((n = legacy_at(value, p)) == 0) {
			buf_addc(out, *p++);
			continue;
		}
		any = true;
		p += n;
		len = name_length(p);
		found(m, p, len, parameter);
		buf_addf(out, "%s:", new_type(m, parameter));
		buf_add(out, p, len);
		p += len;
	}
	return any;
}

/* Files that a list names ("/path") may name tables, too; people edit those. */
static void
scan_list_files(struct migration *m, const char *value, const char *parameter)
{
	char *copy = xstrdup(value), *rest = copy, *word;
	struct buf line = BUF_INIT, unused = BUF_INIT;
	struct table_source *source;
	int number;

	while ((word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		word += strspn(word, "!");
		if (*word != '/' || (source = table_source_open(word, -1,
		    NULL)) == NULL)
			continue;
		while (table_source_next(source, &line, &number, NULL) == 1) {
			buf_reset(&unused);
			if (replace_types(m, line.ptr, parameter, &unused))
				fprintf(m->out, "edit    %s:%d by hand: %s\n",
				    word, number, unused.ptr);
		}
		table_source_close(source);
	}
	buf_done(&line);
	buf_done(&unused);
	free(copy);
}

static void
add_edit(char ***list, size_t *count, const char *text)
{
	*list = xreallocarray(*list, *count + 1, sizeof(**list));
	(*list)[(*count)++] = xstrdup(text);
}

static bool
is_legacy_type(const char *value)
{
	size_t i;

	for (i = 0; i < LEGACY_COUNT; i++)
		if (strcmp(value, legacy[i]) == 0)
			return true;
	return false;
}

/* What main.cf leaves out follows default_database_type; it needs its index. */
static void
scan_default(struct migration *m, const struct main_cf *cf, const char *name)
{
	struct buf unused = BUF_INIT;
	const char *value = params_lookup(name);
	size_t i;

	for (i = 0; i < cf->count; i++)
		if (strcmp(cf->entries[i].name, name) == 0)
			return;
	if (value != NULL)
		replace_types(m, value, name, &unused);
	buf_done(&unused);
}

static int
scan_main_cf(struct migration *m, struct err *err)
{
	struct main_cf cf = MAIN_CF_INIT;
	struct buf path = BUF_INIT, value = BUF_INIT, edit = BUF_INIT;
	size_t i;
	int rc;

	buf_setf(&path, "%s/main.cf", params.config_directory);
	rc = main_cf_read(&cf, path.ptr, err);
	for (i = 0; rc == 0 && i < cf.count; i++) {
		const char *name = cf.entries[i].name;
		const char *old = cf.entries[i].value;

		buf_reset(&value);
		if (replace_types(m, old, name, &value))
			buf_setf(&edit, "%s = %s", name, value.ptr);
		else if ((strcmp(name, "default_database_type") == 0 ||
		    strcmp(name, "default_cache_db_type") == 0) &&
		    is_legacy_type(old))
			buf_setf(&edit, "%s = %s", name, new_type(m, name));
		else
			buf_reset(&edit);
		if (edit.len > 0)
			add_edit(&m->main_edits, &m->main_count, edit.ptr);
		scan_list_files(m, old, name);
	}
	if (rc == 0) {
		scan_default(m, &cf, "alias_maps");
		scan_default(m, &cf, "alias_database");
	}
	main_cf_done(&cf);
	buf_done(&path);
	buf_done(&value);
	buf_done(&edit);
	return rc;
}

/* A list without blanks between its items, as "-o name=value" needs it. */
static void
compact(struct buf *list)
{
	char *copy = xstrdup(list->ptr), *rest = copy, *word;

	buf_reset(list);
	while ((word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL)
		buf_addf(list, "%s%s", list->len > 0 ? "," : "", word);
	free(copy);
}

/* "-o name=value" of one service. */
static void
scan_override(struct migration *m, const struct master_service *s,
    const char *text)
{
	struct buf value = BUF_INIT, edit = BUF_INIT;
	char *copy = xstrdup(text), *name, *old;

	if (main_cf_split(copy, &name, &old) == NULL &&
	    replace_types(m, old, name, &value)) {
		compact(&value);
		buf_setf(&edit, "%s/%s/%s=%s", s->name,
		    master_type_name(s->type), name, value.ptr);
		if (strpbrk(value.ptr, " \t") == NULL)
			add_edit(&m->master_edits, &m->master_count, edit.ptr);
		else
			fprintf(m->out, "edit    master.cf by hand: %s\n",
			    edit.ptr);
	}
	free(copy);
	buf_done(&value);
	buf_done(&edit);
}

static int
scan_master_cf(struct migration *m, struct err *err)
{
	struct master_cf cf;
	struct buf path = BUF_INIT;
	size_t i, j;
	int rc;

	buf_setf(&path, "%s/master.cf", params.config_directory);
	if (access(path.ptr, F_OK) == -1) {
		buf_done(&path);
		return 0;
	}
	rc = master_cf_read(&cf, path.ptr, err);
	for (i = 0; rc == 0 && i < cf.count; i++) {
		const struct master_service *s = &cf.services[i];

		for (j = 0; j < s->argc; j++)
			if (strcmp(s->argv[j], "-o") == 0 && j + 1 < s->argc)
				scan_override(m, s, s->argv[++j]);
			else if (strncmp(s->argv[j], "-o", 2) == 0)
				scan_override(m, s, s->argv[j] + 2);
	}
	if (rc == 0)
		master_cf_done(&cf);
	buf_done(&path);
	return rc;
}

/* Run postconf with one option and these edits, or say so. */
static int
change(struct migration *m, const char *option, char **edits, size_t count,
    struct err *err)
{
	char **argv;
	struct buf path = BUF_INIT;
	size_t i;
	pid_t pid;
	int rc, status = 0;

	for (i = 0; i < count; i++)
		fprintf(m->out, "%s postconf %s '%s'\n",
		    m->is_dry ? "change " : "changed", option, edits[i]);
	if (count == 0 || m->is_dry)
		return 0;
	fflush(m->out);
	argv = xcalloc(count + 5, sizeof(*argv));
	argv[0] = xstrdup("postconf");
	argv[1] = xstrdup("-c");
	argv[2] = xstrdup(params.config_directory);
	argv[3] = xstrdup(option);
	for (i = 0; i < count; i++)
		argv[4 + i] = edits[i];
	buf_setf(&path, "%s/postconf", params.command_directory);
	rc = access(path.ptr, X_OK) == 0 ?
	    posix_spawn(&pid, path.ptr, NULL, NULL, argv, environ) :
	    posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	if (rc != 0) {
		errno = rc;
		rc = err_sys(err, "run postconf");
	} else if (waitpid(pid, &status, 0) == -1 || status != 0) {
		rc = err_set(err, ERR_SYSTEM, "postconf failed");
	}
	for (i = 0; i < 4; i++)
		free(argv[i]);
	free(argv);
	buf_done(&path);
	return rc;
}

static void
free_edits(char **edits, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		free(edits[i]);
	free(edits);
}

int
table_migrate(const char *to, bool is_dry, FILE *out, struct err *err)
{
	struct migration m = { .to = to, .is_dry = is_dry, .out = out };
	int rc = -1;

	if (to != NULL && is_legacy_type(to))
		return err_set(err, ERR_CONFIG, "%s tables need Berkeley DB",
		    to);
	if (to == NULL)
		m.to = is_legacy_type(params.default_database_type) ? "gdbm" :
		    params.default_database_type;
	if (table_suffix(m.to) == NULL)
		return err_set(err, ERR_CONFIG, "%s tables have no index file",
		    m.to);
	m.done = pairs_new();
	if (scan_main_cf(&m, err) == 0 && scan_master_cf(&m, err) == 0) {
		if (m.failures > 0 && !is_dry)
			fprintf(out, "%d tables were not converted; the "
			    "configuration is unchanged\n", m.failures);
		else if (change(&m, "-e", m.main_edits, m.main_count,
		    err) == 0 && change(&m, "-P", m.master_edits,
		    m.master_count, err) == 0)
			rc = 0;
		if (m.failures > 0)
			rc = m.failures;
	}
	if (rc == 0 && pairs_count(m.done) == 0)
		fputs("no Berkeley DB tables\n", out);
	pairs_free(m.done);
	free_edits(m.main_edits, m.main_count);
	free_edits(m.master_edits, m.master_count);
	return rc;
}
