/*
 * source.c - where the messages come from, and the thread that keeps looking
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/source.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "cmd/qtop/rights.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_round.h"

#define THOROUGH_EVERY	10	/* rounds */
#define WALL_SHARE	4	/* a loaded disk: rounds take a quarter of the time */
#define DRAW_MS		100	/* how often progress is worth drawing */

struct source {
	enum source_kind kind;
	struct queue_round *round;
	char		*name;
	int		 fd, load;
	void		(*wake)(void *);
	void		*ctx;
	pthread_t	 thread, ticker;
	pthread_mutex_t	 mutex;
	pthread_cond_t	 changed, ended;
	volatile sig_atomic_t stop;
	bool		 wants_look;
	int64_t		 asked_ms;		/* between rounds */
	struct source_status st;
};

static int64_t
cpu_ms(void)
{
	struct rusage u;

	getrusage(RUSAGE_THREAD, &u);
	return (int64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
	    (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

static int
run_round(struct source *so, bool is_thorough, struct err *err)
{
	switch (so->kind) {
	case SOURCE_SHOWQ:
		return queue_round_ask(so->round, err);
	case SOURCE_FILE:
		return queue_round_load(so->round, so->fd, so->name, err);
	default:
		return queue_round_scan(so->round, is_thorough, err);
	}
}

/* What the interval becomes after a round that cost so much. */
static int64_t
stretched(const struct source *so, int64_t wall, int64_t cpu)
{
	int64_t ms = so->asked_ms;

	if (ms == 0)
		return 0;
	if (cpu * 100 / so->load > ms)
		ms = cpu * 100 / so->load;
	if (wall * WALL_SHARE > ms)
		ms = wall * WALL_SHARE;
	return ms;
}

static void
one_round(struct source *so, bool is_thorough)
{
	struct err err = ERR_INIT;
	int64_t wall = clock_mono_ms(), cpu = cpu_ms();
	int rc;

	rc = run_round(so, is_thorough, &err);
	wall = clock_mono_ms() - wall;
	cpu = cpu_ms() - cpu;
	pthread_mutex_lock(&so->mutex);
	so->st.is_scanning = false;
	so->st.is_first = false;
	so->st.rounds++;
	so->st.round_ms = wall;
	so->st.cpu_ms = cpu;
	so->st.unreadable = queue_round_unreadable(so->round);
	memset(so->st.error, 0, sizeof(so->st.error));
	if (rc == -1)
		memcpy(so->st.error, err.text, sizeof(err.text));
	/* The first round reads everything; the others will not. */
	so->st.interval_ms = so->st.rounds == 1 ? so->asked_ms :
	    stretched(so, wall, cpu);
	pthread_cond_broadcast(&so->ended);
	pthread_mutex_unlock(&so->mutex);
	so->wake(so->ctx);
}

/* Until a round is due; false: the end. The mutex is held. */
static bool
wait_until_due(struct source *so)
{
	int64_t due = clock_mono_ms() + so->st.interval_ms, left;
	struct timespec until;

	while (so->stop == 0 && !so->wants_look) {
		left = due - clock_mono_ms();
		if (so->st.interval_ms > 0 && !so->st.is_paused && left <= 0)
			break;
		if (so->st.interval_ms == 0 || so->st.is_paused) {
			pthread_cond_wait(&so->changed, &so->mutex);
			continue;
		}
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += left / 1000;
		until.tv_nsec += left % 1000 * 1000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
		pthread_cond_timedwait(&so->changed, &so->mutex, &until);
	}
	return so->stop == 0;
}

static void *
look(void *arg)
{
	struct source *so = arg;
	struct err err = ERR_INIT;
	bool is_thorough = true;
	unsigned n = 0;

	if (so->kind != SOURCE_FILE && rights_become_owner(&err) == -1) {
		pthread_mutex_lock(&so->mutex);
		memcpy(so->st.error, err.text, sizeof(err.text));
		pthread_mutex_unlock(&so->mutex);
	}
	do {
		one_round(so, is_thorough);
		pthread_mutex_lock(&so->mutex);
		if (!wait_until_due(so)) {
			pthread_mutex_unlock(&so->mutex);
			break;
		}
		is_thorough = so->wants_look || ++n % THOROUGH_EVERY == 0;
		so->wants_look = false;
		so->st.is_scanning = true;
		pthread_mutex_unlock(&so->mutex);
	} while (so->stop == 0);
	return NULL;
}

/* While the first round runs, its progress is worth drawing. */
static void *
tick(void *arg)
{
	struct source *so = arg;
	struct timespec until;

	pthread_mutex_lock(&so->mutex);
	while (so->stop == 0 && so->st.is_first) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += DRAW_MS * 1000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
		pthread_cond_timedwait(&so->ended, &so->mutex, &until);
		pthread_mutex_unlock(&so->mutex);
		so->wake(so->ctx);
		pthread_mutex_lock(&so->mutex);
	}
	pthread_mutex_unlock(&so->mutex);
	return NULL;
}

struct source *
source_new(enum source_kind kind, struct queue_snapshot *s, const char *name,
    int fd, int64_t interval_ms, int load, void (*wake)(void *), void *ctx)
{
	struct source *so = xcalloc(1, sizeof(*so));

	so->kind = so->st.kind = kind;
	so->name = xstrdup(name != NULL ? name : "");
	so->fd = fd;
	so->load = load > 0 ? load : 1;
	so->wake = wake;
	so->ctx = ctx;
	so->asked_ms = so->st.interval_ms = interval_ms;
	so->st.is_scanning = so->st.is_first = true;
	so->round = queue_round_new(s, &so->stop);
	pthread_mutex_init(&so->mutex, NULL);
	pthread_cond_init(&so->changed, NULL);
	pthread_cond_init(&so->ended, NULL);
	if (pthread_create(&so->thread, NULL, look, so) != 0 ||
	    pthread_create(&so->ticker, NULL, tick, so) != 0)
		abort();
	return so;
}

void
source_free(struct source *so)
{
	if (so == NULL)
		return;
	pthread_mutex_lock(&so->mutex);
	so->stop = 1;
	pthread_cond_broadcast(&so->changed);
	pthread_cond_broadcast(&so->ended);
	pthread_mutex_unlock(&so->mutex);
	pthread_join(so->ticker, NULL);
	pthread_join(so->thread, NULL);
	queue_round_free(so->round);
	if (so->fd != -1)
		close(so->fd);
	free(so->name);
	pthread_cond_destroy(&so->changed);
	pthread_cond_destroy(&so->ended);
	pthread_mutex_destroy(&so->mutex);
	free(so);
}

void
source_look(struct source *so)
{
	pthread_mutex_lock(&so->mutex);
	so->wants_look = so->kind != SOURCE_FILE;
	pthread_cond_broadcast(&so->changed);
	pthread_mutex_unlock(&so->mutex);
}

void
source_pause(struct source *so, bool is_paused)
{
	pthread_mutex_lock(&so->mutex);
	so->st.is_paused = is_paused;
	pthread_cond_broadcast(&so->changed);
	pthread_mutex_unlock(&so->mutex);
}

void
source_interval(struct source *so, int64_t interval_ms)
{
	pthread_mutex_lock(&so->mutex);
	so->asked_ms = interval_ms;
	so->st.interval_ms = stretched(so, so->st.round_ms, so->st.cpu_ms);
	pthread_cond_broadcast(&so->changed);
	pthread_mutex_unlock(&so->mutex);
}

void
source_status(struct source *so, struct source_status *out)
{
	pthread_mutex_lock(&so->mutex);
	*out = so->st;
	pthread_mutex_unlock(&so->mutex);
	out->seen = queue_round_progress(so->round, &out->total);
}

void
source_wait(struct source *so, unsigned rounds)
{
	pthread_mutex_lock(&so->mutex);
	while (so->st.rounds < rounds)
		pthread_cond_wait(&so->ended, &so->mutex);
	pthread_mutex_unlock(&so->mutex);
}
