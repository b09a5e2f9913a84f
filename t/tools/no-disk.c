/*
 * no-disk.c - preloaded: files whose path holds $NO_DISK are on a failing disk
 *
 * Their fsync(2) fails; whoever says that mail is safe without asking is
 * found out. Files whose path holds $READ_ONLY are on a disk that is mounted
 * so: they cannot be opened for writing.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int
fsync(int fd)
{
	char link[40], path[PATH_MAX];
	const char *part = getenv("NO_DISK");
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (part != NULL && n > 0) {
		path[n] = '\0';
		if (strstr(path, part) != NULL) {
			errno = EIO;
			return -1;
		}
	}
	return (int)syscall(SYS_fsync, fd);
}

int
open(const char *path, int flags, ...)
{
	const char *part = getenv("READ_ONLY");
	int mode = 0;
	va_list ap;

	if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, int);
		va_end(ap);
	}
	if (part != NULL && (flags & O_ACCMODE) != O_RDONLY &&
	    strstr(path, part) != NULL) {
		errno = EROFS;
		return -1;
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int	open64(const char *path, int flags, ...) __attribute__((alias("open")));
