/*
 * queue_dir.h - walk queues, move files between them
 *
 * A walk uses bounded memory, enters one-character directories (never in
 * maildrop), gives valid IDs only, in directory order, and survives files and
 * directories that vanish.
 */
#ifndef LIB_QUEUE_QUEUE_DIR_H
#define LIB_QUEUE_QUEUE_DIR_H

#include <stdbool.h>

struct buf;
struct err;
struct queue_dir;

struct queue_dir	*queue_dir_open(const char *queue, struct err *err);
/* queue_dir_next - the next ID (borrowed until the next call), NULL at the end */
const char	*queue_dir_next(struct queue_dir *qd);
/* queue_dir_path - path of that entry as found, relative to the queue directory */
const char	*queue_dir_path(const struct queue_dir *qd);
/* queue_dir_fd - descriptor of the directory that holds it, queue_dir_name its name there */
int		 queue_dir_fd(const struct queue_dir *qd);
void		 queue_dir_close(struct queue_dir *qd);

/*
 * queue_move - rename ID from one queue to another, making hash directories
 *
 * 0, or -1 with err; ERR_NOT_FOUND when somebody else was faster. A failed
 * rename whose result is there counts as success (1.6).
 */
int	queue_move(const char *id, const char *from, const char *to,
	    struct err *err);
int	queue_remove(const char *id, const char *queue, struct err *err);

/* queue_message_queues - maildrop incoming active deferred hold, NULL-terminated */
extern const char *const queue_message_queues[];

#endif
