/*
 * table_lint.c - find entries of a table that cannot do what they look like
 *
 * Text sources are read line by line; for tables of rules the loader reports
 * the patterns, and only the right side is checked here.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_lint.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/table/pairs.h"
#include "lib/table/rules.h"
#include "lib/table/table.h"
#include "lib/table/table_circle.h"
#include "lib/table/table_lint_class.h"
#include "lib/table/table_report.h"
#include "lib/table/table_source.h"
#include "lib/table/table_tool.h"

void
lint_finding(struct lint *l, const char *fmt, ...)
{
	struct buf text = BUF_INIT, shown = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	buf_setf(&shown, "%s:%d: %s", l->path, l->line, text.ptr);
	table_report(l->r, shown.ptr, "file", l->path, "#line",
	    (long long)l->line, "finding", text.ptr, NULL);
	l->findings++;
	buf_done(&text);
	buf_done(&shown);
}

const char *
table_lint_class_at(size_t i)
{
	const struct lint_class *class = lint_class_at(i);

	return class != NULL ? class->name : NULL;
}

static void
remember(struct lint *l, const char *key, const char *value)
{
	struct buf folded = BUF_INIT;
	const struct pair *old;
	char line[16];

	text_fold(&folded, key);
	old = pairs_find(l->lines, folded.ptr, folded.len);
	if (old != NULL) {
		lint_finding(l, "\"%s\" stands in line %s already; this one is "
		    "not used", key, pair_value(old));
	} else {
		snprintf(line, sizeof(line), "%d", l->line);
		pairs_add(l->lines, folded.ptr, folded.len, line,
		    strlen(line));
		if (l->graph != NULL)
			circle_add(l->graph, key, value, l->path, l->line);
	}
	buf_done(&folded);
}

static int
lint_source(struct lint *l, struct err *err)
{
	struct source_entry e = { .is_alias = l->class->is_alias,
	    .has_utf8 = params.smtputf8_enable };
	struct table_source *source;
	int got;

	if ((source = table_source_open(l->path, -1, err)) == NULL)
		return -1;
	while ((got = table_source_entry(source, &e, err)) == 1) {
		l->line = e.line;
		l->class->key(l, e.key);
		l->class->value(l, e.value);
		remember(l, e.key, e.value);
	}
	l->findings += e.skipped;	/* the parser has said why */
	table_source_close(source);
	source_entry_done(&e);
	return got;
}

static void
lint_result(int line, const char *text, void *ctx)
{
	struct lint *l = ctx;

	l->line = line;
	l->class->value(l, text);
}

/* A table of rules: the loader knows its patterns. */
static int
lint_rules(struct lint *l, const char *name, struct err *err)
{
	unsigned before = rule_warnings();
	struct table *t = table_open(name, TABLE_READ, TABLE_UTF8, err);

	if (t == NULL)
		return -1;
	l->findings += (int)(rule_warnings() - before);
	table_each_result(t, lint_result, l);
	table_close(t);
	return 0;
}

/* A table that is written out in its name: its entries have numbers for lines. */
static int
lint_inline(struct lint *l, const char *name, struct err *err)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	struct table *t = table_open(name, TABLE_READ, TABLE_UTF8, err);
	enum table_result got;

	if (t == NULL)
		return -1;
	l->path = name;
	l->line = 0;
	while ((got = table_next(t, l->line == 0, &key, &value, err)) ==
	    TABLE_FOUND) {
		l->line++;
		l->class->key(l, key.ptr);
		l->class->value(l, value.ptr);
		remember(l, key.ptr, value.ptr);
	}
	table_close(t);
	buf_done(&key);
	buf_done(&value);
	return got == TABLE_NOT_FOUND ? 0 : -1;
}

static void
lint_rights(struct lint *l)
{
	struct stat st;

	l->line = 0;
	if (strcmp(l->class->name, "sasl") == 0 && stat(l->path, &st) == 0 &&
	    (st.st_mode & 044) != 0)
		lint_finding(l, "passwords that others may read: mode %03o",
		    st.st_mode & 0777);
}

/* Do tables of this type have rules with a text each? */
static bool
has_rules(const char *type)
{
	return strcmp(type, "cidr") == 0 || strcmp(type, "pcre") == 0 ||
	    strcmp(type, "regexp") == 0;
}

/* "type:file" as it is, or the class' own type for a bare file. */
static char *
typed_name(const struct lint_class *class, const char *name)
{
	bool is_checks = strcmp(class->name, "header-checks") == 0;
	struct buf full = BUF_INIT;

	if (strchr(name, ':') != NULL)
		return xstrdup(name);
	if (!is_checks && !has_rules(class->name))
		return table_tool_full_name(name);
	buf_setf(&full, "%s:%s", is_checks ? "regexp" : class->name, name);
	return buf_take(&full);
}

static int
lint_one(struct lint *l, const char *operand, struct err *err)
{
	char *full = typed_name(l->class, operand);
	char *type = xstrndup(full, strcspn(full, ":"));
	int rc;

	l->path = strchr(full, ':') + 1;
	l->lines = pairs_new();
	if (has_rules(type))
		rc = lint_rules(l, full, err);
	else if (strcmp(type, "inline") == 0)
		rc = lint_inline(l, full, err);
	else
		rc = lint_source(l, err);
	if (rc == 0)
		lint_rights(l);
	pairs_free(l->lines);
	free(type);
	free(full);
	return rc;
}

/* The sources of the other tables are there to lead through, not to judge. */
static void
add_others(struct lint *l)
{
	const char *list = params_lookup(l->class->circles);
	char *copy = xstrdup(list != NULL ? list : ""), *rest = copy, *name;
	struct source_entry e = { .is_alias = l->class->is_alias };
	struct table_source *source;

	while ((name = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		if (strchr(name, ':') == NULL || table_suffix(name) == NULL)
			continue;
		name = strchr(name, ':') + 1;
		if ((source = table_source_open(name, -1, NULL)) == NULL)
			continue;
		table_source_be_quiet(source);
		while (table_source_entry(source, &e, NULL) == 1)
			circle_add(l->graph, e.key, e.value, name, e.line);
		table_source_close(source);
	}
	source_entry_done(&e);
	free(copy);
}

static void
circle_found(const char *path, int line, const char *key, const char *way,
    void *ctx)
{
	struct lint *l = ctx;

	l->path = path;
	l->line = line;
	lint_finding(l, "\"%s\" leads back to itself by way of %s", key, way);
}

int
table_lint(const char *name, char **names, size_t count,
    const struct table_report *r, struct err *err)
{
	struct lint l = { .r = r };
	size_t i;
	int rc = 0;

	for (i = 0; (l.class = lint_class_at(i)) != NULL &&
	    strcmp(l.class->name, name) != 0; i++)
		;
	if (l.class == NULL)
		return err_set(err, ERR_CONFIG, "unknown class \"%s\"; "
		    "--lint help lists them", name);
	if (l.class->circles != NULL)
		l.graph = circle_new(l.class->is_alias);
	for (i = 0; i < count && rc == 0; i++)
		rc = lint_one(&l, names[i], err);
	if (rc == 0 && l.graph != NULL) {
		add_others(&l);
		circle_each(l.graph, circle_found, &l);
	}
	circle_free(l.graph);
	if (l.has_services)
		master_cf_done(&l.services);
	return rc == -1 ? -1 : l.findings;
}
