/*
 * assign.h - the steps of assigning a batch, for whoever resolves it
 *
 * One place for each recipient, in order: assign_place with the answer, and
 * assign_end when the batch is through. assign_here does it all at once.
 */
#ifndef DAEMON_QMGR_ASSIGN_H
#define DAEMON_QMGR_ASSIGN_H

#include <stddef.h>

#include "daemon/qmgr/message.h"

struct qmgr;
struct resolve_reply;
struct transport;

/* One recipient with its place; it moves out of message->batch. */
struct placed {
	struct recipient rcpt;
	struct transport *transport;
	char		*key, *nexthop;
	size_t		 order;		/* as read: the sort is stable */
};

/* assign_address - what to ask for: an empty recipient stands for another */
const char	*assign_address(const struct recipient *rcpt);
/* assign_place - move recipient i of the batch to placed[*count], unless it is dealt with */
void	assign_place(struct qmgr *qm, struct message *m, size_t i,
	    const struct resolve_reply *reply, struct placed *placed,
	    size_t *count);
/* assign_end - schedule the places, which are taken; may free m, or read its next batch */
void	assign_end(struct qmgr *qm, struct message *m, struct placed *placed,
	    size_t count);
/* assign_here - resolve the batch in this process, from start to end */
void	assign_here(struct qmgr *qm, struct message *m);

#endif
