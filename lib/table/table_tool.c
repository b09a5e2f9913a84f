/*
 * table_tool.c - what postmap and postalias tell of tables: find, list
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_tool.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/table/table_value.h"

char *
table_tool_full_name(const char *name)
{
	struct buf full = BUF_INIT;

	if (strchr(name, ':') != NULL)
		return xstrdup(name);
	buf_setf(&full, "%s:%s", params.default_database_type, name);
	return buf_take(&full);
}

int
table_tool_failed(const char *table, const char *what, struct err *err)
{
	if (err != NULL &&
	    (err->kind == ERR_RETRY || err->kind == ERR_SYSTEM))
		err_prefix(err, "table %s: %s error%s", table, what,
		    err->text[0] != '\0' ? ": " : "");
	return -1;
}

void
table_tool_list_init(struct table_tool_list *list,
    const struct table_tool *tool, char **names, size_t count)
{
	list->tool = tool;
	list->names = names;
	list->count = count;
	list->is_held = false;
	list->tables = xcalloc(count + 1, sizeof(*list->tables));
}

/* Taking 10,000 patterns apart takes a third as long as making them. */
void
table_tool_list_done(struct table_tool_list *list)
{
	free(list->tables);
}

static struct table *
table_of(struct table_tool_list *list, size_t i, struct err *err)
{
	char *name;

	if (list->tables[i] == NULL) {
		name = table_tool_full_name(list->names[i]);
		list->tables[i] = table_open(name, TABLE_READ,
		    list->tool->flags, err);
		free(name);
		if (list->is_held && list->tables[i] != NULL)
			table_hold(list->tables[i], true);
	}
	return list->tables[i];
}

void
table_tool_list_hold(struct table_tool_list *list, bool on)
{
	size_t i;

	list->is_held = on;
	for (i = 0; i < list->count; i++)
		if (list->tables[i] != NULL)
			table_hold(list->tables[i], on);
}

int
table_tool_list_is_sorted(struct table_tool_list *list, struct err *err)
{
	const struct table *t;

	if (list->count == 0)
		return 0;
	t = table_of(list, 0, err);
	return t == NULL ? -1 : table_is_sorted(t);
}

static void
warn_empty_value(const struct table *t, const char *key)
{
	log_warning("table %s: key %s: empty string result is not allowed",
	    table_name(t), key);
	log_warning("table %s should return NO RESULT in case of NOT FOUND",
	    table_name(t));
}

int
table_tool_find(struct table_tool_list *list, const char *key,
    struct buf *value, struct err *err)
{
	struct table *t;
	size_t i;

	for (i = 0; i < list->count; i++) {
		if ((t = table_of(list, i, err)) == NULL)
			return -1;
		switch (table_lookup(t, key, value, err)) {
		case TABLE_NOT_FOUND:
			continue;
		case TABLE_FOUND:
			if (value->len == 0)
				warn_empty_value(t, key);
			return 1;
		case TABLE_RETRY:
		case TABLE_BROKEN:
			return table_tool_failed(table_name(t), "query", err);
		}
	}
	return 0;
}

int
table_tool_query(struct table_tool_list *list, const char *key, FILE *out,
    struct err *err)
{
	struct buf value = BUF_INIT;
	int found = table_tool_find(list, key, &value, err);

	if (found == 1 && list->tool->is_json)
		table_tool_print(list->tool, out, key, value.ptr);
	else if (found == 1)
		fprintf(out, "%s\n", value.ptr);
	buf_done(&value);
	return found == -1 ? -1 : !found;
}

void
table_tool_put(const struct table_tool *tool, struct buf *out,
    const char *key, const char *value)
{
	if (tool->is_json) {
		buf_addc(out, '{');
		json_put_string(out, key);
		buf_adds(out, ": ");
		json_put_string(out, value);
		buf_adds(out, "}\n");
		return;
	}
	buf_adds(out, key);
	buf_adds(out, tool->is_alias ? ":\t" : "\t");
	buf_adds(out, value);
	buf_addc(out, '\n');
}

void
table_tool_print(const struct table_tool *tool, FILE *out, const char *key,
    const char *value)
{
	struct buf line = BUF_INIT;

	table_tool_put(tool, &line, key, value);
	fwrite(line.ptr, 1, line.len, out);
	buf_done(&line);
}

int
table_tool_list_all(struct table_tool_list *list, FILE *out, struct err *err)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	enum table_result rc;
	struct table *t;
	bool first = true;

	if ((t = table_of(list, 0, err)) == NULL)
		return -1;
	while ((rc = table_next(t, first, &key, &value, err)) == TABLE_FOUND) {
		first = false;
		if ((list->tool->flags & TABLE_VALUE_IS_FILE) != 0 &&
		    !table_value_decode(&value))
			log_warning("table %s: key %s: malformed BASE64 "
			    "value: %.30s", table_name(t), key.ptr, value.ptr);
		if (key.len == 0)
			log_warning("table %s: empty lookup key value is not "
			    "allowed", table_name(t));
		else if (value.len == 0)
			warn_empty_value(t, key.ptr);
		table_tool_print(list->tool, out, key.ptr, value.ptr);
	}
	buf_done(&key);
	buf_done(&value);
	if (rc == TABLE_NOT_FOUND)
		return 0;
	return table_tool_failed(table_name(t), "sequence", err);
}
