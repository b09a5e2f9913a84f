/*
 * tally.c - answers that are counts: --count, --group-by, --shape, --metrics,
 * --check
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/postqueue/check.h"
#include "cmd/postqueue/group.h"
#include "cmd/postqueue/query_internal.h"
#include "cmd/postqueue/shape.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/metrics_text.h"
#include "lib/queue/queue_metrics.h"
#include "lib/queue/queue_scan.h"

#define INTERIM_MS	500	/* between intermediate results */
#define ROWS_USUAL	24	/* of a terminal that does not say */

size_t
query_terminal_width(void)
{
	struct winsize ws;

	if (!isatty(STDOUT_FILENO) ||
	    ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == -1)
		return 0;
	return ws.ws_col;
}

size_t
query_terminal_height(void)
{
	struct winsize ws;

	if (!isatty(STDOUT_FILENO) ||
	    ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == -1)
		return 0;
	return ws.ws_row > 0 ? ws.ws_row : ROWS_USUAL;
}

/* ---- what to count ---- */

static void
set_fields(struct queue_group_plan *p, const char *list, const char *option)
{
	struct err err = ERR_INIT;

	if (queue_group_plan_fields(p, list, &err) == -1)
		log_fatal("--%s: %s", option, err.text);
}

static void
prepare_shape(const struct query *q, struct queue_group_plan *p)
{
	int64_t buckets = q->buckets >= 0 ? q->buckets : SHAPE_BUCKETS;
	int64_t first_s = q->first_s >= 0 ? q->first_s : SHAPE_FIRST_S;

	set_fields(p, q->by != NULL ? q->by : "rcpt.domain", "shape");
	if (p->field_count != 1)
		log_fatal("--shape: one field");
	if (buckets < 1 || buckets > QUEUE_GROUP_AGES_MAX)
		log_fatal("--buckets: between 1 and %d",
		    QUEUE_GROUP_AGES_MAX);
	if (first_s < 1)
		log_fatal("--first: at least 1s");
	queue_group_plan_ages(p, (size_t)buckets, first_s, q->is_linear);
	p->wants_parents = q->wants_parents;
}

static void
prepare_count(struct run *r, struct queue_group_plan *p)
{
	const struct query *q = r->q;

	set_fields(p, q->by != NULL ? q->by : "", "by");
	/* Names tell enough when nothing else is asked for. */
	if (r->select == NULL && r->source.kind == SOURCE_QUEUE &&
	    (q->by == NULL || strcmp(q->by, "queue") == 0)) {
		p->facts = QUEUE_GROUP_BY_NAME;
		r->source.flags |= QUEUE_SCAN_AS_STORED;
	}
}

void
groups_prepare(struct run *r)
{
	struct queue_group_plan *p = &r->plans[0];

	r->plan_count = 1;
	switch (r->q->mode) {
	case MODE_COUNT:
		prepare_count(r, p);
		break;
	case MODE_GROUPS:
		set_fields(p, r->q->by, "group-by");
		p->facts = QUEUE_GROUP_CLASSES;
		break;
	case MODE_SHAPE:
		prepare_shape(r->q, p);
		break;
	case MODE_METRICS:
		r->plan_count = queue_metrics_plan(r->plans, r->q->top);
		break;
	case MODE_CHECK:
		check_prepare(r);
		break;
	default:
		r->plan_count = 0;
		break;
	}
	if (r->plan_count > 0 && r->q->mode < MODE_METRICS &&
	    (r->q->format == FORMAT_IDS || r->q->format == FORMAT_IDS0 ||
	    r->q->format == FORMAT_CLASSIC))
		log_fatal("groups have no IDs to print");
}

/* ---- counting ---- */

struct interim {
	struct run	*r;
	int64_t		 next_ms;
	size_t		 lines;		/* that stand on the terminal */
};

static void
print_groups(struct run *r, struct queue_groups *g, int64_t top,
    struct buf *out)
{
	if (r->q->mode == MODE_SHAPE)
		shape_print(g, &r->plans[0], r->q->format, top, out);
	else
		group_print(g, &r->plans[0], r->q->format,
		    r->q->mode == MODE_COUNT, top, r->now, out);
}

/* Back over what the last intermediate result has printed. */
static void
wipe(struct interim *in, struct buf *out)
{
	if (in->lines > 0)
		buf_addf(out, "\x1b[%zuA\x1b[J", in->lines);
	in->lines = 0;
}

static void
show_interim(void *ctx)
{
	struct interim *in = ctx;
	struct run *r = in->r;
	struct queue_groups *g[PLANS_MAX];
	struct buf text = BUF_INIT;
	int64_t top = (int64_t)query_terminal_height() - 4;
	const char *p;

	if (clock_mono_ms() < in->next_ms)
		return;
	query_merge(r, g);
	if (r->q->top >= 0 && r->q->top < top)
		top = r->q->top;
	print_groups(r, g[0], top > 0 ? top : 0, &text);
	queue_groups_free(g[0]);
	wipe(in, &r->out);
	buf_add(&r->out, text.ptr, text.len);
	for (p = text.ptr; (p = strchr(p, '\n')) != NULL; p++)
		in->lines++;
	output_write(&r->out);
	buf_done(&text);
	in->next_ms = clock_mono_ms() + INTERIM_MS;
}

static void
count(struct run *r, struct interim *in)
{
	struct queue_scan_job job = { .pulse = NULL };
	bool is_seen = (r->q->mode == MODE_SHAPE ||
	    r->q->mode == MODE_GROUPS) && r->q->format == FORMAT_TABLE &&
	    query_terminal_height() > 0 && r->q->watch_s < 0;

	in->next_ms = clock_mono_ms() + INTERIM_MS;
	job.pulse = is_seen ? show_interim : NULL;
	job.pulse_ctx = in;
	if (r->q->mode == MODE_METRICS || r->q->mode == MODE_CHECK)
		query_scan_queues(r, &job, queue_metrics_queues);
	else
		query_scan(r, &job);
}

int
groups_run(struct run *r)
{
	struct interim in = { .r = r };
	struct queue_groups *g[PLANS_MAX] = { NULL };
	int64_t began_ms = clock_mono_ms();
	int status = QUERY_DONE;
	size_t i;

	count(r, &in);
	query_merge(r, g);
	switch (r->q->mode) {
	case MODE_METRICS:
		queue_metrics_print(&(struct queue_metrics){ r->now,
		    r->q->top, r->source.kind != SOURCE_SHOWQ,
		    r->source.kind == SOURCE_QUEUE }, g, &r->out);
		metrics_end(&r->out, clock_mono_ms() - began_ms,
		    r->unreadable == 0);
		break;
	case MODE_CHECK:
		status = check_print(r, g[0], &r->out);
		break;
	default:
		wipe(&in, &r->out);
		print_groups(r, g[0], r->q->top, &r->out);
		break;
	}
	output_write(&r->out);
	for (i = 0; i < r->plan_count; i++)
		queue_groups_free(g[i]);
	return r->q->mode == MODE_CHECK ? status : query_status(r, false);
}
