/*
 * act_internal.h - what the files of act share
 *
 *	act_whom.c	rows, groups, tags: whom an action concerns
 *	act_plan.c	what it would do, as the question
 *	act.c		doing what was confirmed
 *	act_undo.c	taking it back
 *	act_editor.c	a message as text, in the user's editor
 */
#ifndef CMD_QTOP_ACT_INTERNAL_H
#define CMD_QTOP_ACT_INTERNAL_H

#include <stdatomic.h>

#include "cmd/qtop/act.h"
#include "cmd/qtop/model.h"
#include "lib/base/buf.h"
#include "lib/queue/queue_trash.h"

enum what { WHAT_NONE, WHAT_PLAN, WHAT_EDIT, WHAT_UNDO };

struct act {
	/* Waits for an answer. */
	enum what	 what;
	struct queue_plan *plan;	/* WHAT_EDIT: for its identities */
	struct queue_edit *edit;
	char		 token[QUEUE_TOKEN_SIZE];
	char		*select;
	bool		 is_all_tagged;	/* it means all that is tagged */
	/* Waits for whether hidden tagged rows are meant. */
	enum queue_action asked;
	struct queue_edit *asked_edit;
	/* A message in an editor. */
	struct view_entry edited;
	struct buf	 form;		/* as it was given to it */
	struct buf	 user;		/* who is behind all this */
	/* Runs. */
	atomic_bool	 is_running, wants_stop;
	atomic_size_t	 done, total;
	const char	*verb;
};

/* act_may - may anything be done at all, and now? Otherwise says why not */
bool	act_may(struct model *m);
/* act_question - open it; its text is there. messages: to be typed when they are many */
void	act_question(struct model *m, const char *title, size_t messages);
/* act_edit_one - ask about an edit, taken, of this message */
void	act_edit_one(struct model *m, const struct view_entry *entry,
	    struct queue_edit *e);

#endif
