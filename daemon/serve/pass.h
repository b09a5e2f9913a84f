/*
 * pass.h - hand recipients on to another delivery agent
 *
 * fallback_transport and the like: the other agent speaks the delivery
 * protocol as if the queue manager had asked, disposes of the recipients by
 * itself, and writes their log lines.
 */
#ifndef DAEMON_SERVE_PASS_H
#define DAEMON_SERVE_PASS_H

#include <stdbool.h>

struct agent_request;

/*
 * pass_request - let another agent have the recipients of rq, and wait for it
 *
 * destination	"transport" or "transport:nexthop"; without a next hop rq's counts
 * has_left	out: some recipient remains to be tried
 *
 * Returns false when the agent cannot be reached or did not answer; logged.
 */
bool	pass_request(const struct agent_request *rq, const char *destination,
	    bool *has_left);

#endif
