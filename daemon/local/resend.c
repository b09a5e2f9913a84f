/*
 * resend.c - addresses that go on as a new message
 *
 * Collected while a recipient is expanded, one new message for each sender
 * (a list may have an owner), sent through the cleanup service when the rest
 * is done: nothing here parses what it forwards.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cleanup/cleanup.h"
#include "daemon/local/local.h"
#include "daemon/serve/agent.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_rec.h"

void
local_resend_add(const struct local_state *st, const char *address)
{
	struct local_request *lr = st->lr;
	struct local_resend *r;
	size_t i;

	for (i = 0; i < lr->resend_count; i++)
		if (strcmp(lr->resends[i].sender, st->sender) == 0)
			break;
	if (i == lr->resend_count) {
		lr->resends = xreallocarray(lr->resends, i + 1,
		    sizeof(*lr->resends));
		memset(&lr->resends[i], 0, sizeof(lr->resends[i]));
		lr->resends[i].sender = xstrdup(st->sender);
		lr->resends[i].delivered = xstrdup(st->delivered);
		lr->resend_count++;
	}
	r = &lr->resends[i];
	r->rcpts = xreallocarray(r->rcpts, r->rcpt_count + 1,
	    sizeof(*r->rcpts));
	r->rcpts[r->rcpt_count++] = (struct local_resend_rcpt){
	    .address = xstrdup(address),
	    .orig = xstrdup(st->rcpt.orig[0] != '\0' ? st->rcpt.orig :
	    address),
	    .dsn_orcpt = xstrdup(st->rcpt.dsn_orcpt),
	    .dsn_notify = st->rcpt.dsn_notify };
}

static void
resend_done(struct local_resend *r)
{
	size_t i;

	for (i = 0; i < r->rcpt_count; i++) {
		free(r->rcpts[i].address);
		free(r->rcpts[i].orig);
		free(r->rcpts[i].dsn_orcpt);
	}
	free(r->rcpts);
	free(r->sender);
	free(r->delivered);
}

static int
put_attribute(struct cleanup_client *c, const char *name, const char *value)
{
	return *value == '\0' ? 0 :
	    cleanup_client_recf(c, QUEUE_REC_ATTR, "%s=%s", name, value);
}

static int
put_recipient(struct cleanup_client *c, const struct local_resend_rcpt *r)
{
	if (put_attribute(c, "dsn_orig_rcpt", r->dsn_orcpt) == -1 ||
	    (r->dsn_notify != 0 && cleanup_client_recf(c, QUEUE_REC_ATTR,
	    "notify_flags=%u", r->dsn_notify) == -1) ||
	    cleanup_client_recf(c, QUEUE_REC_ORCPT, "%s", r->orig) == -1)
		return -1;
	return cleanup_client_recf(c, QUEUE_REC_RCPT, "%s", r->address);
}

static int
put_envelope(struct cleanup_client *c, const struct agent_request *rq,
    const struct local_resend *r)
{
	struct timeval now = clock_timeval();
	size_t i;

	if (cleanup_client_recf(c, QUEUE_REC_TIME, "%ld %ld", (long)now.tv_sec,
	    (long)now.tv_usec) == -1 ||
	    put_attribute(c, "log_ident", rq->log_ident) == -1 ||
	    put_attribute(c, "rewrite_context", rq->rewrite_context) == -1 ||
	    put_attribute(c, "encoding", rq->encoding) == -1 ||
	    put_attribute(c, "envelope_id", rq->envelope_id) == -1 ||
	    (rq->ret_flags != 0 && cleanup_client_recf(c, QUEUE_REC_ATTR,
	    "ret_flags=%d", rq->ret_flags) == -1) ||
	    cleanup_client_recf(c, QUEUE_REC_FROM, "%s", r->sender) == -1 ||
	    put_attribute(c, "log_client_name", rq->client_name) == -1 ||
	    put_attribute(c, "log_client_address", rq->client_addr) == -1 ||
	    put_attribute(c, "log_client_port", rq->client_port) == -1 ||
	    put_attribute(c, "log_helo_name", rq->client_helo) == -1 ||
	    put_attribute(c, "log_protocol_name", rq->client_proto) == -1)
		return -1;
	for (i = 0; i < r->rcpt_count; i++)
		if (put_recipient(c, &r->rcpts[i]) == -1)
			return -1;
	return cleanup_client_recf(c, QUEUE_REC_MESG, "%s", "");
}

static int
put_headers(struct cleanup_client *c, const struct local_resend *r)
{
	struct buf folded = BUF_INIT, quoted = BUF_INIT;
	char date[CLOCK_RFC5322_SIZE];
	int rc;

	clock_rfc5322(clock_now(), date);
	rc = cleanup_client_recf(c, QUEUE_REC_TEXT, "Received: by %s (%s)",
	    params.myhostname, params.mail_name);
	if (rc != -1)
		rc = cleanup_client_recf(c, QUEUE_REC_TEXT, "\tid %s; %s",
		    cleanup_client_id(c), date);
	if (rc != -1 &&
	    text_list_has(params.prepend_delivered_header, "forward")) {
		text_fold(&folded, r->delivered);
		address_quote(&quoted, folded.ptr);
		rc = cleanup_client_recf(c, QUEUE_REC_TEXT, "Delivered-To: %s",
		    quoted.ptr);
	}
	buf_done(&folded);
	buf_done(&quoted);
	return rc;
}

/* 0; -1 when cleanup went away; -2 when our queue file is damaged. */
static int
put_content(struct cleanup_client *c, struct agent_request *rq)
{
	struct err err = ERR_INIT;
	const char *text;
	size_t len;
	int type, rc;

	if (queue_file_seek(rq->file, rq->data_offset, &err) == -1)
		return -2;
	while ((rc = queue_file_next(rq->file, &type, &text, &len,
	    &err)) == 1 && (type == QUEUE_REC_TEXT || type == QUEUE_REC_PART))
		if (cleanup_client_rec(c, type, text, len) == -1)
			return -1;
	if (rc != 1 || type != QUEUE_REC_XTRA) {
		log_warning("%s: bad record type: %d in message content",
		    rq->queue_id, rc == 1 ? type : -1);
		return -2;
	}
	return 0;
}

static bool
resend(const struct local_state *st, const struct local_resend *r)
{
	struct agent_request *rq = st->lr->rq;
	struct delivery d = DELIVERY_INIT;
	struct buf reason = BUF_INIT;
	struct err err = ERR_INIT;
	struct cleanup_client *c;
	char id[128];
	unsigned status;
	bool done;
	int rc;

	c = cleanup_client_open(CLEANUP_BOUNCE | CLEANUP_INTERNAL, &err);
	if (c == NULL) {
		log_warning("cleanup service: %s", err.text);
		return local_fail(st, "4.3.0", "mail system unavailable");
	}
	snprintf(id, sizeof(id), "%s", cleanup_client_id(c));
	rc = put_envelope(c, rq, r);
	if (rc == 0)
		rc = put_headers(c, r);
	if (rc == 0)
		rc = put_content(c, rq);
	if (rc == -2) {
		cleanup_client_abort(c);
		agent_corrupt(rq);
		return false;
	}
	if (rc == 0 && (cleanup_client_recf(c, QUEUE_REC_XTRA, "%s", "") == -1 ||
	    cleanup_client_recf(c, QUEUE_REC_END, "%s", "") == -1))
		rc = -1;
	if (rc == -1) {
		cleanup_client_abort(c);
		return local_fail(st, "4.3.0", "unable to forward message");
	}
	status = cleanup_client_commit(c, &reason);
	if (status == 0) {
		delivery_set(&d, "2.0.0", "forwarded as %s", id);
		d.action = "relayed";
	} else if ((status & (CLEANUP_HOPS | CLEANUP_CONTENT)) != 0)
		delivery_set(&d, (status & CLEANUP_HOPS) != 0 ? "5.4.6" :
		    "5.7.1", "unable to forward message: %s", reason.len > 0 ?
		    reason.ptr : cleanup_status_text(status, NULL, NULL));
	else
		delivery_set(&d, "4.3.0", "unable to forward message: %s",
		    reason.len > 0 ? reason.ptr :
		    cleanup_status_text(status, NULL, NULL));
	done = local_report(st, &d);
	delivery_done(&d);
	buf_done(&reason);
	return done;
}

static bool
probe(const struct local_state *st, const struct local_resend *r)
{
	struct local_state each = *st;
	bool done = true;
	size_t i;

	for (i = 0; i < r->rcpt_count; i++) {
		each.rcpt.address = r->rcpts[i].address;
		if (strcmp(r->sender, st->lr->rq->sender) != 0)
			each.rcpt.orig = each.rcpt.dsn_orcpt = "";
		if (!local_probed(&each, "forwards to %s",
		    r->rcpts[i].address))
			done = false;
	}
	return done;
}

bool
local_resend_all(const struct local_state *st)
{
	bool done = true;
	size_t i;

	for (i = 0; i < st->lr->resend_count; i++)
		if (!(local_is_probed(st) ? probe : resend)(st,
		    &st->lr->resends[i]))
			done = false;
	return done;
}

void
local_resend_drop(struct local_request *lr)
{
	size_t i;

	for (i = 0; i < lr->resend_count; i++)
		resend_done(&lr->resends[i]);
	free(lr->resends);
	lr->resends = NULL;
	lr->resend_count = 0;
}
