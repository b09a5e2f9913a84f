/*
 * main.c - postqueue: list the queue, ask for delivery
 *
 * Runs set-gid, so that everybody can reach the showq and flush services;
 * authorized_mailq_users and authorized_flush_users say who may.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "classic.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/command.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_enter.h"
#include "lib/table/match_list.h"
#include "listing.h"
#include "request.h"

static const char usage_text[] =
    "usage: postqueue [-v] [-c config_dir] -f\n"
    "       postqueue [-v] [-c config_dir] -i queue_id\n"
    "       postqueue [-v] [-c config_dir] -j\n"
    "       postqueue [-v] [-c config_dir] -p\n"
    "       postqueue [-v] [-c config_dir] -s site\n";

struct request {
	int		 mode;		/* option letter, 0: none yet */
	const char	*argument;	/* of -i and -s */
	const char	*config_dir;
};

/* Whatever went wrong, the service is not available (4.1). */
static int
unavailable(void)
{
	return EX_UNAVAILABLE;
}

static void
usage(void)
{
	log_fatal("usage: postqueue -f | postqueue -i queueid | postqueue -j "
	    "| postqueue -p | postqueue -s site");
}

static void
read_options(int argc, char **argv, struct request *rq)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 1 },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "+c:fi:jps:v", longs,
	    NULL)) != -1) {
		switch (c) {
		case 'c':
			rq->config_dir = optarg;
			break;
		case 'f':
		case 'i':
		case 'j':
		case 'p':
		case 's':
			if (rq->mode != 0)
				usage();
			rq->mode = c;
			rq->argument = optarg;
			break;
		case 'v':
			if (geteuid() == 0)
				log_verbose++;
			break;
		case 1:
			fputs(usage_text, stdout);
			exit(0);
		default:
			usage();
		}
	}
	if (rq->mode == 0 || optind < argc)
		usage();
}

/* spec/services.md 4.2: root and mail_owner always, others by the list */
static void
check_user(const char *title, const char *list, const char *verb)
{
	struct match_list *ml;
	struct passwd *pw;
	uid_t uid = getuid();
	const char *name;
	bool may;

	if (uid == 0 || strcmp(list, "static:anyone") == 0)
		return;
	if ((pw = getpwnam(params.mail_owner)) != NULL && pw->pw_uid == uid)
		return;
	pw = getpwuid(uid);
	name = pw != NULL ? pw->pw_name : "unknown";
	ml = match_list_new(title, MATCH_STRING, list);
	may = match_list_find(ml, name, NULL) == TABLE_FOUND;
	if (!may)
		log_fatal("User %s(%ld) is not allowed to %s the mail queue",
		    name, (long)uid, verb);
	match_list_free(ml);
}

/* May this process read the queue directory itself? */
static bool
owns_queue(void)
{
	return geteuid() == 0 || params_is_private();
}

static void
list(int mode)
{
	struct classic c = { .out = stdout,
	    .has_long_ids = params.enable_long_queue_ids };
	listing_fn fn = mode == 'p' ? classic_text : classic_json;
	struct err err = ERR_INIT;

	switch (listing_from_showq(fn, &c, &err)) {
	case LISTING_DONE:
		break;
	case LISTING_DOWN:
		if (!owns_queue())
			log_fatal("Queue report unavailable - mail system is "
			    "down (%s)", err.text);
		log_warning("Mail system is down -- accessing queue directly "
		    "(%s)", err.text);
		if (queue_become_owner(&err) == -1)
			log_fatal("%s", err.text);
		listing_from_queue(fn, &c);
		break;
	default:
		fflush(stdout);
		log_fatal("%s", err.text);
	}
	if (mode == 'p')
		classic_text_end(&c);
	if (fflush(stdout) != 0 && errno != EPIPE)
		log_fatal("output write error: %s", strerror(errno));
}

int
main(int argc, char **argv)
{
	static char name[] = "postqueue";
	struct request rq = { 0, NULL, NULL };
	struct err err = ERR_INIT;

	if (argc > 0)
		argv[0] = name;
	command_start(argv);
	log_on_fatal(unavailable);
	signal(SIGPIPE, SIG_IGN);
	read_options(argc, argv, &rq);
	command_load(rq.config_dir, COMMAND_CLEAN_ENV);
	if (queue_enter(&err) == -1)
		log_fatal("%s", err.text);
	if (rq.mode == 'p' || rq.mode == 'j')
		check_user("authorized_mailq_users",
		    params.authorized_mailq_users, "view");
	else
		check_user("authorized_flush_users",
		    params.authorized_flush_users, "flush");
	switch (rq.mode) {
	case 'f':
		request_flush_all();
		break;
	case 'i':
		request_flush_message(rq.argument);
		break;
	case 's':
		request_flush_site(rq.argument);
		break;
	default:
		list(rq.mode);
		break;
	}
	return 0;
}
