/*
 * queue_trash_purge.c - what the trash holds, and what of it has to go
 *
 * Which action is the oldest is what its manifest says: a token is local
 * time, which has no order within a second, and goes back once a year.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_trash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_trash_internal.h"

#define LOW_PERCENT	5
#define BLOCK		4096	/* of common file systems */

/* ---- looking ---- */

/* One action's directory, and how old it is. */
struct aged {
	char		*token;
	struct timeval	 began;
	int64_t		 announced;	/* bytes on disk, as its manifest promises; 0: it says nothing */
};

struct trash_list {
	struct aged	*v;
	size_t		 count;
};

static int
by_age(const void *a, const void *b)
{
	const struct aged *x = a, *y = b;

	if (timercmp(&x->began, &y->began, !=))
		return timercmp(&x->began, &y->began, <) ? -1 : 1;
	return strcmp(x->token, y->token);
}

/* At most what it takes on disk, or nearly so: whole blocks, and a log. */
static bool
note_age(const struct queue_journal_action *a, void *ctx)
{
	struct aged *one = ctx;

	one->began.tv_sec = (time_t)a->time;
	one->began.tv_usec = (suseconds_t)a->usec;
	one->announced = a->bytes + 2 * BLOCK * a->messages;
	return false;
}

/* The time that a token's directory was last changed: when all else is missing. */
static struct timeval
changed_at(const char *token)
{
	struct buf path = BUF_INIT;
	struct stat st;

	buf_setf(&path, TRASH "/%s", token);
	if (lstat(path.ptr, &st) == -1)
		memset(&st, 0, sizeof(st));
	buf_done(&path);
	return (struct timeval){ st.st_mtim.tv_sec,
	    st.st_mtim.tv_nsec / 1000 };
}

/* Every directory, the oldest first. */
static int
list_trash(struct trash_list *l, struct err *err)
{
	struct buf path = BUF_INIT;
	struct dirent *de;
	struct aged *one;
	DIR *dir;

	*l = (struct trash_list){ NULL, 0 };
	if ((dir = opendir(TRASH)) == NULL)
		return errno == ENOENT ? 0 : err_sys(err, "open " TRASH);
	while ((de = readdir(dir)) != NULL) {
		if (!queue_token_is_valid(de->d_name))
			continue;
		l->v = xreallocarray(l->v, l->count + 1, sizeof(*l->v));
		one = &l->v[l->count++];
		*one = (struct aged){ .token = xstrdup(de->d_name) };
		trash_path(&path, one->token, MANIFEST, "");
		if (queue_journal_begin_in(path.ptr, note_age, one, NULL) ==
		    -1)
			one->began = changed_at(one->token);
	}
	closedir(dir);
	buf_done(&path);
	if (l->count > 0)
		qsort(l->v, l->count, sizeof(*l->v), by_age);
	return 0;
}

static void
free_list(struct trash_list *l)
{
	while (l->count > 0)
		free(l->v[--l->count].token);
	free(l->v);
}

int
trash_lock(const char *token, struct err *err)
{
	struct buf path = BUF_INIT;
	int fd;

	trash_path(&path, token, MANIFEST, "");
	fd = open(path.ptr, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1) {
		if (errno == ENOENT)
			err_set(err, ERR_NOT_FOUND, "nothing in trash has the "
			    "token %.40s", token);
		else
			err_sys(err, "open %s", path.ptr);
	} else if (file_lock(fd, LOCK_EX | LOCK_NB) == -1) {
		err_set(err, ERR_RETRY, "%s is in use by another program",
		    path.ptr);
		close(fd);
		fd = -1;
	}
	buf_done(&path);
	return fd;
}

/* Messages that are there, and what all files take. */
static void
weigh(const char *token, size_t *files, int64_t *bytes)
{
	struct buf path = BUF_INIT;
	struct dirent *de;
	struct stat st;
	DIR *dir;

	*files = 0;
	*bytes = 0;
	buf_setf(&path, TRASH "/%s", token);
	dir = opendir(path.ptr);
	buf_done(&path);
	if (dir == NULL)
		return;
	while ((de = readdir(dir)) != NULL) {
		if (fstatat(dirfd(dir), de->d_name, &st,
		    AT_SYMLINK_NOFOLLOW) == -1 || !S_ISREG(st.st_mode))
			continue;
		*bytes += (int64_t)st.st_blocks * 512;
		*files += queue_id_is_valid(de->d_name);
	}
	closedir(dir);
}

struct begin_of {
	queue_trash_entry_fn fn;
	void		*ctx;
	struct queue_trash_entry e;
	bool		 goes_on;
};

static bool
give_entry(const struct queue_journal_action *a, void *ctx)
{
	struct begin_of *b = ctx;

	b->e.action = *a;
	b->e.until = a->time + params.posthorn_trash_time;
	b->goes_on = b->fn(&b->e, b->ctx);
	return false;
}

static bool
each_token(const struct aged *one, queue_trash_entry_fn fn, void *ctx)
{
	struct queue_journal_action bare = { .token = one->token,
	    .action = "", .user = "", .command = "", .select = "",
	    .note = "", .of = "", .archive = "", .time = one->began.tv_sec };
	struct begin_of b = { .fn = fn, .ctx = ctx, .goes_on = true };
	struct buf path = BUF_INIT;
	struct err err = ERR_INIT;
	int fd;

	weigh(one->token, &b.e.files, &b.e.bytes);
	if ((fd = trash_lock(one->token, &err)) != -1)
		close(fd);
	b.e.is_busy = fd == -1 && err.kind == ERR_RETRY;
	trash_path(&path, one->token, MANIFEST, "");
	if (queue_journal_begin_in(path.ptr, give_entry, &b, NULL) == -1)
		give_entry(&bare, &b);
	buf_done(&path);
	return b.goes_on;
}

int
queue_trash_each(queue_trash_entry_fn fn, void *ctx, struct err *err)
{
	struct trash_list l;
	size_t i;

	if (list_trash(&l, err) == -1)
		return -1;
	for (i = 0; i < l.count; i++)
		if (!each_token(&l.v[i], fn, ctx))
			break;
	free_list(&l);
	return 0;
}

/* ---- purging ---- */

/* Everything of one directory; false when it is in use. */
static bool
remove_token(const char *token, size_t *files, int64_t *bytes)
{
	struct buf path = BUF_INIT;
	struct err err = ERR_INIT;
	struct dirent *de;
	struct stat st;
	DIR *dir;
	int fd;

	fd = trash_lock(token, &err);
	if (fd == -1 && err.kind != ERR_NOT_FOUND)
		return false;
	buf_setf(&path, TRASH "/%s", token);
	if ((dir = opendir(path.ptr)) != NULL) {
		while ((de = readdir(dir)) != NULL) {
			/* The manifest goes last: it tells what is left. */
			if (strcmp(de->d_name, MANIFEST) == 0 ||
			    fstatat(dirfd(dir), de->d_name, &st,
			    AT_SYMLINK_NOFOLLOW) == -1 ||
			    S_ISDIR(st.st_mode))
				continue;
			if (unlinkat(dirfd(dir), de->d_name, 0) == -1)
				continue;
			*bytes += (int64_t)st.st_blocks * 512;
			*files += queue_id_is_valid(de->d_name);
		}
		closedir(dir);
	}
	trash_remove_if_empty(token);
	if (fd != -1)
		close(fd);
	buf_done(&path);
	return true;
}

/* Bytes on disk, of all that is there. */
static int64_t
weigh_all(const struct trash_list *l)
{
	int64_t bytes, sum = 0;
	size_t i, files;

	for (i = 0; i < l->count; i++) {
		weigh(l->v[i].token, &files, &bytes);
		sum += bytes;
	}
	return sum;
}

/* The oldest go until the rest keeps to the limit. */
static void
purge_excess(const struct trash_list *l, size_t *files, int64_t *bytes)
{
	struct queue_trash_space space;
	int64_t announced = 0, excess, before = *bytes;
	size_t i;

	for (i = 0; i < l->count; i++)
		announced += l->v[i].announced;
	/* Files are looked at one by one only when it may matter. */
	if (announced == 0 || queue_trash_room(&space, NULL) == -1 ||
	    announced <= space.limit_bytes)
		return;
	excess = weigh_all(l) - space.limit_bytes;
	for (i = 0; i < l->count && *bytes - before < excess; i++)
		remove_token(l->v[i].token, files, bytes);
}

int
queue_trash_purge(time_t now, int64_t older_s, size_t *files, int64_t *bytes,
    struct err *err)
{
	int64_t keep_s = older_s >= 0 ? older_s : params.posthorn_trash_time;
	struct trash_list l;
	size_t i, went = 0;
	int64_t freed = 0;

	if (list_trash(&l, err) == -1)
		return -1;
	for (i = 0; i < l.count; i++) {
		if (l.v[i].began.tv_sec + keep_s <= now &&
		    remove_token(l.v[i].token, &went, &freed))
			l.v[i].announced = 0;
	}
	if (older_s < 0)
		purge_excess(&l, &went, &freed);
	free_list(&l);
	if (files != NULL)
		*files = went;
	if (bytes != NULL)
		*bytes = freed;
	return 0;
}

int
queue_trash_room(struct queue_trash_space *out, struct err *err)
{
	struct statvfs v;

	if (statvfs(TRASH, &v) == -1 && statvfs(".", &v) == -1)
		return err_sys(err, "statvfs " TRASH);
	out->free_bytes = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
	out->total_bytes = (int64_t)v.f_blocks * (int64_t)v.f_frsize;
	out->limit_bytes = out->total_bytes / 100 *
	    params.posthorn_trash_limit;
	/* Some file systems count no inodes. */
	out->is_low = v.f_bavail < v.f_blocks / 100 * LOW_PERCENT ||
	    (v.f_files > 0 && v.f_favail < v.f_files / 100 * LOW_PERCENT);
	return 0;
}
