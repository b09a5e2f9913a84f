/*
 * model_search.c - from row to row, to the next that holds what is searched
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "cmd/qtop/model.h"
#include "cmd/qtop/subjects.h"
#include "lib/base/clock.h"

#define CHASE_MS	10	/* a search stops to look for keys */

static bool
row_matches(struct model *m, const struct view *v, size_t i, struct buf *text)
{
	const struct queue_row *row;
	int c;

	buf_reset(text);
	if (v->kind == VIEW_GROUPS) {
		buf_addf(text, "%s %s", v->groups[i].label,
		    v->groups[i].note);
		return strcasestr(text->ptr, m->search) != NULL;
	}
	row = queue_snapshot_row(m->snapshot, v->entries[i].slot);
	if (row == NULL || row->serial != v->entries[i].serial)
		return false;
	for (c = 0; c < COLUMN_COUNT; c++) {
		if ((m->settings.columns & COLUMN_BIT(c)) == 0)
			continue;
		buf_reset(text);
		column_text((enum column)c, m->snapshot, row, m->now, text);
		if (c == COLUMN_SUBJECT)	/* as far as they were read */
			buf_adds(text, subjects_text(m->subjects,
			    row->serial));
		if (strcasestr(text->ptr, m->search) != NULL)
			return true;
	}
	return false;
}

static void
end_chase(struct model *m, bool is_found)
{
	size_t at = m->places[m->screen].at;

	m->chase.is_on = false;
	if (!is_found) {
		model_say(m, TONE_BAD, "not found: %.100s", m->search);
		return;
	}
	m->note[0] = '\0';
	if (!m->chase.is_here && ((m->chase.step > 0 && m->chase.at <= at) ||
	    (m->chase.step < 0 && m->chase.at >= at)))
		model_say(m, TONE_INFO, "search went on at the %s",
		    m->chase.step > 0 ? "top" : "bottom");
	model_move(m, m->chase.at);
}

bool
model_chase(struct model *m)
{
	const struct view *v = m->shown[m->screen];
	int64_t until = clock_mono_ms() + CHASE_MS;
	struct buf text = BUF_INIT;
	bool is_found = false;
	size_t n;

	if (!m->chase.is_on)
		return false;
	if (m->screen == SCREEN_FLOW) {		/* it is marked, and that is all */
		m->chase.is_on = false;
		return false;
	}
	if (v == NULL || (n = v->count) == 0 || (v->kind == VIEW_OVERVIEW)) {
		end_chase(m, false);
		return false;
	}
	queue_snapshot_lock(m->snapshot);
	for (; m->chase.tried < n && !is_found; m->chase.tried++) {
		if (m->chase.tried > 0 || !m->chase.is_here)
			m->chase.at = m->chase.step > 0 ?
			    (m->chase.at + 1) % n : (m->chase.at + n - 1) % n;
		is_found = m->chase.at < n &&
		    row_matches(m, v, m->chase.at, &text);
		if (m->chase.tried % 256 == 255 && !is_found &&
		    clock_mono_ms() >= until) {
			m->chase.tried++;
			break;
		}
	}
	queue_snapshot_unlock(m->snapshot);
	buf_done(&text);
	if (is_found || m->chase.tried >= n)
		end_chase(m, is_found);
	return m->chase.is_on;
}

void
model_search(struct model *m, int step, bool is_here)
{
	m->chase.is_on = m->search[0] != '\0';
	m->chase.is_here = is_here;
	m->chase.step = step;
	m->chase.at = m->places[m->screen].at;
	m->chase.tried = 0;
	model_chase(m);
}
