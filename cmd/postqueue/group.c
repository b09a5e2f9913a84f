/*
 * group.c - messages counted by the values of some fields
 *
 * A message with recipients in several groups counts once in each; its bytes
 * too.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postqueue/group.h"

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
#include "lib/queue/queue_reason.h"

#define FIELDS_MAX	8
#define SEPARATOR	'\x1f'	/* between the values of a key */

struct group {
	char		*key;
	int64_t		 messages, recipients, bytes, due;
	time_t		 oldest, newest;
	uint64_t	 last_message;	/* serial number of the last one counted */
	unsigned	 classes[REASON_COUNT];
	UT_hash_handle	 hh;
};

struct groups {
	const struct queue_field *fields[FIELDS_MAX];
	size_t		 field_count;
	bool		 is_short, has_rcpt_field, is_by_entry;
	struct group	*list;
	uint64_t	 messages;
	time_t		 now;
	struct buf	 key;
};

struct groups *
groups_new(const char *fields, bool is_short, const char **bad)
{
	struct groups *g = xcalloc(1, sizeof(*g));
	char *copy = xstrdup(fields != NULL ? fields : ""), *rest = copy;
	static char name[64];
	char *word;
	bool is_bad = false;

	buf_init(&g->key);
	g->is_short = is_short;
	while (!is_bad && (word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		is_bad = g->field_count == FIELDS_MAX ||
		    (g->fields[g->field_count++] = queue_field_find(word,
		    false)) == NULL;
		if (is_bad)
			snprintf(name, sizeof(name), "%s", word);
		else if (g->fields[g->field_count - 1]->inner != NULL)
			g->has_rcpt_field = true;
	}
	free(copy);
	if (!is_bad)
		return g;
	*bad = name;
	groups_free(g);
	return NULL;
}

void
groups_free(struct groups *g)
{
	struct group *one, *next;

	HASH_ITER(hh, g->list, one, next) {
		HASH_DEL(g->list, one);
		free(one->key);
		free(one);
	}
	buf_done(&g->key);
	free(g);
}

static struct group *
find_group(struct groups *g)
{
	struct group *one;

	HASH_FIND(hh, g->list, g->key.ptr, g->key.len, one);
	if (one == NULL) {
		one = xcalloc(1, sizeof(*one));
		one->key = xmemdup(g->key.ptr, g->key.len + 1);
		HASH_ADD_KEYPTR(hh, g->list, one->key, g->key.len, one);
	}
	return one;
}

static void
make_key(struct groups *g, struct queue_field_context *c, size_t rcpt)
{
	struct queue_value v;
	size_t i;

	buf_reset(&g->key);
	for (i = 0; i < g->field_count; i++) {
		if (i > 0)
			buf_addc(&g->key, SEPARATOR);
		queue_field_get(g->fields[i], c, rcpt, 0, &v);
		queue_field_text(g->fields[i], &v, &g->key);
	}
}

static void
count_message(struct groups *g, struct group *one,
    struct queue_field_context *c)
{
	const struct queue_message *m = c->m;
	struct queue_value v;

	if (one->last_message == g->messages)
		return;
	one->last_message = g->messages;
	if (one->messages++ == 0 || m->arrival.tv_sec < one->oldest)
		one->oldest = m->arrival.tv_sec;
	if (m->arrival.tv_sec > one->newest)
		one->newest = m->arrival.tv_sec;
	one->bytes += g->is_by_entry ? (int64_t)m->st.st_size : m->size;
	queue_field_get(queue_field_find("due", false), c, 0, 0, &v);
	one->due += v.kind == VALUE_NUMBER && v.number != 0;
}

void
groups_add_entry(struct groups *g, struct queue_field_context *c)
{
	g->messages++;
	g->now = c->now;
	g->is_by_entry = true;
	make_key(g, c, 0);
	count_message(g, find_group(g), c);
}

void
groups_add(struct groups *g, struct queue_field_context *c)
{
	const struct queue_message_rcpt *r;
	struct queue_message *m = c->m;
	struct group *one = NULL;
	size_t i;

	g->messages++;
	g->now = c->now;
	queue_message_want(m, g->is_short ? QUEUE_MESSAGE_ENVELOPE :
	    QUEUE_MESSAGE_REASONS, NULL);
	if (!g->has_rcpt_field || m->rcpt_count == 0) {
		make_key(g, c, 0);
		one = find_group(g);
		count_message(g, one, c);
	}
	for (i = 0; i < m->rcpt_count; i++) {
		if (g->has_rcpt_field) {
			make_key(g, c, i);
			one = find_group(g);
			count_message(g, one, c);
		}
		one->recipients++;
		r = &m->rcpts[i];
		if (!g->is_short)
			one->classes[queue_reason_classify(r->reason, r->dsn,
			    NULL)]++;
	}
}

/* ---- printing ---- */

static int
by_size(struct group *a, struct group *b)
{
	if (a->messages != b->messages)
		return a->messages < b->messages ? 1 : -1;
	return strcmp(a->key, b->key);
}

static const char *
top_class(const struct group *one)
{
	int i, top = REASON_NONE;

	for (i = REASON_NONE + 1; i < REASON_COUNT; i++)
		if (one->classes[i] > one->classes[top] ||
		    (top == REASON_NONE && one->classes[i] > 0))
			top = i;
	return queue_reason_class_name((enum queue_reason_class)top);
}

static void
put_number(struct buf *out, enum query_format format, const char *name,
    const char *type_of, int64_t n)
{
	const struct queue_field *f = queue_field_find(type_of, false);
	struct queue_value v = { VALUE_NUMBER, NULL, n };
	struct buf text = BUF_INIT;

	if (format == FORMAT_JSONL) {
		buf_addf(out, ", \"%s\": %lld", name, (long long)n);
	} else if (format == FORMAT_TABLE) {
		queue_field_text(f, &v, &text);
		buf_addf(out, "%10s ", text.ptr);
	} else {
		buf_addf(out, "%c%lld", format == FORMAT_CSV ? ',' : '\t',
		    (long long)n);
	}
	buf_done(&text);
}

/* The values of the key, last in a table, first elsewhere. */
static void
put_key(const struct groups *g, const struct group *one,
    enum query_format format, struct buf *out)
{
	char *copy = xstrdup(one->key), *rest = copy, *value;
	const char separator[] = { SEPARATOR, '\0' };
	size_t i;

	for (i = 0; i < g->field_count; i++) {
		value = strsep(&rest, separator);
		if (format == FORMAT_JSONL) {
			buf_adds(out, ", ");
			json_member(out, g->fields[i]->name, value);
		} else if (format == FORMAT_TABLE) {
			buf_addc(out, ' ');
			text_visible(out, value[0] != '\0' ? value : "-", 0);
		} else {
			if (i > 0)
				buf_addc(out, format == FORMAT_CSV ? ',' :
				    '\t');
			output_csv(out, value, format == FORMAT_TSV);
		}
	}
	free(copy);
}

static void
put_group(const struct groups *g, const struct group *one,
    enum query_format format, struct buf *out)
{
	size_t from = out->len;

	if (format == FORMAT_JSONL)
		buf_adds(out, "{\"v\": 1");
	if (format != FORMAT_TABLE)
		put_key(g, one, format, out);
	put_number(out, format, "messages", "nrcpt", one->messages);
	if (!g->is_by_entry)
		put_number(out, format, "recipients", "nrcpt",
		    one->recipients);
	put_number(out, format, "bytes", "size", one->bytes);
	if (!g->is_short) {
		put_number(out, format, "oldest_age", "age",
		    g->now - one->oldest);
		put_number(out, format, "newest_age", "age",
		    g->now - one->newest);
		put_number(out, format, "due", "nrcpt", one->due);
		if (format == FORMAT_JSONL) {
			buf_adds(out, ", ");
			json_member(out, "top_class", top_class(one));
		} else if (format == FORMAT_TABLE) {
			buf_addf(out, "%-14s", top_class(one));
		} else {
			buf_addf(out, "%c%s", format == FORMAT_CSV ? ',' :
			    '\t', top_class(one));
		}
	}
	if (format == FORMAT_TABLE)
		put_key(g, one, format, out);
	if (g->field_count == 0 && (format == FORMAT_CSV ||
	    format == FORMAT_TSV))
		buf_delete(out, from, 1);	/* nothing stands before it */
	buf_adds(out, format == FORMAT_JSONL ? "}\n" :
	    format == FORMAT_CSV ? "\r\n" : "\n");
}

static void
put_head(const struct groups *g, enum query_format format, struct buf *out)
{
	static const char *const names[] = { "messages", "recipients",
	    "bytes", "oldest", "newest", "due" };
	size_t i, n = g->is_short ? 3 : 6, from = out->len;
	char separator = format == FORMAT_CSV ? ',' : '\t';

	if (format == FORMAT_JSONL)
		return;
	if (format != FORMAT_TABLE)
		for (i = 0; i < g->field_count; i++)
			buf_addf(out, "%s%s", i > 0 ? format == FORMAT_CSV ?
			    "," : "\t" : "", g->fields[i]->name);
	for (i = 0; i < n; i++) {
		if (g->is_by_entry && i == 1)
			continue;
		if (format == FORMAT_TABLE)
			buf_addf(out, "%10s ", names[i]);
		else
			buf_addf(out, "%c%s", separator, names[i]);
	}
	if (!g->is_short) {
		if (format == FORMAT_TABLE)
			buf_addf(out, "%-14s", "class");
		else
			buf_addf(out, "%cclass", separator);
	}
	if (format == FORMAT_TABLE)
		for (i = 0; i < g->field_count; i++)
			buf_addf(out, " %s", g->fields[i]->name);
	if (g->field_count == 0 && format != FORMAT_TABLE)
		buf_delete(out, from, 1);
	buf_adds(out, format == FORMAT_CSV ? "\r\n" : "\n");
}

void
groups_print(struct groups *g, enum query_format format, int64_t top,
    struct buf *out)
{
	struct group *one, *next;

	if (g->list == NULL && g->field_count == 0)
		find_group(g);		/* nothing counted is a count too */
	HASH_SORT(g->list, by_size);
	put_head(g, format, out);
	HASH_ITER(hh, g->list, one, next) {
		if (top >= 0 && top-- == 0)
			break;
		put_group(g, one, format, out);
	}
}
