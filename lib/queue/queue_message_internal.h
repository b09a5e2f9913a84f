/*
 * queue_message_internal.h - between the parts of queue_message.h
 */
#ifndef LIB_QUEUE_QUEUE_MESSAGE_INTERNAL_H
#define LIB_QUEUE_QUEUE_MESSAGE_INTERNAL_H

#include <stddef.h>

struct queue_message;

/* queue_message_read_content - QUEUE_MESSAGE_PARTS, QUEUE_MESSAGE_BODY; has_content says whether it went well */
void	queue_message_read_content(struct queue_message *m, unsigned want);
/* queue_message_keep_len - copy bytes into m's memory, a NUL behind them */
const char	*queue_message_keep_len(struct queue_message *m,
		    const char *text, size_t len);

#endif
