/*
 * mbox_lock.c - open a mailbox file under the locks that mail programs agree on
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/mail/mbox_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"

int
mbox_lock_styles(const char *title, const char *list, unsigned *styles,
    struct err *err)
{
	static const struct {
		const char	*name;
		unsigned	 style;
	} known[] = {
		{ "flock", MBOX_LOCK_FLOCK }, { "fcntl", MBOX_LOCK_FCNTL },
		{ "dotlock", MBOX_LOCK_DOTLOCK },
	};
	const size_t count = sizeof(known) / sizeof(known[0]);
	char *copy = xstrdup(list), *rest = copy, *word;
	size_t i;
	int rc = 0;

	*styles = 0;
	while (rc == 0 && (word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		for (i = 0; i < count && strcmp(word, known[i].name) != 0; i++)
			;
		if (i < count)
			*styles |= known[i].style;
		else
			rc = err_set(err, ERR_CONFIG, "unknown %s value "
			    "\"%s\" in \"%s\"", title, word, list);
	}
	free(copy);
	return rc;
}

/* ---- FILE.lock ---- */

/* One that nobody changed for so long belongs to a program that died. */
static void
remove_stale(const char *dotlock, int stale_s)
{
	struct stat st;

	if (stat(dotlock, &st) == 0 && st.st_ctime < clock_now() - stale_s)
		unlink(dotlock);
}

static int
make_dotlock(const char *dotlock, const struct mbox_lock_how *how,
    struct err *err)
{
	int i, fd, rc;

	for (i = 1; ; i++) {
		fd = open(dotlock, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
		if (fd != -1) {
			close(fd);
			return 0;
		}
		if (errno != EEXIST || i >= how->attempts)
			break;
		remove_stale(dotlock, how->stale_s);
		sleep((unsigned)how->delay_s);
	}
	rc = err_sys(err, "unable to create lock file %s", dotlock);
	if (errno == EEXIST)
		err->kind = ERR_RETRY;
	return rc;
}

/* ---- the file ---- */

/* Anybody can put a link of root's where he may write: it must be out of reach. */
static bool
is_trusted_link(const char *path, const struct stat *link)
{
	const char *slash = strrchr(path, '/');
	struct buf dir = BUF_INIT;
	struct stat st;
	bool ok;

	if (slash == NULL)
		buf_sets(&dir, ".");
	else
		buf_add(&dir, path, (size_t)(slash - path) + 1);
	ok = link->st_uid == 0 && stat(dir.ptr, &st) == 0 &&
	    st.st_uid == 0 && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
	buf_done(&dir);
	return ok;
}

static int
check_file(const char *path, int fd, struct stat *st, struct err *err)
{
	struct stat by_name;

	if (fstat(fd, st) == -1)
		return err_sys(err, "fstat");
	if (S_ISREG(st->st_mode) && st->st_nlink != 1)
		return err_set(err, ERR_DENIED, "file has %ld hard links",
		    (long)st->st_nlink);
	if (lstat(path, &by_name) == -1)
		return err_sys(err, "lstat");
	if (S_ISLNK(by_name.st_mode)) {
		if (!is_trusted_link(path, &by_name))
			return err_set(err, ERR_DENIED,
			    "file is a symbolic link");
		if (stat(path, &by_name) == -1)
			return err_sys(err, "stat");
	}
	if (by_name.st_dev != st->st_dev || by_name.st_ino != st->st_ino)
		return err_set(err, ERR_DENIED,
		    "file status changed unexpectedly");
	return 0;
}

static int
open_file(const char *path, const struct mbox_lock_how *how, struct err *err)
{
	int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd = open(path, flags);

	if (fd == -1 && errno == ENOENT) {
		fd = open(path, flags | O_CREAT | O_EXCL, 0600);
		if (fd == -1 && errno != EEXIST)
			return err_sys(err, "cannot create file exclusively");
		if (fd == -1)
			fd = open(path, flags);
		else if (geteuid() == 0 && how->uid != 0 &&
		    fchown(fd, how->uid, how->gid) == -1) {
			err_sys(err, "cannot change file ownership");
			close(fd);
			unlink(path);
			return -1;
		}
	}
	if (fd == -1)
		return err_sys(err, "cannot open file");
	return fd;
}

/* ---- the kernel's locks ---- */

static int
lock_once(int fd, unsigned style)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return style == MBOX_LOCK_FLOCK ? flock(fd, LOCK_EX | LOCK_NB) :
	    fcntl(fd, F_SETLK, &fl);
}

static int
lock_file(int fd, unsigned style, const struct mbox_lock_how *how,
    struct err *err)
{
	int i;

	for (i = 1; lock_once(fd, style) == -1; i++) {
		if ((errno == EAGAIN || errno == EACCES || errno == EINTR) &&
		    i < how->attempts) {
			sleep((unsigned)how->delay_s);
			continue;
		}
		err_sys(err, "unable to lock for exclusive access");
		/* Whoever holds it, or what serves the locks, may let go later. */
		err->kind = ERR_RETRY;
		return -1;
	}
	return 0;
}

/* ---- all of it ---- */

static int
open_locked(struct mbox_lock *lock, const char *path,
    const struct mbox_lock_how *how, struct err *err)
{
	static const unsigned kernel[] = { MBOX_LOCK_FLOCK, MBOX_LOCK_FCNTL };
	struct stat st;
	size_t i;

	if ((lock->fd = open_file(path, how, err)) == -1 ||
	    check_file(path, lock->fd, &st, err) == -1)
		return -1;
	for (i = 0; i < 2 && S_ISREG(st.st_mode); i++)
		if ((how->styles & kernel[i]) != 0 &&
		    lock_file(lock->fd, kernel[i], how, err) == -1)
			return -1;
	return 0;
}

int
mbox_lock_open(struct mbox_lock *lock, const char *path,
    const struct mbox_lock_how *how, struct err *err)
{
	struct err local = ERR_INIT;
	struct buf dotlock = BUF_INIT;
	struct stat st;

	if (err == NULL)
		err = &local;
	*lock = (struct mbox_lock){ .fd = -1 };
	/* A device needs no lock, and has none beside it. */
	if ((how->styles & MBOX_LOCK_DOTLOCK) != 0 &&
	    (stat(path, &st) == -1 || S_ISREG(st.st_mode))) {
		buf_setf(&dotlock, "%s.lock", path);
		if (make_dotlock(dotlock.ptr, how, err) == 0)
			lock->dotlock = buf_take(&dotlock);
		else if (err->kind != ERR_RETRY && how->may_lack_dotlock) {
			log_warning("%s", err->text);
			err_reset(err);
		}
		buf_done(&dotlock);
		if (err->kind != ERR_NONE)
			return -1;
	}
	if (open_locked(lock, path, how, err) == -1) {
		mbox_lock_close(lock);
		return -1;
	}
	return 0;
}

void
mbox_lock_close(struct mbox_lock *lock)
{
	if (lock->fd != -1)
		close(lock->fd);
	if (lock->dotlock != NULL && unlink(lock->dotlock) == -1)
		log_warning("remove %s: %s", lock->dotlock, strerror(errno));
	free(lock->dotlock);
	*lock = (struct mbox_lock){ .fd = -1 };
}
