/*
 * metrics.c - the state of the queue as OpenMetrics text
 *
 * Each number describes this moment, so each family is a gauge; nothing grows
 * because somebody looked. Every queue and class is there, with 0 where it is
 * empty, so that a series never vanishes.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postqueue/metrics.h"

#include <stdint.h>
#include <string.h>
#include <sys/statvfs.h>

#include "cmd/postqueue/query_internal.h"
#include "lib/base/buf.h"
#include "lib/base/text.h"
#include "lib/queue/queue_reason.h"

const char *const metrics_queues[] = { "incoming", "active", "deferred",
    "hold", "maildrop", "corrupt", NULL };

static const int64_t ages[] = { 60, 300, 900, 3600, 14400, 43200, 86400,
    172800, 432000, INT64_MAX };
#define AGE_COUNT	(sizeof(ages) / sizeof(ages[0]))

size_t
metrics_plan(struct queue_group_plan *plans, int64_t top)
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
	const struct run *r;
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
family(const struct listing *l, const char *name, const char *type,
    const char *unit, const char *help)
{
	buf_addf(l->out, "# TYPE posthorn_%s %s\n", name, type);
	if (unit[0] != '\0')
		buf_addf(l->out, "# UNIT posthorn_%s %s\n", name, unit);
	buf_addf(l->out, "# HELP posthorn_%s %s\n", name, help);
}

/* A label's value, from a stranger: visible, backslash and quote escaped. */
static void
put_label(struct buf *out, const char *value)
{
	struct buf seen = BUF_INIT;
	const char *p;

	text_visible(&seen, value, 0);
	for (p = seen.ptr; *p != '\0'; p++) {
		if (*p == '\\' || *p == '"')
			buf_addc(out, '\\');
		buf_addc(out, *p);
	}
	buf_done(&seen);
}

static void
put_by_queue(const struct listing *l, const char *name, const char *unit,
    const char *help, int64_t (*value)(const struct listing *l,
    const struct queue_group *g))
{
	size_t i;

	family(l, name, "gauge", unit, help);
	for (i = 0; metrics_queues[i] != NULL; i++)
		buf_addf(l->out, "posthorn_%s{queue=\"%s\"} %lld\n", name,
		    metrics_queues[i], (long long)value(l,
		    of_queue(l, metrics_queues[i])));
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
	return g->messages > 0 ? l->r->now - g->oldest : 0;
}

static void
put_ages(const struct listing *l)
{
	const struct queue_group *g;
	int64_t sum;
	size_t i, k;

	family(l, "queue_age_seconds", "gaugehistogram", "seconds",
	    "How long messages have been in the queue.");
	for (i = 0; metrics_queues[i] != NULL; i++) {
		g = of_queue(l, metrics_queues[i]);
		for (k = 0, sum = 0; k < AGE_COUNT; k++) {
			sum += g->ages[k];
			buf_addf(l->out, "posthorn_queue_age_seconds_bucket{"
			    "queue=\"%s\",le=\"", metrics_queues[i]);
			if (k + 1 < AGE_COUNT)
				buf_addf(l->out, "%lld.0",
				    (long long)ages[k]);
			else
				buf_adds(l->out, "+Inf");
			buf_addf(l->out, "\"} %lld\n", (long long)sum);
		}
		buf_addf(l->out, "posthorn_queue_age_seconds_gcount{queue="
		    "\"%s\"} %lld\n", metrics_queues[i], (long long)sum);
		buf_addf(l->out, "posthorn_queue_age_seconds_gsum{queue="
		    "\"%s\"} %lld\n", metrics_queues[i],
		    (long long)(g->messages * l->r->now - g->arrivals));
	}
}

static void
put_classes(const struct listing *l)
{
	const struct queue_group *total = queue_groups_total(l->by_queue);
	int i;

	family(l, "queue_class_recipients", "gauge", "",
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

	family(l, "queue_domain_recipients", "gauge", "",
	    "Recipients still to do, by domain: the largest, and all others.");
	groups = queue_groups_sorted(g, QUEUE_GROUP_BY_UNITS, &n);
	for (i = 0; i < n; i++) {
		if (i >= (size_t)top ||
		    !is_label(queue_group_value(groups[i], 0))) {
			others += groups[i]->recipients;
			continue;
		}
		buf_adds(l->out, "posthorn_queue_domain_recipients{domain=\"");
		put_label(l->out, queue_group_value(groups[i], 0));
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

	if (l->r->source.kind != SOURCE_QUEUE || statvfs(".", &v) == -1)
		return;
	family(l, "spool_free_bytes", "gauge", "bytes",
	    "Free space of the file system that holds the queue.");
	buf_addf(l->out, "posthorn_spool_free_bytes %llu\n",
	    (unsigned long long)v.f_bavail * v.f_frsize);
	family(l, "spool_free_inodes", "gauge", "",
	    "Free inodes of the file system that holds the queue.");
	buf_addf(l->out, "posthorn_spool_free_inodes %llu\n",
	    (unsigned long long)v.f_favail);
}

void
metrics_print(struct run *r, struct queue_groups **g, int64_t took_ms,
    struct buf *out)
{
	struct listing l = { r, g[0], out };

	put_by_queue(&l, "queue_messages", "", "Messages in each queue.",
	    messages);
	put_by_queue(&l, "queue_recipients", "",
	    "Recipients still to do in each queue.", recipients);
	put_by_queue(&l, "queue_bytes", "bytes",
	    "Size of the messages in each queue.", bytes);
	put_by_queue(&l, "queue_oldest_seconds", "seconds",
	    "Age of the oldest message of each queue, 0 where it is empty.",
	    oldest);
	/* A service does not tell when messages are due. */
	if (r->source.kind != SOURCE_SHOWQ)
		put_by_queue(&l, "queue_due", "",
		    "Messages that would be tried now.", due);
	put_ages(&l);
	put_classes(&l);
	if (r->plan_count > 1)
		put_domains(&l, g[1], r->q->top);
	put_space(&l);
	family(&l, "scrape_duration_seconds", "gauge", "seconds",
	    "Time that it took to look.");
	buf_addf(out, "posthorn_scrape_duration_seconds %lld.%03lld\n",
	    (long long)(took_ms / 1000), (long long)(took_ms % 1000));
	family(&l, "up", "gauge", "", "Whether the queue could be looked at.");
	buf_addf(out, "posthorn_up %d\n# EOF\n", r->unreadable == 0);
}
