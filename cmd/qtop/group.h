/*
 * group.h - messages counted by what they have in common; for the view worker
 */
#ifndef CMD_QTOP_GROUP_H
#define CMD_QTOP_GROUP_H

#include <stdbool.h>
#include <time.h>

#include "cmd/qtop/view.h"

struct grouping;

/* grouping_new - unfolded: as in the request, for BY_REASON */
struct grouping	*grouping_new(enum group_by by, bool wants_parents,
		    const char *unfolded, time_t now);
void	grouping_free(struct grouping *g);
/* grouping_add - count a row; the snapshot's lock is held */
void	grouping_add(struct grouping *g, const struct queue_snapshot *s,
	    const struct queue_row *row);
/*
 * grouping_finish - sorted rows for a view
 *
 * texts	out: owns the texts of the groups
 * most		at most so many
 *
 * Names are looked up: the snapshot's lock is held.
 */
struct group	*grouping_finish(struct grouping *g,
		    const struct queue_snapshot *s, enum group_sort sort,
		    bool is_down, size_t most, size_t *count, bool *is_cut,
		    char **texts);
/* grouping_top - the first of the largest, by messages; texts are copied into names */
size_t	grouping_top(struct grouping *g, const struct queue_snapshot *s,
	    struct group top[VIEW_TOP], struct buf *names);

#endif
