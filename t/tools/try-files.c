/*
 * try-files.c - preloaded: at SIGUSR2, which files may this process change?
 *
 * It tries to make one in each folder of $TRY_FOLDERS (separated by blanks,
 * relative to the working directory), and says what came of it in a file that
 * is open from the start, $TRY_REPORT: "NAME FOLDER ok" or a reason.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int report = -1;

static void
try(int sig)
{
	const char *folders = getenv("TRY_FOLDERS");
	char line[1200], path[1100], list[1000], *folder, *rest = list;
	int fd, n, saved = errno;

	(void)sig;
	snprintf(list, sizeof(list), "%s", folders != NULL ? folders : "");
	while ((folder = strsep(&rest, " ")) != NULL) {
		/* A name for each process: all of them try at once. */
		snprintf(path, sizeof(path), "%s/tried-from-inside.%ld",
		    folder, (long)getpid());
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		n = snprintf(line, sizeof(line), "%s %s %s\n",
		    program_invocation_short_name, folder,
		    fd != -1 ? "ok" : strerrorname_np(errno));
		if (fd != -1) {
			close(fd);
			unlink(path);
		}
		if (write(report, line, (size_t)n) == -1)
			abort();
	}
	errno = saved;
}

static void	begin(void) __attribute__((constructor));

static void
begin(void)
{
	struct sigaction sa = { .sa_handler = try, .sa_flags = SA_RESTART };
	const char *path = getenv("TRY_REPORT");

	if (path == NULL)
		return;
	report = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (report != -1)
		sigaction(SIGUSR2, &sa, NULL);
}
