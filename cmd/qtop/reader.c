/*
 * reader.c - one message, opened
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/reader.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/qtop/jobs.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_attempts.h"
#include "lib/queue/queue_identity.h"
#include "lib/queue/queue_message.h"

struct reading {
	struct job	 job;
	struct queue_message message;
	struct view_entry id;
	time_t		 now;
	int		 log_fd;
	struct queue_attempts *attempts;
	struct buf	 tabs[TAB_COUNT];
};

bool
reader_find(struct queue_message *m)
{
	struct queue_found f = QUEUE_FOUND_INIT;
	struct queue_identity what;
	bool is_found;
	char id[256];

	queue_identity_of(m, &what);
	is_found = queue_identity_open(&what, &f, NULL) == QUEUE_RESULT_DONE;
	if (is_found) {
		snprintf(id, sizeof(id), "%s", m->id);
		queue_message_begin(m, f.queue, id, f.path.ptr, &f.st);
		is_found = queue_message_want(m, QUEUE_MESSAGE_REASONS,
		    NULL) != 0;
	}
	queue_found_close(&f);
	return is_found;
}

static void
read_run(struct job *job)
{
	struct reading *r = (struct reading *)job;

	if (!r->message.is_told && !reader_find(&r->message)) {
		buf_adds(&r->tabs[TAB_SUMMARY], "This message is gone.\n\n");
		r->message.is_told = true;
		r->message.is_snapshot = true;
	}
	reader_make(&r->message, r->now, r->tabs);
}

static void
read_log_run(struct job *job)
{
	struct reading *r = (struct reading *)job;

	reader_make_log(&r->message, r->log_fd, r->attempts, r->tabs);
}

static void
free_reading(struct reading *r)
{
	int i;

	for (i = 0; i < TAB_COUNT; i++)
		buf_done(&r->tabs[i]);
	queue_message_done(&r->message);
	queue_attempts_free(r->attempts);
	if (r->log_fd != -1)
		close(r->log_fd);
	free(r);
}

/* First what the file says, then what the log says. */
static void
read_finish(struct job *job, struct model *m)
{
	struct reading *r = (struct reading *)job;
	int i;

	if (m == NULL || !m->reader.is_open ||
	    m->reader.id.serial != r->id.serial) {
		free_reading(r);
		return;
	}
	for (i = 0; i < TAB_COUNT; i++)
		if (r->tabs[i].len > 0)
			buf_swap(&m->reader.tabs[i], &r->tabs[i]);
	if (job->run == read_log_run) {
		free_reading(r);
		return;
	}
	m->reader.is_loading = false;
	for (i = 0; i < TAB_COUNT; i++) {
		if (m->reader.tabs[i].len == 0)
			buf_sets(&m->reader.tabs[i], "reading the log ...\n");
		buf_reset(&r->tabs[i]);
	}
	job->run = read_log_run;
	jobs_add(m->look, job);
}

const char *
reader_log(void)
{
	return params.maillog_file != NULL && params.maillog_file[0] == '/' ?
	    params.maillog_file : "/var/log/mail.log";
}

static bool
load(struct model *m, const struct view_entry *id)
{
	const struct queue_row *row;
	struct reading *r = xcalloc(1, sizeof(*r));
	int i;

	r->job.run = read_run;
	r->job.finish = read_finish;
	r->id = *id;
	r->now = m->now;
	r->log_fd = -1;
	queue_message_init(&r->message);
	for (i = 0; i < TAB_COUNT; i++)
		buf_init(&r->tabs[i]);
	queue_snapshot_lock(m->snapshot);
	row = queue_snapshot_row(m->snapshot, id->slot);
	if (row != NULL && row->serial == id->serial) {
		queue_snapshot_message(m->snapshot, row, &r->message);
		snprintf(m->reader.queue_id, sizeof(m->reader.queue_id), "%s",
		    r->message.id);
	} else {
		row = NULL;
	}
	queue_snapshot_unlock(m->snapshot);
	if (row == NULL) {
		model_say(m, TONE_INFO, "this message is gone");
		free_reading(r);
		return false;
	}
	/* With the rights of who called, which its owner may not have. */
	r->attempts = queue_attempts_open();
	r->log_fd = open(reader_log(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	m->reader.id = *id;
	m->reader.is_loading = true;
	for (i = 0; i < TAB_COUNT; i++) {
		buf_reset(&m->reader.tabs[i]);
		m->reader.top[i] = 0;
	}
	jobs_add(m->look, &r->job);
	return true;
}

bool
reader_open(struct model *m)
{
	struct view_entry id;

	if (!model_entry(m, &id) || !load(m, &id))
		return false;
	m->reader.is_open = true;
	m->reader.tab = TAB_SUMMARY;
	return true;
}

void
reader_close(struct model *m)
{
	m->reader.is_open = false;
}

void
reader_step(struct model *m, int step)
{
	const struct view *v = m->shown[SCREEN_MESSAGES];
	size_t at = m->places[SCREEN_MESSAGES].at;

	if (v == NULL || v->count == 0 || (step < 0 && at == 0) ||
	    (step > 0 && at + 1 >= v->count)) {
		model_say(m, TONE_INFO, step > 0 ? "this is the last message" :
		    "this is the first message");
		return;
	}
	at = step > 0 ? at + 1 : at - 1;
	load(m, &v->entries[at]);
	m->reader.is_open = false;	/* so that the list's cursor moves */
	model_move(m, at);
	m->reader.is_open = true;
}

void
reader_search(struct model *m, int step, bool is_here)
{
	bool is_pager = m->pager.is_open;
	const struct buf *text = is_pager ? &m->pager.text :
	    &m->reader.tabs[m->reader.tab];
	size_t *top = is_pager ? &m->pager.top :
	    &m->reader.top[m->reader.tab], line = 0, found = 0;
	const char *p = text->ptr, *hit = p, *end;
	bool is_found = false;

	if (m->search[0] == '\0')
		return;
	for (; *p != '\0'; p = end + (*end == '\n'), line++) {
		end = p + strcspn(p, "\n");
		if (hit <= p && (hit = strcasestr(p, m->search)) == NULL)
			break;
		if (hit >= end)
			continue;	/* further down */
		if (step > 0 && line >= *top + !is_here) {
			found = line;
			is_found = true;
			break;
		}
		if (step < 0 && line < *top) {
			found = line;
			is_found = true;
		}
	}
	if (is_found)
		*top = found;
	else
		model_say(m, TONE_BAD, "not found: %.100s", m->search);
}
