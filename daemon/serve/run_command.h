/*
 * run_command.h - hand a message to a program and say how that ended
 *
 * For |command in local and for pipe: a child with the user's rights reads
 * the message from standard input; its exit status (sysexits) and its output
 * become the delivery's outcome (spec/master.md 6.5).
 */
#ifndef DAEMON_SERVE_RUN_COMMAND_H
#define DAEMON_SERVE_RUN_COMMAND_H

#include <sys/types.h>

struct agent_request;
struct buf;
struct delivery;
struct message_copy;

struct run_command {
	char *const	*argv;		/* what to execute; or NULL and */
	const char	*line;		/* a command line: a shell's when it needs one */
	const char	*shell;		/* the shell for line, "" for /bin/sh when needed */
	const char	*shown;		/* how messages name it */
	uid_t		 uid;
	gid_t		 gid;
	char *const	*environment;	/* "NAME=value" beside export_environment, NULL-terminated */
	const char	*chroot_dir;	/* NULL: none */
	const char	*cwd;		/* NULL: stay */
	int		 time_limit_s;
	const struct message_copy *copy;
};

/*
 * run_command - run it to its end
 *
 * output	what it wrote, for "delivered via SERVICE service (OUTPUT)"; d gets
 *		kind, status and, for failures, the reason
 */
void	run_command(struct agent_request *rq, const struct run_command *rc,
	    struct delivery *d, struct buf *output);

#endif
