/*
 * foreground.c - lend the terminal to another program: commands, editors
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/foreground.h"

#include <errno.h>
#include <paths.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"

#define EDITOR		"vi"

static void __attribute__((noreturn))
be_command(const char *command, const char *arg, int dir, int input)
{
	static const int signals[] = { SIGINT, SIGQUIT, SIGTSTP, SIGPIPE };
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_DFL);
	if (dir != -1 && fchdir(dir) == -1)
		_exit(126);
	if (input != -1)
		dup2(input, STDIN_FILENO);
	execl(_PATH_BSHELL, "sh", "-c", command, "sh", arg, (char *)NULL);
	_exit(127);
}

int
foreground_run(const char *command, const char *arg, int dir, int input,
    struct err *err)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, interrupt, quit;
	int status = 0, got;
	pid_t pid;

	fflush(NULL);
	sigaction(SIGINT, &ignore, &interrupt);
	sigaction(SIGQUIT, &ignore, &quit);
	if ((pid = fork()) == 0)
		be_command(command, arg, dir, input);
	do {
		got = pid == -1 ? -1 : waitpid(pid, &status, WUNTRACED);
		if (got == pid && WIFSTOPPED(status))
			raise(SIGSTOP);
	} while ((got == -1 && errno == EINTR) ||
	    (got == pid && WIFSTOPPED(status)));
	if (got == -1)
		err_sys(err, "run '%.60s'", command);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	if (got == -1)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status);
}

int
foreground_edit(const char *path, struct err *err)
{
	/* Unquoted, since it may be "vim -u NONE". */
	static const char command[] =
	    "exec ${VISUAL:-${EDITOR:-" EDITOR "}} \"$1\"";
	int status = foreground_run(command, path, -1, -1, err);

	if (status > 0)
		return err_set(err, ERR_SYSTEM, "the editor failed, status %d",
		    status);
	return status;
}

char *
foreground_file(const char *prefix, const struct buf *text, struct err *err)
{
	const char *dir = getenv("TMPDIR");
	struct buf path = BUF_INIT;
	int fd;

	buf_addf(&path, "%s/%s.XXXXXX", dir != NULL && dir[0] == '/' ? dir :
	    _PATH_TMP, prefix);
	fd = mkstemp(path.ptr);
	if (fd == -1 || file_write_all(fd, text->ptr, text->len) == -1 ||
	    close(fd) == -1) {
		err_sys(err, "write %s", path.ptr);
		buf_done(&path);
		return NULL;
	}
	return buf_take(&path);
}
