/*
 * command.c - programs that master.cf and users name: whose rights, which
 * environment, until when
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/command.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/account.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/conf/env.h"
#include "lib/conf/params.h"

#define KILL_WAIT_MS	1000

int
command_user(const char *user, const char *group, uid_t *uid, gid_t *gid,
    struct err *err)
{
	const struct passwd *pw;
	const struct group *gr;

	if ((pw = account_named(user)) == NULL)
		return err_set(err, ERR_CONFIG, "unknown username: %s", user);
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	if (group != NULL && *group != '\0') {
		if ((gr = account_group_named(group)) == NULL)
			return err_set(err, ERR_CONFIG, "unknown group: %s",
			    group);
		*gid = gr->gr_gid;
	}
	if (*uid == 0 || *gid == 0)
		return err_set(err, ERR_CONFIG, "user= command-line attribute "
		    "specifies root %s privileges",
		    *uid == 0 ? "user" : "group");
	/* mail_owner's rights would give the command the queue itself. */
	pw = account_named(params.mail_owner);
	if (!params_is_private() && pw != NULL &&
	    (*uid == pw->pw_uid || *gid == pw->pw_gid))
		return err_set(err, ERR_CONFIG, "user= command-line attribute "
		    "specifies mail system owner %s", params.mail_owner);
	if (getuid() != 0 && *uid != getuid())
		return err_set(err, ERR_CONFIG, "user=%s: an instance without "
		    "root can run commands as its owner only", user);
	return 0;
}

void
command_environment(void)
{
	env_import_full(params.export_environment);
	setenv("PATH", "/usr/bin:/bin", 1);
}

bool
command_wait(pid_t pid, int64_t deadline_ms, int *status)
{
	struct pollfd p = { .fd = pidfd_open(pid, 0), .events = POLLIN };
	int64_t left;
	pid_t got;

	while ((got = waitpid(pid, status, WNOHANG)) != pid) {
		left = deadline_ms - clock_mono_ms();
		if (left <= 0 || (got == -1 && errno != EINTR))
			break;
		/* Without such a descriptor: look again every now and then. */
		if (p.fd == -1 && left > 20)
			left = 20;
		poll(&p, 1, left > INT32_MAX ? INT32_MAX : (int)left);
	}
	if (p.fd != -1)
		close(p.fd);
	return got == pid;
}

void
command_kill(pid_t pid)
{
	int status;

	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	command_wait(pid, clock_mono_ms() + KILL_WAIT_MS, &status);
}
