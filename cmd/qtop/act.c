/*
 * act.c - actions: whom they concern, the plan as the question, doing, undoing
 *
 * Gathering may look at a million rows and doing may take minutes, so both
 * are jobs. Between them stands one pending thing: a plan, an edit or an undo,
 * which either is confirmed or dropped.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/act.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/qtop/jobs.h"
#include "cmd/qtop/journal.h"
#include "cmd/qtop/model.h"
#include "cmd/qtop/selection.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_act.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_select.h"
#include "lib/queue/queue_trash.h"
#include "lib/queue/queue_undo.h"

#define PREVIEWS	3		/* messages whose changes an edit shows */
#define FAILURES_MAX	16384		/* bytes of them that are kept */
#define EDIT_WAIT_S	10

enum what { WHAT_NONE, WHAT_PLAN, WHAT_EDIT, WHAT_UNDO };

struct act {
	/* Waits for an answer. */
	enum what	 what;
	struct queue_plan *plan;	/* WHAT_EDIT: for its identities */
	struct queue_edit *edit;
	char		 token[QUEUE_TOKEN_SIZE];
	char		*select;
	bool		 is_all_tagged;	/* it means all that is tagged */
	struct buf	 user;		/* who is behind all this */
	/* Runs. */
	atomic_bool	 is_running, wants_stop;
	atomic_size_t	 done, total;
	const char	*verb;
};

/* Whom something concerns. */
struct gather {
	struct job	 job;
	struct queue_snapshot *s;
	enum queue_action action;
	enum act_scope	 scope;
	bool		 is_tagged;
	struct view_entry entry;	/* a row, if there is no expression */
	char		*expression;	/* a group, with the filter */
	char		*filter;
	time_t		 now;
	struct queue_edit *edit;
	/* Found. */
	struct queue_plan *plan;
	struct buf	 text;
	size_t		 shown, hidden, untellable, arriving;
	char		 error[512];
};

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
	queue_journal_user(&a->user);
	return a;
}

static void
drop_pending(struct act *a)
{
	queue_plan_free(a->plan);
	queue_edit_free(a->edit);
	free(a->select);
	a->plan = NULL;
	a->edit = NULL;
	a->select = NULL;
	a->what = WHAT_NONE;
}

void
act_free(struct act *a)
{
	drop_pending(a);
	buf_done(&a->user);
	free(a);
}

void
act_dropped(struct model *m)
{
	drop_pending(m->act);
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

/* ---- whom ---- */

static size_t
tagged(struct model *m)
{
	size_t gone, n;

	queue_snapshot_lock(m->snapshot);
	n = queue_snapshot_tagged(m->snapshot, &gone);
	queue_snapshot_unlock(m->snapshot);
	return n;
}

size_t
act_scope_count(struct model *m, const char **what)
{
	struct view_entry entry;
	const struct group *g;
	size_t n = tagged(m);

	*what = "message: the one that is open";
	if (m->reader.is_open)
		return 1;
	*what = n == 1 ? "tagged message" : "tagged messages";
	if (n > 0)
		return n;
	if ((g = model_group(m)) != NULL) {
		*what = g->messages == 1 ? "message: this group" :
		    "messages: this group";
		return g->messages;
	}
	*what = "message: the one under the cursor";
	return model_entry(m, &entry) ? 1 : 0;
}

static void
gather_one(struct gather *g, struct queue_field_context *c,
    const struct queue_select *select)
{
	struct err err = ERR_INIT;

	if (c->m->is_told) {
		g->untellable++;
		return;
	}
	if (c->m->may_arrive) {		/* nobody's but its writer's */
		g->arriving++;
		return;
	}
	queue_plan_add(g->plan, c, select);
	if (g->edit != NULL && queue_plan_count(g->plan) <= PREVIEWS) {
		buf_addf(&g->text, "%s\n", c->m->id);
		switch (queue_edit_preview(g->edit, c, &g->text, &err)) {
		case QUEUE_RESULT_NOTHING:
			buf_adds(&g->text, "  nothing would change\n");
			break;
		case QUEUE_RESULT_DONE:
			break;
		default:
			buf_addf(&g->text, "  %s\n", err.text);
			break;
		}
	}
}

/* Is it meant, and is it among what the filter shows? */
static bool
is_meant(const struct gather *g, const struct queue_row *row, uint32_t slot)
{
	if (g->is_tagged)
		return row->is_tagged;
	if (g->expression != NULL)
		return true;
	return slot == g->entry.slot && row->serial == g->entry.serial;
}

static void
gather_rows(struct gather *g, const struct queue_select *filter)
{
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	struct queue_message message;
	const struct queue_row *row;
	uint32_t slot, slots;
	bool is_in;

	queue_message_init(&message);
	c.m = &message;
	c.now = g->now;
	queue_snapshot_lock(g->s);
	slots = queue_snapshot_slots(g->s);
	for (slot = 0; slot < slots; slot++) {
		row = queue_snapshot_row(g->s, slot);
		is_in = row != NULL && is_meant(g, row, slot);
		if (is_in)
			queue_snapshot_message(g->s, row, &message);
		if (is_in || slot % 1024 == 0) {
			queue_snapshot_unlock(g->s);
			if (is_in) {
				is_in = filter == NULL || queue_select_eval(
				    filter, &c) == SELECT_YES;
				g->shown += is_in;
				g->hidden += !is_in;
				if (is_in || (g->is_tagged &&
				    g->scope != ACT_TAGGED_SHOWN))
					gather_one(g, &c, filter);
			}
			queue_snapshot_lock(g->s);
		}
	}
	queue_snapshot_unlock(g->s);
	queue_message_done(&message);
	queue_field_context_done(&c);
}

static void
gather_run(struct job *job)
{
	struct gather *g = (struct gather *)job;
	const char *text = g->expression != NULL ? g->expression :
	    g->is_tagged ? g->filter : "";
	struct queue_select *filter = NULL;
	struct err err = ERR_INIT;

	if (text[0] != '\0' &&
	    (filter = selection_parse(text, g->now, &err)) == NULL) {
		snprintf(g->error, sizeof(g->error), "%s", err.text);
		return;
	}
	g->plan = queue_plan_new(g->action, g->now, true);
	gather_rows(g, filter);
	queue_select_free(filter);
}

/* ---- the question ---- */

static void
open_confirm(struct model *m, const char *title, size_t messages)
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

static void
ask_about_hidden(struct model *m, const struct gather *g)
{
	struct menu *menu = &m->menu;

	memset(menu, 0, sizeof(*menu));
	menu->kind = MENU_SCOPE;
	menu->value = (int)g->action;
	snprintf(menu->title, sizeof(menu->title),
	    "%s: the filter hides tagged messages", queue_actions[
	    g->action].name);
	snprintf(menu->items[0].text, sizeof(menu->items[0].text),
	    "shown only: %zu", g->shown);
	menu->items[0].value = ACT_TAGGED_SHOWN;
	snprintf(menu->items[1].text, sizeof(menu->items[1].text),
	    "all tagged: %zu", g->shown + g->hidden);
	menu->items[1].value = ACT_TAGGED_ALL;
	snprintf(menu->items[2].text, sizeof(menu->items[2].text), "none");
	menu->items[2].value = -1;
	menu->count = 3;
	menu->at = 2;
	m->wants_discard = true;
}

static void
take_plan(struct model *m, struct gather *g)
{
	struct act *a = m->act;
	struct confirm *q = &m->confirm;
	struct queue_act_options options = QUEUE_ACT_OPTIONS_INIT;
	struct queue_plan_totals totals;
	struct buf title = BUF_INIT;

	drop_pending(a);
	a->is_all_tagged = g->is_tagged && (g->hidden == 0 ||
	    g->scope == ACT_TAGGED_ALL);
	a->what = g->edit != NULL ? WHAT_EDIT : WHAT_PLAN;
	a->plan = g->plan;
	a->edit = g->edit;
	a->select = xstrdup(g->expression != NULL ? g->expression :
	    g->is_tagged ? "tagged" : "");
	g->plan = NULL;
	g->edit = NULL;
	queue_plan_total(a->plan, &totals);
	buf_reset(&q->text);
	if (a->what == WHAT_EDIT) {
		buf_adds(&q->text, "change   ");
		queue_edit_describe(a->edit, &q->text);
		buf_addf(&q->text, "\nmessages %zu\n%s", totals.messages,
		    g->text.ptr);
		if (totals.messages > PREVIEWS)
			buf_addf(&q->text, "... and %zu more\n",
			    totals.messages - PREVIEWS);
		buf_adds(&q->text, "undo     the originals go to the trash; "
		    "signatures (DKIM) may break\n");
	} else {
		queue_plan_print(a->plan, &q->text);
		queue_act_promise(a->plan, &options, clock_now(), &q->text);
	}
	buf_addf(&title, "%s %zu message%s?", a->what == WHAT_EDIT ? "Change" :
	    queue_actions[g->action].name, totals.messages,
	    totals.messages == 1 ? "" : "s");
	open_confirm(m, title.ptr, totals.messages);
	buf_done(&title);
}

static void
gather_finish(struct job *job, struct model *m)
{
	struct gather *g = (struct gather *)job;
	struct queue_plan_totals totals = { 0 };

	if (m != NULL && g->plan != NULL)
		queue_plan_total(g->plan, &totals);
	if (m == NULL)
		;
	else if (g->error[0] != '\0')
		model_say(m, TONE_BAD, "%s", g->error);
	else if (g->untellable > 0)
		model_say(m, TONE_BAD, "needs direct access to the queue");
	else if (g->scope == ACT_ASK && g->is_tagged && g->hidden > 0)
		ask_about_hidden(m, g);
	else if (totals.messages == 0 && g->arriving > 0)
		model_say(m, TONE_INFO, "still being written: nothing can be "
		    "done to it yet");
	else if (totals.messages == 0)
		model_say(m, TONE_INFO, totals.idle > 0 ? "%s: nothing to "
		    "do, it is so already" : "%s: no message is meant, or all "
		    "are gone", g->edit != NULL ? "edit" :
		    queue_actions[g->action].name);
	else
		take_plan(m, g);
	queue_plan_free(g->plan);
	queue_edit_free(g->edit);
	free(g->expression);
	free(g->filter);
	buf_done(&g->text);
	free(g);
}

static struct gather *
new_gather(struct model *m, enum queue_action action, enum act_scope scope)
{
	struct gather *g = xcalloc(1, sizeof(*g));
	const struct group *group = model_group(m);
	struct buf text = BUF_INIT, own = BUF_INIT;

	g->job.run = gather_run;
	g->job.finish = gather_finish;
	g->s = m->snapshot;
	g->action = action;
	g->scope = scope;
	g->now = m->now;
	g->is_tagged = !m->reader.is_open && tagged(m) > 0;
	g->filter = xstrdup(m->filter);
	buf_init(&g->text);
	if (!g->is_tagged && group != NULL && !m->reader.is_open) {
		model_expression(m, group, &own);
		model_join(&text, m->filter, own.ptr);
		g->expression = buf_take(&text);
	} else if (!g->is_tagged) {
		model_entry(m, &g->entry);
	}
	buf_done(&own);
	return g;
}

/* May anything be done at all, and now? */
static bool
may_act(struct model *m)
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
act_begin(struct model *m, enum queue_action action, enum act_scope scope)
{
	const char *what;

	if (!may_act(m))
		return;
	if (act_scope_count(m, &what) == 0) {
		model_say(m, TONE_INFO, "no message is meant");
		return;
	}
	model_say(m, TONE_INFO, "looking at what %s would do ...",
	    queue_actions[action].name);
	jobs_add(m->act_jobs, &new_gather(m, action, scope)->job);
}

void
act_edit(struct model *m, enum queue_edit_op op, const char *arg)
{
	struct err err = ERR_INIT;
	struct gather *g;
	const char *what;

	if (!may_act(m) || act_scope_count(m, &what) == 0)
		return;
	g = new_gather(m, QUEUE_ACT_FLUSH, ACT_TAGGED_SHOWN);
	g->edit = queue_edit_new();
	if (queue_edit_add(g->edit, op, arg, &err) == -1) {
		model_say(m, TONE_BAD, "%s", err.text);
		gather_finish(&g->job, NULL);
		return;
	}
	jobs_add(m->act_jobs, &g->job);
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
		drop_pending(a);
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

/* ---- undoing ---- */

struct undo {
	struct job	 job;
	char		 token[QUEUE_TOKEN_SIZE], action[QUEUE_UNDO_NAME];
	bool		 is_last;
	size_t		 counts[QUEUE_RESULT_COUNT];
	struct buf	 text;
	size_t		 listed;
	struct err	 err;
	int		 rc;
};

static bool
list_undo(const struct queue_undo_step *s, void *ctx)
{
	struct undo *u = ctx;

	u->counts[s->result]++;
	if (u->listed++ < 10) {
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
	struct queue_act_report report;
	char token[QUEUE_TOKEN_SIZE];

	o.command = "qtop";
	u->rc = queue_undo_find(u->is_last ? "last" : u->token, token,
	    u->action, &u->err);
	if (u->rc == -1)
		return;
	memcpy(u->token, token, sizeof(token));
	u->rc = queue_undo_run(u->token, NULL, true, &o, list_undo, u,
	    &report, &u->err);
}

static void
undo_finish(struct job *job, struct model *m)
{
	struct undo *u = (struct undo *)job;
	struct buf title = BUF_INIT;
	size_t n = u->counts[QUEUE_RESULT_DONE];

	if (m == NULL) {
		;
	} else if (u->rc == -1) {
		model_say(m, TONE_BAD, "%s", u->err.text);
	} else if (n == 0) {
		model_say(m, TONE_BAD, "nothing of %s can be undone%s",
		    u->token, u->listed > 0 ? " (L tells why)" : "");
		buf_adds(&m->warnings, u->text.ptr);
	} else {
		drop_pending(m->act);
		m->act->what = WHAT_UNDO;
		memcpy(m->act->token, u->token, sizeof(u->token));
		buf_setf(&m->confirm.text, "undo     %s of %s\nmessages %zu",
		    u->action, u->token, n);
		if (u->listed > n)
			buf_addf(&m->confirm.text, " of %zu", u->listed);
		buf_addf(&m->confirm.text, "\n%s", u->text.ptr);
		if (u->listed > 10)
			buf_adds(&m->confirm.text, "  ...\n");
		buf_addf(&title, "Undo %s of %zu message%s?", u->action, n,
		    n == 1 ? "" : "s");
		open_confirm(m, title.ptr, 0);
		buf_done(&title);
	}
	buf_done(&u->text);
	free(u);
}

void
act_undo(struct model *m, const char *token)
{
	struct undo *u;

	if (!may_act(m))
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

/* ---- IDs for others ---- */

static void
add_id(struct model *m, const struct queue_row *row, struct buf *out)
{
	buf_adds(out, queue_snapshot_text(m->snapshot, row->id));
	buf_addc(out, '\n');
}

size_t
act_ids(struct model *m, bool is_all, struct buf *out)
{
	const struct view *v = m->shown[SCREEN_MESSAGES];
	const struct queue_row *row;
	struct view_entry entry;
	size_t n = tagged(m), i, count = 0;
	uint32_t slot;

	queue_snapshot_lock(m->snapshot);
	if (n > 0) {
		for (slot = 0; slot < queue_snapshot_slots(m->snapshot);
		    slot++) {
			row = queue_snapshot_row(m->snapshot, slot);
			if (row == NULL || !row->is_tagged)
				continue;
			add_id(m, row, out);
			count++;
		}
	} else if (is_all && v != NULL && m->screen == SCREEN_MESSAGES) {
		for (i = 0; i < v->count; i++) {
			row = queue_snapshot_row(m->snapshot,
			    v->entries[i].slot);
			if (row == NULL || row->serial !=
			    v->entries[i].serial)
				continue;
			add_id(m, row, out);
			count++;
		}
	} else if (model_entry(m, &entry)) {
		row = queue_snapshot_row(m->snapshot, entry.slot);
		if (row != NULL && row->serial == entry.serial) {
			add_id(m, row, out);
			count++;
		}
	}
	queue_snapshot_unlock(m->snapshot);
	return count;
}
