/*
 * shape.c - how long mail waits, by the values of one field
 *
 *	                      T   5  10  20  40  80 160 320 640 1280 1280+
 *	            TOTAL    42   2   ...
 *	      example.net    30
 *
 * Columns are ages in minutes: 5 counts what is up to five minutes old, 10
 * what is older than that and up to ten. A wave that moves to the right is a
 * destination that does not take mail; one on the left is fresh mail.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postqueue/shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "cmd/postqueue/output.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_message.h"

#define NAME_WIDTH	40
#define CELL_MIN	4

struct row {
	char		*name;
	int64_t		 total;
	int64_t		 count[SHAPE_BUCKETS_MAX];
	UT_hash_handle	 hh;
};

struct shape {
	const struct queue_field *field;
	struct shape_options options;
	int64_t		 upto[SHAPE_BUCKETS_MAX];	/* seconds; the last is open */
	size_t		 buckets;
	struct row	 all;
	struct row	*rows;
};

struct shape *
shape_new(const struct shape_options *options)
{
	const struct queue_field *f = queue_field_find(
	    options->field != NULL ? options->field : "rcpt.domain", false);
	struct shape *s;
	int64_t width = options->first_s, upto = 0;
	size_t i;

	if (f == NULL)
		return NULL;
	s = xcalloc(1, sizeof(*s));
	s->field = f;
	s->options = *options;
	s->buckets = (size_t)options->buckets;
	for (i = 0; i < s->buckets; i++) {
		/* 5, 10, 20, 40: each ends at twice the one before */
		if (__builtin_add_overflow(upto, width, &upto))
			upto = INT64_MAX;
		if (!options->is_linear && i > 0 && width < INT64_MAX / 2)
			width *= 2;
		s->upto[i] = upto;
	}
	return s;
}

static struct row *
find_row(struct shape *s, const char *name)
{
	struct row *r;

	HASH_FIND_STR(s->rows, name, r);
	if (r == NULL) {
		r = xcalloc(1, sizeof(*r));
		r->name = xstrdup(name);
		HASH_ADD_KEYPTR(hh, s->rows, r->name, strlen(r->name), r);
	}
	return r;
}

static size_t
bucket_of(const struct shape *s, int64_t age)
{
	size_t i = 0;

	while (i + 1 < s->buckets && age > s->upto[i])
		i++;
	return i;
}

static void
count(struct shape *s, struct queue_field_context *c, size_t rcpt,
    size_t bucket)
{
	struct queue_value v;
	struct buf name = BUF_INIT;
	struct row *r;
	const char *parent;

	queue_field_get(s->field, c, rcpt, 0, &v);
	queue_field_text(s->field, &v, &name);
	s->all.total++;
	s->all.count[bucket]++;
	parent = name.ptr;
	do {
		r = find_row(s, parent);
		r->total++;
		r->count[bucket]++;
		parent = strchr(parent, '.');
	} while (s->options.wants_parents && s->field->type == FIELD_DOMAIN &&
	    parent != NULL && *++parent != '\0');
	buf_done(&name);
}

void
shape_add(struct shape *s, struct queue_field_context *c)
{
	struct queue_message *m = c->m;
	size_t i, bucket;

	queue_message_want(m, QUEUE_MESSAGE_ENVELOPE, NULL);
	bucket = bucket_of(s, c->now - m->arrival.tv_sec);
	if (s->field->inner == NULL) {
		count(s, c, 0, bucket);
		return;
	}
	for (i = 0; i < m->rcpt_count; i++)
		count(s, c, i, bucket);
}

/* ---- printing ---- */

static int
by_total(struct row *a, struct row *b)
{
	if (a->total != b->total)
		return a->total < b->total ? 1 : -1;
	return strcmp(a->name, b->name);
}

static void
bucket_name(const struct shape *s, size_t i, struct buf *out)
{
	bool is_last = i + 1 == s->buckets;
	int64_t end = s->upto[is_last && i > 0 ? i - 1 : i];

	if (s->options.first_s % 60 == 0)
		buf_addf(out, "%lld", (long long)(end / 60));
	else
		buf_addf(out, "%llds", (long long)end);
	if (is_last)
		buf_addc(out, '+');
}

static void
put_row(const struct shape *s, const struct row *r, const char *name,
    enum query_format format, struct buf *out)
{
	struct buf text = BUF_INIT;
	char separator = format == FORMAT_CSV ? ',' : '\t';
	size_t i;

	if (format == FORMAT_TABLE) {
		text_visible(&text, name, NAME_WIDTH);
		buf_addf(out, "%*s %6lld", NAME_WIDTH, text.ptr,
		    (long long)r->total);
	} else if (format == FORMAT_JSONL) {
		buf_adds(out, "{\"v\": 1, ");
		json_member(out, s->field->name, name);
		buf_addf(out, ", \"total\": %lld, \"counts\": {",
		    (long long)r->total);
	} else {
		output_csv(out, name, format == FORMAT_TSV);
		buf_addf(out, "%c%lld", separator, (long long)r->total);
	}
	for (i = 0; i < s->buckets; i++) {
		buf_reset(&text);
		bucket_name(s, i, &text);
		if (format == FORMAT_TABLE)
			buf_addf(out, " %*lld", text.len > CELL_MIN ?
			    (int)text.len : CELL_MIN, (long long)r->count[i]);
		else if (format == FORMAT_JSONL)
			buf_addf(out, "%s\"%s\": %lld", i > 0 ? ", " : "",
			    text.ptr, (long long)r->count[i]);
		else
			buf_addf(out, "%c%lld", separator,
			    (long long)r->count[i]);
	}
	buf_adds(out, format == FORMAT_JSONL ? "}}\n" :
	    format == FORMAT_CSV ? "\r\n" : "\n");
	buf_done(&text);
}

static void
put_head(const struct shape *s, enum query_format format, struct buf *out)
{
	struct buf text = BUF_INIT;
	size_t i;

	if (format == FORMAT_JSONL)
		return;
	if (format == FORMAT_TABLE)
		buf_addf(out, "%*s %6s", NAME_WIDTH, "", "T");
	else
		buf_addf(out, "%s%ctotal", s->field->name,
		    format == FORMAT_CSV ? ',' : '\t');
	for (i = 0; i < s->buckets; i++) {
		buf_reset(&text);
		bucket_name(s, i, &text);
		if (format == FORMAT_TABLE)
			buf_addf(out, " %*s", CELL_MIN, text.ptr);
		else
			buf_addf(out, "%c%s", format == FORMAT_CSV ? ',' :
			    '\t', text.ptr);
	}
	buf_adds(out, format == FORMAT_CSV ? "\r\n" : "\n");
	buf_done(&text);
}

void
shape_print(struct shape *s, enum query_format format, int64_t top,
    struct buf *out)
{
	struct row *r, *next;

	put_head(s, format, out);
	put_row(s, &s->all, "TOTAL", format, out);
	HASH_SORT(s->rows, by_total);
	HASH_ITER(hh, s->rows, r, next) {
		if (top >= 0 && top-- == 0)
			break;
		put_row(s, r, r->name, format, out);
	}
}

void
shape_free(struct shape *s)
{
	struct row *r, *next;

	HASH_ITER(hh, s->rows, r, next) {
		HASH_DEL(s->rows, r);
		free(r->name);
		free(r);
	}
	free(s);
}
