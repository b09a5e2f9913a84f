/*
 * scan.c - look through incoming and deferred, by turns
 *
 * A scan goes forward in slices of a few milliseconds from the event loop, so
 * that a deferred queue of any size delays nobody. New mail and old mail take
 * turns, file by file; the scan rests while the active queue is full.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "daemon/qmgr/qmgr.h"
#include "daemon/serve/serve.h"
#include "daemon/serve/serve_internal.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_file.h"

#define SLICE_MS	5
#define TOKEN_PERIOD_MS	1000	/* topping up in-flow tokens costs system calls */

static void
wake(struct qmgr *qm)
{
	struct timeval now = { 0, 0 };

	if (!event_pending(qm->scan_event, EV_TIMEOUT, NULL))
		event_add(qm->scan_event, &now);
}

/* Incoming is empty: let the cleanup processes run freely (spec/master.md 5). */
static void
top_up_tokens(struct qmgr *qm)
{
	int64_t now = clock_mono_ms();
	int i;

	if (params.in_flow_delay <= 0 ||
	    (qm->token_ms != 0 && now - qm->token_ms < TOKEN_PERIOD_MS))
		return;
	qm->token_ms = now;
	/* Take out what is there, so that the pipe holds no more than it should. */
	for (i = 0; i < params.default_process_limit &&
	    serve_flow_token_get(); i++)
		;
	serve_flow_token_put(params.default_process_limit);
}

static bool
begin(struct scan *scan)
{
	struct err err = ERR_INIT;

	if (!scan->is_wanted)
		return false;
	scan->is_wanted = false;
	scan->ignores_time = scan->next_ignores_time;
	scan->is_flush = scan->next_is_flush;
	scan->next_ignores_time = scan->next_is_flush = false;
	scan->dir = queue_dir_open(scan->queue, &err);
	if (scan->dir == NULL)
		log_warning("%s", err.text);
	return scan->dir != NULL;
}

static void
end(struct qmgr *qm, struct scan *scan)
{
	queue_dir_close(scan->dir);
	scan->dir = NULL;
	if (scan == &qm->incoming && !scan->is_wanted)
		top_up_tokens(qm);
}

/* Look at one file; true when it was taken. */
static bool
consider(struct qmgr *qm, struct scan *scan, const char *id)
{
	struct err err = ERR_INIT;
	struct stat st;
	int ok = queue_file_may_open(scan->queue, id, &st, &err);

	if (ok == -1)
		log_warning("%s", err.text);
	if (ok != 1)
		return false;
	if (!scan->ignores_time && st.st_mtime > clock_now() + 1)
		return false;
	if (!active_take(qm, scan->queue, id, &st, scan->is_flush))
		return false;
	if (scan == &qm->incoming)
		serve_flow_token_put(1);
	return true;
}

/* Go on until a file was taken: 1; the time is over: 0; nothing is left: -1. */
static int
advance(struct qmgr *qm, struct scan *scan, int64_t until_ms)
{
	const char *id;

	while (scan->dir != NULL || begin(scan)) {
		if ((id = queue_dir_next(scan->dir)) == NULL) {
			end(qm, scan);
			continue;
		}
		if (consider(qm, scan, id))
			return 1;
		if (clock_mono_ms() >= until_ms)
			return 0;
	}
	return -1;
}

static void
slice(evutil_socket_t fd, short what, void *arg)
{
	int64_t until = clock_mono_ms() + SLICE_MS;
	struct qmgr *qm = arg;
	struct scan *first, *second;

	(void)fd;
	(void)what;
	for (;;) {
		if (qm->message_count >=
		    (size_t)params.qmgr_message_active_limit) {
			qm->is_full = true;
			return;
		}
		first = qm->was_incoming ? &qm->deferred : &qm->incoming;
		second = qm->was_incoming ? &qm->incoming : &qm->deferred;
		qm->was_incoming = !qm->was_incoming;
		if (advance(qm, first, until) == -1 &&
		    advance(qm, second, until) == -1) {
			/* A trigger that comes now starts a fresh process. */
			if (qm->is_stale && qm->message_count == 0)
				serve_end();
			return;
		}
		if (clock_mono_ms() >= until)
			break;
	}
	wake(qm);
}

static void
run_again(evutil_socket_t fd, short what, void *arg)
{
	struct timeval tv = { params.queue_run_delay, 0 };
	struct qmgr *qm = arg;

	(void)fd;
	(void)what;
	scan_request(qm, &qm->deferred, false, false);
	event_add(qm->run_timer, &tv);
}

void
scan_request(struct qmgr *qm, struct scan *scan, bool ignores_time,
    bool is_flush)
{
	/* A and F count for the scan under way as well. */
	if (scan->dir != NULL) {
		scan->ignores_time |= ignores_time;
		scan->is_flush |= is_flush;
	}
	scan->is_wanted = true;
	scan->next_ignores_time |= ignores_time;
	scan->next_is_flush |= is_flush;
	if (!qm->is_full)
		wake(qm);
}

void
scan_go_on(struct qmgr *qm)
{
	if (qm->is_full || (qm->is_stale && qm->message_count == 0))
		wake(qm);
	qm->is_full = false;
}

void
scan_init(struct qmgr *qm)
{
	struct timeval tv = { params.queue_run_delay, 0 };

	qm->incoming.queue = "incoming";
	qm->deferred.queue = "deferred";
	qm->scan_event = event_new(qm->base, -1, 0, slice, qm);
	qm->run_timer = event_new(qm->base, -1, 0, run_again, qm);
	event_add(qm->run_timer, &tv);
	scan_request(qm, &qm->incoming, false, false);
	scan_request(qm, &qm->deferred, false, false);
}
