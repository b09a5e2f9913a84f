/*
 * job.c - one delivery request: its message, and what became of each recipient
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/serve/agent.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

#define SENDOPT_UTF8_ASKED	1
#define SENDOPT_UTF8_ANY	(2 | 4 | 8)	/* header, sender, recipient need it */

void
job_init(struct job *j, struct agent_request *rq, const struct smtp_config *cfg)
{
	struct smtp_message *m = &j->msg;
	struct smtp_rcpt *r;
	size_t i;

	memset(j, 0, sizeof(*j));
	j->rq = rq;
	j->cfg = cfg;
	smtp_failure_init(&j->why);
	strcpy(j->relay, "none");
	buf_init(&j->sender);
	m->queue_id = rq->queue_id;
	m->sender = rq->sender;
	m->size = rq->data_size;
	m->age_s = (long)(clock_now() - rq->times.arrival.tv_sec);
	m->is_8bit = strcasecmp(rq->encoding, "8bit") == 0;
	m->wants_smtputf8 = (rq->sendopts & SENDOPT_UTF8_ASKED) != 0;
	m->needs_smtputf8 = (rq->sendopts & SENDOPT_UTF8_ANY) != 0;
	m->envelope_id = rq->envelope_id;
	m->ret = rq->ret_flags;
	m->client_name = rq->client_name;
	m->client_addr = rq->client_addr;
	m->client_port = rq->client_port;
	m->client_proto = rq->client_proto;
	m->client_helo = rq->client_helo;
	m->log_ident = rq->log_ident;
	m->is_local = strcmp(rq->rewrite_context, "local") == 0;
	m->is_probe = (rq->flags & (AGENT_MTA_PROBE | AGENT_USER_PROBE)) != 0;
	m->rcpts = xcalloc(rq->rcpt_count, sizeof(*m->rcpts));
	m->rcpt_count = rq->rcpt_count;
	if (cfg->generic != NULL) {
		j->addresses = xcalloc(rq->rcpt_count, sizeof(*j->addresses));
		if (smtp_generic(cfg->generic, rq->sender, &j->sender))
			m->sender = j->sender.ptr;
	}
	for (i = 0; i < rq->rcpt_count; i++) {
		r = &m->rcpts[i];
		buf_init(&r->reason);
		buf_init(&r->diag);
		r->address = rq->rcpts[i].address;
		r->orcpt = rq->rcpts[i].dsn_orcpt;
		r->notify = rq->rcpts[i].dsn_notify;
		if (cfg->generic == NULL)
			continue;
		buf_init(&j->addresses[i]);
		if (smtp_generic(cfg->generic, r->address, &j->addresses[i]))
			r->address = j->addresses[i].ptr;
	}
}

void
job_done(struct job *j)
{
	size_t i;

	for (i = 0; i < j->msg.rcpt_count; i++) {
		buf_done(&j->msg.rcpts[i].reason);
		buf_done(&j->msg.rcpts[i].diag);
		if (j->addresses != NULL)
			buf_done(&j->addresses[i]);
	}
	free(j->msg.rcpts);
	free(j->addresses);
	buf_done(&j->sender);
	smtp_failure_done(&j->why);
}

bool
job_has_left(const struct job *j)
{
	size_t i;

	for (i = 0; i < j->msg.rcpt_count; i++)
		if (j->msg.rcpts[i].fate == SMTP_LEFT)
			return true;
	return false;
}

/* ---- reporting ---- */

static void
dispose(struct job *j, size_t i, const char *relay, const char *mta,
    bool server_does_dsn)
{
	struct smtp_rcpt *r = &j->msg.rcpts[i];
	struct queue_rcpt rcpt = j->rq->rcpts[i];
	struct dsn dsn = { r->status, "", r->reason.ptr, "", r->diag.ptr, "",
	    "" };

	r->is_disposed = true;
	if (r->diag.len > 0)
		dsn.diag_type = "smtp";
	if (mta[0] != '\0') {
		dsn.mta_type = "dns";
		dsn.mta_name = mta;
	}
	switch (r->fate) {
	case SMTP_SENT:
		/* Success is the next server's to report, if it can. */
		if (server_does_dsn)
			rcpt.dsn_notify &= ~(unsigned)DSN_NOTIFY_SUCCESS;
		dsn.action = j->cfg->assumes_final ? "delivered" : "relayed";
		agent_sent(j->rq, &rcpt, relay, &dsn);
		break;
	case SMTP_BOUNCE:
		agent_bounced(j->rq, &rcpt, relay, &dsn);
		break;
	case SMTP_DEFER:
	case SMTP_LEFT:
		agent_deferred(j->rq, &rcpt, relay, &dsn);
		break;
	case SMTP_PASSED:
		break;
	}
}

void
job_dispose_decided(struct job *j, const struct smtp_session *s)
{
	bool does_dsn = (s->features & SMTP_HAS_DSN) != 0;
	struct smtp_rcpt *r;
	struct dsn dsn;
	size_t i;

	for (i = 0; i < j->msg.rcpt_count; i++) {
		r = &j->msg.rcpts[i];
		if (r->fate == SMTP_LEFT || r->is_disposed)
			continue;
		if (r->fate == SMTP_DEFER && (s->said_421 ||
		    s->failure.is_set)) {
			dsn = (struct dsn){ r->status, "delayed",
			    r->reason.ptr, "smtp", r->diag.ptr, "dns",
			    s->host };
			agent_hop_failed(j->rq, &dsn);
		}
		dispose(j, i, s->relay, s->host, does_dsn);
	}
}

void
job_dispose_session(struct job *j, const struct smtp_session *s)
{
	size_t i;

	job_dispose_decided(j, s);
	for (i = 0; i < j->msg.rcpt_count; i++)
		if (j->msg.rcpts[i].fate == SMTP_LEFT &&
		    j->msg.rcpts[i].has_reply)
			log_info("%s: %s", j->rq->queue_id,
			    j->msg.rcpts[i].reason.ptr);
}

void
job_failed(struct job *j, const struct smtp_failure *f, const char *relay)
{
	size_t i;

	smtp_failure_copy(&j->why, f);
	snprintf(j->relay, sizeof(j->relay), "%s", relay);
	for (i = 0; i < j->msg.rcpt_count; i++)
		if (j->msg.rcpts[i].fate == SMTP_LEFT)
			j->msg.rcpts[i].has_reply = false;
}

void
job_dispose_rest(struct job *j)
{
	struct smtp_failure *f = &j->why;
	struct smtp_rcpt *r;
	struct dsn dsn;
	size_t i;

	if (!job_has_left(j))
		return;
	if (!f->is_set)
		smtp_failure_set(f, "4.3.0", "no host to deliver to");
	if (f->throttles && !f->is_hard) {
		dsn = (struct dsn){ f->status, "delayed", f->reason.ptr,
		    f->diag.len > 0 ? "smtp" : "", f->diag.ptr,
		    f->mta.len > 0 ? "dns" : "", f->mta.ptr };
		agent_hop_failed(j->rq, &dsn);
	}
	for (i = 0; i < j->msg.rcpt_count; i++) {
		r = &j->msg.rcpts[i];
		if (r->fate != SMTP_LEFT)
			continue;
		if (!r->has_reply) {
			memcpy(r->status, f->status, sizeof(r->status));
			buf_set(&r->reason, f->reason.ptr, f->reason.len);
			buf_set(&r->diag, f->diag.ptr, f->diag.len);
			r->fate = f->is_hard ? SMTP_BOUNCE : SMTP_DEFER;
		} else {
			r->fate = SMTP_DEFER;
		}
		dispose(j, i, j->relay, f->mta.ptr, false);
	}
}
