/*
 * transaction.c - the mail transaction: its envelope goes to the sink
 *
 * The sink is opened at the first recipient that is good, or at MAIL; the
 * records of the envelope follow in the order that other programs of the
 * field write them.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/cleanup/cleanup.h"
#include "daemon/cleanup/milter.h"
#include "daemon/smtpd/proxy.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_rec.h"

void
session_forget(char **where)
{
	free(*where);
	*where = NULL;
}

void
session_reset_mail(struct session *s)
{
	if (s->queue_id != NULL) {
		s->sink->abort(s->sink->ctx);
		s->queue_id = NULL;
	}
	if (s->told_mail)
		milters_abort(s->milters);
	s->told_mail = false;
	proxy_close(s->proxy);
	s->proxy = NULL;
	session_forget(&s->mail_args);
	session_forget(&s->sender);
	session_forget(&s->first_rcpt);
	session_forget(&s->rcpt);
	session_forget(&s->filter);
	session_forget(&s->redirect);
	mail_params_done(&s->mail);
	buf_reset(&s->bcc);
	buf_reset(&s->prepend);
	buf_done(&s->partial);
	s->rcpt_count = 0;
	s->access_flags = 0;
	s->in_content = false;
	s->bdat = BDAT_NONE;
	s->chunk_left = 0;
	s->content_bytes = 0;
	s->overshoot = 0;
	s->seen_bare_lf = false;
}

bool
session_is_open(const struct session *s)
{
	return s->queue_id != NULL || s->proxy != NULL;
}

void
session_rec(struct session *s, int type, const char *data, size_t len)
{
	if (s->proxy != NULL)
		proxy_rec(s->proxy, type, data, len);
	else if (s->queue_id != NULL)
		s->sink->rec(s->sink->ctx, type, data, len);
}

void
session_put(struct session *s, int type, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	session_rec(s, type, text.ptr, text.len);
	buf_done(&text);
}

static void
put_attr(struct session *s, const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		session_put(s, QUEUE_REC_ATTR, "%s=%s", name, value);
}

static const char *
or_else(const char *a, const char *b)
{
	return a != NULL ? a : b;
}

bool
session_is_forwarded(const struct session *s)
{
	const struct forwarded *f = &s->forwarded;

	return f->name != NULL || f->addr != NULL || f->helo != NULL ||
	    f->proto != NULL || f->port != NULL;
}

/* Who the client is, for log lines and XFORWARD further down, and as it was. */
static void
put_client(struct session *s)
{
	const struct forwarded *f = &s->forwarded;
	const struct peer *p = &s->peer;
	bool told = session_is_forwarded(s);
	const char *name = told ? or_else(f->name, "unknown") : p->name,
	    *addr = told ? or_else(f->addr, "unknown") : p->rfc_addr,
	    *tag = told && strchr(addr, ':') != NULL ? "IPv6:" : "";

	put_attr(s, "log_client_name", name);
	session_put(s, QUEUE_REC_ATTR, "log_client_address=%s%s", tag, addr);
	put_attr(s, "log_client_port", told ?
	    or_else(f->port, "unknown") : p->port);
	session_put(s, QUEUE_REC_ATTR, "log_message_origin=%s[%s%s]", name,
	    tag, addr);
	put_attr(s, "log_helo_name", told ? f->helo : s->helo);
	put_attr(s, "log_protocol_name", told ?
	    or_else(f->proto, s->protocol) : s->protocol);

	put_attr(s, "client_name", p->name);
	put_attr(s, "reverse_client_name", p->reverse_name);
	put_attr(s, "client_address", p->addr);
	put_attr(s, "client_port", p->port);
	put_attr(s, "server_address", p->server_addr);
	put_attr(s, "server_port", p->server_port);
	put_attr(s, "helo_name", s->helo);
	put_attr(s, "protocol_name", s->protocol);
	session_put(s, QUEUE_REC_ATTR, "client_address_type=%d", p->family);
}

/* XFORWARD SOURCE says where the message was first taken in. */
bool
session_is_local(const struct session *s)
{
	if (s->forwarded.source != NULL)
		return strcasecmp(s->forwarded.source, "LOCAL") == 0;
	return s->is_local_rewrite;
}

static void
put_envelope(struct session *s)
{
	const struct forwarded *f = &s->forwarded;

	if (!s->sink->is_local) {
		session_put(s, QUEUE_REC_TIME, "%ld %ld",
		    (long)s->arrived.tv_sec, (long)s->arrived.tv_usec);
		if (params.content_filter[0] != '\0')
			session_put(s, QUEUE_REC_FILTER, "%s",
			    params.content_filter);
		put_attr(s, "log_ident", f->ident != NULL ? f->ident :
		    s->queue_id);
	}
	put_attr(s, "rewrite_context", session_is_local(s) ? "local" :
	    "remote");
	put_attr(s, "sasl_method", s->sasl_method);
	put_attr(s, "sasl_username", s->sasl_username);
	if (s->mail.has_auth)
		put_attr(s, "sasl_sender", s->mail.auth.ptr);
	if (s->mail.envid.len > 0)
		put_attr(s, "envelope_id", s->mail.envid.ptr);
	if (s->mail.ret != 0)
		session_put(s, QUEUE_REC_ATTR, "ret_flags=%u", s->mail.ret);
	session_put(s, QUEUE_REC_FROM, "%s", s->sender);
	put_attr(s, "encoding", s->mail.encoding);
	if (!s->sink->is_local)
		put_client(s);
	if (s->mail.verp[0] != '\0')
		session_put(s, QUEUE_REC_VERP, "%s", s->mail.verp);
}

bool
session_open(struct session *s)
{
	struct err err = ERR_INIT;
	struct buf line = BUF_INIT;
	unsigned flags = s->env->cleanup_flags;

	if (s->mail.is_utf8)
		flags |= CLEANUP_SMTPUTF8;
	if (s->milters == NULL)
		flags &= ~(unsigned)CLEANUP_MILTER;
	if (params.smtpd_proxy_filter[0] != '\0' && !s->sink->is_local) {
		if (!proxy_open(s))
			return false;
	} else if ((s->queue_id = s->sink->open(s->sink->ctx, flags, &err)) == NULL) {
		log_warning("%s", err.text);
		if (err.errnum == ENOSPC || err.errnum == EDQUOT)
			session_reply(s, "452 4.3.1 Insufficient system "
			    "storage");
		else
			session_reply(s, "451 4.3.0 Error: queue file write "
			    "error");
		return false;
	}
	if (s->milters != NULL && s->proxy == NULL)
		s->sink->set_milters(s->sink->ctx, s->milters);
	buf_addf(&line, "%s: client=%s", s->queue_id != NULL ? s->queue_id :
	    "NOQUEUE", s->peer.namaddr);
	if (s->sasl_username != NULL)
		buf_addf(&line, ", sasl_method=%s, sasl_username=%s",
		    s->sasl_method, s->sasl_username);
	if (s->mail.has_auth)
		buf_addf(&line, ", sasl_sender=%s", s->mail.auth.ptr);
	if (s->forwarded.ident != NULL)
		buf_addf(&line, ", orig_queue_id=%s", s->forwarded.ident);
	if (session_is_forwarded(s)) {
		buf_addf(&line, ", orig_client=%s",
		    or_else(s->forwarded.name, "unknown"));
		if (s->forwarded.addr != NULL &&
		    strcmp(s->forwarded.addr, "unknown") != 0)
			buf_addf(&line, "[%s]", s->forwarded.addr);
	}
	log_info("%s", line.ptr);
	buf_done(&line);
	if (s->proxy == NULL)
		put_envelope(s);
	return true;
}
