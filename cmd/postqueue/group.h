/*
 * group.h - print groups of messages
 */
#ifndef CMD_POSTQUEUE_GROUP_H
#define CMD_POSTQUEUE_GROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "cmd/postqueue/query.h"

struct buf;
struct queue_field;
struct queue_group_plan;
struct queue_groups;

/*
 * group_print - the largest first, top of them (-1: all)
 *
 * is_short	only messages, recipients and bytes (--count)
 */
void	group_print(struct queue_groups *g,
	    const struct queue_group_plan *plan, enum query_format format,
	    bool is_short, int64_t top, time_t now, struct buf *out);

/* group_value_shown - append a value of a group as people read it */
void	group_value_shown(const struct queue_field *f, const char *value,
	    struct buf *out);
/* group_value_json - append it as a member named after its field */
void	group_value_json(const struct queue_field *f, const char *value,
	    struct buf *out);

#endif
