/*
 * queue_total.h - thresholds: the selection language over sums
 *
 *	deferred > 1000 or oldest > 4h or class.throttle >= 100
 *	free.bytes < 1G and not (total = 0)
 *
 * The words are the same as in a selection of messages (queue_select.h);
 * names are those of totals: counts of the queues, total, bytes, rcpts,
 * oldest, oldest.active, due, class.NAME, free.bytes, free.inodes.
 */
#ifndef LIB_QUEUE_QUEUE_TOTAL_H
#define LIB_QUEUE_QUEUE_TOTAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "lib/queue/queue_reason.h"
#include "lib/queue/queue_select.h"

struct err;
struct queue_field;
struct queue_select;

enum queue_total {
	TOTAL_MESSAGES,		/* all queues but corrupt */
	TOTAL_INCOMING, TOTAL_ACTIVE, TOTAL_DEFERRED, TOTAL_HOLD,
	TOTAL_MAILDROP, TOTAL_CORRUPT,
	TOTAL_BYTES, TOTAL_RCPTS,
	TOTAL_OLDEST, TOTAL_OLDEST_ACTIVE,	/* ages in seconds */
	TOTAL_DUE, TOTAL_FREE_BYTES, TOTAL_FREE_INODES,
	TOTAL_CLASS,		/* and one for each class but none */
	TOTAL_COUNT = TOTAL_CLASS + REASON_COUNT
};

struct queue_totals {
	bool		 is_known[TOTAL_COUNT];
	int64_t		 value[TOTAL_COUNT];
};

/* queue_total_field - name and type of a total; NULL for class none */
const struct queue_field	*queue_total_field(size_t total);
/* queue_total_find - by name, NULL when there is none; for the parser */
const struct queue_field	*queue_total_find(const char *name);

/* queue_total_parse - as queue_select_parse */
struct queue_select	*queue_total_parse(const char *text, time_t now,
			    struct err *err);
/* queue_total_eval - SELECT_UNKNOWN when it depends on what is not known */
enum queue_select_result	queue_total_eval(const struct queue_select *s,
				    const struct queue_totals *t);
/* queue_total_uses - does the threshold look at this total? */
bool	queue_total_uses(const struct queue_select *s, size_t total);

#endif
