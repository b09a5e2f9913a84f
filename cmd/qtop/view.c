/*
 * view.c - what of the snapshot is shown, in which order: made by a thread
 *
 *	judge	which rows pass the filter: a byte a slot; only what changed
 *	order	passing rows with their keys, sorted; news are merged in
 *	group	or counted
 *
 * Each step takes the snapshot's lock for a few hundred rows at a time and
 * gives up when something else was asked for meanwhile.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/view.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/qtop/view_internal.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_select.h"

#define LOOK_MS		50		/* how often the snapshot is looked at */
#define FILLING_MS	100		/* a view that takes longer is made less often while the first round fills it */
#define REJUDGE_MS	5000		/* ages pass limits: judge anew */

/* ---- requests ---- */

static void
request_done(struct request *r)
{
	free(r->filter);
	free(r->unfolded);
	memset(r, 0, sizeof(*r));
}

static void
request_copy(struct request *to, const struct view_request *from,
    unsigned number)
{
	char *filter = xstrdup(from->filter != NULL ? from->filter : "");
	char *unfolded = xstrdup(from->unfolded != NULL ? from->unfolded :
	    "");
	struct view_request r = *from;

	request_done(to);
	to->r = r;
	to->r.filter = to->filter = filter;
	to->r.unfolded = to->unfolded = unfolded;
	to->number = number;
}

unsigned
views_ask(struct views *v, const struct view_request *r)
{
	unsigned number;

	pthread_mutex_lock(&v->mutex);
	number = v->asked.number + 1;
	request_copy(&v->asked, r, number);
	pthread_cond_signal(&v->asked_now);
	pthread_mutex_unlock(&v->mutex);
	return number;
}

struct view *
views_take(struct views *v)
{
	struct view *view;

	pthread_mutex_lock(&v->mutex);
	view = v->ready;
	v->ready = NULL;
	pthread_mutex_unlock(&v->mutex);
	return view;
}

void
view_free(struct view *view)
{
	if (view == NULL)
		return;
	free(view->entries);
	free(view->groups);
	free(view->texts);
	free(view);
}

static uint32_t
version_of(struct views *v)
{
	uint32_t version;

	queue_snapshot_lock(v->s);
	version = queue_snapshot_version(v->s);
	queue_snapshot_unlock(v->s);
	return version;
}

struct view *
views_wait(struct views *v, unsigned number)
{
	uint32_t version = version_of(v);
	struct view *view;

	pthread_mutex_lock(&v->mutex);
	while (v->ready == NULL || v->ready->number < number ||
	    v->ready_version < version)
		pthread_cond_wait(&v->ready_now, &v->mutex);
	view = v->ready;
	v->ready = NULL;
	pthread_mutex_unlock(&v->mutex);
	return view;
}

bool
view_is_overtaken(struct views *v)
{
	bool is;

	pthread_mutex_lock(&v->mutex);
	is = v->is_stopping || v->asked.number != v->now.number;
	pthread_mutex_unlock(&v->mutex);
	return is;
}

/* ---- the worker ---- */

static bool
same_order(const struct request *a, const struct request *b)
{
	return a->number != 0 && a->r.sort == b->r.sort &&
	    a->r.is_down == b->r.is_down && !a->r.tagged_only &&
	    !b->r.tagged_only;
}

/* Take over what is asked, and forget what does not hold for it. */
static void
take_request(struct views *v)
{
	bool is_same_filter = v->now.number != 0 &&
	    strcmp(v->now.filter, v->asked.filter) == 0 &&
	    strstr(v->asked.filter, "tagged") == NULL;
	bool is_same_order = is_same_filter && same_order(&v->now, &v->asked);

	request_copy(&v->now, &v->asked.r, v->asked.number);
	if (!is_same_filter) {
		view_parse_filter(v);
		v->judged = 0;
		v->unknown = 0;
	}
	if (!is_same_order)
		view_forget_order(v);
}

static int64_t
cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
publish(struct views *v, struct view *view)
{
	view->number = v->now.number;
	view->kind = v->now.r.kind;
	view->unknown = v->unknown;
	view->oldest = v->oldest;
	memcpy(view->error, v->error, sizeof(view->error));
	queue_snapshot_lock(v->s);
	view->total = queue_snapshot_count(v->s);
	view->is_filling = queue_snapshot_rounds(v->s) == 0;
	queue_snapshot_unlock(v->s);
	pthread_mutex_lock(&v->mutex);
	view_free(v->ready);
	v->ready = view;
	v->ready_version = v->judged;
	pthread_cond_broadcast(&v->ready_now);
	pthread_mutex_unlock(&v->mutex);
	v->wake(v->ctx);
}

static void
make(struct views *v)
{
	int64_t begun = cpu_ms(), spent;
	struct view *view = NULL;
	bool is_filling;

	if (v->select != NULL && clock_mono_ms() >= v->rejudge_at) {
		view_parse_filter(v);		/* "now" has moved */
		v->judged = 0;
		v->unknown = 0;
		view_forget_order(v);
	}
	if (view_judge_all(v))
		view = v->now.r.kind == VIEW_MESSAGES ? view_make_messages(v) :
		    v->now.r.kind == VIEW_GROUPS ? view_make_groups(v) :
		    view_make_overview(v);
	if (view != NULL)
		publish(v, view);
	spent = cpu_ms() - begun;
	queue_snapshot_lock(v->s);
	is_filling = queue_snapshot_rounds(v->s) == 0;
	queue_snapshot_unlock(v->s);
	/* While the first rows come in people look; later it must be cheap. */
	v->not_before = clock_mono_ms() + LOOK_MS + (is_filling ?
	    (spent < FILLING_MS ? 4 : 9) * spent :
	    spent * 100 / v->load);
	if (v->rejudge_at <= clock_mono_ms())
		v->rejudge_at = clock_mono_ms() + REJUDGE_MS +
		    spent * 100 / v->load;
}

/* Sums tell what is due and how old, and filters may ask for it. */
static bool
tells_time(const struct views *v)
{
	return v->select != NULL || v->now.r.kind != VIEW_MESSAGES;
}

static void
wait_for_work(struct views *v)
{
	struct timespec until;

	while (!v->is_stopping && v->asked.number == v->now.number) {
		pthread_mutex_unlock(&v->mutex);
		if (v->now.number != 0 && clock_mono_ms() >= v->not_before &&
		    (version_of(v) != v->judged || (tells_time(v) &&
		    clock_mono_ms() >= v->rejudge_at))) {
			pthread_mutex_lock(&v->mutex);
			return;
		}
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += LOOK_MS * 1000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
		pthread_mutex_lock(&v->mutex);
		if (!v->is_stopping && v->asked.number == v->now.number)
			pthread_cond_timedwait(&v->asked_now, &v->mutex,
			    &until);
	}
}

static void *
work(void *arg)
{
	struct views *v = arg;

	for (;;) {
		pthread_mutex_lock(&v->mutex);
		wait_for_work(v);
		if (v->is_stopping) {
			pthread_mutex_unlock(&v->mutex);
			return NULL;
		}
		v->clock = v->c.now = clock_now();
		if (v->asked.number != v->now.number) {
			take_request(v);
			v->rejudge_at = clock_mono_ms() + REJUDGE_MS;
		}
		pthread_mutex_unlock(&v->mutex);
		make(v);
	}
}

struct views *
views_new(struct queue_snapshot *s, void (*wake)(void *), void *ctx, int load)
{
	struct views *v = xcalloc(1, sizeof(*v));

	v->s = s;
	v->wake = wake;
	v->ctx = ctx;
	v->load = load > 0 ? load : 1;
	queue_message_init(&v->m);
	buf_init(&v->c.scratch);
	v->c.m = &v->m;
	pthread_mutex_init(&v->mutex, NULL);
	pthread_cond_init(&v->asked_now, NULL);
	pthread_cond_init(&v->ready_now, NULL);
	if (pthread_create(&v->thread, NULL, work, v) != 0)
		abort();
	return v;
}

void
views_free(struct views *v)
{
	pthread_mutex_lock(&v->mutex);
	v->is_stopping = true;
	pthread_cond_signal(&v->asked_now);
	pthread_mutex_unlock(&v->mutex);
	pthread_join(v->thread, NULL);
	view_free(v->ready);
	request_done(&v->asked);
	request_done(&v->now);
	queue_select_free(v->select);
	queue_message_done(&v->m);
	queue_field_context_done(&v->c);
	free(v->verdicts);
	free(v->items);
	pthread_cond_destroy(&v->asked_now);
	pthread_cond_destroy(&v->ready_now);
	pthread_mutex_destroy(&v->mutex);
	free(v);
}
