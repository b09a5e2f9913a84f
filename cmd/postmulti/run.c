/*
 * run.c - list instances, and run commands for them
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postmulti/postmulti.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/child.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"

/* The nth instance of a walk in either direction. */
static const struct instance *
at(const struct instances *all, size_t n, bool is_reversed)
{
	return &all->list[is_reversed ? all->count - 1 - n : n];
}

int
run_list(const struct instances *all, const struct choice *choice,
    bool is_reversed)
{
	const struct instance *i;
	size_t n;

	for (n = 0; n < all->count; n++) {
		i = at(all, n, is_reversed);
		if (instance_matches(i, choice))
			printf("%-15s %-15s %-9s %s\n",
			    *i->name != '\0' ? i->name : "-",
			    *i->group != '\0' ? i->group : "-",
			    i->is_enabled ? "y" : "n", i->config_directory);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}

static pid_t
start(char **argv, const struct instance *i, void (*prepare)(
    const struct instance *i))
{
	pid_t pid = fork();

	if (pid == -1)
		log_fatal("fork: %s", strerror(errno));
	if (pid == 0) {
		setenv("MAIL_CONFIG", i->config_directory, 1);
		if (prepare != NULL)
			prepare(i);
		execvp(argv[0], argv);
		log_fatal("execvp %s: %s", argv[0], strerror(errno));
	}
	return pid;
}

static void
put_environment(const struct instance *i)
{
	const char *path = getenv("PATH");
	struct buf longer = BUF_INIT;

	buf_setf(&longer, "%s%s%s", params.command_directory,
	    path != NULL ? ":" : "", path != NULL ? path : "");
	setenv("PATH", longer.ptr, 1);
	setenv("command_directory", params.command_directory, 1);
	setenv("daemon_directory", params.daemon_directory, 1);
	setenv("config_directory", i->config_directory, 1);
	setenv("queue_directory", i->queue_directory, 1);
	setenv("data_directory", i->data_directory, 1);
	setenv("multi_instance_name", i->name, 1);
	setenv("multi_instance_group", i->group, 1);
	setenv("multi_instance_enable", i->is_enabled ? "yes" : "no", 1);
	buf_done(&longer);
}

int
run_everywhere(const struct instances *all, const struct choice *choice,
    bool is_reversed, char **argv)
{
	const struct instance *i;
	bool any = false, has_failed = false;
	size_t n;

	for (n = 0; n < all->count; n++) {
		i = at(all, n, is_reversed);
		if (!instance_matches(i, choice))
			continue;
		any = true;
		has_failed |= child_wait(start(argv, i, put_environment)) != 0;
	}
	if (!any)
		log_fatal("No matching instances");
	return has_failed;
}

int
run_postfix(const struct instances *all, const struct choice *choice,
    char **argv)
{
	bool starts = text_list_has(params.postmulti_start_commands,
	    argv[0]);
	bool stops = text_list_has(params.postmulti_stop_commands, argv[0]);
	bool skips = stops ||
	    text_list_has(params.postmulti_control_commands, argv[0]);
	bool any = false, has_failed = false;
	struct buf path = BUF_INIT;
	const struct instance *i;
	char **call_argv;
	size_t n, count;

	buf_setf(&path, "%s/postfix", params.command_directory);
	for (count = 0; argv[count] != NULL; count++)
		;
	call_argv = xcalloc(count + 3, sizeof(*call_argv));
	call_argv[0] = path.ptr;
	call_argv[1] = (char *)"--";
	memcpy(call_argv + 2, argv, count * sizeof(*argv));
	for (n = 0; n < all->count; n++) {
		i = at(all, n, stops);
		if (!instance_matches(i, choice) ||
		    (skips && !i->is_enabled))
			continue;
		any = true;
		/* What will not be started can still be looked over. */
		call_argv[2] = starts && !i->is_enabled ? (char *)"check" :
		    argv[0];
		call_argv[3] = call_argv[2] == argv[0] ? argv[1] : NULL;
		has_failed |= child_wait(start(call_argv, i, NULL)) != 0;
	}
	free(call_argv);
	buf_done(&path);
	if (!any)
		log_fatal("No matching instances");
	return has_failed;
}
