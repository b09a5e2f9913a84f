/*
 * child.c - wait for a process of our own
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/child.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/base/log.h"

int
child_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			log_fatal("waitpid: %s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status);
}
