/*
 * source.h - where messages come from: the queue, showq, a snapshot
 *
 * All three are read by one job (lib/queue/queue_scan.h); only the queue is
 * read by several threads.
 */
#ifndef CMD_POSTQUEUE_SOURCE_H
#define CMD_POSTQUEUE_SOURCE_H

#include <stdatomic.h>
#include <stddef.h>

struct queue_scan_job;

enum source_kind { SOURCE_QUEUE, SOURCE_SHOWQ, SOURCE_SNAPSHOT };

struct source {
	enum source_kind kind;
	int		 fd;		/* of a snapshot */
	const char	*name;		/* of it, for messages */
	unsigned	 flags;		/* QUEUE_SCAN_* */
};

/* source_interrupted - not 0 after SIGINT, once source_catch_interrupt was called */
extern atomic_int source_interrupted;
void	source_catch_interrupt(void);

/*
 * source_run - all messages of these queues, NULL-terminated
 *
 * A service or snapshot gives messages of whatever queue. Ends the process
 * with a message when there is nothing to read from. Returns how many entries
 * or lines could not be read.
 */
size_t	source_run(const struct source *s, const char *const *queues,
	    const struct queue_scan_job *job);

#endif
