/*
 * act_undo.c - what taking an action back would do, as the question
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/qtop/act_internal.h"
#include "cmd/qtop/jobs.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_act.h"
#include "lib/queue/queue_undo.h"

#define LISTED		10		/* messages */

struct undo {
	struct job	 job;
	char		 token[QUEUE_TOKEN_SIZE], action[QUEUE_UNDO_NAME];
	bool		 is_last;
	struct queue_act_report report;
	struct buf	 text;
	size_t		 listed;
	struct err	 err;
	int		 rc;
};

static bool
list_undo(const struct queue_undo_step *s, void *ctx)
{
	struct undo *u = ctx;

	if (u->listed++ < LISTED) {
		buf_addf(&u->text, "  %s", s->m->what.id);
		if (s->result == QUEUE_RESULT_DONE)
			buf_addf(&u->text, " to %s\n", s->queue != NULL ?
			    s->queue : s->m->what.queue);
		else
			buf_addf(&u->text, ": %s: %s\n", queue_result_name(
			    s->result), s->why != NULL ? s->why : "");
	}
	return true;
}

static void
undo_run(struct job *job)
{
	struct undo *u = (struct undo *)job;
	struct queue_act_options o = QUEUE_ACT_OPTIONS_INIT;
	char token[QUEUE_TOKEN_SIZE];

	o.command = "qtop";
	u->rc = queue_undo_find(u->is_last ? "last" : u->token, token,
	    u->action, &u->err);
	if (u->rc == -1)
		return;
	memcpy(u->token, token, sizeof(token));
	u->rc = queue_undo_run(u->token, NULL, true, &o, list_undo, u,
	    &u->report, &u->err);
}

static void
undo_finish(struct job *job, struct model *m)
{
	struct undo *u = (struct undo *)job;
	struct buf title = BUF_INIT;
	size_t n = u->report.counts[QUEUE_RESULT_DONE];

	if (m == NULL) {
		;
	} else if (u->rc == -1) {
		model_say(m, TONE_BAD, "%s", u->err.text);
	} else if (n == 0) {
		model_say(m, TONE_BAD, "nothing of %s can be undone%s",
		    u->token, u->listed > 0 ? " (L tells why)" : "");
		buf_adds(&m->warnings, u->text.ptr);
	} else {
		act_dropped(m);
		m->act->what = WHAT_UNDO;
		memcpy(m->act->token, u->token, sizeof(u->token));
		buf_setf(&m->confirm.text, "undo     %s of %s\nmessages %zu",
		    u->action, u->token, n);
		if (u->listed > n)
			buf_addf(&m->confirm.text, " of %zu", u->listed);
		buf_addf(&m->confirm.text, "\n%s", u->text.ptr);
		if (u->listed > LISTED)
			buf_adds(&m->confirm.text, "  ...\n");
		if (u->report.warning[0] != '\0')
			buf_addf(&m->confirm.text, "note     %s\n",
			    u->report.warning);
		buf_addf(&title, "Undo %s of %zu message%s?", u->action, n,
		    n == 1 ? "" : "s");
		act_question(m, title.ptr, 0);
		buf_done(&title);
	}
	buf_done(&u->text);
	free(u);
}

void
act_undo(struct model *m, const char *token)
{
	struct undo *u;

	if (!act_may(m))
		return;
	u = xcalloc(1, sizeof(*u));
	u->job.run = undo_run;
	u->job.finish = undo_finish;
	u->is_last = token == NULL;
	buf_init(&u->text);
	if (token != NULL)
		snprintf(u->token, sizeof(u->token), "%s", token);
	jobs_add(m->act_jobs, &u->job);
}
