/*
 * act_plan.c - what an action would do, found by a worker, as the question
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/qtop/act_internal.h"
#include "cmd/qtop/jobs.h"
#include "cmd/qtop/selection.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_act.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_select.h"

#define PREVIEWS	3		/* messages whose changes an edit shows */

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

static const char *
action_name(enum queue_action action, const struct queue_edit *e)
{
	return e != NULL ? "edit" : queue_actions[action].name;
}

static void
ask_about_hidden(struct model *m, struct gather *g)
{
	struct menu *menu = &m->menu;

	act_dropped(m);
	m->act->asked = g->action;
	m->act->asked_edit = g->edit;
	g->edit = NULL;
	memset(menu, 0, sizeof(*menu));
	menu->kind = MENU_SCOPE;
	snprintf(menu->title, sizeof(menu->title),
	    "%s: the filter hides tagged messages", action_name(m->act->asked,
	    m->act->asked_edit));
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

	act_dropped(m);
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
	act_question(m, title.ptr, totals.messages);
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
		    "are gone", action_name(g->action, g->edit));
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
new_gather(struct model *m, enum queue_action action, enum act_scope scope,
    struct queue_edit *e)
{
	struct gather *g = xcalloc(1, sizeof(*g));
	const struct group *group = model_group(m);
	struct buf text = BUF_INIT, own = BUF_INIT;

	g->job.run = gather_run;
	g->job.finish = gather_finish;
	g->s = m->snapshot;
	g->action = action;
	g->scope = scope;
	g->edit = e;
	g->now = m->now;
	g->is_tagged = !m->reader.is_open && act_tagged(m) > 0;
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

void
act_begin(struct model *m, enum queue_action action, enum act_scope scope)
{
	const char *what;

	if (!act_may(m))
		return;
	if (act_scope_count(m, &what) == 0) {
		model_say(m, TONE_INFO, "no message is meant");
		return;
	}
	model_say(m, TONE_INFO, "looking at what %s would do ...",
	    queue_actions[action].name);
	jobs_add(m->act_jobs, &new_gather(m, action, scope, NULL)->job);
}

void
act_edit(struct model *m, enum queue_edit_op op, const char *arg)
{
	struct queue_edit *e = queue_edit_new();
	struct err err = ERR_INIT;
	const char *what;

	if (!act_may(m) || act_scope_count(m, &what) == 0) {
		queue_edit_free(e);
	} else if (queue_edit_add(e, op, arg, &err) == -1) {
		model_say(m, TONE_BAD, "%s", err.text);
		queue_edit_free(e);
	} else {
		jobs_add(m->act_jobs, &new_gather(m, QUEUE_ACT_FLUSH, ACT_ASK,
		    e)->job);
	}
}

void
act_edit_one(struct model *m, const struct view_entry *entry,
    struct queue_edit *e)
{
	struct gather *g = new_gather(m, QUEUE_ACT_FLUSH, ACT_ASK, e);

	free(g->expression);
	g->expression = NULL;
	g->is_tagged = false;
	g->entry = *entry;
	jobs_add(m->act_jobs, &g->job);
}

void
act_scoped(struct model *m, enum act_scope scope)
{
	struct queue_edit *e = m->act->asked_edit;

	m->act->asked_edit = NULL;
	jobs_add(m->act_jobs, &new_gather(m, m->act->asked, scope, e)->job);
}
