/*
 * deliver.c - one delivery request: hosts in turn, until nobody is left
 *
 *	for each destination of the nexthop, then each fallback relay
 *	    for each of its addresses
 *	        connect, talk (session.c), report who is done with
 *	whoever is left is deferred or bounced for the last failure
 *
 * A recipient that was refused for now stays LEFT while there is another host
 * to ask; a final no is final. The session that ended well may be kept for
 * the next request to the same nexthop (kept.c).
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/smtp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "daemon/serve/agent.h"
#include "daemon/smtp/conn.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_rec.h"
#include "lib/table/maps.h"
#include "lib/table/match_list.h"
#include "lib/table/search.h"

#define SENDOPT_UTF8_ASKED	1
#define SENDOPT_UTF8_ANY	(2 | 4 | 8)	/* header, sender, recipient need it */
#define WIRE_CHUNK		32768

struct job {
	struct agent_request *rq;
	const struct smtp_config *cfg;
	struct smtp_message msg;
	struct buf	 sender;	/* after generic mapping */
	struct buf	*addresses;	/* of recipients, after generic mapping */
	struct smtp_failure why;	/* of the last host or destination that failed */
	char		 relay[420];	/* that said so, or "none" */
	int		 sessions;	/* so far with this destination */
	bool		 is_corrupt;
};

/* ---- the message ---- */

static void
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

static void
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

static bool
some_left(const struct job *j)
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

/* Report all that a session has decided; note what it left for others. */
static void
dispose_session(struct job *j, const struct smtp_session *s)
{
	bool does_dsn = (s->features & SMTP_HAS_DSN) != 0;
	struct smtp_rcpt *r;
	struct dsn dsn;
	size_t i;

	for (i = 0; i < j->msg.rcpt_count; i++) {
		r = &j->msg.rcpts[i];
		if (r->fate != SMTP_LEFT && !r->is_disposed) {
			if (r->fate == SMTP_DEFER && (s->said_421 ||
			    s->failure.is_set)) {
				dsn = (struct dsn){ r->status, "delayed",
				    r->reason.ptr, "smtp", r->diag.ptr, "dns",
				    s->host };
				agent_hop_failed(j->rq, &dsn);
			}
			dispose(j, i, s->relay, s->host, does_dsn);
		} else if (r->fate == SMTP_LEFT && r->has_reply) {
			log_info("%s: %s", j->rq->queue_id, r->reason.ptr);
		}
	}
}

/* A host or destination failed: what servers said before is old news. */
static void
note_failure(struct job *j, const struct smtp_failure *f, const char *relay)
{
	size_t i;

	smtp_failure_copy(&j->why, f);
	snprintf(j->relay, sizeof(j->relay), "%s", relay);
	for (i = 0; i < j->msg.rcpt_count; i++)
		if (j->msg.rcpts[i].fate == SMTP_LEFT)
			j->msg.rcpts[i].has_reply = false;
}

/* The end: whoever is left shares the last failure. */
static void
dispose_rest(struct job *j)
{
	struct smtp_failure *f = &j->why;
	struct smtp_rcpt *r;
	struct dsn dsn;
	size_t i;

	if (!some_left(j))
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

/* ---- one transaction over an open connection ---- */

/* The queue file is damaged: nobody gets half a message. */
static enum smtp_step
content_is_bad(struct job *j, struct smtp_session *s)
{
	struct smtp_rcpt *r;
	size_t i;

	for (i = 0; i < j->msg.rcpt_count; i++) {
		r = &j->msg.rcpts[i];
		if (r->fate != SMTP_LEFT)
			continue;
		strcpy(r->status, "5.3.0");
		buf_sets(&r->reason, "unreadable mail queue entry");
		buf_reset(&r->diag);
		r->fate = SMTP_BOUNCE;
	}
	j->is_corrupt = true;
	return smtp_session_body_failed(s);
}

/* An old PIX stops at a dot that comes in the same packet as the text before it. */
static void
pix_pause(const struct job *j, const struct conn *c)
{
	if ((c->session.pix & SMTP_PIX_DELAY_DOT) == 0 || clock_now() -
	    j->rq->times.arrival.tv_sec < j->cfg->pix_threshold_s)
		return;
	stream_flush(c->stream);
	sleep((unsigned)j->cfg->pix_delay_s);
}

static enum smtp_step
send_content(struct job *j, struct conn *c)
{
	static struct buf wire = BUF_INIT;	/* kept from message to message */
	struct smtp_content content;
	struct err err = ERR_INIT;
	const char *text;
	size_t len;
	int type, got;

	stream_set_timeout(c->stream, smtp_session_timeout(&c->session));
	smtp_content_init(&content, j->rq->queue_id, j->cfg->line_limit,
	    j->cfg->generic, j->msg.is_8bit && j->cfg->converts_8bit &&
	    (c->session.features & SMTP_HAS_8BITMIME) == 0);
	buf_reset(&wire);
	while ((got = queue_file_next(j->rq->file, &type, &text, &len,
	    &err)) == 1 && (type == QUEUE_REC_TEXT || type == QUEUE_REC_PART)) {
		smtp_content_record(&content, type == QUEUE_REC_TEXT, text,
		    len, &wire);
		if (wire.len < WIRE_CHUNK)
			continue;
		if (conn_write(c, &wire) == -1)
			break;
		buf_reset(&wire);
	}
	smtp_content_end(&content, &wire);
	smtp_content_done(&content);
	if (stream_status(c->stream) != STREAM_OK)
		return conn_lost(c);
	if (got != 1 || type != QUEUE_REC_XTRA) {
		if (got == 1)
			log_warning("%s/%s: bad record type: %d in message"
			    " content", j->rq->queue_name, j->rq->queue_id,
			    type);
		else
			log_warning("%s", got == -1 ? err.text :
			    "unexpected end of queue file");
		return content_is_bad(j, &c->session);
	}
	if (conn_write(c, &wire) == -1)
		return conn_lost(c);
	pix_pause(j, c);
	return smtp_session_body_sent(&c->session);
}

static enum smtp_step
talk(struct job *j, struct conn *c, enum smtp_step step)
{
	struct err err = ERR_INIT;

	for (;;) {
		switch (step) {
		case SMTP_STEP_READ:
			step = conn_exchange(c);
			break;
		case SMTP_STEP_BODY:
			if (queue_file_seek(j->rq->file, j->rq->data_offset,
			    &err) == -1)
				step = content_is_bad(j, &c->session);
			else
				step = send_content(j, c);
			break;
		case SMTP_STEP_HELLO:
		case SMTP_STEP_END:
		case SMTP_STEP_FAILED:
		case SMTP_STEP_CLOSE:
			return step;
		}
	}
}

/* ---- one host ---- */

/*
 * We cannot log in. Where a login is configured mail waits, because a server
 * that sees a stranger would refuse it for good.
 */
static bool
needs_login(struct job *j, const char *host)
{
	struct buf value = BUF_INIT;
	enum table_result found;

	if (j->cfg->passwords == NULL)
		return false;
	found = search_password(j->cfg->passwords, j->cfg->by_sender ?
	    j->rq->sender : NULL, host, j->rq->nexthop, &value);
	buf_done(&value);
	return found != TABLE_NOT_FOUND;
}

/* The keywords and workarounds that tables have for this address. */
static void
set_host_quirks(struct job *j, struct smtp_session *s, const char *addr)
{
	struct buf value = BUF_INIT;

	s->pix = j->cfg->pix;
	if (j->cfg->discard_maps != NULL && maps_find(j->cfg->discard_maps,
	    addr, false, &value) == TABLE_FOUND)
		s->discard = smtp_config_discards(value.ptr);
	if (j->cfg->pix_maps != NULL && maps_find(j->cfg->pix_maps, addr,
	    false, &value) == TABLE_FOUND)
		s->pix = smtp_config_pix(value.ptr);
	buf_done(&value);
}

/* May the session stay open for the next message to this nexthop? */
static bool
may_keep(const struct job *j)
{
	if (j->cfg->cache_destinations != NULL && match_list_find(
	    j->cfg->cache_destinations, j->rq->nexthop, NULL) == TABLE_FOUND)
		return true;
	return j->cfg->caches_on_demand &&
	    (j->rq->flags & AGENT_CONN_STORE) != 0;
}

/* After the handshake, in a new or a kept session: the message. Frees or keeps c. */
static void
transact(struct job *j, struct conn *c)
{
	struct smtp_session *s = &c->session;
	enum smtp_step step;

	j->rq->times.connected = clock_timeval();
	j->rq->connection_use = ++c->uses;
	s->keeps_open = may_keep(j) && conn_may_go_on(c);
	step = talk(j, c, smtp_session_mail(s, &j->msg));
	dispose_session(j, s);
	if (step == SMTP_STEP_FAILED) {
		note_failure(j, &s->failure, s->relay);
		if (!s->is_final)
			log_info("%s: %s", j->rq->queue_id,
			    s->failure.reason.ptr);
	} else if (some_left(j)) {
		snprintf(j->relay, sizeof(j->relay), "%s", s->relay);
		buf_sets(&j->why.mta, s->host);
		j->why.is_set = true;
		j->why.throttles = s->said_421;
	}
	if (s->keeps_open && s->state == SMTP_READY)
		conn_keep(c, j->rq->nexthop);
	else
		conn_close(c);
}

static void
talk_to(struct job *j, struct conn *c, const char *domain)
{
	struct smtp_session *s = &c->session;

	j->sessions++;
	switch (talk(j, c, SMTP_STEP_READ)) {
	case SMTP_STEP_HELLO:
		break;
	default:
		if (s->failure.is_loop)
			buf_setf(&s->failure.reason,
			    "mail for %s loops back to myself", domain);
		note_failure(j, &s->failure, s->relay);
		if (!s->is_final && !s->failure.is_hard)
			log_info("%s: %s", j->rq->queue_id,
			    s->failure.reason.ptr);
		conn_close(c);
		return;
	}
	if (needs_login(j, s->host)) {
		smtp_failure_set(&s->failure, "4.7.0", "SASL authentication is"
		    " required for %s, but is not available", s->host_addr);
		note_failure(j, &s->failure, s->relay);
		conn_close(c);
		return;
	}
	transact(j, c);
}

static void
try_host(struct job *j, const struct smtp_host *host, bool is_final,
    const struct smtp_dest *dest)
{
	char addr[NETADDR_TEXT_SIZE], port[12];
	struct smtp_failure f;
	struct err err = ERR_INIT;
	struct conn *c;
	int fd;

	netaddr_text(&host->addr, addr);
	snprintf(port, sizeof(port), "%d", netaddr_port(&host->addr));
	if ((fd = conn_connect(j->cfg, &host->addr, &err)) == -1) {
		smtp_failure_init(&f);
		smtp_failure_set(&f, "4.4.1", "connect to %s[%s]:%s: %s",
		    host->name, addr, port, err.text);
		log_info("%s", f.reason.ptr);
		note_failure(j, &f, "none");
		smtp_failure_done(&f);
		return;
	}
	c = conn_new(j->cfg, fd, host->name, addr, port);
	c->session.is_final = is_final;
	c->session.detects_loops = dest->detects_loops;
	c->session.msg = &j->msg;
	set_host_quirks(j, &c->session, addr);
	talk_to(j, c, dest->host);
}

static void
try_unix(struct job *j, const char *path, bool is_final)
{
	struct smtp_failure f;
	struct err err = ERR_INIT;
	struct conn *c;
	int fd;

	fd = netaddr_connect_unix(path, j->cfg->connect_timeout, &err);
	if (fd == -1) {
		smtp_failure_init(&f);
		smtp_failure_set(&f, "4.4.1", "connect to %s[%s]: %s",
		    params.myhostname, path, err.text);
		log_info("%s", f.reason.ptr);
		note_failure(j, &f, "none");
		smtp_failure_done(&f);
		return;
	}
	c = conn_new(j->cfg, fd, params.myhostname, path, "");
	c->session.msg = &j->msg;
	c->session.is_final = is_final;
	talk_to(j, c, path);
}

/* ---- one destination ---- */

static void
try_destination(struct job *j, const char *text, bool is_last)
{
	struct smtp_failure f;
	struct smtp_hosts hosts;
	struct smtp_dest dest;
	struct err err = ERR_INIT;
	int limit = j->cfg->session_limit;
	const char *level;
	size_t i;

	smtp_failure_init(&f);
	j->sessions = 0;
	if (smtp_dest_parse(&dest, j->cfg, text, &err) == -1) {
		log_warning("%s: %s", j->rq->queue_id, err.text);
		smtp_failure_set(&f, "4.3.5", "mail system configuration"
		    " error: %s", err.text);
		note_failure(j, &f, "none");
	} else if (!dest.is_unix &&
	    (level = smtp_config_needs_tls(j->cfg, text)) != NULL) {
		smtp_failure_set(&f, "4.7.4", "TLS is required, but this"
		    " mail system was built without it (security level %s)",
		    level);
		note_failure(j, &f, "none");
	} else if (dest.is_unix) {
		try_unix(j, dest.host, is_last);
	} else if (smtp_dest_hosts(&dest, j->cfg, &hosts, &f) == -1) {
		note_failure(j, &f, "none");
	} else {
		for (i = 0; i < hosts.count && some_left(j) &&
		    !j->why.is_hard && (limit == 0 || j->sessions < limit); i++)
			try_host(j, &hosts.list[i], is_last &&
			    (i + 1 == hosts.count ||
			    (limit > 0 && j->sessions + 1 >= limit)),
			    &dest);
		smtp_hosts_done(&hosts);
	}
	smtp_failure_done(&f);
}

/* A session that was kept from the last request may take this one too. */
static void
try_kept(struct job *j)
{
	struct conn *c;

	if ((j->rq->flags & AGENT_CONN_LOAD) == 0 &&
	    j->cfg->cache_destinations == NULL)
		return;
	if ((c = conn_take(j->rq->nexthop)) == NULL)
		return;
	c->session.is_final = false;	/* a fresh connection may do better */
	transact(j, c);
	j->why.is_hard = false;
}

static void
try_all(struct job *j)
{
	struct buf list = BUF_INIT;
	char *rest, *word, *next;

	buf_sets(&list, j->rq->nexthop);
	if (j->cfg->fallback_relay[0] != '\0')
		buf_addf(&list, ", %s", j->cfg->fallback_relay);
	rest = list.ptr;
	word = text_split(&rest, TEXT_LIST_SEP);
	for (; word != NULL && some_left(j) && !j->why.is_end; word = next) {
		next = text_split(&rest, TEXT_LIST_SEP);
		smtp_failure_set(&j->why, "4.3.0", "no host to deliver to");
		j->why.is_set = false;
		try_destination(j, word, next == NULL);
	}
	buf_done(&list);
}

void
smtp_deliver(struct agent_request *rq, const char *service, void *ctx)
{
	struct job j;

	(void)service;
	job_init(&j, rq, ctx);
	try_kept(&j);
	if (some_left(&j))
		try_all(&j);
	if (j.why.is_self && params.best_mx_transport[0] != '\0' &&
	    smtp_pass(rq, &j.msg, params.best_mx_transport) == -1)
		smtp_failure_set(&j.why, "4.3.0", "mail transport unavailable");
	dispose_rest(&j);
	if (j.is_corrupt && !rq->has_left)
		agent_corrupt(rq);
	job_done(&j);
}
