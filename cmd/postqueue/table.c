/*
 * table.c - rows for people: columns that fit the terminal
 *
 * Columns of numbers have the width that numbers need; those of text share
 * what is left of the line by weight.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postqueue/table.h"

#include <string.h>

#include <uniwidth.h>

#include "lib/base/buf.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_field.h"

#define ELLIPSIS	"\xe2\x80\xa6"

/* ---- text in a width ---- */

/* Columns of the character at p, whose length is *n; broken ones take one. */
static size_t
char_width(const char *p, size_t *n)
{
	unsigned code;
	int width;

	*n = text_char(p, &code);
	if (*n == 0) {
		*n = 1;
		return 1;
	}
	width = uc_width(code, "UTF-8");
	return width < 0 ? 0 : (size_t)width;
}

/* Columns of a terminal that visible text takes. */
static size_t
table_width(const char *text)
{
	size_t sum = 0, n;

	for (; *text != '\0'; text += n)
		sum += char_width(text, &n);
	return sum;
}

/* Bytes of the longest start of text that takes at most width columns. */
static size_t
head_len(const char *text, size_t width, size_t *taken)
{
	const char *p = text;
	size_t sum = 0, n, w;

	while (*p != '\0' && sum + (w = char_width(p, &n)) <= width) {
		sum += w;
		p += n;
	}
	*taken = sum;
	return (size_t)(p - text);
}

/* The longest end of text that takes at most width columns. */
static const char *
tail_of(const char *text, size_t width, size_t *taken)
{
	size_t sum = table_width(text), n, w;

	while (sum > width) {
		w = char_width(text, &n);
		sum -= w;
		text += n;
	}
	*taken = sum;
	return text;
}

/* Visible text cut to width; returns the columns that were taken. */
static size_t
put_cut(const char *text, size_t width, bool in_middle, struct buf *out)
{
	size_t have = table_width(text), len, head, tail = 0, want;
	const char *end = "";

	if (have <= width) {
		buf_adds(out, text);
		return have;
	}
	want = in_middle ? (width - 1) / 2 : width - 1;
	len = head_len(text, want, &head);
	buf_add(out, text, len);
	buf_adds(out, ELLIPSIS);
	if (in_middle)
		end = tail_of(text, width - 1 - head, &tail);
	buf_adds(out, end);
	return head + 1 + tail;
}

static void
put_fitted(const char *text, size_t width, bool is_right, bool in_middle,
    struct buf *out)
{
	struct buf seen = BUF_INIT, cut = BUF_INIT;
	size_t have;

	text_visible(&seen, text, 0);
	have = put_cut(seen.ptr, width, in_middle, &cut);
	if (is_right && have < width)
		buf_addf(out, "%*s", (int)(width - have), "");
	buf_add(out, cut.ptr, cut.len);
	if (!is_right && have < width)
		buf_addf(out, "%*s", (int)(width - have), "");
	buf_done(&seen);
	buf_done(&cut);
}

void
table_pad(const char *text, size_t width, bool is_right, struct buf *out)
{
	put_fitted(text, width, is_right, false, out);
}

/* ---- columns ---- */

static bool
is_right(const struct queue_field *f)
{
	return f->type == FIELD_NUMBER || f->type == FIELD_SIZE ||
	    f->type == FIELD_DURATION;
}

struct room {
	size_t	least;		/* no less is of any use */
	size_t	usual;		/* without a terminal */
	size_t	weight;		/* of what is left of a line; 0: least is enough */
};

static struct room
room_of(const struct table_layout *t, const struct queue_field *f)
{
	switch (f->type) {
	case FIELD_ADDRESS: return (struct room){ 12, 28, 2 };
	case FIELD_DOMAIN: return (struct room){ 10, 24, 2 };
	case FIELD_TIME: return (struct room){ 19, 19, 0 };
	case FIELD_DURATION: return (struct room){ 6, 6, 0 };
	case FIELD_SIZE: return (struct room){ 5, 5, 0 };
	case FIELD_NUMBER: return (struct room){ 5, 5, 0 };
	case FIELD_QUEUE:
		return t->is_usual ? (struct room){ 1, 1, 0 } :
		    (struct room){ 8, 8, 0 };
	case FIELD_CLASS: return (struct room){ 14, 14, 0 };
	case FIELD_FLAG: return (struct room){ strlen(f->name),
	    strlen(f->name), 0 };
	case FIELD_IP: return (struct room){ 15, 15, 1 };
	case FIELD_TEXT: break;
	}
	if (strcmp(f->name, "id") == 0)
		return params.enable_long_queue_ids ?
		    (struct room){ 17, 17, 0 } : (struct room){ 12, 12, 0 };
	if (strcmp(f->name, "reason") == 0 ||
	    strcmp(f->name, "signature") == 0)
		return (struct room){ 12, 60, 4 };
	return (struct room){ 8, strcmp(f->name, "subject") == 0 ? 40 : 20,
	    2 };
}

static size_t
least_width(const struct table_layout *t, size_t *weights)
{
	size_t i, sum = 0;
	struct room r;

	*weights = 0;
	for (i = 0; i < t->count; i++) {
		r = room_of(t, t->columns[i].field);
		sum += r.least + (i > 0);
		*weights += r.weight;
	}
	return sum;
}

static void
drop_column(struct table_layout *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		if (strcmp(t->columns[i].field->name, name) == 0)
			break;
	if (i == t->count)
		return;
	t->count--;
	memmove(&t->columns[i], &t->columns[i + 1],
	    (t->count - i) * sizeof(t->columns[0]));
}

void
table_fit(struct table_layout *t, size_t width)
{
	static const char *const order[] = { "class", "size", "wait",
	    "nrcpt", "rcpt" };
	size_t i, least, weights, left, share;
	struct room r;

	least = least_width(t, &weights);
	for (i = 0; width > 0 && t->is_usual && least > width &&
	    i < sizeof(order) / sizeof(order[0]); i++) {
		drop_column(t, order[i]);
		least = least_width(t, &weights);
	}
	left = width > least ? width - least : 0;
	for (i = 0; i < t->count; i++) {
		r = room_of(t, t->columns[i].field);
		share = weights > 0 ? left * r.weight / weights : 0;
		left -= share;
		weights -= r.weight;
		t->columns[i].width = width > 0 ? r.least + share : r.usual;
	}
	if (width == 0 && t->count > 0 && r.weight > 0)
		t->columns[t->count - 1].width = 0;
}

void
table_head(const struct table_layout *t, struct buf *out)
{
	const struct table_column *c;
	size_t i;

	if (t->has_color)
		buf_adds(out, "\x1b[1m");
	for (i = 0; i < t->count; i++) {
		c = &t->columns[i];
		if (i > 0)
			buf_addc(out, ' ');
		if (i + 1 == t->count && !is_right(c->field))
			buf_adds(out, c->title);
		else
			table_pad(c->title, c->width, is_right(c->field), out);
	}
	buf_adds(out, t->has_color ? "\x1b[0m\n" : "\n");
}

void
table_cell(const struct table_layout *t, size_t i, const char *text,
    struct buf *out)
{
	const struct table_column *c = &t->columns[i];
	struct buf seen = BUF_INIT;

	if (i > 0)
		buf_addc(out, ' ');
	/* Half an ID is of no use: rather a line that is out of step. */
	if (strcmp(c->field->name, "id") == 0 && strlen(text) > c->width) {
		buf_adds(out, text);
		return;
	}
	if (i + 1 < t->count || is_right(c->field)) {
		put_fitted(text, c->width, is_right(c->field),
		    c->field->type == FIELD_ADDRESS, out);
		return;
	}
	/* The last has no blanks behind it. */
	text_visible(&seen, text, 0);
	if (c->width == 0)
		buf_add(out, seen.ptr, seen.len);
	else
		put_cut(seen.ptr, c->width, c->field->type == FIELD_ADDRESS,
		    out);
	buf_done(&seen);
}
