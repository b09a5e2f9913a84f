/*
 * run_command.c - hand a message to a program and say how that ended
 *
 * The message goes in and the output comes out in one loop, so that neither
 * side can block the other. The child leads a process group of its own: the
 * time limit ends everything it started.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/run_command.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon/serve/agent.h"
#include "daemon/serve/command.h"
#include "daemon/serve/message_copy.h"
#include "daemon/serve/rights.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"

#define OUTPUT_MAX	10000	/* bytes of output that are kept */
/* Any of these makes a command line the shell's business. */
#define SHELL_MAGIC	"!#$&()*;<=>?[\\]^`{|}~\"'\n"

static const struct {
	int		 code;
	const char	*status, *text;
} exits[] = {
	{ EX_USAGE,		"5.3.0", "command line usage error" },
	{ EX_DATAERR,		"5.6.0", "data format error" },
	{ EX_NOINPUT,		"5.3.0", "cannot open input" },
	{ EX_NOUSER,		"5.1.1", "user unknown" },
	{ EX_NOHOST,		"5.1.2", "host name unknown" },
	{ EX_UNAVAILABLE,	"5.3.0", "service unavailable" },
	{ EX_SOFTWARE,		"5.3.0", "internal software error" },
	{ EX_OSERR,		"4.3.0", "system resource problem" },
	{ EX_OSFILE,		"5.3.0", "critical OS file missing" },
	{ EX_CANTCREAT,		"5.2.0", "can't create user output file" },
	{ EX_IOERR,		"5.3.0", "input/output error" },
	{ EX_TEMPFAIL,		"4.3.0", "temporary failure" },
	{ EX_PROTOCOL,		"5.5.0", "remote error in protocol" },
	{ EX_NOPERM,		"5.7.0", "permission denied" },
	{ EX_CONFIG,		"5.3.5", "local configuration error" },
};

/* The outcome that an exit status (as from waitpid) and output mean. */
static void
run_command_status(struct delivery *d, int status, const char *output,
    const char *shown)
{
	char given[DSN_STATUS_SIZE];
	const char *text;
	size_t i;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		delivery_set(d, "2.0.0", "%s", "");
		return;
	}
	if (!WIFEXITED(status))
		delivery_set(d, "4.3.0", "Command died with signal %d: \"%s\"",
		    WTERMSIG(status), shown);
	else {
		for (i = 0; i < sizeof(exits) / sizeof(exits[0]); i++)
			if (exits[i].code == WEXITSTATUS(status))
				break;
		if (i < sizeof(exits) / sizeof(exits[0])) {
			delivery_set(d, exits[i].status, "%s", exits[i].text);
			buf_sets(&d->diagnostic, exits[i].text);
		} else
			delivery_set(d, "5.3.0",
			    "Command died with status %d: \"%s\"",
			    WEXITSTATUS(status), shown);
	}
	/* A failing command may say so in the words of RFC 3463. */
	text = dsn_split(output, "", given);
	if (given[0] == '4' || given[0] == '5')
		delivery_set(d, given, "%s", text);
	else if (*output != '\0')
		buf_addf(&d->reason, ". Command output: %s", output);
	if (*text != '\0')
		buf_sets(&d->diagnostic, text);
}

/* ---- the child ---- */

static void
set_environment(char *const *environment)
{
	command_environment();
	for (; environment != NULL && *environment != NULL; environment++)
		putenv(*environment);
}

static void
child_fails(const char *what, const char *name)
{
	struct buf text = BUF_INIT;

	buf_setf(&text, "%s: fatal: %s %s: %s\n", params.process_name, what,
	    name, strerror(errno));
	if (write(STDERR_FILENO, text.ptr, text.len) == -1)
		_exit(EX_OSERR);
	_exit(EX_TEMPFAIL);
}

static void
execute_line(const struct run_command *rc)
{
	char *copy = xstrdup(rc->line), *rest = copy, *word, **argv = NULL;
	const char *shell = rc->shell + strspn(rc->shell, " \t");
	size_t n = 0;

	if (*shell == '\0' &&
	    rc->line[strcspn(rc->line, SHELL_MAGIC)] == '\0') {
		while ((word = text_split(&rest, " \t\r\n")) != NULL) {
			argv = xreallocarray(argv, n + 2, sizeof(*argv));
			argv[n++] = word;
			argv[n] = NULL;
		}
		if (argv == NULL)
			_exit(0);
		execvp(argv[0], argv);
		/* A shell's own command ("exit 75") has no program file. */
		if (strchr(argv[0], '/') != NULL || errno != ENOENT)
			child_fails("execvp", argv[0]);
	}
	if (*shell == '\0') {
		execl("/bin/sh", "sh", "-c", rc->line, (char *)NULL);
		child_fails("execvp", "/bin/sh");
	}
	/* local_command_shell may carry words of its own. */
	free(argv);
	argv = NULL;
	n = 0;
	copy = rest = xstrdup(shell);
	while ((word = text_split(&rest, " \t")) != NULL) {
		argv = xreallocarray(argv, n + 3, sizeof(*argv));
		argv[n++] = word;
	}
	argv[n++] = xstrdup(rc->line);
	argv[n] = NULL;
	execvp(argv[0], argv);
	child_fails("execvp", argv[0]);
}

static void
run_child(const struct run_command *rc, int in, int out)
{
	setpgid(0, 0);
	if (dup2(in, STDIN_FILENO) == -1 || dup2(out, STDOUT_FILENO) == -1 ||
	    dup2(out, STDERR_FILENO) == -1)
		_exit(EX_OSERR);
	closefrom(3);
	signal(SIGPIPE, SIG_DFL);
	if (rc->chroot_dir != NULL && (chroot(rc->chroot_dir) == -1 ||
	    chdir("/") == -1))
		child_fails("cannot change root directory to",
		    rc->chroot_dir);
	if (!rights_drop(rc->uid, rc->gid))
		child_fails("cannot become", "the recipient");
	if (rc->cwd != NULL && chdir(rc->cwd) == -1)
		child_fails("cannot change directory to", rc->cwd);
	umask(077);
	set_environment(rc->environment);
	if (rc->argv != NULL) {
		execvp(rc->argv[0], rc->argv);
		child_fails("execvp", rc->argv[0]);
	}
	execute_line(rc);
}

/* ---- the parent ---- */

struct talk {
	struct message_copier	 copier;
	struct buf		 pending;	/* message bytes not yet written */
	size_t			 written;
	int			 more;		/* of message_copy_more */
	int			 to, from;	/* the child's standard input and output; -1: closed */
	struct buf		*output;
	int64_t			 deadline_ms;
};

static void
close_end(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

static void
feed(struct talk *t)
{
	ssize_t n;

	if (t->written == t->pending.len) {
		buf_reset(&t->pending);
		t->written = 0;
		if (t->more != 1) {
			close_end(&t->to);
			return;
		}
		if ((t->more = message_copy_more(&t->copier,
		    &t->pending)) == -1) {
			close_end(&t->to);
			return;
		}
	}
	n = write(t->to, t->pending.ptr + t->written,
	    t->pending.len - t->written);
	if (n > 0)
		t->written += (size_t)n;
	else if (n == -1 && errno != EINTR && errno != EAGAIN)
		close_end(&t->to);	/* it does not want to read: its exit status counts */
}

static void
drain(struct talk *t)
{
	char bytes[4096];
	ssize_t n = read(t->from, bytes, sizeof(bytes));

	if (n == 0 || (n == -1 && errno != EINTR && errno != EAGAIN))
		close_end(&t->from);
	else if (n > 0 && t->output->len < OUTPUT_MAX)
		buf_add(t->output, bytes,
		    (size_t)n > OUTPUT_MAX - t->output->len ?
		    OUTPUT_MAX - t->output->len : (size_t)n);
}

/* Until the child closed its output; false when time is up. */
static bool
talk(struct talk *t)
{
	while (t->from != -1) {
		struct pollfd fds[2] = { { t->from, POLLIN, 0 },
		    { t->to, POLLOUT, 0 } };
		int64_t left = t->deadline_ms - clock_mono_ms();
		int n;

		if (left <= 0)
			return false;
		n = poll(fds, t->to != -1 ? 2 : 1,
		    left > 60000 ? 60000 : (int)left);
		if (n == -1 && errno != EINTR)
			return false;
		if (n <= 0)
			continue;
		if (fds[0].revents != 0)
			drain(t);
		if (t->to != -1 && fds[1].revents != 0)
			feed(t);
	}
	return true;
}

static void
clean_output(struct buf *output)
{
	size_t i;

	for (i = 0; i < output->len; i++)
		if (isspace((unsigned char)output->ptr[i]) ||
		    output->ptr[i] == '\0')
			output->ptr[i] = ' ';
}

static void
converse(const struct run_command *rc, struct talk *t, pid_t pid,
    struct delivery *d)
{
	bool in_time;
	int status;

	in_time = talk(t);
	close_end(&t->to);
	close_end(&t->from);
	if (!in_time || !command_wait(pid, t->deadline_ms, &status)) {
		command_kill(pid);
		delivery_set(d, "5.3.0", "Command time limit exceeded: "
		    "\"%s\"", rc->shown);
		return;
	}
	clean_output(t->output);
	if (t->more == -1) {
		d->kind = OUTCOME_CORRUPT;
		return;
	}
	run_command_status(d, status, t->output->ptr, rc->shown);
}

void
run_command(struct agent_request *rq, const struct run_command *rc,
    struct delivery *d, struct buf *output)
{
	struct talk t = { .pending = BUF_INIT, .more = 1, .output = output };
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };
	pid_t pid;

	buf_reset(output);
	if (message_copy_start(&t.copier, rq, rc->copy, &t.pending) == -1) {
		d->kind = OUTCOME_CORRUPT;
		return;
	}
	if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1 ||
	    (pid = fork()) == -1) {
		delivery_set(d, "4.3.0", "cannot start command: %s",
		    strerror(errno));
		close_end(&in[0]);
		close_end(&in[1]);
		close_end(&out[0]);
		close_end(&out[1]);
		buf_done(&t.pending);
		return;
	}
	if (pid == 0)
		run_child(rc, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	setpgid(pid, pid);
	t.to = in[1];
	t.from = out[0];
	/* Writing must never wait while the child waits for us to read. */
	fcntl(t.to, F_SETFL, O_NONBLOCK);
	t.deadline_ms = clock_mono_ms() + (int64_t)rc->time_limit_s * 1000;
	signal(SIGPIPE, SIG_IGN);
	converse(rc, &t, pid, d);
	buf_done(&t.pending);
}
