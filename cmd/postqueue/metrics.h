/*
 * metrics.h - the state of the queue as OpenMetrics text
 */
#ifndef CMD_POSTQUEUE_METRICS_H
#define CMD_POSTQUEUE_METRICS_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct queue_group_plan;
struct queue_groups;
struct run;

/* metrics_queues - those that always have a series, NULL-terminated */
extern const char *const metrics_queues[];
/* metrics_plan - what to count; top: of recipient domains, -1: none. Returns how many plans */
size_t	metrics_plan(struct queue_group_plan *plans, int64_t top);
/* metrics_print - append the text of what was counted by these plans */
void	metrics_print(struct run *r, struct queue_groups **g, int64_t took_ms,
	    struct buf *out);

#endif
