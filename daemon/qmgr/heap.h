/*
 * heap.h - a binary heap of pointers whose elements know their place
 *
 * Used for timers (what is due next) and for destinations that may be served
 * (whose job comes first).
 */
#ifndef DAEMON_QMGR_HEAP_H
#define DAEMON_QMGR_HEAP_H

#include <stdbool.h>
#include <stddef.h>

struct heap {
	void	**at;
	size_t	  count, room;
	/* is a to come out before b? */
	bool	(*before)(const void *a, const void *b);
	/* the element's own field: its place plus one, 0 when it is not in */
	size_t	*(*place)(void *element);
};

void	heap_done(struct heap *h);
/* heap_first - NULL when empty */
void	*heap_first(const struct heap *h);
/* heap_put - insert, or move to its new place after its key has changed */
void	heap_put(struct heap *h, void *element);
/* heap_drop - take it out; fine when it is not in */
void	heap_drop(struct heap *h, void *element);

#endif
