/*
 * heap.c - a binary heap of pointers whose elements know their place
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/qmgr/heap.h"

#include <stdlib.h>

#include "lib/base/mem.h"

static void
set(struct heap *h, size_t i, void *element)
{
	h->at[i] = element;
	*h->place(element) = i + 1;
}

static void
sift_up(struct heap *h, size_t i, void *element)
{
	while (i > 0 && h->before(element, h->at[(i - 1) / 2])) {
		set(h, i, h->at[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	set(h, i, element);
}

static void
sift_down(struct heap *h, size_t i, void *element)
{
	size_t child;

	while ((child = 2 * i + 1) < h->count) {
		if (child + 1 < h->count &&
		    h->before(h->at[child + 1], h->at[child]))
			child++;
		if (!h->before(h->at[child], element))
			break;
		set(h, i, h->at[child]);
		i = child;
	}
	set(h, i, element);
}

void
heap_done(struct heap *h)
{
	free(h->at);
	h->at = NULL;
	h->count = h->room = 0;
}

void *
heap_first(const struct heap *h)
{
	return h->count > 0 ? h->at[0] : NULL;
}

/* One of the two does something; the other sets the place again. */
static void
settle(struct heap *h, size_t i, void *element)
{
	sift_up(h, i, element);
	sift_down(h, *h->place(element) - 1, element);
}

void
heap_put(struct heap *h, void *element)
{
	size_t place = *h->place(element);

	if (place == 0) {
		if (h->count == h->room) {
			h->room = h->room * 2 + 8;
			h->at = xreallocarray(h->at, h->room,
			    sizeof(h->at[0]));
		}
		place = ++h->count;
	}
	settle(h, place - 1, element);
}

void
heap_drop(struct heap *h, void *element)
{
	size_t place = *h->place(element);
	void *last;

	if (place == 0)
		return;
	*h->place(element) = 0;
	last = h->at[--h->count];
	if (last != element)
		settle(h, place - 1, last);
}
