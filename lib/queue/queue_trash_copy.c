/*
 * queue_trash_copy.c - the trash when it is another file system: copies
 *
 * On the way out the original gets a name first that nobody delivers, and
 * loses it when the copy is complete. On the way back the new file is not
 * ready until the manifest tells of it. So whatever is killed, one of the two
 * counts, and nobody need guess whether the other was delivered meanwhile:
 *
 *	QUEUE/ID	-		not deleted
 *	ID.deleted	anything	an undo takes ID.deleted
 *	-		ID		an undo copies it back
 *	NEW, not ready	ID		... once more
 *	NEW		ID, marked	restored: an undo only makes NEW ready
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_trash_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_journal.h"

#define PIECE		65536

/* All bytes of one descriptor to the end of another. */
static int
copy_bytes(int from, int to)
{
	char piece[PIECE];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(from, piece, sizeof(piece), at)) > 0) {
		if (file_write_all(to, piece, (size_t)n) == -1)
			return -1;
		at += n;
	}
	return n == 0 ? 0 : -1;
}

/* A new file with the bytes and times of from, on stable storage; its descriptor. */
static int
copy_file(int from, const struct stat *st, const char *to, mode_t mode,
    struct err *err)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	int fd;

	fd = open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return err_sys(err, "make %s", to);
	if (copy_bytes(from, fd) == -1 || fchmod(fd, mode) == -1 ||
	    futimens(fd, times) == -1 || fsync(fd) == -1) {
		err_sys(err, "write %s", to);
		close(fd);
		unlink(to);
		return -1;
	}
	return fd;
}

/* The name, too, is there for sure before the original goes; -1: neither is. */
static int
name_copy(const char *temp, const char *to, struct err *err)
{
	if (queue_rename_new(temp, to) == -1) {
		err_sys(err, "rename %s to %s", temp, to);
		unlink(temp);
		return -1;
	}
	if (file_sync_parent(to, err) == 0)
		return 0;
	unlink(to);
	return -1;
}

/* Under its own name again: the copy failed. */
static void
put_back(struct queue_found *f, const char *home)
{
	struct err why = ERR_INIT;

	if (queue_identity_move(f, home, &why) != QUEUE_RESULT_DONE)
		log_warning("%s: stays %s: %s", f->id, f->path.ptr, why.text);
}

static int
copy_to(const struct queue_found *f, const char *to, struct err *err)
{
	struct buf temp = BUF_INIT;
	int fd, rc = -1;

	buf_setf(&temp, "%s" TRASH_UNFINISHED, to);
	unlink(temp.ptr);	/* of an earlier try that was interrupted */
	fd = copy_file(f->fd, &f->st, temp.ptr, f->st.st_mode & 07777, err);
	if (fd != -1) {
		close(fd);
		rc = name_copy(temp.ptr, to, err);
	}
	buf_done(&temp);
	return rc;
}

enum queue_result
queue_trash_copy_out(struct queue_found *f, const char *to, struct err *err)
{
	struct buf aside = BUF_INIT, home = BUF_INIT;
	enum queue_result result;

	/* Whom an agent reaches from now on no copy would tell. */
	if (file_lock(f->fd, LOCK_EX | LOCK_NB) == -1) {
		err_set(err, ERR_RETRY, "is being delivered now: hold it, and "
		    "delete it when that is over");
		return QUEUE_RESULT_FAILED;
	}
	buf_sets(&home, f->path.ptr);
	buf_setf(&aside, "%s" TRASH_ASIDE, home.ptr);
	result = queue_identity_move(f, aside.ptr, err);
	if (result == QUEUE_RESULT_DONE && (file_sync_parent(aside.ptr,
	    err) == -1 || copy_to(f, to, err) == -1)) {
		put_back(f, home.ptr);
		result = QUEUE_RESULT_FAILED;
	}
	/* If it stays, it is what an undo gives back. */
	if (result == QUEUE_RESULT_DONE)
		unlink(aside.ptr);
	file_lock(f->fd, LOCK_UN);
	buf_done(&aside);
	buf_done(&home);
	return result;
}

bool
queue_trash_find_aside(const struct queue_identity *what,
    struct queue_found *f)
{
	struct queue_identity any = *what;
	size_t i;

	f->id = what->id;
	for (i = 0; (f->queue = queue_message_queues[i]) != NULL; i++) {
		queue_path(&f->path, f->queue, what->id);
		buf_adds(&f->path, TRASH_ASIDE);
		f->fd = open(f->path.ptr, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
		    O_CLOEXEC);
		if (f->fd == -1)
			continue;
		if (fstat(f->fd, &f->st) == 0) {
			any.dev = f->st.st_dev;
			any.inode = f->st.st_ino;
			if (queue_identity_is(&any, f->fd, &f->st))
				return true;
		}
		close(f->fd);
		f->fd = -1;
	}
	return false;
}

enum queue_result
queue_trash_copy_back(struct queue_found *f, const char *queue,
    struct buf *new_id, struct err *err)
{
	struct timeval now = clock_timeval();
	struct buf temp = BUF_INIT, path = BUF_INIT;
	int fd;

	buf_setf(&temp, "%s/%ld.%ld", queue, (long)now.tv_usec,
	    (long)getpid());
	fd = copy_file(f->fd, &f->st, temp.ptr, 0600, err);
	if (fd != -1) {
		close(f->fd);
		f->fd = fd;
		fstat(fd, &f->st);
		queue_id_renew(new_id, f->id, f->st.st_ino);
		queue_path(&path, queue, new_id->ptr);
		if (name_copy(temp.ptr, path.ptr, err) == -1)
			fd = -1;
		buf_swap(&f->path, &path);
	}
	buf_done(&temp);
	buf_done(&path);
	return fd == -1 ? QUEUE_RESULT_FAILED : QUEUE_RESULT_DONE;
}

int
queue_trash_mark_restored(const char *token, const char *id,
    const char *new_id, struct err *err)
{
	struct buf path = BUF_INIT, line = BUF_INIT;
	int fd, rc = 0;

	trash_path(&path, token, MANIFEST, "");
	queue_journal_put_result(&line, token, id, "done", TRASH_RESTORED,
	    new_id);
	fd = open(path.ptr, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || file_write_all(fd, line.ptr, line.len) == -1 ||
	    fsync(fd) == -1)
		rc = err_sys(err, "write %s", path.ptr);
	if (fd != -1)
		close(fd);
	buf_done(&path);
	buf_done(&line);
	return rc;
}

enum queue_result
queue_trash_copy_finish(struct queue_found *f, mode_t mode, struct err *err)
{
	if (fchmod(f->fd, mode) == 0 && fsync(f->fd) == 0)
		return QUEUE_RESULT_DONE;
	err_sys(err, "complete %s", f->path.ptr);
	return QUEUE_RESULT_FAILED;
}

int
queue_trash_copy_over(const char *from, const char *to, struct err *err)
{
	struct stat st;
	int fd, copy = -1;

	fd = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1) {
		err_sys(err, "open %s", from);
	} else if (queue_mkdirs(to) == 0) {
		copy = copy_file(fd, &st, to, st.st_mode & 07777, err);
	}
	if (fd != -1)
		close(fd);
	if (copy == -1)
		return -1;
	close(copy);
	return file_sync_parent(to, err) == 0 ? unlink(from) : -1;
}

int
queue_trash_append(const char *from, const char *to)
{
	struct stat st;
	int source, fd, rc = -1;

	source = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	fd = open(to, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (source != -1 && fd != -1 && file_lock(fd, LOCK_EX) == 0 &&
	    fstat(fd, &st) == 0) {
		if (copy_bytes(source, fd) == 0 && fsync(fd) == 0)
			rc = 0;
		else if (ftruncate(fd, st.st_size) == -1)
			log_warning("%s: half an entry is left: %s", to,
			    strerror(errno));
	}
	if (source != -1)
		close(source);
	if (fd != -1)
		close(fd);
	return rc == 0 ? unlink(from) : -1;
}
