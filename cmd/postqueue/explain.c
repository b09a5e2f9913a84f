/*
 * explain.c - --select-explain, --select-why: what a selection means
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "cmd/postqueue/query_internal.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/queue/queue_scan.h"

int
explain_selection(struct run *r)
{
	static const char *const tiers[] = { "directory entries",
	    "envelopes", "defer logs", "headers", "whole messages" };
	const char *queues[QUEUE_SELECT_QUEUES];
	size_t i;

	if (r->select == NULL)
		log_fatal("--select-explain needs --select");
	queue_select_print(r->select, &r->out);
	buf_adds(&r->out, "\n\n");
	queue_select_explain(r->select, &r->out);
	buf_addf(&r->out, "\nreads at most: %s\nqueues:",
	    tiers[queue_select_tier(r->select)]);
	queue_select_queues(r->select, queues);
	for (i = 0; queues[i] != NULL; i++)
		buf_addf(&r->out, " %s", queues[i]);
	buf_addc(&r->out, '\n');
	output_write(&r->out);
	return QUERY_DONE;
}

/* Line by line, each made visible. */
static void
put_visible(char *text, struct buf *out)
{
	char *line;

	while ((line = strsep(&text, "\n")) != NULL && text != NULL) {
		text_visible(out, line, 0);
		buf_addc(out, '\n');
	}
}

static bool
why(struct queue_message *m, void *ctx)
{
	struct run *r = ctx;
	struct buf plain = BUF_INIT;

	r->main.c.m = m;
	queue_select_why(r->select, &r->main.c, &plain);
	put_visible(plain.ptr, &r->out);
	buf_done(&plain);
	output_write(&r->out);
	r->shown++;
	return false;
}

int
explain_message(struct run *r)
{
	static const char *const queues[] = { "maildrop", "active",
	    "incoming", "deferred", "hold", "corrupt", NULL };
	struct queue_scan_job job = { .take = why };
	struct queue_message m;
	size_t i;

	if (r->select == NULL)
		log_fatal("--select-why needs --select");
	queue_message_init(&m);
	if (r->source.kind == SOURCE_QUEUE)
		for (i = 0; queues[i] != NULL && r->shown == 0; i++)
			if (queue_message_read(&m, queues[i], r->q->why,
			    QUEUE_MESSAGE_ENVELOPE, NULL) != 0)
				why(&m, r);
	queue_message_done(&m);
	if (r->source.kind != SOURCE_QUEUE)
		query_scan_queues(r, &job, queues);
	if (r->shown > 0)
		return QUERY_DONE;
	log_error("%s: no such message", r->q->why);
	return QUERY_NOTHING;
}
