/*
 * counters.h - what has happened since the supervisor started, counted by all
 *
 * Processes come and go, so numbers lie in one page that all of them have
 * mapped: a file in data_directory that the supervisor makes anew at its
 * start, when posthorn_metrics is set. To count is one atomic addition; a
 * process that is killed in the middle of a count leaves nothing behind that
 * others stumble over. Without the page, counting does nothing.
 */
#ifndef DAEMON_SERVE_COUNTERS_H
#define DAEMON_SERVE_COUNTERS_H

#include <stdint.h>

struct buf;

enum counter {			/* labels in this order: see counters.c */
	COUNT_RECEIVED_MESSAGES, COUNT_RECEIVED_BYTES,
	COUNT_RECEIVED_RECIPIENTS,
	COUNT_REJECTED,		/* stage, code, class */
	COUNT_DELIVERED,	/* status */
	COUNT_DEFERRED,		/* class */
	COUNT_CONNECTIONS,	/* direction */
	COUNT_CONNECTION_ERRORS,	/* direction, kind */
	GAUGE_PROCESSES, GAUGE_PROCESS_LIMIT, GAUGE_THROTTLED,
	COUNTER_COUNT
};

/* counters_create - the supervisor's: begin at 0, with mail_owner's rights; again: nothing */
void	counters_create(void);
/*
 * counters_open - a role's: find the page, with rights that it is about to give up
 *
 * service	as in master.cf; type: of it
 */
void	counters_open(const char *service, const char *type);

/*
 * counters_add - count n more
 *
 * What follows the service, which is this process's own, are up to three
 * labels, as the counter has them; NULL for those it has not.
 */
void	counters_add(enum counter what, int64_t n, const char *first,
	    const char *second, const char *third);
/* counters_set - the supervisor's gauges, of a service */
void	counters_set(enum counter what, const char *service, const char *type,
	    int64_t value);
/* counters_rejected - one refusal: at which stage, and the reply, with its code or without */
void	counters_rejected(const char *stage, const char *reply);

/* counters_print - append the families as OpenMetrics text */
void	counters_print(struct buf *out);

#endif
