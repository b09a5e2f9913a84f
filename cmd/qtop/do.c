/*
 * do.c - a key, a click: what becomes of the model
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/do.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/qtop/act.h"
#include "cmd/qtop/journal.h"
#include "cmd/qtop/reader.h"
#include "cmd/qtop/screen.h"
#include "lib/base/mem.h"

#define WHEEL		3	/* rows a notch */

/* ---- in lists ---- */

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

static void
go_in(struct model *m)
{
	const struct journal_row *row;
	struct pager *p = &m->pager;

	if (m->screen == SCREEN_MESSAGES) {
		reader_open(m);
	} else if (model_is_grouped(m)) {
		drill(m);
	} else if (m->screen == SCREEN_OVERVIEW) {
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

static void
go_out(struct model *m)
{
	if (m->pager.is_open)
		m->pager.is_open = false;
	else if (m->reader.is_open)
		reader_close(m);
	else if (!model_back(m))
		model_say(m, TONE_INFO, "there is no way back from here");
}

static void
cancel(struct model *m)
{
	if (act_cancel(m->act))
		model_say(m, TONE_INFO, "stopping ...");
	else if (m->chase.is_on)
		m->chase.is_on = false;
	else if (m->is_ranging)
		m->is_ranging = false;
	else if (m->note[0] != '\0')
		m->note[0] = '\0';
	else if (m->search[0] != '\0')
		m->search[0] = '\0';
	else if (m->tagged_only) {
		m->tagged_only = false;
		model_ask(m);
	} else if (m->filter[0] != '\0') {
		model_forget_way(m);
		model_filter(m, "");
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

static void
sort_by_step(struct model *m, int step)
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

static void
invert(struct model *m)
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

/* ---- the rest ---- */

static void
copy_id(struct model *m)
{
	struct buf ids = BUF_INIT;
	size_t n = act_ids(m, false, &ids);

	if (n > 0) {
		free(m->to_copy);
		buf_truncate(&ids, ids.len - 1);
		m->to_copy = xstrdup(ids.ptr);
		model_say(m, TONE_GOOD, "%zu queue ID%s copied", n, n == 1 ?
		    "" : "s");
	}
	buf_done(&ids);
}

static void
show_failures(struct model *m)
{
	m->pager.is_open = true;
	m->pager.top = 0;
	snprintf(m->pager.title, sizeof(m->pager.title),
	    "Failures and warnings");
	buf_sets(&m->pager.text, m->warnings.len > 0 ? m->warnings.ptr :
	    "There were none.\n");
}

static void
undo(struct model *m)
{
	const struct journal_row *row;

	if (m->screen != SCREEN_JOURNAL) {
		act_undo(m, NULL);
		return;
	}
	row = journal_row(m->journal, m->places[SCREEN_JOURNAL].at);
	if (row != NULL)
		act_undo(m, row->token);
}

static void
refuse_or(struct model *m, enum prompt_kind kind)
{
	if (m->is_read_only)
		model_say(m, TONE_BAD, "read-only: %s", m->why_read_only);
	else
		prompt_open(m, kind, "", 0);
}

static void
go_screen(struct model *m, int screen)
{
	if (screen == SCREEN_FLOW)
		model_say(m, TONE_INFO, "the flow view comes later");
	else
		model_go(m, (enum screen)screen);
}

static void
next_screen(struct model *m, int step)
{
	int s = (int)m->screen;

	do
		s = (s + step + SCREEN_COUNT) % SCREEN_COUNT;
	while (s == SCREEN_FLOW);
	model_go(m, (enum screen)s);
}

/* Keys that scroll text: of the help, of an opened message. */
static bool
scroll_text(struct model *m, enum action action)
{
	bool is_pager = m->pager.is_open;
	size_t *top = is_pager ? &m->pager.top :
	    &m->reader.top[m->reader.tab];
	const char *text = is_pager ? m->pager.text.ptr :
	    m->reader.tabs[m->reader.tab].ptr;
	size_t page = (size_t)(m->height - 6 > 1 ? m->height - 6 : 1);
	size_t lines = screen_text(m, NULL, 0, 0, 1, 0, text, 0, ROLE_NORMAL);
	size_t most = lines > page ? lines - page : 0;

	switch (action) {
	case DO_UP: *top -= *top > 0; break;
	case DO_DOWN: *top += *top < most; break;
	case DO_PAGE_UP: *top = *top > page ? *top - page : 0; break;
	case DO_PAGE_DOWN:
		*top = *top + page < most ? *top + page : most;
		break;
	case DO_HOME: *top = 0; break;
	case DO_END: *top = most; break;
	default: return false;
	}
	return true;
}

static void
set_tab(struct model *m, int step)
{
	m->reader.tab = (enum tab)(((int)m->reader.tab + step + TAB_COUNT) %
	    TAB_COUNT);
}

/* What only means something where text is read. */
static bool
do_in_text(struct model *m, enum action action)
{
	if (scroll_text(m, action))
		return true;
	switch (action) {
	case DO_LEFT:
	case DO_OUT:
		if (action == DO_LEFT && !m->pager.is_open)
			set_tab(m, -1);
		else
			go_out(m);
		return true;
	case DO_RIGHT: case DO_IN: case DO_NEXT_SCREEN:
		if (!m->pager.is_open)
			set_tab(m, 1);
		return true;
	case DO_PREV_SCREEN: set_tab(m, -1); return true;
	case DO_NEXT_MESSAGE: reader_step(m, 1); return true;
	case DO_PREV_MESSAGE: reader_step(m, -1); return true;
	case DO_PIPE:
		if (m->is_confined)
			model_say(m, TONE_BAD, "read-only: %s",
			    m->why_read_only);
		else
			prompt_open(m, PROMPT_PIPE, "", 0);
		return true;
	case DO_SEARCH_NEXT:
	case DO_SEARCH_PREV:
		reader_search(m, action == DO_SEARCH_NEXT ? 1 : -1, false);
		return true;
	default: return false;
	}
}

static void
do_to_messages(struct model *m, enum action action)
{
	static const enum queue_action acts[] = {
		[DO_DELETE] = QUEUE_ACT_DELETE, [DO_HOLD] = QUEUE_ACT_HOLD,
		[DO_RELEASE] = QUEUE_ACT_RELEASE,
		[DO_FLUSH] = QUEUE_ACT_FLUSH,
		[DO_REQUEUE] = QUEUE_ACT_REQUEUE,
		[DO_EXPIRE] = QUEUE_ACT_EXPIRE
	};

	act_begin(m, acts[action], ACT_ASK);
}

static void
toggle(struct model *m, bool *flag, const char *what)
{
	*flag = !*flag;
	model_say(m, TONE_INFO, "%s: %s", what, *flag ? "on" : "off");
}

static void
do_settings(struct model *m, enum action action)
{
	switch (action) {
	case DO_PREVIEW:
		m->settings.has_preview = !m->settings.has_preview;
		model_fit(m);
		break;
	case DO_PAUSE:
		toggle(m, &m->is_paused, "pause");
		source_pause(m->source, m->is_paused);
		break;
	case DO_FOLLOW: toggle(m, &m->settings.follows, "follow the row");
		break;
	case DO_MOUSE:
		toggle(m, &m->settings.has_mouse, "mouse");
		m->wants_mouse = true;
		break;
	default: break;
	}
}

static void
do_views(struct model *m, enum action action)
{
	switch (action) {
	case DO_SEARCH_NEXT: model_search(m, 1, false); break;
	case DO_SEARCH_PREV: model_search(m, -1, false); break;
	case DO_SORT_LEFT: sort_by_step(m, -1); break;
	case DO_SORT_RIGHT: sort_by_step(m, 1); break;
	case DO_INVERT: invert(m); break;
	case DO_CYCLE_GROUP:
		m->sender_by = m->sender_by == BY_CLIENT ? BY_SENDER :
		    m->sender_by + 1;
		model_ask(m);
		break;
	case DO_PARENTS:
		m->wants_parents = !m->wants_parents;
		model_ask(m);
		break;
	case DO_TAGGED_ONLY:
		m->tagged_only = !m->tagged_only;
		model_ask(m);
		break;
	case DO_REFRESH:
		source_look(m->source);
		model_say(m, TONE_INFO, "looking again");
		break;
	default: break;
	}
}

static void
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

static void
do_move(struct model *m, enum action action)
{
	switch (action) {
	case DO_UP: move_by(m, -1); break;
	case DO_DOWN: move_by(m, 1); break;
	case DO_PAGE_UP: move_by(m, -model_page(m)); break;
	case DO_PAGE_DOWN: move_by(m, model_page(m)); break;
	case DO_HOME: model_move(m, 0); break;
	case DO_END: model_move(m, model_rows(m)); break;
	case DO_IN: go_in(m); break;
	case DO_RIGHT:
		if (!fold(m, true))
			go_in(m);
		break;
	case DO_LEFT:
		if (!fold(m, false) && !to_parent(m))
			go_out(m);
		break;
	case DO_OUT: go_out(m); break;
	default: break;
	}
}

static void
do_dialogs(struct model *m, enum action action)
{
	switch (action) {
	case DO_SEARCH: prompt_open(m, PROMPT_SEARCH, "", 0); break;
	case DO_FILTER: prompt_open(m, PROMPT_FILTER, m->filter, 0); break;
	case DO_TAG_EXPR: prompt_open(m, PROMPT_TAG, "", 0); break;
	case DO_COMMAND: prompt_open(m, PROMPT_COMMAND, "", 0); break;
	case DO_SHELL: refuse_or(m, PROMPT_SHELL); break;
	case DO_SORT: menu_open(m, MENU_SORT); break;
	case DO_MENU: menu_open(m, MENU_ACTION); break;
	case DO_COLUMNS: menu_open(m, MENU_COLUMNS); break;
	case DO_SETUP: menu_open(m, MENU_SETUP); break;
	case DO_EXPORT: menu_open(m, MENU_EXPORT); break;
	case DO_EDIT:
		if (m->is_read_only)
			model_say(m, TONE_BAD, "read-only: %s",
			    m->why_read_only);
		else
			menu_open(m, MENU_EDIT);
		break;
	case DO_HELP: help_open(m); break;
	case DO_INSTANCES: menu_open(m, MENU_INSTANCES); break;
	case DO_FAILURES: show_failures(m); break;
	default: break;
	}
}

static void
quit(struct model *m)
{
	size_t done, total;
	const char *verb;

	if (act_progress(m->act, &done, &total, &verb))
		model_say(m, TONE_BAD, "%s is going on; Esc stops it", verb);
	else
		m->is_over = true;
}

void
do_action(struct model *m, enum action action)
{
	if ((m->pager.is_open || m->reader.is_open) && do_in_text(m, action))
		return;
	if (action >= DO_UP && action <= DO_LEFT)
		do_move(m, action);
	else if (action >= DO_SCREEN_1 && action <= DO_SCREEN_8)
		go_screen(m, action - DO_SCREEN_1);
	else if (action >= DO_DELETE && action <= DO_EXPIRE)
		do_to_messages(m, action);
	else if (action >= DO_TAG && action <= DO_TAG_INVERT)
		do_tags(m, action);
	else
		switch (action) {
		case DO_NEXT_SCREEN: next_screen(m, 1); break;
		case DO_PREV_SCREEN: next_screen(m, -1); break;
		case DO_CANCEL: cancel(m); break;
		case DO_UNDO: undo(m); break;
		case DO_COPY: copy_id(m); break;
		case DO_REDRAW: m->wants_redraw = true; break;
		case DO_SUSPEND: m->wants_suspend = true; break;
		case DO_QUIT: quit(m); break;
		case DO_PREVIEW: case DO_PAUSE: case DO_FOLLOW: case DO_MOUSE:
			do_settings(m, action);
			break;
		default:
			do_dialogs(m, action);
			do_views(m, action);
			break;
		}
}

void
do_pending(struct model *m)
{
	enum action action = m->pending;

	if (action == DO_NOTHING || !model_is_current(m))
		return;
	m->pending = DO_NOTHING;
	do_action(m, action);
}

/* ---- the question before something is done ---- */

static void
answer(struct model *m, bool is_yes)
{
	m->confirm.is_open = false;
	if (is_yes) {
		act_confirmed(m, m->confirm.note);
	} else {
		act_dropped(m);
		model_say(m, TONE_INFO, "nothing was done");
	}
	m->confirm.note[0] = '\0';
}

static void
confirm_key(struct model *m, int key)
{
	struct confirm *q = &m->confirm;
	char number[32];

	if (key == KEYS_ESC || key == KEYS_CTRL('c') ||
	    (q->number == 0 && (key == 'n' || key == 'q'))) {
		answer(m, false);
	} else if (key == KEYS_TAB) {
		prompt_open(m, PROMPT_NOTE, q->note, 0);
	} else if (key == KEYS_UP) {
		q->top -= q->top > 0;
	} else if (key == KEYS_DOWN) {
		q->top++;
	} else if (q->number == 0) {
		if (key == 'y')
			answer(m, true);
	} else if (key == KEYS_ENTER || key == '\n') {
		snprintf(number, sizeof(number), "%zu", q->number);
		if (strcmp(q->line.text.ptr, number) == 0)
			answer(m, true);
		else
			line_set(&q->line, "");
	} else {
		line_key(&q->line, key);
	}
}

void
do_key(struct model *m, int key)
{
	enum action action;

	if (key == KEYS_NONE || key == KEYS_RESIZE)
		return;
	if (m->prompt.kind != PROMPT_NONE) {
		prompt_key(m, key);
		return;
	}
	if (m->confirm.is_open) {
		confirm_key(m, key);
		return;
	}
	if (m->menu.kind != MENU_NONE) {
		menu_key(m, key);
		return;
	}
	action = keys_find(model_place(m), key);
	if (action != DO_NOTHING && action != DO_CANCEL)
		m->note[0] = '\0';
	do_action(m, action);
}

/* ---- the mouse ---- */

static void
click_column(struct model *m, size_t column)
{
	if (model_is_grouped(m)) {
		if (m->group_sort == (enum group_sort)column) {
			invert(m);
			return;
		}
		m->group_sort = (enum group_sort)column;
		m->is_group_down = column != GROUP_KEY;
	} else if (m->settings.sort == (enum column)column) {
		invert(m);
		return;
	} else if (!column_sorts((enum column)column)) {
		model_say(m, TONE_INFO, "subjects are not sorted by");
		return;
	} else {
		m->settings.sort = (enum column)column;
		m->settings.is_down = columns[column].is_down;
	}
	model_ask(m);
}

void
do_click(struct model *m, enum click click, int x, int y)
{
	struct spot spot;
	int i;

	if (m->prompt.kind != PROMPT_NONE || m->confirm.is_open)
		return;
	if (click == CLICK_WHEEL_UP || click == CLICK_WHEEL_DOWN) {
		for (i = 0; i < WHEEL; i++) {
			if (m->menu.kind != MENU_NONE)
				menu_key(m, click == CLICK_WHEEL_UP ?
				    KEYS_UP : KEYS_DOWN);
			else
				do_action(m, click == CLICK_WHEEL_UP ?
				    DO_UP : DO_DOWN);
		}
		return;
	}
	if (m->menu.kind != MENU_NONE)
		return;
	spot = screen_spot(m, x, y);
	if (spot.kind == SPOT_KEY)
		do_key(m, KEYS_F((int)spot.value));
	else if (m->pager.is_open || m->reader.is_open)
		return;
	else if (spot.kind == SPOT_SCREEN)
		go_screen(m, (int)spot.value);
	else if (spot.kind == SPOT_COLUMN)
		click_column(m, spot.value);
	else if (spot.kind == SPOT_ROW) {
		model_move(m, spot.value);
		if (click == CLICK_TWICE)
			go_in(m);
	}
}
