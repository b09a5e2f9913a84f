/*
 * screen.c - draw the model into a grid: the frame
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/screen.h"

#include <stdio.h>
#include <string.h>

#include "cmd/qtop/act.h"
#include "lib/base/buf.h"

static const char *const screen_names[SCREEN_COUNT] = { "Overview",
	"Messages", "Domains", "Senders", "Reasons", "Relays", "Flow",
	"Journal" };

/* ---- line 0: totals ---- */

static void
put_source(const struct model *m, bool is_short, struct buf *out)
{
	static const char *const kinds[] = { "live", "showq", "copy",
	    "snapshot" };

	buf_adds(out, kinds[m->status.kind]);
	if (!is_short && m->source_name[0] != '\0')
		buf_addf(out, " %s", m->source_name);
	if (m->is_paused)
		buf_adds(out, " PAUSED");
	else if (m->status.interval_ms > 0)
		buf_addf(out, " %llds", (long long)(m->status.interval_ms +
		    999) / 1000);
	if (m->is_read_only && !is_short)
		buf_addf(out, "  read-only: %s", m->why_read_only);
	else if (m->is_read_only)
		buf_adds(out, " ro");
}

static void
put_totals(struct model *m, int form, struct buf *out)
{
	static const enum queue_number order[] = { QUEUE_INCOMING,
	    QUEUE_ACTIVE, QUEUE_DEFERRED, QUEUE_HOLD, QUEUE_CORRUPT,
	    QUEUE_MAILDROP };
	struct queue_snapshot_totals t;
	struct queue_snapshot_rates rates;
	const struct view *v = m->shown[m->screen];
	size_t i;

	queue_snapshot_lock(m->snapshot);
	queue_snapshot_total(m->snapshot, &t);
	queue_snapshot_rate(m->snapshot, m->now, &rates);
	queue_snapshot_unlock(m->snapshot);
	if (form == 0)
		buf_addf(out, "%s  ", m->host);
	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (order[i] == QUEUE_MAILDROP && t.messages[order[i]] == 0)
			continue;
		if (form < 2)
			buf_addf(out, "%s ", queue_snapshot_queues[order[i]]);
		else
			buf_addf(out, "%c", "MIADHC"[order[i]]);
		column_number(out, t.messages[order[i]]);
		buf_adds(out, form < 2 ? "  " : " ");
	}
	if (v != NULL && v->oldest > 0) {
		buf_adds(out, form < 2 ? " oldest " : "old ");
		column_duration(out, m->now - v->oldest);
		buf_adds(out, "  ");
	}
	if (rates.is_known && form < 3)
		buf_addf(out, form < 2 ? " in %.1f/s out %.1f/s  " :
		    "+%.1f -%.1f ", rates.arrived, rates.left);
	buf_addc(out, ' ');
	put_source(m, form > 0, out);
}

static void
draw_totals(struct model *m, struct grid *g)
{
	struct buf text = BUF_INIT;
	int form;

	for (form = 0; form < 4; form++) {
		buf_reset(&text);
		put_totals(m, form, &text);
		if (text_columns(text.ptr) < g->width)
			break;
	}
	grid_put(g, 1, 0, g->width - 1, ROLE_HEADER, CUT_END, text.ptr);
	buf_done(&text);
}

/* ---- line 1: screens, filter, tags ---- */

/* Where the word of a screen begins; also for the mouse. */
static int
tab_at(const struct model *m, int wanted, char text[32])
{
	/* What is narrow, or has a filter to show, abbreviates. */
	int room = m->width - (m->filter[0] != '\0' ? 50 : 0);
	bool is_short = room < 95, is_number = room < 60;
	int i, x = 1;

	for (i = 0; ; i++) {
		if (is_short && i != (int)m->screen)
			snprintf(text, 32, is_number ? "%d" : "%d%.3s",
			    i + 1, screen_names[i]);
		else
			snprintf(text, 32, i == (int)m->screen ? "[%d %s]" :
			    "%d %s", i + 1, screen_names[i]);
		if (i == wanted)
			return x;
		x += (int)strlen(text) + (is_number ? 1 : 2);
	}
}

static int
tabs_end(const struct model *m)
{
	char text[32];
	int x = tab_at(m, SCREEN_COUNT - 1, text);

	return x + (int)strlen(text);
}

static void
draw_tabs(struct model *m, struct grid *g)
{
	struct buf text = BUF_INIT;
	char word[32];
	size_t tagged, gone;
	int i, x, end = tabs_end(m) + 2, have;

	for (i = 0; i < SCREEN_COUNT; i++) {
		x = tab_at(m, i, word);
		grid_add(g, x, 1, i == (int)m->screen ? ROLE_TAB_ON : ROLE_TAB,
		    word);
	}
	queue_snapshot_lock(m->snapshot);
	tagged = queue_snapshot_tagged(m->snapshot, &gone);
	queue_snapshot_unlock(m->snapshot);
	if (tagged > 0 || gone > 0) {
		buf_addf(&text, "tagged %zu", tagged);
		if (gone > 0)
			buf_addf(&text, " (%zu gone)", gone);
		if (m->tagged_only)
			buf_adds(&text, " only");
		have = text_columns(text.ptr) + 1;
		grid_put(g, g->width - have, 1, have, ROLE_TAGGED, CUT_END,
		    text.ptr);
	} else {
		have = 0;
	}
	if (m->filter[0] != '\0') {
		buf_setf(&text, "filter: %s", m->filter);
		x = end;
		if (g->width - have - x > 4)
			grid_put(g, x, 1, g->width - have - x - 1,
			    ROLE_TITLE, CUT_MIDDLE, text.ptr);
	}
	buf_done(&text);
}

/* ---- the last lines ---- */

static void
put_counts(struct model *m, struct buf *out)
{
	const struct view *v = m->shown[m->screen];

	if (m->screen == SCREEN_OVERVIEW || m->screen == SCREEN_FLOW)
		;
	else if (m->screen == SCREEN_JOURNAL)
		buf_addf(out, "%zu actions", model_rows(m));
	else if (v != NULL && v->kind == VIEW_GROUPS)
		buf_addf(out, "%zu%s rows, ", v->count, v->is_cut ? "+" : "");
	if (v != NULL && (v->kind == VIEW_GROUPS || v->kind ==
	    VIEW_MESSAGES)) {
		column_number(out, v->matched);
		buf_adds(out, " of ");
		column_number(out, v->total);
	}
	if (v != NULL && v->unknown > 0)
		buf_addf(out, "  %zu not judged", v->unknown);
	if (m->status.unreadable > 0)
		buf_addf(out, "  %zu unreadable", m->status.unreadable);
	if (!m->status.is_first)
		return;
	if (m->status.total > 0)
		buf_addf(out, "  scanning %d %%", (int)(m->status.seen * 100 /
		    (m->status.total > m->status.seen ? m->status.total :
		    m->status.seen + 1)));
	else
		buf_addf(out, "  scanning %zu", m->status.seen);
}

static const char *
prompt_word(enum prompt_kind kind)
{
	switch (kind) {
	case PROMPT_SEARCH: return "search: ";
	case PROMPT_FILTER: return "filter: ";
	case PROMPT_TAG: return "tag: ";
	case PROMPT_COMMAND: return ":";
	case PROMPT_EXPORT: return "export to file: ";
	case PROMPT_SHELL: return "command, with";
	case PROMPT_PIPE: return "pipe into: ";
	case PROMPT_NOTE: return "note: ";
	case PROMPT_EDIT: return "";
	case PROMPT_SAVE: return "save filter as @";
	default: return "";
	}
}

static void
draw_prompt(struct model *m, struct grid *g, int y, int right)
{
	const char *word = m->prompt.kind == PROMPT_EDIT ?
	    queue_edit_ops[m->prompt.value].name :
	    prompt_word(m->prompt.kind);
	int x = grid_add(g, 1, y, ROLE_TITLE, word);

	if (m->prompt.kind == PROMPT_EDIT)
		x = grid_addf(g, x, y, ROLE_TITLE, " %s: ",
		    queue_edit_ops[m->prompt.value].argument);
	else if (m->prompt.kind == PROMPT_SHELL)
		x = grid_addf(g, x, y, ROLE_TITLE, " %s on its input: ",
		    m->prompt.scope);
	line_draw(&m->prompt.line, g, x, y, g->width - right - x - 1);
}

static void
draw_status(struct model *m, struct grid *g)
{
	static const enum role tones[] = { ROLE_NORMAL, ROLE_GOOD, ROLE_BAD };
	struct buf text = BUF_INIT;
	size_t done, total;
	const char *verb;
	int y = g->height - 2, right;

	put_counts(m, &text);
	right = text_columns(text.ptr) + 1;
	if (right > g->width / 2)
		right = m->prompt.kind != PROMPT_NONE ? 0 : g->width / 2;
	/* What went wrong matters more than how many are shown. */
	if (m->prompt.kind == PROMPT_NONE && m->tone == TONE_BAD &&
	    text_columns(m->note) > g->width - right - 2)
		right = 0;
	if (right > 1)
		grid_put_right(g, g->width - right, y, right - 1, ROLE_DIM,
		    text.ptr);
	buf_reset(&text);
	if (m->prompt.kind != PROMPT_NONE) {
		draw_prompt(m, g, y, right);
	} else if (act_progress(m->act, &done, &total, &verb)) {
		buf_addf(&text, "%s: %zu of %zu   Esc stops it", verb, done,
		    total);
		grid_put(g, 1, y, g->width - right - 2, ROLE_WARN, CUT_END,
		    text.ptr);
	} else if (m->note[0] != '\0') {
		grid_put(g, 1, y, g->width - right - 2, tones[m->tone],
		    CUT_END, m->note);
	} else if (m->status.error[0] != '\0') {
		grid_put(g, 1, y, g->width - right - 2, ROLE_BAD, CUT_END,
		    m->status.error);
	} else if (m->shown[m->screen] != NULL &&
	    m->shown[m->screen]->error[0] != '\0') {
		grid_put(g, 1, y, g->width - right - 2, ROLE_BAD, CUT_END,
		    m->shown[m->screen]->error);
	} else if (!m->reader.is_open && model_group(m) != NULL) {
		/* The advice, the last answer: narrow screens cut it. */
		grid_put(g, 1, y, g->width - right - 2, ROLE_DIM, CUT_END,
		    model_group(m)->note);
	}
	buf_done(&text);
	/* While a filter is typed, what is wrong with it so far. */
	if (m->prompt.kind == PROMPT_FILTER && m->filter_error[0] != '\0')
		grid_put(g, 1, y - 1, g->width - 2, ROLE_BAD, CUT_END,
		    m->filter_error);
}

static int
key_width(const struct model *m)
{
	return m->width / 10 < 4 ? 4 : m->width / 10 > 12 ? 12 :
	    m->width / 10;
}

static void
draw_keys(struct model *m, struct grid *g)
{
	char number[8];
	int f, x = 0, y = g->height - 1, width = key_width(m), n;
	unsigned place = model_place(m);

	for (f = 1; f <= 10 && x < g->width; f++, x += width) {
		snprintf(number, sizeof(number), "%d", f);
		n = (int)strlen(number);
		grid_put(g, x, y, n, ROLE_KEY, CUT_END, number);
		grid_put(g, x + n, y, width - n, ROLE_KEY_TEXT, CUT_END,
		    keys_bar(place, f));
	}
}

void
screen_draw(struct model *m, struct grid *g)
{
	grid_clear(g, m->width, m->height);
	g->is_ascii = m->is_ascii;
	if (g->height < 6 || g->width < 20) {
		grid_put(g, 0, 0, g->width, ROLE_WARN, CUT_END,
		    "too small: 20x6 at least");
		return;
	}
	draw_totals(m, g);
	if (m->reader.is_open) {
		screen_reader(m, g);
	} else {
		draw_tabs(m, g);
		if (m->screen == SCREEN_MESSAGES)
			screen_messages(m, g);
		else if (m->screen == SCREEN_OVERVIEW)
			screen_overview(m, g);
		else if (m->screen == SCREEN_JOURNAL)
			screen_journal(m, g);
		else if (m->screen == SCREEN_FLOW)
			screen_flow(m, g);
		else
			screen_groups(m, g);
	}
	draw_status(m, g);
	draw_keys(m, g);
	screen_dialogs(m, g);
}

/* ---- the mouse ---- */

static struct spot
spot_of_titles(const struct model *m, int x)
{
	int widths[COLUMN_COUNT], c, at = 1, width;

	if (m->screen == SCREEN_MESSAGES) {
		column_layout(m->settings.columns, m->settings.sort,
		    m->width - 1, widths);
		for (c = 0; c < COLUMN_COUNT; c++) {
			if (widths[c] == 0)
				continue;
			if (x >= at && x <= at + widths[c])
				return (struct spot){ SPOT_COLUMN, (size_t)c };
			at += widths[c] + 1;
		}
	} else if (model_is_grouped(m)) {
		for (c = 0; c < GROUP_SORT_COUNT; c++) {
			at = screen_group_column(m, (enum group_sort)c,
			    &width);
			if (width > 0 && x >= at && x < at + width)
				return (struct spot){ SPOT_COLUMN, (size_t)c };
		}
	}
	return (struct spot){ SPOT_NOTHING, 0 };
}

struct spot
screen_spot(const struct model *m, int x, int y)
{
	struct spot none = { SPOT_NOTHING, 0 };
	size_t row;
	char word[32];
	int i, at;

	if (y == m->height - 1) {
		i = x / key_width(m) + 1;
		return i <= 10 ? (struct spot){ SPOT_KEY, (size_t)i } : none;
	}
	if (m->reader.is_open)
		return none;
	if (y == 1) {
		for (i = 0; i < SCREEN_COUNT; i++) {
			at = tab_at(m, i, word);
			if (x >= at && x < at + (int)strlen(word))
				return (struct spot){ SPOT_SCREEN, (size_t)i };
		}
		return none;
	}
	if (y == 2)
		return spot_of_titles(m, x);
	if (y < LIST_TOP || y >= LIST_TOP + model_page(m))
		return none;
	row = m->places[m->screen].top + (size_t)(y - LIST_TOP);
	return row < model_rows(m) ? (struct spot){ SPOT_ROW, row } : none;
}
