/*
 * queue_round.c - fill a snapshot, and keep it true
 *
 * A directory whose modification time is the one of last time has the same
 * names in it. That holds only when the time was old enough when the names
 * were read: within one tick of the clock more can be added unseen.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_round.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_jsonl.h"
#include "lib/queue/queue_listing.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_scan.h"
#include "lib/queue/queue_snapshot.h"

#define LEVELS_MAX	32
#define BATCH		256		/* entries between two turns of the lock */
#define TICK_NS		100000000	/* more than any clock's tick */

/* What was in a directory when it was read. */
struct known {
	char		*path;
	struct timespec	 mtime;
	bool		 is_settled;	/* its time was old enough then */
	char		 kids[65];	/* names of the directories below */
};

struct queue_round {
	struct queue_snapshot *s;
	const atomic_int *stop;
	struct queue_message m;
	struct known	*dirs;
	size_t		 dir_count;
	bool		 is_thorough, was_filled;
	atomic_size_t	 seen, total;
	size_t		 unreadable, opened;
	int		 why;		/* errno of the last queue that could not be opened */
	/* The batch. */
	struct stat	 st[BATCH];
	size_t		 name[BATCH], batch;
	struct buf	 names;
};

struct queue_round *
queue_round_new(struct queue_snapshot *s, const atomic_int *stop)
{
	struct queue_round *r = xcalloc(1, sizeof(*r));

	r->s = s;
	r->stop = stop;
	queue_message_init(&r->m);
	buf_init(&r->names);
	return r;
}

void
queue_round_free(struct queue_round *r)
{
	size_t i;

	if (r == NULL)
		return;
	for (i = 0; i < r->dir_count; i++)
		free(r->dirs[i].path);
	free(r->dirs);
	queue_message_done(&r->m);
	buf_done(&r->names);
	free(r);
}

size_t
queue_round_progress(const struct queue_round *r, size_t *total)
{
	*total = atomic_load(&r->total);
	return atomic_load(&r->seen);
}

size_t
queue_round_unreadable(const struct queue_round *r)
{
	return r->unreadable;
}

const char *
queue_round_dir(const struct queue_round *r, size_t i)
{
	return i < r->dir_count ? r->dirs[i].path : NULL;
}

void
queue_round_touch(struct queue_round *r, size_t i)
{
	r->dirs[i].is_settled = false;
}

static void
begin(struct queue_round *r)
{
	r->unreadable = r->opened = 0;
	atomic_store(&r->seen, 0);
	queue_snapshot_lock(r->s);
	queue_snapshot_begin(r->s);
	queue_snapshot_unlock(r->s);
}

static void
end(struct queue_round *r, bool is_whole)
{
	queue_snapshot_lock(r->s);
	queue_snapshot_end(r->s, is_whole, clock_now());
	queue_snapshot_unlock(r->s);
}

static void
put(struct queue_round *r, const struct queue_message *m)
{
	queue_snapshot_lock(r->s);
	queue_snapshot_put(r->s, m);
	queue_snapshot_unlock(r->s);
	atomic_fetch_add(&r->seen, 1);
}

/* ---- the first round ---- */

static bool
look(struct queue_message *m, struct buf *out, void *own)
{
	(void)out;
	(void)own;
	if (!queue_message_is_ready(m) && !m->is_damaged &&
	    !queue_message_is_arriving(m))
		return false;
	queue_message_want(m, QUEUE_MESSAGE_REASONS, NULL);
	return !m->is_gone;
}

static bool
take(struct queue_message *m, void *ctx)
{
	put(ctx, m);
	return true;
}

/* How many there will be, so that progress has a scale. */
static void *
count(void *arg)
{
	struct queue_round *r = arg;
	struct queue_dir *qd;
	size_t total = 0, i;

	for (i = 0; i < QUEUE_COUNT && *r->stop == 0; i++) {
		if ((qd = queue_dir_open(queue_snapshot_queues[i], NULL)) ==
		    NULL)
			continue;
		while (queue_dir_next(qd) != NULL && *r->stop == 0)
			total++;
		queue_dir_close(qd);
	}
	atomic_store(&r->total, total);
	return NULL;
}

/* Opens what can be opened, so that a missing queue is no noise. */
static size_t
openable(struct queue_round *r, const char *queues[QUEUE_COUNT + 1])
{
	size_t i, n = 0;

	for (i = 0; i < QUEUE_COUNT; i++) {
		if (access(queue_snapshot_queues[i], R_OK | X_OK) == 0) {
			queues[n++] = queue_snapshot_queues[i];
		} else {
			r->why = errno;
			r->unreadable++;
		}
	}
	queues[n] = NULL;
	return n;
}

static void
scan_all(struct queue_round *r, const char *const *queues)
{
	struct queue_scan_job job = { .look = look, .take = take, .ctx = r,
	    .stop = r->stop };
	struct queue_scan *qs;
	pthread_t counter;
	bool is_counting;

	is_counting = pthread_create(&counter, NULL, count, r) == 0;
	qs = queue_scan_open(queues, QUEUE_SCAN_ARRIVING);
	queue_scan_run(qs, &job);
	r->unreadable += queue_scan_unreadable(qs);
	queue_scan_close(qs);
	if (is_counting)
		pthread_join(counter, NULL);
}

/* ---- later rounds ---- */

static struct known *
find_known(struct queue_round *r, const char *path)
{
	size_t i;

	for (i = 0; i < r->dir_count; i++)
		if (strcmp(r->dirs[i].path, path) == 0)
			return &r->dirs[i];
	r->dirs = xreallocarray(r->dirs, r->dir_count + 1, sizeof(*r->dirs));
	memset(&r->dirs[r->dir_count], 0, sizeof(*r->dirs));
	r->dirs[r->dir_count].path = xstrdup(path);
	return &r->dirs[r->dir_count++];
}

/* Read one that is new or has changed. */
static void
read_one(struct queue_round *r, const char *queue, const char *dir,
    const char *name, const struct stat *st)
{
	struct buf path = BUF_INIT;

	buf_addf(&path, "%s/%s", dir, name);
	queue_message_begin(&r->m, queue, name, path.ptr, st);
	r->m.may_arrive = true;
	queue_message_want(&r->m, QUEUE_MESSAGE_REASONS, NULL);
	if (!r->m.is_gone)
		put(r, &r->m);
	buf_done(&path);
}

static void
finish_batch(struct queue_round *r, const char *queue, const char *dir)
{
	bool is_known[BATCH];
	struct queue_message *m = &r->m;
	size_t i;

	queue_snapshot_lock(r->s);
	for (i = 0; i < r->batch; i++) {
		queue_message_meet(m, queue, r->names.ptr + r->name[i], "",
		    r->st[i].st_ino);
		m->st = r->st[i];
		is_known[i] = queue_snapshot_see(r->s, m);
	}
	queue_snapshot_unlock(r->s);
	for (i = 0; i < r->batch; i++) {
		if (is_known[i])
			atomic_fetch_add(&r->seen, 1);
		else if (*r->stop == 0)
			read_one(r, queue, dir, r->names.ptr + r->name[i],
			    &r->st[i]);
	}
	r->batch = 0;
	buf_reset(&r->names);
}

static void
add_to_batch(struct queue_round *r, const char *queue, const char *dir,
    int fd, const struct dirent *de)
{
	struct stat *st = &r->st[r->batch];

	if (!queue_id_is_valid(de->d_name) ||
	    (de->d_type != DT_REG && de->d_type != DT_UNKNOWN))
		return;
	if (fstatat(fd, de->d_name, st, AT_SYMLINK_NOFOLLOW) == -1) {
		r->unreadable += errno != ENOENT;
		return;
	}
	if (!S_ISREG(st->st_mode))
		return;
	r->name[r->batch++] = r->names.len;
	buf_add(&r->names, de->d_name, strlen(de->d_name) + 1);
	if (r->batch == BATCH)
		finish_batch(r, queue, dir);
}

static bool
is_unchanged(const struct queue_round *r, const struct known *k,
    const char *queue, const struct stat *st)
{
	/* Files in these change in place all the time, and are few. */
	if (r->is_thorough || strcmp(queue, "active") == 0 ||
	    strcmp(queue, "incoming") == 0 || strcmp(queue, "maildrop") == 0)
		return false;
	return k->is_settled && k->mtime.tv_sec == st->st_mtim.tv_sec &&
	    k->mtime.tv_nsec == st->st_mtim.tv_nsec;
}

static void
remember(struct known *k, const struct stat *st, const struct timespec *now,
    const char *kids)
{
	int64_t age = (int64_t)(now->tv_sec - st->st_mtim.tv_sec) *
	    1000000000 + now->tv_nsec - st->st_mtim.tv_nsec;

	k->mtime = st->st_mtim;
	k->is_settled = age > TICK_NS;
	memcpy(k->kids, kids, sizeof(k->kids));
}

static void walk(struct queue_round *r, const char *queue, const char *dir,
    int depth);

static void
walk_kids(struct queue_round *r, const char *queue, const char *dir,
    const char *kids, int depth)
{
	struct buf path = BUF_INIT;

	for (; *kids != '\0'; kids++) {
		buf_setf(&path, "%s/%c", dir, *kids);
		walk(r, queue, path.ptr, depth + 1);
	}
	buf_done(&path);
}

/* The names in an open directory; those of directories go to kids. */
static bool
read_names(struct queue_round *r, const char *queue, const char *dir,
    int fd, char kids[65])
{
	DIR *d = fdopendir(fd);
	struct dirent *de;
	size_t n = 0;

	if (d == NULL) {
		close(fd);
		return false;
	}
	while (*r->stop == 0 && (de = readdir(d)) != NULL) {
		if (de->d_name[0] == '.')
			continue;
		if (de->d_name[1] != '\0' || strcmp(queue, "maildrop") == 0)
			add_to_batch(r, queue, dir, fd, de);
		else if (n < 64 && (de->d_type == DT_DIR ||
		    de->d_type == DT_UNKNOWN))
			kids[n++] = de->d_name[0];
	}
	if (r->batch > 0)
		finish_batch(r, queue, dir);
	kids[n] = '\0';
	closedir(d);
	return *r->stop == 0;
}

static void
walk(struct queue_round *r, const char *queue, const char *dir, int depth)
{
	struct known *k;
	struct timespec now;
	struct stat st;
	char kids[65] = "";
	int fd;

	if (*r->stop != 0 || depth >= LEVELS_MAX)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1) {
		r->why = errno;
		/* Not a directory: a queue ID of one character, or a stray. */
		if (errno != ENOENT && errno != ENOTDIR)
			r->unreadable++;
		if (fd != -1)
			close(fd);
		return;
	}
	if (depth == 0)
		r->opened++;
	k = find_known(r, dir);
	if (is_unchanged(r, k, queue, &st)) {
		close(fd);
		queue_snapshot_lock(r->s);
		queue_snapshot_see_dir(r->s, dir);
		queue_snapshot_unlock(r->s);
		memcpy(kids, k->kids, sizeof(kids));
	} else if (read_names(r, queue, dir, fd, kids)) {
		remember(find_known(r, dir), &st, &now, kids);
	}
	walk_kids(r, queue, dir, kids, depth);
}

/* Where else may a message be that was not where it had been? */
static void
look_elsewhere(struct queue_round *r, const char *id, uint64_t inode)
{
	struct buf path = BUF_INIT;
	struct stat st;
	size_t i;

	for (i = 0; i < QUEUE_COUNT; i++) {
		buf_reset(&path);
		queue_path(&path, queue_snapshot_queues[i], id);
		if (lstat(path.ptr, &st) == -1 || st.st_ino != inode)
			continue;
		queue_message_begin(&r->m, queue_snapshot_queues[i], id,
		    path.ptr, &st);
		queue_message_want(&r->m, QUEUE_MESSAGE_REASONS, NULL);
		if (!r->m.is_gone)
			put(r, &r->m);
		break;
	}
	buf_done(&path);
}

static void
look_for_missing(struct queue_round *r)
{
	struct buf id = BUF_INIT;
	const struct queue_row *row;
	uint32_t slot = 0;
	uint64_t inode = 0;
	bool is_more;

	while (*r->stop == 0) {
		queue_snapshot_lock(r->s);
		is_more = queue_snapshot_unseen(r->s, &slot);
		if (is_more) {
			row = queue_snapshot_row(r->s, slot);
			buf_sets(&id, queue_snapshot_text(r->s, row->id));
			inode = row->inode;
		}
		queue_snapshot_unlock(r->s);
		if (!is_more)
			break;
		look_elsewhere(r, id.ptr, inode);
		slot++;
	}
	buf_done(&id);
}

int
queue_round_scan(struct queue_round *r, bool is_thorough, struct err *err)
{
	const char *queues[QUEUE_COUNT + 1];
	size_t i;

	begin(r);
	r->is_thorough = is_thorough;
	if (!r->was_filled) {
		r->opened = openable(r, queues);
		if (r->opened > 0)
			scan_all(r, queues);
	} else {
		for (i = 0; i < QUEUE_COUNT; i++)
			walk(r, queue_snapshot_queues[i],
			    queue_snapshot_queues[i], 0);
		if (r->opened > 0)
			look_for_missing(r);
	}
	end(r, *r->stop == 0 && r->opened > 0);
	if (r->opened == 0 && *r->stop == 0) {
		errno = r->why;
		return err_sys(err, "no queue can be opened");
	}
	r->was_filled |= *r->stop == 0;
	return 0;
}

/* ---- by others ---- */

static void
take_told(const struct queue_listing_message *from, void *ctx)
{
	struct queue_round *r = ctx;

	if (*r->stop != 0)
		return;
	queue_listing_tell(from, &r->m);
	put(r, &r->m);
}

int
queue_round_ask(struct queue_round *r, struct err *err)
{
	enum queue_listing_result result;

	begin(r);
	result = queue_listing_from_showq(take_told, r, err);
	end(r, result == LISTING_DONE && *r->stop == 0);
	return result == LISTING_DONE ? 0 : -1;
}

int
queue_round_load(struct queue_round *r, int fd, const char *name,
    struct err *err)
{
	struct queue_jsonl *lines = queue_jsonl_new_fd(fd, name);
	struct err why = ERR_INIT;
	int got;

	begin(r);
	while (*r->stop == 0 &&
	    (got = queue_jsonl_next(lines, &r->m, &why)) != 0) {
		if (got == 1) {
			put(r, &r->m);
			continue;
		}
		r->unreadable++;
		if (why.kind != ERR_SYNTAX)
			break;
	}
	queue_jsonl_free(lines);
	end(r, *r->stop == 0);
	if (why.kind != ERR_NONE && (why.kind != ERR_SYNTAX ||
	    atomic_load(&r->seen) == 0)) {
		if (err != NULL)
			*err = why;
		return -1;
	}
	return 0;
}
