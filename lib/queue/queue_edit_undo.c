/*
 * queue_edit_undo.c - give back a message as it was before an edit
 *
 *	NEW on hold, nobody delivers it --> OLD back from the trash --> NEW away
 *
 * In that order: at no moment are both deliverable, or neither there. Only
 * while NEW has all the recipients that the edit left it with: what somebody
 * has got meanwhile the original would deliver again.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_edit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_edit_internal.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_log.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_rec.h"
#include "lib/queue/queue_trash_internal.h"

static enum queue_result
fail(struct err *err, enum err_kind kind, const char *text)
{
	err_set(err, kind, "%s", text);
	return QUEUE_RESULT_FAILED;
}

/* Put an open message on hold with nobody at it. */
static enum queue_result
take_hold(struct queue_found *f, struct err *err)
{
	enum queue_result result = QUEUE_RESULT_DONE;
	const char *from = f->queue;

	if (strcmp(from, "hold") != 0)
		result = queue_identity_move(f, "hold", err);
	if (result != QUEUE_RESULT_DONE)
		return result;
	if (file_lock(f->fd, LOCK_EX | LOCK_NB) == 0)
		return QUEUE_RESULT_DONE;
	if (strcmp(from, "hold") != 0)
		queue_identity_move(f, from, NULL);
	return fail(err, ERR_RETRY, "is being delivered");
}

static size_t
count_rcpts(const struct queue_found *f)
{
	struct queue_message m;
	size_t count = 0;

	queue_message_init(&m);
	queue_message_begin(&m, f->queue, f->id, f->path.ptr, &f->st);
	if (queue_message_want(&m, QUEUE_MESSAGE_ENVELOPE, NULL) == 1)
		count = m.rcpt_count;
	queue_message_done(&m);
	return count;
}

/* ---- an edit that made a new file ---- */

static void
return_logs(const char *token, const char *id)
{
	struct buf from = BUF_INIT, to = BUF_INIT;
	size_t i;

	for (i = 0; queue_logs[i] != NULL; i++) {
		buf_setf(&from, "trash/%s/%s.%s", token, id, queue_logs[i]);
		queue_path(&to, queue_logs[i], id);
		queue_rename_new(from.ptr, to.ptr);
	}
	buf_done(&from);
	buf_done(&to);
}

/* OLD from the trash to where the journal says it was. */
static enum queue_result
return_old(const char *token, const struct queue_journal_message *m,
    struct buf *new_id, struct err *err)
{
	struct queue_identity what = m->what;
	struct queue_found f = QUEUE_FOUND_INIT;
	struct buf path = BUF_INIT;
	enum queue_result result;

	buf_setf(&path, "trash/%s/%s", token, m->what.id);
	what.path = path.ptr;
	result = queue_identity_open(&what, &f, err);
	/* Another file there, or none: a copy on another file system. */
	if (result == QUEUE_RESULT_CHANGED || result == QUEUE_RESULT_GONE)
		result = queue_trash_return(token, &m->what, new_id, err);
	/* Elsewhere it is when an undo was cut short: then it is back already. */
	else if (result == QUEUE_RESULT_DONE &&
	    strcmp(f.path.ptr, path.ptr) == 0) {
		return_logs(token, m->what.id);
		result = queue_identity_move(&f,
		    edit_release_queue(m->what.queue), err);
	}
	if (result == QUEUE_RESULT_GONE)
		result = fail(err, ERR_NOT_FOUND, "the original is not in the "
		    "trash any more");
	queue_found_close(&f);
	buf_done(&path);
	return result;
}

static enum queue_result
exchange(const char *token, const struct queue_journal_message *m,
    struct queue_found *new, struct buf *new_id, struct err *err)
{
	const char *from = new->queue;
	enum queue_result result;

	if ((result = take_hold(new, err)) != QUEUE_RESULT_DONE)
		return result;
	if ((int64_t)count_rcpts(new) != m->rcpts)
		result = fail(err, ERR_DENIED, "recipients of the edited "
		    "message have got it, or were changed, meanwhile");
	else
		result = return_old(token, m, new_id, err);
	if (result != QUEUE_RESULT_DONE) {
		if (strcmp(from, "hold") != 0)
			queue_identity_move(new, edit_release_queue(from),
			    NULL);
		return result;
	}
	if (unlink(new->path.ptr) == -1) {
		err_sys(err, "the original is back; remove %s",
		    new->path.ptr);
		return QUEUE_RESULT_FAILED;
	}
	edit_logs_remove(m->new_id);
	return QUEUE_RESULT_DONE;
}

static enum queue_result
undo_file(const char *token, const struct queue_journal_message *m,
    bool is_dry, struct buf *new_id, struct err *err)
{
	struct queue_found new = QUEUE_FOUND_INIT;
	const char *queue = queue_identity_find_new(m->new_id);
	enum queue_result result;

	if (queue == NULL) {
		err_set(err, ERR_NOT_FOUND, "%s was delivered or deleted",
		    m->new_id);
		return QUEUE_RESULT_GONE;
	}
	if (is_dry)
		return QUEUE_RESULT_DONE;
	new.queue = queue;
	new.id = m->new_id;
	queue_path(&new.path, queue, m->new_id);
	new.fd = open(new.path.ptr, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	if (new.fd == -1 || fstat(new.fd, &new.st) == -1) {
		err_sys(err, "open %s", new.path.ptr);
		result = QUEUE_RESULT_FAILED;
	} else {
		result = exchange(token, m, &new, new_id, err);
	}
	queue_found_close(&new);
	return result;
}

/* ---- an edit in place ---- */

static enum queue_result
unmark(struct queue_found *f, struct edit_decision *d, struct err *err)
{
	int fd = open(f->path.ptr, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	enum queue_result result = QUEUE_RESULT_NOTHING;
	const char rcpt = QUEUE_REC_RCPT;
	char type;
	size_t i;

	for (i = 0; fd != -1 && i < d->count; i++) {
		if (pread(fd, &type, 1, d->rcpts[i].offset) != 1 ||
		    type != d->rcpts[i].type)
			continue;
		if (file_pwrite_all(fd, &rcpt, 1, d->rcpts[i].offset) == -1)
			break;
		result = QUEUE_RESULT_DONE;
	}
	if (fd == -1 || i < d->count || edit_keep_times(fd, &f->st) == -1) {
		err_sys(err, "change %s", f->path.ptr);
		result = QUEUE_RESULT_FAILED;
	}
	if (fd != -1)
		close(fd);
	return result;
}

static enum queue_result
undo_in_place(const struct queue_journal_message *m, bool is_dry,
    struct err *err)
{
	struct edit_decision d = { .lines = BUF_INIT };
	struct queue_found f = QUEUE_FOUND_INIT;
	enum queue_result result, back;
	const char *from;

	edit_read_offsets(m->why, &d);
	result = queue_identity_open(&m->what, &f, err);
	from = f.queue;
	if (result == QUEUE_RESULT_DONE && strcmp(from, "active") == 0)
		result = fail(err, ERR_RETRY, "is being delivered");
	if (result == QUEUE_RESULT_DONE && !is_dry &&
	    (result = take_hold(&f, err)) == QUEUE_RESULT_DONE) {
		result = unmark(&f, &d, err);
		if (strcmp(from, "hold") != 0 && (back =
		    queue_identity_move(&f, from, err)) != QUEUE_RESULT_DONE)
			result = back;
	}
	queue_found_close(&f);
	edit_decision_done(&d);
	return result;
}

/* ---- a split ---- */

/* NEW on hold, where pickup does not find it; false when it has taken it. */
static bool
take_back_new(const struct queue_journal_message *m, struct err *err)
{
	const char *queue = queue_identity_find_new(m->new_id);

	if (queue != NULL && (strcmp(queue, "hold") == 0 ||
	    (strcmp(queue, "maildrop") == 0 &&
	    queue_move(m->new_id, queue, "hold", NULL) == 0)))
		return true;
	err_set(err, ERR_DENIED, "the recipients are on their way: pickup has "
	    "taken %s", m->new_id);
	return false;
}

static enum queue_result
undo_split(const struct queue_journal_message *m, bool is_dry,
    struct err *err)
{
	const char *queue = queue_identity_find_new(m->new_id);
	enum queue_result result;

	if (is_dry)
		return queue != NULL ? QUEUE_RESULT_DONE :
		    QUEUE_RESULT_NOTHING;
	if (!take_back_new(m, err))
		return QUEUE_RESULT_FAILED;
	result = undo_in_place(m, false, err);
	/* As long as NEW has them, OLD may not be left without them. */
	if (result == QUEUE_RESULT_DONE)
		queue_remove(m->new_id, "hold", NULL);
	else if (edit_requeue(m->new_id, NULL) == -1)
		err_prefix(err, "%s stays on hold: ", m->new_id);
	return result;
}

enum queue_result
queue_edit_undo(const char *token, const struct queue_journal_message *m,
    bool is_dry, struct buf *new_id, struct err *err)
{
	if (edit_is_split(m))
		return undo_split(m, is_dry, err);
	return m->new_id[0] != '\0' ?
	    undo_file(token, m, is_dry, new_id, err) :
	    undo_in_place(m, is_dry, err);
}
