/*
 * queue_plan.c - what an action would do, before anything is done
 *
 * Each item keeps its sender and, a recipient each, domain and reason class
 * as small numbers ("facts"), for queue_plan_summary.c.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_plan.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_plan_internal.h"
#include "lib/queue/queue_select.h"

const struct queue_action_info queue_actions[QUEUE_ACT_COUNT] = {
	[QUEUE_ACT_DELETE] = { "delete", "deleted", true, true },
	[QUEUE_ACT_HOLD] = { "hold", "placed on hold", false, true },
	[QUEUE_ACT_RELEASE] = { "release", "released from hold", false, true },
	[QUEUE_ACT_REQUEUE] = { "requeue", "requeued", false, false },
	[QUEUE_ACT_EXPIRE] = { "expire", "force-expired", true, true },
	[QUEUE_ACT_EXPIRE_RELEASE] = { "expire-release",
	    "force-expired and released", true, true },
	[QUEUE_ACT_FLUSH] = { "flush", "scheduled", false, false },
	[QUEUE_ACT_BOUNCE] = { "bounce", "returned to sender", true, false },
	[QUEUE_ACT_DROP] = { "bounce-quiet", "dropped", true, true },
	[QUEUE_ACT_EDIT] = { "edit", "edited", false, true }
};

enum queue_action
queue_action_find(const char *name)
{
	int i;

	for (i = 0; i < QUEUE_ACT_COUNT; i++)
		if (strcmp(queue_actions[i].name, name) == 0)
			break;
	return (enum queue_action)i;
}

bool
queue_action_can_undo(enum queue_action action)
{
	return queue_actions[action].is_reversible ||
	    action == QUEUE_ACT_REQUEUE;
}

bool
queue_action_applies(enum queue_action action, const char *queue, mode_t mode)
{
	bool in_hold = strcmp(queue, "hold") == 0;
	bool in_maildrop = strcmp(queue, "maildrop") == 0;
	bool in_corrupt = strcmp(queue, "corrupt") == 0;

	/* There is only the way back: queue_undo.h. */
	if (strcmp(queue, "trash") == 0)
		return false;
	switch (action) {
	case QUEUE_ACT_DELETE:
		return true;
	case QUEUE_ACT_RELEASE:
		return in_hold;
	case QUEUE_ACT_HOLD:
		return !in_hold && !in_maildrop && !in_corrupt;
	case QUEUE_ACT_EXPIRE:
		return !in_maildrop && !in_corrupt && (mode & S_IXGRP) == 0;
	case QUEUE_ACT_EXPIRE_RELEASE:
		return in_hold || (!in_maildrop && !in_corrupt &&
		    (mode & S_IXGRP) == 0);
	case QUEUE_ACT_FLUSH:
		/* What is active is being tried, what is on hold stays there. */
		return strcmp(queue, "deferred") == 0 ||
		    strcmp(queue, "incoming") == 0;
	default:
		return !in_maildrop && !in_corrupt;
	}
}

struct queue_plan *
queue_plan_new(enum queue_action action, time_t now, bool wants_summary)
{
	struct queue_plan *p = xcalloc(1, sizeof(*p));

	p->action = action;
	p->now = now;
	p->wants_summary = wants_summary;
	buf_init(&p->scratch);
	return p;
}

static void
names_done(struct plan_names *names)
{
	size_t i;

	HASH_CLEAR(hh, names->by_text);
	for (i = 0; i < names->count; i++) {
		free(names->list[i]->text);
		free(names->list[i]);
	}
	free(names->list);
}

static void
item_done(struct queue_plan_item *item)
{
	free((char *)item->what.id);
	free((char *)item->what.path);
	free(item->key_text);
}

void
queue_plan_free(struct queue_plan *p)
{
	size_t i;

	if (p == NULL)
		return;
	for (i = 0; i < p->count; i++)
		item_done(&p->items[i]);
	free(p->items);
	free(p->facts);
	names_done(&p->senders);
	names_done(&p->domains);
	buf_done(&p->scratch);
	free(p);
}

int
queue_plan_order(struct queue_plan *p, const char *field, struct err *err)
{
	const char *near;

	p->is_from_end = field[0] == '-';
	p->order = queue_field_find(field + p->is_from_end, false);
	if (p->order != NULL)
		return 0;
	near = queue_field_nearest(field + p->is_from_end);
	return err_set(err, ERR_SYNTAX, near != NULL ?
	    "unknown field \"%.100s\"; did you mean \"%s\"?" :
	    "unknown field \"%.100s\"", field + p->is_from_end, near);
}

/* ---- taking messages in ---- */

static unsigned
name_number(struct plan_names *names, const char *text)
{
	struct plan_name *n;

	HASH_FIND_STR(names->by_text, text, n);
	if (n != NULL)
		return n->number;
	n = xcalloc(1, sizeof(*n));
	n->text = xstrdup(text);
	n->number = (unsigned)names->count;
	HASH_ADD_KEYPTR(hh, names->by_text, n->text, strlen(n->text), n);
	if ((names->count & (names->count - 1)) == 0)
		names->list = xreallocarray(names->list, names->count > 0 ?
		    2 * names->count : 1, sizeof(*names->list));
	names->list[names->count++] = n;
	return n->number;
}

static void
add_fact(struct queue_plan *p, struct queue_message *m, size_t i)
{
	const char *at = strrchr(m->rcpts[i].address, '@');
	struct plan_fact *f;

	if (p->fact_count == p->fact_size) {
		p->fact_size = p->fact_size > 0 ? 2 * p->fact_size : 256;
		p->facts = xreallocarray(p->facts, p->fact_size,
		    sizeof(*p->facts));
	}
	f = &p->facts[p->fact_count++];
	buf_sets(&p->scratch, at != NULL ? at + 1 : "");
	f->domain = name_number(&p->domains, text_lower(p->scratch.ptr));
	f->class = queue_message_class(m, i);
}

static void
count_others(struct queue_plan_item *item, struct queue_field_context *c,
    const struct queue_select *s)
{
	size_t i;

	for (i = 0; i < c->m->rcpt_count; i++)
		if (queue_select_eval_rcpt(s, c, i) == SELECT_NO)
			item->other_rcpts++;
}

static void
take_key(struct queue_plan *p, struct queue_plan_item *item,
    struct queue_field_context *c)
{
	struct queue_value v;

	if (p->order == NULL)
		return;
	queue_field_get(p->order, c, 0, 0, &v);
	if (v.kind == VALUE_NUMBER)
		item->key_number = v.number;
	else if (v.kind == VALUE_TEXT)
		item->key_text = xstrdup(v.text);
	else
		item->key_number = p->is_from_end ? INT64_MIN : INT64_MAX;
}

bool
queue_plan_add(struct queue_plan *p, struct queue_field_context *c,
    const struct queue_select *s)
{
	struct queue_message *m = c->m;
	struct queue_plan_item *item;
	size_t i;

	queue_message_want(m, p->wants_summary ? QUEUE_MESSAGE_REASONS :
	    QUEUE_MESSAGE_ENVELOPE, NULL);
	if (m->is_gone || m->is_told) {
		p->unreadable += m->is_told;
		return false;
	}
	if (!queue_action_applies(p->action, m->queue, m->st.st_mode)) {
		p->idle++;
		return false;
	}
	if (p->count == p->size) {
		p->size = p->size > 0 ? 2 * p->size : 64;
		p->items = xreallocarray(p->items, p->size,
		    sizeof(*p->items));
	}
	item = &p->items[p->count++];
	memset(item, 0, sizeof(*item));
	queue_identity_of(m, &item->what);
	item->what.id = xstrdup(m->id);
	queue_path(&p->scratch, m->queue, m->id);
	item->what.path = strcmp(p->scratch.ptr, m->path) != 0 ?
	    xstrdup(m->path) : NULL;
	item->mtime = m->st.st_mtime;
	item->mode = m->st.st_mode & 07777;
	item->size = m->size;
	item->rcpts = m->rcpt_count;
	take_key(p, item, c);
	if (!p->wants_summary)
		return true;
	item->sender = name_number(&p->senders, m->has_sender ?
	    m->sender_shown : "?");
	item->facts = p->fact_count;
	for (i = 0; i < m->rcpt_count; i++)
		add_fact(p, m, i);
	item->fact_count = p->fact_count - item->facts;
	if (s != NULL && queue_actions[p->action].is_destructive)
		count_others(item, c, s);
	return true;
}

/* ---- order ---- */

static int
by_arrival(const struct queue_plan_item *a, const struct queue_plan_item *b)
{
	const struct timeval *x = &a->what.arrival, *y = &b->what.arrival;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? -1 : 1;
	if (x->tv_usec != y->tv_usec)
		return x->tv_usec < y->tv_usec ? -1 : 1;
	return strcmp(a->what.id, b->what.id);
}

static int
compare_items(const void *x, const void *y, void *ctx)
{
	const struct queue_plan_item *a = x, *b = y;
	const struct queue_plan *p = ctx;
	int way = p->is_from_end ? -1 : 1;

	if (p->order == NULL)
		return by_arrival(a, b);
	if (a->key_text != NULL && b->key_text != NULL &&
	    strcmp(a->key_text, b->key_text) != 0)
		return strcmp(a->key_text, b->key_text) * way;
	/* What has no value stands last, whichever the way. */
	if ((a->key_text != NULL) != (b->key_text != NULL))
		return a->key_text != NULL ? -1 : 1;
	if (a->key_number != b->key_number)
		return a->key_number < b->key_number ? -way : way;
	return by_arrival(a, b);
}

void
queue_plan_sort(struct queue_plan *p)
{
	if (p->count > 0)
		qsort_r(p->items, p->count, sizeof(*p->items), compare_items,
		    p);
}

void
queue_plan_limit(struct queue_plan *p, size_t n)
{
	queue_plan_sort(p);
	while (p->count > n)
		item_done(&p->items[--p->count]);
}

enum queue_action
queue_plan_action(const struct queue_plan *p)
{
	return p->action;
}

size_t
queue_plan_count(const struct queue_plan *p)
{
	return p->count;
}

const struct queue_plan_item *
queue_plan_at(const struct queue_plan *p, size_t i)
{
	return i < p->count ? &p->items[i] : NULL;
}

void
queue_plan_total(const struct queue_plan *p, struct queue_plan_totals *out)
{
	const struct queue_plan_item *item;

	memset(out, 0, sizeof(*out));
	out->messages = p->count;
	out->idle = p->idle;
	for (item = p->items; item < p->items + p->count; item++) {
		out->recipients += item->rcpts;
		out->bytes += item->what.bytes;
		out->partly += item->other_rcpts > 0;
		out->other_rcpts += item->other_rcpts;
		out->active += strcmp(item->what.queue, "active") == 0;
	}
}

int
queue_plan_check(const struct queue_plan *p,
    const struct queue_plan_guards *guards, struct err *err)
{
	int64_t n = (int64_t)p->count;

	if (guards->max >= 0 && n > guards->max)
		return err_set(err, ERR_LIMIT, "%lld messages match, and --max "
		    "is %lld", (long long)n, (long long)guards->max);
	if (guards->expect >= 0 && n != guards->expect)
		return err_set(err, ERR_LIMIT, "%lld messages match, and "
		    "--expect is %lld", (long long)n,
		    (long long)guards->expect);
	return 0;
}
