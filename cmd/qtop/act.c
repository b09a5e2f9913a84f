/*
 * act.c - actions: the question, and doing what was confirmed
 *
 * Gathering may look at a million rows and doing may take minutes, so both
 * are jobs. Between them stands one pending thing: a plan, an edit or an undo,
 * which either is confirmed or dropped.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/qtop/act_internal.h"
#include "cmd/qtop/jobs.h"
#include "cmd/qtop/journal.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_act.h"
#include "lib/queue/queue_undo.h"

#define FAILURES_MAX	16384		/* bytes of them that are kept */
#define EDIT_WAIT_S	10

/* Something confirmed. */
struct run {
	struct job	 job;
	struct act	*a;
	enum what	 what;
	struct queue_plan *plan;
	struct queue_edit *edit;
	char		 token[QUEUE_TOKEN_SIZE];
	char		*select, *note;
	struct buf	 failures;
	struct queue_act_report report;
	struct err	 err;
	int		 rc;
};

struct act *
act_new(void)
{
	struct act *a = xcalloc(1, sizeof(*a));

	/* Here, where nobody has become mail_owner yet. */
	buf_init(&a->user);
	buf_init(&a->form);
	queue_journal_user(&a->user);
	return a;
}

static void
drop(struct act *a)
{
	queue_plan_free(a->plan);
	queue_edit_free(a->edit);
	queue_edit_free(a->asked_edit);
	free(a->select);
	a->plan = NULL;
	a->edit = a->asked_edit = NULL;
	a->select = NULL;
	a->what = WHAT_NONE;
}

void
act_free(struct act *a)
{
	drop(a);
	buf_done(&a->user);
	buf_done(&a->form);
	free(a);
}

void
act_dropped(struct model *m)
{
	drop(m->act);
}

bool
act_cancel(struct act *a)
{
	if (!atomic_load(&a->is_running))
		return false;
	atomic_store(&a->wants_stop, true);
	return true;
}

bool
act_progress(const struct act *a, size_t *done, size_t *total,
    const char **verb)
{
	*done = atomic_load(&a->done);
	*total = atomic_load(&a->total);
	*verb = a->verb;
	return atomic_load(&a->is_running);
}

/* ---- the question ---- */

bool
act_may(struct model *m)
{
	if (m->is_read_only)
		model_say(m, TONE_BAD, "read-only: %s", m->why_read_only);
	else if (atomic_load(&m->act->is_running))
		model_say(m, TONE_BAD, "another action is running; Esc stops "
		    "it");
	else
		return true;
	return false;
}

void
act_question(struct model *m, const char *title, size_t messages)
{
	struct confirm *q = &m->confirm;

	m->note[0] = '\0';
	q->is_open = true;
	snprintf(q->title, sizeof(q->title), "%s", title);
	q->number = messages > (size_t)m->settings.confirm_above ? messages :
	    0;
	q->top = 0;
	line_set(&q->line, "");
	m->wants_discard = true;
}

/* ---- doing ---- */

static void
note_failure(struct run *r, const char *id, const char *result,
    const char *why)
{
	if (r->failures.len < FAILURES_MAX) {
		buf_addf(&r->failures, "%s: %s", id, result);
		if (why != NULL && why[0] != '\0')
			buf_addf(&r->failures, ": %s", why);
		buf_addc(&r->failures, '\n');
	}
}

static bool
plan_step(const struct queue_act_step *s, void *ctx)
{
	struct run *r = ctx;

	atomic_store(&r->a->total, s->total);
	if (s->item != NULL) {
		atomic_store(&r->a->done, s->index + 1);
		if (s->result != QUEUE_RESULT_DONE)
			note_failure(r, s->item->what.id,
			    queue_result_name(s->result), s->why);
	}
	return !atomic_load(&r->a->wants_stop);
}

static bool
undo_step(const struct queue_undo_step *s, void *ctx)
{
	struct run *r = ctx;

	atomic_fetch_add(&r->a->done, 1);
	if (s->result != QUEUE_RESULT_DONE)
		note_failure(r, s->m->what.id, queue_result_name(s->result),
		    s->why);
	return !atomic_load(&r->a->wants_stop);
}

static void
run_edit(struct run *r)
{
	struct queue_edit_options o = { .user = r->a->user.ptr, .command = "qtop",
	    .select = r->select, .note = r->note, .wait_s = EDIT_WAIT_S };
	struct queue_edit_session *s;
	struct queue_edit_result out;
	struct err why = ERR_INIT;
	size_t i, n = queue_plan_count(r->plan);

	s = queue_edit_begin(r->edit, &o, n, &r->err);
	if (s == NULL) {
		r->rc = -1;
		return;
	}
	memset(&out, 0, sizeof(out));
	buf_init(&out.new_id);
	buf_init(&out.queue);
	buf_init(&out.lines);
	out.err = &why;
	for (i = 0; i < n && !atomic_load(&r->a->wants_stop); i++) {
		err_reset(&why);
		queue_edit_apply(s, &queue_plan_at(r->plan, i)->what, &out);
		r->report.counts[out.result]++;
		if (out.result != QUEUE_RESULT_DONE)
			note_failure(r, queue_plan_at(r->plan, i)->what.id,
			    queue_result_name(out.result), why.text);
		atomic_store(&r->a->done, i + 1);
	}
	r->report.was_stopped = i < n;
	snprintf(r->report.token, sizeof(r->report.token), "%s",
	    queue_edit_token(s));
	r->rc = queue_edit_end(s, &r->err);
	buf_done(&out.new_id);
	buf_done(&out.queue);
	buf_done(&out.lines);
}

static void
run_run(struct job *job)
{
	struct run *r = (struct run *)job;
	struct queue_act_options o = QUEUE_ACT_OPTIONS_INIT;

	/* A line a message, where all that happens to mail is told. */
	log_to(params.maillog_file[0] != '\0' ? LOG_TO_POSTLOG :
	    LOG_TO_SYSLOG);
	o.user = r->a->user.ptr;
	o.command = "qtop";
	o.select = r->select;
	o.note = r->note;
	if (r->what == WHAT_PLAN)
		r->rc = queue_act_run(r->plan, &o, plan_step, r, &r->report,
		    &r->err);
	else if (r->what == WHAT_UNDO)
		r->rc = queue_undo_run(r->token, NULL, false, &o, undo_step,
		    r, &r->report, &r->err);
	else
		run_edit(r);
	log_to(LOG_TO_STDERR);
	atomic_store(&r->a->is_running, false);
}

static void
say_result(struct model *m, const struct run *r)
{
	const size_t *n = r->report.counts;
	const char *done = r->what == WHAT_UNDO ? "put back" :
	    r->what == WHAT_EDIT ? "changed" :
	    queue_actions[queue_plan_action(r->plan)].done;
	struct buf text = BUF_INIT;
	int i;

	buf_addf(&text, "%zu %s", n[QUEUE_RESULT_DONE], done);
	for (i = QUEUE_RESULT_DONE + 1; i < QUEUE_RESULT_COUNT; i++)
		if (n[i] > 0)
			buf_addf(&text, ", %zu %s", n[i],
			    queue_result_name((enum queue_result)i));
	if (r->report.was_stopped)
		buf_adds(&text, ", stopped");
	if (r->failures.len > 0)
		buf_adds(&text, " (L lists them)");
	if (r->report.token[0] != '\0' && r->what != WHAT_UNDO &&
	    n[QUEUE_RESULT_DONE] > 0)
		buf_addf(&text, "; u undoes %s", r->report.token);
	if (r->report.warning[0] != '\0')
		buf_addf(&text, "; %s", r->report.warning);
	model_say(m, n[QUEUE_RESULT_FAILED] + n[QUEUE_RESULT_CHANGED] > 0 ?
	    TONE_BAD : TONE_GOOD, "%s", text.ptr);
	buf_done(&text);
}

static void
run_finish(struct job *job, struct model *m)
{
	struct run *r = (struct run *)job;

	if (m != NULL) {
		if (r->rc == -1)
			model_say(m, TONE_BAD, "%s", r->err.text);
		else
			say_result(m, r);
		if (r->failures.len > 0)
			buf_addf(&m->warnings, "--- %s\n%s", r->report.token,
			    r->failures.ptr);
		source_look(m->source);
		journal_load(m);
	}
	queue_plan_free(r->plan);
	queue_edit_free(r->edit);
	free(r->select);
	free(r->note);
	buf_done(&r->failures);
	free(r);
}

void
act_confirmed(struct model *m, const char *note)
{
	struct act *a = m->act;
	struct err err = ERR_INIT;
	struct run *r;

	if (a->what == WHAT_NONE)
		return;
	/* The queue directory is root's: only who called can make it. */
	if (queue_trash_prepare(&err) == -1) {
		model_say(m, TONE_BAD, "%s", err.text);
		drop(a);
		return;
	}
	/* What is deleted shall not be reported as tagged and gone. */
	if (a->what == WHAT_PLAN && a->is_all_tagged &&
	    queue_plan_action(a->plan) == QUEUE_ACT_DELETE) {
		queue_snapshot_lock(m->snapshot);
		queue_snapshot_untag_all(m->snapshot);
		queue_snapshot_unlock(m->snapshot);
	}
	r = xcalloc(1, sizeof(*r));
	r->job.run = run_run;
	r->job.finish = run_finish;
	r->a = a;
	r->what = a->what;
	r->plan = a->plan;
	r->edit = a->edit;
	r->select = a->select;
	r->note = xstrdup(note);
	memcpy(r->token, a->token, sizeof(r->token));
	buf_init(&r->failures);
	a->plan = NULL;
	a->edit = NULL;
	a->select = NULL;
	a->what = WHAT_NONE;
	a->verb = r->what == WHAT_UNDO ? "undo" : r->what == WHAT_EDIT ?
	    "edit" : queue_actions[queue_plan_action(r->plan)].name;
	atomic_store(&a->done, 0);
	atomic_store(&a->total, r->plan != NULL ? queue_plan_count(r->plan) :
	    0);
	atomic_store(&a->wants_stop, false);
	atomic_store(&a->is_running, true);
	model_say(m, TONE_INFO, "%s ...", a->verb);
	jobs_add(m->act_jobs, &r->job);
}
