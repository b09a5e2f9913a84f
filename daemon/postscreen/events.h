/*
 * events.h - what happens to a client, for the log of events
 */
#ifndef DAEMON_POSTSCREEN_EVENTS_H
#define DAEMON_POSTSCREEN_EVENTS_H

struct caller;

/*
 * events_tell - "connect", "reject" or "policy"; what is counted is counted here, too
 *
 * status	a word for what was decided, or NULL
 * reply	what the client is told; NULL when that is no reject
 * sender, rcpt	of the mail that is refused, or NULL
 */
void	events_tell(const struct caller *caller, const char *event,
	    const char *status, const char *reply, const char *sender,
	    const char *rcpt);

#endif
