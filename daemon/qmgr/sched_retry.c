/*
 * sched_retry.c - what is not served for a while, and when it is again
 *
 * A destination or a transport is dead, for a reason that its waiting
 * recipients are told, or pauses between two deliveries. Each has one timer,
 * and all of them stand in one heap.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/qmgr/sched_internal.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/qmgr/sched.h"
#include "lib/base/buf.h"

/* ---- why ---- */

void
hop_status_clear(struct hop_status *h)
{
	free(h->text);
	memset(h, 0, sizeof(*h));
}

void
hop_status_set(struct hop_status *h, const struct dsn *dsn)
{
	struct buf texts = BUF_INIT;

	dsn_keep(&h->dsn, dsn, &texts);
	free(h->text);
	h->text = buf_take(&texts);	/* the same bytes, at the same place */
}

/* ---- timers ---- */

static bool
timer_before(const void *a, const void *b)
{
	return ((const struct timer *)a)->at_ms <
	    ((const struct timer *)b)->at_ms;
}

static size_t *
timer_place(void *t)
{
	return &((struct timer *)t)->place;
}

void
sched_timers_init(struct sched *s)
{
	s->timers.before = timer_before;
	s->timers.place = timer_place;
}

static void
timer_set(struct sched *s, struct timer *t, int64_t at_ms)
{
	t->at_ms = at_ms;
	heap_put(&s->timers, t);
}

void
sched_timer_stop(struct sched *s, struct timer *t)
{
	heap_drop(&s->timers, t);
}

/* ---- pauses and deaths ---- */

void
sched_pause_after(struct dest *d, int64_t now_ms)
{
	struct transport *t = d->transport;

	if (t->limits.rate_delay_s > 0 && !d->is_dead) {
		d->is_paused = true;
		timer_set(t->sched, &d->timer,
		    now_ms + (int64_t)t->limits.rate_delay_s * 1000);
	}
	if (t->limits.transport_delay_s > 0 && !t->is_dead) {
		t->is_paused = true;
		timer_set(t->sched, &t->timer,
		    now_ms + (int64_t)t->limits.transport_delay_s * 1000);
	}
}

void
sched_dest_die(struct dest *d, const struct dsn *hop, int64_t now_ms)
{
	struct sched *s = d->transport->sched;

	d->is_dead = true;
	d->is_paused = false;
	hop_status_set(&d->dead, hop);
	timer_set(s, &d->timer, now_ms + (int64_t)s->dead_s * 1000);
}

void
sched_fail_transport(struct transport *t, const struct dsn *why,
    int64_t now_ms)
{
	t->is_dead = true;
	t->is_paused = false;
	hop_status_set(&t->dead, why);
	timer_set(t->sched, &t->timer,
	    now_ms + (int64_t)t->sched->retry_s * 1000);
}

void
sched_revive_dest(struct dest *d)
{
	if (!d->is_dead)
		return;
	d->is_dead = false;
	d->window = sched_initial_window(&d->transport->limits);
	d->failed_cohorts = d->gain = d->loss = 0;
	hop_status_clear(&d->dead);
	sched_timer_stop(d->transport->sched, &d->timer);
	sched_dest_update(d);
	sched_release(d);
}

void
sched_revive_transport(struct transport *t)
{
	if (!t->is_dead)
		return;
	t->is_dead = false;
	hop_status_clear(&t->dead);
	sched_timer_stop(t->sched, &t->timer);
	sched_wake(t);
}

void
sched_revive(struct sched *s)
{
	struct transport *t, *t_next;
	struct dest *d, *d_next;

	HASH_ITER(hh, s->transports, t, t_next) {
		sched_revive_transport(t);
		HASH_ITER(hh, t->dests, d, d_next)
			sched_revive_dest(d);
		sched_wake(t);
	}
}

int64_t
sched_next_timer(const struct sched *s)
{
	const struct timer *t = heap_first(&s->timers);

	return t != NULL ? t->at_ms : -1;
}

static void
unpause_dest(struct dest *d)
{
	struct transport *t = d->transport;

	d->is_paused = false;
	sched_dest_update(d);
	sched_release(d);
	sched_wake(t);
}

void
sched_run_timers(struct sched *s, int64_t now_ms)
{
	struct timer *t;

	while ((t = heap_first(&s->timers)) != NULL && t->at_ms <= now_ms) {
		heap_drop(&s->timers, t);
		if (t->dest != NULL && t->dest->is_dead) {
			sched_revive_dest(t->dest);
		} else if (t->dest != NULL) {
			unpause_dest(t->dest);
		} else if (t->transport->is_dead) {
			sched_revive_transport(t->transport);
		} else {
			t->transport->is_paused = false;
			sched_wake(t->transport);
		}
	}
}
