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
 * the next request to the same nexthop (conn.c).
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/job.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "daemon/serve/agent.h"
#include "daemon/serve/counters.h"
#include "daemon/serve/debug_peer.h"
#include "daemon/serve/delivered_to.h"
#include "daemon/smtp/conn.h"
#include "daemon/smtp/shared.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/table/maps.h"
#include "lib/table/match_list.h"
#include "lib/table/search.h"

#define SMTPS_PORT	465

/* ---- one host ---- */

/* The login for a host, as a session asks for it. */
static enum table_result
find_login(void *ctx, const char *host, struct buf *value)
{
	const struct job *j = ctx;
	const struct auth_config *c = &j->cfg->auth;

	return search_password(c->passwords, c->by_sender ? j->rq->sender :
	    NULL, host, j->rq->nexthop, value);
}

static void
know_login(struct conn *c, struct job *j)
{
	c->session.find_login = find_login;
	c->session.find_ctx = j;
}

/* Would this message be sent by the one who is logged in there? */
static bool
is_same_login(struct job *j, const struct conn *c)
{
	const struct smtp_session *s = &c->session;
	struct buf value = BUF_INIT;
	enum table_result found;
	bool is_same;

	if (!j->cfg->auth.by_sender || j->cfg->auth.passwords == NULL ||
	    (s->features & SMTP_HAS_AUTH) == 0)
		return true;
	found = find_login(j, s->host, &value);
	is_same = found == TABLE_NOT_FOUND ? !s->is_logged_in :
	    found == TABLE_FOUND && s->is_logged_in &&
	    strncmp(value.ptr, s->user.ptr, s->user.len) == 0 &&
	    (value.ptr[s->user.len] == j->cfg->auth.delimiter ||
	    value.ptr[s->user.len] == '\0');
	explicit_bzero(value.ptr, value.len);
	buf_done(&value);
	return is_same;
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
	/* What is encrypted cannot be closed by a signal. */
	s->keeps_open = may_keep(j) && conn_may_go_on(c) && !s->is_encrypted;
	step = job_talk(j, c, smtp_session_mail(s, &j->msg));
	job_dispose_session(j, s);
	if (step == SMTP_STEP_FAILED) {
		job_failed(j, &s->failure, s->relay);
		if (!s->is_final)
			log_info("%s: %s", j->rq->queue_id,
			    s->failure.reason.ptr);
	} else if (job_has_left(j)) {
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

/* We have met the server: may it have the message? */
static bool
may_transact(struct job *j, struct conn *c)
{
	struct smtp_session *s = &c->session;

	if (j->cfg->tls.blocks_early && s->is_encrypted && conn_spoke_early(c))
		/* Somebody put commands in front of ours (CVE-2009-3555). */
		smtp_failure_set(&s->failure, "4.7.0", "unexpected server "
		    "message: %s spoke before it was asked", s->host_addr);
	else
		return true;
	return false;
}

/* Frees or keeps c. Returns whether the handshake of TLS failed. */
static bool
talk_to(struct job *j, struct conn *c, enum smtp_step step)
{
	struct smtp_session *s = &c->session;
	bool tls_failed;

	debug_peer_begin(s->host, s->addr);
	if (job_talk(j, c, step) == SMTP_STEP_HELLO) {
		j->sessions++;
		s->find_login = NULL;	/* it may outlive the job */
		if (may_transact(j, c)) {
			transact(j, c);
			debug_peer_end();
			return false;
		}
	} else {
		if (s->failure.is_loop)
			buf_setf(&s->failure.reason,
			    "mail for %s loops back to myself",
			    j->rq->nexthop);
		if (!j->is_last_host && !s->failure.is_hard)
			log_info("%s: %s", j->rq->queue_id,
			    s->failure.reason.ptr);
	}
	job_failed(j, &s->failure, s->relay);
	tls_failed = s->tls_failed;
	conn_close(c);
	debug_peer_end();
	return tls_failed;
}

/* Nobody was reached, for this reason. */
static void
host_failed(struct job *j, const char *status, const char *fmt, ...)
{
	struct smtp_failure f;
	struct buf reason = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&reason, fmt, ap);
	va_end(ap);
	smtp_failure_init(&f);
	smtp_failure_set(&f, status, "%s", reason.ptr);
	job_failed(j, &f, "none");
	smtp_failure_done(&f);
	buf_done(&reason);
}

/* One connection. Takes tls; the same result as talk_to. */
static bool
call_host(struct job *j, const struct smtp_host *host, bool is_final,
    const struct smtp_dest *dest, struct tls_policy *tls)
{
	char addr[NETADDR_TEXT_SIZE], port[12];
	struct err err = ERR_INIT;
	struct conn *c;
	int fd;

	netaddr_text(&host->addr, addr);
	snprintf(port, sizeof(port), "%d", netaddr_port(&host->addr));
	if ((fd = conn_connect(j->cfg, &host->addr, &err)) == -1) {
		counters_add(COUNT_CONNECTION_ERRORS, 1, "out", "connect",
		    NULL);
		host_failed(j, "4.4.1", "connect to %s[%s]:%s: %s", host->name,
		    addr, port, err.text);
		log_info("%s", j->why.reason.ptr);
		tls_policy_free(tls);
		return false;
	}
	c = conn_new(j->cfg, fd, host->name, addr, port, NULL);
	c->tls = tls;
	c->session.tls_level = tls->level;
	c->session.is_final = is_final;
	c->session.detects_loops = dest->detects_loops;
	c->session.msg = &j->msg;
	know_login(c, j);
	return talk_to(j, c, j->cfg->tls.wraps ? SMTP_STEP_TLS :
	    SMTP_STEP_READ);
}

/* TLS before the first word, where it is asked for: is it possible? */
static bool
may_wrap(struct job *j, const struct tls_policy *tls, int port)
{
	const struct tls_config *c = &j->cfg->tls;

	if (!c->wraps) {
		if (port == SMTPS_PORT)
			log_info("SMTPS wrappermode (TCP port 465) requires "
			    "setting \"%stls_wrappermode = yes\", and "
			    "\"%stls_security_level = encrypt\" (or "
			    "stronger)", c->prefix, c->prefix);
		return true;
	}
	if (tls->level < TLS_LEVEL_ENCRYPT) {
		log_warning("%stls_wrappermode requires "
		    "\"%stls_security_level = encrypt\" (or stronger)",
		    c->prefix, c->prefix);
		host_failed(j, "4.3.0", "server unavailable or unable to "
		    "receive mail");
		return false;
	}
	if (c->ctx == NULL)
		host_failed(j, "4.7.5", "TLS is required, but our TLS engine "
		    "is unavailable");
	return c->ctx != NULL;
}

/*
 * A server whose TLS does not work gets the mail in the clear where that is
 * allowed, but not at once: it may be a passing trouble.
 */
static bool
may_go_plain(const struct job *j, const struct tls_policy *tls)
{
	return tls->level == TLS_LEVEL_MAY && clock_now() -
	    j->rq->times.arrival.tv_sec >= params.minimal_backoff_time;
}

static void
try_host(struct job *j, const struct smtp_host *host, bool is_final,
    const struct smtp_dest *dest)
{
	struct buf why = BUF_INIT;
	struct tls_policy *tls = tls_policy_new(&j->cfg->tls, j->destination,
	    dest, host, &why);
	bool may_plain;

	if (tls == NULL)
		host_failed(j, "4.7.5", "%s", why.ptr);
	buf_done(&why);
	if (tls == NULL)
		return;
	if (!may_wrap(j, tls, netaddr_port(&host->addr))) {
		tls_policy_free(tls);
		return;
	}
	may_plain = may_go_plain(j, tls);
	if (!call_host(j, host, is_final, dest, tls) || !may_plain)
		return;
	if (j->is_last_host)	/* else it was said */
		log_info("%s: %s", j->rq->queue_id, j->why.reason.ptr);
	call_host(j, host, is_final, dest, tls_policy_none());
}

static void
try_unix(struct job *j, const char *path, bool is_final)
{
	struct err err = ERR_INIT;
	struct conn *c;
	int fd;

	fd = netaddr_connect_unix(path, j->cfg->connect_timeout, &err);
	if (fd == -1) {
		counters_add(COUNT_CONNECTION_ERRORS, 1, "out", "connect",
		    NULL);
		host_failed(j, "4.4.1", "connect to %s[%s]: %s",
		    params.myhostname, path, err.text);
		return;
	}
	c = conn_new(j->cfg, fd, params.myhostname, path, "", NULL);
	c->session.msg = &j->msg;
	know_login(c, j);
	c->session.is_final = is_final;
	talk_to(j, c, SMTP_STEP_READ);
}

/* ---- one destination ---- */

static void
try_hosts(struct job *j, const struct smtp_dest *dest,
    const struct smtp_hosts *hosts, bool is_last)
{
	int limit = j->cfg->session_limit;
	size_t i;

	for (i = 0; i < hosts->count && job_has_left(j) && !j->why.is_hard &&
	    (limit == 0 || j->sessions < limit); i++) {
		j->is_last_host = is_last && i + 1 == hosts->count;
		try_host(j, &hosts->list[i], j->is_last_host || (is_last &&
		    limit > 0 && j->sessions + 1 >= limit), dest);
	}
}

/* Returns true when no other destination may be asked. */
static bool
try_destination(struct job *j, bool is_last)
{
	struct smtp_failure f;
	struct smtp_hosts hosts = { 0 };
	struct smtp_dest dest;
	struct err err = ERR_INIT;

	smtp_failure_init(&f);
	j->sessions = 0;
	if (smtp_dest_parse(&dest, j->cfg, j->destination, &err) == -1) {
		log_warning("%s: %s", j->rq->queue_id, err.text);
		smtp_failure_set(&f, "4.3.5", "mail system configuration"
		    " error: %s", err.text);
		job_failed(j, &f, "none");
	} else if (dest.is_unix) {
		j->is_last_host = is_last;
		try_unix(j, dest.host, is_last);
	} else if (smtp_dest_hosts(&dest, j->cfg, &hosts, &f) == -1) {
		job_failed(j, &f, "none");
	} else {
		try_hosts(j, &dest, &hosts, is_last || hosts.has_self);
		smtp_hosts_done(&hosts);
	}
	smtp_failure_done(&f);
	/* Where we are a mail exchanger others have no better way than ours. */
	return j->why.is_end || hosts.has_self;
}

/* A session that was kept from the last request may take this one too. */
static void
try_kept(struct job *j)
{
	struct conn *c;

	if ((j->rq->flags & AGENT_CONN_LOAD) == 0 &&
	    j->cfg->cache_destinations == NULL)
		return;
	if ((c = conn_take(j->rq->nexthop)) == NULL &&
	    (c = shared_take(j->cfg, j->rq->nexthop)) == NULL)
		return;
	if (!is_same_login(j, c)) {
		conn_close(c);
		return;
	}
	c->session.is_final = false;	/* a fresh connection may do better */
	debug_peer_begin(c->session.host, c->session.addr);
	transact(j, c);
	debug_peer_end();
	j->why.is_hard = false;
}

/* The destinations in turn: those of the nexthop, then the fallback relays. */
static void
try_all(struct job *j)
{
	struct buf list = BUF_INIT;
	size_t nexthop_len = strlen(j->rq->nexthop);
	char *rest, *word, *next;
	bool is_over = false;

	buf_sets(&list, j->rq->nexthop);
	if (j->cfg->fallback_relay[0] != '\0')
		buf_addf(&list, ", %s", j->cfg->fallback_relay);
	rest = list.ptr;
	word = text_split(&rest, TEXT_LIST_SEP);
	for (; word != NULL && job_has_left(j) && !is_over; word = next) {
		next = text_split(&rest, TEXT_LIST_SEP);
		smtp_failure_set(&j->why, "4.3.0", "no host to deliver to");
		j->why.is_set = false;
		j->destination = word;
		j->is_fallback = (size_t)(word - list.ptr) > nexthop_len;
		is_over = try_destination(j, next == NULL);
	}
	j->destination = NULL;
	buf_done(&list);
}

/* A relay of our own choice that has no host is our mistake, not the sender's. */
static void
forgive_fallback(struct job *j)
{
	if (!j->is_fallback || !j->why.is_hard || !job_has_left(j) ||
	    strcmp(j->relay, "none") != 0)
		return;
	log_warning("%s configuration problem", j->cfg->is_lmtp ?
	    "lmtp_fallback_relay" : "smtp_fallback_relay");
	j->why.is_hard = false;
	j->why.throttles = true;
	strcpy(j->why.status, "4.3.5");
}

/*
 * What stands in front of the message names one recipient. false: this cannot
 * be delivered so, and is disposed of.
 */
static bool
may_name_recipient(struct job *j, const char *service)
{
	struct delivered_to seen = { 0 };
	struct smtp_failure f;
	unsigned flags = j->cfg->flags;

	if ((flags & (SMTP_DELIVERED_TO | SMTP_ORIGINAL_TO)) == 0)
		return true;
	smtp_failure_init(&f);
	if (j->rq->rcpt_count > 1) {
		log_warning("flag `%c' requires %s_destination_recipient_limit "
		    "= 1", (flags & SMTP_DELIVERED_TO) != 0 ? 'D' : 'O',
		    service);
		smtp_failure_set(&f, "4.3.5", "mail system configuration "
		    "error");
	} else if ((flags & SMTP_DELIVERED_TO) != 0 &&
	    delivered_to_has(&seen, j->rq, j->rq->rcpts[0].address)) {
		smtp_failure_set(&f, "5.4.6", "mail forwarding loop for %s",
		    j->rq->rcpts[0].address);
	}
	delivered_to_done(&seen);
	if (f.is_set) {
		f.throttles = false;
		job_failed(j, &f, service);
		job_dispose_rest(j);
	}
	smtp_failure_done(&f);
	return !j->why.is_set;
}

void
smtp_deliver(struct agent_request *rq, const char *service, void *ctx)
{
	struct job j;

	job_init(&j, rq, ctx);
	if (!may_name_recipient(&j, service)) {
		job_done(&j);
		return;
	}
	try_kept(&j);
	if (job_has_left(&j))
		try_all(&j);
	if (j.why.is_self && !j.is_fallback &&
	    params.best_mx_transport[0] != '\0' &&
	    smtp_pass(rq, &j.msg, params.best_mx_transport) == -1)
		smtp_failure_set(&j.why, "4.3.0", "mail transport unavailable");
	forgive_fallback(&j);
	job_dispose_rest(&j);
	if (j.is_corrupt && !rq->has_left)
		agent_corrupt(rq);
	job_done(&j);
}
