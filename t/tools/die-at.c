/*
 * die-at.c - preloaded: one process is killed at a step of its way to the disk
 *
 * $DIE_AT is a file that says where: "ROLE CALL before" or "ROLE CALL after",
 * CALL being rename, unlink, link, fsync or pwrite. The first process that
 * comes there empties the file and is gone, as by kill -9.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int where = -1;

static void	begin(void) __attribute__((constructor));

/* Roles may not open it later: see daemon/serve/confine.h. */
static void
begin(void)
{
	const char *path = getenv("DIE_AT");

	if (path != NULL)
		where = open(path, O_RDWR | O_CLOEXEC);
}

static void
step(const char *call, const char *when)
{
	char want[100], said[100];
	int saved = errno;
	ssize_t n;

	n = syscall(SYS_pread64, where, said, sizeof(said) - 1, 0L);
	if (n > 0) {
		said[n] = '\0';
		snprintf(want, sizeof(want), "%s %s %s\n",
		    program_invocation_short_name, call, when);
		if (strcmp(want, said) == 0 && ftruncate(where, 0) == 0)
			kill(getpid(), SIGKILL);
	}
	errno = saved;
}

#define STEP(name, call)			\
	do {					\
		long rc_;			\
		step((name), "before");		\
		rc_ = (call);			\
		step((name), "after");		\
		return (int)rc_;		\
	} while (0)

int
rename(const char *from, const char *to)
{
	STEP("rename", syscall(SYS_rename, from, to));
}

int
renameat2(int from_dir, const char *from, int to_dir, const char *to,
    unsigned flags)
{
	STEP("rename", syscall(SYS_renameat2, from_dir, from, to_dir, to,
	    flags));
}

int
unlink(const char *path)
{
	STEP("unlink", syscall(SYS_unlink, path));
}

int
linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	STEP("link", syscall(SYS_linkat, from_dir, from, to_dir, to, flags));
}

int
fsync(int fd)
{
	STEP("fsync", syscall(SYS_fsync, fd));
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t at)
{
	STEP("pwrite", syscall(SYS_pwrite64, fd, data, len, at));
}

ssize_t	pwrite64(int fd, const void *data, size_t len, off_t at)
	    __attribute__((alias("pwrite")));
