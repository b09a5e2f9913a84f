/*
 * output.c - one message as a row or an object, safe to show
 *
 * Whatever stands in a message came from a stranger: to a terminal only
 * visible characters go, to a program only valid UTF-8.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postqueue/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_jsonl.h"
#include "lib/queue/queue_message.h"

void
output_write(struct buf *out)
{
	if (file_write_all(STDOUT_FILENO, out->ptr, out->len) == -1) {
		if (errno == EPIPE)
			exit(QUERY_DONE);
		log_fatal("output write error: %s", strerror(errno));
	}
	buf_reset(out);
}

void
output_csv(struct buf *out, const char *text, bool is_tsv)
{
	if (is_tsv)
		text_visible(out, text, 0);
	else
		text_csv(out, text);
}

/* ---- columns ---- */

/* What a person reads over the columns that are there by themselves. */
static const struct {
	const char	*name, *title;
} usual[] = {
	{ "id", "ID" }, { "queue", "Q" }, { "age", "Age" },
	{ "wait", "Next" }, { "size", "Size" }, { "nrcpt", "Rcpts" },
	{ "sender", "Sender" }, { "rcpt", "Recipient" },
	{ "class", "Class" }, { "reason", "Reason" },
};

static int
add_column(struct output *o, const char *name, const char *title,
    struct err *err)
{
	const struct queue_field *f = queue_field_find(name, false);

	if (f == NULL)
		return err_set(err, ERR_SYNTAX, "unknown field \"%s\"", name);
	if (o->count == TABLE_COLUMNS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d columns",
		    TABLE_COLUMNS_MAX);
	o->table.columns[o->count].field = f;
	o->table.columns[o->count].title = title != NULL ? title : f->name;
	o->columns[o->count++] = f;
	return 0;
}

int
output_set_columns(struct output *o, const char *list, size_t width,
    bool has_color, struct err *err)
{
	char *copy = xstrdup(list != NULL ? list : ""), *rest = copy, *word;
	size_t i;
	int rc = 0;

	o->count = 0;
	while (rc == 0 && (word = text_split(&rest, TEXT_LIST_SEP)) != NULL)
		rc = add_column(o, word, NULL, err);
	for (i = 0; list == NULL && i < sizeof(usual) / sizeof(usual[0]); i++)
		add_column(o, usual[i].name, usual[i].title, err);
	free(copy);
	o->table.count = o->count;
	o->table.is_usual = list == NULL;
	o->table.has_color = has_color;
	if (o->has_events && width > 0)
		width = width > 28 ? width - 8 : 20;
	table_fit(&o->table, width);
	return rc;
}

static char
separator(const struct output *o)
{
	return o->format == FORMAT_CSV ? ',' : '\t';
}

static void
end_row(const struct output *o, struct buf *out)
{
	buf_adds(out, o->format == FORMAT_CSV ? "\r\n" : "\n");
}

void
output_head(const struct output *o, struct buf *out)
{
	size_t i;

	if (o->format == FORMAT_TABLE) {
		if (o->has_events)
			buf_addf(out, "%-8s", "Event");
		table_head(&o->table, out);
		return;
	}
	if (o->format != FORMAT_CSV && o->format != FORMAT_TSV)
		return;
	if (o->has_events)
		buf_addf(out, "event%c", separator(o));
	for (i = 0; i < o->count; i++) {
		if (i > 0)
			buf_addc(out, separator(o));
		buf_adds(out, o->columns[i]->name);
	}
	end_row(o, out);
}

/* ---- values ---- */

/* As people read it: the first recipient, and how many more there are. */
static void
value_shown(const struct output *o, size_t i, struct queue_field_context *c,
    struct buf *out)
{
	const struct queue_field *f = o->table.columns[i].field;
	const char *queue = c->m->queue;
	struct queue_value v;

	queue_field_get(f, c, 0, 0, &v);
	if (f->type == FIELD_QUEUE && o->table.is_usual) {
		buf_addc(out, strcmp(queue, "maildrop") == 0 ? 'M' :
		    queue[0] - 'a' + 'A');
		return;
	}
	if (strcmp(f->name, "wait") == 0 && v.kind == VALUE_NUMBER &&
	    v.number == 0) {		/* due, or nothing to wait for */
		queue_field_get(queue_field_find("due", false), c, 0, 0, &v);
		buf_adds(out, v.kind == VALUE_NUMBER && v.number != 0 ?
		    "due" : "-");
		return;
	}
	queue_field_text(f, &v, out);
	if (f->type == FIELD_ADDRESS && f->inner != NULL &&
	    c->m->rcpt_count > 1)
		buf_addf(out, " (+%zu)", c->m->rcpt_count - 1);
}

/* Exactly, and of all recipients or header fields of that name. */
static void
value_exact(const struct queue_field *f, struct queue_field_context *c,
    struct buf *out)
{
	struct queue_value v;
	size_t rcpt, nth, rcpts = 1, n = 0;

	queue_field_get(f, c, 0, 0, &v);	/* counts recipients */
	if (f->inner != NULL)
		rcpts = c->m->rcpt_count;
	for (rcpt = 0; rcpt < rcpts; rcpt++)
		for (nth = 0; ; nth++) {
			queue_field_get(f, c, rcpt, nth, &v);
			if (v.kind != VALUE_TEXT && v.kind != VALUE_NUMBER)
				break;
			if (n++ > 0)
				buf_addc(out, ' ');
			if (v.kind == VALUE_NUMBER)
				buf_addi(out, v.number);
			else
				queue_field_text(f, &v, out);
			if (v.kind == VALUE_NUMBER)
				break;
		}
}

static void
put_table_row(const struct output *o, struct queue_field_context *c,
    const char *event, struct buf *out)
{
	const char *color = "";
	struct buf text = BUF_INIT;
	struct queue_value v;
	size_t i;

	if (o->table.has_color) {
		queue_field_get(queue_field_find("dying", false), c, 0, 0, &v);
		color = v.kind == VALUE_NUMBER && v.number != 0 ? "\x1b[31m" :
		    strcmp(c->m->queue, "hold") == 0 ? "\x1b[33m" : "";
		buf_adds(out, color);
	}
	if (o->has_events)
		buf_addf(out, "%-8s", event);
	for (i = 0; i < o->table.count; i++) {
		buf_reset(&text);
		value_shown(o, i, c, &text);
		table_cell(&o->table, i, text.ptr, out);
	}
	buf_adds(out, color[0] != '\0' ? "\x1b[0m\n" : "\n");
	buf_done(&text);
}

static void
put_row(const struct output *o, struct queue_field_context *c,
    const char *event, struct buf *out)
{
	struct buf text = BUF_INIT;
	size_t i;

	if (o->has_events)
		buf_addf(out, "%s%c", event, separator(o));
	for (i = 0; i < o->count; i++) {
		if (i > 0)
			buf_addc(out, separator(o));
		buf_reset(&text);
		value_exact(o->columns[i], c, &text);
		output_csv(out, text.ptr, o->format == FORMAT_TSV);
	}
	end_row(o, out);
	buf_done(&text);
}

static void
put_object(const struct output *o, struct queue_field_context *c,
    const char *event, struct buf *out)
{
	size_t from = out->len;

	queue_jsonl_put(out, c, o->columns, o->count);
	if (o->has_events && event[0] != '\0') {
		buf_truncate(out, out->len - 2);
		buf_adds(out, ", ");
		json_member(out, "event", event);
		buf_adds(out, "}\n");
	}
	if (c->m->is_gone)
		buf_truncate(out, from);
}

void
output_message(const struct output *o, struct queue_field_context *c,
    const char *event, struct buf *out)
{
	switch (o->format) {
	case FORMAT_IDS:
		buf_adds(out, c->m->id);
		buf_addc(out, '\n');
		break;
	case FORMAT_IDS0:
		buf_adds(out, c->m->id);
		buf_addc(out, '\0');
		break;
	case FORMAT_JSONL:
		put_object(o, c, event, out);
		break;
	case FORMAT_TABLE:
		put_table_row(o, c, event, out);
		break;
	default:
		put_row(o, c, event, out);
		break;
	}
}
