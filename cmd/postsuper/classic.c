/*
 * classic.c - the short options: repair first, then each action in its turn
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/postsuper/super.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"

static const char *const default_queues[] = { "defer", "bounce", "maildrop",
    "incoming", "active", "deferred", "hold", "flush", NULL };

/* Half of the names changed: IDs that people hold may be wrong now. */
void
super_warn_incomplete(void)
{
	if (super_counts.repaired > 0)
		log_warning("OPERATION INCOMPLETE -- RERUN COMMAND TO FIX THE "
		    "QUEUE FIRST");
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
carry_out(const struct super_request *rq, const char *const *queues)
{
	const struct super_order *o;
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
		if (o->action == SUPER_DELETE && params.posthorn_trash_classic)
			super_trash(queues, o->id);
		else if (strcmp(o->id, "ALL") == 0)
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

void
super_run(const struct super_request *rq, const char *const *queues)
{
	carry_out(rq, queues[0] != NULL ? queues : default_queues);
	report(rq->asked);
}
