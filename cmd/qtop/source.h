/*
 * source.h - where the messages come from, and the thread that keeps looking
 *
 *	live	the queue directory: root, mail_owner, or a private instance
 *	showq	the service, for everybody else, by way of the set-gid postqueue
 *		where it cannot be reached directly: fewer fields, no actions
 *	copy	a queue directory that nobody works on
 *	file	a snapshot: JSON lines
 *
 * The thread looks again at the interval asked for, and soon after the system
 * has told of a change (watch.h); less often where that would cost more than
 * its share of a processor.
 */
#ifndef CMD_QTOP_SOURCE_H
#define CMD_QTOP_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct queue_snapshot;
struct source;

enum source_kind { SOURCE_LIVE, SOURCE_SHOWQ, SOURCE_COPY, SOURCE_FILE };

struct source_status {
	enum source_kind kind;
	bool		 is_scanning, is_paused;
	bool		 is_first;	/* the first round is not over */
	size_t		 seen, total;	/* of the running round; total 0: not known */
	size_t		 unreadable;
	unsigned	 rounds;	/* ended, well or not */
	int64_t		 interval_ms;	/* until the next one, as things are */
	int64_t		 round_ms, cpu_ms;	/* of the last round */
	char		 error[512];	/* of the last round; "" none */
};

/*
 * source_new - and its thread
 *
 * name		of the file; NULL: none
 * fd		its descriptor, taken; -1: none
 * interval_ms	between rounds; 0: one only
 * load		percent of a processor that rounds may take
 * wake		called from the thread when something is worth drawing
 */
struct source	*source_new(enum source_kind kind, struct queue_snapshot *s,
		    const char *name, int fd, int64_t interval_ms, int load,
		    void (*wake)(void *), void *ctx);
/* source_free - ends the thread; waits for no service */
void	source_free(struct source *so);
/* source_look - a round now, that looks at every entry */
void	source_look(struct source *so);
void	source_pause(struct source *so, bool is_paused);
void	source_interval(struct source *so, int64_t interval_ms);
void	source_status(struct source *so, struct source_status *out);
/* source_wait - until so many rounds have ended */
void	source_wait(struct source *so, unsigned rounds);

#endif
