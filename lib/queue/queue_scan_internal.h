/*
 * queue_scan_internal.h - between the walk and those who read what it finds
 */
#ifndef LIB_QUEUE_QUEUE_SCAN_INTERNAL_H
#define LIB_QUEUE_QUEUE_SCAN_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct queue_message;
struct queue_scan;

struct queue_scan_name {
	const char	*queue;
	const char	*path;		/* borrowed until the next claim */
	size_t		 name;		/* where the ID begins in it */
	ino_t		 inode;
};

enum queue_scan_step { SCAN_NAME, SCAN_QUEUE_END, SCAN_END };

/*
 * queue_scan_claim - the next name that was not met before
 *
 * may_enter	go on to the next queue where this one has ended: only when
 *		all names of this one were looked at, since what is gone may
 *		have moved there, and a directory being read need not show it
 */
enum queue_scan_step	queue_scan_claim(struct queue_scan *qs,
			    bool may_enter, struct queue_scan_name *out);

/* queue_scan_may_arrive - was it opened with QUEUE_SCAN_ARRIVING? */
bool	queue_scan_may_arrive(const struct queue_scan *qs);

#endif
