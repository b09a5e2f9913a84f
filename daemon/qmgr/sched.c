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
 * Preemption: every slot_cost entries that a job hands out earn it one slot.
 * A job that needs r entries may overtake when the one in front has earned r
 * slots, less slot_discount percent of r, less slot_loan. The slots are then
 * used up (the debt is to be earned before the next one overtakes), so a big
 * message loses at most one in slot_cost of its turns.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/qmgr/sched.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "daemon/qmgr/message.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"

#define LOOK_AGAIN_MS	1000		/* for a job that may overtake */

/* ---- small parts ---- */

void
hop_status_clear(struct hop_status *h)
{
	free(h->text);
	memset(h, 0, sizeof(*h));
}

void
hop_status_set(struct hop_status *h, const struct dsn *dsn)
{
	const char *from[7] = { dsn->status, dsn->action, dsn->reason,
	    dsn->diag_type, dsn->diag_text, dsn->mta_type, dsn->mta_name };
	const char **to[7];
	struct buf b = BUF_INIT;
	size_t at[7];
	int i;

	for (i = 0; i < 7; i++) {
		at[i] = b.len;
		buf_add(&b, from[i], strlen(from[i]) + 1);
	}
	free(h->text);
	h->text = buf_take(&b);
	to[0] = &h->dsn.status, to[1] = &h->dsn.action;
	to[2] = &h->dsn.reason, to[3] = &h->dsn.diag_type;
	to[4] = &h->dsn.diag_text, to[5] = &h->dsn.mta_type;
	to[6] = &h->dsn.mta_name;
	for (i = 0; i < 7; i++)
		*to[i] = h->text + at[i];
}

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
	s->timers.before = timer_before;
	s->timers.place = timer_place;
}

static void
timer_set(struct sched *s, struct timer *t, int64_t at_ms)
{
	t->at_ms = at_ms;
	heap_put(&s->timers, t);
}

static void
timer_stop(struct sched *s, struct timer *t)
{
	heap_drop(&s->timers, t);
}

/* ---- what may be served ---- */

static int
window_of(const struct dest *d)
{
	/* A pause between deliveries means one at a time. */
	return d->transport->limits.rate_delay_s > 0 ? 1 : d->window;
}

/* After any change: into the heap, out of it, or to its new place. */
static void
dest_update(struct dest *d)
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

static void
wake(struct transport *t)
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

static int
initial_window(const struct transport_limits *l)
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
	d->window = initial_window(&t->limits);
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
	timer_stop(t->sched, &d->timer);
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
count_rcpts(struct transport *t, size_t n)
{
	t->rcpts += (int)n;
	t->sched->rcpts += (int)n;
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
	count_rcpts(dest->transport, n);
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
	count_rcpts(job->transport, count);
	job->message->entries++;
	dest_update(dest);
	wake(job->transport);
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
	dest_update(d);
	return e;
}

/* ---- preemption ---- */

/* Entries a job still needs; what is unread counts as one each, which is at most too many. */
static int
entries_left(const struct job *job)
{
	return job->todo + job->unread;
}

static bool
job_can_run(const struct job *job)
{
	const struct peer *p;

	DL_FOREACH2(job->peers, p, next_of_job)
		if (p->dest->place != 0)
			return true;
	return false;
}

/* The job that gains most from overtaking, of those the slots allow. */
static struct job *
find_overtaker(const struct transport *t, const struct job *front, int earned,
    int64_t now_ms)
{
	const struct transport_limits *l = &t->limits;
	struct job *job, *best = NULL;
	double score, best_score = 0;
	int need;

	DL_FOREACH(t->jobs, job) {
		need = entries_left(job);
		if (job == front || job->order <= front->order || need == 0 ||
		    need >= entries_left(front))
			continue;
		if (need - earned > need * l->slot_discount / 100 +
		    l->slot_loan)
			continue;
		score = (double)(now_ms - job->since_ms + 1) / need;
		if (score > best_score && job_can_run(job)) {
			best = job;
			best_score = score;
		}
	}
	return best;
}

static void
overtake(struct transport *t, struct job *front, struct job *job)
{
	struct peer *p;

	front->slots_used += entries_left(job);
	/* Out of the heap first: it must not see half of the keys changed. */
	DL_FOREACH2(job->peers, p, next_of_job)
		heap_drop(&t->ready, p->dest);
	job->order = --t->front_order;
	DL_FOREACH2(job->peers, p, next_of_job) {
		DL_DELETE(p->dest->peers, p);
		DL_PREPEND(p->dest->peers, p);
	}
	DL_FOREACH2(job->peers, p, next_of_job)
		dest_update(p->dest);
}

static void
preempt(struct transport *t, struct job *front, int64_t now_ms)
{
	const struct transport_limits *l = &t->limits;
	struct job *job;
	int earned;

	if (l->slot_cost == 0 || front->next == NULL ||
	    (front->selected + entries_left(front)) / l->slot_cost <
	    l->min_slots)
		return;
	earned = front->selected / l->slot_cost - front->slots_used;
	if (t->looked_job == front && t->looked_earned == earned &&
	    now_ms - t->looked_ms < LOOK_AGAIN_MS)
		return;
	t->looked_job = front;
	t->looked_earned = earned;
	t->looked_ms = now_ms;
	if ((job = find_overtaker(t, front, earned, now_ms)) != NULL)
		overtake(t, front, job);
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
	preempt(t, d->peers->job, now_ms);
	d = heap_first(&t->ready);
	d->served = ++t->served;
	e = peer_pop(d->peers);
	e->job->selected++;
	return e;
}

static void
pause_after(struct dest *d, int64_t now_ms)
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

struct recipient *
sched_steal(struct entry *e, size_t *count)
{
	struct recipient *rcpts = e->rcpts;

	*count = e->count;
	e->dest->transport->rcpts -= (int)e->count;
	e->dest->transport->sched->rcpts -= (int)e->count;
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

static void
dest_die(struct dest *d, const struct dsn *hop, int64_t now_ms)
{
	struct sched *s = d->transport->sched;

	d->is_dead = true;
	d->is_paused = false;
	hop_status_set(&d->dead, hop);
	timer_set(s, &d->timer, now_ms + (int64_t)s->dead_s * 1000);
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
		pause_after(d, now_ms);
	} else if (result == SCHED_HOP_FAILED) {
		if (!d->is_dead && feedback_failure(d)) {
			debug_feedback(d, "dead");
			dest_die(d, hop, now_ms);
			died = d;
		} else {
			debug_feedback(d, "failure");
			pause_after(d, now_ms);
		}
	}
	d->busy--;
	t->busy--;
	t->rcpts -= (int)e->count;
	t->sched->rcpts -= (int)e->count;
	job->busy--;
	job->message->entries--;
	entry_free(e);
	job_release(job);
	dest_update(d);
	if (died == NULL)
		sched_release(d);
	wake(t);
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

/* ---- failure and recovery ---- */

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
	d->window = initial_window(&d->transport->limits);
	d->failed_cohorts = d->gain = d->loss = 0;
	hop_status_clear(&d->dead);
	timer_stop(d->transport->sched, &d->timer);
	dest_update(d);
	sched_release(d);
}

void
sched_revive_transport(struct transport *t)
{
	if (!t->is_dead)
		return;
	t->is_dead = false;
	hop_status_clear(&t->dead);
	timer_stop(t->sched, &t->timer);
	wake(t);
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
		wake(t);
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
	dest_update(d);
	sched_release(d);
	wake(t);
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
			wake(t->transport);
		}
	}
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
		timer_stop(s, &t->timer);
		hop_status_clear(&t->dead);
		free(t->name);
		free(t);
	}
	heap_done(&s->timers);
}
