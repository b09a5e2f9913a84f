/*
 * queue_plan_summary.c - a plan in a few lines, or as JSON
 *
 * Counted when it is asked for, so that it speaks of the items which
 * queue_plan_limit has left.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_plan.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_plan_internal.h"
#include "lib/queue/queue_reason.h"

#define TOP		4	/* names in a line of the summary; the rest is "other" */
#define NAME_WIDTH	48

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
tally_names(const struct plan_names *names)
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
	const struct plan_fact *f;
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
