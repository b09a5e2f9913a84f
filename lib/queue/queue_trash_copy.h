/*
 * queue_trash_copy.h - the trash when it is another file system: copies
 *
 * Used by queue_trash.c alone. A copy is complete and on stable storage
 * before the original goes, so that one of the two always exists.
 */
#ifndef LIB_QUEUE_QUEUE_TRASH_COPY_H
#define LIB_QUEUE_QUEUE_TRASH_COPY_H

#include <sys/types.h>

#include "lib/queue/queue_identity.h"

struct buf;
struct err;

/* queue_trash_copy_out - copy the open message to path, then remove it */
enum queue_result	queue_trash_copy_out(struct queue_found *f,
			    const char *to, struct err *err);
/*
 * queue_trash_copy_back - copy the open file into a queue, under a new ID
 *
 * new_id	out: the time part of the old one, its own inode
 *
 * The new file, which f is from now on, is not ready (mode 0600) until
 * queue_trash_copy_finish has given it its mode.
 */
enum queue_result	queue_trash_copy_back(struct queue_found *f,
			    const char *queue, struct buf *new_id,
			    struct err *err);
enum queue_result	queue_trash_copy_finish(struct queue_found *f,
			    mode_t mode, struct err *err);

/* queue_trash_copy_over - move a file by copying; 0 or -1 with err, the original then still there */
int	queue_trash_copy_over(const char *from, const char *to,
	    struct err *err);
/* queue_trash_append - move a log's entries behind those of another; 0, or -1 with the log still there */
int	queue_trash_append(const char *from, const char *to);

#endif
