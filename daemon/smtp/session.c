/*
 * session.c - the client's half of an SMTP or LMTP conversation
 *
 *	GREETING -> EHLO [-> HELO] [-> STARTTLS -> EHLO] [-> AUTH ...] -> READY
 *	READY -> [XFORWARD ->] MAIL -> RCPT ... -> DATA -> BODY -> DOT -> READY
 *	                         `-------------------'-> ABORT_DOT, RSET -> READY
 *	READY -> QUIT -> GONE
 *
 * There is no socket here: a reply comes in, the next commands are appended to
 * out, and a step says what the caller has to do. What the server thinks
 * of each recipient is kept in the message.
 *
 *	session_hello.c     GREETING, EHLO, HELO	session_xforward.c  XFORWARD
 *	session_tls.c       STARTTLS			session_auth.c      AUTH
 *	session_mail.c      MAIL to DOT			session_said.c      words
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/session_internal.h"

#include <stdio.h>
#include <string.h>

#include "lib/conf/params.h"

void
session_enter(struct smtp_session *s, enum smtp_state state)
{
	s->state = state;
}

void
smtp_session_init(struct smtp_session *s, const struct smtp_config *cfg,
    const char *host, const char *addr, const char *port)
{
	memset(s, 0, sizeof(*s));
	s->cfg = cfg;
	s->myhostname = params.myhostname;
	snprintf(s->host, sizeof(s->host), "%s", host);
	snprintf(s->addr, sizeof(s->addr), "%s", addr);
	snprintf(s->host_addr, sizeof(s->host_addr), "%.255s[%.110s]", host,
	    addr);
	snprintf(s->relay, sizeof(s->relay), "%s%s%s", s->host_addr,
	    port[0] != '\0' ? ":" : "", port);
	s->state = SMTP_GREETING;
	buf_init(&s->out);
	buf_init(&s->mechanisms);
	buf_init(&s->user);
	buf_init(&s->password);
	smtp_failure_init(&s->failure);
}

void
smtp_session_done(struct smtp_session *s)
{
	session_forget_login(s);
	buf_done(&s->out);
	buf_done(&s->mechanisms);
	buf_done(&s->user);
	buf_done(&s->password);
	smtp_failure_done(&s->failure);
}

enum smtp_step
smtp_session_reply(struct smtp_session *s, const struct smtp_reply *r)
{
	if (r->code == 421)
		s->said_421 = true;
	switch (s->state) {
	case SMTP_GREETING:
		return session_on_greeting(s, r);
	case SMTP_EHLO:
	case SMTP_HELO:
		return session_on_hello(s, r);
	case SMTP_STARTTLS:
		return session_on_starttls(s, r);
	case SMTP_AUTH:
		return session_on_auth(s, r);
	case SMTP_XFORWARD:
		return session_start_mail(s);	/* refused or not: it is a courtesy */
	case SMTP_MAIL:
		return session_on_mail(s, r);
	case SMTP_RCPT:
		return session_on_rcpt(s, r);
	case SMTP_DATA:
		return session_on_data(s, r);
	case SMTP_DOT:
		return session_on_dot(s, r);
	case SMTP_ABORT_DOT:
		return session_end_mail(s);
	case SMTP_RSET:
		if (r->code / 100 != 2)
			session_enter(s, SMTP_GONE);
		else
			session_enter(s, SMTP_READY);
		return SMTP_STEP_END;
	case SMTP_BODY:
	case SMTP_READY:
	case SMTP_QUIT:
	case SMTP_GONE:
		break;
	}
	session_enter(s, SMTP_GONE);
	return SMTP_STEP_CLOSE;
}

bool
smtp_session_quit(struct smtp_session *s)
{
	if (s->state == SMTP_GONE)
		return false;
	if (!s->quit_sent)
		buf_adds(&s->out, "QUIT\r\n");
	s->quit_sent = true;
	session_enter(s, SMTP_QUIT);
	return !s->cfg->skip_quit_reply;
}

void
smtp_session_lost(struct smtp_session *s, enum smtp_lost how)
{
	struct smtp_failure *f = &s->failure;

	switch (how) {
	case SMTP_LOST_EOF:
		smtp_failure_set(f, "4.4.2", "lost connection with %s while %s",
		    s->host_addr, session_doing(s));
		break;
	case SMTP_LOST_TIMEOUT:
		smtp_failure_set(f, "4.4.2", "conversation with %s timed out"
		    " while %s", s->host_addr, session_doing(s));
		break;
	case SMTP_LOST_NONSENSE:
		smtp_failure_set(f, "4.5.0", "Protocol error: host %s sent an"
		    " invalid reply while %s", s->host_addr, session_doing(s));
		break;
	case SMTP_LOST_LOCAL:
		smtp_failure_set(f, "4.3.0", "local data error while talking"
		    " to %s", s->host_addr);
		break;
	}
	buf_sets(&f->mta, s->host);
	buf_reset(&s->out);
	session_enter(s, SMTP_GONE);
}

const char *
smtp_session_queue_id(const struct smtp_session *s)
{
	return s->msg != NULL ? s->msg->queue_id : "NOQUEUE";
}

int
smtp_session_timeout(const struct smtp_session *s)
{
	const struct smtp_config *c = s->cfg;

	switch (s->state) {
	case SMTP_GREETING:
	case SMTP_EHLO:
	case SMTP_HELO:
	case SMTP_AUTH:
		return c->helo_timeout;
	case SMTP_STARTTLS:
		return c->tls.starttls_timeout;
	case SMTP_XFORWARD:
		return c->xforward_timeout;
	case SMTP_MAIL:
		return c->mail_timeout;
	case SMTP_RCPT:
		return c->rcpt_timeout;
	case SMTP_DATA:
		return c->data_init_timeout;
	case SMTP_BODY:
		return c->data_xfer_timeout;
	case SMTP_DOT:
	case SMTP_ABORT_DOT:
		return c->data_done_timeout;
	case SMTP_RSET:
		return c->rset_timeout;
	case SMTP_READY:
	case SMTP_QUIT:
	case SMTP_GONE:
		break;
	}
	return c->quit_timeout;
}
