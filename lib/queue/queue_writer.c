/*
 * queue_writer.c - write a new queue file
 *
 * Records are collected in memory, so that a message of ordinary size costs
 * one write. Patches go to memory as long as their target is there.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_writer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_rec.h"
#include "lib/queue/queue_writer_internal.h"

#define WRITE_BEHIND	65536	/* longest unwritten tail of a new file */

struct queue_writer {
	int		 fd;
	char		*queue;
	struct buf	 id;
	struct buf	 path;
	struct buf	 tail;		/* bytes from offset flushed on */
	off_t		 flushed;
	mode_t		 mode;		/* of the complete file */
	mode_t		 mode_now;
	bool		 has_name;	/* path is there */
	bool		 has_skewed_clock;
	struct err	 error;		/* the first one, kept */
};

static int
writer_failed(struct queue_writer *w, const char *what)
{
	if (w->error.kind == ERR_NONE)
		err_sys(&w->error, "%s: %s", w->path.ptr, what);
	return -1;
}

/* ---- the writer ---- */

/* The ID that its inode and this moment make. */
static void
make_id(struct queue_writer *w, ino_t inode, int tries)
{
	struct timeval tv = clock_timeval();

	tv.tv_usec = (tv.tv_usec + tries) % 1000000;
	buf_reset(&w->id);
	queue_id_make(&w->id, tv, inode, params.enable_long_queue_ids);
	queue_path(&w->path, w->queue, w->id.ptr);
}

static int
rename_to_id(struct queue_writer *w, const char *temporary, ino_t inode,
    struct err *err)
{
	int tries;

	for (tries = 0; tries < WRITER_FILE_TRIES; tries++) {
		make_id(w, inode, tries);
		if (queue_rename(temporary, w->path.ptr) == 0)
			return 0;
		if (errno != EPERM && errno != EISDIR)
			break;
	}
	return err_sys(err, "mail_queue_enter: rename file %s as %s",
	    temporary, w->path.ptr);
}

static struct queue_writer *
writer_new(const char *queue, mode_t extra, struct stat *st, struct err *err)
{
	struct queue_writer *w = xcalloc(1, sizeof(*w));

	buf_init(&w->id);
	buf_init(&w->path);
	buf_init(&w->tail);
	w->queue = xstrdup(queue);
	w->mode = S_IRWXU | extra;
	buf_sets(&w->path, queue);
	w->fd = writer_file_unnamed(queue, w->mode);
	if (w->fd == -1) {
		w->fd = writer_file_temporary(queue, w->mode, &w->path, err);
		w->has_name = w->fd != -1;
	}
	if (w->fd != -1 && fstat(w->fd, st) == 0) {
		w->mode_now = st->st_mode & ALLPERMS;
		/* A file server's clock ahead of ours would hide the file (1.5). */
		w->has_skewed_clock = st->st_mtime > clock_now() + 1;
		return w;
	}
	if (w->fd != -1)
		err_sys(err, "fstat %s", w->path.ptr);
	queue_writer_abort(w);
	return NULL;
}

struct queue_writer *
queue_writer_create(const char *queue, mode_t extra, struct err *err)
{
	struct queue_writer *w;
	struct buf temporary = BUF_INIT;
	struct stat st;

	if ((w = writer_new(queue, extra, &st, err)) == NULL)
		return NULL;
	if (!w->has_name) {
		make_id(w, st.st_ino, 0);
		return w;
	}
	buf_swap(&temporary, &w->path);
	if (rename_to_id(w, temporary.ptr, st.st_ino, err) == -1) {
		buf_swap(&temporary, &w->path);
		queue_writer_abort(w);
		w = NULL;
	}
	buf_done(&temporary);
	return w;
}

struct queue_writer *
queue_writer_draft(const char *queue, struct stat *st, struct err *err)
{
	return writer_new(queue, 0, st, err);
}

const char *
queue_writer_id(const struct queue_writer *w)
{
	return w->id.ptr;
}

const char *
queue_writer_queue(const struct queue_writer *w)
{
	return w->queue;
}

int
queue_writer_flush(struct queue_writer *w)
{
	if (w->error.kind != ERR_NONE)
		return -1;
	if (w->tail.len == 0)
		return 0;
	if (file_pwrite_all(w->fd, w->tail.ptr, w->tail.len,
	    w->flushed) == -1)
		return writer_failed(w, "write");
	w->flushed += (off_t)w->tail.len;
	buf_reset(&w->tail);
	return 0;
}

int
queue_writer_show(struct queue_writer *w)
{
	if (queue_writer_flush(w) == -1)
		return -1;
	if (w->has_name)
		return 0;
	if (fchmod(w->fd, S_IRUSR | S_IWUSR) == -1 ||
	    writer_file_link(w->fd, w->path.ptr) == -1)
		return writer_failed(w, "link");
	w->mode_now = S_IRUSR | S_IWUSR;
	w->has_name = true;
	return 0;
}

int
queue_writer_rec(struct queue_writer *w, int type, const void *data,
    size_t len)
{
	if (w->error.kind != ERR_NONE)
		return -1;
	if (w->tail.len > 0 && w->tail.len + len > WRITE_BEHIND &&
	    queue_writer_flush(w) == -1)
		return -1;
	queue_rec_put(&w->tail, type, data, len);
	return 0;
}

off_t
queue_writer_tell(const struct queue_writer *w)
{
	return w->flushed + (off_t)w->tail.len;
}

ssize_t
queue_writer_read(struct queue_writer *w, off_t at, void *data, size_t len,
    struct err *err)
{
	ssize_t n;

	if (at >= w->flushed) {
		size_t skip = (size_t)(at - w->flushed), left;

		left = skip < w->tail.len ? w->tail.len - skip : 0;
		if (len > left)
			len = left;
		memcpy(data, w->tail.ptr + skip, len);
		return (ssize_t)len;
	}
	if (at + (off_t)len > w->flushed)
		len = (size_t)(w->flushed - at);
	while ((n = pread(w->fd, data, len, at)) == -1 && errno == EINTR)
		;
	return n == -1 ? err_sys(err, "%s: read", w->path.ptr) : n;
}

/* copy_all - the contents of a writer's file to the start of another */
static int
copy_all(struct queue_writer *w, int to)
{
	char data[16384];
	off_t at = 0, size = queue_writer_tell(w);
	ssize_t n;

	for (; at < size; at += n) {
		n = queue_writer_read(w, at, data, sizeof(data), &w->error);
		if (n == -1 || file_pwrite_all(to, data, (size_t)n, at) == -1)
			return n == -1 ? -1 : writer_failed(w, "copy");
	}
	return 0;
}

int
queue_writer_restart(struct queue_writer *w, struct err *err)
{
	int old;

	if (w->error.kind == ERR_NONE &&
	    (old = queue_writer_scratch(w->queue, &w->error)) != -1) {
		if (copy_all(w, old) == 0 && (w->flushed == 0 ||
		    ftruncate(w->fd, 0) == 0)) {
			w->flushed = 0;
			buf_reset(&w->tail);
			return old;
		}
		writer_failed(w, "truncate");
		close(old);
	}
	return queue_writer_error(w, err);
}

int
queue_writer_patch(struct queue_writer *w, off_t at, const void *data,
    size_t len)
{
	if (w->error.kind != ERR_NONE)
		return -1;
	if (at < 0 || at + (off_t)len > queue_writer_tell(w))
		log_panic("patch at %lld of %s goes beyond its end",
		    (long long)at, w->path.ptr);
	if (at >= w->flushed) {
		memcpy(w->tail.ptr + (at - w->flushed), data, len);
		return 0;
	}
	if (at + (off_t)len > w->flushed && queue_writer_flush(w) == -1)
		return -1;
	if (file_pwrite_all(w->fd, data, len, at) == -1)
		return writer_failed(w, "write");
	return 0;
}

int
queue_writer_move(struct queue_writer *w, const char *queue, struct err *err)
{
	struct buf to = BUF_INIT;

	queue_path(&to, queue, w->id.ptr);
	if (w->has_name && queue_rename(w->path.ptr, to.ptr) == -1) {
		err_sys(err, "rename %s to %s", w->path.ptr, to.ptr);
		buf_done(&to);
		return -1;
	}
	buf_swap(&w->path, &to);
	buf_done(&to);
	free(w->queue);
	w->queue = xstrdup(queue);
	return 0;
}

int
queue_writer_error(const struct queue_writer *w, struct err *err)
{
	if (w->error.kind == ERR_NONE)
		return 0;
	if (err != NULL)
		*err = w->error;
	return -1;
}

static void
writer_free(struct queue_writer *w)
{
	if (w->fd != -1)
		close(w->fd);
	buf_done(&w->id);
	buf_done(&w->path);
	buf_done(&w->tail);
	free(w->queue);
	free(w);
}

/* Everything but the name. */
static int
finish_draft(struct queue_writer *w, const struct stat *like)
{
	struct timespec times[2] = { like->st_mtim, like->st_mtim };
	struct stat st;

	if (queue_writer_flush(w) == -1)
		return -1;
	if (fstat(w->fd, &st) == -1)
		return writer_failed(w, "fstat");
	if ((st.st_uid != like->st_uid || st.st_gid != like->st_gid) &&
	    fchown(w->fd, like->st_uid, like->st_gid) == -1 &&
	    st.st_uid != like->st_uid)
		return writer_failed(w, "change owner");
	if (fchmod(w->fd, like->st_mode & 07777) == -1)
		return writer_failed(w, "change mode");
	if (futimens(w->fd, times) == -1)
		return writer_failed(w, "set times");
	if (fsync(w->fd) == -1)
		return writer_failed(w, "flush");
	return 0;
}

int
queue_writer_publish(struct queue_writer *w, const char *id,
    const struct stat *like, struct err *err)
{
	struct buf to = BUF_INIT;
	int rc = -1;

	queue_path(&to, w->queue, id);
	if (finish_draft(w, like) == -1) {
		queue_writer_error(w, err);
	} else if ((w->has_name ? queue_rename_new(w->path.ptr, to.ptr) :
	    writer_file_link(w->fd, to.ptr)) == -1) {
		err_sys(err, "name %s", to.ptr);
	} else {
		buf_swap(&w->path, &to);
		w->has_name = true;
		rc = file_sync_parent(w->path.ptr, err);
	}
	if (rc == 0)
		writer_free(w);
	else
		queue_writer_abort(w);
	buf_done(&to);
	return rc;
}

int
queue_writer_commit(struct queue_writer *w, struct err *err)
{
	struct timespec now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };

	queue_writer_flush(w);
	if (w->error.kind == ERR_NONE && w->has_skewed_clock) {
		now[0].tv_sec = now[1].tv_sec = clock_now();
		now[0].tv_nsec = now[1].tv_nsec = 0;
		log_warning("%s: file system clock is ahead of our clock",
		    w->path.ptr);
		futimens(w->fd, now);
	}
	if (w->error.kind == ERR_NONE && w->mode_now != w->mode &&
	    fchmod(w->fd, w->mode) == -1)
		writer_failed(w, "change mode");
	if (w->error.kind == ERR_NONE && !w->has_name) {
		if (writer_file_link(w->fd, w->path.ptr) == -1)
			writer_failed(w, "link");
		else
			w->has_name = true;
	}
	/*
	 * fsync and not fdatasync: the mode is what says that the file is
	 * complete, and fdatasync may leave it behind.
	 */
	if (w->error.kind == ERR_NONE && fsync(w->fd) == -1)
		writer_failed(w, "flush");
	if (w->error.kind == ERR_NONE && close(w->fd) == -1 &&
	    errno != EINTR) {
		w->fd = -1;
		writer_failed(w, "close");
	}
	if (queue_writer_error(w, err) == -1) {
		queue_writer_abort(w);
		return -1;
	}
	w->fd = -1;
	writer_free(w);
	return 0;
}

void
queue_writer_abort(struct queue_writer *w)
{
	if (w == NULL)
		return;
	if (w->has_name)
		unlink(w->path.ptr);
	writer_free(w);
}
