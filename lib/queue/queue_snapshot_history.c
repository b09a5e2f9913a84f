/*
 * queue_snapshot_history.c - what came and went, minutes and a day back
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_snapshot.h"

#include <string.h>

#include "lib/queue/queue_snapshot_internal.h"

static void
advance(struct ring *ring, time_t now)
{
	struct queue_history *h = &ring->sum;
	int64_t step = now / ring->length_s, by = step - ring->step;
	size_t n;

	if (by <= 0)
		return;
	n = by > QUEUE_HISTORY_SIZE ? QUEUE_HISTORY_SIZE : (size_t)by;
	memmove(h->arrived, h->arrived + n, (QUEUE_HISTORY_SIZE - n) *
	    sizeof(h->arrived[0]));
	memmove(h->left, h->left + n, (QUEUE_HISTORY_SIZE - n) *
	    sizeof(h->left[0]));
	memset(h->arrived + QUEUE_HISTORY_SIZE - n, 0, n *
	    sizeof(h->arrived[0]));
	memset(h->left + QUEUE_HISTORY_SIZE - n, 0, n * sizeof(h->left[0]));
	h->known = ring->step == 0 ? 1 : h->known + (uint32_t)n;
	if (h->known > QUEUE_HISTORY_SIZE)
		h->known = QUEUE_HISTORY_SIZE;
	ring->step = step;
}

static void
record(const struct queue_snapshot *s, struct ring *ring, time_t now)
{
	advance(ring, now);
	ring->sum.arrived[QUEUE_HISTORY_SIZE - 1] += s->arrived;
	ring->sum.left[QUEUE_HISTORY_SIZE - 1] += s->left;
}

void
queue_snapshot_record(struct queue_snapshot *s, time_t now)
{
	record(s, &s->fine, now);
	record(s, &s->coarse, now);
}

void
queue_snapshot_rate(struct queue_snapshot *s, time_t now,
    struct queue_snapshot_rates *out)
{
	const int steps = 60 / HISTORY_FINE_S;
	uint32_t arrived = 0, left = 0;
	double seconds;
	int i;

	advance(&s->fine, now);
	advance(&s->coarse, now);
	out->minutes = s->fine.sum;
	out->day = s->coarse.sum;
	out->last_arrived = s->last_arrived;
	out->last_left = s->last_left;
	out->last_moved = s->last_moved;
	for (i = 0; i <= steps; i++) {
		arrived += out->minutes.arrived[QUEUE_HISTORY_SIZE - 1 - i];
		left += out->minutes.left[QUEUE_HISTORY_SIZE - 1 - i];
	}
	/* Six whole steps and the one that is being filled. */
	seconds = 60 + (double)(now % HISTORY_FINE_S);
	if ((double)(now - s->since) < seconds)
		seconds = (double)(now - s->since);
	out->is_known = s->rounds > 1;
	out->arrived = seconds >= 1 ? arrived / seconds : 0;
	out->left = seconds >= 1 ? left / seconds : 0;
}
