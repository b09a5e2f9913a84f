/*
 * queue_dir.c - walk queues, move files between them
 *
 * A walk keeps one open directory a level and nothing a file. Entries of one
 * character are directories whatever their type says (1.2): the hash levels.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_id.h"

/* Far beyond any hash_queue_depth; stops somebody's joke of a tree. */
#define LEVELS_MAX	32

const char *const queue_message_queues[] = {
	"maildrop", "incoming", "active", "deferred", "hold", NULL
};

struct queue_dir {
	DIR		*level[LEVELS_MAX];
	int		 depth;		/* of the directory being read */
	int		 entry_depth;
	int		 above;		/* levels between the queue and level[0] */
	bool		 is_flat;	/* maildrop */
	bool		 is_trash;	/* a level of actions: queue_trash.h */
	int		 type;
	ino_t		 inode;
	struct buf	 dir;		/* path of level[depth], no slash behind */
	struct buf	 path;
	size_t		 name_at;	/* in path */
};

static struct queue_dir *
open_walk(const char *path, bool is_flat, int above, struct err *err)
{
	struct queue_dir *qd;
	DIR *dir;

	if ((dir = opendir(path)) == NULL) {
		err_sys(err, "open directory %s", path);
		return NULL;
	}
	qd = xcalloc(1, sizeof(*qd));
	qd->level[0] = dir;
	qd->is_flat = is_flat;
	qd->above = above;
	buf_init(&qd->dir);
	buf_init(&qd->path);
	buf_sets(&qd->dir, path);
	return qd;
}

struct queue_dir *
queue_dir_open(const char *queue, struct err *err)
{
	struct queue_dir *qd;

	if (!queue_name_is_valid(queue)) {
		err_set(err, ERR_SYNTAX, "bad mail queue name: %.100s", queue);
		return NULL;
	}
	qd = open_walk(queue, strcmp(queue, "maildrop") == 0, 0, err);
	if (qd != NULL)
		qd->is_trash = strcmp(queue, "trash") == 0;
	return qd;
}

struct queue_dir *
queue_dir_open_part(const char *queue, char part, struct err *err)
{
	char path[QUEUE_NAME_MAX + 3];

	if (!queue_name_is_valid(queue) || part == '/') {
		err_set(err, ERR_SYNTAX, "bad mail queue name: %.100s", queue);
		return NULL;
	}
	if (part == '\0')
		return open_walk(queue, true, 0, err);
	snprintf(path, sizeof(path), "%s/%c", queue, part);
	return open_walk(path, false, 1, err);
}

static void
point_at(struct queue_dir *qd, const char *name, int type, ino_t inode)
{
	buf_set(&qd->path, qd->dir.ptr, qd->dir.len);
	buf_addc(&qd->path, '/');
	qd->name_at = qd->path.len;
	buf_adds(&qd->path, name);
	qd->type = type;
	qd->inode = inode;
	qd->entry_depth = qd->depth;
}

/* Enter the one-character directory that path points at. */
static void
enter(struct queue_dir *qd)
{
	DIR *dir = NULL;
	int fd;

	if (qd->depth + 1 >= LEVELS_MAX) {
		log_warning("%s: too many levels of directories",
		    qd->path.ptr);
		return;
	}
	fd = openat(dirfd(qd->level[qd->depth]), qd->path.ptr + qd->name_at,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd != -1 && (dir = fdopendir(fd)) == NULL)
		close(fd);
	if (dir == NULL) {
		if (errno != ENOENT)
			log_warning("open directory %s: %s", qd->path.ptr,
			    strerror(errno));
		return;
	}
	qd->level[++qd->depth] = dir;
	buf_set(&qd->dir, qd->path.ptr, qd->path.len);
}

static void
leave(struct queue_dir *qd)
{
	const char *slash;

	closedir(qd->level[qd->depth--]);
	slash = strrchr(qd->dir.ptr, '/');
	buf_set(&qd->path, qd->dir.ptr, qd->dir.len);
	qd->name_at = (size_t)(slash - qd->dir.ptr) + 1;
	buf_truncate(&qd->dir, qd->name_at - 1);
	qd->type = DT_DIR;
	qd->entry_depth = qd->depth;
}

enum queue_dir_step
queue_dir_step(struct queue_dir *qd)
{
	struct dirent *de;

	for (;;) {
		errno = 0;
		de = readdir(qd->level[qd->depth]);
		if (de == NULL) {
			if (errno != 0 && errno != ENOENT)
				log_warning("read directory %s: %s",
				    qd->dir.ptr, strerror(errno));
			if (qd->depth == 0)
				return QUEUE_DIR_END;
			leave(qd);
			return QUEUE_DIR_LEFT;
		}
		if (strcmp(de->d_name, ".") == 0 ||
		    strcmp(de->d_name, "..") == 0)
			continue;
		point_at(qd, de->d_name, de->d_type, de->d_ino);
		if ((de->d_name[1] == '\0' && !qd->is_flat) ||
		    (qd->is_trash && qd->depth == 0 && de->d_type == DT_DIR)) {
			enter(qd);
			continue;
		}
		return QUEUE_DIR_ENTRY;
	}
}

const char *
queue_dir_next(struct queue_dir *qd)
{
	enum queue_dir_step step;

	while ((step = queue_dir_step(qd)) != QUEUE_DIR_END)
		if (step == QUEUE_DIR_ENTRY &&
		    queue_id_is_valid(queue_dir_name(qd)))
			return queue_dir_name(qd);
	return NULL;
}

const char *
queue_dir_path(const struct queue_dir *qd)
{
	return qd->path.ptr;
}

const char *
queue_dir_name(const struct queue_dir *qd)
{
	return qd->path.ptr + qd->name_at;
}

int
queue_dir_depth(const struct queue_dir *qd)
{
	return qd->above + qd->entry_depth;
}

int
queue_dir_type(const struct queue_dir *qd)
{
	return qd->type;
}

ino_t
queue_dir_inode(const struct queue_dir *qd)
{
	return qd->inode;
}

void
queue_dir_close(struct queue_dir *qd)
{
	if (qd == NULL)
		return;
	for (; qd->depth >= 0; qd->depth--)
		closedir(qd->level[qd->depth]);
	buf_done(&qd->dir);
	buf_done(&qd->path);
	free(qd);
}

int
queue_mkdirs(const char *path)
{
	struct buf dir = BUF_INIT;
	const char *slash;
	int rc = 0;

	/* The queue itself is never made: its absence is somebody's mistake. */
	slash = strchr(path, '/');
	while (rc == 0 && slash != NULL &&
	    (slash = strchr(slash + 1, '/')) != NULL) {
		buf_set(&dir, path, (size_t)(slash - path));
		if (mkdir(dir.ptr, 0700) == -1 && errno != EEXIST)
			rc = -1;
	}
	buf_done(&dir);
	return rc;
}

int
queue_rename(const char *from, const char *to)
{
	struct stat st;
	int why;

	if (rename(from, to) == 0)
		return 0;
	why = errno;
	if (why == ENOENT && lstat(from, &st) == 0 && queue_mkdirs(to) == 0) {
		if (rename(from, to) == 0)
			return 0;
		why = errno;
	}
	/* A file server may have done it and lost the answer (1.6). */
	if (lstat(from, &st) == -1 && errno == ENOENT && lstat(to, &st) == 0)
		return 0;
	errno = why;
	return -1;
}

/* One rename(2) that fails when the new name is taken. */
static int
rename_new(const char *from, const char *to)
{
	struct stat st;

	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	/* A file system without it: look, and rename. */
	if (lstat(to, &st) == 0) {
		errno = EEXIST;
		return -1;
	}
	return rename(from, to);
}

int
queue_rename_new(const char *from, const char *to)
{
	struct stat st;

	if (rename_new(from, to) == 0)
		return 0;
	if (errno != ENOENT || lstat(from, &st) == -1)
		return -1;
	if (queue_mkdirs(to) == -1)
		return -1;
	return rename_new(from, to);
}

/* A failed system call on path: gone is a kind of its own. */
static int
path_error(struct err *err, const char *verb, const char *path)
{
	if (errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "%s %s: %s", verb, path,
		    strerror(ENOENT));
	return err_sys(err, "%s %s", verb, path);
}

int
queue_move(const char *id, const char *from, const char *to, struct err *err)
{
	struct buf old = BUF_INIT, new = BUF_INIT;
	int rc = 0;

	queue_path(&old, from, id);
	queue_path(&new, to, id);
	if (queue_rename(old.ptr, new.ptr) == -1) {
		buf_setf(&new, "%s to %s", old.ptr, to);
		rc = path_error(err, "rename", new.ptr);
	}
	buf_done(&old);
	buf_done(&new);
	return rc;
}

int
queue_remove(const char *id, const char *queue, struct err *err)
{
	struct buf path = BUF_INIT;
	int rc = 0;

	queue_path(&path, queue, id);
	if (unlink(path.ptr) == -1)
		rc = path_error(err, "remove", path.ptr);
	buf_done(&path);
	return rc;
}
