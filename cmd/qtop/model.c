/*
 * model.c - what qtop knows and where its user is
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/qtop/jobs.h"
#include "cmd/qtop/journal.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"

const char *const tab_names[TAB_COUNT] = { "Summary", "Recipients", "Headers",
	"Text", "MIME", "Timeline", "Records", "Log" };

void
model_init(struct model *m)
{
	int i;

	memset(m, 0, sizeof(*m));
	m->filter = xstrdup("");
	m->search = xstrdup("");
	m->host = "";
	m->source_name = "";
	m->home_dir = -1;
	m->screen = SCREEN_MESSAGES;
	m->sender_by = BY_SENDER;
	m->group_sort = GROUP_MESSAGES;
	m->is_group_down = true;
	m->width = 80;
	m->height = 24;
	buf_init(&m->warnings);
	buf_init(&m->unfolded);
	buf_init(&m->confirm.text);
	buf_init(&m->pager.text);
	buf_init(&m->run_input);
	line_init(&m->confirm.line);
	line_init(&m->prompt.line);
	for (i = 0; i < TAB_COUNT; i++)
		buf_init(&m->reader.tabs[i]);
	for (i = 0; i < PROMPT_COUNT; i++) {
		m->history[i].chosen = -1;
		buf_init(&m->history[i].draft);
	}
	m->settings = (struct settings){ "default", COLUMNS_USUAL, 2, 25,
	    true, false, true, COLUMN_AGE, false };
	theme_load(&m->theme, "default", NULL, NULL);
}

void
model_done(struct model *m)
{
	size_t i;

	for (i = 0; i < SCREEN_COUNT; i++) {
		view_free(m->shown[i]);
		free(m->places[i].key);
	}
	model_forget_way(m);
	for (i = 0; i < TAB_COUNT; i++)
		buf_done(&m->reader.tabs[i]);
	for (i = 0; i < PROMPT_COUNT; i++)
		line_history_done(&m->history[i]);
	free(m->filter);
	free(m->search);
	free(m->prompt.before);
	free(m->to_copy);
	free(m->to_run);
	free(m->to_edit);
	free(m->to_instance);
	free(m->tagging.entries);
	line_done(&m->prompt.line);
	line_done(&m->confirm.line);
	buf_done(&m->warnings);
	buf_done(&m->unfolded);
	buf_done(&m->confirm.text);
	buf_done(&m->pager.text);
	buf_done(&m->run_input);
}

unsigned
model_place(const struct model *m)
{
	if (m->pager.is_open)
		return IN_HELP;
	if (m->reader.is_open)
		return IN_READER;
	return 1u << m->screen;
}

void
model_say(struct model *m, enum tone tone, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(m->note, sizeof(m->note), fmt, ap);
	va_end(ap);
	m->tone = tone;
}

/* ---- rows ---- */

size_t
model_rows(const struct model *m)
{
	if (m->screen == SCREEN_JOURNAL)
		return journal_count(m->journal);
	return m->screen != SCREEN_OVERVIEW && m->shown[m->screen] != NULL ?
	    m->shown[m->screen]->count : 0;
}

/* Lines above the list: totals, screens, titles. Below: status and keys. */
int
model_page(const struct model *m)
{
	int page = m->height - 5;

	if (m->screen == SCREEN_MESSAGES && m->settings.has_preview &&
	    m->height >= 16)
		page -= (m->height - 5) / 3 + 1;
	return page < 1 ? 1 : page;
}

static void
scroll(struct model *m)
{
	struct place *p = &m->places[m->screen];
	size_t rows = model_rows(m), page = (size_t)model_page(m);

	if (rows == 0)
		p->at = p->top = 0;
	else if (p->at >= rows)
		p->at = rows - 1;
	if (p->top > p->at)
		p->top = p->at;
	if (p->at - p->top >= page)
		p->top = p->at - page + 1;
	if (p->top + page > rows)
		p->top = rows > page ? rows - page : 0;
}

static void
remember_row(struct model *m)
{
	struct place *p = &m->places[m->screen];
	const struct group *g;

	if (m->screen == SCREEN_MESSAGES) {
		if (!model_entry(m, &p->id))
			p->id.serial = 0;
	} else if ((g = model_group(m)) != NULL) {
		free(p->key);
		p->key = xstrdup(g->key);
	}
}

void
model_move(struct model *m, size_t at)
{
	m->places[m->screen].at = at;
	m->places[m->screen].is_chosen = true;
	model_fit(m);
}

void
model_fit(struct model *m)
{
	scroll(m);
	remember_row(m);
}

bool
model_entry(const struct model *m, struct view_entry *out)
{
	const struct view *v = m->shown[SCREEN_MESSAGES];
	size_t at = m->places[SCREEN_MESSAGES].at;

	if (m->reader.is_open) {
		*out = m->reader.id;
		return true;
	}
	if (m->screen != SCREEN_MESSAGES || v == NULL || at >= v->count)
		return false;
	*out = v->entries[at];
	return true;
}

const struct group *
model_group(const struct model *m)
{
	const struct view *v = m->shown[m->screen];
	size_t at = m->places[m->screen].at;

	return model_is_grouped(m) && v != NULL && v->groups != NULL &&
	    at < v->count ? &v->groups[at] : NULL;
}

/* A new view came: the cursor follows what it stood on. */
static void
follow(struct model *m, enum screen screen)
{
	struct place *p = &m->places[screen];
	const struct view *v = m->shown[screen];
	size_t i, before = p->at;

	if (!m->settings.follows && screen == SCREEN_MESSAGES)
		return;
	if (screen == SCREEN_MESSAGES && p->id.serial != 0) {
		for (i = 0; i < v->count; i++)
			if (v->entries[i].serial == p->id.serial)
				break;
	} else if (screen != SCREEN_MESSAGES && p->key != NULL) {
		for (i = 0; i < v->count; i++)
			if (strcmp(v->groups[i].key, p->key) == 0)
				break;
	} else {
		return;
	}
	if (i == v->count)
		return;
	p->at = i;
	/*
	 * The row stays where it is on the screen, what is around it moves;
	 * but who looks at the first rows is to see new ones come.
	 */
	if (p->top > 0)
		p->top = p->top + i > before ? p->top + i - before : 0;
}

/* ---- views ---- */

void
model_ask(struct model *m)
{
	struct view_request r = { .filter = m->filter,
	    .tagged_only = m->tagged_only, .sort = m->settings.sort,
	    .is_down = m->settings.is_down, .group_sort = m->group_sort,
	    .wants_parents = m->wants_parents, .unfolded = m->unfolded.ptr };

	switch (m->screen) {
	case SCREEN_OVERVIEW:
	case SCREEN_FLOW:
	case SCREEN_JOURNAL:
		r.kind = VIEW_OVERVIEW;
		break;
	case SCREEN_MESSAGES:
		r.kind = VIEW_MESSAGES;
		break;
	default:
		r.kind = VIEW_GROUPS;
		r.is_down = m->is_group_down;
		r.by = m->screen == SCREEN_DOMAINS ? BY_DOMAIN :
		    m->screen == SCREEN_SENDERS ? m->sender_by :
		    m->screen == SCREEN_REASONS ? BY_REASON : BY_RELAY;
		break;
	}
	if (m->views != NULL)
		m->asked[m->screen] = views_ask(m->views, &r);
}

bool
model_is_current(const struct model *m)
{
	const struct view *v = m->shown[m->screen];

	return v != NULL && v->number == m->asked[m->screen];
}

bool
model_update(struct model *m)
{
	struct view *v = views_take(m->views);
	enum screen screen = m->screen;
	bool is_new = false, was_filling;

	m->now = clock_now();
	source_status(m->source, &m->status);
	if (v != NULL && v->number == m->asked[screen]) {
		/* The first rows that were read are nobody's choice. */
		was_filling = m->shown[screen] == NULL ||
		    m->shown[screen]->is_filling;
		view_free(m->shown[screen]);
		m->shown[screen] = v;
		if (v->kind != VIEW_OVERVIEW && (!was_filling ||
		    m->places[screen].is_chosen))
			follow(m, screen);
		model_fit(m);
		is_new = true;
	} else {
		view_free(v);		/* of a screen that was left */
	}
	is_new |= jobs_finish(m->look, m);
	is_new |= jobs_finish(m->act_jobs, m);
	return is_new;
}

/* ---- where one is ---- */

void
model_filter(struct model *m, const char *filter)
{
	char *copy = xstrdup(filter);

	free(m->filter);
	m->filter = copy;
	m->is_ranging = false;
	model_ask(m);
}

void
model_go(struct model *m, enum screen screen)
{
	m->is_ranging = false;
	m->screen = screen;
	if (screen == SCREEN_JOURNAL)
		journal_load(m);
	scroll(m);
	model_ask(m);
}

void
model_drill(struct model *m, enum screen screen, const char *filter)
{
	char *copy = xstrdup(filter);	/* which may be the one it replaces */
	struct crumb *c;

	if (m->crumb_count == CRUMBS) {
		free(m->crumbs[0].filter);
		free(m->crumbs[0].place.key);
		memmove(&m->crumbs[0], &m->crumbs[1], (CRUMBS - 1) *
		    sizeof(m->crumbs[0]));
		m->crumb_count--;
	}
	c = &m->crumbs[m->crumb_count++];
	c->screen = m->screen;
	c->filter = xstrdup(m->filter);
	c->place = m->places[m->screen];
	if (c->place.key != NULL)
		c->place.key = xstrdup(c->place.key);
	free(m->filter);
	m->filter = copy;
	/* No key shall meet the rows of before. */
	view_free(m->shown[screen]);
	m->shown[screen] = NULL;
	m->places[screen].at = 0;
	m->places[screen].is_chosen = false;
	model_go(m, screen);
	remember_row(m);
}

bool
model_back(struct model *m)
{
	struct crumb *c;

	if (m->crumb_count == 0)
		return false;
	c = &m->crumbs[--m->crumb_count];
	free(m->filter);
	m->filter = c->filter;
	free(m->places[c->screen].key);
	m->places[c->screen] = c->place;
	model_go(m, c->screen);
	return true;
}

void
model_forget_way(struct model *m)
{
	for (; m->crumb_count > 0; m->crumb_count--) {
		free(m->crumbs[m->crumb_count - 1].filter);
		free(m->crumbs[m->crumb_count - 1].place.key);
	}
}
