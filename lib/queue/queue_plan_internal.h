/*
 * queue_plan_internal.h - what a plan holds, for those who sum it up
 */
#ifndef LIB_QUEUE_QUEUE_PLAN_INTERNAL_H
#define LIB_QUEUE_QUEUE_PLAN_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include <uthash.h>

#include "lib/base/buf.h"
#include "lib/queue/queue_plan.h"

/* One recipient of an item. */
struct plan_fact {
	unsigned	 domain;
	unsigned	 class;
};

struct plan_name {
	char		*text;
	unsigned	 number;
	UT_hash_handle	 hh;
};

/* Texts that turn up again and again, each kept once. */
struct plan_names {
	struct plan_name	*by_text;
	struct plan_name	**list;
	size_t		 count;
};

struct queue_plan {
	enum queue_action action;
	time_t		 now;
	bool		 wants_summary;
	const struct queue_field *order;
	bool		 is_from_end;
	struct queue_plan_item *items;
	size_t		 count, size;
	struct plan_fact	*facts;
	size_t		 fact_count, fact_size;
	struct plan_names	 senders, domains;
	struct buf	 scratch;
	size_t		 idle, unreadable;
};

#endif
