/*
 * watch.h - be told by the system when something in the queue changes
 *
 * Only a hint that a round is worth its while: what there is rounds find out,
 * and they come also when nothing was heard, since a watch may fail, miss
 * something, or not be allowed at all.
 */
#ifndef CMD_QTOP_WATCH_H
#define CMD_QTOP_WATCH_H

#include <stdbool.h>

struct queue_round;
struct watch;

/* watch_new - NULL where the system has no such thing */
struct watch	*watch_new(void);
void	watch_free(struct watch *w);
/* watch_fd - to wait for it becoming readable; -1: w is NULL */
int	watch_fd(const struct watch *w);
/* watch_dirs - watch all directories that the rounds have found so far */
void	watch_dirs(struct watch *w, const struct queue_round *r);
/* watch_read - tell the rounds which directories changed; false when none did */
bool	watch_read(struct watch *w, struct queue_round *r);

#endif
