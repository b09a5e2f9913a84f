/*
 * screen_list.c - messages, groups, the journal: rows under titles
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd/qtop/journal.h"
#include "cmd/qtop/screen.h"
#include "cmd/qtop/subjects.h"
#include "lib/base/buf.h"

/* ---- messages ---- */

static void
draw_titles(struct model *m, struct grid *g, const int widths[COLUMN_COUNT])
{
	char title[32];
	int c, x = 1;
	enum role role;

	grid_fill(g, 0, 2, g->width, ROLE_COLUMNS);
	for (c = 0; c < COLUMN_COUNT; c++) {
		if (widths[c] == 0)
			continue;
		role = ROLE_COLUMNS;
		snprintf(title, sizeof(title), "%s", columns[c].title);
		if (c == (int)m->settings.sort) {
			role = ROLE_COLUMN_ON;
			if ((int)strlen(title) < widths[c])
				strcat(title, m->settings.is_down ? "-" :
				    "+");
		}
		if (columns[c].is_right)
			grid_put_right(g, x, 2, widths[c], role, title);
		else
			grid_put(g, x, 2, widths[c], role, CUT_END, title);
		x += widths[c] + 1;
	}
}

static enum role
role_of(const struct queue_row *row, bool is_cursor)
{
	if (is_cursor)
		return row->is_tagged ? ROLE_CURSOR_TAGGED : ROLE_CURSOR;
	if (row->is_tagged)
		return ROLE_TAGGED;
	if (row->is_damaged || row->queue == QUEUE_CORRUPT)
		return ROLE_BAD;
	return row->queue == QUEUE_HOLD ? ROLE_HELD :
	    row->queue == QUEUE_ACTIVE ? ROLE_ACTIVE : ROLE_NORMAL;
}

static void
draw_row(struct model *m, struct grid *g, int y, const struct queue_row *row,
    enum role role, const int widths[COLUMN_COUNT], bool is_in_range)
{
	struct buf text = BUF_INIT;
	int c, x = 1;

	grid_fill(g, 0, y, g->width, role);
	grid_put(g, 0, y, 1, role, CUT_END, row->is_tagged ? "*" :
	    is_in_range ? "+" : " ");
	for (c = 0; c < COLUMN_COUNT; c++) {
		if (widths[c] == 0)
			continue;
		buf_reset(&text);
		column_text((enum column)c, m->snapshot, row, m->now, &text);
		if (c == COLUMN_SUBJECT)
			buf_adds(&text, subjects_text(m->subjects,
			    row->serial));
		/* How many more, where they do not have a column. */
		if (c == COLUMN_RCPT && row->rcpt_count > 1 &&
		    widths[COLUMN_RCPTS] == 0)
			buf_addf(&text, " +%u", row->rcpt_count - 1);
		if (columns[c].is_right)
			grid_put_right(g, x, y, widths[c], role, text.ptr);
		else
			grid_put(g, x, y, widths[c], role, columns[c].cut,
			    text.ptr);
		x += widths[c] + 1;
	}
	buf_done(&text);
}

static bool
is_in_range(const struct model *m, size_t i)
{
	size_t at = m->places[SCREEN_MESSAGES].at, from = m->range_from;

	return m->is_ranging && i >= (at < from ? at : from) &&
	    i <= (at < from ? from : at);
}

static void
draw_empty(struct model *m, struct grid *g, const struct view *v)
{
	const char *text = "";

	if (v == NULL || m->status.is_first)
		text = "looking ...";
	else if (v->error[0] != '\0')
		text = "this filter cannot be read";
	else if (v->total == 0)
		text = m->status.error[0] != '\0' ? "no messages are known" :
		    "The queue is empty.";
	else
		text = m->tagged_only ? "no tagged message passes the filter" :
		    "no message passes the filter";
	grid_put(g, 2, LIST_TOP + 1, g->width - 4, ROLE_DIM, CUT_END, text);
}

static void
draw_preview(struct model *m, struct grid *g, const struct queue_row *row)
{
	const struct queue_row_rcpt *r;
	const struct queue_row_reason *why;
	struct buf text = BUF_INIT;
	int y = LIST_TOP + model_page(m), end = g->height - 2;
	uint32_t i;

	grid_line(g, 0, y++, g->width, ROLE_DIM);
	if (row == NULL)
		return;
	r = queue_snapshot_rcpts(row);
	buf_addf(&text, "%s  %s -> %u recipient%s, ",
	    queue_snapshot_text(m->snapshot, row->id), row->sender == 0 ?
	    "<>" : queue_snapshot_text(m->snapshot, row->sender),
	    row->rcpt_count, row->rcpt_count == 1 ? "" : "s");
	if (row->done_count > 0)
		buf_addf(&text, "%u done, ", row->done_count);
	column_size(&text, row->size);
	if (queue_snapshot_fact(m->snapshot, row, QUEUE_FACT_CLIENT)[0] !=
	    '\0')
		buf_addf(&text, ", from %s[%s]", queue_snapshot_fact(
		    m->snapshot, row, QUEUE_FACT_CLIENT),
		    queue_snapshot_fact(m->snapshot, row,
		    QUEUE_FACT_CLIENT_ADDR));
	if (queue_snapshot_fact(m->snapshot, row, QUEUE_FACT_SASL)[0] != '\0')
		buf_addf(&text, ", login %s", queue_snapshot_fact(m->snapshot,
		    row, QUEUE_FACT_SASL));
	y += (int)screen_text(m, g, 1, y, g->width - 2, end - y, text.ptr, 0,
	    ROLE_TITLE);
	for (i = 0; i < row->rcpt_count && y < end; i++) {
		why = queue_snapshot_reason(m->snapshot, &r[i]);
		buf_setf(&text, "%s  %s", queue_snapshot_text(m->snapshot,
		    r[i].address), queue_snapshot_text(m->snapshot,
		    why->text));
		y += (int)screen_text(m, g, 1, y, g->width - 2, end - y,
		    text.ptr, 0, ROLE_NORMAL);
	}
	buf_done(&text);
}

void
screen_messages(struct model *m, struct grid *g)
{
	const struct view *v = m->shown[SCREEN_MESSAGES];
	const struct place *p = &m->places[SCREEN_MESSAGES];
	const struct queue_row *row, *current = NULL;
	int widths[COLUMN_COUNT], line, page = model_page(m);
	size_t i;

	column_layout(m->settings.columns, m->settings.sort, g->width - 1,
	    widths);
	draw_titles(m, g, widths);
	if (v == NULL || v->count == 0)
		draw_empty(m, g, v);
	queue_snapshot_lock(m->snapshot);
	for (line = 0; v != NULL && line < page; line++) {
		i = p->top + (size_t)line;
		if (i >= v->count)
			break;
		row = queue_snapshot_row(m->snapshot, v->entries[i].slot);
		if (row == NULL || row->serial != v->entries[i].serial) {
			grid_put(g, 1, LIST_TOP + line, g->width - 1, i ==
			    p->at ? ROLE_CURSOR : ROLE_DIM, CUT_END, "gone");
			continue;
		}
		if (i == p->at)
			current = row;
		draw_row(m, g, LIST_TOP + line, row, role_of(row, i == p->at),
		    widths, is_in_range(m, i));
		grid_mark(g, 1, LIST_TOP + line, g->width - 1, m->search);
	}
	if (page < g->height - 5)
		draw_preview(m, g, current);
	queue_snapshot_unlock(m->snapshot);
}

/* ---- groups ---- */

/* Besides the key: title, width, and the width of screen it needs. */
static const struct {
	const char	*title;
	int		 width, from;
} group_columns[GROUP_SORT_COUNT] = {
	[GROUP_KEY]	 = { "", 0, 0 },
	[GROUP_MESSAGES] = { "Messages", 9, 0 },
	[GROUP_RCPTS]	 = { "Rcpts", 8, 60 },
	[GROUP_BYTES]	 = { "Bytes", 6, 70 },
	[GROUP_OLDEST]	 = { "Oldest", 7, 46 },
	[GROUP_DUE]	 = { "Due", 6, 78 },
};
#define EXTRA_FROM	100	/* ages, top class: needs so wide a screen */
#define AGES_WIDTH	8
#define CLASS_WIDTH	14

/* Reasons are long, and their class stands above them. */
static bool
has_extras(const struct model *m)
{
	return m->width >= (m->screen == SCREEN_REASONS ? 2 * EXTRA_FROM :
	    EXTRA_FROM);
}

/* Notes are cut first: that of the current row is shown below, too. */
static bool
has_notes(const struct model *m)
{
	return (m->screen == SCREEN_RELAYS && m->width >= 110) ||
	    (m->screen == SCREEN_REASONS && m->width >= 140);
}

static int
fixed_width(const struct model *m)
{
	int c, sum = 0;

	for (c = 1; c < GROUP_SORT_COUNT; c++)
		if (m->width >= group_columns[c].from)
			sum += group_columns[c].width + 1;
	if (has_extras(m))
		sum += AGES_WIDTH + 1 + CLASS_WIDTH + 1;
	return sum;
}

/* The key gets what is left, or where notes follow a part of it. */
static int
key_width(const struct model *m)
{
	int left = m->width - 1 - fixed_width(m);

	if (has_notes(m))
		left = left * (m->screen == SCREEN_REASONS ? 3 : 2) / 5;
	else if (left > 60 && m->screen != SCREEN_REASONS)
		left = 60;
	return left - 1;
}

int
screen_group_column(const struct model *m, enum group_sort column, int *width)
{
	int c, x = 1 + key_width(m) + 1;

	if (column == GROUP_KEY) {
		*width = key_width(m);
		return 1;
	}
	for (c = 1; c < (int)column; c++)
		if (m->width >= group_columns[c].from)
			x += group_columns[c].width + 1;
	*width = m->width >= group_columns[column].from ?
	    group_columns[column].width : 0;
	return x;
}

static void
draw_group_titles(struct model *m, struct grid *g)
{
	enum group_by by = m->screen == SCREEN_DOMAINS ? BY_DOMAIN :
	    m->screen == SCREEN_SENDERS ? m->sender_by :
	    m->screen == SCREEN_REASONS ? BY_REASON : BY_RELAY;
	char title[64];
	int c, x, width;
	enum role role;

	grid_fill(g, 0, 2, g->width, ROLE_COLUMNS);
	for (c = 0; c < GROUP_SORT_COUNT; c++) {
		x = screen_group_column(m, (enum group_sort)c, &width);
		if (width == 0)
			continue;
		role = c == (int)m->group_sort ? ROLE_COLUMN_ON :
		    ROLE_COLUMNS;
		snprintf(title, sizeof(title), "%s%s%s", c == GROUP_KEY ?
		    group_bys[by].title : group_columns[c].title,
		    c == GROUP_KEY && by == BY_DOMAIN && m->wants_parents ?
		    " (parents)" : "", role == ROLE_COLUMNS ? "" :
		    m->is_group_down ? "-" : "+");
		if (c == GROUP_KEY)
			grid_put(g, x, 2, width, role, CUT_END, title);
		else
			grid_put_right(g, x, 2, width, role, title);
	}
	x = 1 + key_width(m) + 1;
	for (c = 1; c < GROUP_SORT_COUNT; c++)
		if (m->width >= group_columns[c].from)
			x += group_columns[c].width + 1;
	if (has_extras(m)) {
		grid_put(g, x, 2, AGES_WIDTH, ROLE_COLUMNS, CUT_END, "Ages");
		x += AGES_WIDTH + 1;
		grid_put(g, x, 2, CLASS_WIDTH, ROLE_COLUMNS, CUT_END,
		    "Top class");
		x += CLASS_WIDTH + 1;
	}
	if (has_notes(m))
		grid_put(g, x, 2, g->width - x, ROLE_COLUMNS, CUT_END,
		    m->screen == SCREEN_REASONS ? "Advice" : "Classes, last answer");
}

static void
put_group_cell(const struct model *m, const struct group *group,
    enum group_sort c, struct buf *out)
{
	switch (c) {
	case GROUP_MESSAGES: column_number(out, group->messages); break;
	case GROUP_RCPTS: column_number(out, group->rcpts); break;
	case GROUP_BYTES: column_size(out, (int64_t)group->bytes); break;
	case GROUP_OLDEST:
		if (group->oldest > 0)
			column_duration(out, m->now - group->oldest);
		break;
	case GROUP_DUE:
		if (group->dated == 0)
			buf_addc(out, '?');
		else if (group->due > 0 || group->next == 0)
			column_number(out, group->due);
		else
			column_duration(out, group->next - m->now);
		break;
	default: break;
	}
}

static void
draw_group(struct model *m, struct grid *g, int y, const struct group *group,
    bool is_cursor)
{
	enum role role = is_cursor ? group->tagged > 0 ? ROLE_CURSOR_TAGGED :
	    ROLE_CURSOR : group->tagged > 0 ? ROLE_TAGGED : ROLE_NORMAL;
	struct buf text = BUF_INIT;
	int c, x, width, end = 1 + key_width(m) + 1;

	grid_fill(g, 0, y, g->width, role);
	grid_put(g, 0, y, 1, role, CUT_END, group->tagged > 0 ? "*" : " ");
	if (m->screen == SCREEN_REASONS)
		buf_addf(&text, "%*s%s", 2 * group->depth, "",
		    group->depth == 2 ? "  " : group->is_unfolded ? "- " :
		    "+ ");
	buf_adds(&text, group->label);
	grid_put(g, 1, y, key_width(m), role, m->screen == SCREEN_REASONS ?
	    CUT_END : CUT_MIDDLE, text.ptr);
	for (c = 1; c < GROUP_SORT_COUNT; c++) {
		x = screen_group_column(m, (enum group_sort)c, &width);
		if (width == 0)
			continue;
		buf_reset(&text);
		put_group_cell(m, group, (enum group_sort)c, &text);
		grid_put_right(g, x, y, width, role, text.ptr);
		end = x + width + 1;
	}
	if (has_extras(m)) {
		grid_spark(g, end, y, VIEW_AGES, role, group->ages,
		    VIEW_AGES);
		end += AGES_WIDTH + 1;
		grid_put(g, end, y, CLASS_WIDTH, role, CUT_END,
		    group->top_class == REASON_NONE ? "" :
		    queue_reason_class_name(group->top_class));
		end += CLASS_WIDTH + 1;
	}
	if (has_notes(m)) {
		buf_reset(&text);
		if (group->suspended > 0)
			buf_addf(&text, "[suspended %u] ", group->suspended);
		buf_adds(&text, group->note);
		grid_put(g, end, y, g->width - end, role, CUT_END, text.ptr);
	}
	buf_done(&text);
}

void
screen_groups(struct model *m, struct grid *g)
{
	const struct view *v = m->shown[m->screen];
	const struct place *p = &m->places[m->screen];
	int line, page = model_page(m);
	size_t i;

	draw_group_titles(m, g);
	if (v == NULL || v->count == 0)
		draw_empty(m, g, v);
	for (line = 0; v != NULL && line < page; line++) {
		i = p->top + (size_t)line;
		if (i >= v->count)
			break;
		draw_group(m, g, LIST_TOP + line, &v->groups[i], i == p->at);
		grid_mark(g, 1, LIST_TOP + line, g->width - 1, m->search);
	}
}

/* ---- the journal ---- */

static void
draw_action(struct model *m, struct grid *g, int y,
    const struct journal_row *row, enum role role)
{
	struct buf text = BUF_INIT;
	struct tm tm;
	time_t when = (time_t)row->time;
	char stamp[32] = "";
	int x;

	(void)m;
	grid_fill(g, 0, y, g->width, role);
	if (localtime_r(&when, &tm) != NULL)
		strftime(stamp, sizeof(stamp), "%m-%d %H:%M:%S", &tm);
	x = grid_addf(g, 1, y, role, "%-15s %-14.14s %7lld ", stamp,
	    row->action, (long long)row->messages);
	buf_adds(&text, row->is_undone ? "undone" : !row->is_ended ?
	    "not ended" : row->others > 0 ? "partly" : "done");
	grid_put(g, x, y, 10, role, CUT_END, text.ptr);
	x = grid_addf(g, x + 10, y, role, " %-9.9s ", row->user);
	buf_setf(&text, "%s%s%s", row->note, row->note[0] != '\0' &&
	    row->select[0] != '\0' ? "  -- " : "", row->select);
	grid_add(g, x, y, role, text.ptr);
	buf_done(&text);
}

void
screen_journal(struct model *m, struct grid *g)
{
	const struct place *p = &m->places[SCREEN_JOURNAL];
	const struct journal_row *row;
	int line, page = model_page(m);
	size_t i;

	grid_fill(g, 0, 2, g->width, ROLE_COLUMNS);
	grid_addf(g, 1, 2, ROLE_COLUMNS, "%-15s %-14s %7s %-10s %-9s %s",
	    "Time", "Action", "Msgs", "State", "User", "Note, selection");
	if (journal_error(m->journal)[0] != '\0')
		grid_put(g, 2, LIST_TOP + 1, g->width - 4, ROLE_BAD, CUT_END,
		    journal_error(m->journal));
	else if (journal_count(m->journal) == 0)
		grid_put(g, 2, LIST_TOP + 1, g->width - 4, ROLE_DIM, CUT_END,
		    "No action was recorded yet.");
	for (line = 0; line < page; line++) {
		i = p->top + (size_t)line;
		if ((row = journal_row(m->journal, i)) == NULL)
			break;
		draw_action(m, g, LIST_TOP + line, row, i == p->at ?
		    ROLE_CURSOR : row->is_undone || row->is_undo ? ROLE_DIM :
		    ROLE_NORMAL);
	}
}
