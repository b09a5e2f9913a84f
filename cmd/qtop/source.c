/*
 * source.c - where the messages come from, and the thread that keeps looking
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd/qtop/rights.h"
#include "cmd/qtop/watch.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_round.h"

#define THOROUGH_EVERY	10	/* rounds */
#define WALL_SHARE	4	/* a loaded disk: rounds take a quarter of the time */
#define DRAW_MS		100	/* how often progress is worth drawing */
#define NEWS_MS		200	/* what has changed is looked at that soon */
#define SECOND_MS	1000	/* the second round learns the directories */

struct source {
	enum source_kind kind;
	struct queue_round *round;
	struct watch	*watch;
	char		*name;
	int		 fd, load, wake_fd;
	void		(*wake)(void *);
	void		*ctx;
	pthread_t	 thread, ticker;
	pthread_mutex_t	 mutex;
	pthread_cond_t	 ended;
	atomic_int	 stop;
	bool		 wants_look;
	int64_t		 asked_ms;		/* between rounds */
	int64_t		 news_ms;		/* and when something has changed */
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

/* postqueue -j; the pid, and a pipe to read from in *fd. */
static pid_t
start_postqueue(int *fd, struct err *err)
{
	static char name[] = "postqueue", list[] = "-j", config[] = "-c";
	struct buf path = BUF_INIT, dir = BUF_INIT;
	posix_spawn_file_actions_t actions;
	int ends[2], rc;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return err_sys(err, "pipe");
	buf_addf(&path, "%s/%s", params.command_directory, name);
	buf_adds(&dir, params.config_directory);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
	    O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	rc = posix_spawn(&pid, path.ptr, &actions, NULL, (char *[]){ name,
	    config, dir.ptr, list, NULL }, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (rc != 0) {
		close(ends[0]);
		errno = rc;
		pid = err_sys(err, "%s", path.ptr);
	}
	*fd = ends[0];
	buf_done(&path);
	buf_done(&dir);
	return pid;
}

/* The directory of the service is closed to most users; postqueue is let in. */
static int
ask_postqueue(struct source *so, struct err *err)
{
	int fd = -1, status = 0, rc;
	pid_t pid;

	if ((pid = start_postqueue(&fd, err)) == -1)
		return -1;
	rc = queue_round_load(so->round, fd, "postqueue -j", err);
	close(fd);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	/* It has told more on standard error. */
	if (rc == 0 && status != 0)
		rc = err_set(err, ERR_SYSTEM, "postqueue failed: see L");
	return rc;
}

static int
ask(struct source *so, struct err *err)
{
	int rc = queue_round_ask(so->round, err);

	return rc == -1 && err->kind == ERR_DENIED ? ask_postqueue(so, err) :
	    rc;
}

static int
run_round(struct source *so, bool is_thorough, struct err *err)
{
	switch (so->kind) {
	case SOURCE_SHOWQ:
		return ask(so, err);
	case SOURCE_FILE:
		return queue_round_load(so->round, so->fd, so->name, err);
	default:
		return queue_round_scan(so->round, is_thorough, err);
	}
}

/* What an interval becomes after a round that cost so much. */
static int64_t
stretched(const struct source *so, int64_t ms, int64_t wall, int64_t cpu)
{
	if (cpu * 100 / so->load > ms)
		ms = cpu * 100 / so->load;
	if (wall * WALL_SHARE > ms)
		ms = wall * WALL_SHARE;
	return ms;
}

static void
set_intervals(struct source *so)
{
	struct source_status *st = &so->st;

	if (so->asked_ms == 0)
		st->interval_ms = 0;
	else if (st->rounds == 1)	/* it read everything; the others will not */
		st->interval_ms = so->asked_ms < SECOND_MS ? so->asked_ms :
		    SECOND_MS;
	else
		st->interval_ms = stretched(so, so->asked_ms, st->round_ms,
		    st->cpu_ms);
	so->news_ms = stretched(so, NEWS_MS, st->round_ms, st->cpu_ms);
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
	set_intervals(so);
	pthread_cond_broadcast(&so->ended);
	pthread_mutex_unlock(&so->mutex);
	so->wake(so->ctx);
}

/* The thread waits: something else is asked of it. */
static void
nudge(struct source *so)
{
	uint64_t one = 1;
	ssize_t n = write(so->wake_fd, &one, sizeof(one));

	(void)n;			/* full is awake enough */
}

/* When the next round is to begin; -1: nobody knows. The mutex is held. */
static int64_t
due_at(const struct source *so, int64_t ended, bool has_news)
{
	const struct source_status *st = &so->st;
	int64_t interval = st->interval_ms;

	if (st->is_paused || so->asked_ms == 0)
		return -1;
	if (has_news && so->news_ms < interval)
		interval = so->news_ms;
	return ended + interval;
}

/* Until a round is due; false: the end. */
static bool
wait_until_due(struct source *so)
{
	struct pollfd fds[2] = { { so->wake_fd, POLLIN, 0 },
	    { watch_fd(so->watch), POLLIN, 0 } };
	int64_t ended = clock_mono_ms(), due, left = 0;
	bool has_news = false, is_time;
	uint64_t count;
	ssize_t n;

	watch_dirs(so->watch, so->round);
	for (;;) {
		has_news |= watch_read(so->watch, so->round);
		pthread_mutex_lock(&so->mutex);
		due = due_at(so, ended, has_news);
		left = due == -1 ? -1 : due - clock_mono_ms();
		is_time = so->wants_look || (due != -1 && left <= 0);
		pthread_mutex_unlock(&so->mutex);
		if (so->stop != 0 || is_time)
			return so->stop == 0;
		/* What has changed need not be told twice. */
		poll(fds, has_news ? 1 : 2, (int)left);
		n = read(so->wake_fd, &count, sizeof(count));
		(void)n;
	}
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
		if (!wait_until_due(so))
			break;
		pthread_mutex_lock(&so->mutex);
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
	if (kind == SOURCE_LIVE || kind == SOURCE_COPY)
		so->watch = watch_new();
	so->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&so->mutex, NULL);
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
	pthread_cond_broadcast(&so->ended);
	pthread_mutex_unlock(&so->mutex);
	nudge(so);
	pthread_join(so->ticker, NULL);
	pthread_join(so->thread, NULL);
	queue_round_free(so->round);
	watch_free(so->watch);
	close(so->wake_fd);
	if (so->fd != -1)
		close(so->fd);
	free(so->name);
	pthread_cond_destroy(&so->ended);
	pthread_mutex_destroy(&so->mutex);
	free(so);
}

void
source_look(struct source *so)
{
	pthread_mutex_lock(&so->mutex);
	so->wants_look = so->kind != SOURCE_FILE;
	pthread_mutex_unlock(&so->mutex);
	nudge(so);
}

void
source_pause(struct source *so, bool is_paused)
{
	pthread_mutex_lock(&so->mutex);
	so->st.is_paused = is_paused;
	pthread_mutex_unlock(&so->mutex);
	nudge(so);
}

void
source_interval(struct source *so, int64_t interval_ms)
{
	pthread_mutex_lock(&so->mutex);
	so->asked_ms = interval_ms;
	set_intervals(so);
	pthread_mutex_unlock(&so->mutex);
	nudge(so);
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
