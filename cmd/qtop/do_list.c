/*
 * do_list.c - what keys do in lists: moving, in and out, order, tags
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <string.h>

#include "cmd/qtop/do.h"
#include "cmd/qtop/journal.h"
#include "cmd/qtop/reader.h"

/* ---- moving ---- */

static void
move_by(struct model *m, long by)
{
	size_t at = m->places[m->screen].at, rows = model_rows(m);

	if (by < 0)
		at = (size_t)-by > at ? 0 : at - (size_t)-by;
	else
		at += (size_t)by;
	model_move(m, rows > 0 && at >= rows ? rows - 1 : at);
}

static void
drill(struct model *m)
{
	const struct group *g = model_group(m);
	struct buf own = BUF_INIT, all = BUF_INIT;

	if (g == NULL)
		return;
	model_expression(m, g, &own);
	model_join(&all, m->filter, own.ptr);
	model_drill(m, SCREEN_MESSAGES, all.ptr);
	buf_done(&own);
	buf_done(&all);
}

/* Unfold or fold the node under the cursor; false when there is nothing to. */
static bool
fold(struct model *m, bool is_unfolding)
{
	const struct group *g = model_group(m);
	struct buf line = BUF_INIT;
	char *at;

	if (m->screen != SCREEN_REASONS || g == NULL || g->depth == 2 ||
	    g->is_unfolded == is_unfolding)
		return false;
	buf_addf(&line, "%s\n", g->key);
	if (is_unfolding)
		buf_add(&m->unfolded, line.ptr, line.len);
	else if ((at = strstr(m->unfolded.ptr, line.ptr)) != NULL)
		buf_delete(&m->unfolded, (size_t)(at - m->unfolded.ptr),
		    line.len);
	buf_done(&line);
	model_ask(m);
	return true;
}

/* From a leaf of the tree to what it belongs to. */
static bool
to_parent(struct model *m)
{
	const struct view *v = m->shown[m->screen];
	const struct group *g = model_group(m);
	size_t at = m->places[m->screen].at;

	if (m->screen != SCREEN_REASONS || g == NULL || g->depth == 0)
		return false;
	while (at > 0 && v->groups[at].depth >= g->depth)
		at--;
	model_move(m, at);
	return true;
}

void
do_in(struct model *m)
{
	const struct journal_row *row;
	struct pager *p = &m->pager;

	if (m->screen == SCREEN_MESSAGES) {
		reader_open(m);
	} else if (model_is_grouped(m)) {
		drill(m);
	} else if (m->screen == SCREEN_OVERVIEW ||
	    m->screen == SCREEN_FLOW) {
		model_drill(m, SCREEN_MESSAGES, m->filter);
	} else if (m->screen == SCREEN_JOURNAL &&
	    (row = journal_row(m->journal, m->places[m->screen].at)) != NULL) {
		p->is_open = true;
		p->top = 0;
		snprintf(p->title, sizeof(p->title), "%s", row->token);
		buf_setf(&p->text, "action     %s\nuser       %s\ncommand    "
		    "%s\nmessages   %lld\ndone       %lld\nother      %lld\n"
		    "selection  %s\nnote       %s\n%s", row->action,
		    row->user, row->command, (long long)row->messages,
		    (long long)row->done, (long long)row->others,
		    row->select, row->note, row->is_undone ?
		    "\nIt was undone.\n" : "\nu undoes it, as far as that is "
		    "possible.\n");
	}
}

void
do_out(struct model *m)
{
	if (m->pager.is_open)
		m->pager.is_open = false;
	else if (m->reader.is_open)
		reader_close(m);
	else if (!model_back(m))
		model_say(m, TONE_INFO, "there is no way back from here");
}

void
do_move(struct model *m, enum action action)
{
	switch (action) {
	case DO_UP: move_by(m, -1); break;
	case DO_DOWN: move_by(m, 1); break;
	case DO_PAGE_UP: move_by(m, -model_page(m)); break;
	case DO_PAGE_DOWN: move_by(m, model_page(m)); break;
	case DO_HOME: model_move(m, 0); break;
	case DO_END: model_move(m, model_rows(m)); break;
	case DO_IN: do_in(m); break;
	case DO_RIGHT:
		if (!fold(m, true))
			do_in(m);
		break;
	case DO_LEFT:
		if (!fold(m, false) && !to_parent(m))
			do_out(m);
		break;
	case DO_OUT: do_out(m); break;
	default: break;
	}
}

/* ---- order ---- */

static void
sort_by_group(struct model *m, int step)
{
	m->group_sort = (enum group_sort)(((int)m->group_sort + step +
	    GROUP_SORT_COUNT) % GROUP_SORT_COUNT);
	m->is_group_down = m->group_sort != GROUP_KEY;
	model_ask(m);
}

void
do_sort_step(struct model *m, int step)
{
	int c = (int)m->settings.sort;

	if (model_is_grouped(m)) {
		sort_by_group(m, step);
		return;
	}
	do
		c = (c + step + COLUMN_COUNT) % COLUMN_COUNT;
	while ((m->settings.columns & COLUMN_BIT(c)) == 0 ||
	    !column_sorts((enum column)c));
	m->settings.sort = (enum column)c;
	m->settings.is_down = columns[c].is_down;
	model_ask(m);
}

void
do_invert(struct model *m)
{
	if (model_is_grouped(m))
		m->is_group_down = !m->is_group_down;
	else
		m->settings.is_down = !m->settings.is_down;
	model_ask(m);
}

/* ---- tags ---- */

static void
tags_changed(struct model *m)
{
	if (m->tagged_only || strstr(m->filter, "tagged") != NULL ||
	    model_is_grouped(m))
		model_ask(m);
}

static void
tag(struct model *m)
{
	const struct group *g = model_group(m);
	struct buf own = BUF_INIT, all = BUF_INIT;
	const struct queue_row *row;
	struct view_entry entry;

	if (g != NULL) {
		model_expression(m, g, &own);
		model_join(&all, m->filter, own.ptr);
		tags_by_expression(m, all.ptr, g->tagged < g->messages);
		buf_done(&own);
		buf_done(&all);
	} else if (model_entry(m, &entry)) {
		queue_snapshot_lock(m->snapshot);
		row = queue_snapshot_row(m->snapshot, entry.slot);
		if (row != NULL && row->serial == entry.serial)
			queue_snapshot_tag(m->snapshot, entry.slot,
			    !row->is_tagged);
		queue_snapshot_unlock(m->snapshot);
		tags_changed(m);
	}
	move_by(m, 1);
}

static void
tag_range(struct model *m)
{
	const struct view *v = m->shown[SCREEN_MESSAGES];
	size_t at = m->places[SCREEN_MESSAGES].at, from = m->range_from, i;
	const struct queue_row *row;

	if (!m->is_ranging) {
		m->is_ranging = true;
		m->range_from = at;
		model_say(m, TONE_INFO, "move, then v tags from here to "
		    "there; Esc does not");
		return;
	}
	m->is_ranging = false;
	m->note[0] = '\0';
	if (v == NULL)
		return;
	queue_snapshot_lock(m->snapshot);
	for (i = at < from ? at : from; i <= (at < from ? from : at) &&
	    i < v->count; i++) {
		row = queue_snapshot_row(m->snapshot, v->entries[i].slot);
		if (row != NULL && row->serial == v->entries[i].serial)
			queue_snapshot_tag(m->snapshot, v->entries[i].slot,
			    true);
	}
	queue_snapshot_unlock(m->snapshot);
	tags_changed(m);
}

static void
untag_all(struct model *m)
{
	queue_snapshot_lock(m->snapshot);
	queue_snapshot_untag_all(m->snapshot);
	queue_snapshot_unlock(m->snapshot);
	tags_changed(m);
}

void
do_tags(struct model *m, enum action action)
{
	/* "All shown" are those that were just asked for. */
	if ((action == DO_TAG_ALL || action == DO_TAG_INVERT) &&
	    !model_is_current(m)) {
		m->pending = action;
		return;
	}
	switch (action) {
	case DO_TAG: tag(m); break;
	case DO_TAG_RANGE: tag_range(m); break;
	case DO_TAG_ALL: tags_shown(m, false); break;
	case DO_TAG_INVERT: tags_shown(m, true); break;
	case DO_UNTAG_ALL: untag_all(m); break;
	default: break;
	}
}
