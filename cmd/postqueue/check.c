/*
 * check.c - --check: is the queue well? for monitoring systems
 *
 *	POSTQUEUE WARNING - deferred > 100 | total=120;; incoming=0 ...
 *
 * Nothing is read that no threshold asks for: counts of the queues come from
 * directory entries alone.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postqueue/check.h"

#include <string.h>
#include <sys/statvfs.h>

#include "cmd/postqueue/query_internal.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/queue/queue_metrics.h"
#include "lib/queue/queue_total.h"

static struct queue_select *
parse(const char *option, const char *text, time_t now)
{
	struct err err = ERR_INIT;
	struct queue_select *s;

	if (text == NULL)
		return NULL;
	if ((s = queue_total_parse(text, now, &err)) == NULL)
		log_fatal("--%s: %s", option, err.text);
	return s;
}

static bool
uses(const struct run *r, size_t total)
{
	return (r->warn != NULL && queue_total_uses(r->warn, total)) ||
	    (r->crit != NULL && queue_total_uses(r->crit, total));
}

void
check_prepare(struct run *r)
{
	struct queue_group_plan *p = &r->plans[0];
	size_t i;

	r->warn = parse("warn", r->q->warn, r->now);
	r->crit = parse("crit", r->q->crit, r->now);
	p->fields[0] = queue_field_find("queue", false);
	p->field_count = 1;
	p->facts = QUEUE_GROUP_BY_ENTRY;
	if (r->source.kind != SOURCE_QUEUE || uses(r, TOTAL_BYTES) ||
	    uses(r, TOTAL_RCPTS) || uses(r, TOTAL_OLDEST) ||
	    uses(r, TOTAL_OLDEST_ACTIVE) || uses(r, TOTAL_DUE))
		p->facts = 0;
	for (i = TOTAL_CLASS; i < TOTAL_COUNT; i++)
		if (uses(r, i))
			p->facts = QUEUE_GROUP_CLASSES;
}

static void
know(struct queue_totals *t, size_t total, int64_t value)
{
	t->is_known[total] = true;
	t->value[total] = value;
}

static void
sum_queue(const struct run *r, const struct queue_group *g,
    const char *queue, struct queue_totals *t)
{
	size_t total = TOTAL_INCOMING, i;

	for (i = 0; queue_metrics_queues[i] != NULL; i++)
		if (strcmp(queue_metrics_queues[i], queue) == 0)
			know(t, total + i, g->messages);
	if (strcmp(queue, "corrupt") == 0)
		return;
	t->value[TOTAL_MESSAGES] += g->messages;
	t->value[TOTAL_BYTES] += g->bytes;
	t->value[TOTAL_RCPTS] += g->recipients;
	t->value[TOTAL_DUE] += g->due;
	if (g->messages > 0 && r->now - g->oldest > t->value[TOTAL_OLDEST])
		t->value[TOTAL_OLDEST] = r->now - g->oldest;
	if (strcmp(queue, "active") == 0)
		t->value[TOTAL_OLDEST_ACTIVE] = r->now - g->oldest;
	for (i = REASON_NONE + 1; i < REASON_COUNT; i++)
		t->value[TOTAL_CLASS + i] += g->classes[i];
}

static void
sum_up(const struct run *r, struct queue_groups *g, struct queue_totals *t)
{
	const struct queue_group *const *groups;
	struct statvfs v;
	size_t i, n;

	memset(t, 0, sizeof(*t));
	for (i = TOTAL_MESSAGES; i <= TOTAL_CORRUPT; i++)
		t->is_known[i] = true;
	if ((r->plans[0].facts & QUEUE_GROUP_BY_ENTRY) == 0)
		for (i = TOTAL_BYTES; i <= TOTAL_DUE; i++)
			t->is_known[i] = i != TOTAL_DUE ||
			    r->source.kind != SOURCE_SHOWQ;
	for (i = TOTAL_CLASS; i < TOTAL_COUNT; i++)
		t->is_known[i] = (r->plans[0].facts & QUEUE_GROUP_CLASSES) !=
		    0 && i != TOTAL_CLASS + REASON_NONE;
	groups = queue_groups_sorted(g, QUEUE_GROUP_BY_MESSAGES, &n);
	for (i = 0; i < n; i++)
		sum_queue(r, groups[i], queue_group_value(groups[i], 0), t);
	if (r->source.kind == SOURCE_QUEUE && statvfs(".", &v) == 0) {
		know(t, TOTAL_FREE_BYTES, (int64_t)(v.f_bavail * v.f_frsize));
		know(t, TOTAL_FREE_INODES, (int64_t)v.f_favail);
	}
}

static void
put_performance(const struct queue_totals *t, struct buf *out)
{
	const struct queue_field *f;
	size_t i;

	for (i = 0; i < TOTAL_COUNT; i++) {
		f = queue_total_field(i);
		if (f == NULL || !t->is_known[i])
			continue;
		buf_addf(out, " %s=%lld%s", f->name, (long long)t->value[i],
		    f->type == FIELD_DURATION ? "s" :
		    f->type == FIELD_SIZE ? "B" : "");
	}
}

/* What is known, as people read it; without a threshold that was passed. */
static void
put_summary(const struct queue_totals *t, struct buf *out)
{
	const struct queue_field *f;
	struct queue_value v = { VALUE_NUMBER, NULL, 0 };
	bool is_first = true;
	size_t i;

	for (i = 0; i < TOTAL_CLASS; i++) {
		if (!t->is_known[i] || (t->value[i] == 0 &&
		    i != TOTAL_MESSAGES))
			continue;
		f = queue_total_field(i);
		v.number = t->value[i];
		buf_addf(out, "%s%s ", is_first ? "" : ", ", f->name);
		queue_field_text(f, &v, out);
		is_first = false;
	}
}

int
check_print(struct run *r, struct queue_groups *g, struct buf *out)
{
	static const char *const names[] = { "OK", "WARNING", "CRITICAL",
	    "UNKNOWN" };
	enum queue_select_result warn = SELECT_NO, crit = SELECT_NO;
	const struct queue_select *passed = NULL;
	struct queue_totals t;
	int status = CHECK_OK;

	sum_up(r, g, &t);
	if (r->warn != NULL)
		warn = queue_total_eval(r->warn, &t);
	if (r->crit != NULL)
		crit = queue_total_eval(r->crit, &t);
	if (crit == SELECT_YES) {
		status = CHECK_CRITICAL;
		passed = r->crit;
	} else if (warn == SELECT_UNKNOWN || crit == SELECT_UNKNOWN ||
	    source_interrupted || r->unreadable > 0) {
		status = CHECK_UNKNOWN;
	} else if (warn == SELECT_YES) {
		status = CHECK_WARNING;
		passed = r->warn;
	}
	buf_addf(out, "POSTQUEUE %s - ", names[status]);
	/* What was not seen may be what is wrong. */
	if (status == CHECK_UNKNOWN)
		buf_adds(out, source_interrupted ? "interrupted; " :
		    r->unreadable > 0 ? "not all of the queue could be "
		    "read; " :
		    "a threshold needs direct access to the queue; ");
	if (passed != NULL) {
		queue_select_print(passed, out);
		buf_adds(out, ": ");
	}
	put_summary(&t, out);
	buf_adds(out, " |");
	put_performance(&t, out);
	buf_addc(out, '\n');
	queue_select_free(r->warn);
	queue_select_free(r->crit);
	return status;
}
