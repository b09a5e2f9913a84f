/*
 * queue_scan_run.c - read the messages of a walk with several threads
 *
 * The calling thread walks, and gives out the names in numbered batches, which
 * stand in a ring. Whoever has one reads its messages into it; the calling
 * thread takes the batches back in the order of their numbers, so that order
 * is that of the walk. When the whole ring waits to be handed over, nobody
 * reads. A batch that has grown large is handed over in parts, so that memory
 * has a bound whatever the messages hold: RING * (PART_MAX + one message).
 *
 *	FREE --> NAMED --claim--> READING --all looked at--> FULL --handed over--> FREE
 *	                             |  ^
 *	                 much held   v  | handed over
 *	                            PARTLY
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

#define BATCH		128	/* names */
#define BATCH_FIRST	4	/* while the first results are awaited */
#define GROWTH		16	/* a batch is that part of the names before it */
#define RING_A_THREAD	4	/* batches a worker may be ahead */
#define PART_MAX	(1024 * 1024)	/* bytes of a batch that may wait */
#define THREADS_MAX	8

enum batch_state { BATCH_FREE, BATCH_NAMED, BATCH_READING, BATCH_PARTLY,
	BATCH_FULL };

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
	const struct queue_scan_job *job;
	bool		 may_arrive;
	pthread_mutex_t	 walk_lock;	/* of qs */
	struct queue_scan *qs;
	size_t		 met;		/* names that were given out; the caller's */
	pthread_mutex_t	 lock;		/* of all below */
	pthread_cond_t	 todo;		/* workers: there is something to do */
	pthread_cond_t	 done;		/* the caller: something was done */
	struct batch	*ring;
	size_t		 ring_size;
	size_t		 named, claimed, taken;	/* batch numbers */
	size_t		 reading;	/* batches that are being read */
	bool		 is_over;	/* the walk has come to its end */
	bool		 is_stopped;
};

struct worker {
	struct scan_run	*run;
	void		*own;
	struct queue_message_reader reader;
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

/* A batch of names to read, NULL when there are no more. */
static struct batch *
claim(struct scan_run *r)
{
	struct batch *b = NULL;

	pthread_mutex_lock(&r->lock);
	while (r->claimed == r->named && !r->is_over && !r->is_stopped)
		pthread_cond_wait(&r->todo, &r->lock);
	if (r->claimed < r->named && !r->is_stopped) {
		b = &r->ring[r->claimed++ % r->ring_size];
		b->state = BATCH_READING;
		r->reading++;
	}
	pthread_mutex_unlock(&r->lock);
	return b;
}

/* False when there is no more to do. */
static bool
give_back(struct scan_run *r, struct batch *b, enum batch_state state)
{
	bool goes_on;

	pthread_mutex_lock(&r->lock);
	b->state = state;
	if (state == BATCH_FULL)
		r->reading--;
	pthread_cond_signal(&r->done);
	while (b->state == BATCH_PARTLY && !r->is_stopped)
		pthread_cond_wait(&r->todo, &r->lock);
	goes_on = !r->is_stopped;
	pthread_mutex_unlock(&r->lock);
	return goes_on;
}

static void
look_at(struct worker *w, struct batch *b, size_t i)
{
	struct scan_run *r = w->run;
	const struct queue_scan_name *n = &b->names[i];
	const char *path = b->paths.ptr + b->path_at[i];
	struct queue_message *m = &b->messages[b->passed];
	bool is_meant;

	if (b->passed == b->made) {
		queue_message_init(m);
		b->made++;
	}
	queue_message_meet(m, n->queue, path + n->name, path, n->inode);
	m->may_arrive = r->may_arrive;
	m->reader = &w->reader;
	is_meant = r->job->look(m, &b->out, w->own) && !m->is_gone;
	m->reader = NULL;
	if (is_meant) {
		b->passed++;
		b->bytes += queue_message_bytes(m);
	} else if (m->is_gone) {
		pthread_mutex_lock(&r->walk_lock);
		queue_scan_forget(r->qs, m);
		pthread_mutex_unlock(&r->walk_lock);
	}
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct scan_run *r = w->run;
	struct batch *b;
	bool goes_on = true;
	size_t i;

	while (goes_on && (b = claim(r)) != NULL) {
		for (i = 0; i < b->count && goes_on &&
		    !is_asked_to_stop(r); i++) {
			look_at(w, b, i);
			if (b->bytes + b->out.len > PART_MAX)
				goes_on = give_back(r, b, BATCH_PARTLY);
		}
		goes_on = give_back(r, b, BATCH_FULL);
	}
	return NULL;
}

/* ---- the caller ---- */

/*
 * Names for a batch; false when there are none. The next queue may be entered
 * when all names before were looked at.
 */
static bool
name_batch(struct scan_run *r, struct batch *b, bool may_enter)
{
	struct queue_scan_name *n;
	size_t want = r->met / GROWTH;

	if (want < BATCH_FIRST)
		want = BATCH_FIRST;
	if (want > BATCH)
		want = BATCH;
	b->count = b->passed = b->bytes = 0;
	buf_reset(&b->paths);
	pthread_mutex_lock(&r->walk_lock);
	while (b->count < want && queue_scan_claim(r->qs, b->count == 0 &&
	    may_enter, &b->names[b->count]) == SCAN_NAME) {
		n = &b->names[b->count];
		b->path_at[b->count++] = b->paths.len;
		buf_add(&b->paths, n->path, strlen(n->path) + 1);
	}
	pthread_mutex_unlock(&r->walk_lock);
	r->met += b->count;
	return b->count > 0;
}

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

/*
 * Name a batch; the lock is held, and let go meanwhile. False when there is
 * no name now. The end of the walk is not the end while somebody reads: what
 * is gone from where it was found may be due again under another name.
 */
static bool
name_next(struct scan_run *r)
{
	struct batch *b = &r->ring[r->named % r->ring_size];
	bool all_read = r->claimed == r->named && r->reading == 0, is_named;

	pthread_mutex_unlock(&r->lock);
	is_named = name_batch(r, b, all_read);
	pthread_mutex_lock(&r->lock);
	if (is_named) {
		b->state = BATCH_NAMED;
		r->named++;
		pthread_cond_broadcast(&r->todo);
	}
	r->is_over = !is_named && all_read;
	return is_named || r->is_over;
}

/* Hand over what is to be taken next; the lock is held, and let go meanwhile. */
static bool
take_next(struct scan_run *r)
{
	struct batch *b = &r->ring[r->taken % r->ring_size];
	bool goes_on;

	pthread_mutex_unlock(&r->lock);
	goes_on = hand_over(r, b);
	pthread_mutex_lock(&r->lock);
	if (b->state == BATCH_FULL) {
		b->state = BATCH_FREE;
		r->taken++;
	} else {
		b->state = BATCH_READING;
		pthread_cond_broadcast(&r->todo);
	}
	return goes_on;
}

static bool
is_due(const struct scan_run *r)
{
	const struct batch *b = &r->ring[r->taken % r->ring_size];

	return r->taken < r->claimed && (b->state == BATCH_FULL ||
	    b->state == BATCH_PARTLY);
}

/* Is it time to name a batch? First of all nobody is to be idle. */
static bool
may_name(const struct scan_run *r)
{
	return !r->is_over && r->named - r->taken < r->ring_size &&
	    (r->claimed == r->named || !is_due(r));
}

/* Batch after batch, until the last or until somebody says stop. */
static void
walk_and_take(struct scan_run *r)
{
	bool goes_on = true;

	pthread_mutex_lock(&r->lock);
	while (goes_on && (r->taken < r->named || !r->is_over)) {
		if (may_name(r) && name_next(r))
			continue;
		if (is_due(r))
			goes_on = take_next(r);
		else if (r->taken < r->named)
			pthread_cond_wait(&r->done, &r->lock);
	}
	r->is_stopped = true;
	pthread_cond_broadcast(&r->todo);
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
work_alone(struct worker *w)
{
	struct scan_run *r = w->run;
	struct batch *b = r->ring;
	bool goes_on = true;
	size_t i;

	while (goes_on && name_batch(r, b, true)) {
		for (i = 0; i < b->count && goes_on; i++) {
			look_at(w, b, i);
			if (b->bytes + b->out.len > PART_MAX)
				goes_on = hand_over(r, b);
		}
		if (goes_on)
			goes_on = hand_over(r, b);
	}
}

static void
ring_free(struct batch *ring, size_t size)
{
	size_t i, j;

	for (i = 0; i < size; i++) {
		for (j = 0; j < ring[i].made; j++)
			queue_message_done(&ring[i].messages[j]);
		buf_done(&ring[i].paths);
		buf_done(&ring[i].out);
	}
	free(ring);
}

void
queue_scan_run(struct queue_scan *qs, const struct queue_scan_job *job)
{
	struct scan_run r = { .qs = qs, .job = job,
	    .may_arrive = queue_scan_may_arrive(qs),
	    .walk_lock = PTHREAD_MUTEX_INITIALIZER,
	    .lock = PTHREAD_MUTEX_INITIALIZER,
	    .todo = PTHREAD_COND_INITIALIZER,
	    .done = PTHREAD_COND_INITIALIZER };
	unsigned i, count = job->threads > 0 ? job->threads :
	    queue_scan_threads(), started;
	struct worker *workers = xcalloc(count, sizeof(*workers));
	size_t k;

	r.ring_size = count * RING_A_THREAD;
	r.ring = xcalloc(r.ring_size, sizeof(*r.ring));
	for (k = 0; k < r.ring_size; k++) {
		buf_init(&r.ring[k].paths);
		buf_init(&r.ring[k].out);
	}
	started = start_workers(&r, workers, count);
	if (started > 0)
		walk_and_take(&r);
	else
		work_alone(&workers[0]);
	for (i = 0; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	for (i = 0; i < count; i++)
		queue_message_reader_done(&workers[i].reader);
	ring_free(r.ring, r.ring_size);
	free(workers);
}
