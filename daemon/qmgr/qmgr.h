/*
 * qmgr.h - the queue manager: what its files share
 *
 *	scan.c -> active.c -> message.c -> assign.c -> sched.c <-> dispatch.c
 *	                ^                                              |
 *	                +------------------ report.c <-----------------+
 *
 * One struct qmgr holds everything; all of it runs on one event loop, and
 * nothing on it waits for another process.
 */
#ifndef DAEMON_QMGR_QMGR_H
#define DAEMON_QMGR_QMGR_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "daemon/qmgr/message.h"
#include "daemon/qmgr/sched.h"

#define RETRY_SERVICE	"retry"	/* the transport of what has to wait */

struct buf;
struct err;
struct qmgr;
struct queue_dir;
struct resolver;

/* One queue that is being looked through. */
struct scan {
	const char	*queue;
	struct queue_dir *dir;		/* NULL: nothing under way */
	bool		 is_wanted;	/* begin, or begin again after this one */
	bool		 ignores_time;	/* trigger A */
	bool		 is_flush;	/* trigger F: defer_transports do not count */
	bool		 next_ignores_time, next_is_flush;
};

struct qmgr {
	struct event_base *base;
	struct sched	 sched;
	struct message	*messages;	/* hash by id: what is in active */
	size_t		 message_count;
	int		 probe_count;	/* of address verification, among them */

	struct scan	 incoming, deferred;
	bool		 was_incoming;	/* whose turn it was */
	bool		 is_full;	/* scanning waits for a message to leave */
	struct event	*scan_event;	/* the next slice */
	struct event	*run_timer;	/* queue_run_delay */

	struct event	*sched_timer;
	struct event	*woken_event;
	struct transport *woken;	/* list: they have work */

	bool		 is_stale;	/* a table was changed: see role.c */
	struct resolver	*resolver;	/* asks the rewrite service; NULL: in-process */
	char		*defer_transports; /* " name name " */
	int64_t		 token_ms;	/* in-flow tokens were topped up */
};

/* ---- scan.c ---- */

void	scan_init(struct qmgr *qm);
/* scan_request - look through a queue: now, or again when a scan is under way */
void	scan_request(struct qmgr *qm, struct scan *scan, bool ignores_time,
	    bool is_flush);
/* scan_go_on - a message left: there may be room again */
void	scan_go_on(struct qmgr *qm);

/* ---- active.c ---- */

/* active_start - at start: what a predecessor left goes back to incoming */
void	active_start(void);
/*
 * active_take - move a message to active, read it, schedule it
 *
 * st		as seen in its queue. Returns false when it stays where it is.
 */
bool	active_take(struct qmgr *qm, const char *queue, const char *id,
	    const struct stat *st, bool is_flush);
/* active_read_more - the next batch of recipients; 0, or -1: the message is gone */
int	active_read_more(struct qmgr *qm, struct message *m);
/* active_corrupt - set it aside and forget it */
void	active_corrupt(struct qmgr *qm, struct message *m);
/* active_forget - the file has left active: free the message */
void	active_forget(struct qmgr *qm, struct message *m);
/* active_open - descriptor of active/ID, -1 with err */
int	active_open(const struct message *m, struct err *err);

/* ---- transport.c ---- */

/* transport_get - find it; the first time, with what main.cf says of it */
struct transport	*transport_get(struct qmgr *qm, const char *name);

/* ---- assign.c ---- */

void	assign_init(struct qmgr *qm);
/* assign_batch - resolve and schedule what message_read has left in m->batch */
void	assign_batch(struct qmgr *qm, struct message *m);
/*
 * assign_divert - recipients that cannot go where they should: through the
 * retry transport with this status; in-process when there is none
 *
 * rcpts	taken
 */
void	assign_divert(struct qmgr *qm, struct message *m,
	    struct recipient *rcpts, size_t count, const struct dsn *dsn);

/* ---- resolver.c ---- */

/* resolver_start - resolve by asking the rewrite service from now on */
void	resolver_start(struct qmgr *qm);
/* resolver_add - m's batch is resolved and scheduled when its turn comes */
void	resolver_add(struct resolver *r, struct message *m);

/* ---- dispatch.c ---- */

void	dispatch_init(struct qmgr *qm);
/* dispatch_after - m's entries have changed: go on with it when none is left */
void	dispatch_after(struct qmgr *qm, struct message *m);

/* ---- report.c ---- */

/* report_begin - every recipient in memory was tried (spec/queue-format.md 7.4) */
void	report_begin(struct qmgr *qm, struct message *m);

#endif
