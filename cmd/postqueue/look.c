/*
 * look.c - what a worker does with one message: is it meant, and what becomes of it?
 *
 * SPDX-License-Identifier: ISC
 */
#include <pthread.h>
#include <string.h>

#include "cmd/postqueue/classic.h"
#include "cmd/postqueue/output.h"
#include "cmd/postqueue/query_internal.h"
#include "cmd/postqueue/sort.h"
#include "lib/base/buf.h"
#include "lib/queue/queue_jsonl.h"
#include "lib/queue/queue_listing.h"

static void
put_classic(struct part *p, struct buf *out)
{
	struct queue_listing_message m;

	queue_message_want(p->c.m, QUEUE_MESSAGE_REASONS, NULL);
	queue_listing_of(p->c.m, &p->room, &m);
	classic_text(&m, out, &p->classic);
}

void
query_put_message(struct part *p, struct buf *out)
{
	const struct run *r = p->run;
	size_t from = out->len;

	if (r->q->mode == MODE_SAVE)
		queue_jsonl_put(out, &p->c, r->output.columns,
		    r->output.count);
	else if (r->q->format == FORMAT_CLASSIC)
		put_classic(p, out);
	else
		output_message(&r->output, &p->c, "", out);
	if (p->c.m->is_gone)
		buf_truncate(out, from);
}

void
query_keep_sorted(struct part *p)
{
	struct run *r = p->run;
	struct buf row = BUF_INIT;
	unsigned n = (unsigned)(p - r->parts);
	bool has_row = p->c.m->is_told || (r->q->limit < 0 &&
	    r->q->mode == MODE_ROWS &&
	    sorter_wants_row(r->sorter, n, p->c.m));

	if (has_row)
		query_put_message(p, &row);
	sorter_keep(r->sorter, n, &p->c, has_row ? &row : NULL);
	buf_done(&row);
}

static void
count_groups(struct part *p)
{
	size_t i;

	pthread_mutex_lock(&p->lock);
	for (i = 0; i < p->run->plan_count; i++)
		queue_groups_add(p->groups[i], &p->c);
	pthread_mutex_unlock(&p->lock);
}

/* Is this message meant? Nothing has looked yet whether it can be read. */
static bool
is_meant(struct part *p)
{
	const struct run *r = p->run;
	struct queue_message *m = p->c.m;
	enum queue_select_result judged = SELECT_YES;

	if (r->select != NULL)
		judged = queue_select_eval(r->select, &p->c);
	if (m->is_gone)
		return false;
	if (judged == SELECT_UNKNOWN)
		p->unknown++;
	if (judged != SELECT_YES)
		return false;
	if (m->is_told || (m->has & QUEUE_MESSAGE_ENVELOPE) != 0 ||
	    m->may_arrive)
		return true;
	/* Opening a file tells whether it is ready: it is not asked twice. */
	if (r->reads_envelope &&
	    queue_message_want(m, QUEUE_MESSAGE_ENVELOPE, NULL) == 1)
		return true;
	/* What stands in the queues behind incoming was complete before it came there. */
	if (r->plan_count > 0 && (r->plans[0].facts & QUEUE_GROUP_BY_NAME) &&
	    strcmp(m->queue, "incoming") != 0 &&
	    strcmp(m->queue, "maildrop") != 0)
		return true;
	return queue_message_is_ready(m);
}

bool
query_look(struct queue_message *m, struct buf *out, void *own)
{
	struct part *p = own;
	const struct query *q = p->run->q;
	bool is_handed_on = false;

	p->c.m = m;
	if (!is_meant(p)) {
		p->damaged += m->is_damaged;
		return false;
	}
	if (q->mode == MODE_WHY)
		is_handed_on = strcmp(m->id, q->why) == 0;
	else if (p->run->plan_count > 0)
		count_groups(p);
	else if (q->watch_s >= 0 || q->mode == MODE_FLUSH ||
	    (q->limit >= 0 && p->run->sorter == NULL))
		is_handed_on = true;
	else if (q->mode == MODE_DUPLICATES)
		duplicates_keep(p);
	else if (p->run->sorter != NULL)
		query_keep_sorted(p);
	else
		query_put_message(p, out);
	p->damaged += m->is_damaged;
	p->matched += !m->is_gone;
	return is_handed_on;
}
