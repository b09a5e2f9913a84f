/*
 * queue_select_eval.h - evaluation, for those who also show how it went
 */
#ifndef LIB_QUEUE_QUEUE_SELECT_EVAL_H
#define LIB_QUEUE_QUEUE_SELECT_EVAL_H

#include "lib/queue/queue_select.h"
#include "lib/queue/queue_select_internal.h"

/* How far evaluation may go, and where it stands. */
struct walk {
	const struct queue_select *s;
	struct queue_field_context *c;
	int		 tier;
	bool		 in_rcpt;
	size_t		 rcpt;
	const size_t	*only;		/* this recipient alone is asked about */
	struct buf	 folded;
};

/* eval_node - what the node says, as far as w->tier */
enum queue_select_result	eval_node(struct walk *w, const struct node *n);
/* eval_value - the nth value of the test's field */
void	eval_value(struct walk *w, const struct test *t, size_t rcpt,
	    size_t nth, struct queue_value *v);
/* eval_compare - what the test's operator says of v, "not" forms included */
enum queue_select_result	eval_compare(struct walk *w, const struct test *t,
	    const struct queue_value *v);
/* eval_knows_rcpts - may recipients be counted now? */
bool	eval_knows_rcpts(struct walk *w);

#endif
