/*
 * report.c - every recipient in memory was tried: what becomes of the message
 *
 *	BOUNCE -> DAMAGE -> MORE -> TRACE -> FAILED -> MOVE
 *	  |                  |        |        |
 *	 bounce service      |       trace    defer service
 *	                read the next batch
 *
 * The order is that of spec/queue-format.md 7.4 and matters: a report that
 * cannot be sent keeps the message. Services are asked without waiting; the
 * message rests in its stage until the answer comes.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/qmgr/qmgr.h"
#include "daemon/serve/agent.h"
#include "daemon/serve/ask.h"
#include "daemon/serve/notice.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/log_json.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_due.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_log.h"
#include "lib/queue/queue_rec.h"

#define NOTIFY_SUCCESS_SEEN	4	/* size record, field 4 (3.6) */
#define TRACE_MTA_PROBE		256
#define TRACE_USER_PROBE	512
#define TRACE_RECORD		1024
#define WARN_DATA_LEN		15	/* %15ld */

/* A question under way. */
struct report {
	struct qmgr	*qm;
	struct message	*m;
	struct buf	 request;
	const char	*service;
	void		(*then)(struct qmgr *qm, struct message *m, int status);
};

static void	damage(struct qmgr *qm, struct message *m);
static void	failed(struct qmgr *qm, struct message *m);
static void	move(struct qmgr *qm, struct message *m);

/* ---- asking ---- */

static void
report_end(struct report *r, struct ask *ask, int status)
{
	struct qmgr *qm = r->qm;
	struct message *m = r->m;
	void (*then)(struct qmgr *, struct message *, int) = r->then;

	ask_close(ask);
	buf_done(&r->request);
	free(r);
	then(qm, m, status);
}

static void
on_event(struct ask *ask, enum ask_event event, const struct attrs *attrs,
    const struct err *err, void *ctx)
{
	struct report *r = ctx;

	switch (event) {
	case ASK_GREETED:
		ask_send(ask, r->request.ptr, r->request.len,
		    params.daemon_timeout);
		break;
	case ASK_REPLY:
		report_end(r, ask, notice_get_reply(attrs));
		break;
	case ASK_FAILED:
		log_warning("private/%s: %s", r->service, err->text);
		report_end(r, ask, -1);
		break;
	}
}

static void
report_ask(struct qmgr *qm, struct message *m, const char *service,
    enum notice_kind kind, int flags,
    void (*then)(struct qmgr *qm, struct message *m, int status))
{
	struct notice n = { .kind = kind, .flags = flags,
	    .queue_name = "active", .queue_id = m->id,
	    .encoding = m->encoding, .sender = m->sender,
	    .envelope_id = m->envelope_id,
	    .verp_delimiters = m->verp_delimiters,
	    .sendopts = (int)m->sendopts, .ret_flags = m->ret_flags };
	struct report *r = xcalloc(1, sizeof(*r));
	struct err err = ERR_INIT;

	r->qm = qm;
	r->m = m;
	r->service = service;
	r->then = then;
	buf_init(&r->request);
	notice_put(&r->request, &n);
	if (ask_open(qm->base, "private", service, params.daemon_timeout,
	    on_event, r, &err) != NULL)
		return;
	log_warning("%s", err.text);
	report_end(r, NULL, -1);
}

/* FLUSH, or VERP when the sender asked for one report a recipient. */
static enum notice_kind
flush_kind(const struct message *m)
{
	return m->verp_delimiters[0] != '\0' && !params.disable_verp_bounces ?
	    NOTICE_VERP : NOTICE_FLUSH;
}

/* ---- small looks at the disk ---- */

/* Size of a per-message log, -1 when there is none. */
static off_t
log_size(const char *log, const char *id)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int rc;

	queue_path(&path, log, id);
	rc = stat(path.ptr, &st);
	buf_done(&path);
	return rc == 0 ? st.st_size : -1;
}

static bool
is_ready(const struct message *m)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int rc;

	queue_path(&path, "active", m->id);
	rc = stat(path.ptr, &st);
	buf_done(&path);
	return rc == -1 || (st.st_mode & 0700) == 0700;
}

/*
 * Change bytes of a record in place, after a look that it is the record we
 * read: a wrong offset must not damage the file (12.2).
 */
static void
patch(const struct message *m, off_t at, const char *was, size_t was_len,
    off_t patch_at, const char *data, size_t len)
{
	struct err err = ERR_INIT;
	char found[32];
	int fd;

	if ((fd = active_open(m, &err)) == -1) {
		log_warning("%s", err.text);
		return;
	}
	if (pread(fd, found, was_len, at) != (ssize_t)was_len ||
	    memcmp(found, was, was_len) != 0)
		log_warning("%s: no such record at offset %ld", m->id,
		    (long)at);
	else if (file_pwrite_all(fd, data, len, patch_at) == -1)
		log_warning("%s: update: %s", m->id, strerror(errno));
	close(fd);
}

/* ---- the stages ---- */

/* 6: the file leaves active. */
static void
defer(struct qmgr *qm, struct message *m)
{
	time_t now = clock_now(), wait = queue_due_backoff(m->created, now);
	struct timespec ts[2];
	struct buf path = BUF_INIT;
	struct err err = ERR_INIT;

	memset(ts, 0, sizeof(ts));
	ts[0].tv_sec = ts[1].tv_sec = now + wait;
	queue_path(&path, "active", m->id);
	if (utimensat(AT_FDCWD, path.ptr, ts, 0) == -1 && errno != ENOENT)
		log_warning("%s: set time: %s", path.ptr, strerror(errno));
	if (queue_move(m->id, "active", "deferred", &err) == -1)
		log_warning("%s: rename from active to deferred: %s", m->id,
		    err.errnum != 0 ? strerror(err.errnum) : err.text);
	buf_done(&path);
	active_forget(qm, m);
}

static int64_t
usec_of(struct timeval tv)
{
	return (int64_t)tv.tv_sec * 1000000 + tv.tv_usec;
}

/* The whole life of a message, as far as it can be seen from here. */
static void
tell_removed(const struct message *m)
{
	struct timeval now = clock_timeval();
	struct log_json e;

	if (!log_json_begin(&e, "removed"))
		return;
	log_json_text(&e, "queue_id", m->id);
	log_json_text(&e, "sender", m->sender);
	log_json_text(&e, "status", m->is_expired ? "expired" :
	    m->has_bounced ? "bounced" : "sent");
	log_json_int(&e, "size", m->content_length);
	log_json_int(&e, "nrcpt", m->rcpt_count);
	log_json_usec(&e, "arrived", usec_of(m->arrival));
	log_json_usec(&e, "last_attempt", usec_of(m->active));
	log_json_usec(&e, "delay", usec_of(now) - usec_of(m->arrival));
	log_json_end(&e);
}

static void
move(struct qmgr *qm, struct message *m)
{
	struct err err = ERR_INIT;
	int rc;

	if (m->has_failed) {
		defer(qm, m);
		return;
	}
	if (params.dont_remove != 0)
		rc = queue_move(m->id, "active", "saved", &err);
	else
		rc = queue_remove(m->id, "active", &err);
	if (rc == -1) {
		log_warning("%s", err.text);
	} else {
		log_info("%s: removed", m->id);
		tell_removed(m);
	}
	active_forget(qm, m);
}

/*
 * Did that report account for everybody? A recipient whose defer log entry
 * could not be written is in no report: its record is still live.
 */
static bool
has_live_recipients(const struct message *m)
{
	struct err err = ERR_INIT;
	struct queue_file *qf;
	struct message *again;
	int fd, rc;
	bool found;

	if (m->redirect[0] != '\0' || (fd = active_open(m, &err)) == -1)
		return false;	/* the other records never counted; it is gone */
	qf = queue_file_new(fd, m->id, QUEUE_FILE_PLAIN);
	again = message_new(m->id);
	rc = message_read(again, qf, 1);
	found = rc == -1 || again->batch_count > 0;
	message_free(again);
	queue_file_close(qf);
	return found;
}

static void
expired(struct qmgr *qm, struct message *m, int status)
{
	if (status == 0 && !m->must_stay && !has_live_recipients(m)) {
		m->has_failed = false;
		m->is_expired = true;
	}
	move(qm, m);
}

static void
warned(struct qmgr *qm, struct message *m, int status)
{
	static const char is_warn[] = { QUEUE_REC_WARN, WARN_DATA_LEN };
	char text[WARN_DATA_LEN + 1];

	if (status == 0) {
		snprintf(text, sizeof(text), "%15ld", -1L);
		patch(m, m->warn_offset, is_warn, sizeof(is_warn),
		    m->warn_offset + (off_t)sizeof(is_warn), text,
		    WARN_DATA_LEN);
		m->warn_time = -1;
	}
	move(qm, m);
}

static void
log_expired(const struct message *m)
{
	struct buf line = BUF_INIT;
	struct log_json e;

	buf_addf(&line, "%s: from=", m->id);
	agent_log_address(&line, m->sender);
	log_info("%s, status=%s, returned to sender", line.ptr,
	    m->is_forced ? "force-expired" : "expired");
	buf_done(&line);
	if (log_json_begin(&e, "expired")) {
		log_json_text(&e, "queue_id", m->id);
		log_json_text(&e, "sender", m->sender);
		log_json_text(&e, "status", m->is_forced ? "force-expired" :
		    "expired");
		log_json_end(&e);
	}
}

/* 5: too old, or is it time to warn? */
static void
failed(struct qmgr *qm, struct message *m)
{
	time_t now = clock_now();
	time_t lifetime = queue_due_lifetime(m->sender);

	if (!m->has_failed) {
		move(qm, m);
	} else if (m->is_forced || now >= m->created + lifetime) {
		log_expired(m);
		report_ask(qm, m, params.defer_service_name, flush_kind(m),
		    NOTICE_DELRCPT, expired);
	} else if (m->warn_time > 0 && now >= m->warn_time - 1) {
		report_ask(qm, m, params.defer_service_name, NOTICE_WARN, 0,
		    warned);
	} else {
		move(qm, m);
	}
}

/* 4: delivery reports. */
static void
traced(struct qmgr *qm, struct message *m, int status)
{
	static const char is_attr[] = { QUEUE_REC_ATTR };
	static const char killed[] = { QUEUE_REC_KILLED };

	if (status != 0)
		m->has_failed = m->must_stay = true;
	else if (m->trace_offset > 0)
		patch(m, m->trace_offset, is_attr, sizeof(is_attr),
		    m->trace_offset, killed, sizeof(killed));
	failed(qm, m);
}

static bool
wants_trace(const struct message *m)
{
	return (m->trace_flags & (TRACE_USER_PROBE | TRACE_RECORD)) != 0 ||
	    (m->qmgr_flags & NOTIFY_SUCCESS_SEEN) != 0 ||
	    (params.confirm_delay_cleared && m->warn_time < 0);
}

/* The trace service chooses its words by these. */
static int
trace_flags(const struct message *m)
{
	return m->trace_flags |
	    (params.confirm_delay_cleared && m->warn_time < 0 ?
	    AGENT_REC_DELAY : 0);
}

static void
trace(struct qmgr *qm, struct message *m)
{
	if (!wants_trace(m)) {
		failed(qm, m);
	} else if (log_size("trace", m->id) == -1) {
		/* Nothing to tell. What -v asked for is told once all the same. */
		traced(qm, m, 0);
	} else {
		report_ask(qm, m, params.trace_service_name, NOTICE_TRACE,
		    trace_flags(m), traced);
	}
}

/* 2 and 3: was the content damaged; are there recipients left to read? */
static void
damage(struct qmgr *qm, struct message *m)
{
	if (m->is_damaged || (m->has_failed && !is_ready(m))) {
		active_corrupt(qm, m);
		return;
	}
	if (!message_more(m)) {
		trace(qm, m);
		return;
	}
	m->is_finishing = false;
	if (active_read_more(qm, m) == -1)
		report_begin(qm, m);
}

static void
bounced(struct qmgr *qm, struct message *m, int status)
{
	if (status != 0) {
		log_info("%s: status=deferred (bounce failed)", m->id);
		m->has_failed = m->must_stay = true;
	}
	m->has_bounced = true;
	damage(qm, m);
}

/* 1: what has bounced goes back to the sender. */
void
report_begin(struct qmgr *qm, struct message *m)
{
	struct err err = ERR_INIT;
	off_t size;

	if (m->is_finishing)
		return;
	m->is_finishing = true;
	size = log_size("bounce", m->id);
	if (size == 0 && queue_log_remove("bounce", m->id, &err) == -1)
		log_warning("%s", err.text);
	if (size <= 0)
		damage(qm, m);
	else
		report_ask(qm, m, params.bounce_service_name, flush_kind(m),
		    0, bounced);
}
