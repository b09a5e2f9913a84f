/*
 * group_internal.h - what counting (group.c) and ordering (group_rows.c) share
 */
#ifndef CMD_QTOP_GROUP_INTERNAL_H
#define CMD_QTOP_GROUP_INTERNAL_H

#include "cmd/qtop/group.h"

#define LEVELS		3

struct buf;
struct intern;

struct node {
	uint32_t	 key[LEVELS];
	uint32_t	 last;		/* serial of the last message counted */
	uint32_t	 relay_reason;	/* relays: reason of the newest message */
	int64_t		 newest;
	struct group	 sum;
	uint32_t	 classes[REASON_COUNT];
};

struct grouping {
	enum group_by	 by;
	bool		 wants_parents, is_cut;
	const char	*unfolded;
	time_t		 now;
	struct intern	*own;
	struct node	*nodes;
	size_t		 count, room;
	uint32_t	*slots;		/* open hash: node + 1 */
	size_t		 slot_count;
};

/* grouping_slot - where in slots this node is, or would be */
size_t	grouping_slot(const struct grouping *g, const uint32_t key[LEVELS],
	    int depth);
/* grouping_path - append the key of a node in the tree of reasons */
void	grouping_path(const struct queue_snapshot *s, const struct node *n,
	    int depth, struct buf *out);

#endif
