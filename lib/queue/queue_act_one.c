/*
 * queue_act_one.c - an action on one message
 *
 * Through its descriptor, or by a rename that is looked at again. When a name
 * turns out to have changed hands the message is looked for once more.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_act_internal.h"

#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/log_json.h"
#include "lib/mail/dsn.h"
#include "lib/queue/queue_log.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_trash.h"

#define TRIES		5	/* looks for a message that keeps moving */

static enum queue_result
failed(struct err *err, const char *verb, const struct queue_found *f)
{
	err_sys(err, "%s %s", verb, f->path.ptr);
	return QUEUE_RESULT_FAILED;
}

static enum queue_result
add_mode(struct queue_found *f, mode_t bits, struct err *err)
{
	/* The mode is of the inode: another name of it would change as well. */
	if (f->st.st_nlink != 1) {
		err_set(err, ERR_DENIED, "%s has %ld hard links", f->path.ptr,
		    (long)f->st.st_nlink);
		return QUEUE_RESULT_FAILED;
	}
	if (fchmod(f->fd, (f->st.st_mode | bits) & 07777) == -1)
		return failed(err, "change mode of", f);
	return QUEUE_RESULT_DONE;
}

static enum queue_result
set_times_now(struct queue_found *f, struct err *err)
{
	struct timespec now[2] = { { .tv_sec = clock_now() } };

	now[1] = now[0];
	return futimens(f->fd, now) == 0 ? QUEUE_RESULT_DONE :
	    failed(err, "reset times of", f);
}

static void
remove_logs(const char *id)
{
	size_t i;

	for (i = 0; queue_logs[i] != NULL; i++)
		queue_log_remove(queue_logs[i], id, NULL);
}

/*
 * Remove for good. The name is given up first, for one that is no queue ID,
 * and looked at again; a file that is not ready and is left behind by a crash
 * is purged like any other.
 */
static enum queue_result
remove_for_good(struct queue_found *f, struct err *err)
{
	struct buf aside = BUF_INIT;
	enum queue_result result;
	mode_t mode = f->st.st_mode & 07777;

	if (f->st.st_nlink == 1 && fchmod(f->fd, 0600) == -1)
		return failed(err, "change mode of", f);
	buf_setf(&aside, "%s.deleted", f->path.ptr);
	result = queue_identity_move(f, aside.ptr, err);
	if (result == QUEUE_RESULT_DONE && unlink(aside.ptr) == -1)
		result = failed(err, "remove", f);
	if (result == QUEUE_RESULT_DONE)
		remove_logs(f->id);
	else if (fchmod(f->fd, mode) == -1)
		result = failed(err, "change mode of", f);
	buf_done(&aside);
	return result;
}

static enum queue_result
delete_message(struct act_run *r, struct queue_found *f,
    const struct queue_plan_item *item, struct err *err)
{
	struct queue_journal_message m = { .what = item->what,
	    .mtime = f->st.st_mtime, .mode = f->st.st_mode & 07777,
	    .rcpts = (int64_t)item->rcpts };

	if (r->trash == NULL)
		return remove_for_good(f, err);
	if (strcmp(f->queue, item->what.queue) != 0 ||
	    f->st.st_mtime != item->mtime) {
		m.what.queue = f->queue;
		m.what.path = NULL;
		queue_trash_announce(r->trash, &m);
	}
	return queue_trash_put(r->trash, f, &m, err);
}

static enum queue_result
schedule(struct queue_found *f, struct err *err)
{
	enum queue_result result = set_times_now(f, err);

	if (result == QUEUE_RESULT_DONE && strcmp(f->queue, "incoming") != 0)
		result = queue_identity_move(f, "incoming", err);
	return result;
}

/* A defer log that says why, for every recipient that is still to do. */
static enum queue_result
write_reasons(const struct queue_found *f, const char *reason,
    struct err *err)
{
	struct dsn dsn = { .status = "4.7.0", .action = "delayed",
	    .reason = reason, .diag_type = "", .diag_text = "",
	    .mta_type = "", .mta_name = "" };
	enum queue_result result = QUEUE_RESULT_DONE;
	struct queue_message m;
	struct queue_rcpt rcpt;
	size_t i;

	queue_message_init(&m);
	queue_message_begin(&m, f->queue, f->id, f->path.ptr, &f->st);
	if (queue_message_want(&m, QUEUE_MESSAGE_ENVELOPE, err) != 1) {
		result = m.is_gone ? QUEUE_RESULT_GONE : QUEUE_RESULT_FAILED;
	} else if (queue_log_remove("defer", f->id, err) == -1) {
		result = QUEUE_RESULT_FAILED;
	}
	for (i = 0; result == QUEUE_RESULT_DONE && i < m.rcpt_count; i++) {
		rcpt.address = m.rcpts[i].address;
		rcpt.orig = m.rcpts[i].orig;
		rcpt.dsn_orcpt = m.rcpts[i].dsn_orcpt;
		rcpt.dsn_notify = m.rcpts[i].dsn_notify;
		rcpt.offset = m.rcpts[i].offset;
		if (queue_log_append("defer", f->id, &rcpt, &dsn, err) == -1)
			result = QUEUE_RESULT_FAILED;
	}
	queue_message_done(&m);
	return result;
}

/*
 * Forced expiration with a defer log that holds our reason: the queue manager,
 * ours and the peer's, returns such a message without another attempt.
 */
static enum queue_result
bounce(struct act_run *r, struct queue_found *f, struct err *err)
{
	enum queue_result result;

	/* Whom an agent reaches meanwhile must not be told of as well. */
	if (strcmp(f->queue, "active") == 0 ||
	    file_lock(f->fd, LOCK_EX | LOCK_NB) == -1) {
		err_set(err, ERR_RETRY, "is being delivered now: hold it, and "
		    "bounce it when that is over");
		return QUEUE_RESULT_FAILED;
	}
	result = write_reasons(f, r->o->reason != NULL ? r->o->reason :
	    "returned by the mail administrator", err);
	if (result == QUEUE_RESULT_DONE)
		result = add_mode(f, S_IXGRP, err);
	/* The queue manager passes over what is locked. */
	file_lock(f->fd, LOCK_UN);
	return result == QUEUE_RESULT_DONE ? schedule(f, err) : result;
}

static enum queue_result
expire_and_release(struct queue_found *f, struct err *err)
{
	enum queue_result result = QUEUE_RESULT_DONE;

	if ((f->st.st_mode & S_IXGRP) == 0)
		result = add_mode(f, S_IXGRP, err);
	if (result == QUEUE_RESULT_DONE && strcmp(f->queue, "hold") == 0)
		result = queue_identity_move(f, "deferred", err);
	return result;
}

/* The action on the open message. */
static enum queue_result
apply(struct act_run *r, struct queue_found *f,
    const struct queue_plan_item *item, struct err *err)
{
	enum queue_result result;

	switch (r->action) {
	case QUEUE_ACT_DELETE:
	case QUEUE_ACT_DROP:
		return delete_message(r, f, item, err);
	case QUEUE_ACT_HOLD:
		return queue_identity_move(f, "hold", err);
	case QUEUE_ACT_RELEASE:
		return queue_identity_move(f, "deferred", err);
	case QUEUE_ACT_REQUEUE:
		result = queue_identity_move(f, "maildrop", err);
		return result == QUEUE_RESULT_DONE ? set_times_now(f, err) :
		    result;
	case QUEUE_ACT_EXPIRE:
		return add_mode(f, S_IXGRP, err);
	case QUEUE_ACT_EXPIRE_RELEASE:
		return expire_and_release(f, err);
	case QUEUE_ACT_FLUSH:
		result = add_mode(f, S_IRGRP, err);
		return result == QUEUE_RESULT_DONE ? schedule(f, err) : result;
	case QUEUE_ACT_BOUNCE:
		return bounce(r, f, err);
	case QUEUE_ACT_EDIT:		/* queue_edit.h does that */
	case QUEUE_ACT_COUNT:
		break;
	}
	return QUEUE_RESULT_FAILED;
}

static void
tell(const char *id, const char *words, const char *event)
{
	log_info("%s: %s", id, words);
	log_json_message(event, id);
}

/* Words that log readers know, where there are such. */
static void
log_done(enum queue_action action, const char *id, bool was_held)
{
	switch (action) {
	case QUEUE_ACT_DELETE:
	case QUEUE_ACT_DROP:
		tell(id, "removed", "deleted");
		break;
	case QUEUE_ACT_REQUEUE:
		tell(id, "requeued", "requeued");
		break;
	case QUEUE_ACT_HOLD:
		tell(id, "placed on hold", "held");
		break;
	case QUEUE_ACT_RELEASE:
		tell(id, "released from hold", "released");
		break;
	case QUEUE_ACT_EXPIRE:
	case QUEUE_ACT_BOUNCE:
		tell(id, "expired", "expired");
		break;
	case QUEUE_ACT_EXPIRE_RELEASE:
		tell(id, "expired", "expired");
		if (was_held)
			tell(id, "released from hold", "released");
		break;
	case QUEUE_ACT_FLUSH:
		tell(id, "scheduled for delivery", "flushed");
		break;
	case QUEUE_ACT_EDIT:
	case QUEUE_ACT_COUNT:
		break;
	}
}

enum queue_result
act_on(struct act_run *r, const struct queue_plan_item *item, struct err *err)
{
	struct queue_found f = QUEUE_FOUND_INIT;
	enum queue_result result;
	bool was_held = false;
	int tries = TRIES;

	do {
		result = queue_identity_open(&item->what, &f, err);
		if (result != QUEUE_RESULT_DONE)
			break;
		was_held = strcmp(f.queue, "hold") == 0;
		if (queue_action_applies(r->action, f.queue, f.st.st_mode))
			result = apply(r, &f, item, err);
		else
			result = QUEUE_RESULT_NOTHING;
		queue_found_close(&f);
		/* It may only have moved while we acted: look again. */
	} while (--tries > 0 && (result == QUEUE_RESULT_GONE ||
	    result == QUEUE_RESULT_CHANGED));
	queue_found_close(&f);
	if (result == QUEUE_RESULT_DONE)
		log_done(r->action, item->what.id, was_held);
	else if (result == QUEUE_RESULT_CHANGED)
		err_set(err, ERR_NOT_FOUND, "another message has its name");
	else if (result == QUEUE_RESULT_GONE)
		err_set(err, ERR_NOT_FOUND, "is gone");
	return result;
}
