/*
 * queue_act.h - carry out a plan: each message is the one that was looked at
 *
 * Every message is found by its identity and opened, acted on, and looked at
 * again (queue_identity.h); one that moved between queues meanwhile is
 * followed, one that is gone is counted. The journal is written before the
 * first message is touched. Each message that something was done to gets a
 * log line in the classic shape ("ID: removed"): where log lines go is the
 * caller's to set (log_to). The whole is safe to run in one thread while
 * others read the queue.
 */
#ifndef LIB_QUEUE_QUEUE_ACT_H
#define LIB_QUEUE_QUEUE_ACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/queue/queue_journal.h"
#include "lib/queue/queue_plan.h"
#include "lib/queue/queue_trash.h"

struct buf;
struct err;

/* Texts may be NULL. */
struct queue_act_options {
	const char	*user;		/* queue_journal_user found it */
	const char	*command;	/* "postsuper", "qtop" */
	const char	*select;	/* text of the selection */
	const char	*note;
	const char	*reason;	/* of a bounce */
	const char	*archive;	/* ID of the one that these messages are in, too */
	bool		 wants_undo;	/* delete into the trash */
	bool		 is_classic;	/* no log line of the action itself */
	double		 rate;		/* messages a second; 0: no limit */
	size_t		 batch;		/* pause after so many; 0: never */
	int64_t		 pause_ms;
};
#define QUEUE_ACT_OPTIONS_INIT { .wants_undo = true }

struct queue_act_step {
	const struct queue_plan_item *item;
	enum queue_result result;
	const char	*why;		/* unless done */
	size_t		 index, total;
};
/*
 * called after each message, and every 100 ms of a pause (item NULL)
 *
 * Returns false to stop: what was done stays done.
 */
typedef bool (*queue_act_fn)(const struct queue_act_step *s, void *ctx);

struct queue_act_report {
	char		 token[QUEUE_TOKEN_SIZE];	/* for undo */
	size_t		 counts[QUEUE_RESULT_COUNT];
	bool		 was_stopped;
	bool		 is_unrecorded;	/* the journal could not be written, --no-undo */
	char		 warning[512];	/* something to tell the operator, or "" */
};

/*
 * queue_act_run - do it
 *
 * fn	may be NULL
 *
 * 0 when every message was tried, whatever came of it (see report); -1 with
 * err when nothing could begin: no trash, no journal.
 */
int	queue_act_run(const struct queue_plan *plan,
	    const struct queue_act_options *options, queue_act_fn fn,
	    void *ctx, struct queue_act_report *report, struct err *err);

/*
 * queue_act_promise - append what can be undone, as the last lines of a plan:
 * "undo     kept in trash until ..."
 */
void	queue_act_promise(const struct queue_plan *plan,
	    const struct queue_act_options *options, time_t now,
	    struct buf *out);

/*
 * queue_act_wake - tell a running queue manager, or pickup, that there is work
 *
 * Nobody listening is no error: they look by themselves later.
 */
void	queue_act_wake(const char *service, const char *bytes);

#endif
