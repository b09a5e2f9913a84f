/*
 * shape.h - how long mail waits, by the values of one field
 */
#ifndef CMD_POSTQUEUE_SHAPE_H
#define CMD_POSTQUEUE_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/postqueue/query.h"

struct buf;
struct queue_field_context;
struct shape;

struct shape_options {
	const char	*field;		/* NULL: rcpt.domain */
	int64_t		 buckets;	/* how many ages, the last one open */
	int64_t		 first_s;	/* width of the first */
	bool		 is_linear;	/* all as wide as the first, not doubling */
	bool		 wants_parents;	/* a domain counts for those above it */
};
#define SHAPE_BUCKETS	10
#define SHAPE_FIRST_S	300
#define SHAPE_BUCKETS_MAX 40

/* shape_new - NULL when there is no such field */
struct shape	*shape_new(const struct shape_options *options);
/* shape_add - count a message's recipients, or the message for a field of its own */
void	shape_add(struct shape *s, struct queue_field_context *c);
/* shape_print - the largest first below the total, top of them (-1: all) */
void	shape_print(struct shape *s, enum query_format format, int64_t top,
	    struct buf *out);
void	shape_free(struct shape *s);

#endif
