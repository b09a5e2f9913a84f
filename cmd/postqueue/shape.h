/*
 * shape.h - print how long mail waits, by the values of one field
 */
#ifndef CMD_POSTQUEUE_SHAPE_H
#define CMD_POSTQUEUE_SHAPE_H

#include <stdint.h>

#include "cmd/postqueue/query.h"

struct buf;
struct queue_group_plan;
struct queue_groups;

#define SHAPE_BUCKETS	10
#define SHAPE_FIRST_S	300

/*
 * shape_print - the largest first below the total, top of them (-1: all)
 *
 * plan		one field, and a histogram of ages
 */
void	shape_print(struct queue_groups *g,
	    const struct queue_group_plan *plan, enum query_format format,
	    int64_t top, struct buf *out);

#endif
