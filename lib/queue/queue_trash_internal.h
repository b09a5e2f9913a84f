/*
 * queue_trash_internal.h - what the parts of the trash share
 *
 * The trash may be another file system: then files are copied. A copy is complete and on stable storage
 * before the original goes, so that one of the two always exists.
 */
#ifndef LIB_QUEUE_QUEUE_TRASH_INTERNAL_H
#define LIB_QUEUE_QUEUE_TRASH_INTERNAL_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/queue/queue_identity.h"

struct buf;
struct err;
struct queue_journal_message;

#define TRASH		"trash"
#define MANIFEST	"manifest.jsonl"

/* trash_path - "trash/TOKEN/NAME"; extension "" or a log's name */
void	trash_path(struct buf *out, const char *token, const char *name,
	    const char *extension);
/* trash_lock - lock a directory by its manifest; -1: ERR_RETRY when it is in use, ERR_NOT_FOUND */
int	trash_lock(const char *token, struct err *err);
/* trash_remove_if_empty - when only the manifest is left; false when there is more */
bool	trash_remove_if_empty(const char *token);

/* Ends of names that are no queue IDs. */
#define TRASH_ASIDE		".deleted"	/* in its queue, while it is copied */
#define TRASH_UNFINISHED	".new"		/* a copy that is not complete */
/* In the manifest, the reason of a result: a copy that came back, and as what. */
#define TRASH_RESTORED		"restored"

/*
 * queue_trash_copy_out - copy the open message to path, and remove it
 *
 * Not while somebody delivers it. f->path is where it was last.
 */
enum queue_result	queue_trash_copy_out(struct queue_found *f,
			    const char *to, struct err *err);
/*
 * queue_trash_find_aside - is it in a queue still, for a copy that was cut short?
 *
 * Device and inode do not matter. Opens it; false when it is nowhere.
 */
bool	queue_trash_find_aside(const struct queue_identity *what,
	    struct queue_found *f);
/*
 * queue_trash_copy_back - copy the open file into a queue, under a new ID
 *
 * new_id	out: the time part of the old one, its own inode
 *
 * The new file, which f is from now on, is not ready (mode 0600) until
 * queue_trash_copy_finish has given it its mode; before that, the mark.
 */
enum queue_result	queue_trash_copy_back(struct queue_found *f,
			    const char *queue, struct buf *new_id,
			    struct err *err);
/* queue_trash_mark_restored - the manifest tells what a copy is now; on stable storage */
int	queue_trash_mark_restored(const char *token, const char *id,
	    const char *new_id, struct err *err);
enum queue_result	queue_trash_copy_finish(struct queue_found *f,
			    mode_t mode, struct err *err);

/*
 * queue_trash_return - an edited message's original comes back from a copy
 *
 * what	its queue is where it is to be; active means incoming
 * new_id	out: its new ID; "" when it could keep its own
 *
 * GONE when it is not in the trash.
 */
enum queue_result	queue_trash_return(const char *token,
			    const struct queue_identity *what,
			    struct buf *new_id, struct err *err);

/*
 * trash_undo_repair - if that is what a repair put aside, and it is here: put it back
 *
 * *result	out. False when it is something else.
 */
bool	trash_undo_repair(const char *token,
	    const struct queue_journal_message *m, bool is_dry,
	    enum queue_result *result, struct err *err);

/* queue_trash_copy_over - move a file by copying; 0 or -1 with err, the original then still there */
int	queue_trash_copy_over(const char *from, const char *to,
	    struct err *err);
/* queue_trash_append - move a log's entries behind those of another; 0, or -1 with the log still there */
int	queue_trash_append(const char *from, const char *to);

#endif
