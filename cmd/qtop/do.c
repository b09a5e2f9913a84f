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

static void
cancel(struct model *m)
{
	if (m->pending != DO_NOTHING)
		m->pending = DO_NOTHING;
	else if (act_cancel(m->act))
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
ask_command(struct model *m)
{
	if (m->is_read_only)
		model_say(m, TONE_BAD, "read-only: %s", m->why_read_only);
	else if (m->screen != SCREEN_MESSAGES && act_tagged(m) == 0)
		model_say(m, TONE_INFO, "a command gets the IDs of tagged "
		    "messages, or of those on the list: Enter shows them");
	else
		prompt_open(m, PROMPT_SHELL, "", 0);
}

static void
next_screen(struct model *m, int step)
{
	model_go(m, (enum screen)(((int)m->screen + step + SCREEN_COUNT) %
	    SCREEN_COUNT));
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
			do_out(m);
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
	case DO_SORT_LEFT: do_sort_step(m, -1); break;
	case DO_SORT_RIGHT: do_sort_step(m, 1); break;
	case DO_INVERT: do_invert(m); break;
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

/* What can be done, where there is something to do it to. */
static void
open_actions(struct model *m, enum menu_kind kind)
{
	const char *what;

	if (m->is_read_only)
		model_say(m, TONE_BAD, "read-only: %s", m->why_read_only);
	else if (act_scope_count(m, &what) == 0)
		model_say(m, TONE_INFO, "there is no message to act on: tag "
		    "some, or move to one");
	else
		menu_open(m, kind);
}

static void
do_dialogs(struct model *m, enum action action)
{
	switch (action) {
	case DO_SEARCH: prompt_open(m, PROMPT_SEARCH, "", 0); break;
	case DO_FILTER: prompt_open(m, PROMPT_FILTER, m->filter, 0); break;
	case DO_TAG_EXPR: prompt_open(m, PROMPT_TAG, "", 0); break;
	case DO_COMMAND: prompt_open(m, PROMPT_COMMAND, "", 0); break;
	case DO_SHELL: ask_command(m); break;
	case DO_SORT: menu_open(m, MENU_SORT); break;
	case DO_MENU: open_actions(m, MENU_ACTION); break;
	case DO_COLUMNS: menu_open(m, MENU_COLUMNS); break;
	case DO_SETUP: menu_open(m, MENU_SETUP); break;
	case DO_EXPORT: menu_open(m, MENU_EXPORT); break;
	case DO_EDIT: open_actions(m, MENU_EDIT); break;
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
	/* What asks for tags waits until all are there. */
	if (m->tagging.entries != NULL && action >= DO_TAG &&
	    action <= DO_MENU)
		m->pending = action;
	else if (action >= DO_UP && action <= DO_LEFT)
		do_move(m, action);
	else if (action >= DO_SCREEN_1 && action <= DO_SCREEN_8)
		model_go(m, (enum screen)(action - DO_SCREEN_1));
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

	if (action == DO_NOTHING || !model_is_current(m) ||
	    m->tagging.entries != NULL)
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

static size_t
lines_of(const char *text)
{
	size_t lines = 0;

	for (; *text != '\0'; text++)
		lines += *text == '\n';
	return lines;
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
		q->top += q->top + 1 < lines_of(q->text.ptr);
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
			do_invert(m);
			return;
		}
		m->group_sort = (enum group_sort)column;
		m->is_group_down = column != GROUP_KEY;
	} else if (m->settings.sort == (enum column)column) {
		do_invert(m);
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
	if (m->menu.kind != MENU_NONE) {
		if (screen_menu_item(m, x, y, &m->menu.at) &&
		    click == CLICK_TWICE)
			menu_key(m, KEYS_ENTER);
		return;
	}
	spot = screen_spot(m, x, y);
	if (spot.kind == SPOT_KEY)
		do_key(m, KEYS_F((int)spot.value));
	else if (m->pager.is_open || m->reader.is_open)
		return;
	else if (spot.kind == SPOT_SCREEN)
		model_go(m, (enum screen)spot.value);
	else if (spot.kind == SPOT_COLUMN)
		click_column(m, spot.value);
	else if (spot.kind == SPOT_ROW) {
		model_move(m, spot.value);
		if (click == CLICK_TWICE)
			do_in(m);
	}
}
