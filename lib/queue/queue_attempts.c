/*
 * queue_attempts.c - what the mail log tells of the deliveries of a message
 *
 * All files are opened at the start, while there are rights to: the mail is
 * looked at without them. A file that was last written before the message
 * came is passed over, so that one look at a young message reads one file.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_attempts.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/pack.h"
#include "lib/conf/params.h"

#define FILES_MAX	200
#define PIECE		65536
#define LINE_MAX_LEN	65536	/* what is longer is no line of ours */
#define DAY		86400
#define SLACK_S		1	/* the log's time has no fraction */

static const char *const system_logs[] = { "/var/log/mail.log",
    "/var/log/maillog", NULL };

struct log_file {
	int		 fd;
	time_t		 written;
	char		*name;
};

struct queue_attempts {
	struct log_file	 files[FILES_MAX];	/* the oldest first */
	size_t		 count;
};

/* ---- the files ---- */

static void
add_file(struct queue_attempts *a, int dir, const char *name)
{
	struct log_file *f = &a->files[a->count];
	struct stat st;

	if (a->count == FILES_MAX)
		return;
	f->fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY |
	    O_CLOEXEC);
	if (f->fd == -1)
		return;
	if (fstat(f->fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		close(f->fd);
		return;
	}
	f->written = st.st_mtime;
	f->name = xstrdup(name);
	a->count++;
}

/* Is that the log, or one that was rotated away? */
static bool
is_one(const char *name, const char *base)
{
	size_t len = strlen(base);

	return strncmp(name, base, len) == 0 && (name[len] == '\0' ||
	    name[len] == '.' || name[len] == '-');
}

static void
add_all(struct queue_attempts *a, const char *path)
{
	const char *base = strrchr(path, '/') + 1;
	char *folder = xstrndup(path, (size_t)(base - path));
	struct dirent *de;
	DIR *dir = opendir(folder);

	while (dir != NULL && (de = readdir(dir)) != NULL)
		if (is_one(de->d_name, base))
			add_file(a, dirfd(dir), de->d_name);
	if (dir != NULL)
		closedir(dir);
	free(folder);
}

/* Without a reader of directories, or twice in one second: by name. */
static int
by_age(const void *x, const void *y)
{
	const struct log_file *a = x, *b = y;

	if (a->written != b->written)
		return a->written < b->written ? -1 : 1;
	return strcmp(b->name, a->name);
}

struct queue_attempts *
queue_attempts_open(void)
{
	struct queue_attempts *a = xcalloc(1, sizeof(*a));
	const char *path = params.maillog_file;
	size_t i;

	if (path != NULL && path[0] == '/')
		add_all(a, path);
	else
		for (i = 0; system_logs[i] != NULL && a->count == 0; i++)
			add_all(a, system_logs[i]);
	qsort(a->files, a->count, sizeof(a->files[0]), by_age);
	return a;
}

void
queue_attempts_free(struct queue_attempts *a)
{
	if (a == NULL)
		return;
	while (a->count > 0) {
		close(a->files[--a->count].fd);
		free(a->files[a->count].name);
	}
	free(a);
}

/* ---- the lines ---- */

struct search {
	struct buf	 key;		/* " ID: " */
	time_t		 since;
	queue_attempts_fn fn;
	void		*ctx;
	bool		 is_over;
};

/*
 * "Nov 28 22:48:04", in the year in which the file was last written or the one
 * before, or "2026-11-28T22:48:04"; 0 when it is neither.
 */
static time_t
line_time(const char *line, time_t written)
{
	struct tm tm = { .tm_isdst = -1 }, last;
	time_t t;

	if (strptime(line, "%Y-%m-%dT%H:%M:%S", &tm) != NULL)
		return mktime(&tm);
	if (strptime(line, "%b %d %H:%M:%S", &tm) == NULL ||
	    localtime_r(&written, &last) == NULL)
		return 0;
	tm.tm_year = last.tm_year;
	tm.tm_isdst = -1;
	t = mktime(&tm);
	if (t > written + DAY) {
		tm.tm_year--;
		tm.tm_isdst = -1;
		t = mktime(&tm);
	}
	return t;
}

static void
judge_line(struct search *s, const struct log_file *f, const char *line,
    size_t len)
{
	struct buf text = BUF_INIT;
	time_t t;

	if (memmem(line, len, s->key.ptr, s->key.len) == NULL ||
	    memmem(line, len, "status=", 7) == NULL)
		return;
	buf_set(&text, line, len);
	t = line_time(text.ptr, f->written);
	if (t == 0 || t >= s->since - SLACK_S)
		s->is_over = !s->fn(text.ptr, s->ctx);
	buf_done(&text);
}

/* Whole lines of what is there; the rest of one stays. */
static void
judge_lines(struct search *s, const struct log_file *f, struct buf *data)
{
	const char *at = data->ptr, *nl;
	size_t left = data->len;

	while (!s->is_over && (nl = memchr(at, '\n', left)) != NULL) {
		judge_line(s, f, at, (size_t)(nl - at));
		left -= (size_t)(nl + 1 - at);
		at = nl + 1;
	}
	if (left > LINE_MAX_LEN)
		left = 0;
	memmove(data->ptr, at, left);
	buf_truncate(data, left);
}

static void
search_file(struct search *s, const struct log_file *f)
{
	struct buf data = BUF_INIT;
	struct unpack *u;
	char piece[PIECE];
	ssize_t n;

	if (lseek(f->fd, 0, SEEK_SET) == -1 ||
	    (u = unpack_new(f->fd, f->name, NULL)) == NULL)
		return;
	while (!s->is_over && (n = unpack_read(u, piece, sizeof(piece))) > 0) {
		buf_add(&data, piece, (size_t)n);
		judge_lines(s, f, &data);
	}
	unpack_free(u);
	buf_done(&data);
}

void
queue_attempts_each(struct queue_attempts *a, const char *id, time_t since,
    queue_attempts_fn fn, void *ctx)
{
	struct search s = { .key = BUF_INIT, .since = since, .fn = fn,
	    .ctx = ctx };
	size_t i;

	buf_setf(&s.key, " %s: ", id);
	for (i = 0; i < a->count && !s.is_over; i++)
		if (a->files[i].written >= since)
			search_file(&s, &a->files[i]);
	buf_done(&s.key);
}
