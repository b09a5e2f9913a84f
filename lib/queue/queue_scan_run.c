/*
 * queue_scan_run.c - read the messages of a walk with several threads
 *
 * Names are given out in numbered batches, which stand in a ring. Whoever has
 * one reads its messages into it; the calling thread takes the batches back
 * in the order of their numbers, so that order is that of the walk. A worker
 * that is ahead by a whole ring waits. A batch that has grown large is handed
 * over in parts, so that memory has a bound whatever the messages hold:
 * RING * (PART_MAX + one message).
 *
 *	FREE --claim--> READING --all looked at--> FULL --handed over--> FREE
 *	                   |  ^
 *	       much held   v  | handed over
 *	                  PARTLY
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_scan.h"

#include <pthread.h>
#include <signal.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_scan_internal.h"

#define BATCH		64	/* names */
#define BATCH_FIRST	4	/* while the first results are awaited */
#define SMALL_BATCHES	16
#define RING_A_THREAD	4	/* batches a worker may be ahead */
#define PART_MAX	(1024 * 1024)	/* bytes of a batch that may wait */
#define THREADS_MAX	8

enum batch_state { BATCH_FREE, BATCH_READING, BATCH_PARTLY, BATCH_FULL };

struct batch {
	enum batch_state state;
	struct queue_scan_name names[BATCH];
	size_t		 path_at[BATCH];	/* in paths */
	struct buf	 paths;
	size_t		 count;		/* of names */
	struct queue_message messages[BATCH];
	size_t		 made;		/* messages that were initialised */
	size_t		 passed;	/* messages to hand over */
	size_t		 bytes;		/* of those */
	struct buf	 out;
};

struct scan_run {
	struct queue_scan *qs;
	const struct queue_scan_job *job;
	bool		 may_arrive;
	pthread_mutex_t	 lock;		/* of all below, and of qs */
	pthread_cond_t	 filled, emptied;
	struct batch	*ring;
	size_t		 ring_size;
	size_t		 claimed, taken;	/* batch numbers */
	size_t		 reading;	/* batches that are being read */
	bool		 is_over;	/* the walk has come to its end */
	bool		 is_stopped;
};

struct worker {
	struct scan_run	*run;
	void		*own;
	pthread_t	 thread;
};

unsigned
queue_scan_threads(void)
{
	cpu_set_t set;
	int n = 1;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set);
	return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : (unsigned)n;
}

static bool
is_asked_to_stop(const struct scan_run *r)
{
	return r->job->stop != NULL && *r->job->stop != 0;
}

/* ---- workers ---- */

/* Take names for a batch; the lock is held. False when there are none. */
static bool
claim_names(struct scan_run *r, struct batch *b, size_t want)
{
	struct queue_scan_name *n;

	b->count = b->passed = b->bytes = 0;
	buf_reset(&b->paths);
	while (b->count < want && queue_scan_claim(r->qs, b->count == 0 &&
	    r->reading == 0, &b->names[b->count]) == SCAN_NAME) {
		n = &b->names[b->count];
		b->path_at[b->count++] = b->paths.len;
		buf_add(&b->paths, n->path, strlen(n->path) + 1);
	}
	return b->count > 0;
}

/*
 * A batch of names to read, NULL when there is no more to do. The end of the
 * walk is not the end while somebody reads: what is gone from where it was
 * found may be due again under another name.
 */
static struct batch *
claim(struct scan_run *r)
{
	struct batch *b = NULL, *next;

	pthread_mutex_lock(&r->lock);
	while (b == NULL && !r->is_stopped && !r->is_over) {
		next = &r->ring[r->claimed % r->ring_size];
		if (r->claimed - r->taken < r->ring_size &&
		    claim_names(r, next, r->claimed < SMALL_BATCHES ?
		    BATCH_FIRST : BATCH)) {
			b = next;
			b->state = BATCH_READING;
			r->claimed++;
			r->reading++;
		} else if (r->claimed - r->taken < r->ring_size &&
		    r->reading == 0) {
			r->is_over = true;
		} else {
			pthread_cond_wait(&r->emptied, &r->lock);
		}
	}
	if (b == NULL) {
		pthread_cond_broadcast(&r->emptied);
		pthread_cond_signal(&r->filled);
	}
	pthread_mutex_unlock(&r->lock);
	return b;
}

static void
give_back(struct scan_run *r, struct batch *b, enum batch_state state)
{
	pthread_mutex_lock(&r->lock);
	b->state = state;
	if (b == &r->ring[r->taken % r->ring_size])
		pthread_cond_signal(&r->filled);
	while (b->state == BATCH_PARTLY && !r->is_stopped)
		pthread_cond_wait(&r->emptied, &r->lock);
	if (b->state == BATCH_PARTLY)
		b->state = BATCH_READING;
	if (state == BATCH_FULL && --r->reading == 0)
		pthread_cond_broadcast(&r->emptied);
	pthread_mutex_unlock(&r->lock);
}

static void
look_at(struct scan_run *r, struct batch *b, size_t i, void *own)
{
	const struct queue_scan_name *n = &b->names[i];
	const char *path = b->paths.ptr + b->path_at[i];
	struct queue_message *m = &b->messages[b->passed];

	if (b->passed == b->made) {
		queue_message_init(m);
		b->made++;
	}
	queue_message_meet(m, n->queue, path + n->name, path, n->inode);
	m->may_arrive = r->may_arrive;
	if (r->job->look(m, &b->out, own) && !m->is_gone) {
		b->passed++;
		b->bytes += queue_message_bytes(m);
	} else if (m->is_gone) {
		pthread_mutex_lock(&r->lock);
		queue_scan_forget(r->qs, m);
		pthread_mutex_unlock(&r->lock);
	}
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct scan_run *r = w->run;
	struct batch *b;
	size_t i;

	while ((b = claim(r)) != NULL) {
		for (i = 0; i < b->count && !is_asked_to_stop(r); i++) {
			look_at(r, b, i, w->own);
			if (b->bytes + b->out.len > PART_MAX)
				give_back(r, b, BATCH_PARTLY);
		}
		give_back(r, b, BATCH_FULL);
	}
	return NULL;
}

/* ---- the caller ---- */

static bool
hand_over(struct scan_run *r, struct batch *b)
{
	const struct queue_scan_job *job = r->job;
	bool goes_on = true;
	size_t i;

	for (i = 0; i < b->passed && goes_on && job->take != NULL &&
	    !is_asked_to_stop(r); i++)
		goes_on = job->take(&b->messages[i], job->ctx);
	if (goes_on && job->text != NULL && b->out.len > 0)
		goes_on = job->text(&b->out, job->ctx);
	if (goes_on && job->pulse != NULL)
		job->pulse(job->pulse_ctx);
	b->passed = b->bytes = 0;
	if (b->out.size > PART_MAX)
		buf_done(&b->out);
	else
		buf_reset(&b->out);
	return goes_on && !is_asked_to_stop(r);
}

/* Batch after batch, until the last or until somebody says stop. */
static void
take_all(struct scan_run *r)
{
	struct batch *b;
	bool goes_on = true;

	pthread_mutex_lock(&r->lock);
	while (goes_on) {
		b = &r->ring[r->taken % r->ring_size];
		if (r->taken == r->claimed && r->is_over)
			break;
		if (r->taken == r->claimed || b->state == BATCH_READING) {
			pthread_cond_wait(&r->filled, &r->lock);
			continue;
		}
		pthread_mutex_unlock(&r->lock);
		goes_on = hand_over(r, b);
		pthread_mutex_lock(&r->lock);
		if (b->state == BATCH_FULL) {
			b->state = BATCH_FREE;
			r->taken++;
		} else {
			b->state = BATCH_READING;
		}
		pthread_cond_broadcast(&r->emptied);
	}
	r->is_stopped = true;
	pthread_cond_broadcast(&r->emptied);
	pthread_mutex_unlock(&r->lock);
}

/* Signals are the business of the thread that called. */
static unsigned
start_workers(struct scan_run *r, struct worker *workers, unsigned count)
{
	sigset_t all, before;
	unsigned n;
	int why = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (n = 0; n < count && why == 0; n++) {
		workers[n].run = r;
		workers[n].own = r->job->own == NULL ? NULL :
		    (char *)r->job->own + n * r->job->own_size;
		why = pthread_create(&workers[n].thread, NULL, work,
		    &workers[n]);
		if (why != 0)
			n--;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return n;
}

/* Where not even one thread may be started, without any. */
static void
work_alone(struct scan_run *r)
{
	struct batch *b = r->ring;
	bool goes_on = true;
	size_t i;

	while (goes_on && claim_names(r, b, BATCH)) {
		for (i = 0; i < b->count && goes_on; i++) {
			look_at(r, b, i, r->job->own);
			if (b->bytes + b->out.len > PART_MAX)
				goes_on = hand_over(r, b);
		}
		if (goes_on)
			goes_on = hand_over(r, b);
	}
}

void
queue_scan_run(struct queue_scan *qs, const struct queue_scan_job *job)
{
	struct scan_run r = { .qs = qs, .job = job,
	    .may_arrive = queue_scan_may_arrive(qs),
	    .lock = PTHREAD_MUTEX_INITIALIZER,
	    .filled = PTHREAD_COND_INITIALIZER,
	    .emptied = PTHREAD_COND_INITIALIZER };
	unsigned i, n = job->threads > 0 ? job->threads :
	    queue_scan_threads();
	struct worker *workers = xcalloc(n, sizeof(*workers));
	size_t k, j;

	r.ring_size = n * RING_A_THREAD;
	r.ring = xcalloc(r.ring_size, sizeof(*r.ring));
	for (k = 0; k < r.ring_size; k++) {
		buf_init(&r.ring[k].paths);
		buf_init(&r.ring[k].out);
	}
	n = start_workers(&r, workers, n);
	if (n > 0)
		take_all(&r);
	else
		work_alone(&r);
	for (i = 0; i < n; i++)
		pthread_join(workers[i].thread, NULL);
	for (k = 0; k < r.ring_size; k++) {
		for (j = 0; j < r.ring[k].made; j++)
			queue_message_done(&r.ring[k].messages[j]);
		buf_done(&r.ring[k].paths);
		buf_done(&r.ring[k].out);
	}
	free(r.ring);
	free(workers);
}
