/*
 * queue_group.c - messages counted by the values of some fields
 *
 * The key of a group is its values, each ended by a NUL. A message that comes
 * to the same group by several recipients is known by its serial number.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_group.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_select_internal.h"

struct group {
	struct queue_group sum;		/* first: what callers see */
	char		*key;
	size_t		 key_len;
	uint64_t	 last_message;	/* serial number of the last one counted */
	UT_hash_handle	 hh;
	int64_t		 ages[];
};

struct queue_groups {
	struct queue_group_plan plan;
	const struct queue_field *due;
	bool		 has_rcpt_field, has_parents;
	struct group	*list, *total;
	const struct queue_group **sorted;
	uint64_t	 messages;
	struct buf	 key;
};

/* ---- plans ---- */

int
queue_group_plan_fields(struct queue_group_plan *p, const char *list,
    struct err *err)
{
	char *copy = xstrdup(list), *rest = copy, *word;
	int rc = 0;

	p->field_count = 0;
	while (rc == 0 && (word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		const struct queue_field *f = queue_field_find(word, false);

		if (f == NULL)
			rc = err_set(err, ERR_SYNTAX, "unknown field \"%s\"",
			    word);
		else if (p->field_count == QUEUE_GROUP_FIELDS_MAX)
			rc = err_set(err, ERR_LIMIT, "more than %d fields",
			    QUEUE_GROUP_FIELDS_MAX);
		else
			p->fields[p->field_count++] = f;
	}
	free(copy);
	return rc;
}

void
queue_group_plan_ages(struct queue_group_plan *p, size_t count,
    int64_t first_s, bool is_linear)
{
	int64_t width = first_s, upto = 0;
	size_t i;

	p->age_count = count;
	for (i = 0; i < count; i++) {
		/* 5, 10, 20, 40: each ends at twice the one before */
		if (__builtin_add_overflow(upto, width, &upto))
			upto = INT64_MAX;
		if (!is_linear && i > 0 && width < INT64_MAX / 2)
			width *= 2;
		p->ages[i] = upto;
	}
}

/* ---- groups ---- */

static struct group *
group_new(const struct queue_groups *g, const char *key, size_t len)
{
	struct group *one = xcalloc(1, sizeof(*one) +
	    g->plan.age_count * sizeof(one->ages[0]));

	one->sum.ages = one->ages;
	one->key = xmemdup(key, len + 1);
	one->key_len = len;
	return one;
}

static void
group_free(struct group *one)
{
	free(one->key);
	free(one);
}

struct queue_groups *
queue_groups_new(const struct queue_group_plan *p)
{
	struct queue_groups *g = xcalloc(1, sizeof(*g));
	size_t i;

	g->plan = *p;
	g->due = queue_field_find("due", false);
	buf_init(&g->key);
	for (i = 0; i < p->field_count; i++)
		g->has_rcpt_field |= p->fields[i]->inner != NULL;
	g->has_parents = p->wants_parents && p->field_count == 1 &&
	    p->fields[0]->type == FIELD_DOMAIN;
	g->total = group_new(g, "", 0);
	return g;
}

void
queue_groups_free(struct queue_groups *g)
{
	struct group *one, *next;

	if (g == NULL)
		return;
	HASH_ITER(hh, g->list, one, next) {
		HASH_DEL(g->list, one);
		group_free(one);
	}
	group_free(g->total);
	free(g->sorted);
	buf_done(&g->key);
	free(g);
}

static struct group *
find_group(struct queue_groups *g, const char *key, size_t len)
{
	struct group *one;

	HASH_FIND(hh, g->list, key, len, one);
	if (one == NULL) {
		one = group_new(g, key, len);
		HASH_ADD_KEYPTR(hh, g->list, one->key, one->key_len, one);
	}
	return one;
}

/* ---- counting ---- */

static void
put_value(struct queue_groups *g, const struct queue_field *f,
    struct queue_field_context *c, size_t rcpt)
{
	struct queue_value v;

	queue_field_get(f, c, rcpt, 0, &v);
	if (v.kind == VALUE_NUMBER)
		buf_addi(&g->key, v.number);
	else if (v.kind == VALUE_UNKNOWN)
		buf_addc(&g->key, '?');
	else if (v.kind == VALUE_TEXT && f->type == FIELD_ADDRESS &&
	    v.text[0] == '\0')
		buf_adds(&g->key, "<>");
	else if (v.kind == VALUE_TEXT && (f->type == FIELD_ADDRESS ||
	    f->type == FIELD_DOMAIN))
		literal_fold(&g->key, f->type, false, v.text);
	else if (v.kind == VALUE_TEXT)
		buf_adds(&g->key, v.text);
	buf_addc(&g->key, '\0');
}

static void
make_key(struct queue_groups *g, struct queue_field_context *c, size_t rcpt)
{
	size_t i;

	buf_reset(&g->key);
	for (i = 0; i < g->plan.field_count; i++)
		put_value(g, g->plan.fields[i], c, rcpt);
}

static void
count_message(struct queue_groups *g, struct group *one,
    struct queue_field_context *c, bool is_due)
{
	const struct queue_message *m = c->m;
	struct queue_group *sum = &one->sum;

	if (one->last_message == g->messages)
		return;
	one->last_message = g->messages;
	sum->bytes += (g->plan.facts & QUEUE_GROUP_BY_ENTRY) != 0 ?
	    (int64_t)m->st.st_size : m->size;
	sum->due += is_due;
	sum->arrivals += m->arrival.tv_sec;
	if (sum->messages++ == 0 || m->arrival.tv_sec < sum->oldest)
		sum->oldest = m->arrival.tv_sec;
	if (m->arrival.tv_sec > sum->newest)
		sum->newest = m->arrival.tv_sec;
}

static size_t
age_of(const struct queue_groups *g, int64_t age)
{
	size_t i = 0;

	while (i + 1 < g->plan.age_count && age > g->plan.ages[i])
		i++;
	return i;
}

/* One recipient in a group, and in the total. */
static void
count_rcpt(struct queue_groups *g, struct group *one, struct queue_message *m,
    size_t i)
{
	one->sum.recipients++;
	if (g->plan.facts & QUEUE_GROUP_CLASSES)
		one->sum.classes[queue_message_class(m, i)]++;
}

static void
count_unit(struct queue_groups *g, struct group *one, size_t age)
{
	one->sum.units++;
	if (g->plan.age_count > 0)
		one->ages[age]++;
}

/*
 * A unit of the histogram, recipients from to upto of the message, in the
 * group that it has and in those above.
 */
static void
count_in(struct queue_groups *g, struct queue_field_context *c, bool is_due,
    size_t age, size_t from, size_t upto)
{
	const char *key;
	size_t len, i;
	struct group *one;

	make_key(g, c, from);
	key = g->key.ptr;
	len = g->key.len;
	do {
		one = find_group(g, key, len);
		count_message(g, one, c, is_due);
		count_unit(g, one, age);
		for (i = from; i < upto; i++)
			count_rcpt(g, one, c->m, i);
		if (!g->has_parents || (key = strchr(key, '.')) == NULL)
			break;
		len = strlen(++key) + 1;
	} while (len > 1);
}

/* Without a recipient it has no unit in a histogram of recipients. */
static void
count_idle(struct queue_groups *g, struct queue_field_context *c, bool is_due)
{
	make_key(g, c, 0);
	count_message(g, find_group(g, g->key.ptr, g->key.len), c, is_due);
}

static void
count_all(struct queue_groups *g, struct queue_field_context *c, bool is_due)
{
	const struct queue_message *m = c->m;
	size_t i, age = age_of(g, c->now - m->arrival.tv_sec);

	count_message(g, g->total, c, is_due);
	for (i = 0; i < m->rcpt_count; i++) {
		count_rcpt(g, g->total, c->m, i);
		if (!g->has_rcpt_field)
			continue;
		count_unit(g, g->total, age);
		count_in(g, c, is_due, age, i, i + 1);
	}
	if (!g->has_rcpt_field) {
		count_unit(g, g->total, age);
		count_in(g, c, is_due, age, 0, m->rcpt_count);
	} else if (m->rcpt_count == 0) {
		count_idle(g, c, is_due);
	}
}

void
queue_groups_add(struct queue_groups *g, struct queue_field_context *c)
{
	struct queue_value due;

	g->messages++;
	if (g->plan.facts & (QUEUE_GROUP_BY_ENTRY | QUEUE_GROUP_BY_NAME)) {
		if (g->plan.facts & QUEUE_GROUP_BY_ENTRY)
			queue_message_want(c->m, QUEUE_MESSAGE_ENTRY, NULL);
		count_message(g, g->total, c, false);
		count_idle(g, c, false);
		return;
	}
	queue_message_want(c->m, (g->plan.facts & QUEUE_GROUP_CLASSES) != 0 ?
	    QUEUE_MESSAGE_REASONS : QUEUE_MESSAGE_ENVELOPE, NULL);
	queue_field_get(g->due, c, 0, 0, &due);
	count_all(g, c, due.kind == VALUE_NUMBER && due.number != 0);
}

/* ---- sums ---- */

static void
add_group(const struct queue_groups *g, struct group *to,
    const struct group *from)
{
	struct queue_group *a = &to->sum;
	const struct queue_group *b = &from->sum;
	size_t i;

	if (b->messages > 0 && (a->messages == 0 || b->oldest < a->oldest))
		a->oldest = b->oldest;
	if (b->newest > a->newest)
		a->newest = b->newest;
	a->messages += b->messages;
	a->recipients += b->recipients;
	a->bytes += b->bytes;
	a->due += b->due;
	a->arrivals += b->arrivals;
	a->units += b->units;
	for (i = 0; i < REASON_COUNT; i++)
		a->classes[i] += b->classes[i];
	for (i = 0; i < g->plan.age_count; i++)
		to->ages[i] += from->ages[i];
}

void
queue_groups_copy(struct queue_groups *g, const struct queue_groups *from)
{
	const struct group *one;

	for (one = from->list; one != NULL; one = one->hh.next)
		add_group(g, find_group(g, one->key, one->key_len), one);
	add_group(g, g->total, from->total);
}

const struct queue_group *
queue_groups_total(const struct queue_groups *g)
{
	return &g->total->sum;
}

static int
by_number(int64_t a, int64_t b, const struct queue_group *x,
    const struct queue_group *y)
{
	const struct group *one = (const struct group *)x;
	const struct group *two = (const struct group *)y;
	int order;

	if (a != b)
		return a < b ? 1 : -1;
	order = memcmp(one->key, two->key, one->key_len < two->key_len ?
	    one->key_len : two->key_len);
	return order != 0 ? order :
	    (one->key_len > two->key_len) - (one->key_len < two->key_len);
}

static int
by_messages(const void *a, const void *b)
{
	const struct queue_group *const *x = a, *const *y = b;

	return by_number((*x)->messages, (*y)->messages, *x, *y);
}

static int
by_units(const void *a, const void *b)
{
	const struct queue_group *const *x = a, *const *y = b;

	return by_number((*x)->units, (*y)->units, *x, *y);
}

const struct queue_group *const *
queue_groups_sorted(struct queue_groups *g, enum queue_group_order order,
    size_t *count)
{
	struct group *one, *next;
	size_t n = 0;

	g->sorted = xreallocarray(g->sorted, HASH_COUNT(g->list) + 1,
	    sizeof(*g->sorted));
	HASH_ITER(hh, g->list, one, next)
		g->sorted[n++] = &one->sum;
	if (n > 1)
		qsort(g->sorted, n, sizeof(*g->sorted),
		    order == QUEUE_GROUP_BY_UNITS ? by_units : by_messages);
	*count = n;
	return g->sorted;
}

const char *
queue_group_value(const struct queue_group *one, size_t nth)
{
	const char *p = ((const struct group *)one)->key;

	while (nth-- > 0)
		p += strlen(p) + 1;
	return p;
}

enum queue_reason_class
queue_group_top_class(const struct queue_group *one)
{
	int i, top = REASON_NONE;

	for (i = REASON_NONE + 1; i < REASON_COUNT; i++)
		if (one->classes[i] > one->classes[top] ||
		    (top == REASON_NONE && one->classes[i] > 0))
			top = i;
	return (enum queue_reason_class)top;
}
