/*
 * prompt.c - the line at the bottom: search, filter, tag, command, names
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/qtop/act.h"
#include "cmd/qtop/do.h"
#include "cmd/qtop/reader.h"
#include "cmd/qtop/selection.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_select.h"

/* Whose IDs a command gets is said before it is typed. */
static void
describe_scope(struct model *m)
{
	size_t tagged = act_tagged(m), n = tagged > 0 ? tagged :
	    model_rows(m);

	snprintf(m->prompt.scope, sizeof(m->prompt.scope), "%zu %s ID%s", n,
	    tagged > 0 ? "tagged" : "shown", n == 1 ? "" : "s");
}

void
prompt_open(struct model *m, enum prompt_kind kind, const char *text,
    int value)
{
	struct prompt *p = &m->prompt;

	p->kind = kind;
	p->value = value;
	line_set(&p->line, text);
	free(p->before);
	p->before = xstrdup(kind == PROMPT_SEARCH ? m->search : m->filter);
	p->was = m->places[m->screen];
	p->was.key = NULL;
	m->history[kind].chosen = -1;
	m->filter_error[0] = '\0';
	m->wants_discard = kind == PROMPT_NOTE;
	if (kind == PROMPT_SHELL)
		describe_scope(m);
}

/* ---- while it is typed ---- */

static void
set_search(struct model *m, const char *text)
{
	char *copy = xstrdup(text);

	free(m->search);
	m->search = copy;
}

static void
search_typed(struct model *m)
{
	set_search(m, m->prompt.line.text.ptr);
	m->note[0] = '\0';
	if (m->reader.is_open || m->pager.is_open) {
		reader_search(m, 1, true);
		return;
	}
	model_move(m, m->prompt.was.at);
	model_search(m, 1, true);
}

static void
filter_typed(struct model *m)
{
	struct queue_select *s = NULL;
	struct err err = ERR_INIT;
	const char *text = m->prompt.line.text.ptr;

	m->filter_error[0] = '\0';
	if (text[strspn(text, " ")] != '\0' &&
	    (s = selection_parse(text, m->now, &err)) == NULL)
		snprintf(m->filter_error, sizeof(m->filter_error), "%.250s",
		    err.text);
	/* What cannot be read does not leave the rows of what it began with. */
	if (m->filter_error[0] != '\0')
		text = m->prompt.before;
	if (strcmp(text, m->filter) != 0)
		model_filter(m, text);
	queue_select_free(s);
}

static void
typed(struct model *m)
{
	if (m->prompt.kind == PROMPT_SEARCH)
		search_typed(m);
	else if (m->prompt.kind == PROMPT_FILTER)
		filter_typed(m);
}

static void
complete(struct model *m)
{
	struct buf candidates = BUF_INIT;

	if (m->prompt.kind == PROMPT_COMMAND)
		command_complete(&m->prompt.line, &candidates);
	else if (m->prompt.kind == PROMPT_FILTER ||
	    m->prompt.kind == PROMPT_TAG)
		selection_complete(&m->prompt.line, &candidates);
	typed(m);
	if (candidates.len > 0)
		snprintf(m->filter_error, sizeof(m->filter_error), "%.250s",
		    candidates.ptr);
	buf_done(&candidates);
}

/* ---- when it is over ---- */

static void
leave(struct model *m)
{
	enum prompt_kind kind = m->prompt.kind;

	m->prompt.kind = PROMPT_NONE;
	m->filter_error[0] = '\0';
	if (kind == PROMPT_SEARCH) {
		set_search(m, m->prompt.before);
		m->chase.is_on = false;
		if (!m->reader.is_open && !m->pager.is_open) {
			m->places[m->screen].top = m->prompt.was.top;
			model_move(m, m->prompt.was.at);
		}
	} else if (kind == PROMPT_FILTER &&
	    strcmp(m->filter, m->prompt.before) != 0) {
		model_filter(m, m->prompt.before);
	}
}

static void
run_command(struct model *m, const char *text, bool is_pipe)
{
	free(m->to_run);
	buf_reset(&m->run_input);
	if (is_pipe)
		buf_adds(&m->run_input, m->reader.tabs[m->reader.tab].ptr);
	else
		act_ids(m, true, &m->run_input);
	m->to_run = xstrdup(text);
}

/* False: it stays open. */
static bool
accept(struct model *m, const char *text)
{
	struct err err = ERR_INIT;

	switch (m->prompt.kind) {
	case PROMPT_FILTER:
		/* Candidates stand there too; an error is one when typed. */
		filter_typed(m);
		if (m->filter_error[0] != '\0')
			return false;
		break;
	case PROMPT_TAG:
		if (text[0] != '\0')
			tags_by_expression(m, text, true);
		break;
	case PROMPT_COMMAND:
		command_run(m, text);
		break;
	case PROMPT_EXPORT:
		if (text[0] != '\0')
			export_begin(m, (enum export_format)m->prompt.value,
			    text);
		break;
	case PROMPT_SHELL:
	case PROMPT_PIPE:
		if (text[0] != '\0')
			run_command(m, text, m->prompt.kind == PROMPT_PIPE);
		break;
	case PROMPT_NOTE:
		snprintf(m->confirm.note, sizeof(m->confirm.note), "%.250s",
		    text);
		break;
	case PROMPT_EDIT:
		if (text[0] != '\0')
			act_edit(m, (enum queue_edit_op)m->prompt.value,
			    text);
		break;
	case PROMPT_SAVE:
		if (selection_save(text, m->filter, &err) == -1)
			model_say(m, TONE_BAD, "%s", err.text);
		else
			model_say(m, TONE_GOOD, "saved: @%s", text);
		break;
	default:
		break;
	}
	return true;
}

void
prompt_key(struct model *m, int key)
{
	struct prompt *p = &m->prompt;
	enum prompt_kind kind = p->kind;
	char *text;

	if (key == KEYS_ESC || key == KEYS_CTRL('c')) {
		leave(m);
	} else if (key == KEYS_ENTER || key == '\n') {
		text = xstrdup(p->line.text.ptr);
		if (kind != PROMPT_NOTE)
			line_history_add(&m->history[kind], text);
		/* What it does may open the next one. */
		if (accept(m, text) && p->kind == kind)
			p->kind = PROMPT_NONE;
		free(text);
	} else if (key == KEYS_TAB) {
		complete(m);
	} else if (line_history_key(&m->history[kind], &p->line, key)) {
		typed(m);
	} else if (line_key(&p->line, key)) {
		typed(m);
	}
}
