/*
 * queue_act.c - carry out a plan: each message is the one that was looked at
 *
 * Journal and manifest come first, then the messages one by one: find, open,
 * act through the descriptor or by a rename that is looked at again. When a
 * name turns out to have changed hands the message is looked for once more.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_act.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/ipc/endpoint.h"
#include "lib/mail/dsn.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_log.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_trash.h"

#define OVER_LIMIT	"more than posthorn_trash_limit: the next action will purge it"
#define TRIES		5	/* looks for a message that keeps moving */
#define SLICE_MS	100	/* of a pause */
#define LINES_BYTES	(256 * 1024)	/* of results, before they are stored */
#define TOKENS		20	/* tries for one that nobody has */

struct run {
	const struct queue_plan *plan;
	const struct queue_act_options *o;
	enum queue_action action;
	struct queue_trash *trash;
	struct queue_journal_action a;
	struct buf	 lines;		/* of the journal, to be stored */
	queue_act_fn	 fn;
	void		*ctx;
	struct queue_act_report *report;
};

void
queue_act_wake(const char *service, const char *bytes)
{
	endpoint_trigger("public", service, bytes, strlen(bytes), 1, 0, NULL);
}

/* ---- one message ---- */

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
delete_message(struct run *r, struct queue_found *f,
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
bounce(struct run *r, struct queue_found *f, struct err *err)
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
apply(struct run *r, struct queue_found *f,
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

/* Words that log readers know, where there are such. */
static void
log_done(enum queue_action action, const char *id, bool was_held)
{
	switch (action) {
	case QUEUE_ACT_DELETE:
	case QUEUE_ACT_DROP:
		log_info("%s: removed", id);
		break;
	case QUEUE_ACT_REQUEUE:
		log_info("%s: requeued", id);
		break;
	case QUEUE_ACT_HOLD:
		log_info("%s: placed on hold", id);
		break;
	case QUEUE_ACT_RELEASE:
		log_info("%s: released from hold", id);
		break;
	case QUEUE_ACT_EXPIRE:
	case QUEUE_ACT_BOUNCE:
		log_info("%s: expired", id);
		break;
	case QUEUE_ACT_EXPIRE_RELEASE:
		log_info("%s: expired", id);
		if (was_held)
			log_info("%s: released from hold", id);
		break;
	case QUEUE_ACT_FLUSH:
		log_info("%s: scheduled for delivery", id);
		break;
	case QUEUE_ACT_EDIT:
	case QUEUE_ACT_COUNT:
		break;
	}
}

static enum queue_result
act_on(struct run *r, const struct queue_plan_item *item, struct err *err)
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

/* ---- the whole ---- */

static bool
is_delete(enum queue_action action)
{
	return action == QUEUE_ACT_DELETE || action == QUEUE_ACT_DROP;
}

static void
fill_action(struct run *r)
{
	const struct queue_act_options *o = r->o;
	struct queue_plan_totals t;

	queue_plan_total(r->plan, &t);
	r->a.token = r->report->token;
	r->a.action = queue_actions[r->action].name;
	r->a.user = o->user;
	r->a.command = o->command;
	r->a.select = o->select;
	r->a.note = r->action == QUEUE_ACT_BOUNCE && o->note == NULL ?
	    o->reason : o->note;
	r->a.archive = o->archive;
	r->a.is_final = is_delete(r->action) ? !o->wants_undo :
	    !queue_action_can_undo(r->action);
	queue_journal_stamp(&r->a);
	r->a.messages = (int64_t)t.messages;
	r->a.bytes = t.bytes;
}

/* A token, and the directory for it if this goes to the trash. */
static int
open_trash(struct run *r, struct err *err)
{
	struct err why = ERR_INIT;
	int tries = TOKENS;

	do {
		queue_token_make(r->report->token, (time_t)r->a.time);
		if (!is_delete(r->action) || !r->o->wants_undo)
			return 0;
		r->trash = queue_trash_open(&r->a, &why);
	} while (r->trash == NULL && why.errnum == EEXIST && --tries > 0);
	if (r->trash != NULL)
		return 0;
	if (err != NULL)
		*err = why;
	return -1;
}

/* Write down what will be done to which messages, as they are now. */
static int
announce(struct run *r, struct err *err)
{
	const struct queue_plan_item *item;
	struct queue_journal_message m;
	struct err why = ERR_INIT;
	size_t i;

	queue_journal_put_begin(&r->lines, &r->a);
	for (i = 0; (item = queue_plan_at(r->plan, i)) != NULL; i++) {
		m = (struct queue_journal_message){ .what = item->what,
		    .mtime = item->mtime, .mode = item->mode,
		    .rcpts = (int64_t)item->rcpts };
		queue_journal_put_message(&r->lines, r->a.token, &m);
		if (r->trash != NULL)
			queue_trash_announce(r->trash, &m);
	}
	if (r->trash != NULL && queue_trash_sync(r->trash, err) == -1)
		return -1;
	if (queue_journal_append(&r->lines, &why) == -1) {
		if (r->o->wants_undo) {
			if (err != NULL)
				*err = why;
			return -1;
		}
		r->report->is_unrecorded = true;
		snprintf(r->report->warning, sizeof(r->report->warning),
		    "not in the journal: %.400s", why.text);
	}
	buf_reset(&r->lines);
	return 0;
}

/* Let time pass; false when the caller wants to stop. */
static bool
pause_until(const struct run *r, int64_t due_ms, size_t index)
{
	struct queue_act_step s = { NULL, QUEUE_RESULT_NOTHING, "", index,
	    queue_plan_count(r->plan) };
	int64_t left;

	while ((left = due_ms - clock_mono_ms()) > 0) {
		if (r->fn != NULL && !r->fn(&s, r->ctx))
			return false;
		usleep((useconds_t)(left < SLICE_MS ? left : SLICE_MS) *
		    1000);
	}
	return true;
}

static bool
wait_turn(const struct run *r, int64_t start_ms, size_t i)
{
	if (i == 0)
		return true;
	if (r->o->batch > 0 && i % r->o->batch == 0 &&
	    !pause_until(r, clock_mono_ms() + r->o->pause_ms, i))
		return false;
	if (r->o->rate > 0)
		return pause_until(r, start_ms + (int64_t)llround(1000.0 *
		    (double)i / r->o->rate), i);
	return true;
}

static void
store_lines(struct run *r, size_t at_least)
{
	struct err err = ERR_INIT;

	if (r->lines.len <= at_least || r->report->is_unrecorded)
		return;
	if (queue_journal_append(&r->lines, &err) == -1)
		snprintf(r->report->warning, sizeof(r->report->warning),
		    "the journal is incomplete: %.400s", err.text);
	buf_reset(&r->lines);
}

/* Work is waiting now: who takes it should not find it by chance. */
static void
wake(const struct run *r)
{
	if (r->report->counts[QUEUE_RESULT_DONE] == 0)
		return;
	if (r->action == QUEUE_ACT_FLUSH || r->action == QUEUE_ACT_BOUNCE)
		queue_act_wake("qmgr", "I");
	else if (r->action == QUEUE_ACT_REQUEUE)
		queue_act_wake("pickup", "W");
}

static void
act_on_all(struct run *r)
{
	struct queue_act_step s = { .total = queue_plan_count(r->plan) };
	int64_t start_ms = clock_mono_ms(), woken_ms = start_ms;
	struct err err = ERR_INIT;
	bool goes_on = true;
	size_t i;

	for (i = 0; goes_on && i < s.total; i++) {
		if (!(goes_on = wait_turn(r, start_ms, i)))
			break;
		s.item = queue_plan_at(r->plan, i);
		s.index = i;
		err_reset(&err);
		s.result = act_on(r, s.item, &err);
		s.why = err.text;
		r->report->counts[s.result]++;
		if (s.result != QUEUE_RESULT_DONE)
			queue_journal_put_result(&r->lines, r->a.token,
			    s.item->what.id, queue_result_name(s.result),
			    s.why, NULL);
		store_lines(r, LINES_BYTES);
		if (r->fn != NULL)
			goes_on = r->fn(&s, r->ctx);
		if (clock_mono_ms() - woken_ms > 1000) {
			wake(r);
			woken_ms = clock_mono_ms();
		}
	}
	r->report->was_stopped = !goes_on;
	/* What was not tried was not done. */
	for (; i < s.total; i++)
		queue_journal_put_result(&r->lines, r->a.token,
		    queue_plan_at(r->plan, i)->what.id, "stopped", "", NULL);
	wake(r);
}

/* Whoever said --yes has not seen the plan. */
static void
warn_of_limit(struct run *r)
{
	struct queue_trash_space space;

	if (r->trash != NULL && r->report->warning[0] == '\0' &&
	    queue_trash_room(&space, NULL) == 0 &&
	    r->a.bytes > space.limit_bytes)
		snprintf(r->report->warning, sizeof(r->report->warning),
		    OVER_LIMIT);
}

static void
finish(struct run *r)
{
	int i;

	r->a.ended = clock_now();
	for (i = 0; i < QUEUE_RESULT_COUNT; i++)
		r->a.counts[i] = (int64_t)r->report->counts[i];
	queue_journal_put_end(&r->lines, &r->a);
	store_lines(r, 0);
	warn_of_limit(r);
	if (r->o->is_classic)
		return;
	log_info("%s: action=%s, messages=%zu, user=%s%s%s", r->a.token,
	    r->a.action, r->report->counts[QUEUE_RESULT_DONE],
	    r->a.user != NULL ? r->a.user : "?", r->a.note != NULL &&
	    r->a.note[0] != '\0' ? ", note=" : "",
	    r->a.note != NULL ? r->a.note : "");
}

int
queue_act_run(const struct queue_plan *plan,
    const struct queue_act_options *options, queue_act_fn fn, void *ctx,
    struct queue_act_report *report, struct err *err)
{
	struct run r = { .plan = plan, .o = options, .fn = fn, .ctx = ctx,
	    .action = queue_plan_action(plan), .report = report,
	    .lines = BUF_INIT };
	size_t purged = 0;
	int rc = -1;

	memset(report, 0, sizeof(*report));
	if (queue_trash_purge(clock_now(), -1, &purged, NULL, NULL) == 0 &&
	    purged > 0)
		log_info("trash: %zu message%s purged", purged, purged == 1 ?
		    "" : "s");
	fill_action(&r);
	if (open_trash(&r, err) == 0 && announce(&r, err) == 0) {
		act_on_all(&r);
		finish(&r);
		rc = 0;
	}
	queue_trash_close(r.trash);
	buf_done(&r.lines);
	return rc;
}

/* ---- what can be undone ---- */

static void
promise_trash(const struct queue_plan *plan, time_t now, struct buf *out)
{
	struct queue_plan_totals t;
	struct queue_trash_space space;
	time_t until = now + params.posthorn_trash_time;
	char when[32] = "?";
	struct tm tm;

	queue_plan_total(plan, &t);
	if (localtime_r(&until, &tm) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
	buf_addf(out, "undo     kept in trash until %s (", when);
	queue_plan_put_bytes(out, t.bytes);
	if (queue_trash_room(&space, NULL) == -1) {
		buf_adds(out, ")\n");
		return;
	}
	buf_adds(out, "; ");
	queue_plan_put_bytes(out, space.free_bytes);
	buf_adds(out, " free)\n");
	if (space.is_low)
		buf_adds(out, "note     the file system is almost full, and "
		    "the trash frees nothing: --no-undo does\n");
	if (t.bytes > space.limit_bytes)
		buf_adds(out, "note     " OVER_LIMIT "\n");
}

void
queue_act_promise(const struct queue_plan *plan,
    const struct queue_act_options *options, time_t now, struct buf *out)
{
	enum queue_action action = queue_plan_action(plan);

	if (is_delete(action)) {
		if (options->wants_undo)
			promise_trash(plan, now, out);
		else
			buf_adds(out, "undo     none: removed for good\n");
	} else if (action == QUEUE_ACT_REQUEUE) {
		buf_adds(out, "undo     not reversible once pickup has taken "
		    "them\n");
	} else if (!queue_action_can_undo(action)) {
		buf_adds(out, "undo     not reversible\n");
	} else if (action == QUEUE_ACT_EDIT) {
		buf_adds(out, "undo     gives back the original while the "
		    "edited message is here\n");
	} else {
		buf_adds(out, action == QUEUE_ACT_EXPIRE ?
		    "undo     withdraws the request while they are here\n" :
		    "undo     gives back queue and next attempt\n");
	}
}
