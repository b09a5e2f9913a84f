/*
 * queue_identity.c - this message and no other: act on what was looked at
 *
 * Device and inode tell files apart while both exist; size and arrival tell a
 * file from an earlier one that had the same inode and, by chance or because
 * somebody made it so, the same name.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_rec.h"

#define HEAD_BYTES	512	/* size and time stand first: 97 bytes and about 20 */
#define LOOKS		2	/* it may move from a queue to one already looked at */

const char *
queue_result_name(enum queue_result result)
{
	static const char *const names[QUEUE_RESULT_COUNT] = { "done",
	    "nothing", "gone", "changed", "failed" };

	return names[result];
}

void
queue_identity_of(struct queue_message *m, struct queue_identity *out)
{
	queue_message_want(m, QUEUE_MESSAGE_ENVELOPE, NULL);
	out->queue = m->queue;
	out->id = m->id;
	out->path = m->path;
	out->dev = m->st.st_dev;
	out->inode = m->st.st_ino;
	out->arrival = m->arrival;
	out->bytes = m->st.st_size;
}

/* The T record, which stands near the beginning; false when it does not. */
static bool
read_arrival(int fd, struct timeval *tv)
{
	char head[HEAD_BYTES + 1];
	const char *value;
	size_t at = 0, len, value_len, used;
	long sec, usec = 0;
	ssize_t n;
	int type;

	if ((n = pread(fd, head, HEAD_BYTES, 0)) <= 0)
		return false;
	len = (size_t)n;
	head[len] = '\0';
	while (at < len && queue_rec_get(head + at, len - at,
	    len < HEAD_BYTES, &type, &value, &value_len, &used, NULL) == 1) {
		at += used;
		if (type == QUEUE_REC_MESG)
			return false;
		if (type != QUEUE_REC_TIME)
			continue;
		/* What follows the value is a type byte or the final NUL. */
		if (sscanf(value, "%ld %ld", &sec, &usec) < 1)
			return false;
		tv->tv_sec = sec;
		tv->tv_usec = usec;
		return true;
	}
	return false;
}

bool
queue_identity_is(const struct queue_identity *what, int fd,
    const struct stat *st)
{
	struct timeval tv;

	if (!S_ISREG(st->st_mode) || st->st_dev != what->dev ||
	    st->st_ino != what->inode || st->st_size != what->bytes)
		return false;
	if (what->arrival.tv_sec == 0 || !read_arrival(fd, &tv))
		return true;	/* without a T record the time is nobody's */
	return tv.tv_sec == what->arrival.tv_sec &&
	    tv.tv_usec == what->arrival.tv_usec;
}

void
queue_found_close(struct queue_found *f)
{
	if (f->fd != -1)
		close(f->fd);
	f->fd = -1;
	buf_done(&f->path);
	buf_init(&f->path);
}

/* Open f->path if it is the message. */
static enum queue_result
open_at(const struct queue_identity *what, struct queue_found *f,
    struct err *err)
{
	f->fd = open(f->path.ptr, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC);
	if (f->fd == -1) {
		if (errno == ENOENT || errno == ENOTDIR)
			return QUEUE_RESULT_GONE;
		if (errno == ELOOP || errno == ENXIO)
			return QUEUE_RESULT_CHANGED;
		err_sys(err, "open %s", f->path.ptr);
		return QUEUE_RESULT_FAILED;
	}
	if (fstat(f->fd, &f->st) == 0 && queue_identity_is(what, f->fd,
	    &f->st))
		return QUEUE_RESULT_DONE;
	close(f->fd);
	f->fd = -1;
	return QUEUE_RESULT_CHANGED;
}

enum queue_result
queue_identity_open(const struct queue_identity *what, struct queue_found *f,
    struct err *err)
{
	enum queue_result one, result = QUEUE_RESULT_GONE;
	const char *queue;
	int look;
	size_t i;

	f->id = what->id;
	f->queue = what->queue;
	if (what->path != NULL) {
		buf_sets(&f->path, what->path);
		result = open_at(what, f, err);
		if (result == QUEUE_RESULT_DONE)
			return result;
	}
	for (look = 0; look < LOOKS; look++) {
		for (i = 0;; i++) {
			/* First where it was, last where nothing leaves from. */
			queue = i == 0 ? what->queue :
			    queue_message_queues[i - 1];
			if (queue == NULL)
				queue = "corrupt";
			f->queue = queue;
			queue_path(&f->path, queue, what->id);
			one = open_at(what, f, err);
			if (one == QUEUE_RESULT_DONE)
				return one;
			if (one > result)
				result = one;
			if (i > 0 && queue_message_queues[i - 1] == NULL)
				break;
		}
	}
	return result;
}

const char *
queue_identity_find_new(const char *id)
{
	struct buf path = BUF_INIT;
	const char *queue = NULL;
	struct stat st;
	uint64_t inode;
	size_t i;

	if (!queue_id_is_valid(id) || !queue_id_inode(id, &inode))
		return NULL;
	for (i = 0; queue_message_queues[i] != NULL; i++) {
		queue_path(&path, queue_message_queues[i], id);
		if (lstat(path.ptr, &st) == 0 && st.st_ino == inode) {
			queue = queue_message_queues[i];
			break;
		}
	}
	buf_done(&path);
	return queue;
}

/* Is what has this name the open file? -1 when it cannot be told. */
static int
is_still(const struct queue_found *f, const char *path)
{
	struct stat st;

	if (fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	return st.st_dev == f->st.st_dev && st.st_ino == f->st.st_ino;
}

/*
 * What path got from f's name is another message. When its name is taken
 * already by a third one it goes on hold, where somebody will find it.
 */
static enum queue_result
give_back(const struct queue_found *f, const char *path, struct err *err)
{
	struct buf hold = BUF_INIT;

	if (queue_rename_new(path, f->path.ptr) == 0)
		return QUEUE_RESULT_CHANGED;
	queue_path(&hold, "hold", f->id);
	if (errno == EEXIST && queue_rename_new(path, hold.ptr) == 0)
		err_set(err, ERR_SYSTEM, "%s was another message, and is "
		    "again: the one between is on hold now", f->path.ptr);
	else
		err_sys(err, "%s was another message, which is now %s: "
		    "rename it back", f->path.ptr, path);
	buf_done(&hold);
	return QUEUE_RESULT_FAILED;
}

enum queue_result
queue_identity_move(struct queue_found *f, const char *to, struct err *err)
{
	enum queue_result result = QUEUE_RESULT_FAILED;
	struct buf path = BUF_INIT;
	bool is_queue = strchr(to, '/') == NULL;

	if (is_queue)
		queue_path(&path, to, f->id);
	else
		buf_sets(&path, to);
	if (queue_rename_new(f->path.ptr, path.ptr) == -1) {
		if (errno == ENOENT)
			result = QUEUE_RESULT_GONE;
		else
			err_sys(err, "rename %s to %s", f->path.ptr, path.ptr);
	} else if (is_still(f, path.ptr) != 0) {
		/* Where it is not any more, somebody moved it on at once. */
		if (is_queue)
			f->queue = to;
		buf_swap(&f->path, &path);
		result = QUEUE_RESULT_DONE;
	} else {
		result = give_back(f, path.ptr, err);
	}
	buf_done(&path);
	return result;
}
