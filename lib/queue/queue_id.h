/*
 * queue_id.h - queue IDs and queue paths (spec/queue-format.md 1.2, 1.3, 2)
 */
#ifndef LIB_QUEUE_QUEUE_ID_H
#define LIB_QUEUE_QUEUE_ID_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>
#include <sys/types.h>

struct buf;

/* queue_id_make - append the ID for a file made at tv with this inode */
void	queue_id_make(struct buf *out, struct timeval tv, uint64_t inode,
	    bool is_long);
/*
 * queue_id_renew - append the ID that a file with this inode should have
 * instead of id: the same time part, in the form that is configured
 *
 * id	one that queue_id_inode understands
 */
void	queue_id_renew(struct buf *out, const char *id, uint64_t inode);
/* queue_id_is_valid - 1 to 255 of [A-Za-z0-9_] */
bool	queue_id_is_valid(const char *id);
/* queue_id_is_long - the last 'z' stands at offset 10 or later */
bool	queue_id_is_long(const char *id);
/* queue_id_inode - the inode an ID carries; false when it does not decode */
bool	queue_id_inode(const char *id, uint64_t *inode);
/* queue_id_time - arrival in a long ID; usec only (sec 0) in a short one */
bool	queue_id_time(const char *id, struct timeval *tv);
#define QUEUE_NAME_MAX	100
/* queue_name_is_valid - 1 to 100 of [A-Za-z0-9] */
bool	queue_name_is_valid(const char *queue);

/*
 * queue_path - out = path of ID in queue relative to the queue directory,
 * with the hash directories that hash_queue_names and hash_queue_depth ask for
 */
void	queue_path(struct buf *out, const char *queue, const char *id);
/* queue_hash_depth - levels for this queue, 0 when not hashed */
int	queue_hash_depth(const char *queue);

#endif
