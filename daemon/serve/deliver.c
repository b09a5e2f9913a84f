/*
 * deliver.c - the delivery request protocol, as bytes, for both sides
 *
 * Writers follow the documented order exactly. Readers look attributes up by
 * name, so a peer that knows more (or calls smtputf8 "sendopts", as 3.10 and
 * later do) is understood as well.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/deliver.h"

#include <stdint.h>
#include <string.h>
#include <sys/time.h>

#include "daemon/serve/agent.h"
#include "lib/base/base64.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/ipc/attr.h"

/* As the peer lays it out in memory (LP64: 5 * 16 + 4 + 4 bytes). */
struct times_blob {
	struct timeval	arrival, active, handoff, connected, delivered;
	int		reuse_count;
};

/* ---- reading with one sticky error ---- */

struct reader {
	const struct attrs *attrs;
	struct err	*err;
	bool		 has_failed;
};

static const char *
get_str(struct reader *r, const char *name)
{
	const char *value = attrs_get(r->attrs, name, 0);

	if (value != NULL)
		return value;
	if (!r->has_failed)
		err_set(r->err, ERR_SYNTAX, "missing attribute %s", name);
	r->has_failed = true;
	return "";
}

static int64_t
get_long(struct reader *r, const char *name)
{
	int64_t value;

	if (attrs_long(r->attrs, name, 0, &value))
		return value;
	if (!r->has_failed)
		err_set(r->err, ERR_SYNTAX,
		    "missing or malformed attribute %s", name);
	r->has_failed = true;
	return 0;
}

static int
get_int(struct reader *r, const char *name)
{
	int32_t value;

	if (attrs_int(r->attrs, name, 0, &value))
		return value;
	if (!r->has_failed)
		err_set(r->err, ERR_SYNTAX,
		    "missing or malformed attribute %s", name);
	r->has_failed = true;
	return 0;
}

/* ---- pieces ---- */

/* What deliver_get_times reads. */
static void
deliver_put_times(struct buf *out, const struct agent_times *times)
{
	struct times_blob blob;

	memset(&blob, 0, sizeof(blob));		/* the padding travels too */
	blob.arrival = times->arrival;
	blob.active = times->active;
	blob.handoff = times->handoff;
	blob.connected = times->connected;
	blob.delivered = times->delivered;
	attr_put_data(out, "time", &blob, sizeof(blob));
}

void
deliver_get_times(struct agent_times *times, const char *base64)
{
	struct buf bytes = BUF_INIT;
	struct times_blob blob;

	memset(times, 0, sizeof(*times));
	if (base64_decode(&bytes, base64, strlen(base64)) &&
	    bytes.len == sizeof(blob)) {
		memcpy(&blob, bytes.ptr, sizeof(blob));
		times->arrival = blob.arrival;
		times->active = blob.active;
		times->handoff = blob.handoff;
		times->connected = blob.connected;
		times->delivered = blob.delivered;
	}
	buf_done(&bytes);
}

void
deliver_put_rcpt(struct buf *out, const struct queue_rcpt *rcpt)
{
	attr_put_str(out, "original_recipient", rcpt->orig);
	attr_put_str(out, "recipient", rcpt->address);
	attr_put_long(out, "offset", rcpt->offset);
	attr_put_str(out, "dsn_orig_rcpt", rcpt->dsn_orcpt);
	attr_put_int(out, "notify_flags", (int32_t)rcpt->dsn_notify);
}

int
deliver_get_rcpt(struct queue_rcpt *rcpt, const struct attrs *a,
    struct err *err)
{
	struct reader r = { a, err, false };

	rcpt->orig = get_str(&r, "original_recipient");
	rcpt->address = get_str(&r, "recipient");
	rcpt->offset = get_long(&r, "offset");
	rcpt->dsn_orcpt = get_str(&r, "dsn_orig_rcpt");
	rcpt->dsn_notify = (unsigned)get_int(&r, "notify_flags");
	return r.has_failed ? -1 : 0;
}

void
deliver_put_dsn(struct buf *out, const struct dsn *dsn)
{
	attr_put_str(out, "status", dsn->status);
	attr_put_str(out, "diag_type", dsn->diag_type);
	attr_put_str(out, "diag_text", dsn->diag_text);
	attr_put_str(out, "mta_type", dsn->mta_type);
	attr_put_str(out, "mta_mname", dsn->mta_name);
	attr_put_str(out, "action", dsn->action);
	attr_put_str(out, "reason", dsn->reason);
}

int
deliver_get_dsn(struct dsn *dsn, const struct attrs *a, struct err *err)
{
	struct reader r = { a, err, false };

	dsn->status = get_str(&r, "status");
	dsn->diag_type = get_str(&r, "diag_type");
	dsn->diag_text = get_str(&r, "diag_text");
	dsn->mta_type = get_str(&r, "mta_type");
	dsn->mta_name = get_str(&r, "mta_mname");
	dsn->action = get_str(&r, "action");
	dsn->reason = get_str(&r, "reason");
	return r.has_failed ? -1 : 0;
}

/* ---- whole messages ---- */

void
deliver_put_request(struct buf *out, const struct agent_request *rq)
{
	size_t i;

	attr_put_int(out, "flags", rq->flags);
	attr_put_str(out, "queue_name", rq->queue_name);
	attr_put_str(out, "queue_id", rq->queue_id);
	attr_put_long(out, "offset", rq->data_offset);
	attr_put_long(out, "size", rq->data_size);
	attr_put_str(out, "nexthop", rq->nexthop);
	attr_put_str(out, "encoding", rq->encoding);
	attr_put_int(out, "smtputf8", rq->sendopts);
	attr_put_str(out, "sender", rq->sender);
	attr_put_str(out, "envelope_id", rq->envelope_id);
	attr_put_int(out, "ret_flags", rq->ret_flags);
	deliver_put_times(out, &rq->times);
	attr_put_str(out, "log_client_name", rq->client_name);
	attr_put_str(out, "log_client_address", rq->client_addr);
	attr_put_str(out, "log_client_port", rq->client_port);
	attr_put_str(out, "log_protocol_name", rq->client_proto);
	attr_put_str(out, "log_helo_name", rq->client_helo);
	attr_put_str(out, "sasl_method", rq->sasl_method);
	attr_put_str(out, "sasl_username", rq->sasl_username);
	attr_put_str(out, "sasl_sender", rq->sasl_sender);
	attr_put_str(out, "log_ident", rq->log_ident);
	attr_put_str(out, "rewrite_context", rq->rewrite_context);
	attr_put_int(out, "recipient_count", (int32_t)rq->rcpt_count);
	attr_put_end(out);
	for (i = 0; i < rq->rcpt_count; i++) {
		deliver_put_rcpt(out, &rq->rcpts[i]);
		attr_put_end(out);
	}
}

int
deliver_get_head(struct agent_request *rq, const struct attrs *a,
    size_t *count, struct err *err)
{
	struct reader r = { a, err, false };
	int n;

	memset(rq, 0, sizeof(*rq));
	rq->flags = get_int(&r, "flags");
	rq->queue_name = get_str(&r, "queue_name");
	rq->queue_id = get_str(&r, "queue_id");
	rq->data_offset = get_long(&r, "offset");
	rq->data_size = get_long(&r, "size");
	rq->nexthop = get_str(&r, "nexthop");
	rq->encoding = get_str(&r, "encoding");
	rq->sendopts = get_int(&r, attrs_get(a, "sendopts", 0) != NULL ?
	    "sendopts" : "smtputf8");
	rq->sender = get_str(&r, "sender");
	rq->envelope_id = get_str(&r, "envelope_id");
	rq->ret_flags = get_int(&r, "ret_flags");
	deliver_get_times(&rq->times, get_str(&r, "time"));
	rq->client_name = get_str(&r, "log_client_name");
	rq->client_addr = get_str(&r, "log_client_address");
	rq->client_port = get_str(&r, "log_client_port");
	rq->client_proto = get_str(&r, "log_protocol_name");
	rq->client_helo = get_str(&r, "log_helo_name");
	rq->sasl_method = get_str(&r, "sasl_method");
	rq->sasl_username = get_str(&r, "sasl_username");
	rq->sasl_sender = get_str(&r, "sasl_sender");
	rq->log_ident = get_str(&r, "log_ident");
	rq->rewrite_context = get_str(&r, "rewrite_context");
	n = get_int(&r, "recipient_count");
	if (r.has_failed)
		return -1;
	if (rq->data_offset < 0 || rq->data_size < 0 || n < 0)
		return err_set(err, ERR_SYNTAX,
		    "negative offset, size or recipient_count");
	*count = (size_t)n;
	return 0;
}

bool
deliver_is_greeting(const struct attrs *a)
{
	const char *protocol = attrs_get(a, "protocol", 0);
	int32_t status;

	if (protocol != NULL)
		return strcmp(protocol, DELIVER_PROTOCOL) == 0;
	return attrs_int(a, "status", 0, &status) && status == 0;
}

void
deliver_put_reply(struct buf *out, const struct dsn *hop, bool has_left)
{
	deliver_put_dsn(out, hop);
	/* Two attributes of one name: DSN status text, then the number. */
	attr_put_int(out, "status", has_left ? -1 : 0);
	attr_put_end(out);
}

int
deliver_get_reply(struct dsn *hop, bool *has_left, const struct attrs *a,
    struct err *err)
{
	int32_t status;

	if (deliver_get_dsn(hop, a, err) == -1)
		return -1;
	if (!attrs_int(a, "status", 1, &status))
		return err_set(err, ERR_SYNTAX,
		    "missing or malformed attribute status");
	*has_left = status != 0;
	return 0;
}
