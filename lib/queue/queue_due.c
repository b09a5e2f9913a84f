/*
 * queue_due.c - when a message is tried again, and for how long
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_due.h"

#include "lib/conf/params.h"

time_t
queue_due_backoff(time_t created, time_t attempt)
{
	time_t wait = attempt - created;

	if (wait > params.maximal_backoff_time)
		wait = params.maximal_backoff_time;
	if (wait < params.minimal_backoff_time)
		wait = params.minimal_backoff_time;
	return wait;
}

time_t
queue_due_lifetime(const char *sender)
{
	return sender[0] != '\0' ? params.maximal_queue_lifetime :
	    params.bounce_queue_lifetime;
}
