/*
 * main.c - postsuper: delete, hold, release, requeue, expire; repair
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/postsuper/super.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/command.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_enter.h"
#include "lib/queue/queue_id.h"

static const char usage_text[] =
    "usage: postsuper [-psSv] [-c config_dir] [-d queue_id] [-e queue_id]\n"
    "                 [-f queue_id] [-h queue_id] [-H queue_id] [-r queue_id]\n"
    "                 [queue ...]\n"
    "\n"
    "queue_id may be ALL, or - to read queue IDs from standard input.\n";

static const char *const default_queues[] = { "defer", "bounce", "maildrop",
    "incoming", "active", "deferred", "hold", "flush", NULL };

struct order {
	unsigned	 action;
	const char	*id;
};

struct request {
	const char	*config_dir;
	unsigned	 repair;	/* -p -s -S */
	unsigned	 asked;		/* all by-ID actions together */
	struct order	*orders;
	size_t		 count;
};

static volatile sig_atomic_t caught;

static void
note_signal(int sig)
{
	caught = sig;
}

/* Half of the names changed: IDs that people hold may be wrong now. */
static void
warn_incomplete(void)
{
	if (super_counts.repaired > 0)
		log_warning("OPERATION INCOMPLETE -- RERUN COMMAND TO FIX THE "
		    "QUEUE FIRST");
}

static int
fatal_exit(void)
{
	warn_incomplete();
	return 1;
}

void
super_check_signal(void)
{
	if (caught == 0)
		return;
	warn_incomplete();
	exit(caught);
}

static void
catch_signals(void)
{
	static const int always[] = { SIGINT, SIGQUIT };
	static const int unless_ignored[] = { SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = note_signal }, old;
	size_t i;

	for (i = 0; i < 2; i++)
		sigaction(always[i], &sa, NULL);
	for (i = 0; i < 2; i++) {
		sigaction(unless_ignored[i], NULL, &old);
		if (old.sa_handler != SIG_IGN)
			sigaction(unless_ignored[i], &sa, NULL);
	}
}

static void
usage(void)
{
	log_fatal("usage: postsuper [-c config_dir] [-d queue_id (delete)] "
	    "[-e queue_id (expire)] [-f queue_id (expire and/or un-hold)] "
	    "[-h queue_id (hold)] [-H queue_id (un-hold)] "
	    "[-p (purge temporary files)] [-r queue_id (requeue)] "
	    "[-s (structure fix)] [-S (redundant structure fix)]"
	    "[-v (verbose)] [queue...]");
}

static void
add_order(struct request *rq, unsigned action, const char *id)
{
	rq->orders = xreallocarray(rq->orders, rq->count + 1,
	    sizeof(*rq->orders));
	rq->orders[rq->count].action = action;
	rq->orders[rq->count++].id = id;
	rq->asked |= action;
}

static void
read_options(int argc, char **argv, struct request *rq)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 1 },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "+c:d:e:f:h:H:pr:sSv", longs,
	    NULL)) != -1) {
		switch (c) {
		case 'c':
			if (optarg[0] != '/')
				log_fatal("-c requires absolute pathname");
			rq->config_dir = optarg;
			break;
		case 'd': add_order(rq, SUPER_DELETE, optarg); break;
		case 'e': add_order(rq, SUPER_EXPIRE, optarg); break;
		case 'f': add_order(rq, SUPER_EXPIRE_RELEASE, optarg); break;
		case 'h': add_order(rq, SUPER_HOLD, optarg); break;
		case 'H': add_order(rq, SUPER_RELEASE, optarg); break;
		case 'r': add_order(rq, SUPER_REQUEUE, optarg); break;
		case 'p': rq->repair |= SUPER_PURGE; break;
		case 's': rq->repair |= SUPER_STRUCT; break;
		case 'S': rq->repair |= SUPER_STRUCT_ALL; break;
		case 'v': log_verbose++; break;
		case 1:
			fputs(usage_text, stdout);
			exit(0);
		default:
			usage();
		}
	}
	if (rq->repair == 0 && rq->count == 0)
		rq->repair = SUPER_PURGE | SUPER_STRUCT;
}

static void
act_on_stdin(const char *const *queues, unsigned action)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while ((len = getline(&line, &room, stdin)) > 0) {
		super_check_signal();
		if (line[len - 1] == '\n')
			line[--len] = '\0';
		act_on_id(queues, line, action);
	}
	super_check_signal();
	free(line);
}

static void
carry_out(const struct request *rq, const char *const *queues)
{
	const struct order *o;
	bool has_ids = false;
	size_t i;

	for (i = 0; i < rq->count; i++)
		has_ids |= strcmp(rq->orders[i].id, "ALL") != 0;
	if (rq->repair != 0) {
		sweep(queues, rq->repair);
		if (super_counts.mismatched > 0)
			sweep(queues, rq->repair);
		if (super_counts.mismatched > 0 && has_ids) {
			log_error("QUEUE FILE NAMES WERE CHANGED TO MATCH "
			    "INODE NUMBERS");
			log_fatal("CHECK YOUR QUEUE IDS AND RE-ISSUE THE "
			    "COMMAND");
		}
	}
	for (i = 0; i < rq->count; i++) {
		super_check_signal();
		o = &rq->orders[i];
		if (strcmp(o->id, "ALL") == 0)
			sweep(queues, o->action);
		else if (strcmp(o->id, "-") == 0)
			act_on_stdin(queues, o->action);
		else
			act_on_id(queues, o->id, o->action);
	}
}

static void
say(const char *what, long count)
{
	log_info("%s: %ld message%s", what, count, count == 1 ? "" : "s");
}

static void
report(unsigned asked)
{
	if (asked & SUPER_REQUEUE)
		say("Requeued", super_counts.requeued);
	if (asked & SUPER_DELETE)
		say("Deleted", super_counts.deleted);
	if (asked & SUPER_EXPIRE)
		say("Force-expired", super_counts.expired);
	if (asked & SUPER_HOLD)
		say("Placed on hold", super_counts.held);
	if (asked & SUPER_RELEASE)
		say("Released from hold", super_counts.released);
	if (super_counts.renamed > 0)
		say("Renamed to match inode number", super_counts.renamed);
	if (super_counts.mismatched > 0)
		log_warning("QUEUE FILE NAMES WERE CHANGED TO MATCH INODE "
		    "NUMBERS");
}

int
main(int argc, char **argv)
{
	struct request rq = { NULL, 0, 0, NULL, 0 };
	const char *const *queues = default_queues;
	struct err err = ERR_INIT;

	command_start(argv);
	log_on_fatal(fatal_exit);
	if (geteuid() != getuid() || getegid() != getgid())
		log_fatal("this command may not be set-uid or set-gid");
	read_options(argc, argv, &rq);
	catch_signals();
	command_load(rq.config_dir, COMMAND_KEEP_ENV);
	if (getuid() != 0 && !params_is_private())
		log_fatal("use of this command is reserved for the superuser");
	if (queue_enter(&err) == -1 || queue_become_owner(&err) == -1)
		log_fatal("%s", err.text);
	if (optind < argc)
		queues = (const char *const *)(argv + optind);
	carry_out(&rq, queues);
	report(rq.asked);
	free(rq.orders);
	return 0;
}
