/*
 * main.c - postlock: run a command while a mail folder is locked
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/command.h"
#include "lib/conf/params.h"
#include "lib/mail/mbox_lock.h"

#define USAGE	"[-c config_dir] [-l lock_style] [-v] folder command..."

static int
tempfail(void)
{
	return EX_TEMPFAIL;
}

/* As a shell's "command not found", this is the command's end and not ours. */
static int
not_run(void)
{
	return 1;
}

static pid_t
fork_patiently(void)
{
	pid_t pid;
	int i;

	for (i = 1; (pid = fork()) == -1 && i < params.fork_attempts; i++) {
		log_warning("fork: %s", strerror(errno));
		sleep((unsigned)params.fork_delay);
	}
	if (pid == -1)
		log_fatal("fork: %s", strerror(errno));
	return pid;
}

static int
run(char **argv)
{
	pid_t pid = fork_patiently();
	int status;

	if (pid == 0) {
		execvp(argv[0], argv);
		log_on_fatal(not_run);
		log_fatal("execvp %s: %s", argv[0], strerror(errno));
	}
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			log_fatal("waitpid: %s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	const char *config_dir = NULL, *style = NULL, *folder;
	struct mbox_lock_how how = { .styles = 0 };
	struct mbox_lock lock;
	struct err err = ERR_INIT;
	int ch, status;

	command_start(argv);
	log_open(argv[0], LOG_TO_STDERR);
	log_on_fatal(tempfail);
	while ((ch = getopt_long(argc, argv, "+c:l:v", options,
	    NULL)) != -1) {
		switch (ch) {
		case 'c': config_dir = optarg; break;
		case 'l': style = optarg; break;
		case 'v': log_verbose++; break;
		case 'h':
			puts("usage: postlock " USAGE);
			return 0;
		default: log_fatal("usage: %s " USAGE, argv[0]);
		}
	}
	if (argc - optind < 2)
		log_fatal("usage: %s " USAGE, argv[0]);
	command_load(config_dir, COMMAND_KEEP_ENV);
	how.attempts = params.deliver_lock_attempts;
	how.delay_s = params.deliver_lock_delay;
	how.stale_s = params.stale_lock_time;
	folder = argv[optind];
	if (mbox_lock_styles("mailbox_delivery_lock", style != NULL ? style :
	    params.mailbox_delivery_lock, &how.styles, &err) == -1)
		log_fatal("%s", err.text);
	if (mbox_lock_open(&lock, folder, &how, &err) == -1)
		log_fatal("open file %s: %s", folder, err.text);
	status = run(argv + optind + 1);
	mbox_lock_close(&lock);
	return status;
}
