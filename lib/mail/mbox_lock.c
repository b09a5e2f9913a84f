/*
 * mbox_lock.c - the locks that mail programs agree on for a mailbox file
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/mail/mbox_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"

unsigned
mbox_lock_styles(const char *title, const char *list, struct err *err)
{
	static const struct {
		const char	*name;
		unsigned	 style;
	} known[] = {
		{ "flock", MBOX_LOCK_FLOCK }, { "fcntl", MBOX_LOCK_FCNTL },
		{ "dotlock", MBOX_LOCK_DOTLOCK },
	};
	char *copy = xstrdup(list), *rest = copy, *word;
	unsigned styles = 0;
	size_t i;

	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		for (i = 0; i < 3 && strcmp(word, known[i].name) != 0; i++)
			;
		if (i == 3) {
			err_set(err, ERR_CONFIG,
			    "unknown %s value \"%s\" in \"%s\"", title, word,
			    list);
			styles = 0;
			break;
		}
		styles |= known[i].style;
	}
	free(copy);
	return styles;
}

/* One try at the kernel's locks that are asked for. */
static bool
lock_kernel(int fd, unsigned styles)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if ((styles & MBOX_LOCK_FLOCK) != 0 &&
	    flock(fd, LOCK_EX | LOCK_NB) == -1)
		return false;
	if ((styles & MBOX_LOCK_FCNTL) != 0 &&
	    fcntl(fd, F_SETLK, &fl) == -1) {
		if ((styles & MBOX_LOCK_FLOCK) != 0)
			flock(fd, LOCK_UN);
		return false;
	}
	return true;
}

/* An old lock file belongs to a program that died; 0 when path.lock is ours now. */
static int
lock_dot(const char *lock, int stale_s)
{
	struct stat st;
	int fd, why;

	fd = open(lock, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	if (fd != -1) {
		close(fd);
		return 0;
	}
	why = errno;
	if (why == EEXIST && lstat(lock, &st) == 0 &&
	    clock_now() - st.st_mtime > stale_s)
		unlink(lock);
	errno = why;
	return -1;
}

int
mbox_lock(int fd, const char *path, unsigned styles,
    const struct mbox_lock_limits *limits, struct err *err)
{
	struct buf lock = BUF_INIT;
	int i, rc = -1;

	buf_setf(&lock, "%s.lock", path);
	for (i = 0; i < limits->attempts; i++) {
		if (i > 0)
			sleep((unsigned)limits->delay_s);
		if (!lock_kernel(fd, styles)) {
			err_sys(err, "unable to lock for exclusive access");
			continue;
		}
		if ((styles & MBOX_LOCK_DOTLOCK) == 0 ||
		    lock_dot(lock.ptr, limits->stale_s) == 0) {
			rc = 0;
			break;
		}
		err_sys(err, "unable to create lock file %s", lock.ptr);
		mbox_unlock(fd, path, styles & ~(unsigned)MBOX_LOCK_DOTLOCK);
		if (errno != EEXIST)
			break;
	}
	if (rc == -1 && err != NULL && (err->errnum == EEXIST ||
	    err->errnum == EAGAIN || err->errnum == EACCES))
		err->kind = ERR_RETRY;
	buf_done(&lock);
	return rc;
}

void
mbox_unlock(int fd, const char *path, unsigned styles)
{
	struct flock fl = { .l_type = F_UNLCK, .l_whence = SEEK_SET };
	struct buf lock = BUF_INIT;
	int saved = errno;

	if ((styles & MBOX_LOCK_DOTLOCK) != 0) {
		buf_setf(&lock, "%s.lock", path);
		unlink(lock.ptr);
		buf_done(&lock);
	}
	if ((styles & MBOX_LOCK_FCNTL) != 0)
		fcntl(fd, F_SETLK, &fl);
	if ((styles & MBOX_LOCK_FLOCK) != 0)
		flock(fd, LOCK_UN);
	errno = saved;
}
