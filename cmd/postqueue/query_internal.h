/*
 * query_internal.h - one run of a query, and the answers to it
 */
#ifndef CMD_POSTQUEUE_QUERY_INTERNAL_H
#define CMD_POSTQUEUE_QUERY_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "cmd/postqueue/classic.h"
#include "cmd/postqueue/output.h"
#include "cmd/postqueue/query.h"
#include "cmd/postqueue/sort.h"
#include "cmd/postqueue/source.h"
#include "lib/base/buf.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_group.h"
#include "lib/queue/queue_listing.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_select.h"

#define PLANS_MAX	2

struct queue_scan_job;
struct run;

/* What one thread has. */
struct part {
	struct run	*run;
	struct queue_field_context c;
	pthread_mutex_t	 lock;		/* of groups: intermediate results are read */
	struct queue_groups *groups[PLANS_MAX];
	struct classic	 classic;
	struct queue_listing_room room;
	int64_t		 matched, unknown, damaged;
};

struct run {
	struct query	*q;
	time_t		 now;
	struct queue_select *select;
	struct queue_select *warn, *crit;	/* --check */
	struct source	 source;
	struct output	 output;
	bool		 has_color;
	bool		 reads_envelope; /* of each message that is meant */
	struct queue_group_plan plans[PLANS_MAX];
	size_t		 plan_count;
	struct sorter	*sorter;
	struct part	*parts;		/* of the workers */
	unsigned	 part_count;
	struct part	 main;		/* of the calling thread */
	struct buf	 out;
	int64_t		 shown;
	bool		 has_begun;	/* rows were written */
	size_t		 unreadable;
};

/* query_as_caller - lay the group of a set-gid program aside, and take it up again */
void	query_as_caller(bool is_so);
/* query_scan - all messages that may be meant; job's take, text and pulse are the caller's, and ctx, which is r when it is NULL */
void	query_scan(struct run *r, struct queue_scan_job *job);
void	query_scan_queues(struct run *r, struct queue_scan_job *job,
	    const char *const *queues);
/* query_look - in a worker, whose struct part is own; true: the calling thread wants m as well */
bool	query_look(struct queue_message *m, struct buf *out, void *own);
/* query_put_message - append this message in the format that was asked for */
void	query_put_message(struct part *p, struct buf *out);
/* query_keep_sorted - this message waits until it can be sorted; its row is made now only while there is room */
void	query_keep_sorted(struct part *p);
/* query_write_text - rows to standard output; ctx is the run */
bool	query_write_text(struct buf *out, void *ctx);
/* query_count - sums over all parts */
void	query_count(struct run *r, struct part *sum);
/* query_merge - groups of all parts so far, one a plan; the caller frees them */
void	query_merge(struct run *r, struct queue_groups **out);
/* query_status - say what could not be judged; the exit status */
int	query_status(struct run *r, bool wants_match);
/* query_terminal_width, query_terminal_height - 0 when standard output is none */
size_t	query_terminal_width(void);
size_t	query_terminal_height(void);

/* groups_prepare - the plans of --count, --group-by, --shape, --metrics, --check */
void	groups_prepare(struct run *r);
/* groups_run - count, and print what was counted */
int	groups_run(struct run *r);
/* explain_selection - --select-explain; explain_message - --select-why */
int	explain_selection(struct run *r);
int	explain_message(struct run *r);
/* snapshot_open - open the file of --from; save_run - --save */
void	snapshot_open(struct run *r);
int	save_run(struct run *r);
/* duplicates_keep - --duplicates, in a worker: this message may be one; duplicates_run - find and show them */
#define DUPLICATES_ORDER	"fingerprint,arrived"
#define DUPLICATES_COLUMNS	"id,queue,age,size,sender,rcpt,subject"
void	duplicates_keep(struct part *p);
int	duplicates_run(struct run *r);
/* watch_run - --watch */
int	watch_run(struct run *r);
/* flush_run - --flush-select */
int	flush_run(struct run *r);

#endif
