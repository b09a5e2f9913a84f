/*
 * queue_message_internal.h - between the parts of queue_message.h
 */
#ifndef LIB_QUEUE_QUEUE_MESSAGE_INTERNAL_H
#define LIB_QUEUE_QUEUE_MESSAGE_INTERNAL_H

#include <stddef.h>
#include <sys/stat.h>

#include "lib/base/buf.h"
#include "lib/queue/queue_message.h"

struct block;
struct err;

struct queue_message_memory {
	struct block	*first, *now;
	size_t		 bytes;		/* of all blocks */
	size_t		 rcpt_room, entry_room, told_room;
	size_t		*seen;		/* open hash of entries: index + 1 */
	size_t		 seen_size;	/* a power of two */
	struct buf	 scratch, headers;
	struct queue_message_rcpt pending; /* O, o, n before their R */
};

/* ---- queue_message.c: memory ---- */

/* queue_message_keep_len - copy bytes into m's memory, a NUL behind them */
const char	*queue_message_keep_len(struct queue_message *m,
		    const char *text, size_t len);
/* queue_message_keep_shown - the external form, safe to show; address itself when it is plain already */
const char	*queue_message_keep_shown(struct queue_message *m,
		    const char *address);

/* ---- queue_message_read.c: the queue file ---- */

/* queue_message_set_entry - QUEUE_MESSAGE_ENTRY is known */
void	queue_message_set_entry(struct queue_message *m,
	    const struct stat *st);
/* queue_message_read_entry, queue_message_read_file - as queue_message_want */
int	queue_message_read_entry(struct queue_message *m, struct err *err);
int	queue_message_read_file(struct queue_message *m, unsigned want,
	    struct err *err);
/* queue_message_fill_defaults - size and times from the entry where the envelope does not tell */
void	queue_message_fill_defaults(struct queue_message *m);
/* queue_message_add_rcpt - a recipient, with what is pending of it */
void	queue_message_add_rcpt(struct queue_message *m, const char *address,
	    off_t offset);
/* queue_message_drop_pending - the records before the next recipient are not its */
void	queue_message_drop_pending(struct queue_message *m);

/* ---- queue_message_log.c: the defer log ---- */

/* queue_message_read_log - QUEUE_MESSAGE_REASONS, and what it says of each recipient */
void	queue_message_read_log(struct queue_message *m);
/* queue_message_forget_log - before entry_count is cleared */
void	queue_message_forget_log(struct queue_message *m);

/* ---- queue_message_content.c ---- */

/* queue_message_read_content - QUEUE_MESSAGE_PARTS, QUEUE_MESSAGE_BODY; has_content says whether it went well */
void	queue_message_read_content(struct queue_message *m, unsigned want);

#endif
