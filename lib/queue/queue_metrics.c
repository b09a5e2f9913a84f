/*
 * queue_metrics.c - the state of the queue as OpenMetrics text
 *
 * Each number describes this moment, so each family is a gauge; nothing grows
 * because somebody looked. Every queue and class is there, with 0 where it is
 * empty, so that a series never vanishes.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_metrics.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/metrics_text.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_group.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_reason.h"
#include "lib/queue/queue_scan.h"

const char *const queue_metrics_queues[] = { "incoming", "active", "deferred",
    "hold", "maildrop", "corrupt", NULL };

static const int64_t ages[] = { 60, 300, 900, 3600, 14400, 43200, 86400,
    172800, 432000, INT64_MAX };
#define AGE_COUNT	(sizeof(ages) / sizeof(ages[0]))

size_t
queue_metrics_plan(struct queue_group_plan *plans, int64_t top)
{
	plans[0].fields[0] = queue_field_find("queue", false);
	plans[0].field_count = 1;
	plans[0].facts = QUEUE_GROUP_CLASSES;
	memcpy(plans[0].ages, ages, sizeof(ages));
	plans[0].age_count = AGE_COUNT;
	if (top < 0)
		return 1;
	plans[1].fields[0] = queue_field_find("rcpt.domain", false);
	plans[1].field_count = 1;
	return 2;
}

struct listing {
	const struct queue_metrics *m;
	struct queue_groups *by_queue;
	struct buf	*out;
};

static const struct queue_group *
of_queue(const struct listing *l, const char *queue)
{
	static const int64_t no_ages[AGE_COUNT];
	static const struct queue_group none = {
		.ages = (int64_t *)(uintptr_t)no_ages };
	const struct queue_group *const *groups;
	size_t i, n;

	groups = queue_groups_sorted(l->by_queue, QUEUE_GROUP_BY_MESSAGES,
	    &n);
	for (i = 0; i < n; i++)
		if (strcmp(queue_group_value(groups[i], 0), queue) == 0)
			return groups[i];
	return &none;
}

static void
put_by_queue(const struct listing *l, const char *name, const char *unit,
    const char *help, int64_t (*value)(const struct listing *l,
    const struct queue_group *g))
{
	size_t i;

	metrics_family(l->out, name, "gauge", unit, help);
	for (i = 0; queue_metrics_queues[i] != NULL; i++)
		buf_addf(l->out, "posthorn_%s{queue=\"%s\"} %lld\n", name,
		    queue_metrics_queues[i], (long long)value(l,
		    of_queue(l, queue_metrics_queues[i])));
}

static int64_t
messages(const struct listing *l, const struct queue_group *g)
{
	(void)l;
	return g->messages;
}

static int64_t
recipients(const struct listing *l, const struct queue_group *g)
{
	(void)l;
	return g->recipients;
}

static int64_t
bytes(const struct listing *l, const struct queue_group *g)
{
	(void)l;
	return g->bytes;
}

static int64_t
due(const struct listing *l, const struct queue_group *g)
{
	(void)l;
	return g->due;
}

static int64_t
oldest(const struct listing *l, const struct queue_group *g)
{
	return g->messages > 0 ? l->m->now - g->oldest : 0;
}

static void
put_ages(const struct listing *l)
{
	const struct queue_group *g;
	int64_t sum;
	size_t i, k;

	metrics_family(l->out, "queue_age_seconds", "gaugehistogram", "seconds",
	    "How long messages have been in the queue.");
	for (i = 0; queue_metrics_queues[i] != NULL; i++) {
		g = of_queue(l, queue_metrics_queues[i]);
		for (k = 0, sum = 0; k < AGE_COUNT; k++) {
			sum += g->ages[k];
			buf_addf(l->out, "posthorn_queue_age_seconds_bucket{"
			    "queue=\"%s\",le=\"", queue_metrics_queues[i]);
			if (k + 1 < AGE_COUNT)
				buf_addf(l->out, "%lld.0",
				    (long long)ages[k]);
			else
				buf_adds(l->out, "+Inf");
			buf_addf(l->out, "\"} %lld\n", (long long)sum);
		}
		buf_addf(l->out, "posthorn_queue_age_seconds_gcount{queue="
		    "\"%s\"} %lld\n", queue_metrics_queues[i], (long long)sum);
		buf_addf(l->out, "posthorn_queue_age_seconds_gsum{queue="
		    "\"%s\"} %lld\n", queue_metrics_queues[i],
		    (long long)(g->messages * l->m->now - g->arrivals));
	}
}

static void
put_classes(const struct listing *l)
{
	const struct queue_group *total = queue_groups_total(l->by_queue);
	int i;

	metrics_family(l->out, "queue_class_recipients", "gauge", "",
	    "Recipients still to do, by the class of the reason for the "
	    "delay.");
	for (i = 0; i < REASON_COUNT; i++)
		buf_addf(l->out, "posthorn_queue_class_recipients{class="
		    "\"%s\"} %u\n", queue_reason_class_name(
		    (enum queue_reason_class)i), total->classes[i]);
}

/*
 * May it be a label? Two labels that look the same, or one that says "other",
 * would spoil all that is scraped.
 */
static bool
is_label(const char *domain)
{
	return strcmp(domain, "other") != 0 && strchr(domain, '\\') == NULL;
}

static void
put_domains(const struct listing *l, struct queue_groups *g, int64_t top)
{
	const struct queue_group *const *groups;
	int64_t others = 0;
	size_t i, n;

	metrics_family(l->out, "queue_domain_recipients", "gauge", "",
	    "Recipients still to do, by domain: the largest, and all others.");
	groups = queue_groups_sorted(g, QUEUE_GROUP_BY_UNITS, &n);
	for (i = 0; i < n; i++) {
		if (i >= (size_t)top ||
		    !is_label(queue_group_value(groups[i], 0))) {
			others += groups[i]->recipients;
			continue;
		}
		buf_adds(l->out, "posthorn_queue_domain_recipients{domain=\"");
		metrics_label(l->out, queue_group_value(groups[i], 0));
		buf_addf(l->out, "\"} %lld\n",
		    (long long)groups[i]->recipients);
	}
	buf_addf(l->out, "posthorn_queue_domain_recipients{domain=\"other\"} "
	    "%lld\n", (long long)others);
}

static void
put_space(const struct listing *l)
{
	struct statvfs v;

	if (!l->m->knows_space || statvfs(".", &v) == -1)
		return;
	metrics_family(l->out, "spool_free_bytes", "gauge", "bytes",
	    "Free space of the file system that holds the queue.");
	buf_addf(l->out, "posthorn_spool_free_bytes %llu\n",
	    (unsigned long long)v.f_bavail * v.f_frsize);
	metrics_family(l->out, "spool_free_inodes", "gauge", "",
	    "Free inodes of the file system that holds the queue.");
	buf_addf(l->out, "posthorn_spool_free_inodes %llu\n",
	    (unsigned long long)v.f_favail);
}

void
queue_metrics_print(const struct queue_metrics *m, struct queue_groups **g,
    struct buf *out)
{
	struct listing l = { m, g[0], out };

	put_by_queue(&l, "queue_messages", "", "Messages in each queue.",
	    messages);
	put_by_queue(&l, "queue_recipients", "",
	    "Recipients still to do in each queue.", recipients);
	put_by_queue(&l, "queue_bytes", "bytes",
	    "Size of the messages in each queue.", bytes);
	put_by_queue(&l, "queue_oldest_seconds", "seconds",
	    "Age of the oldest message of each queue, 0 where it is empty.",
	    oldest);
	if (m->knows_due)
		put_by_queue(&l, "queue_due", "",
		    "Messages that would be tried now.", due);
	put_ages(&l);
	put_classes(&l);
	if (m->top >= 0)
		put_domains(&l, g[1], m->top);
	put_space(&l);
}

/* ---- the whole queue ---- */

struct part {			/* of a thread */
	struct queue_field_context c;
	struct queue_groups *groups;
};

static bool
look(struct queue_message *m, struct buf *out, void *own)
{
	struct part *p = own;

	(void)out;
	p->c.m = m;
	if ((queue_message_want(m, QUEUE_MESSAGE_ENVELOPE, NULL) != 1 &&
	    !queue_message_is_ready(m)) || m->is_gone)
		return false;
	queue_groups_add(p->groups, &p->c);
	return false;
}

bool
queue_metrics_look(struct buf *out)
{
	struct queue_metrics m = { .now = clock_now(), .top = -1,
	    .knows_due = true, .knows_space = true };
	struct queue_group_plan plan[2] = { QUEUE_GROUP_PLAN_INIT,
	    QUEUE_GROUP_PLAN_INIT };
	unsigned i, n = queue_scan_threads();
	struct part *parts = xcalloc(n, sizeof(*parts));
	struct queue_scan_job job = { .threads = n, .look = look,
	    .own = parts, .own_size = sizeof(*parts) };
	struct queue_groups *all;
	struct queue_scan *qs;
	bool is_whole;

	queue_metrics_plan(plan, m.top);
	all = queue_groups_new(plan);
	for (i = 0; i < n; i++) {
		parts[i].c = (struct queue_field_context)
		    QUEUE_FIELD_CONTEXT_INIT;
		parts[i].c.now = m.now;
		parts[i].groups = queue_groups_new(plan);
	}
	qs = queue_scan_open(queue_metrics_queues, 0);
	queue_scan_run(qs, &job);
	is_whole = queue_scan_unreadable(qs) == 0;
	queue_scan_close(qs);
	for (i = 0; i < n; i++) {
		queue_groups_copy(all, parts[i].groups);
		queue_groups_free(parts[i].groups);
		queue_field_context_done(&parts[i].c);
	}
	queue_metrics_print(&m, &all, out);
	queue_groups_free(all);
	free(parts);
	return is_whole;
}
