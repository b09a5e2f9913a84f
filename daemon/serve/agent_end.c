/*
 * agent_end.c - the end of one recipient
 *
 * A recipient ends in one of three places:
 *
 *	agent_sent	[trace/ID]   mark done   log "sent"
 *	agent_bounced	 bounce/ID   mark done   log "bounced"
 *	agent_deferred	 defer/ID    stays       log "deferred"
 *
 * What must survive is on disk before the mark: a crash in between repeats a
 * recipient, it never loses one. Whatever cannot be written leaves the
 * recipient in the queue.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/agent_internal.h"

#include <stdio.h>
#include <string.h>

#include "daemon/serve/deliver.h"
#include "daemon/serve/verify_client.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/ipc/endpoint.h"
#include "lib/mail/address.h"
#include "lib/queue/queue_file.h"
#include "lib/table/maps.h"
#include "lib/table/match_list.h"

#define FLUSH_TIMEOUT_S		10	/* a hint is not worth a longer wait */

static struct maps *filter;		/* X_delivery_status_filter */
static struct match_list *flush_domains;

void
agent_end_init(const char *filter_title, const char *filter_list)
{
	if (filter_title != NULL && filter_list[0] != '\0')
		filter = maps_open(filter_title, filter_list, 0);
	if (params.fast_flush_domains[0] != '\0')
		flush_domains = match_list_new("fast_flush_domains",
		    MATCH_DOMAIN, params.fast_flush_domains);
}

/* ---- small helpers around one recipient ---- */

static void
log_outcome(const struct agent_request *rq, const struct queue_rcpt *rcpt,
    const char *relay, const char *status, const struct dsn *dsn)
{
	struct agent_times times = rq->times;

	if (!agent_time_is_set(times.delivered))
		times.delivered = clock_timeval();
	agent_log(rq->queue_id, rq->sender, rcpt, relay, &times, status, dsn,
	    rq->connection_use);
}

static int
append(struct agent_request *rq, const char *log,
    const struct queue_rcpt *rcpt, const struct dsn *dsn)
{
	struct err err = ERR_INIT;
	bool was_root = agent_owner_begin();
	int rc = queue_log_append(log, rq->queue_id, rcpt, dsn, &err);

	agent_owner_end(was_root);
	if (rc == -1)
		log_warning("%s: cannot write %s log: %s", rq->queue_id, log,
		    err.text);
	return rc;
}

/* An entry in trace/ID: the relay is part of the reason. */
static int
append_trace(struct agent_request *rq, const struct queue_rcpt *rcpt,
    const char *relay, const struct dsn *dsn, const char *action)
{
	struct buf reason = BUF_INIT;
	struct dsn copy = *dsn;
	int rc;

	copy.action = action;
	if (strcmp(relay, "none") != 0 && relay[0] != '\0') {
		buf_addf(&reason, "delivery via %s: %s", relay, dsn->reason);
		copy.reason = reason.ptr;
	}
	rc = append(rq, "trace", rcpt, &copy);
	buf_done(&reason);
	return rc;
}

void
agent_traced(struct agent_request *rq, const struct queue_rcpt *rcpt,
    const char *relay, const struct dsn *dsn)
{
	append_trace(rq, rcpt, relay, dsn, dsn->action);
}

void
agent_completed(struct agent_request *rq, const struct queue_rcpt *rcpt)
{
	struct err err = ERR_INIT;

	if (rcpt->offset <= 0 || (rq->flags & AGENT_SUCCESS) == 0 ||
	    rq->file_fd == -1)
		return;
	if (queue_file_mark_done(rq->file_fd, rcpt->offset, &err) == 0)
		return;
	log_warning("%s: cannot mark <%s> done: %s", rq->queue_id,
	    rcpt->address, err.text);
	/* It would be delivered again: for the log, not for the outcome. */
}

/*
 * Remember the message under its destination, for fast flush (ETRN). Nothing
 * depends on it, so its status does not matter.
 */
static void
tell_flush(const struct agent_request *rq, const struct queue_rcpt *rcpt)
{
	const char *domain = address_domain(rcpt->address);
	struct buf request = BUF_INIT;
	struct err err = ERR_INIT;
	struct attrs reply;

	if (flush_domains == NULL || domain == NULL || domain[0] == '\0')
		return;
	if (match_list_find(flush_domains, domain, NULL) != TABLE_FOUND)
		return;
	attr_put_str(&request, "request", "add");
	attr_put_str(&request, "site", domain);
	attr_put_str(&request, "queue_id", rq->queue_id);
	attr_put_end(&request);
	if (endpoint_ask("public", params.flush_service_name,
	    "queue_flush_protocol", &request, FLUSH_TIMEOUT_S,
	    DELIVER_RCPT_MAX, &reply, &err) == -1)
		log_warning("%s", err.text);
	attrs_done(&reply);
	buf_done(&request);
}

/* ---- what the outcome is, before it is recorded ---- */

/* A dsn that the filter and soft_bounce may change; text owns its strings. */
struct outcome {
	struct dsn	 dsn;
	char		 status[DSN_STATUS_SIZE];
	struct buf	 text;
	const char	*word;		/* status= in the log */
};

static void
outcome_init(struct outcome *o, const struct dsn *dsn)
{
	o->dsn = *dsn;
	o->word = "sent";
	buf_init(&o->text);
}

static void
outcome_done(struct outcome *o)
{
	buf_done(&o->text);
}

static void
outcome_set_class(struct outcome *o, char class)
{
	snprintf(o->status, sizeof(o->status), "%s", o->dsn.status);
	o->status[0] = class;
	o->dsn.status = o->status;
}

/* Status and text as the administrator wants them; success stays success. */
static void
outcome_filter(struct outcome *o)
{
	struct buf key = BUF_INIT;
	const char *reason;
	bool was_sent = o->dsn.status[0] == '2';

	if (filter == NULL)
		return;
	buf_addf(&key, "%s %s", o->dsn.status, o->dsn.reason);
	if (maps_find(filter, key.ptr, false, &o->text) == TABLE_FOUND) {
		if (dsn_status_len(o->text.ptr) == 0 ||
		    (o->text.ptr[0] == '2') != was_sent) {
			log_warning("%s: bad result \"%s\" for \"%s\", ignored",
			    maps_title(filter), o->text.ptr, key.ptr);
		} else {
			reason = dsn_split(o->text.ptr, o->dsn.status,
			    o->status);
			o->dsn.status = o->status;
			if (*reason != '\0')
				o->dsn.reason = reason;
		}
	}
	buf_done(&key);
}

/* A status of the wrong class is our bug or a server's: repair it (8.2). */
static void
outcome_require(struct outcome *o, const char *classes, const char *fallback)
{
	if (dsn_status_len(o->dsn.status) == 0 ||
	    strchr(classes, o->dsn.status[0]) == NULL)
		o->dsn.status = fallback;
}

/* ---- probes: sendmail -bv and the verify service ---- */

static bool
is_probe(const struct agent_request *rq)
{
	return (rq->flags & (AGENT_MTA_PROBE | AGENT_USER_PROBE)) != 0;
}

static void
end_probe(struct agent_request *rq, const struct queue_rcpt *rcpt,
    const char *relay, const struct dsn *dsn, enum verify_status status)
{
	const char *word = status == VERIFY_DELIVERABLE ? "deliverable" :
	    "undeliverable";

	/* To tell others of it is no part of the delay. */
	if (!agent_time_is_set(rq->times.delivered))
		rq->times.delivered = clock_timeval();
	if ((rq->flags & AGENT_MTA_PROBE) != 0) {
		word = verify_report(rcpt, status, dsn->reason);
	} else if (append_trace(rq, rcpt, relay, dsn, word) == -1) {
		rq->has_left = true;
		return;
	}
	log_outcome(rq, rcpt, relay, word, dsn);
	agent_completed(rq, rcpt);
}

/* ---- the three ends ---- */

static void
end_sent(struct agent_request *rq, const struct queue_rcpt *rcpt,
    const char *relay, struct outcome *o)
{
	bool wants_trace = (rq->flags & (AGENT_RECORD | AGENT_REC_DELAY)) != 0 ||
	    (rcpt->dsn_notify & DSN_NOTIFY_SUCCESS) != 0;

	/*
	 * Delivered is delivered: a report that cannot be written must not
	 * make us deliver again.
	 */
	if (wants_trace)
		append_trace(rq, rcpt, relay, &o->dsn,
		    o->dsn.action[0] != '\0' ? o->dsn.action : "delivered");
	log_outcome(rq, rcpt, relay, o->word, &o->dsn);
	agent_completed(rq, rcpt);
}

static void
end_deferred(struct agent_request *rq, const struct queue_rcpt *rcpt,
    const char *relay, struct outcome *o)
{
	o->dsn.action = "delayed";
	rq->has_left = true;
	if (append(rq, "defer", rcpt, &o->dsn) == 0) {
		if ((rq->flags & AGENT_RECORD) != 0)
			append_trace(rq, rcpt, relay, &o->dsn, "delayed");
		tell_flush(rq, rcpt);
	}
	log_outcome(rq, rcpt, relay, o->word, &o->dsn);
}

static void
end_bounced(struct agent_request *rq, const struct queue_rcpt *rcpt,
    const char *relay, struct outcome *o)
{
	struct buf reason = BUF_INIT;

	o->dsn.action = "failed";
	if (append(rq, "bounce", rcpt, &o->dsn) == -1) {
		buf_addf(&reason, "bounce log failure: %s", o->dsn.reason);
		o->dsn.reason = reason.ptr;
		o->word = "deferred";
		outcome_set_class(o, '4');
		end_deferred(rq, rcpt, relay, o);
		buf_done(&reason);
		return;
	}
	if ((rq->flags & AGENT_RECORD) != 0)
		append_trace(rq, rcpt, relay, &o->dsn, "failed");
	log_outcome(rq, rcpt, relay, o->word, &o->dsn);
	agent_completed(rq, rcpt);
}

void
agent_sent(struct agent_request *rq, const struct queue_rcpt *rcpt,
    const char *relay, const struct dsn *dsn)
{
	struct outcome o;

	agent_init(NULL, NULL);
	outcome_init(&o, dsn);
	outcome_require(&o, "2", "2.0.0");
	outcome_filter(&o);
	if (is_probe(rq))
		end_probe(rq, rcpt, relay, &o.dsn, VERIFY_DELIVERABLE);
	else
		end_sent(rq, rcpt, relay, &o);
	outcome_done(&o);
}

/* Failures of either class meet here: the filter may change one into the other. */
static void
end_failure(struct agent_request *rq, const struct queue_rcpt *rcpt,
    const char *relay, struct outcome *o)
{
	outcome_filter(o);
	if (is_probe(rq)) {
		end_probe(rq, rcpt, relay, &o->dsn, o->dsn.status[0] == '5' ?
		    VERIFY_BOUNCED : VERIFY_DEFERRED);
	} else if (o->dsn.status[0] == '4') {
		o->word = "deferred";
		end_deferred(rq, rcpt, relay, o);
	} else if (params.soft_bounce) {
		o->word = "SOFTBOUNCE";
		outcome_set_class(o, '4');
		end_deferred(rq, rcpt, relay, o);
	} else {
		o->word = "bounced";
		end_bounced(rq, rcpt, relay, o);
	}
}

static void
end_undelivered(struct agent_request *rq, const struct queue_rcpt *rcpt,
    const char *relay, const struct dsn *dsn, const char *class,
    const char *fallback)
{
	struct outcome o;

	agent_init(NULL, NULL);
	outcome_init(&o, dsn);
	outcome_require(&o, class, fallback);
	end_failure(rq, rcpt, relay, &o);
	outcome_done(&o);
}

void
agent_bounced(struct agent_request *rq, const struct queue_rcpt *rcpt,
    const char *relay, const struct dsn *dsn)
{
	end_undelivered(rq, rcpt, relay, dsn, "5", "5.0.0");
}

void
agent_deferred(struct agent_request *rq, const struct queue_rcpt *rcpt,
    const char *relay, const struct dsn *dsn)
{
	end_undelivered(rq, rcpt, relay, dsn, "4", "4.0.0");
}
