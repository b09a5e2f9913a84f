/*
 * queue_scan.h - every message of some queues, once
 *
 * Memory stays bounded: a window of names, and eight bytes a file so that a
 * message which moves to another queue meanwhile is not seen twice.
 *
 * queue_scan_next gives one message after the other. queue_scan_run reads
 * with several threads:
 *
 *	walk -> batches of names -> look() in workers -> take(), text() in the caller
 *
 * look() reads what it wants of a message, judges it, and may write text;
 * what it lets pass is handed to take() in the thread that called, one by
 * one in the order of the walk, and the text in large pieces to text().
 */
#ifndef LIB_QUEUE_QUEUE_SCAN_H
#define LIB_QUEUE_QUEUE_SCAN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct queue_message;
struct queue_scan;

enum queue_scan_flags {
	QUEUE_SCAN_ARRIVING	= 1,	/* files still being written, too: may_arrive */
	QUEUE_SCAN_AS_STORED	= 2	/* in the order of the directory */
};

/*
 * queue_scan_open - walk these queues, NULL-terminated
 *
 * flags	QUEUE_SCAN_*; by default each window of names is sorted by inode,
 *		the order in which a disk keeps the files near each other
 *
 * A queue directory that cannot be opened is warned about and passed over.
 */
struct queue_scan	*queue_scan_open(const char *const *queues,
			    unsigned flags);
/*
 * queue_scan_next - the next message, begun: only its entry is known
 *
 * Returns false at the end.
 */
bool	queue_scan_next(struct queue_scan *qs, struct queue_message *m);
/* queue_scan_forget - m was gone before it could be read: it may be met again where it went */
void	queue_scan_forget(struct queue_scan *qs,
	    const struct queue_message *m);

struct queue_scan_job {
	unsigned	 threads;	/* that read; 0: queue_scan_threads() */

	/*
	 * In a worker. m was met (queue_message_meet): not even its entry was
	 * read. out is the text of the batch. True hands m to take. A message
	 * that turns out to be gone is never handed on.
	 *
	 * own		this worker's part of job->own
	 */
	bool		(*look)(struct queue_message *m, struct buf *out,
			    void *own);
	/* In the calling thread; any of these may be NULL. False ends the scan. */
	bool		(*take)(struct queue_message *m, void *ctx);
	bool		(*text)(struct buf *out, void *ctx);
	/* In the calling thread, after each batch: for whoever shows how far things are. */
	void		(*pulse)(void *pulse_ctx);
	void		*pulse_ctx;

	void		*ctx;
	void		*own;		/* array, one element a thread */
	size_t		 own_size;	/* bytes of an element */
	const atomic_int *stop;	/* ends it when not 0, set by a signal handler or another thread; NULL: nothing */
};

/* queue_scan_threads - as many as there are processors to run on, within reason */
unsigned	queue_scan_threads(void);
/*
 * queue_scan_run - all that is left of the walk, by a job
 *
 * Returns when everything was handed over, or soon after the job said stop;
 * all its threads are gone then.
 */
void	queue_scan_run(struct queue_scan *qs, const struct queue_scan_job *job);

/* queue_scan_unreadable - entries that could not be looked at, and queues */
size_t	queue_scan_unreadable(const struct queue_scan *qs);
void	queue_scan_close(struct queue_scan *qs);

#endif
