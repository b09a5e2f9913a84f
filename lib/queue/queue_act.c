/*
 * queue_act.c - carry out a plan: each message is the one that was looked at
 *
 * Journal and manifest come first, then the messages one by one: find, open,
 * act (queue_act_one.c).
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_act.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/ipc/endpoint.h"
#include "lib/queue/queue_act_internal.h"
#include "lib/queue/queue_trash.h"

#define OVER_LIMIT	"more than posthorn_trash_limit: the next action will purge it"
#define SLICE_MS	100	/* of a pause */
#define LINES_BYTES	(256 * 1024)	/* of results, before they are stored */
#define TOKENS		20	/* tries for one that nobody has */

void
queue_act_wake(const char *service, const char *bytes)
{
	endpoint_trigger("public", service, bytes, strlen(bytes), 1, 0, NULL);
}

static bool
is_delete(enum queue_action action)
{
	return action == QUEUE_ACT_DELETE || action == QUEUE_ACT_DROP;
}

static void
fill_action(struct act_run *r)
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
open_trash(struct act_run *r, struct err *err)
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
announce(struct act_run *r, struct err *err)
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
pause_until(const struct act_run *r, int64_t due_ms, size_t index)
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
wait_turn(const struct act_run *r, int64_t start_ms, size_t i)
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
store_lines(struct act_run *r, size_t at_least)
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
wake(const struct act_run *r)
{
	if (r->report->counts[QUEUE_RESULT_DONE] == 0)
		return;
	if (r->action == QUEUE_ACT_FLUSH || r->action == QUEUE_ACT_BOUNCE)
		queue_act_wake("qmgr", "I");
	else if (r->action == QUEUE_ACT_REQUEUE)
		queue_act_wake("pickup", "W");
}

static void
act_on_all(struct act_run *r)
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
warn_of_limit(struct act_run *r)
{
	struct queue_trash_space space;

	if (r->trash != NULL && r->report->warning[0] == '\0' &&
	    queue_trash_room(&space, NULL) == 0 &&
	    r->a.bytes > space.limit_bytes)
		snprintf(r->report->warning, sizeof(r->report->warning),
		    OVER_LIMIT);
}

static void
finish(struct act_run *r)
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
	struct act_run r = { .plan = plan, .o = options, .fn = fn, .ctx = ctx,
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
