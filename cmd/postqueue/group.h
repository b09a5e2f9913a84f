/*
 * group.h - messages counted by the values of some fields
 */
#ifndef CMD_POSTQUEUE_GROUP_H
#define CMD_POSTQUEUE_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/postqueue/query.h"

struct buf;
struct groups;
struct queue_field_context;

/*
 * groups_new - by a comma list of fields; NULL or "": all in one
 *
 * is_short	only messages, recipients and bytes (--count)
 * *bad		the name that is no field, when NULL comes back
 */
struct groups	*groups_new(const char *fields, bool is_short,
		    const char **bad);
void	groups_add(struct groups *g, struct queue_field_context *c);
/* groups_add_entry - count a file of which only the entry is known */
void	groups_add_entry(struct groups *g, struct queue_field_context *c);
/* groups_print - the largest first, top of them (-1: all) */
void	groups_print(struct groups *g, enum query_format format, int64_t top,
	    struct buf *out);
void	groups_free(struct groups *g);

#endif
