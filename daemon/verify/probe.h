/*
 * probe.h - put the message on its way that finds out whether an address exists
 */
#ifndef DAEMON_VERIFY_PROBE_H
#define DAEMON_VERIFY_PROBE_H

#include <stdbool.h>

struct event_base;

/*
 * probe_send - hand a message for address to the cleanup service
 *
 * failed	called when that is not taken, for whatever reason, which is logged;
 *		the address is the one given
 *
 * Returns at once; false when too many are on their way to the queue.
 */
bool	probe_send(struct event_base *base, const char *address,
	    void (*failed)(const char *address));

#endif
