/*
 * queue_group.h - messages counted by the values of some fields
 *
 *	struct queue_group_plan plan = QUEUE_GROUP_PLAN_INIT;
 *
 *	queue_group_plan_fields(&plan, "rcpt.domain,class", &err);
 *	g = queue_groups_new(&plan);
 *	queue_groups_add(g, &c);	for each message
 *	groups = queue_groups_sorted(g, QUEUE_GROUP_BY_MESSAGES, &count);
 *
 * A message with recipients in several groups counts once in each, its bytes
 * too. Several threads count into groups of their own, which are merged.
 */
#ifndef LIB_QUEUE_QUEUE_GROUP_H
#define LIB_QUEUE_QUEUE_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "lib/queue/queue_reason.h"

struct buf;
struct err;
struct queue_field;
struct queue_field_context;
struct queue_groups;

#define QUEUE_GROUP_FIELDS_MAX	8
#define QUEUE_GROUP_AGES_MAX	40

enum queue_group_facts {
	QUEUE_GROUP_CLASSES	= 1,	/* reads defer logs */
	QUEUE_GROUP_BY_ENTRY	= 2,	/* no more than lstat tells is read: no recipients, bytes as on disk */
	QUEUE_GROUP_BY_NAME	= 4	/* names only: messages */
};

/* What to count by, and what to count. */
struct queue_group_plan {
	const struct queue_field *fields[QUEUE_GROUP_FIELDS_MAX];
	size_t		 field_count;	/* 0: all in one group */
	unsigned	 facts;		/* QUEUE_GROUP_* bits */
	int64_t		 ages[QUEUE_GROUP_AGES_MAX];	/* upper ends in seconds, the last is open */
	size_t		 age_count;	/* 0: no histogram */
	bool		 wants_parents;	/* a domain counts for those above it, too */
};
#define QUEUE_GROUP_PLAN_INIT { .field_count = 0 }

/* queue_group_plan_fields - read a comma list of field names; 0, or -1 with err */
int	queue_group_plan_fields(struct queue_group_plan *p, const char *list,
	    struct err *err);
/*
 * queue_group_plan_ages - a histogram of count ages
 *
 * first_s	upper end of the first, in seconds; each of the others ends
 *		at twice the one before, or with is_linear is as wide as it
 */
void	queue_group_plan_ages(struct queue_group_plan *p, size_t count,
	    int64_t first_s, bool is_linear);

struct queue_group {
	int64_t		 messages, recipients, bytes, due;
	time_t		 oldest, newest;	/* arrivals; 0 without a message */
	int64_t		 arrivals;	/* their sum, for the mean age */
	int64_t		 units;		/* of the histogram: recipients, or messages where no field is a recipient's */
	unsigned	 classes[REASON_COUNT];	/* recipients */
	int64_t		*ages;		/* units; as many as the plan has */
};

struct queue_groups	*queue_groups_new(const struct queue_group_plan *p);
void	queue_groups_free(struct queue_groups *g);
/* queue_groups_add - count this message; reads of it what the plan needs */
void	queue_groups_add(struct queue_groups *g, struct queue_field_context *c);
/* queue_groups_copy - add what was counted elsewhere, which stays */
void	queue_groups_copy(struct queue_groups *g,
	    const struct queue_groups *from);
/* queue_groups_total - all messages in one */
const struct queue_group	*queue_groups_total(
				    const struct queue_groups *g);

enum queue_group_order { QUEUE_GROUP_BY_MESSAGES, QUEUE_GROUP_BY_UNITS };
/* queue_groups_sorted - the largest first; borrowed until the next add, merge or sort */
const struct queue_group *const	*queue_groups_sorted(struct queue_groups *g,
				    enum queue_group_order order,
				    size_t *count);
/*
 * queue_group_value - the value of the plan's nth field in this group
 *
 * Numbers as digits; addresses and domains in the form in which they compare.
 */
const char	*queue_group_value(const struct queue_group *one, size_t nth);
/* queue_group_top_class - of most of its recipients; REASON_NONE when none failed */
enum queue_reason_class	queue_group_top_class(const struct queue_group *one);

#endif
