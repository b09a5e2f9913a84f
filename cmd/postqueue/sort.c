/*
 * sort.c - messages that wait until all are known, to be put in order
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postqueue/sort.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_message.h"

#define KEYS_MAX	8
#define ROWS_MAX	100000	/* rows in memory */

struct key {
	const char	*text;		/* in the same block; NULL: a number */
	int64_t		 number;
};

struct kept {
	const char	*id, *path;	/* in the same block */
	const char	*queue;
	char		*row;		/* NULL: read it again, or see at */
	size_t		 row_len;
	off_t		 at;		/* of the row in the scratch file; -1 */
	size_t		 alike;		/* how many have its first key */
	struct key	 keys[];
};

struct part {
	struct kept	**list;
	size_t		 count, room, rows;
};

struct sorter {
	const struct queue_field *fields[KEYS_MAX];
	bool		 is_down[KEYS_MAX];
	size_t		 key_count;
	struct part	*parts;
	unsigned	 part_count;
	size_t		 given;
	FILE		*scratch;
};

struct sorter *
sorter_new(const char *list, unsigned parts, struct err *err)
{
	struct sorter *s = xcalloc(1, sizeof(*s));
	char *copy = xstrdup(list), *rest = copy, *word;
	int rc = 0;

	s->parts = xcalloc(parts, sizeof(*s->parts));
	s->part_count = parts;
	while (rc == 0 && (word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		if (s->key_count == KEYS_MAX) {
			rc = err_set(err, ERR_LIMIT, "more than %d fields",
			    KEYS_MAX);
			break;
		}
		s->is_down[s->key_count] = *word == '-';
		word += *word == '-';
		s->fields[s->key_count] = queue_field_find(word, false);
		if (s->fields[s->key_count++] == NULL)
			rc = err_set(err, ERR_SYNTAX,
			    "unknown field \"%s\"", word);
	}
	free(copy);
	if (rc == 0)
		return s;
	sorter_free(s);
	return NULL;
}

bool
sorter_wants_row(const struct sorter *s, unsigned part,
    const struct queue_message *m)
{
	return m->is_told || s->parts[part].rows < ROWS_MAX / s->part_count;
}

static struct kept *
kept_new(const struct sorter *s, struct queue_field_context *c)
{
	size_t i, head = sizeof(struct kept) +
	    s->key_count * sizeof(struct key);
	size_t at[KEYS_MAX], id_at, path_at;
	struct buf b = BUF_INIT;
	struct queue_value v;
	struct kept *k;
	char *texts;

	struct key keys[KEYS_MAX];

	for (i = 0; i < s->key_count; i++) {
		queue_field_get(s->fields[i], c, 0, 0, &v);
		keys[i].number = v.kind == VALUE_NUMBER ? v.number :
		    INT64_MIN;
		keys[i].text = v.kind == VALUE_TEXT ? "" : NULL;
		at[i] = b.len;
		if (v.kind == VALUE_TEXT)
			buf_add(&b, v.text, strlen(v.text) + 1);
	}
	id_at = b.len;
	buf_add(&b, c->m->id, strlen(c->m->id) + 1);
	path_at = b.len;
	buf_add(&b, c->m->path, strlen(c->m->path) + 1);
	k = xmalloc(head + b.len);
	memset(k, 0, head);
	texts = (char *)k + head;
	memcpy(texts, b.ptr, b.len);
	for (i = 0; i < s->key_count; i++) {
		k->keys[i].number = keys[i].number;
		if (keys[i].text != NULL)
			k->keys[i].text = texts + at[i];
	}
	k->id = texts + id_at;
	k->path = texts + path_at;
	k->queue = c->m->queue;
	k->at = -1;
	buf_done(&b);
	return k;
}

/* Rows that cannot be made again do not stay in memory for ever. */
static void
keep_in_scratch(struct sorter *s, struct kept *k, const struct buf *row)
{
	if (s->scratch == NULL && (s->scratch = tmpfile()) == NULL)
		log_fatal("create a scratch file: %s", strerror(errno));
	k->at = ftello(s->scratch);
	k->row_len = row->len;
	if (fwrite(row->ptr, 1, row->len, s->scratch) != row->len)
		log_fatal("write a scratch file: %s", strerror(errno));
}

void
sorter_keep(struct sorter *s, unsigned part, struct queue_field_context *c,
    const struct buf *row)
{
	struct part *p = &s->parts[part];
	struct kept *k = kept_new(s, c);

	if (p->count == p->room) {
		p->room = p->room * 2 + 256;
		p->list = xreallocarray(p->list, p->room, sizeof(*p->list));
	}
	p->list[p->count++] = k;
	if (row == NULL)
		return;
	if (p->rows++ >= ROWS_MAX / s->part_count) {
		keep_in_scratch(s, k, row);
		return;
	}
	k->row = xmemdup(row->ptr, row->len + 1);
	k->row_len = row->len;
}

static int
by_keys(const void *a, const void *b, void *ctx)
{
	const struct kept *x = *(struct kept *const *)a;
	const struct kept *y = *(struct kept *const *)b;
	const struct sorter *s = ctx;
	const struct key *m, *n;
	size_t i;
	int order;

	for (i = 0; i < s->key_count; i++) {
		m = &x->keys[i];
		n = &y->keys[i];
		if (m->text != NULL || n->text != NULL)
			order = strcasecmp(m->text != NULL ? m->text : "",
			    n->text != NULL ? n->text : "");
		else
			order = (m->number > n->number) -
			    (m->number < n->number);
		if (order != 0)
			return s->is_down[i] ? -order : order;
	}
	return strcmp(x->id, y->id);	/* the same order each time */
}

void
sorter_sort(struct sorter *s)
{
	struct part *all = &s->parts[0], *p;
	unsigned i;

	for (i = 1; i < s->part_count; i++) {
		p = &s->parts[i];
		if (p->count == 0)
			continue;
		all->list = xreallocarray(all->list, all->count + p->count,
		    sizeof(*all->list));
		memcpy(all->list + all->count, p->list,
		    p->count * sizeof(*p->list));
		all->count += p->count;
		p->count = 0;
	}
	if (all->count > 1)
		qsort_r(all->list, all->count, sizeof(*all->list), by_keys, s);
}

/* Of two sorted messages: do they have their first key in common? */
static bool
is_alike(const struct kept *a, const struct kept *b)
{
	const struct key *x = &a->keys[0], *y = &b->keys[0];

	return x->text != NULL && y->text != NULL ?
	    strcasecmp(x->text, y->text) == 0 :
	    x->text == y->text && x->number == y->number &&
	    x->number != INT64_MIN;
}

static int
by_alike(const void *a, const void *b, void *ctx)
{
	const struct kept *x = *(struct kept *const *)a;
	const struct kept *y = *(struct kept *const *)b;

	if (x->alike != y->alike)
		return x->alike > y->alike ? -1 : 1;
	return by_keys(a, b, ctx);
}

static void
kept_free(struct kept *k)
{
	free(k->row);
	free(k);
}

void
sorter_only_equal(struct sorter *s)
{
	struct part *all = &s->parts[0];
	size_t from, upto, n = 0, i;

	for (from = 0; from < all->count; from = upto) {
		for (upto = from + 1; upto < all->count &&
		    is_alike(all->list[from], all->list[upto]); upto++)
			;
		for (i = from; i < upto; i++) {
			all->list[i]->alike = upto - from;
			if (upto - from > 1)
				all->list[n++] = all->list[i];
			else
				kept_free(all->list[i]);
		}
	}
	all->count = n;
	if (n > 1)
		qsort_r(all->list, n, sizeof(*all->list), by_alike, s);
}

bool
sorter_is_first(const struct sorter *s)
{
	struct kept *const *list = s->parts[0].list;

	return s->given < 2 ||
	    !is_alike(list[s->given - 2], list[s->given - 1]);
}

int
sorter_next(struct sorter *s, struct queue_message *m, struct buf *row)
{
	struct kept *k;

	buf_reset(row);
	while (s->given < s->parts[0].count) {
		k = s->parts[0].list[s->given++];
		if (k->row != NULL) {
			buf_add(row, k->row, k->row_len);
			return 1;
		}
		if (k->at >= 0) {
			buf_reserve(row, k->row_len);
			if (fseeko(s->scratch, k->at, SEEK_SET) == -1 ||
			    fread(row->ptr, 1, k->row_len, s->scratch) !=
			    k->row_len)
				log_fatal("read a scratch file: %s",
				    strerror(errno));
			row->len = k->row_len;
			row->ptr[row->len] = '\0';
			return 1;
		}
		queue_message_begin(m, k->queue, k->id, k->path, NULL);
		if (!m->is_gone)
			return 2;
	}
	return 0;
}

void
sorter_free(struct sorter *s)
{
	unsigned i;
	size_t j;

	if (s == NULL)
		return;
	for (i = 0; i < s->part_count; i++) {
		for (j = 0; j < s->parts[i].count; j++)
			kept_free(s->parts[i].list[j]);
		free(s->parts[i].list);
	}
	if (s->scratch != NULL)
		fclose(s->scratch);
	free(s->parts);
	free(s);
}
