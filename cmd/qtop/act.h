/*
 * act.h - actions: whom they concern, the plan as the question, doing, undoing
 *
 *	key --> gather (worker) --> plan shown --> confirmed --> run (worker)
 *
 * What is acted on are identities as they were looked at: lib/queue finds
 * each message by its own and passes over what has become another.
 */
#ifndef CMD_QTOP_ACT_H
#define CMD_QTOP_ACT_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/qtop/view.h"
#include "lib/queue/queue_edit.h"
#include "lib/queue/queue_plan.h"

struct act;
struct model;

/* Whom: tagged rows if there are any, else the row under the cursor. */
enum act_scope { ACT_ASK, ACT_TAGGED_SHOWN, ACT_TAGGED_ALL };

struct act	*act_new(void);
void	act_free(struct act *a);

/*
 * act_begin - gather whom it concerns, and ask
 *
 * The answer is a question: the plan, or whether hidden tagged rows are meant.
 */
void	act_begin(struct model *m, enum queue_action action,
	    enum act_scope scope);
/* act_edit - the same for a change to the messages */
void	act_edit(struct model *m, enum queue_edit_op op, const char *arg);
/* act_scoped - go on with what asked whether hidden tagged rows are meant */
void	act_scoped(struct model *m, enum act_scope scope);
/*
 * act_in_editor - let the user change the message under the cursor as text
 *
 * A worker reads it into a file; the loop then runs an editor on that
 * (to_edit), after which act_edited makes a question of the differences.
 */
void	act_in_editor(struct model *m);
/* act_edited - the editor is done with the file; why: it failed, NULL: it did not */
void	act_edited(struct model *m, const char *path, const char *why);
/* act_undo - ask whether to undo the action with this token; NULL: the last one */
void	act_undo(struct model *m, const char *token);
/* act_confirmed - the question was answered with yes; note: why, or "" */
void	act_confirmed(struct model *m, const char *note);
/* act_dropped - it was not */
void	act_dropped(struct model *m);
/* act_cancel - stop what runs; what was done stays done. False when nothing runs */
bool	act_cancel(struct act *a);
/* act_progress - false when nothing runs; verb: what it does */
bool	act_progress(const struct act *a, size_t *done, size_t *total,
	    const char **verb);
/* act_tagged - how many messages are */
size_t	act_tagged(struct model *m);
/* act_scope_count - how many messages an action would concern now */
size_t	act_scope_count(struct model *m, const char **what);
/*
 * act_ids - queue IDs, each with its end, of what an action would concern; of
 * all shown when nothing is tagged and is_all
 */
size_t	act_ids(struct model *m, bool is_all, struct buf *out);

#endif
