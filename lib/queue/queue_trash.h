/*
 * queue_trash.h - deleted messages, kept for a while
 *
 *	trash/20250612T101500-8F3A/		one action: its token
 *	    manifest.jsonl			what is here and where it was
 *	    4F2AB10C				the queue file itself: inode, mode, times
 *	    4F2AB10C.defer  .bounce  .trace	its logs
 *
 * A message gets here, and back, by one rename(2). The manifest is written
 * before anything moves, so whatever is killed at whatever moment, each
 * message is in its queue or here, and undo finds it. A name with a dot is no
 * queue ID: nobody takes these files for mail. While its file is here its
 * inode is in use, so that its short ID is not given to another message.
 */
#ifndef LIB_QUEUE_QUEUE_TRASH_H
#define LIB_QUEUE_QUEUE_TRASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "lib/queue/queue_identity.h"
#include "lib/queue/queue_journal.h"

struct buf;
struct err;
struct queue_select;
struct queue_trash;

/*
 * queue_trash_prepare - make the trash directory, for mail_owner
 *
 * To be called while still root: the queue directory is root's. Being there
 * already is fine.
 */
int	queue_trash_prepare(struct err *err);

/* ---- throwing away ---- */

/*
 * queue_trash_open - begin the directory of one action
 *
 * a	its token, action, time, messages, bytes, user and note are recorded
 *
 * It is locked until queue_trash_close: nobody undoes or purges what is
 * still being filled.
 */
struct queue_trash	*queue_trash_open(const struct queue_journal_action *a,
			    struct err *err);
/*
 * queue_trash_announce - this message is going to be put here
 *
 * Buffered, but written before the next put. Announced once more, with
 * another queue, the later one counts.
 */
void	queue_trash_announce(struct queue_trash *t,
	    const struct queue_journal_message *m);
/* queue_trash_sync - what was announced is on stable storage */
int	queue_trash_sync(struct queue_trash *t, struct err *err);
/*
 * queue_trash_put - move the open message here, and then its logs
 *
 * m	as announced. On another file system it is copied, which the manifest
 *	then says (inode 0): undo will give it a new ID.
 */
enum queue_result	queue_trash_put(struct queue_trash *t,
			    struct queue_found *f,
			    const struct queue_journal_message *m,
			    struct err *err);
/* queue_trash_token - of what is being filled */
const char	*queue_trash_token(const struct queue_trash *t);

/*
 * What a repair changes that is no message. Its id in queue_trash_announce is
 * NAME.QUEUE, the name of the file and what.queue, for queue_trash_put_aside,
 * and ID.before for queue_trash_put_before.
 */
/* queue_trash_may_put_aside - is that name harmless? */
bool	queue_trash_may_put_aside(const char *name);
/* queue_trash_put_aside - move path here; regular or not, but no directory */
enum queue_result	queue_trash_put_aside(struct queue_trash *t,
			    const char *id, const char *path,
			    struct err *err);
/*
 * queue_trash_put_before - keep what a queue file begins with, before that is
 * changed in place; an undo writes it back, and gives it m->mode
 *
 * id	of the message
 */
int	queue_trash_put_before(struct queue_trash *t, const char *id,
	    const void *head, size_t len, struct err *err);

/* queue_trash_close - ends it; an empty one is removed */
void	queue_trash_close(struct queue_trash *t);

/* ---- looking, taking back, purging ---- */

/* One action's directory. */
struct queue_trash_entry {
	struct queue_journal_action action;	/* as recorded */
	size_t		 files;			/* messages that are still here */
	int64_t		 bytes;
	int64_t		 until;			/* kept until then */
	bool		 is_busy;		/* being filled, undone or purged */
};
typedef bool (*queue_trash_entry_fn)(const struct queue_trash_entry *e,
    void *ctx);
/* queue_trash_each - every token, oldest first; fn returns false to stop */
int	queue_trash_each(queue_trash_entry_fn fn, void *ctx, struct err *err);

/* One message on its way back. */
struct queue_undo_step {
	const struct queue_journal_message *m;
	enum queue_result result;
	const char	*queue;		/* where it is now */
	const char	*new_id;	/* when it had to get another; else "" */
	const char	*why;		/* unless done */
};
/* returns false to stop */
typedef bool (*queue_undo_fn)(const struct queue_undo_step *s, void *ctx);
/*
 * queue_trash_undo - put the messages of one action back where they were
 *
 * select	only those (their queue is "trash"); NULL: all
 * is_dry	only tell which
 *
 * What was active goes to incoming, from where a queue manager takes it
 * again. A file without remaining recipients is refused: an agent has
 * delivered it meanwhile. ERR_NOT_FOUND when there is no such token.
 */
int	queue_trash_undo(const char *token, const struct queue_select *select,
	    bool is_dry, queue_undo_fn fn, void *ctx, struct err *err);

/*
 * queue_trash_purge - remove for good what is over its time
 *
 * older_s	actions older than this; -1: posthorn_trash_time, and the
 *		oldest ones while all are more than posthorn_trash_limit
 * *files, *bytes	out: what went; may be NULL
 */
int	queue_trash_purge(time_t now, int64_t older_s, size_t *files,
	    int64_t *bytes, struct err *err);

/* How much room the file system of the trash has. */
struct queue_trash_space {
	int64_t		 free_bytes, total_bytes;
	bool		 is_low;	/* below 5 % of bytes or inodes */
	int64_t		 limit_bytes;	/* posthorn_trash_limit of it */
};
int	queue_trash_room(struct queue_trash_space *out, struct err *err);

#endif
