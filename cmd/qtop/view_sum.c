/*
 * view_sum.c - rows that pass, counted: groups, and the overview of all
 *
 * SPDX-License-Identifier: ISC
 */

#include "cmd/qtop/group.h"
#include "cmd/qtop/view_internal.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"

#define GROUPS_MAX	50000
#define EXPIRY_S	(6 * 3600)

/* Call fn for every row that passes; false: overtaken. */
static bool
each_row(struct views *v, bool is_filtered,
    void (*fn)(struct views *, const struct queue_row *, void *), void *ctx,
    size_t *matched)
{
	uint32_t slot, slots = v->verdict_count;
	const struct queue_row *row;

	*matched = 0;
	for (slot = 0; slot < slots; ) {
		queue_snapshot_lock(v->s);
		do {
			row = queue_snapshot_row(v->s, slot);
			if (row == NULL || (is_filtered &&
			    v->verdicts[slot] != JUDGED_YES))
				continue;
			fn(v, row, ctx);
			++*matched;
		} while (++slot < slots && slot % BATCH != 0);
		queue_snapshot_unlock(v->s);
		if (slot % (BATCH * 32) == 0 && view_is_overtaken(v))
			return false;
	}
	return true;
}

static void
add_to_group(struct views *v, const struct queue_row *row, void *ctx)
{
	grouping_add(ctx, v->s, row);
}

struct view *
view_make_groups(struct views *v)
{
	struct grouping *g = grouping_new(v->now.r.by, v->now.r.wants_parents,
	    v->now.unfolded, v->clock);
	struct view *view = NULL;
	size_t matched;

	if (each_row(v, true, add_to_group, g, &matched)) {
		view = xcalloc(1, sizeof(*view));
		view->matched = matched;
		queue_snapshot_lock(v->s);
		view->groups = grouping_finish(g, v->s, v->now.r.group_sort,
		    v->now.r.is_down, GROUPS_MAX, &view->count, &view->is_cut,
		    &view->texts);
		queue_snapshot_unlock(v->s);
	}
	grouping_free(g);
	return view;
}

struct summing {
	struct overview	*o;
	struct grouping	*tops[4];
	time_t		 now;
};

static void
add_to_overview(struct views *v, const struct queue_row *row, void *ctx)
{
	struct summing *sum = ctx;
	struct overview *o = sum->o;
	const struct queue_row_rcpt *r = queue_snapshot_rcpts(row);
	int64_t life = row->sender == 0 ? params.bounce_queue_lifetime :
	    params.maximal_queue_lifetime;
	int64_t left = row->arrival + row->created_after + life - sum->now;
	uint8_t class;
	int q = row->queue;
	size_t i;

	o->messages[q]++;
	o->rcpts[q] += row->rcpt_count;
	o->bytes[q] += (uint64_t)row->size;
	if (o->oldest[q] == 0 || row->arrival < o->oldest[q])
		o->oldest[q] = row->arrival;
	o->dated[q] += column_has_next(row);
	if ((q == QUEUE_DEFERRED || q == QUEUE_INCOMING) &&
	    column_has_next(row) && !column_is_waiting(row, sum->now))
		o->due[q]++;
	o->expiring += q != QUEUE_HOLD && q != QUEUE_CORRUPT &&
	    left < EXPIRY_S;
	o->damaged += row->is_damaged;
	for (i = 0; i < row->rcpt_count; i++) {
		class = queue_snapshot_reason(v->s, &r[i])->class;
		if (class == REASON_LOCAL_CONFIG || class == REASON_FILTER ||
		    class == REASON_LOCAL_RESOURCE) {
			o->local_trouble++;
			break;
		}
	}
	for (i = 0; i < 4; i++)
		grouping_add(sum->tops[i], v->s, row);
}

struct view *
view_make_overview(struct views *v)
{
	static const enum group_by bys[4] = { BY_SENDER, BY_DOMAIN, BY_CLASS,
	    BY_SASL };
	struct view *view = xcalloc(1, sizeof(*view));
	struct summing sum = { &view->overview, { NULL }, v->clock };
	struct buf names = BUF_INIT;
	size_t i, k;
	bool is_done;

	for (i = 0; i < 4; i++)
		sum.tops[i] = grouping_new(bys[i], false, NULL, v->clock);
	is_done = each_row(v, false, add_to_overview, &sum, &view->matched);
	queue_snapshot_lock(v->s);
	for (i = 0; i < 4; i++) {
		if (is_done)
			view->overview.top_count[i] = grouping_top(
			    sum.tops[i], v->s, view->overview.top[i], &names);
		grouping_free(sum.tops[i]);
	}
	queue_snapshot_unlock(v->s);
	view->texts = buf_take(&names);
	for (i = 0; i < 4; i++)
		for (k = 0; k < view->overview.top_count[i]; k++)
			view->overview.top[i][k].label = view->texts +
			    view->overview.top[i][k].bytes;
	if (!is_done) {
		view_free(view);
		return NULL;
	}
	return view;
}
