/*
 * sched.h - who is served next: transports, destinations, jobs
 *
 *	transport "smtp"
 *	  jobs, one a message:	J1 J2 J3 ...		(order of service)
 *	  destinations:
 *	    "example.org"  window 5, busy 3	J1[e e] J3[e]
 *	    "example.net"  window 2, busy 2	J1[e]		full: waits
 *	    "example.com"  dead until 12:05
 *
 * An entry is one delivery request: some recipients of one message for one
 * destination. A destination may be served while it has waiting entries and
 * fewer busy ones than its window. Of those destinations the one whose first
 * job is earliest comes next; jobs are in order of arrival, but a small job
 * may overtake (preempt) a big one. Successes open the window, failures to
 * reach the destination close it and in the end declare it dead for a while.
 *
 * Nothing here does I/O or reads a clock: the time comes as an argument, in
 * monotonic milliseconds, so a test can run hours in no time.
 */
#ifndef DAEMON_QMGR_SCHED_H
#define DAEMON_QMGR_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

#include "daemon/qmgr/heap.h"
#include "lib/mail/dsn.h"

struct dest;
struct job;
struct message;
struct peer;
struct recipient;
struct sched;
struct transport;

/* Feedback after a success or failure: number, number / number, number / concurrency, number / sqrt_concurrency. */
struct feedback {
	double	 number;
	enum { FEEDBACK_FIXED, FEEDBACK_LINEAR, FEEDBACK_SQRT } by;
};
/* feedback_parse - false when malformed or not in 0..1 */
bool	feedback_parse(const char *text, struct feedback *out);

struct transport_limits {	/* 0 means no limit, where that makes sense */
	int	concurrency, initial_concurrency, failed_cohorts;
	struct feedback positive, negative;
	int	recipients;		/* per delivery request */
	int	rate_delay_s;		/* between deliveries to one destination */
	int	transport_delay_s;	/* between any two deliveries */
	int	slot_cost, slot_loan, slot_discount, min_slots;
	int	refill, refill_delay_s;	/* recipients read from the file later */
	int	memory, extra_memory;	/* recipients in memory */
};

/* Why something is not tried now; owns its texts. */
struct hop_status {
	struct dsn	 dsn;
	char		*text;
};
void	hop_status_set(struct hop_status *h, const struct dsn *dsn);
void	hop_status_clear(struct hop_status *h);

struct timer {
	int64_t	 at_ms;
	size_t	 place;
	struct transport *transport;	/* one of the two is set */
	struct dest	 *dest;
};

struct transport {
	UT_hash_handle	 hh;		/* by name */
	struct sched	*sched;
	char		*name;
	struct transport_limits limits;
	struct dest	*dests;		/* hash by key */
	struct heap	 ready;		/* destinations that may be served */
	struct job	*jobs;		/* in order of arrival */
	int64_t		 next_order, front_order;
	uint64_t	 served;	/* counts picks, for turns among destinations */
	int		 busy;		/* entries at agents */
	int		 todo;		/* entries waiting */
	int		 rcpts;		/* recipients in memory */
	bool		 is_dead;	/* broken: dead.dsn says how */
	bool		 is_paused;	/* transport_rate_delay */
	struct hop_status dead;
	struct timer	 timer;
	/* preemption: when did we look last */
	int64_t		 looked_ms;
	int		 looked_earned;
	struct job	*looked_job;

	/* for the owner of the scheduler: dispatch.c */
	int		 connecting;
	bool		 is_woken;
	struct transport *next_woken;
};

struct dest {
	UT_hash_handle	 hh;		/* by key, in its transport */
	struct transport *transport;
	char		*key;		/* nexthop, or nexthop and recipient */
	char		*nexthop;
	struct peer	*peers;		/* jobs with entries for us, in order of service */
	int		 todo, busy, window;
	double		 gain, loss;	/* feedback that has not made a whole step yet */
	double		 failed_cohorts;
	size_t		 place;		/* in transport->ready */
	uint64_t	 served;
	bool		 is_dead, is_paused;
	struct hop_status dead;
	struct timer	 timer;
	int64_t		 warned_ms;	/* qmgr_clog_warn_time */
	int64_t		 done_ms;	/* an agent was done with something; 0: not yet */
};

struct job {			/* one message on one transport */
	struct job	*prev, *next;	/* transport->jobs */
	struct job	*next_of_message;
	struct message	*message;
	struct transport *transport;
	struct peer	*peers;
	int64_t		 order;
	int64_t		 since_ms;
	int		 todo, busy;
	int		 unread;	/* recipients still in the file: a big job stays big */
	int		 selected;	/* entries handed out so far */
	int		 slots_used;	/* that others took, or borrowed */
};

struct peer {			/* what one job has for one destination */
	struct peer	*prev, *next;		/* dest->peers */
	struct peer	*prev_of_job, *next_of_job;
	struct job	*job;
	struct dest	*dest;
	struct entry	*todo, *last;
};

/*
 * feedback_success, feedback_failure - a delivery to d ended: open or close
 * the window (feedback.c); true when that was one failure too many
 */
void	feedback_success(struct dest *d);
bool	feedback_failure(struct dest *d);

struct entry {
	struct entry	*next;		/* peer->todo */
	struct message	*message;
	struct job	*job;
	struct dest	*dest;
	struct recipient *rcpts;	/* owned */
	size_t		 count;
	bool		 is_busy;
};

struct sched {
	struct transport *transports;	/* hash */
	struct heap	 timers;
	int		 rcpts;		/* recipients in memory */
	bool		 logs_feedback;
	int		 dead_s;	/* minimal_backoff_time */
	int		 retry_s;	/* transport_retry_time */
	/* a transport has something to serve; may be called often */
	void		(*wake)(struct transport *t, void *ctx);
	void		*ctx;
};

void	sched_init(struct sched *s);
void	sched_done(struct sched *s);

/* sched_transport - find; or make, when limits is given; else NULL */
struct transport *sched_transport(struct sched *s, const char *name,
		    const struct transport_limits *limits);
/* sched_dest - find or make */
struct dest	*sched_dest(struct transport *t, const char *key,
		    const char *nexthop);
/* sched_job - the message's job on this transport, made when new */
struct job	*sched_job(struct transport *t, struct message *m,
		    int64_t now_ms);
/* sched_room - recipients that the transports of m may still hold in memory; none or less: wait */
int		 sched_room(const struct message *m);
/*
 * sched_fill - put recipients into the job's last entry for dest, if that
 * still waits and has fewer than limit
 *
 * Recipients come from the file in batches; requests need not be cut where a
 * batch ends. Returns how many were taken, from the first one on.
 */
size_t		 sched_fill(struct job *job, struct dest *dest,
		    struct recipient *rcpts, size_t count, size_t limit);
/* sched_add - one more entry; takes the recipients */
struct entry	*sched_add(struct job *job, struct dest *dest,
		    struct recipient *rcpts, size_t count);

/* sched_pick - the entry to serve next, now busy; NULL when there is none */
struct entry	*sched_pick(struct transport *t, int64_t now_ms);
/* sched_has_work - would sched_pick give one? */
bool		 sched_has_work(const struct transport *t);

enum sched_result { SCHED_REACHED, SCHED_HOP_FAILED, SCHED_CRASHED };

/*
 * sched_finish - an entry came back, or was taken out: feedback, bookkeeping
 *
 * hop		why the destination failed, for SCHED_HOP_FAILED
 *
 * The entry is freed with its recipients; jobs and destinations that nobody
 * needs any more go as well. Returns the destination when this was its death:
 * its entries are the caller's to take (sched_take). Else NULL.
 */
struct dest	*sched_finish(struct entry *e, enum sched_result result,
		    const struct dsn *hop, int64_t now_ms);

/* sched_take - take a waiting entry from a dead destination or transport, made busy; NULL when none is left */
struct entry	*sched_take_dest(struct dest *d);
struct entry	*sched_take_transport(struct transport *t);
/* sched_steal - take the recipients out of an entry, before it is finished */
struct recipient *sched_steal(struct entry *e, size_t *count);
/* sched_release - a destination whose entries were taken may go away */
void		 sched_release(struct dest *d);

/* sched_fail_transport - nothing through it until transport_retry_time has passed */
void		 sched_fail_transport(struct transport *t,
		    const struct dsn *why, int64_t now_ms);
/* Forget failures: everything, one transport, one destination. */
void		 sched_revive(struct sched *s);
void		 sched_revive_transport(struct transport *t);
void		 sched_revive_dest(struct dest *d);

/* sched_next_timer - when to call sched_run_timers, -1 for never */
int64_t		 sched_next_timer(const struct sched *s);
void		 sched_run_timers(struct sched *s, int64_t now_ms);

#endif
