/*
 * selection.h - expressions, read by several threads while names are saved
 */
#ifndef CMD_QTOP_SELECTION_H
#define CMD_QTOP_SELECTION_H

#include <stddef.h>
#include <time.h>

struct buf;
struct err;
struct line;
struct model;
struct queue_select;

/* selection_parse - queue_select_parse, safe in any thread */
struct queue_select	*selection_parse(const char *text, time_t now,
			    struct err *err);
/* selection_save - keep an expression under a name, in the user's file; 0 or -1 */
int	selection_save(const char *name, const char *text, struct err *err);
/*
 * selection_complete - complete the word before the cursor
 *
 * candidates	out: all that fit, when there are several
 */
void	selection_complete(struct line *line, struct buf *candidates);

#endif
