/*
 * queue_writer.h - write a new queue file
 *
 * The ID is known from the start, the file appears under it when it is
 * complete. Used by whatever takes mail in: cleanup, postdrop.
 */
#ifndef LIB_QUEUE_QUEUE_WRITER_H
#define LIB_QUEUE_QUEUE_WRITER_H

#include <stddef.h>
#include <sys/types.h>

struct err;
struct queue_writer;
struct stat;

/*
 * queue_writer_create - begin a file for this queue; its inode makes the ID (1.6)
 *
 * extra	mode bits beside 0700: 0444 for maildrop
 *
 * Errors that will pass (ENOENT aside) are the caller's to retry or report.
 */
struct queue_writer	*queue_writer_create(const char *queue, mode_t extra,
			    struct err *err);
/*
 * queue_writer_draft - begin a file that gets its ID with queue_writer_publish:
 * for a message that is to take the place of another one
 *
 * st	out: of the empty file
 */
struct queue_writer	*queue_writer_draft(const char *queue, struct stat *st,
			    struct err *err);
/*
 * queue_writer_publish - finish a draft: flush, owner, mode and times as like
 * has them, fsync; then the name id in its queue, on stable storage too
 *
 * Never takes the name of another file. Frees w. On -1 the file is gone.
 */
int	queue_writer_publish(struct queue_writer *w, const char *id,
	    const struct stat *like, struct err *err);
const char	*queue_writer_id(const struct queue_writer *w);
const char	*queue_writer_queue(const struct queue_writer *w);
/* queue_writer_rec - append a record; buffered; 0 or -1 (sticky, see queue_writer_error) */
int	queue_writer_rec(struct queue_writer *w, int type, const void *data,
	    size_t len);
/* queue_writer_tell - offset at which the next record will stand */
off_t	queue_writer_tell(const struct queue_writer *w);
/*
 * queue_writer_read - bytes that have been written, from offset at on
 *
 * Returns how many, fewer than len only at the end, or -1 with err.
 */
ssize_t	queue_writer_read(struct queue_writer *w, off_t at, void *data,
	    size_t len, struct err *err);
/*
 * queue_writer_restart - begin the same file, under the same ID, anew
 *
 * Returns a descriptor with all that was in it, for the caller to copy from
 * and close, or -1 with err.
 */
int	queue_writer_restart(struct queue_writer *w, struct err *err);
/* queue_writer_scratch - a file without a name in the directory of a queue; -1 with err */
int	queue_writer_scratch(const char *queue, struct err *err);
/* queue_writer_patch - overwrite bytes at an earlier offset */
int	queue_writer_patch(struct queue_writer *w, off_t at, const void *data,
	    size_t len);
/* queue_writer_flush - write what is buffered now, to learn of a full disk early */
int	queue_writer_flush(struct queue_writer *w);
/*
 * queue_writer_show - flush, and let others read the unfinished file under its name
 *
 * Its mode is 0600, so that nobody takes it for mail.
 */
int	queue_writer_show(struct queue_writer *w);
/* queue_writer_move - the unfinished file belongs to another queue (hold) */
int	queue_writer_move(struct queue_writer *w, const char *queue,
	    struct err *err);
int	queue_writer_error(const struct queue_writer *w, struct err *err);
/*
 * queue_writer_commit - flush, give it its name and mode, fsync, close; frees w
 *
 * 0 means on stable storage. On -1 the file is gone and err says why.
 */
int	queue_writer_commit(struct queue_writer *w, struct err *err);
/* queue_writer_abort - remove and free */
void	queue_writer_abort(struct queue_writer *w);

#endif
