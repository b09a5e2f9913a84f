/*
 * subjects.c - the subjects of the messages that are on the screen
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/subjects.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/qtop/jobs.h"
#include "cmd/qtop/model.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_message.h"

#define KEPT		1024	/* more than any screen has rows */
#define AT_ONCE		64	/* read by one job, so that the first come soon */

struct subject {
	uint32_t	 serial;	/* 0: free */
	char		*text;
};

struct subjects {
	struct subject	 kept[KEPT];	/* a ring: the oldest is replaced */
	size_t		 next;
	bool		 is_reading;
};

struct reading {
	struct job	 job;
	struct queue_snapshot *s;
	struct view_entry entries[AT_ONCE];
	char		*texts[AT_ONCE];
	size_t		 count;
};

struct subjects *
subjects_new(void)
{
	return xcalloc(1, sizeof(struct subjects));
}

void
subjects_free(struct subjects *s)
{
	size_t i;

	for (i = 0; s != NULL && i < KEPT; i++)
		free(s->kept[i].text);
	free(s);
}

static const struct subject *
find(const struct subjects *s, uint32_t serial)
{
	size_t i;

	for (i = 0; i < KEPT; i++)
		if (s->kept[i].serial == serial)
			return &s->kept[i];
	return NULL;
}

const char *
subjects_text(const struct subjects *s, uint32_t serial)
{
	const struct subject *found = s != NULL ? find(s, serial) : NULL;

	return found != NULL ? found->text : "";
}

/* ---- reading ---- */

static void
read_run(struct job *job)
{
	struct reading *r = (struct reading *)job;
	struct buf text = BUF_INIT;
	const struct queue_row *row;
	struct queue_message m;
	size_t i;

	queue_message_init(&m);
	for (i = 0; i < r->count; i++) {
		buf_reset(&text);
		queue_snapshot_lock(r->s);
		row = queue_snapshot_row(r->s, r->entries[i].slot);
		if (row != NULL && row->serial == r->entries[i].serial)
			queue_snapshot_message(r->s, row, &m);
		else
			row = NULL;
		queue_snapshot_unlock(r->s);
		if (row != NULL && queue_message_want(&m,
		    QUEUE_MESSAGE_HEADERS, NULL) == 1)
			queue_message_header(&m, "Subject", 0, &text);
		r->texts[i] = xstrdup(text.ptr);
	}
	queue_message_done(&m);
	buf_done(&text);
}

static void
read_finish(struct job *job, struct model *m)
{
	struct reading *r = (struct reading *)job;
	struct subject *to;
	size_t i;

	for (i = 0; i < r->count; i++) {
		if (m == NULL) {
			free(r->texts[i]);
			continue;
		}
		to = &m->subjects->kept[m->subjects->next++ % KEPT];
		free(to->text);
		to->serial = r->entries[i].serial;
		to->text = r->texts[i];
	}
	if (m != NULL)
		m->subjects->is_reading = false;
	free(r);
}

bool
subjects_want(struct model *m)
{
	const struct view *v = m->shown[SCREEN_MESSAGES];
	size_t i, end = m->places[SCREEN_MESSAGES].top +
	    (size_t)model_page(m);
	struct reading *r;

	if (m->screen != SCREEN_MESSAGES || v == NULL || m->subjects == NULL ||
	    (m->settings.columns & COLUMN_BIT(COLUMN_SUBJECT)) == 0)
		return false;
	if (m->subjects->is_reading)
		return true;
	r = xcalloc(1, sizeof(*r));
	for (i = m->places[SCREEN_MESSAGES].top; i < end && i < v->count &&
	    r->count < AT_ONCE; i++)
		if (find(m->subjects, v->entries[i].serial) == NULL)
			r->entries[r->count++] = v->entries[i];
	if (r->count == 0) {
		free(r);
		return false;
	}
	r->job.run = read_run;
	r->job.finish = read_finish;
	r->s = m->snapshot;
	m->subjects->is_reading = true;
	jobs_add(m->look, &r->job);
	return true;
}
