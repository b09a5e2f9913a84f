/*
 * act_editor.c - a message as text, changed in the user's editor
 *
 *	row --> form (worker) --> file --> editor --> differences --> question
 *
 * The file belongs to who called; the queue file is read by the worker, with
 * its owner's rights, and changed only by the engine after the question.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <unistd.h>

#include "cmd/qtop/act_internal.h"
#include "cmd/qtop/jobs.h"
#include "cmd/qtop/reader.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/foreground.h"
#include "lib/base/mem.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_message.h"

#define FORM_MAX	(32u << 20)

struct forming {
	struct job	 job;
	struct queue_message message;
	struct view_entry entry;
	time_t		 now;
	struct buf	 form;
	struct err	 err;
	int		 rc;
};

static void
form_run(struct job *job)
{
	struct forming *f = (struct forming *)job;
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;

	c.m = &f->message;
	c.now = f->now;
	if (f->message.is_told || f->message.may_arrive ||
	    !reader_find(&f->message))
		f->rc = err_set(&f->err, ERR_NOT_FOUND, "%s: %s",
		    f->message.id, f->message.is_told ?
		    "needs direct access to the queue" :
		    f->message.may_arrive ? "is still being written" :
		    "is gone");
	else
		f->rc = queue_edit_form(&c, FORM_MAX, &f->form, &f->err);
	queue_field_context_done(&c);
}

static void
form_finish(struct job *job, struct model *m)
{
	struct forming *f = (struct forming *)job;

	if (m != NULL && f->rc == 0) {
		free(m->to_edit);
		m->to_edit = foreground_file("qtop", &f->form, &f->err);
		m->act->edited = f->entry;
		buf_swap(&m->act->form, &f->form);
		f->rc = m->to_edit != NULL ? 0 : -1;
	}
	if (m != NULL && f->rc == -1)
		model_say(m, TONE_BAD, "%s", f->err.text);
	queue_message_done(&f->message);
	buf_done(&f->form);
	free(f);
}

void
act_in_editor(struct model *m)
{
	const struct queue_row *row;
	struct view_entry entry;
	struct forming *f;

	if (!act_may(m))
		return;
	if (!model_entry(m, &entry)) {
		model_say(m, TONE_INFO, "an editor is for one message");
		return;
	}
	f = xcalloc(1, sizeof(*f));
	f->job.run = form_run;
	f->job.finish = form_finish;
	f->entry = entry;
	f->now = m->now;
	buf_init(&f->form);
	queue_message_init(&f->message);
	queue_snapshot_lock(m->snapshot);
	row = queue_snapshot_row(m->snapshot, entry.slot);
	if (row != NULL && row->serial == entry.serial)
		queue_snapshot_message(m->snapshot, row, &f->message);
	else
		row = NULL;
	queue_snapshot_unlock(m->snapshot);
	if (row == NULL) {
		model_say(m, TONE_INFO, "this message is gone");
		form_finish(&f->job, NULL);
		return;
	}
	jobs_add(m->act_jobs, &f->job);
}

void
act_edited(struct model *m, const char *path, const char *why)
{
	struct queue_edit *e = queue_edit_new();
	struct buf after = BUF_INIT;
	struct err err = ERR_INIT;

	if (why != NULL) {
		model_say(m, TONE_BAD, "%s: nothing was done", why);
		unlink(path);
	} else if (file_read(path, &after, FORM_MAX, &err) == -1 ||
	    queue_edit_read_form(e, &m->act->form, &after, &err) == -1) {
		model_say(m, TONE_BAD, "%.120s; your text is still in %.90s",
		    err.text, path);
	} else {
		unlink(path);
		if (queue_edit_is_empty(e)) {
			model_say(m, TONE_INFO, "nothing was changed");
		} else {
			act_edit_one(m, &m->act->edited, e);
			e = NULL;
		}
	}
	queue_edit_free(e);
	buf_done(&after);
	buf_reset(&m->act->form);
}
