/*
 * queue_plan.c - what an action would do, before anything is done
 *
 * Each item keeps its sender and, a recipient each, domain and reason class
 * as small numbers ("facts"). The summary is counted from these when it is
 * asked for, so that it speaks of the items which queue_plan_limit has left.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_reason.h"
#include "lib/queue/queue_select.h"

#define TOP		4	/* names in a line of the summary; the rest is "other" */
#define NAME_WIDTH	48

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

/* One recipient of an item. */
struct fact {
	unsigned	 domain;
	unsigned	 class;
};

struct name {
	char		*text;
	unsigned	 number;
	UT_hash_handle	 hh;
};

/* Texts that turn up again and again, each kept once. */
struct names {
	struct name	*by_text;
	struct name	**list;
	size_t		 count;
};

struct queue_plan {
	enum queue_action action;
	time_t		 now;
	bool		 wants_summary;
	const struct queue_field *order;
	bool		 is_from_end;
	struct queue_plan_item *items;
	size_t		 count, size;
	struct fact	*facts;
	size_t		 fact_count, fact_size;
	struct names	 senders, domains;
	struct buf	 scratch;
	size_t		 idle, unreadable;
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
names_done(struct names *names)
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
name_number(struct names *names, const char *text)
{
	struct name *n;

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
add_fact(struct queue_plan *p, const struct queue_message_rcpt *r)
{
	const char *at = strrchr(r->address, '@');
	struct fact *f;

	if (p->fact_count == p->fact_size) {
		p->fact_size = p->fact_size > 0 ? 2 * p->fact_size : 256;
		p->facts = xreallocarray(p->facts, p->fact_size,
		    sizeof(*p->facts));
	}
	f = &p->facts[p->fact_count++];
	buf_sets(&p->scratch, at != NULL ? at + 1 : "");
	f->domain = name_number(&p->domains, text_lower(p->scratch.ptr));
	f->class = queue_reason_classify(r->reason, r->dsn, NULL);
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
		add_fact(p, &m->rcpts[i]);
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

/* ---- the summary ---- */

/* How many messages have a value; top ones first. */
struct tally {
	const char	*name;
	size_t		 messages;
	size_t		 last;		/* item + 1 that was counted last */
};

static void
tally_add(struct tally *t, size_t item)
{
	if (t->last == item + 1)
		return;
	t->last = item + 1;
	t->messages++;
}

static int
by_messages(const void *x, const void *y)
{
	const struct tally *a = x, *b = y;

	if (a->messages != b->messages)
		return a->messages < b->messages ? 1 : -1;
	return strcmp(a->name, b->name);
}

static struct tally *
tally_names(const struct names *names)
{
	struct tally *t = xcalloc(names->count + 1, sizeof(*t));
	size_t i;

	for (i = 0; i < names->count; i++)
		t[i].name = names->list[i]->text;
	return t;
}

/* Everything that the summary tells, counted. */
struct summary {
	struct queue_plan_totals total;
	struct tally	*queues, *senders, *domains, *classes;
	size_t		 queue_count, sender_count, domain_count, class_count;
	time_t		 oldest, newest, latest_next;
	size_t		 due;
};

static void
count_queue(struct summary *s, const char *queue, size_t item)
{
	size_t i;

	for (i = 0; i < s->queue_count; i++)
		if (strcmp(s->queues[i].name, queue) == 0)
			break;
	if (i == s->queue_count) {
		s->queues = xreallocarray(s->queues, ++s->queue_count,
		    sizeof(*s->queues));
		s->queues[i] = (struct tally){ .name = queue };
	}
	tally_add(&s->queues[i], item);
}

static void
summarize(const struct queue_plan *p, struct summary *s)
{
	const struct queue_plan_item *item;
	const struct fact *f;
	size_t i, j;

	memset(s, 0, sizeof(*s));
	queue_plan_total(p, &s->total);
	s->senders = tally_names(&p->senders);
	s->domains = tally_names(&p->domains);
	s->classes = xcalloc(REASON_COUNT, sizeof(*s->classes));
	for (i = 0; i < REASON_COUNT; i++)
		s->classes[i].name = queue_reason_class_name(
		    (enum queue_reason_class)i);
	for (i = 0; i < p->count; i++) {
		item = &p->items[i];
		count_queue(s, item->what.queue, i);
		if (i == 0 || item->what.arrival.tv_sec < s->oldest)
			s->oldest = item->what.arrival.tv_sec;
		if (i == 0 || item->what.arrival.tv_sec > s->newest)
			s->newest = item->what.arrival.tv_sec;
		if (item->mtime > s->latest_next)
			s->latest_next = item->mtime;
		s->due += item->mtime <= p->now;
		if (!p->wants_summary)
			continue;
		tally_add(&s->senders[item->sender], i);
		for (j = 0; j < item->fact_count; j++) {
			f = &p->facts[item->facts + j];
			tally_add(&s->domains[f->domain], i);
			if (f->class != REASON_NONE)
				tally_add(&s->classes[f->class], i);
		}
	}
	s->sender_count = p->senders.count;
	s->domain_count = p->domains.count;
	s->class_count = REASON_COUNT;
	if (s->queue_count > 0)
		qsort(s->queues, s->queue_count, sizeof(*s->queues),
		    by_messages);
	qsort(s->senders, s->sender_count, sizeof(*s->senders), by_messages);
	qsort(s->domains, s->domain_count, sizeof(*s->domains), by_messages);
	qsort(s->classes, s->class_count, sizeof(*s->classes), by_messages);
}

static void
summary_done(struct summary *s)
{
	free(s->queues);
	free(s->senders);
	free(s->domains);
	free(s->classes);
}

static void
put_duration(struct buf *out, int64_t seconds)
{
	struct queue_value v = { VALUE_NUMBER, NULL, seconds };

	queue_field_text(queue_field_find("age", false), &v, out);
}

void
queue_plan_put_bytes(struct buf *out, int64_t bytes)
{
	static const char units[] = "KMGTPE";
	double value = (double)bytes;
	int i = -1;

	for (; value >= 1000 && i < 5; i++)
		value /= 1024;
	if (i < 0)
		buf_addf(out, "%lld byte%s", (long long)bytes,
		    bytes == 1 ? "" : "s");
	else
		buf_addf(out, "%.1f %ciB", value, units[i]);
}

/* "senders  a@b 12   c@d 3   other 5"; nothing when there is none. */
static void
put_tallies(struct buf *out, const char *title, const struct tally *t,
    size_t count)
{
	size_t i, others = 0;

	if (count == 0 || t[0].messages == 0)
		return;
	buf_addf(out, "%-8s ", title);
	for (i = 0; i < count && t[i].messages > 0; i++) {
		if (i >= TOP) {
			others += t[i].messages;
			continue;
		}
		if (i > 0)
			buf_adds(out, "   ");
		if (t[i].name[0] == '\0')
			buf_adds(out, "(local)");
		text_visible(out, t[i].name, NAME_WIDTH);
		buf_addf(out, " %zu", t[i].messages);
	}
	if (others > 0)
		buf_addf(out, "   other %zu", others);
	buf_addc(out, '\n');
}

static const char *
plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void
put_times(const struct queue_plan *p, const struct summary *s,
    struct buf *out)
{
	buf_adds(out, "age      ");
	put_duration(out, p->now - s->newest);
	if (s->oldest != s->newest) {
		buf_adds(out, " … ");
		put_duration(out, p->now - s->oldest);
	}
	buf_addf(out, "     next attempt due now %zu", s->due);
	if (s->latest_next > p->now) {
		buf_adds(out, ", latest in ");
		put_duration(out, s->latest_next - p->now);
	}
	buf_addc(out, '\n');
}

static void
put_notes(const struct queue_plan *p, const struct queue_plan_totals *t,
    struct buf *out)
{
	if (t->partly > 0)
		buf_addf(out, "note     %zu message%s %zu further "
		    "recipient%s that the selection did not match\n",
		    t->partly, t->partly == 1 ? " has" : "s have",
		    t->other_rcpts, plural(t->other_rcpts));
	if (t->active > 0 && p->action != QUEUE_ACT_EXPIRE)
		buf_addf(out, "note     %zu message%s in the active queue: "
		    "perhaps being delivered now\n", t->active,
		    t->active == 1 ? " is" : "s are");
	if (t->idle > 0)
		buf_addf(out, "note     %zu other message%s selected, which "
		    "cannot be %s, or are already\n", t->idle, plural(t->idle),
		    queue_actions[p->action].done);
	if (p->unreadable > 0)
		buf_addf(out, "note     %zu message%s cannot be acted on from "
		    "here\n", p->unreadable, plural(p->unreadable));
}

void
queue_plan_print(const struct queue_plan *p, struct buf *out)
{
	struct summary s;

	summarize(p, &s);
	buf_addf(out, "%-8s %zu message%s   %zu recipient%s   ",
	    queue_actions[p->action].name, s.total.messages,
	    plural(s.total.messages), s.total.recipients,
	    plural(s.total.recipients));
	queue_plan_put_bytes(out, s.total.bytes);
	buf_addc(out, '\n');
	if (p->count > 0) {
		put_tallies(out, "queues", s.queues, s.queue_count);
		put_times(p, &s, out);
		put_tallies(out, "senders", s.senders, s.sender_count);
		put_tallies(out, "domains", s.domains, s.domain_count);
		put_tallies(out, "classes", s.classes, s.class_count);
	}
	put_notes(p, &s.total, out);
	summary_done(&s);
}

static void
json_tallies(struct buf *out, const char *name, const struct tally *t,
    size_t count, size_t top)
{
	size_t i, others = 0;

	buf_addf(out, ", \"%s\": [", name);
	for (i = 0; i < count && t[i].messages > 0; i++) {
		if (i >= top) {
			others += t[i].messages;
			continue;
		}
		buf_adds(out, i > 0 ? ", {" : "{");
		json_member(out, "name", t[i].name);
		buf_addf(out, ", \"messages\": %zu}", t[i].messages);
	}
	buf_addf(out, "], \"%s_other\": %zu", name, others);
}

void
queue_plan_json(const struct queue_plan *p, struct buf *out)
{
	struct summary s;

	summarize(p, &s);
	buf_adds(out, "\"v\": 1, ");
	json_member(out, "action", queue_actions[p->action].name);
	buf_addf(out, ", \"messages\": %zu, \"recipients\": %zu, "
	    "\"bytes\": %lld, \"reversible\": %s, \"other_recipients\": %zu, "
	    "\"messages_with_other_recipients\": %zu, "
	    "\"not_applicable\": %zu", s.total.messages, s.total.recipients,
	    (long long)s.total.bytes, queue_actions[p->action].is_reversible ?
	    "true" : "false", s.total.other_rcpts, s.total.partly, p->idle);
	if (p->count > 0)
		buf_addf(out, ", \"oldest\": %lld, \"newest\": %lld, "
		    "\"due\": %zu, \"latest_next\": %lld",
		    (long long)s.oldest, (long long)s.newest, s.due,
		    (long long)s.latest_next);
	json_tallies(out, "queues", s.queues, s.queue_count, s.queue_count);
	json_tallies(out, "senders", s.senders, s.sender_count, 10);
	json_tallies(out, "domains", s.domains, s.domain_count, 10);
	json_tallies(out, "classes", s.classes, s.class_count,
	    s.class_count);
	summary_done(&s);
}
