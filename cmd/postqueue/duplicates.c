/*
 * duplicates.c - --duplicates: messages that were sent more than once
 *
 * They have the same fingerprint (queue_message.h). All of a group stand
 * together, the oldest first; the largest groups come first. As IDs all but
 * the oldest are given: one of each is to stay when these are deleted.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postqueue/query_internal.h"
#include "lib/queue/queue_scan.h"

void
duplicates_keep(struct part *p)
{
	struct queue_value v;

	queue_field_get(queue_field_find("fingerprint", false), &p->c, 0, 0,
	    &v);
	if (v.kind == VALUE_TEXT)
		query_keep_sorted(p);
	else if (!p->c.m->is_gone)
		p->unknown++;
}

/* One message that has its like; row is empty when it is gone by now. */
static void
show(struct run *r, struct buf *row)
{
	bool is_first = sorter_is_first(r->sorter);
	bool is_id = r->q->format == FORMAT_IDS ||
	    r->q->format == FORMAT_IDS0;

	if (row->len == 0 || (is_id && is_first))
		return;
	if (is_first && r->shown > 0 && r->q->format == FORMAT_TABLE)
		buf_insert(row, 0, "\n", 1);
	r->shown++;
	query_write_text(row, r);
}

int
duplicates_run(struct run *r)
{
	struct queue_scan_job job = { .text = query_write_text };
	struct queue_message m;
	struct buf row = BUF_INIT;
	int got, status;

	query_scan(r, &job);
	sorter_sort(r->sorter);
	sorter_only_equal(r->sorter);
	queue_message_init(&m);
	r->main.c.m = &m;
	output_head(&r->output, &r->out);
	output_write(&r->out);
	while ((r->q->limit < 0 || r->shown < r->q->limit) &&
	    (got = sorter_next(r->sorter, &m, &row)) != 0) {
		if (got == 2)
			query_put_message(&r->main, &row);
		show(r, &row);
	}
	queue_message_done(&m);
	buf_done(&row);
	status = query_status(r, false);
	return status == QUERY_DONE && r->shown == 0 ? QUERY_NOTHING : status;
}
