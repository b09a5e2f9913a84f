/*
 * logtail.c - what the mail log proves: deliveries, deferrals, bounces
 *
 * The thread keeps the rights of who called, since a log may be readable for
 * root only and is replaced at night; all it does with lines is to look for
 * words in them.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/logtail.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"

#define STEP_S		10		/* counts are kept by steps of time */
#define STEPS		7		/* a minute, and the one being filled */
#define LOOK_MS		1000
#define LINE_MAX_LEN	65536		/* what is longer is no line */
#define AT_ONCE		65536

struct logtail {
	char		*path, *name;
	int		 fd, wake_fd;	/* fd -1: there is none now */
	off_t		 at;
	struct buf	 rest;		/* of a line that is not complete */
	pthread_t	 thread;
	pthread_mutex_t	 mutex;
	uint32_t	 counts[STEPS][LOG_STATUS_COUNT];	/* the newest first */
	int64_t		 step;
	time_t		 since;		/* followed from then on; 0: not */
};

/* ---- a line ---- */

static const char *
behind(const char *p, const char *end, const char *word)
{
	p = p != NULL ? memmem(p, (size_t)(end - p), word, strlen(word)) :
	    NULL;
	return p != NULL ? p + strlen(word) : NULL;
}

bool
logtail_status(const char *line, size_t len, const char *name,
    enum log_status *out)
{
	static const char *const words[LOG_STATUS_COUNT] = { "sent",
	    "deferred", "bounced" };
	const char *end = line + len, *p = line, *brackets;
	size_t i, n = strlen(name);

	/* "... NAME/AGENT[PID]: ID: to=<...>, relay=..., dsn=2.0.0, status=sent (...)" */
	do
		p = behind(p, end, " ");
	while (p != NULL && ((size_t)(end - p) <= n || p[n] != '/' ||
	    memcmp(p, name, n) != 0));
	brackets = behind(p, end, "]: ");
	if (brackets == NULL || memchr(p, ' ', (size_t)(brackets - 1 - p)) !=
	    NULL)
		return false;
	p = brackets + strcspn(brackets, ": ");
	if (end - p < 7 || strncmp(p, ": to=<", 6) != 0)
		return false;
	p = behind(behind(p, end, ", dsn="), end, ", status=");
	for (i = 0; p != NULL && i < LOG_STATUS_COUNT; i++) {
		n = strlen(words[i]);
		if ((size_t)(end - p) >= n && memcmp(p, words[i], n) == 0 &&
		    (p + n == end || p[n] == ' ')) {
			*out = (enum log_status)i;
			return true;
		}
	}
	return false;
}

/* ---- following it ---- */

static void
advance(struct logtail *t, time_t now)
{
	int64_t step = now / STEP_S, by = step - t->step;

	if (by <= 0)
		return;
	if (by > STEPS)
		by = STEPS;
	memmove(t->counts + by, t->counts, (size_t)(STEPS - by) *
	    sizeof(t->counts[0]));
	memset(t->counts, 0, (size_t)by * sizeof(t->counts[0]));
	t->step = step;
}

static void
take_lines(struct logtail *t)
{
	const char *line = t->rest.ptr, *end = line + t->rest.len, *nl;
	enum log_status status;

	pthread_mutex_lock(&t->mutex);
	advance(t, clock_now());
	for (; (nl = memchr(line, '\n', (size_t)(end - line))) != NULL;
	    line = nl + 1)
		if (logtail_status(line, (size_t)(nl - line), t->name,
		    &status))
			t->counts[0][status]++;
	pthread_mutex_unlock(&t->mutex);
	buf_delete(&t->rest, 0, (size_t)(line - t->rest.ptr));
	if (t->rest.len > LINE_MAX_LEN)
		buf_reset(&t->rest);
}

/* Open it, at its end or, when it has taken the place of another, at its beginning. */
static void
open_log(struct logtail *t, bool is_new)
{
	t->fd = open(t->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	t->at = t->fd == -1 || is_new ? 0 : lseek(t->fd, 0, SEEK_END);
	buf_reset(&t->rest);
	pthread_mutex_lock(&t->mutex);
	if (t->fd == -1)
		t->since = 0;
	else if (t->since == 0)
		t->since = clock_now();
	pthread_mutex_unlock(&t->mutex);
}

static void
look_for_another(struct logtail *t)
{
	struct stat now, ours;

	if (t->fd != -1 && fstat(t->fd, &ours) == 0 &&
	    (stat(t->path, &now) == -1 || (now.st_ino == ours.st_ino &&
	    now.st_dev == ours.st_dev && now.st_size >= t->at)))
		return;
	if (t->fd != -1)
		close(t->fd);
	open_log(t, true);
}

static void
read_news(struct logtail *t)
{
	char piece[AT_ONCE];
	ssize_t n;

	while (t->fd != -1 && (n = pread(t->fd, piece, sizeof(piece),
	    t->at)) > 0) {
		t->at += n;
		buf_add(&t->rest, piece, (size_t)n);
		take_lines(t);
	}
}

static void *
tail_log(void *arg)
{
	struct logtail *t = arg;
	struct pollfd end = { t->wake_fd, POLLIN, 0 };

	open_log(t, false);
	while (poll(&end, 1, LOOK_MS) <= 0) {
		read_news(t);
		look_for_another(t);
	}
	return NULL;
}

struct logtail *
logtail_new(const char *path, const char *name)
{
	struct logtail *t = xcalloc(1, sizeof(*t));

	t->path = xstrdup(path != NULL ? path : "");
	t->name = xstrdup(name);
	t->fd = -1;
	t->wake_fd = eventfd(0, EFD_CLOEXEC);
	buf_init(&t->rest);
	pthread_mutex_init(&t->mutex, NULL);
	if (t->path[0] != '\0' &&
	    pthread_create(&t->thread, NULL, tail_log, t) != 0)
		t->path[0] = '\0';	/* nothing will be claimed */
	return t;
}

void
logtail_free(struct logtail *t)
{
	uint64_t one = 1;

	if (t == NULL)
		return;
	if (t->path[0] != '\0' &&
	    write(t->wake_fd, &one, sizeof(one)) == sizeof(one))
		pthread_join(t->thread, NULL);
	if (t->fd != -1)
		close(t->fd);
	close(t->wake_fd);
	free(t->path);
	free(t->name);
	buf_done(&t->rest);
	pthread_mutex_destroy(&t->mutex);
	free(t);
}

void
logtail_rate(struct logtail *t, time_t now, struct logtail_rates *out)
{
	double seconds;
	uint32_t n;
	int i, k;

	memset(out, 0, sizeof(*out));
	if (t == NULL)
		return;
	pthread_mutex_lock(&t->mutex);
	advance(t, now);
	seconds = (STEPS - 1) * STEP_S + (double)(now % STEP_S);
	if ((double)(now - t->since) < seconds)
		seconds = (double)(now - t->since);
	out->is_known = t->since != 0 && seconds >= 1;
	for (i = 0; out->is_known && i < LOG_STATUS_COUNT; i++) {
		for (n = 0, k = 0; k < STEPS; k++)
			n += t->counts[k][i];
		out->a_second[i] = n / seconds;
	}
	pthread_mutex_unlock(&t->mutex);
}
