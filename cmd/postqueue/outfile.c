/*
 * outfile.c - standard output into a file, all or nothing
 *
 * The process that reads the queue becomes the mail system's user, who may
 * write nowhere; so one that has kept its rights writes. Readers of the file
 * see the old one or the new one.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postqueue/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/postqueue/query.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/pack.h"

#define PIECE	65536

static void
give_up(const char *temporary, const char *what, const char *path)
{
	int why = errno;

	unlink(temporary);
	log_fatal("%s %s: %s", what, path, strerror(why));
}

static void
copy(int from, int to, const char *path, const char *temporary, int is_packed)
{
	struct pack *p = pack_new(to, is_packed ? path : "");
	static char piece[PIECE];
	ssize_t n;

	while ((n = read(from, piece, sizeof(piece))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 || pack_write(p, piece, (size_t)n) == -1)
			give_up(temporary, "write", path);
	}
	if (pack_finish(p) == -1 || fsync(to) == -1)
		give_up(temporary, "write", path);
}

static int
wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : QUERY_FATAL;
}

static int
keep(int from, pid_t pid, const char *path, mode_t mode, int is_packed)
{
	struct buf temporary = BUF_INIT;
	int fd, status;

	buf_setf(&temporary, "%s.%ld.tmp", path, (long)getpid());
	fd = open(temporary.ptr, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, mode);
	if (fd == -1) {
		kill(pid, SIGTERM);
		log_fatal("create %s: %s", temporary.ptr, strerror(errno));
	}
	if (fchmod(fd, mode) == -1)
		give_up(temporary.ptr, "chmod", path);
	copy(from, fd, path, temporary.ptr, is_packed);
	status = wait_for(pid);
	close(fd);
	if (status != QUERY_DONE && status != QUERY_NOTHING &&
	    status != QUERY_PARTLY)
		unlink(temporary.ptr);
	else if (rename(temporary.ptr, path) == -1)
		give_up(temporary.ptr, "rename to", path);
	buf_done(&temporary);
	return status;
}

void
outfile_begin(const char *path, mode_t mode, int is_packed)
{
	int fds[2];
	pid_t pid;

	if (pipe(fds) == -1 || (pid = fork()) == -1)
		log_fatal("start a process: %s", strerror(errno));
	if (pid == 0) {
		if (dup2(fds[1], STDOUT_FILENO) == -1)
			log_fatal("dup2: %s", strerror(errno));
		close(fds[0]);
		close(fds[1]);
		return;
	}
	close(fds[1]);
	/* The child says what is to be kept when somebody interrupts. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	exit(keep(fds[0], pid, path, mode, is_packed));
}
