/*
 * drop.h - copy a submission from standard input into maildrop, checking it
 *
 * Format and rules: spec/queue-format.md 5.2.
 */
#ifndef CMD_POSTDROP_DROP_H
#define CMD_POSTDROP_DROP_H

/* Status bits of the reply. */
#define DROP_BAD	1
#define DROP_WRITE	2
#define DROP_SIZE	4
#define DROP_PERM	512

/*
 * drop_run - one submission, start to end, replies on standard output
 *
 * Returns the status. A request that is cut short leaves nothing behind.
 */
int	drop_run(void);
/* drop_cleanup - remove the unfinished file; safe in a signal handler */
void	drop_cleanup(void);

#endif
