/*
 * trashed.c - posthorn_trash_classic: -d moves to the trash
 *
 * The IDs of the command line, of standard input, or ALL become one plan, and
 * that is carried out like --delete; what is said stays the same.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/postsuper/super.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/queue/queue_act.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_plan.h"
#include "lib/queue/queue_scan.h"

#define QUEUES_MAX	16

struct deletion {
	const char	*queues[QUEUES_MAX];	/* those of messages */
	struct queue_plan *plan;
	struct queue_field_context c;
	struct queue_message m;
};

static void
add_id(struct deletion *d, const char *id)
{
	size_t i;

	if (!queue_id_is_valid(id)) {
		log_warning("invalid mail queue id: %s", id);
		return;
	}
	for (i = 0; d->queues[i] != NULL; i++) {
		queue_message_begin(&d->m, d->queues[i], id, NULL, NULL);
		if (queue_message_want(&d->m, QUEUE_MESSAGE_ENVELOPE, NULL) !=
		    0 && queue_plan_add(d->plan, &d->c, NULL))
			return;
	}
}

static void
add_stdin(struct deletion *d)
{
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, stdin) > 0) {
		super_check_signal();
		line[strcspn(line, "\n")] = '\0';
		add_id(d, line);
	}
	free(line);
}

static void
add_all(struct deletion *d)
{
	struct queue_scan *qs = queue_scan_open(d->queues, 0);

	while (queue_scan_next(qs, &d->m)) {
		super_check_signal();
		queue_plan_add(d->plan, &d->c, NULL);
	}
	queue_scan_close(qs);
}

static void
run(struct deletion *d)
{
	struct queue_act_options o = QUEUE_ACT_OPTIONS_INIT;
	struct queue_act_report r;
	struct buf user = BUF_INIT;
	struct err err = ERR_INIT;

	queue_journal_user(&user);
	o.user = user.ptr;
	o.command = "postsuper";
	o.is_classic = true;
	if (queue_plan_count(d->plan) > 0) {
		if (queue_act_run(d->plan, &o, NULL, NULL, &r, &err) == -1)
			log_fatal("%s", err.text);
		super_counts.deleted += (long)r.counts[QUEUE_RESULT_DONE];
	}
	buf_done(&user);
}

void
super_trash(const char *const *queues, const char *id)
{
	struct deletion d = { .c = QUEUE_FIELD_CONTEXT_INIT };
	size_t i, n = 0;

	for (i = 0; queues[i] != NULL; i++) {
		if (!super_is_known_queue(queues[i]))
			log_fatal("invalid directory name: %s", queues[i]);
		if (super_is_message_queue(queues[i]) && n < QUEUES_MAX - 1)
			d.queues[n++] = queues[i];
	}
	d.plan = queue_plan_new(QUEUE_ACT_DELETE, clock_now(), false);
	d.c.m = &d.m;
	d.c.now = clock_now();
	queue_message_init(&d.m);
	if (strcmp(id, "ALL") == 0)
		add_all(&d);
	else if (strcmp(id, "-") == 0)
		add_stdin(&d);
	else
		add_id(&d, id);
	run(&d);
	queue_plan_free(d.plan);
	queue_message_done(&d.m);
	queue_field_context_done(&d.c);
}
