/*
 * sched.c - who is served next: transports, destinations, jobs
 *
 * Picking costs the logarithm of the number of destinations that may be
 * served, however many messages wait. The trick is the order number of a job:
 * new jobs get ever larger ones and go to the end of each destination's list;
 * a preempting job gets one smaller than all others and goes to the front. So
 * the lists stay sorted without searching, and the heap of destinations is
 * ordered by the job in front, then by turns.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/qmgr/sched.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "daemon/qmgr/message.h"
#include "daemon/qmgr/sched_internal.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

/* ---- destinations by turns ---- */

static bool
dest_before(const void *pa, const void *pb)
{
	const struct dest *a = pa, *b = pb;
	int64_t oa = a->peers->job->order, ob = b->peers->job->order;

	return oa != ob ? oa < ob : a->served < b->served;
}

static size_t *
dest_place(void *d)
{
	return &((struct dest *)d)->place;
}

void
sched_init(struct sched *s)
{
	memset(s, 0, sizeof(*s));
	sched_timers_init(s);
}

/* ---- what may be served ---- */

static int
window_of(const struct dest *d)
{
	/* A pause between deliveries means one at a time. */
	return d->transport->limits.rate_delay_s > 0 ? 1 : d->window;
}

void
sched_dest_update(struct dest *d)
{
	if (d->peers != NULL && d->busy < window_of(d) && !d->is_dead &&
	    !d->is_paused)
		heap_put(&d->transport->ready, d);
	else
		heap_drop(&d->transport->ready, d);
}

bool
sched_has_work(const struct transport *t)
{
	if (t->is_dead || t->is_paused || heap_first(&t->ready) == NULL)
		return false;
	return t->limits.transport_delay_s == 0 || t->busy == 0;
}

void
sched_wake(struct transport *t)
{
	if (t->sched->wake != NULL && sched_has_work(t))
		t->sched->wake(t, t->sched->ctx);
}

/* ---- finding and making ---- */

struct transport *
sched_transport(struct sched *s, const char *name,
    const struct transport_limits *limits)
{
	struct transport *t;

	HASH_FIND_STR(s->transports, name, t);
	if (t != NULL || limits == NULL)
		return t;
	t = xcalloc(1, sizeof(*t));
	t->sched = s;
	t->name = xstrdup(name);
	t->limits = *limits;
	t->ready.before = dest_before;
	t->ready.place = dest_place;
	t->timer.transport = t;
	HASH_ADD_KEYPTR(hh, s->transports, t->name, strlen(t->name), t);
	return t;
}

int
sched_initial_window(const struct transport_limits *l)
{
	int n = l->initial_concurrency > 0 ? l->initial_concurrency : 1;

	return l->concurrency > 0 && n > l->concurrency ? l->concurrency : n;
}

struct dest *
sched_dest(struct transport *t, const char *key, const char *nexthop)
{
	struct dest *d;

	HASH_FIND_STR(t->dests, key, d);
	if (d != NULL)
		return d;
	d = xcalloc(1, sizeof(*d));
	d->transport = t;
	d->key = xstrdup(key);
	d->nexthop = xstrdup(nexthop);
	d->window = sched_initial_window(&t->limits);
	d->timer.dest = d;
	HASH_ADD_KEYPTR(hh, t->dests, d->key, strlen(d->key), d);
	return d;
}

static void
dest_free(struct dest *d)
{
	struct transport *t = d->transport;

	HASH_DEL(t->dests, d);
	heap_drop(&t->ready, d);
	sched_timer_stop(t->sched, &d->timer);
	hop_status_clear(&d->dead);
	free(d->key);
	free(d->nexthop);
	free(d);
}

void
sched_release(struct dest *d)
{
	if (d->todo == 0 && d->busy == 0 && !d->is_dead && !d->is_paused)
		dest_free(d);
}

struct job *
sched_job(struct transport *t, struct message *m, int64_t now_ms)
{
	struct job *job;

	for (job = m->jobs; job != NULL; job = job->next_of_message)
		if (job->transport == t)
			return job;
	job = xcalloc(1, sizeof(*job));
	job->message = m;
	job->transport = t;
	job->order = ++t->next_order;
	job->since_ms = now_ms;
	job->next_of_message = m->jobs;
	m->jobs = job;
	DL_APPEND(t->jobs, job);
	return job;
}

static void
job_release(struct job *job)
{
	struct job **at;

	if (job->todo > 0 || job->busy > 0)
		return;
	for (at = &job->message->jobs; *at != job; at = &(*at)->next_of_message)
		;
	*at = job->next_of_message;
	if (job->transport->looked_job == job)
		job->transport->looked_job = NULL;
	DL_DELETE(job->transport->jobs, job);
	free(job);
}

/*
 * The last in a destination's list that is served no later than job: its own,
 * or the one to stand behind. Lists are sorted by order of service, and
 * whoever adds is most often the newest job: look from the end.
 */
static struct peer *
peer_before(const struct job *job, const struct dest *dest)
{
	struct peer *at = dest->peers != NULL ? dest->peers->prev : NULL;

	while (at != NULL && at->job->order > job->order)
		at = at == dest->peers ? NULL : at->prev;
	return at;
}

/* The job's list for this destination. */
static struct peer *
peer_get(struct job *job, struct dest *dest)
{
	struct peer *p, *at = peer_before(job, dest);

	if (at != NULL && at->job == job)
		return at;
	p = xcalloc(1, sizeof(*p));
	p->job = job;
	p->dest = dest;
	if (at != NULL)
		DL_APPEND_ELEM(dest->peers, at, p);
	else
		DL_PREPEND(dest->peers, p);
	DL_PREPEND2(job->peers, p, prev_of_job, next_of_job);
	return p;
}

/* Recipients in memory, here and everywhere. */
static void
count_rcpts(struct transport *t, int n)
{
	t->rcpts += n;
	t->sched->rcpts += n;
}

int
sched_room(const struct message *m)
{
	const struct job *job;
	int room, most = 0;

	for (job = m->jobs; job != NULL; job = job->next_of_message) {
		const struct transport_limits *l = &job->transport->limits;

		room = l->memory - job->transport->rcpts;
		/* The extra space is for those that overtake. */
		if (job->order <= 0)
			room += l->extra_memory;
		if (room > most)
			most = room;
	}
	return most;
}

size_t
sched_fill(struct job *job, struct dest *dest, struct recipient *rcpts,
    size_t count, size_t limit)
{
	struct peer *p = peer_before(job, dest);
	struct entry *e;
	size_t n;

	if (p == NULL || p->job != job || p->last->count >= limit)
		return 0;
	e = p->last;
	n = count < limit - e->count ? count : limit - e->count;
	e->rcpts = xreallocarray(e->rcpts, e->count + n, sizeof(*e->rcpts));
	memcpy(e->rcpts + e->count, rcpts, n * sizeof(*rcpts));
	e->count += n;
	count_rcpts(dest->transport, (int)n);
	return n;
}

struct entry *
sched_add(struct job *job, struct dest *dest, struct recipient *rcpts,
    size_t count)
{
	struct entry *e = xcalloc(1, sizeof(*e));
	struct peer *p = peer_get(job, dest);

	e->message = job->message;
	e->job = job;
	e->dest = dest;
	e->rcpts = rcpts;
	e->count = count;
	if (p->last != NULL)
		p->last->next = e;
	else
		p->todo = e;
	p->last = e;
	job->todo++;
	dest->todo++;
	job->transport->todo++;
	count_rcpts(job->transport, (int)count);
	job->message->entries++;
	sched_dest_update(dest);
	sched_wake(job->transport);
	return e;
}

/* Take the first waiting entry of a peer; the peer goes when it was the last. */
static struct entry *
peer_pop(struct peer *p)
{
	struct entry *e = p->todo;
	struct dest *d = p->dest;

	p->todo = e->next;
	e->next = NULL;
	e->is_busy = true;
	e->job->todo--;
	e->job->busy++;
	d->todo--;
	d->busy++;
	d->transport->todo--;
	d->transport->busy++;
	if (p->todo == NULL) {
		DL_DELETE2(p->job->peers, p, prev_of_job, next_of_job);
		DL_DELETE(d->peers, p);
		free(p);
	}
	sched_dest_update(d);
	return e;
}

/* ---- picking and finishing ---- */

/* destination_concurrency_feedback_debug */
static void
debug_feedback(const struct dest *d, const char *what)
{
	if (d->transport->sched->logs_feedback)
		log_info("feedback: transport %s, destination %s: %s: window "
		    "%d, busy %d, gain %.2f, loss %.2f, failed cohorts %.2f",
		    d->transport->name, d->nexthop, what, d->window, d->busy,
		    d->gain, d->loss, d->failed_cohorts);
}

struct entry *
sched_pick(struct transport *t, int64_t now_ms)
{
	struct dest *d;
	struct entry *e;

	if (!sched_has_work(t))
		return NULL;
	d = heap_first(&t->ready);
	sched_preempt(t, d->peers->job, now_ms);
	d = heap_first(&t->ready);
	d->served = ++t->served;
	e = peer_pop(d->peers);
	e->job->selected++;
	return e;
}

struct recipient *
sched_steal(struct entry *e, size_t *count)
{
	struct recipient *rcpts = e->rcpts;

	*count = e->count;
	count_rcpts(e->dest->transport, -(int)e->count);
	e->rcpts = NULL;
	e->count = 0;
	return rcpts;
}

static void
entry_free(struct entry *e)
{
	size_t i;

	for (i = 0; i < e->count; i++)
		recipient_done(&e->rcpts[i]);
	free(e->rcpts);
	free(e);
}

struct dest *
sched_finish(struct entry *e, enum sched_result result, const struct dsn *hop,
    int64_t now_ms)
{
	struct dest *d = e->dest, *died = NULL;
	struct transport *t = d->transport;
	struct job *job = e->job;

	if (result != SCHED_CRASHED)
		d->done_ms = now_ms;
	if (result == SCHED_REACHED) {
		sched_revive_dest(d);
		feedback_success(d);
		debug_feedback(d, "success");
		sched_pause_after(d, now_ms);
	} else if (result == SCHED_HOP_FAILED) {
		if (!d->is_dead && feedback_failure(d)) {
			debug_feedback(d, "dead");
			sched_dest_die(d, hop, now_ms);
			died = d;
		} else {
			debug_feedback(d, "failure");
			sched_pause_after(d, now_ms);
		}
	}
	d->busy--;
	t->busy--;
	count_rcpts(t, -(int)e->count);
	job->busy--;
	job->message->entries--;
	entry_free(e);
	job_release(job);
	sched_dest_update(d);
	if (died == NULL)
		sched_release(d);
	sched_wake(t);
	return died;
}

struct entry *
sched_take_dest(struct dest *d)
{
	return d->peers != NULL ? peer_pop(d->peers) : NULL;
}

struct entry *
sched_take_transport(struct transport *t)
{
	struct job *job;

	DL_FOREACH(t->jobs, job)
		if (job->peers != NULL)
			return peer_pop(job->peers);
	return NULL;
}

void
sched_done(struct sched *s)
{
	struct transport *t, *t_next;
	struct dest *d, *d_next;
	struct entry *e;

	HASH_ITER(hh, s->transports, t, t_next) {
		while ((e = sched_take_transport(t)) != NULL)
			sched_finish(e, SCHED_CRASHED, NULL, 0);
		HASH_ITER(hh, t->dests, d, d_next)
			dest_free(d);
		HASH_DEL(s->transports, t);
		heap_done(&t->ready);
		sched_timer_stop(s, &t->timer);
		hop_status_clear(&t->dead);
		free(t->name);
		free(t);
	}
	heap_done(&s->timers);
}
