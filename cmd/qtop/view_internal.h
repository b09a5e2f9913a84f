/*
 * view_internal.h - what the files of view share: the worker's state
 *
 *	view.c		requests, results, the worker
 *	view_judge.c	which rows pass the filter
 *	view_order.c	messages in order
 *	view_sum.c	groups, and the overview
 */
#ifndef CMD_QTOP_VIEW_INTERNAL_H
#define CMD_QTOP_VIEW_INTERNAL_H

#include <pthread.h>

#include "cmd/qtop/view.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_message.h"

#define BATCH		512		/* rows between two turns of the snapshot's lock */

enum verdict { JUDGED_NO, JUDGED_YES, JUDGED_UNKNOWN };

struct request {
	struct view_request r;
	char		*filter, *unfolded;
	unsigned	 number;
};

/* Sorted rows: an entry and its key, of stride bytes. */
struct item {
	struct view_entry entry;
	uint64_t	 key[];
};

struct views {
	struct queue_snapshot *s;
	void		(*wake)(void *);
	void		*ctx;
	int		 load;
	pthread_t	 thread;
	pthread_mutex_t	 mutex;
	pthread_cond_t	 asked_now, ready_now;
	struct request	 asked;
	struct view	*ready;
	uint32_t	 ready_version;
	bool		 is_stopping;

	/* The worker's own. */
	struct request	 now;
	time_t		 clock;
	struct queue_select *select;
	char		 error[256];
	struct queue_message m;
	struct queue_field_context c;
	unsigned char	*verdicts;
	uint32_t	 verdict_count;
	uint32_t	 judged;		/* version up to which they hold */
	size_t		 unknown;
	char		*items;
	size_t		 item_count, stride;
	int		 words;
	uint32_t	 ordered;		/* version up to which they hold */
	int64_t		 oldest;
	int64_t		 not_before, rejudge_at;
};

/* view_is_overtaken - was something else asked for, or is it all over? */
bool	view_is_overtaken(struct views *v);

/* view_parse_filter - that of the request; what is wrong with it goes to error */
void	view_parse_filter(struct views *v);
/* view_judge_all - bring the verdicts up to date; false: overtaken */
bool	view_judge_all(struct views *v);

/* view_forget_order - nothing of it holds any more */
void	view_forget_order(struct views *v);
/* Results of the request; NULL: overtaken. */
struct view	*view_make_messages(struct views *v);
struct view	*view_make_groups(struct views *v);
struct view	*view_make_overview(struct views *v);

#endif
