/*
 * main.c - postsuper: delete, hold, release, requeue, expire; repair
 *
 * Short options are the classic ones and go to classic.c; long ones are new
 * and go to bulk.c, look.c and what stands beside them. The two do not mix.
 *
 * SPDX-License-Identifier: ISC
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/postsuper/options.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/command.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_enter.h"
#include "lib/queue/queue_trash.h"

static volatile sig_atomic_t caught;

static void
note_signal(int sig)
{
	caught = sig;
	bulk_stop = 1;
}

static int
fatal_exit(void)
{
	super_warn_incomplete();
	return BULK_FATAL;
}

bool
super_has_signal(void)
{
	return caught != 0;
}

void
super_check_signal(void)
{
	if (!super_has_signal())
		return;
	super_warn_incomplete();
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

/* What needs the caller's rights, the way into the queue, and its owner's rights. */
static void
prepare(struct super_options *o)
{
	struct err err = ERR_INIT;
	bool is_long = o->run != NULL;

	if (getuid() != 0 && !params_is_private())
		log_fatal("use of this command is reserved for the superuser");
	if (is_long)
		bulk_prepare(&o->bulk);
	if (o->bulk.edit != NULL)
		edit_prepare(&o->edit);
	if (queue_enter(&err) == -1)
		log_fatal("%s", err.text);
	/* Not everything needs it; what does will say so. */
	if ((is_long || params.posthorn_trash_classic) &&
	    queue_trash_prepare(&err) == -1)
		log_warning("%s", err.text);
	/*
	 * While nobody serves the log file we write to it. The new actions
	 * have their journal: they never end half way for it.
	 */
	params_log(LOG_TO_STDERR, true);
	if (!is_long)
		log_needs_file();
	params_log_json(false);
	if (queue_become_owner(&err) == -1)
		log_fatal("%s", err.text);
}

int
main(int argc, char **argv)
{
	struct super_options o = SUPER_OPTIONS_INIT;
	int status = 0;

	command_start(argv);
	log_on_fatal(fatal_exit);
	if (geteuid() != getuid() || getegid() != getgid())
		log_fatal("this command may not be set-uid or set-gid");
	super_options_read(argc, argv, &o);
	catch_signals();
	command_load(o.config_dir, COMMAND_KEEP_ENV);
	prepare(&o);
	if (o.run != NULL)
		status = (int)o.run(&o.bulk);
	else
		super_run(&o.classic, o.queues);
	bulk_done(&o.bulk);
	super_options_done(&o);
	return status;
}
