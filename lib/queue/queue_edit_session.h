/*
 * queue_edit_session.h - one edit of many messages, while it is applied
 *
 * Made and ended by queue_edit_session.c, used by queue_edit_apply.c.
 */
#ifndef LIB_QUEUE_QUEUE_EDIT_SESSION_H
#define LIB_QUEUE_QUEUE_EDIT_SESSION_H

#include <stdbool.h>

#include "lib/base/buf.h"
#include "lib/queue/queue_edit.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_journal.h"
#include "lib/queue/queue_message.h"

struct queue_trash;

struct queue_edit_session {
	const struct queue_edit *e;
	const struct queue_edit_options *o;
	char		 token[QUEUE_TOKEN_SIZE];
	struct buf	 words;
	struct queue_journal_action a;
	struct queue_trash *trash;
	struct buf	 lines;		/* of the journal, to be stored */
	struct queue_message m;
	struct queue_field_context c;
	bool		 wakes;		/* something went to incoming */
	bool		 wakes_pickup;	/* ... to maildrop */
	bool		 is_open;	/* something is left to recovery */
};

#endif
