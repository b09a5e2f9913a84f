/*
 * selection.h - which recipients a report is about
 *
 * Set log, queue_id and wanted, or wanted and single; the rest is zero.
 */
#ifndef DAEMON_BOUNCE_SELECTION_H
#define DAEMON_BOUNCE_SELECTION_H

#include <stdbool.h>

#include "lib/queue/queue_log.h"

/* The entries of a log, or just one; some may not want to be reported. */
struct selection {
	const char	*log;		/* NULL: only single */
	const char	*queue_id;
	unsigned	 wanted;	/* DSN_NOTIFY_*; 0: everybody */
	struct queue_log_entry single;
	struct queue_log *file;
	bool		 gave_single;
	bool		 is_unreadable;	/* the log is there, and cannot be read now */
};

/* selection_rewind - begin again; compose.h calls it, too */
void	selection_rewind(void *selection);
/* selection_next - 1 and an entry, valid until the next call; 0 at the end */
int	selection_next(void *selection, struct queue_log_entry *e);
bool	selection_is_empty(struct selection *s);
void	selection_done(struct selection *s);

#endif
