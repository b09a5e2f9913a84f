/*
 * queue_scan.h - every message of some queues, once
 *
 * Memory stays bounded: a window of names, and eight bytes a file so that a
 * message which moves to another queue meanwhile is not seen twice.
 */
#ifndef LIB_QUEUE_QUEUE_SCAN_H
#define LIB_QUEUE_QUEUE_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct queue_message;
struct queue_scan;

/*
 * queue_scan_open - walk these queues, NULL-terminated
 *
 * wants_arriving	files still being written, too
 *
 * A queue directory that cannot be opened is warned about and passed over.
 */
struct queue_scan	*queue_scan_open(const char *const *queues,
			    bool wants_arriving);
/*
 * queue_scan_next - the next message, begun: only its entry is known
 *
 * Returns false at the end.
 */
bool	queue_scan_next(struct queue_scan *qs, struct queue_message *m);
/* queue_scan_forget - m was gone before it could be read: it may be met again where it went */
void	queue_scan_forget(struct queue_scan *qs,
	    const struct queue_message *m);
/* queue_scan_unreadable - entries that could not be looked at, and queues */
size_t	queue_scan_unreadable(const struct queue_scan *qs);
void	queue_scan_close(struct queue_scan *qs);

#endif
