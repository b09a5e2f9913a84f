/*
 * agent.c - what every delivery agent does the same way
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
#include "daemon/serve/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <unistd.h>

#include "daemon/serve/deliver.h"
#include "daemon/serve/owner.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/ipc/endpoint.h"
#include "lib/mail/address.h"
#include "lib/net/stream.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_id.h"
#include "lib/table/maps.h"
#include "lib/table/match_list.h"

#define FLUSH_TIMEOUT_S		10	/* a hint is not worth a longer wait */
#define VERIFY_TIMEOUT_S	10

enum verify_status { VERIFY_OK, VERIFY_DEFERRED, VERIFY_BOUNCED };

static struct {
	bool			 is_ready;
	struct maps		*filter;	/* X_delivery_status_filter */
	struct match_list	*flush_domains;
	bool			 may_switch;	/* we are root */
	uid_t			 owner_uid;
	gid_t			 owner_gid;
} ag;

static const struct dsn no_dsn = { "", "", "", "", "", "", "" };

/* ---- rights ---- */

static void
find_owner(void)
{
	struct owner owner;

	if (getuid() != 0)
		return;
	if (!owner_find(&owner))
		log_fatal("unknown user name: mail_owner = %s",
		    params.mail_owner);
	ag.may_switch = owner.uid != 0;
	ag.owner_uid = owner.uid;
	ag.owner_gid = owner.gid;
}

void
agent_init(const char *filter_title, const char *filter_list)
{
	if (ag.is_ready)
		return;
	ag.is_ready = true;
	find_owner();
	if (filter_title != NULL && filter_list[0] != '\0')
		ag.filter = maps_open(filter_title, filter_list, 0);
	if (params.fast_flush_domains[0] != '\0')
		ag.flush_domains = match_list_new("fast_flush_domains",
		    MATCH_DOMAIN, params.fast_flush_domains);
}

void
agent_as_owner(void)
{
	agent_init(NULL, NULL);
	if (!ag.may_switch || geteuid() != 0)
		return;
	if (setegid(ag.owner_gid) == -1 || seteuid(ag.owner_uid) == -1)
		log_fatal("become mail_owner: %s", strerror(errno));
}

void
agent_as_root(void)
{
	if (!ag.may_switch || geteuid() == 0)
		return;
	if (seteuid(0) == -1 || setegid(0) == -1)
		log_fatal("become root again: %s", strerror(errno));
}

/* Rights as the caller had them: it may already work as mail_owner. */
static bool
owner_begin(void)
{
	bool was_root = geteuid() == 0;

	agent_as_owner();
	return was_root;
}

static void
owner_end(bool was_root)
{
	if (was_root)
		agent_as_root();
}

/* ---- the log line ---- */

static int64_t
usec_between(struct timeval from, struct timeval to)
{
	int64_t usec = ((int64_t)to.tv_sec - from.tv_sec) * 1000000 +
	    ((int64_t)to.tv_usec - from.tv_usec);

	return usec > 0 ? usec : 0;	/* a clock that was set back */
}

static bool
is_set(struct timeval tv)
{
	return tv.tv_sec != 0;
}

void
agent_format_delay(struct buf *out, int64_t usec)
{
	int64_t unit = 1000000, n;
	char text[32];
	int i, decimals = 0, len;

	/* The unit is a power of ten: 10^-decimals seconds. */
	if (usec < 10000000) {
		decimals = params.delay_logging_resolution_limit;
		if (decimals > 6)
			decimals = 6;
		if (usec >= 1000000 && decimals > 1)
			decimals = 1;
		for (i = 0; i < decimals; i++)
			unit /= 10;
		while (decimals > 0 && usec >= 100 * unit) {
			unit *= 10;
			decimals--;
		}
	}
	n = (usec + unit / 2) / unit * unit;
	len = snprintf(text, sizeof(text), "%lld.%06lld",
	    (long long)(n / 1000000), (long long)(n % 1000000));
	while (len > 0 && text[len - 1] == '0')
		text[--len] = '\0';
	if (len > 0 && text[len - 1] == '.')
		text[--len] = '\0';
	buf_add(out, text, (size_t)len);
}

/* delay=D, delays=a/b/c/d: before the queue manager, in it, connecting, transfer */
static void
put_delays(struct buf *out, const struct agent_times *t)
{
	struct timeval end = is_set(t->delivered) ? t->delivered :
	    clock_timeval();
	int64_t part[4] = { 0, 0, 0, 0 };
	int i;

	if (!is_set(t->active)) {
		part[0] = usec_between(t->arrival, end);
	} else {
		part[0] = usec_between(t->arrival, t->active);
		if (!is_set(t->handoff)) {
			part[1] = usec_between(t->active, end);
		} else {
			part[1] = usec_between(t->active, t->handoff);
			if (is_set(t->connected)) {
				part[2] = usec_between(t->handoff,
				    t->connected);
				part[3] = usec_between(t->connected, end);
			} else {
				part[3] = usec_between(t->handoff, end);
			}
		}
	}
	buf_adds(out, ", delay=");
	agent_format_delay(out, usec_between(t->arrival, end));
	buf_adds(out, ", delays=");
	for (i = 0; i < 4; i++) {
		if (i > 0)
			buf_addc(out, '/');
		agent_format_delay(out, part[i]);
	}
}

void
agent_log_address(struct buf *out, const char *address)
{
	buf_addc(out, '<');
	if (strcmp(params.info_log_address_format, "internal") == 0)
		buf_adds(out, address);
	else
		address_quote(out, address);
	buf_addc(out, '>');
}

void
agent_log(const char *queue_id, const struct queue_rcpt *rcpt,
    const char *relay, const struct agent_times *times, const char *status,
    const struct dsn *dsn, int connection_use)
{
	struct buf line = BUF_INIT;

	buf_addf(&line, "%s: to=", queue_id);
	agent_log_address(&line, rcpt->address);
	if (rcpt->orig[0] != '\0' &&
	    strcasecmp(rcpt->orig, rcpt->address) != 0) {
		buf_adds(&line, ", orig_to=");
		agent_log_address(&line, rcpt->orig);
	}
	buf_addf(&line, ", relay=%s", relay);
	if (connection_use > 1)
		buf_addf(&line, ", conn_use=%d", connection_use);
	put_delays(&line, times);
	buf_addf(&line, ", dsn=%s, status=%s (%s)", dsn->status, status,
	    dsn->reason);
	log_info("%s", line.ptr);
	buf_done(&line);
}

/* ---- small helpers around one recipient ---- */

static void
log_outcome(const struct agent_request *rq, const struct queue_rcpt *rcpt,
    const char *relay, const char *status, const struct dsn *dsn)
{
	struct agent_times times = rq->times;

	if (!is_set(times.delivered))
		times.delivered = clock_timeval();
	agent_log(rq->queue_id, rcpt, relay, &times, status, dsn,
	    rq->connection_use);
}

static int
append(struct agent_request *rq, const char *log,
    const struct queue_rcpt *rcpt, const struct dsn *dsn)
{
	struct err err = ERR_INIT;
	bool was_root = owner_begin();
	int rc = queue_log_append(log, rq->queue_id, rcpt, dsn, &err);

	owner_end(was_root);
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

void
agent_corrupt(struct agent_request *rq)
{
	bool was_root = owner_begin();

	log_warning("corrupted queue file: %s/%s", rq->queue_name,
	    rq->queue_id);
	if (fchmod(rq->file_fd, 0400) == -1)
		log_warning("%s/%s: set mode 0400: %s", rq->queue_name,
		    rq->queue_id, strerror(errno));
	owner_end(was_root);
	rq->is_corrupt = true;
	rq->has_left = true;
}

/*
 * One request and its status from a service that may be absent: a hint or a
 * cache entry, nothing that mail depends on.
 */
static void
tell(const char *class, const char *service, const char *protocol,
    const struct buf *request, int timeout_s)
{
	struct err err = ERR_INIT;
	struct attrs reply;
	struct stream *s;

	s = endpoint_connect_greeted(class, service, protocol, &err);
	if (s == NULL) {
		log_warning("%s/%s: %s", class, service, err.text);
		return;
	}
	stream_set_timeout(s, timeout_s);
	attrs_init(&reply);
	if (stream_write(s, request->ptr, request->len) == -1 ||
	    stream_flush(s) == -1 ||
	    attrs_read(s, &reply, DELIVER_RCPT_MAX, &err) != 1)
		log_warning("%s/%s: no reply: %s", class, service,
		    err.text[0] != '\0' ? err.text : "connection lost");
	attrs_done(&reply);
	stream_free(s);
}

/* Remember the message under its destination, for fast flush (ETRN). */
static void
tell_flush(const struct agent_request *rq, const struct queue_rcpt *rcpt)
{
	const char *domain = address_domain(rcpt->address);
	struct buf request = BUF_INIT;

	if (ag.flush_domains == NULL || domain == NULL || domain[0] == '\0')
		return;
	if (match_list_find(ag.flush_domains, domain, NULL) != TABLE_FOUND)
		return;
	attr_put_str(&request, "request", "add");
	attr_put_str(&request, "site", domain);
	attr_put_str(&request, "queue_id", rq->queue_id);
	attr_put_end(&request);
	tell("public", params.flush_service_name, "queue_flush_protocol",
	    &request, FLUSH_TIMEOUT_S);
	buf_done(&request);
}

static void
tell_verify(const struct queue_rcpt *rcpt, enum verify_status status,
    const struct dsn *dsn)
{
	struct buf request = BUF_INIT, reason = BUF_INIT;

	buf_addf(&reason, "%s %s", dsn->status, dsn->reason);
	attr_put_str(&request, "request", "update");
	attr_put_str(&request, "address", rcpt->orig[0] != '\0' ?
	    rcpt->orig : rcpt->address);
	attr_put_int(&request, "recipient_status", status);
	attr_put_str(&request, "reason", reason.ptr);
	attr_put_end(&request);
	/* The peer misspells its protocol, so do we. */
	tell("private", params.address_verify_service_name,
	    "address_verification_prrotocol", &request, VERIFY_TIMEOUT_S);
	buf_done(&reason);
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
outcome_init(struct outcome *o, const struct dsn *dsn, const char *word)
{
	o->dsn = *dsn;
	o->word = word;
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

	if (ag.filter == NULL)
		return;
	buf_addf(&key, "%s %s", o->dsn.status, o->dsn.reason);
	if (maps_find(ag.filter, key.ptr, false, &o->text) == TABLE_FOUND) {
		if (dsn_status_len(o->text.ptr) == 0 ||
		    (o->text.ptr[0] == '2') != was_sent) {
			log_warning("%s: bad result \"%s\" for \"%s\", ignored",
			    maps_title(ag.filter), o->text.ptr, key.ptr);
		} else {
			reason = dsn_split(o->text.ptr, o->dsn.status,
			    o->status);
			o->dsn.status = o->status;
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
	const char *word = status == VERIFY_OK ? "deliverable" :
	    "undeliverable";

	if ((rq->flags & AGENT_MTA_PROBE) != 0) {
		tell_verify(rcpt, status, dsn);
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
	outcome_init(&o, dsn, "sent");
	outcome_require(&o, "2", "2.0.0");
	outcome_filter(&o);
	if (is_probe(rq))
		end_probe(rq, rcpt, relay, &o.dsn, VERIFY_OK);
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

void
agent_bounced(struct agent_request *rq, const struct queue_rcpt *rcpt,
    const char *relay, const struct dsn *dsn)
{
	struct outcome o;

	agent_init(NULL, NULL);
	outcome_init(&o, dsn, "bounced");
	outcome_require(&o, "5", "5.0.0");
	end_failure(rq, rcpt, relay, &o);
	outcome_done(&o);
}

void
agent_deferred(struct agent_request *rq, const struct queue_rcpt *rcpt,
    const char *relay, const struct dsn *dsn)
{
	struct outcome o;

	agent_init(NULL, NULL);
	outcome_init(&o, dsn, "deferred");
	outcome_require(&o, "4", "4.0.0");
	end_failure(rq, rcpt, relay, &o);
	outcome_done(&o);
}

void
agent_hop_failed(struct agent_request *rq, const struct dsn *dsn)
{
	const char *from[7] = { dsn->status, dsn->action, dsn->reason,
	    dsn->diag_type, dsn->diag_text, dsn->mta_type, dsn->mta_name };
	const char **to[7] = { &rq->hop_failure.status,
	    &rq->hop_failure.action, &rq->hop_failure.reason,
	    &rq->hop_failure.diag_type, &rq->hop_failure.diag_text,
	    &rq->hop_failure.mta_type, &rq->hop_failure.mta_name };
	size_t at[7], i;

	buf_reset(rq->hop_text);
	for (i = 0; i < 7; i++) {
		at[i] = rq->hop_text->len;
		buf_add(rq->hop_text, from[i], strlen(from[i]) + 1);
	}
	for (i = 0; i < 7; i++)
		*to[i] = rq->hop_text->ptr + at[i];
}

/* ---- one request, start to end ---- */

/* What the request's texts point into. */
struct request_text {
	struct attrs	 head;
	struct attrs	*lists;		/* one a recipient */
	size_t		 count;
	struct buf	 hop;
};

static void
request_text_done(struct request_text *t)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		attrs_done(&t->lists[i]);
	free(t->lists);
	attrs_done(&t->head);
	buf_done(&t->hop);
}

static int
read_list(struct stream *client, struct attrs *a, size_t max, struct err *err)
{
	int rc = attrs_read(client, a, max, err);

	return rc == 0 ? err_set(err, ERR_EOF, "premature end-of-input") :
	    rc == -1 ? -1 : 0;
}

/* Memory grows with what was really sent, not with the number announced. */
static int
read_request(struct stream *client, struct agent_request *rq,
    struct request_text *t, struct err *err)
{
	size_t expected, room = 0;

	if (read_list(client, &t->head, DELIVER_HEAD_MAX, err) == -1 ||
	    deliver_get_head(rq, &t->head, &expected, err) == -1)
		return -1;
	rq->hop_text = &t->hop;
	rq->hop_failure = no_dsn;
	rq->file_fd = -1;
	while (t->count < expected) {
		if (t->count == room) {
			room = room * 2 + 8;
			t->lists = xreallocarray(t->lists, room,
			    sizeof(t->lists[0]));
			rq->rcpts = xreallocarray(rq->rcpts, room,
			    sizeof(rq->rcpts[0]));
		}
		attrs_init(&t->lists[t->count]);
		t->count++;
		if (read_list(client, &t->lists[t->count - 1],
		    DELIVER_RCPT_MAX, err) == -1 ||
		    deliver_get_rcpt(&rq->rcpts[t->count - 1],
		    &t->lists[t->count - 1], err) == -1)
			return -1;
	}
	rq->rcpt_count = t->count;
	return 0;
}

/* The file, checked as 12.1 says, with the shared lock that agents hold. */
static int
open_message(struct agent_request *rq, struct err *err)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int fd, ok;

	ok = queue_file_may_open(rq->queue_name, rq->queue_id, &st, err);
	if (ok != 1)
		return ok == 0 ? err_set(err, ERR_NOT_FOUND,
		    "%s/%s: no such message", rq->queue_name, rq->queue_id) :
		    -1;
	queue_path(&path, rq->queue_name, rq->queue_id);
	fd = open(path.ptr, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1) {
		err_sys(err, "open %s", path.ptr);
		buf_done(&path);
		return -1;
	}
	if (file_lock(fd, LOCK_SH | LOCK_NB) == -1) {
		err_sys(err, "shared lock %s", path.ptr);
		close(fd);
		buf_done(&path);
		return -1;
	}
	rq->file = queue_file_new(fd, path.ptr, QUEUE_FILE_NORMAL);
	rq->file_fd = fd;
	buf_done(&path);
	return queue_file_seek(rq->file, rq->data_offset, err);
}

static void
reply(struct stream *client, const struct agent_request *rq)
{
	struct buf out = BUF_INIT;

	deliver_put_reply(&out, &rq->hop_failure, rq->has_left);
	if (stream_write(client, out.ptr, out.len) == -1 ||
	    stream_flush(client) == -1)
		log_warning("%s: cannot report to the queue manager",
		    rq->queue_id);
	buf_done(&out);
}

void
agent_serve(struct stream *client, const char *service,
    void (*deliver)(struct agent_request *rq, const char *service, void *ctx),
    void *ctx)
{
	struct request_text text = { .hop = BUF_INIT };
	struct agent_request rq = { .file_fd = -1 };
	struct err err = ERR_INIT;
	bool was_root;
	int rc;

	agent_init(NULL, NULL);
	attrs_init(&text.head);
	if (read_request(client, &rq, &text, &err) == -1) {
		/*
		 * A client that found no work for us just closes, and one
		 * that was killed before it asked has nothing to lose.
		 */
		if (text.head.count > 0 || err.kind == ERR_SYNTAX ||
		    err.kind == ERR_LIMIT)
			log_warning("%s: bad delivery request: %s", service,
			    err.text);
		goto done;
	}
	was_root = owner_begin();
	rc = open_message(&rq, &err);
	owner_end(was_root);
	if (rc == -1) {
		log_warning("%s: %s", service, err.text);
		rq.has_left = true;
	} else {
		if (!is_set(rq.times.handoff))
			rq.times.handoff = clock_timeval();
		deliver(&rq, service, ctx);
	}
	/* The lock goes before the reply: the queue manager may open at once. */
	if (rq.file != NULL)
		queue_file_close(rq.file);
	reply(client, &rq);
done:
	free(rq.rcpts);
	request_text_done(&text);
}
