/*
 * command.h - programs that master.cf and users name: whose rights, which
 * environment, until when
 *
 * For pipe and spawn, and for commands of local's users. What such a program
 * reads and writes is its caller's business.
 */
#ifndef DAEMON_SERVE_COMMAND_H
#define DAEMON_SERVE_COMMAND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/*
 * command_user - the ids behind user=USER:GROUP of a master.cf line
 *
 * group	NULL or "": the user's own
 *
 * Returns 0, or -1 with err: there is no such user or group, it is root's or
 * mail_owner's, or this process may not become it.
 */
int	command_user(const char *user, const char *group, uid_t *uid,
	    gid_t *gid, struct err *err);

/* command_environment - in the child: what export_environment lets through, and a PATH */
void	command_environment(void);

/*
 * command_wait - wait until a child ends, at the latest until deadline_ms (monotonic)
 *
 * Returns true with status as of waitpid(2); false when it still runs.
 */
bool	command_wait(pid_t pid, int64_t deadline_ms, int *status);

/* command_kill - end a child that leads a process group, and everything in it */
void	command_kill(pid_t pid);

#endif
