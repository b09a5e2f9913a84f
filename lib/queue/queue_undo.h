/*
 * queue_undo.h - take an action back, as far as its messages are there
 *
 * Deleted ones come out of the trash; for the others the journal tells what
 * they were like: they get their queue, the time of their next attempt and
 * their mode back.
 */
#ifndef LIB_QUEUE_QUEUE_UNDO_H
#define LIB_QUEUE_QUEUE_UNDO_H

#include <stdbool.h>

#include "lib/queue/queue_act.h"
#include "lib/queue/queue_trash.h"

struct err;
struct queue_select;

/*
 * queue_undo_find - which action does that mean?
 *
 * token	or "last": the latest that is not undone and can be
 * out		its token
 * action	out: its name, of QUEUE_UNDO_NAME bytes; may be NULL
 *
 * 0, or -1: ERR_NOT_FOUND, ERR_DENIED for an action that cannot be undone.
 */
#define QUEUE_UNDO_NAME	32
int	queue_undo_find(const char *token, char out[QUEUE_TOKEN_SIZE],
	    char action[QUEUE_UNDO_NAME], struct err *err);

/*
 * queue_undo_run - do it
 *
 * token	as queue_undo_find gave it
 * select	only those messages; NULL: all that are left
 * is_dry	only tell which
 * fn		called after each message; may be NULL
 * report	out: counts, token; a warning when the messages are in an archive,
 *		too (postsuper --export-queue)
 *
 * ERR_DENIED when that archive was imported here: they would be here twice.
 */
int	queue_undo_run(const char *token, const struct queue_select *select,
	    bool is_dry, const struct queue_act_options *options,
	    queue_undo_fn fn, void *ctx, struct queue_act_report *report,
	    struct err *err);

#endif
