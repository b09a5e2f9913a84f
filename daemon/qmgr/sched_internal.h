/*
 * sched_internal.h - between the files of sched.h
 *
 *	sched.c          jobs and entries: added, picked, finished
 *	sched_preempt.c  which job overtakes
 *	sched_retry.c    who is dead or pauses, until when
 *	feedback.c       how wide a destination's window is
 */
#ifndef DAEMON_QMGR_SCHED_INTERNAL_H
#define DAEMON_QMGR_SCHED_INTERNAL_H

#include <stdint.h>

struct dest;
struct dsn;
struct job;
struct sched;
struct timer;
struct transport;
struct transport_limits;

/* sched_dest_update - after any change: into the heap of those that may be served, out of it, or to its new place */
void	sched_dest_update(struct dest *d);
/* sched_wake - tell the owner, when the transport has something to serve */
void	sched_wake(struct transport *t);
/* sched_initial_window - the window of a destination of which nothing is known */
int	sched_initial_window(const struct transport_limits *l);

/* sched_preempt - let another job go before front, if the slots it has earned allow it */
void	sched_preempt(struct transport *t, struct job *front, int64_t now_ms);

void	sched_timers_init(struct sched *s);
void	sched_timer_stop(struct sched *s, struct timer *t);
/* sched_pause_after - a delivery to d ended: nothing more for as long as the limits say */
void	sched_pause_after(struct dest *d, int64_t now_ms);
/* sched_dest_die - nothing to d until minimal_backoff_time has passed */
void	sched_dest_die(struct dest *d, const struct dsn *why, int64_t now_ms);

#endif
