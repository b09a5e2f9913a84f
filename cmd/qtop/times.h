/*
 * times.h - how fast it is, measured from within: --times
 */
#ifndef CMD_QTOP_TIMES_H
#define CMD_QTOP_TIMES_H

#include "cmd/qtop/grid.h"
#include "cmd/qtop/model.h"

/* times_start - called first thing in main */
void	times_start(void);
/* times_measure - until the queue is known, then keys and refreshes; printed as "name value" lines */
void	times_measure(struct model *m, struct grid *g);

#endif
