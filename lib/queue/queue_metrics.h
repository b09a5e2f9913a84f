/*
 * queue_metrics.h - the state of the queue as OpenMetrics text
 */
#ifndef LIB_QUEUE_QUEUE_METRICS_H
#define LIB_QUEUE_QUEUE_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct buf;
struct queue_group_plan;
struct queue_groups;

struct queue_metrics {
	time_t	now;
	int64_t	top;		/* how many recipient domains; -1: none */
	bool	knows_due;	/* a listing service does not tell when messages are due */
	bool	knows_space;	/* it is the queue that we work in */
};

/* queue_metrics_queues - those that always have a series, NULL-terminated */
extern const char *const queue_metrics_queues[];
/*
 * queue_metrics_plan - what to count; top: as above
 *
 * plans has room for two. Returns how many there are.
 */
size_t	queue_metrics_plan(struct queue_group_plan *plans, int64_t top);
/* queue_metrics_print - append the text of what was counted by these plans */
void	queue_metrics_print(const struct queue_metrics *m,
	    struct queue_groups **g, struct buf *out);
/*
 * queue_metrics_look - count all of the queue that we work in, and append the text
 *
 * Returns false when some of it could not be read.
 */
bool	queue_metrics_look(struct buf *out);

#endif
