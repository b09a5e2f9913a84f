/*
 * queue_act_internal.h - a plan that is being carried out
 */
#ifndef LIB_QUEUE_QUEUE_ACT_INTERNAL_H
#define LIB_QUEUE_QUEUE_ACT_INTERNAL_H

#include "lib/base/buf.h"
#include "lib/queue/queue_act.h"

struct err;

struct act_run {
	const struct queue_plan *plan;
	const struct queue_act_options *o;
	enum queue_action action;
	struct queue_trash *trash;
	struct queue_journal_action a;
	struct buf	 lines;		/* of the journal, to be stored */
	queue_act_fn	 fn;
	void		*ctx;
	struct queue_act_report *report;
};

/* act_on - find this very message, and do it; err says why it was not done */
enum queue_result	act_on(struct act_run *r,
			    const struct queue_plan_item *item,
			    struct err *err);

#endif
