/*
 * main.c - postdrop: put a submission into the maildrop queue
 *
 * The one set-gid program on the way in: whoever may execute it may hand mail
 * to the system, and nothing else. Called by sendmail, not by hand.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cmd/postdrop/drop.h"
#include "lib/base/log.h"
#include "lib/conf/command.h"
#include "lib/conf/params.h"
#include "lib/table/user_list.h"

static const char usage_text[] =
    "usage: postdrop [-c config_dir] [-v]\n"
    "       postdrop --help\n";

static int
on_fatal(void)
{
	drop_cleanup();
	return 1;
}

static void
on_signal(int sig)
{
	drop_cleanup();
	_exit(128 + sig);
}

static void
catch_signals(void)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	struct sigaction sa = { .sa_handler = on_signal }, old;
	size_t i;

	sigfillset(&sa.sa_mask);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		/* nohup stays nohup */
		if (sigaction(signals[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			sigaction(signals[i], &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);	/* writes fail with EFBIG instead */
}

static void
limit_file_size(void)
{
	struct rlimit limit;

	if (params.message_size_limit <= 0 ||
	    getrlimit(RLIMIT_FSIZE, &limit) == -1 ||
	    limit.rlim_cur <= (rlim_t)params.message_size_limit)
		return;
	limit.rlim_cur = (rlim_t)params.message_size_limit;
	setrlimit(RLIMIT_FSIZE, &limit);
}

int
main(int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "help", no_argument, NULL, 'H' },
		{ NULL, 0, NULL, 0 }
	};
	const char *config_dir = NULL, *login;
	int opt, verbose = 0;

	command_start(argv);
	log_on_fatal(on_fatal);
	while ((opt = getopt_long(argc, argv, "+c:rv", longopts,
	    NULL)) != -1) {
		switch (opt) {
		case 'c':
			config_dir = optarg;
			break;
		case 'r':		/* replies have long been the default */
			break;
		case 'v':
			verbose++;
			break;
		case 'H':
			fputs(usage_text, stdout);
			return 0;
		default:
			log_fatal("usage: postdrop [-c config_dir] [-v]");
		}
	}
	if (optind < argc)
		log_fatal("usage: postdrop [-c config_dir] [-v]");
	if (getuid() == 0)
		log_verbose += verbose;
	command_load(config_dir, COMMAND_CLEAN_ENV);
	if (chdir(params.queue_directory) == -1)
		log_fatal("chdir %s: %s", params.queue_directory,
		    strerror(errno));
	if (!user_list_allows("authorized_submit_users",
	    params.authorized_submit_users, &login))
		log_fatal("User %s(%ld) is not allowed to submit mail", login,
		    (long)getuid());
	limit_file_size();
	catch_signals();
	return drop_run() & 0xff;
}
