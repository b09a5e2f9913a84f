/*
 * journal.c - what was done to the queue, and by whom
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/qtop/jobs.h"
#include "cmd/qtop/model.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

#define ROWS_MAX	5000	/* the newest ones */

struct journal_list {
	struct journal_row *rows;	/* the oldest first */
	size_t		 count;
	char		 error[512];
};

struct loading {
	struct job	 job;
	struct journal_list *list;
};

static void
row_done(struct journal_row *row)
{
	free(row->action);
	free(row->user);
	free(row->command);
	free(row->select);
	free(row->note);
}

void
journal_free(struct journal_list *j)
{
	size_t i;

	if (j == NULL)
		return;
	for (i = 0; i < j->count; i++)
		row_done(&j->rows[i]);
	free(j->rows);
	free(j);
}

static bool
add(const struct queue_journal_action *a, void *ctx)
{
	struct journal_list *j = ctx;
	struct journal_row *row;
	int i;

	if (j->count == ROWS_MAX) {
		row_done(&j->rows[0]);
		memmove(&j->rows[0], &j->rows[1], (ROWS_MAX - 1) *
		    sizeof(j->rows[0]));
		j->count--;
	}
	if ((j->count & (j->count - 1)) == 0)
		j->rows = xreallocarray(j->rows, j->count > 0 ? 2 * j->count :
		    1, sizeof(*j->rows));
	row = &j->rows[j->count++];
	memset(row, 0, sizeof(*row));
	snprintf(row->token, sizeof(row->token), "%s", a->token);
	row->action = xstrdup(a->action);
	row->user = xstrdup(a->user);
	row->command = xstrdup(a->command);
	row->select = xstrdup(a->select);
	row->note = xstrdup(a->note);
	row->time = a->time;
	row->messages = a->messages;
	row->is_ended = a->is_ended;
	row->is_undone = a->is_undone;
	row->is_undo = a->of[0] != '\0';
	for (i = 0; i < QUEUE_RESULT_COUNT; i++) {
		if (i == QUEUE_RESULT_DONE)
			row->done += a->counts[i];
		else
			row->others += a->counts[i];
	}
	/* An undo knows only afterwards. */
	if (row->messages == 0)
		row->messages = row->done + row->others;
	return true;
}

static void
load_run(struct job *job)
{
	struct loading *l = (struct loading *)job;
	struct err err = ERR_INIT;

	if (queue_journal_each(0, add, l->list, NULL, &err) == -1)
		memcpy(l->list->error, err.text, sizeof(err.text));
}

static void
load_finish(struct job *job, struct model *m)
{
	struct loading *l = (struct loading *)job;

	if (m != NULL) {
		journal_free(m->journal);
		m->journal = l->list;
		if (m->screen == SCREEN_JOURNAL)
			model_fit(m);
	} else {
		journal_free(l->list);
	}
	free(l);
}

void
journal_load(struct model *m)
{
	struct loading *l;

	if (m->look == NULL || m->status.kind == SOURCE_FILE)
		return;
	l = xcalloc(1, sizeof(*l));
	l->job.run = load_run;
	l->job.finish = load_finish;
	l->list = xcalloc(1, sizeof(*l->list));
	jobs_add(m->look, &l->job);
}

size_t
journal_count(const struct journal_list *j)
{
	return j != NULL ? j->count : 0;
}

const struct journal_row *
journal_row(const struct journal_list *j, size_t i)
{
	return j != NULL && i < j->count ? &j->rows[j->count - 1 - i] : NULL;
}

const char *
journal_error(const struct journal_list *j)
{
	return j != NULL ? j->error : "";
}
