/*
 * output.c - one message as a row or an object, safe to show
 *
 * Whatever stands in a message came from a stranger: to a terminal only
 * visible characters go, to a program only valid UTF-8.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postqueue/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_jsonl.h"
#include "lib/queue/queue_message.h"

/* ---- text ---- */

void
output_csv(struct buf *out, const char *text, bool is_tsv)
{
	if (is_tsv) {
		text_visible(out, text, 0);
		return;
	}
	if (strpbrk(text, ",\"\r\n") == NULL) {
		buf_adds(out, text);
		return;
	}
	buf_addc(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			buf_addc(out, '"');
		buf_addc(out, *text);
	}
	buf_addc(out, '"');
}

/* ---- columns ---- */

const char *
output_set_columns(struct output *o, const char *list)
{
	static const char usual[] =
	    "id,queue,age,wait,size,nrcpt,sender,rcpt,class,reason";
	static char *copy;
	char *rest, *word;

	free(copy);
	o->has_columns = list != NULL;
	rest = copy = xstrdup(list != NULL ? list : usual);
	o->count = 0;
	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		if (o->count == OUTPUT_COLUMNS_MAX ||
		    (o->columns[o->count++] = queue_field_find(word,
		    false)) == NULL)
			return word;
	}
	return NULL;
}

static size_t
column_width(const struct queue_field *f)
{
	switch (f->type) {
	case FIELD_ADDRESS: return 28;
	case FIELD_DOMAIN: return 24;
	case FIELD_TIME: return 19;
	case FIELD_DURATION: return 7;
	case FIELD_SIZE: return 6;
	case FIELD_NUMBER: return 5;
	case FIELD_QUEUE: return 8;
	case FIELD_CLASS: return 14;
	case FIELD_FLAG: return 4;
	case FIELD_IP: return 15;
	case FIELD_TEXT: break;
	}
	return strcmp(f->name, "id") == 0 ? 16 :
	    strcmp(f->name, "subject") == 0 ? 40 :
	    strcmp(f->name, "reason") == 0 ? 60 : 20;
}

static bool
is_right(const struct queue_field *f)
{
	return f->type == FIELD_NUMBER || f->type == FIELD_SIZE ||
	    f->type == FIELD_DURATION;
}

size_t
output_length(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static void
put_cell(struct buf *out, const struct queue_field *f, const char *text,
    bool is_last)
{
	struct buf cell = BUF_INIT;
	size_t width = column_width(f), have;

	text_visible(&cell, text, is_last ? 0 : width);
	have = output_length(cell.ptr);
	if (is_right(f) && have < width)
		buf_addf(out, "%*s", (int)(width - have), "");
	buf_add(out, cell.ptr, cell.len);
	if (!is_last && !is_right(f) && have < width)
		buf_addf(out, "%*s", (int)(width - have), "");
	if (!is_last)
		buf_addc(out, ' ');
	buf_done(&cell);
}

static void
end_row(const struct output *o, struct buf *out, size_t from)
{
	struct buf row = BUF_INIT;

	if (o->width > 0 && output_length(out->ptr + from) > o->width) {
		text_visible(&row, out->ptr + from, o->width);
		buf_truncate(out, from);
		buf_add(out, row.ptr, row.len);
		buf_done(&row);
	}
	buf_addc(out, '\n');
}

void
output_head(const struct output *o, struct buf *out)
{
	size_t i, from = out->len;

	if (o->format != FORMAT_TABLE && o->format != FORMAT_CSV &&
	    o->format != FORMAT_TSV)
		return;
	for (i = 0; i < o->count; i++) {
		if (o->format == FORMAT_TABLE) {
			put_cell(out, o->columns[i], o->columns[i]->name,
			    i + 1 == o->count);
			continue;
		}
		if (i > 0)
			buf_addc(out, o->format == FORMAT_CSV ? ',' : '\t');
		buf_adds(out, o->columns[i]->name);
	}
	if (o->format == FORMAT_TABLE)
		end_row(o, out, from);
	else
		buf_adds(out, o->format == FORMAT_CSV ? "\r\n" : "\n");
}

/*
 * A value as text. people: the way people read it, the first recipient and
 * how many more; else exact, with all recipients.
 */
static void
column_text(const struct queue_field *f, struct queue_field_context *c,
    bool people, struct buf *out)
{
	struct queue_value v;
	size_t i, n;

	n = 1;
	if (f->inner != NULL) {
		queue_field_get(f, c, 0, 0, &v);	/* counts recipients */
		n = c->m->rcpt_count;
	}
	for (i = 0; i < n && (i == 0 || !people); i++) {
		queue_field_get(f, c, i, 0, &v);
		if (i > 0)
			buf_addc(out, ' ');
		if (!people && v.kind == VALUE_NUMBER)
			buf_addf(out, "%lld", (long long)v.number);
		else if (people || v.kind == VALUE_TEXT)
			queue_field_text(f, &v, out);
	}
	if (people && n > 1 && f->type == FIELD_ADDRESS)
		buf_addf(out, " (+%zu)", n - 1);
}

static void
put_row(const struct output *o, struct queue_field_context *c,
    struct buf *out)
{
	struct buf text = BUF_INIT;
	size_t i, from = out->len;

	for (i = 0; i < o->count; i++) {
		buf_reset(&text);
		column_text(o->columns[i], c, o->format == FORMAT_TABLE, &text);
		if (o->format == FORMAT_TABLE) {
			put_cell(out, o->columns[i], text.ptr,
			    i + 1 == o->count);
			continue;
		}
		if (i > 0)
			buf_addc(out, o->format == FORMAT_CSV ? ',' : '\t');
		output_csv(out, text.ptr, o->format == FORMAT_TSV);
	}
	if (o->format == FORMAT_TABLE)
		end_row(o, out, from);
	else
		buf_adds(out, o->format == FORMAT_CSV ? "\r\n" : "\n");
	buf_done(&text);
}

void
output_message(const struct output *o, struct queue_field_context *c,
    struct buf *out)
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
		queue_jsonl_put(out, c, o->columns, o->count);
		break;
	default:
		put_row(o, c, out);
		break;
	}
}
