/*
 * spawn.c - give each client a program of its own
 *
 * The socket becomes the standard input, output and error of a command that
 * master.cf names: policy services and content filters need no networking of
 * their own then. The command leads a session of its own, so that it may
 * finish with its client when the mail system stops.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/role.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/serve/command.h"
#include "daemon/serve/rights.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/net/stream.h"

static char **command;		/* into the words of master.cf */
static uid_t run_uid;
static gid_t run_gid;
static int time_limit_s;

static void
child_fails(const char *what, const char *name)
{
	log_at(LOG_SEV_FATAL, "%s %s: %s", what, name, strerror(errno));
	_exit(1);
}

static void
run_child(int client)
{
	int fd;

	/* Not reachable any more for what has no rights. */
	log_connect();
	setsid();
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(client, fd) == -1)
			child_fails("dup2", "the client");
	/* Kept up to the last moment: the log is among them. */
	close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC);
	if (!rights_drop(run_uid, run_gid))
		child_fails("become", "the user");
	command_environment();
	execvp(command[0], command);
	child_fails("execvp", command[0]);
}

static void
tell_status(int status)
{
	if (WIFSIGNALED(status))
		log_warning("command %s killed by signal %d", command[0],
		    WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		log_warning("command %s exit status %d", command[0],
		    WEXITSTATUS(status));
}

static void
serve(struct stream *client, const char *service, char **argv)
{
	int64_t deadline_ms = clock_mono_ms() + (int64_t)time_limit_s * 1000;
	int status;
	pid_t pid;

	(void)argv;
	if ((pid = fork()) == -1) {
		log_warning("%s: fork: %s", service, strerror(errno));
		return;
	}
	if (pid == 0)
		run_child(stream_fd(client));
	if (command_wait(pid, deadline_ms, &status)) {
		tell_status(status);
		return;
	}
	command_kill(pid);
	log_warning("%s: process id %ld: command time limit exceeded",
	    command[0], (long)pid);
}

/* "user=USER:GROUP argv=COMMAND ARGUMENT ..."; nothing in it is expanded. */
static void
pre_jail(const char *service, char **argv)
{
	struct err err = ERR_INIT;
	char *user = NULL, *group;

	for (; *argv != NULL && command == NULL; argv++) {
		if (strncmp(*argv, "user=", 5) == 0)
			user = *argv + 5;
		else if (strncmp(*argv, "argv=", 5) == 0) {
			command = argv;
			*command += 5;
		} else
			log_fatal("%s: unknown attribute name: %s", service,
			    *argv);
	}
	if (user == NULL || *user == '\0')
		log_fatal("%s: missing user= attribute", service);
	if (command == NULL || *command[0] == '\0')
		log_fatal("%s: missing argv= attribute", service);
	if ((group = strchr(user, ':')) != NULL)
		*group++ = '\0';
	if (command_user(user, group, &run_uid, &run_gid, &err) == -1)
		log_fatal("%s: %s", service, err.text);
	time_limit_s = params_service_time(service, "time_limit");
}

const struct role spawn_role = {
	.name = "spawn",
	.summary = "give each client a program of its own",
	.skeleton = ROLE_SINGLE,
	.needs = ROLE_PRIVILEGED | ROLE_COMMANDS | ROLE_ARGUMENTS,
	.pre_jail = pre_jail,
	.serve = serve
};
