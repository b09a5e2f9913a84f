/*
 * queue_writer_file.c - the file that a queue_writer fills, and how it gets its name
 *
 * Where the file system can make a file without a name, the file gets its
 * only name when it is complete:
 *
 *	open O_TMPFILE --> write --> link QUEUE/ID --> fsync
 *	(0700, unseen)               (0700: complete)
 *
 * One change of a directory instead of two, no search for a free inode while
 * the directory is locked, and nothing to tidy up after a crash. The fsync of
 * the file brings its name along, since both are one transaction. Elsewhere:
 *
 *	open QUEUE/usec.pid --> rename QUEUE/ID --> write --> fchmod, fsync
 *	(0600: nobody looks)    (0600: unfinished)            (0700: accepted)
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_writer_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_writer.h"

/* ---- a name for a file without one ---- */

enum naming { NAMING_UNKNOWN, NAMING_BY_FD, NAMING_BY_PROC, NAMING_NONE };

static int
link_fd(enum naming how, int fd, const char *path)
{
	char proc[64];

	if (how == NAMING_BY_FD)
		return linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH);
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, proc, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

/*
 * How this process can name fd later. To link it to a name that is taken,
 * the directory's own, fails with EEXIST just where linking works: by
 * descriptor alone (Linux 6.10, or CAP_DAC_READ_SEARCH), or through /proc
 * unless a chroot hides it.
 */
static enum naming
find_naming(int fd, const char *queue)
{
	static const enum naming ways[] = { NAMING_BY_FD, NAMING_BY_PROC };
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (link_fd(ways[i], fd, queue) == -1 && errno == EEXIST)
			return ways[i];
	return NAMING_NONE;
}

/* What the file system and the process can do does not change while it runs. */
static enum naming naming;

int
writer_file_unnamed(const char *queue, mode_t mode)
{
	int fd;

	if (naming == NAMING_NONE)
		return -1;
	fd = open(queue, O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
	if (fd == -1) {
		if (errno == EOPNOTSUPP || errno == EISDIR)
			naming = NAMING_NONE;
		return -1;
	}
	if (naming == NAMING_UNKNOWN)
		naming = find_naming(fd, queue);
	if (naming != NAMING_NONE)
		return fd;
	close(fd);
	return -1;
}

int
writer_file_link(int fd, const char *path)
{
	if (link_fd(naming, fd, path) == 0)
		return 0;
	if (errno != ENOENT || queue_mkdirs(path) == -1)
		return -1;
	return link_fd(naming, fd, path);
}

/* ---- a file with a name from the start ---- */

int
writer_file_temporary(const char *queue, mode_t mode, struct buf *path,
    struct err *err)
{
	struct timeval tv;
	int fd, tries;

	for (tries = 0; tries < WRITER_FILE_TRIES; tries++) {
		tv = clock_timeval();
		buf_setf(path, "%s/%ld.%ld", queue,
		    ((long)tv.tv_usec + tries) % 1000000, (long)getpid());
		fd = open(path->ptr, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC |
		    O_NOFOLLOW, mode & ~(mode_t)S_IXUSR);
		if (fd != -1)
			return fd;
		if (errno != EEXIST && errno != EISDIR)
			break;
	}
	return err_sys(err, "mail_queue_enter: create file %s",
	    path->ptr);
}

int
queue_writer_scratch(const char *queue, struct err *err)
{
	struct buf path = BUF_INIT;
	int fd = open(queue, O_TMPFILE | O_RDWR | O_CLOEXEC,
	    S_IRUSR | S_IWUSR);

	if (fd == -1 && (errno == EOPNOTSUPP || errno == EISDIR) &&
	    (fd = writer_file_temporary(queue, S_IRUSR | S_IWUSR, &path, err)) != -1)
		unlink(path.ptr);
	else if (fd == -1)
		err_sys(err, "make a file in %s", queue);
	buf_done(&path);
	return fd;
}
