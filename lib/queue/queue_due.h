/*
 * queue_due.h - when a message is tried again, and for how long
 */
#ifndef LIB_QUEUE_QUEUE_DUE_H
#define LIB_QUEUE_QUEUE_DUE_H

#include <time.h>

/*
 * queue_due_backoff - seconds until the next attempt
 *
 * created	when it was queued
 * attempt	when the last attempt failed
 *
 * As long as it has waited by then, within minimal_backoff_time and
 * maximal_backoff_time.
 */
time_t	queue_due_backoff(time_t created, time_t attempt);
/* queue_due_lifetime - seconds from its creation until it is returned; sender "" is a bounce's */
time_t	queue_due_lifetime(const char *sender);

#endif
