/*
 * no-disk.c - preloaded: files whose path holds $NO_DISK are on a failing disk
 *
 * Their fsync(2) fails; whoever says that mail is safe without asking is
 * found out.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <limits.h>
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
