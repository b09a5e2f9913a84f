/*
 * queue_plan.h - what an action would do, before anything is done
 *
 *	plan = queue_plan_new(QUEUE_ACT_DELETE, now, true);
 *	queue_plan_add(plan, &c, select);	for each message that is meant
 *	queue_plan_limit(plan, 100);		optional
 *	if (queue_plan_check(plan, &guards, &err) == 0)
 *		queue_plan_print(plan, &text);
 *
 * A plan holds identities, and as much of each message as the summary needs;
 * it touches nothing. queue_act.h carries it out.
 */
#ifndef LIB_QUEUE_QUEUE_PLAN_H
#define LIB_QUEUE_QUEUE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "lib/queue/queue_identity.h"

struct buf;
struct err;
struct queue_field_context;
struct queue_plan;
struct queue_select;

enum queue_action {
	QUEUE_ACT_DELETE,
	QUEUE_ACT_HOLD,
	QUEUE_ACT_RELEASE,
	QUEUE_ACT_REQUEUE,
	QUEUE_ACT_EXPIRE,
	QUEUE_ACT_EXPIRE_RELEASE,
	QUEUE_ACT_FLUSH,	/* try it now */
	QUEUE_ACT_BOUNCE,	/* return it to its sender now, with a reason */
	QUEUE_ACT_DROP,		/* bounce-quiet: drop what recipients are left, tell nobody */
	QUEUE_ACT_EDIT,		/* carried out by queue_edit.h */
	QUEUE_ACT_COUNT
};

struct queue_action_info {
	const char	*name;		/* "expire-release": option, journal */
	const char	*done;		/* "expired and released" */
	bool		 is_destructive; /* other recipients would be hurt */
	bool		 is_reversible;	/* whenever: not requeue */
};
extern const struct queue_action_info queue_actions[QUEUE_ACT_COUNT];
/* queue_action_find - by name; QUEUE_ACT_COUNT when there is none */
enum queue_action	queue_action_find(const char *name);
/* queue_action_can_undo - for requeue only until pickup has taken it */
bool	queue_action_can_undo(enum queue_action action);
/* queue_action_applies - false where a message of that queue, in that mode, is so already or cannot become so */
bool	queue_action_applies(enum queue_action action, const char *queue,
	    mode_t mode);

struct queue_plan_item {
	struct queue_identity what;	/* texts are the plan's */
	time_t		 mtime;		/* next attempt, where that is in the future */
	mode_t		 mode;
	size_t		 rcpts;		/* still to do */
	size_t		 other_rcpts;	/* of these, not matched by the selection */
	/* For the summary and the order: see queue_plan.c. */
	int64_t		 size, key_number;
	char		*key_text;
	size_t		 facts, fact_count;
	unsigned	 sender;
};

/*
 * queue_plan_new - an empty plan
 *
 * now			what "due now" and ages are counted from
 * wants_summary	false: only identities are kept, the defer logs not
 *			read; queue_plan_print then tells counts only
 */
struct queue_plan	*queue_plan_new(enum queue_action action, time_t now,
			    bool wants_summary);
void	queue_plan_free(struct queue_plan *p);
/* queue_plan_order - by which field queue_plan_limit sorts, "-field" from the end; before any add. 0, or -1 for an unknown field */
int	queue_plan_order(struct queue_plan *p, const char *field,
	    struct err *err);

/*
 * queue_plan_add - this message too
 *
 * s	what selected it, to tell which recipients it did not match; may be NULL
 *
 * Returns false when it was not taken: gone, unreadable (counted), or the
 * action has no meaning for it (counted: a held message cannot be held).
 */
bool	queue_plan_add(struct queue_plan *p, struct queue_field_context *c,
	    const struct queue_select *s);
/* queue_plan_limit - keep the first n in the order asked for, else the oldest */
void	queue_plan_limit(struct queue_plan *p, size_t n);
/* queue_plan_sort - in the order asked for, else the oldest first */
void	queue_plan_sort(struct queue_plan *p);

/* queue_plan_action, _count, _at - what is to be done, to how many messages, and the ith of them */
enum queue_action	queue_plan_action(const struct queue_plan *p);
size_t	queue_plan_count(const struct queue_plan *p);
const struct queue_plan_item	*queue_plan_at(const struct queue_plan *p,
				    size_t i);

struct queue_plan_totals {
	size_t		 messages, recipients;
	int64_t		 bytes;		/* of the files */
	size_t		 partly;	/* messages with other recipients */
	size_t		 other_rcpts;	/* of those */
	size_t		 idle;		/* selected, but it is so already */
	size_t		 active;	/* in the active queue: perhaps being delivered */
};
void	queue_plan_total(const struct queue_plan *p,
	    struct queue_plan_totals *out);

/* What the operator was ready for; -1: no limit. */
struct queue_plan_guards {
	int64_t		 max, expect;
};
#define QUEUE_PLAN_GUARDS_INIT { -1, -1 }
/* queue_plan_check - 0, or -1 with err (ERR_LIMIT) when a guard says no */
int	queue_plan_check(const struct queue_plan *p,
	    const struct queue_plan_guards *guards, struct err *err);

/*
 * queue_plan_print - append the summary, a line a topic, fit for a terminal
 *
 * queue_act_promise in queue_act.h adds what can be undone.
 */
void	queue_plan_print(const struct queue_plan *p, struct buf *out);
/* queue_plan_json - append the same as the members of a JSON object, without its braces */
void	queue_plan_json(const struct queue_plan *p, struct buf *out);
/* queue_plan_put_bytes - append a size for people: "41.2 MiB" */
void	queue_plan_put_bytes(struct buf *out, int64_t bytes);

#endif
