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

#include <ctype.h>
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
#define BEFORE		16384		/* bytes of the log from before that are looked at */
#define KEPT_MAX	300		/* bytes of a line that are kept */

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
	struct {
		char	*text;
		enum log_status status;
	}		 lines[LOG_LINES];	/* a ring */
	size_t		 line_count, line_at;	/* line_at: the next one's place */
};

/* ---- a line ---- */

static const char *
behind(const char *p, const char *end, const char *word)
{
	p = p != NULL ? memmem(p, (size_t)(end - p), word, strlen(word)) :
	    NULL;
	return p != NULL ? p + strlen(word) : NULL;
}

/* AGENT of "... NAME/AGENT[PID]: TEXT", and TEXT; NULL when it is no such line. */
static const char *
find_agent(const char *line, const char *end, const char *name,
    const char **text)
{
	const char *p = line;
	size_t n = strlen(name);

	do
		p = behind(p, end, " ");
	while (p != NULL && ((size_t)(end - p) <= n || p[n] != '/' ||
	    memcmp(p, name, n) != 0));
	*text = behind(p, end, "]: ");
	if (*text == NULL || memchr(p, ' ', (size_t)(*text - 1 - p)) != NULL)
		return NULL;
	return p + n + 1;
}

bool
logtail_status(const char *line, size_t len, const char *name,
    enum log_status *out)
{
	static const char *const words[LOG_STATUS_COUNT] = { "sent",
	    "deferred", "bounced" };
	const char *end = line + len, *p;
	size_t i, n;

	/* "ID: to=<...>, relay=..., dsn=2.0.0, status=sent (...)" */
	if (find_agent(line, end, name, &p) == NULL)
		return false;
	p += strcspn(p, ": ");
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

/* ---- the last ones ---- */

/* Where "HH:MM:SS" stands in front of the agent; NULL: nowhere. */
static const char *
find_time(const char *line, const char *end)
{
	static const char form[] = "dd:dd:dd";
	size_t i;

	for (; end - line >= (ptrdiff_t)sizeof(form) - 1; line++) {
		for (i = 0; form[i] != '\0' && (form[i] == 'd' ?
		    isdigit((unsigned char)line[i]) != 0 :
		    line[i] == form[i]); i++)
			;
		if (form[i] == '\0')
			return line;
	}
	return NULL;
}

/* Keep it, when it is one of this instance; the lock is held. */
static void
keep_line(struct logtail *t, const char *line, size_t len)
{
	const char *end = line + len, *text, *agent, *when, *way, *what;
	struct buf kept = BUF_INIT;
	enum log_status status = LOG_STATUS_COUNT;

	if ((agent = find_agent(line, end, t->name, &text)) == NULL)
		return;
	logtail_status(line, len, t->name, &status);
	if ((when = find_time(line, agent)) != NULL)
		buf_add(&kept, when, 8);
	buf_addf(&kept, " %-8.*s ", (int)strcspn(agent, "["), agent);
	/* Of a recipient: who, and what became of it; not by which way. */
	if (status != LOG_STATUS_COUNT && (way = behind(text, end,
	    ", relay=")) != NULL && (what = behind(way, end, ", status=")) !=
	    NULL) {
		buf_add(&kept, text, (size_t)(way - 6 - text));
		text = what - 7;
	}
	buf_add(&kept, text, (size_t)(end - text) < KEPT_MAX ?
	    (size_t)(end - text) : KEPT_MAX);
	free(t->lines[t->line_at].text);
	t->lines[t->line_at].text = xstrdup(kept.ptr);
	t->lines[t->line_at].status = status;
	t->line_at = (t->line_at + 1) % LOG_LINES;
	t->line_count += t->line_count < LOG_LINES;
	buf_done(&kept);
}

/* What was written last before the log was followed: it is shown, not counted. */
static void
keep_before(struct logtail *t)
{
	char piece[BEFORE];
	const char *line, *nl, *end;
	off_t from = t->at > BEFORE ? t->at - BEFORE : 0;
	ssize_t n = pread(t->fd, piece, (size_t)(t->at - from), from);

	if (n <= 0)
		return;
	end = piece + n;
	/* In the middle of a file the first line is none. */
	line = from > 0 ? memchr(piece, '\n', (size_t)n) : piece;
	if (line != NULL && from > 0)
		line++;
	pthread_mutex_lock(&t->mutex);
	while (line != NULL && line < end &&
	    (nl = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		keep_line(t, line, (size_t)(nl - line));
		line = nl + 1;
	}
	pthread_mutex_unlock(&t->mutex);
}

bool
logtail_each(struct logtail *t, size_t count, logtail_line_fn fn, void *ctx)
{
	size_t i, n;
	bool is_there;

	if (t == NULL)
		return false;
	pthread_mutex_lock(&t->mutex);
	is_there = t->since != 0;
	n = count < t->line_count ? count : t->line_count;
	for (; n > 0; n--) {
		i = (t->line_at + LOG_LINES - n) % LOG_LINES;
		fn(t->lines[i].text, t->lines[i].status, ctx);
	}
	pthread_mutex_unlock(&t->mutex);
	return is_there;
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
	    line = nl + 1) {
		if (logtail_status(line, (size_t)(nl - line), t->name,
		    &status))
			t->counts[0][status]++;
		keep_line(t, line, (size_t)(nl - line));
	}
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
	if (t->fd != -1 && !is_new)
		keep_before(t);
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
	size_t i;

	if (t == NULL)
		return;
	if (t->path[0] != '\0' &&
	    write(t->wake_fd, &one, sizeof(one)) == sizeof(one))
		pthread_join(t->thread, NULL);
	if (t->fd != -1)
		close(t->fd);
	close(t->wake_fd);
	for (i = 0; i < LOG_LINES; i++)
		free(t->lines[i].text);
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
