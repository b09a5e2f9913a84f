/*
 * tags.c - many tags at once
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>

#include "cmd/qtop/do.h"
#include "cmd/qtop/jobs.h"
#include "cmd/qtop/selection.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_select.h"

#define SLICE_MS	10	/* then keys are looked for */

struct tagging {
	struct job	 job;
	struct queue_snapshot *s;
	struct queue_select *select;	/* NULL: all */
	bool		 is_tagged;
	time_t		 now;
	size_t		 count, unknown;
};

static void
tag_run(struct job *job)
{
	struct tagging *t = (struct tagging *)job;
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	enum queue_select_result result;
	struct queue_message message;
	const struct queue_row *row;
	uint32_t slot, slots, serial;

	queue_message_init(&message);
	c.m = &message;
	c.now = t->now;
	queue_snapshot_lock(t->s);
	slots = queue_snapshot_slots(t->s);
	for (slot = 0; slot < slots; slot++) {
		if ((row = queue_snapshot_row(t->s, slot)) == NULL)
			continue;
		serial = row->serial;
		queue_snapshot_message(t->s, row, &message);
		/* The lock is not held while a message is judged. */
		queue_snapshot_unlock(t->s);
		result = t->select == NULL ? SELECT_YES :
		    queue_select_eval(t->select, &c);
		queue_snapshot_lock(t->s);
		t->count += result == SELECT_YES;
		t->unknown += result == SELECT_UNKNOWN;
		row = queue_snapshot_row(t->s, slot);
		if (result == SELECT_YES && row != NULL &&
		    row->serial == serial)
			queue_snapshot_tag(t->s, slot, t->is_tagged);
	}
	queue_snapshot_unlock(t->s);
	queue_message_done(&message);
	queue_field_context_done(&c);
}

static void
tag_finish(struct job *job, struct model *m)
{
	struct tagging *t = (struct tagging *)job;

	if (m != NULL) {
		if (t->unknown > 0)
			model_say(m, TONE_BAD, "%zu %s; %zu could not be "
			    "judged", t->count, t->is_tagged ? "tagged" :
			    "untagged", t->unknown);
		else
			model_say(m, TONE_GOOD, "%zu %s", t->count,
			    t->is_tagged ? "tagged" : "untagged");
		model_ask(m);
	}
	queue_select_free(t->select);
	free(t);
}

void
tags_by_expression(struct model *m, const char *expression, bool is_tagged)
{
	struct tagging *t = xcalloc(1, sizeof(*t));
	struct err err = ERR_INIT;

	t->job.run = tag_run;
	t->job.finish = tag_finish;
	t->s = m->snapshot;
	t->is_tagged = is_tagged;
	t->now = m->now;
	if (expression[0] != '\0' && (t->select = selection_parse(expression,
	    m->now, &err)) == NULL) {
		model_say(m, TONE_BAD, "%s", err.text);
		free(t);
		return;
	}
	jobs_add(m->look, &t->job);
}

bool
tags_go_on(struct model *m)
{
	int64_t until = clock_mono_ms() + SLICE_MS;
	const struct view_entry *e;
	const struct queue_row *row;

	if (m->tagging.entries == NULL)
		return false;
	queue_snapshot_lock(m->snapshot);
	while (m->tagging.at < m->tagging.count) {
		e = &m->tagging.entries[m->tagging.at++];
		row = queue_snapshot_row(m->snapshot, e->slot);
		if (row != NULL && row->serial == e->serial)
			m->tagging.changed += queue_snapshot_tag(m->snapshot,
			    e->slot, m->tagging.is_inverted ?
			    !row->is_tagged : true);
		if (m->tagging.at % 256 == 0 && clock_mono_ms() >= until)
			break;
	}
	queue_snapshot_unlock(m->snapshot);
	if (m->tagging.at < m->tagging.count)
		return true;
	free(m->tagging.entries);
	m->tagging.entries = NULL;
	model_say(m, TONE_GOOD, "%zu tag%s changed", m->tagging.changed,
	    m->tagging.changed == 1 ? "" : "s");
	if (m->tagged_only)
		model_ask(m);
	return false;
}

void
tags_shown(struct model *m, bool is_inverted)
{
	const struct view *v = m->shown[m->screen];

	if (model_is_grouped(m)) {
		tags_by_expression(m, m->filter, true);
		return;
	}
	if (v == NULL || v->kind != VIEW_MESSAGES)
		return;
	m->tagging.entries = xmemdup(v->entries, (v->count + 1) *
	    sizeof(*v->entries));
	m->tagging.count = v->count;
	m->tagging.at = m->tagging.changed = 0;
	m->tagging.is_inverted = is_inverted;
	tags_go_on(m);
}
