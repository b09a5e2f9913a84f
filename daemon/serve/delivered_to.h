/*
 * delivered_to.h - was a message at this address before?
 *
 * Each final delivery writes a Delivered-To header; an address that a message
 * brings along in one is a forwarding loop. Used by local, virtual and pipe.
 */
#ifndef DAEMON_SERVE_DELIVERED_TO_H
#define DAEMON_SERVE_DELIVERED_TO_H

#include <stdbool.h>
#include <stddef.h>

struct agent_request;

struct delivered_to {		/* zero it: nothing was read yet */
	char	**list;
	size_t	  count;
	bool	  is_read;
};

/*
 * delivered_to_has - does the header of the request's message name address?
 *
 * Reads the header at the first call; letter case does not count. A damaged
 * file has no headers here: that shows when it is delivered.
 */
bool	delivered_to_has(struct delivered_to *dt, struct agent_request *rq,
	    const char *address);
void	delivered_to_done(struct delivered_to *dt);

#endif
