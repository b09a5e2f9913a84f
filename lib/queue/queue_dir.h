/*
 * queue_dir.h - walk queues, move files between them
 *
 * A walk uses bounded memory, enters one-character directories (never in
 * maildrop) and the actions of trash, gives valid IDs only, in directory order,
 * and survives files and directories that vanish.
 */
#ifndef LIB_QUEUE_QUEUE_DIR_H
#define LIB_QUEUE_QUEUE_DIR_H

#include <stdbool.h>
#include <sys/types.h>

struct buf;
struct err;
struct queue_dir;

struct queue_dir	*queue_dir_open(const char *queue, struct err *err);
/*
 * queue_dir_open_part - a piece of a queue, so that several walks can share it
 *
 * part		name of a one-character directory; '\0': what stands in the queue
 *		itself, one-character entries told like others and not entered
 *
 * Depths count from the queue on.
 */
struct queue_dir	*queue_dir_open_part(const char *queue, char part,
			    struct err *err);
/* queue_dir_next - the next ID (borrowed until the next call), NULL at the end */
const char	*queue_dir_next(struct queue_dir *qd);
/* queue_dir_path - path of that entry as found, relative to the queue directory */
const char	*queue_dir_path(const struct queue_dir *qd);
/*
 * queue_dir_step - the next thing of any kind, for those who repair
 *
 * QUEUE_DIR_ENTRY is a file of whatever name and type, QUEUE_DIR_LEFT a
 * one-character directory below the queue that has been walked to its end;
 * queue_dir_path, _name and _depth tell about it.
 */
enum queue_dir_step { QUEUE_DIR_END, QUEUE_DIR_ENTRY, QUEUE_DIR_LEFT };
enum queue_dir_step	queue_dir_step(struct queue_dir *qd);
/* queue_dir_depth - levels of directories between the queue and this */
int		 queue_dir_depth(const struct queue_dir *qd);
/* queue_dir_type - its d_type; DT_UNKNOWN is possible */
int		 queue_dir_type(const struct queue_dir *qd);
/* queue_dir_inode - its inode, as the directory says */
ino_t		 queue_dir_inode(const struct queue_dir *qd);
/* queue_dir_name - its name in that directory */
const char	*queue_dir_name(const struct queue_dir *qd);
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

/*
 * queue_rename - rename(2) between relative paths, making hash directories
 *
 * 0, or -1 with errno.
 */
int	queue_rename(const char *from, const char *to);
/*
 * queue_rename_new - the same, but never replace what has the new name
 *
 * 0, or -1 with errno EEXIST and others.
 */
int	queue_rename_new(const char *from, const char *to);
/* queue_mkdirs - make the hash directories above path, mode 0700; 0 or -1 with errno */
int	queue_mkdirs(const char *path);

/* queue_message_queues - maildrop incoming active deferred hold, NULL-terminated */
extern const char *const queue_message_queues[];

#endif
