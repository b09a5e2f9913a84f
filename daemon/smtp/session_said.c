/*
 * session_said.c - what a server said, and what that means
 *
 * A reply ends up in the log, in a bounce, or in both; so do the words for what
 * we were doing when there was none.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/session_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What we were doing, for people who read that it went wrong. */
static const struct {
	const char	*doing;		/* "lost connection with H while ..." */
	const char	*command;	/* "(in reply to ... command)" */
} stages[] = {
	[SMTP_GREETING] = { "receiving the initial server greeting", "" },
	[SMTP_EHLO] = { "performing the EHLO handshake", "EHLO command" },
	[SMTP_HELO] = { "performing the HELO handshake", "HELO command" },
	[SMTP_STARTTLS] = { "receiving the STARTTLS response",
	    "STARTTLS command" },
	[SMTP_AUTH] = { "performing the EHLO handshake", "AUTH command" },
	[SMTP_XFORWARD] = { "sending XFORWARD command", "XFORWARD command" },
	[SMTP_MAIL] = { "sending MAIL FROM", "MAIL FROM command" },
	[SMTP_RCPT] = { "sending RCPT TO", "RCPT TO command" },
	[SMTP_DATA] = { "sending DATA command", "DATA command" },
	[SMTP_BODY] = { "sending message body", "end of DATA command" },
	[SMTP_DOT] = { "sending end of data -- message may be sent more than"
	    " once", "end of DATA command" },
	[SMTP_ABORT_DOT] = { "sending final \".\"", "end of DATA command" },
	[SMTP_READY] = { "waiting for a message", "" },
	[SMTP_RSET] = { "sending RSET", "RSET command" },
	[SMTP_QUIT] = { "sending QUIT", "QUIT command" },
	[SMTP_GONE] = { "sending QUIT", "" }
};

const char *
session_doing(const struct smtp_session *s)
{
	if (s->cfg->is_lmtp && (s->state == SMTP_EHLO ||
	    s->state == SMTP_AUTH))
		return "performing the LHLO handshake";
	return stages[s->state].doing;
}

static const char *
stage_command(const struct smtp_session *s)
{
	if (s->cfg->is_lmtp && s->state == SMTP_EHLO)
		return "LHLO command";
	return stages[s->state].command;
}

void
smtp_failure_init(struct smtp_failure *f)
{
	memset(f, 0, sizeof(*f));
	buf_init(&f->reason);
	buf_init(&f->diag);
	buf_init(&f->mta);
}

void
smtp_failure_done(struct smtp_failure *f)
{
	buf_done(&f->reason);
	buf_done(&f->diag);
	buf_done(&f->mta);
}

void
smtp_failure_set(struct smtp_failure *f, const char *status, const char *fmt,
    ...)
{
	va_list ap;

	f->is_set = true;
	f->is_hard = status[0] == '5';
	f->is_loop = f->is_self = f->is_end = false;
	f->throttles = !f->is_hard;
	snprintf(f->status, sizeof(f->status), "%s", status);
	buf_reset(&f->reason);
	buf_reset(&f->diag);
	buf_reset(&f->mta);
	va_start(ap, fmt);
	buf_vaddf(&f->reason, fmt, ap);
	va_end(ap);
}

void
smtp_failure_copy(struct smtp_failure *to, const struct smtp_failure *from)
{
	to->is_set = from->is_set;
	to->is_hard = from->is_hard;
	to->is_loop = from->is_loop;
	to->is_self = from->is_self;
	to->is_end = from->is_end;
	to->throttles = from->throttles;
	memcpy(to->status, from->status, sizeof(to->status));
	buf_set(&to->reason, from->reason.ptr, from->reason.len);
	buf_set(&to->diag, from->diag.ptr, from->diag.len);
	buf_set(&to->mta, from->mta.ptr, from->mta.len);
}

/* Reply text on one line. */
static void
put_one_line(struct buf *out, const struct buf *text)
{
	size_t at = out->len, i;

	buf_add(out, text->ptr, text->len);
	for (i = at; i < out->len; i++)
		if (out->ptr[i] == '\n' || out->ptr[i] == '\r')
			out->ptr[i] = ' ';
}

/* "host H[A] said: 550 ... (in reply to RCPT TO command)" */
static void
put_said(struct buf *out, const struct smtp_session *s,
    const struct smtp_reply *r)
{
	bool refused = s->state == SMTP_GREETING || s->state == SMTP_EHLO ||
	    s->state == SMTP_HELO;

	/* A reply that would be a success elsewhere is no refusal. */
	buf_addf(out, "%shost %s %s: ", r->code / 100 == 2 ?
	    "Protocol error: " : "", s->host_addr,
	    refused ? "refused to talk to me" : "said");
	put_one_line(out, &r->text);
	if (!refused)
		buf_addf(out, " (in reply to %s)", stage_command(s));
}

void
session_reply_status(struct smtp_session *s, const struct smtp_reply *r,
    char out[DSN_STATUS_SIZE])
{
	if (r->code >= 400 && r->code <= 599) {
		memcpy(out, r->status, DSN_STATUS_SIZE);
	} else {
		memcpy(out, "5.5.0", sizeof("5.5.0"));
		s->said_nonsense = true;
	}
}

/* The host is of no use, by its own words. */
enum smtp_step
session_fail_said(struct smtp_session *s, const struct smtp_reply *r)
{
	struct smtp_failure *f = &s->failure;
	char status[DSN_STATUS_SIZE];

	session_reply_status(s, r, status);
	smtp_failure_set(f, status, "%s", "");
	put_said(&f->reason, s, r);
	put_one_line(&f->diag, &r->text);
	buf_sets(&f->mta, s->host);
	/* Another host may be of a better mind. */
	if (s->state == SMTP_GREETING && r->code / 100 == 5 &&
	    s->cfg->skip_5xx_greeting) {
		f->is_hard = false;
		f->throttles = true;
		f->status[0] = '4';
	}
	f->is_end = f->is_hard;
	return SMTP_STEP_FAILED;
}

enum smtp_step
session_fail_tls_refused(struct smtp_session *s, const struct smtp_reply *r)
{
	struct smtp_failure *f = &s->failure;
	char status[DSN_STATUS_SIZE];

	session_reply_status(s, r, status);
	smtp_failure_set(f, status, "TLS is required, but host %s refused to "
	    "start TLS: ", s->host_addr);
	put_one_line(&f->reason, &r->text);
	put_one_line(&f->diag, &r->text);
	buf_sets(&f->mta, s->host);
	f->is_end = f->is_hard;
	return SMTP_STEP_FAILED;
}

void
session_rcpt_said(struct smtp_session *s, struct smtp_rcpt *rcpt,
    const struct smtp_reply *r)
{
	bool is_soft = r->code >= 400 && r->code <= 499;

	session_reply_status(s, r, rcpt->status);
	buf_reset(&rcpt->reason);
	buf_reset(&rcpt->diag);
	put_said(&rcpt->reason, s, r);
	put_one_line(&rcpt->diag, &r->text);
	rcpt->has_reply = true;
	rcpt->is_accepted = false;
	rcpt->is_soft = is_soft;
	if (!is_soft)
		rcpt->fate = SMTP_BOUNCE;
	else if (s->is_final)
		rcpt->fate = SMTP_DEFER;
	/* else LEFT: the next host may take it */
}

void
session_rcpt_sent(struct smtp_rcpt *rcpt, const struct smtp_reply *r)
{
	memcpy(rcpt->status, r->status, sizeof(rcpt->status));
	buf_reset(&rcpt->reason);
	put_one_line(&rcpt->reason, &r->text);
	buf_set(&rcpt->diag, rcpt->reason.ptr, rcpt->reason.len);
	rcpt->has_reply = true;
	rcpt->fate = SMTP_SENT;
}

/* One reply for all that are still in the game: those this session offered. */
void
session_all_said(struct smtp_session *s, const struct smtp_reply *r,
    bool accepted_only)
{
	struct smtp_rcpt *rcpt;
	size_t i;

	for (i = 0; i < s->msg->rcpt_count; i++) {
		rcpt = &s->msg->rcpts[i];
		if (rcpt->fate != SMTP_LEFT)
			continue;
		if (accepted_only && !rcpt->is_accepted)
			continue;
		session_rcpt_said(s, rcpt, r);
	}
}

/* All recipients end without the server's word: our own decision. */
void
session_all_bounce(struct smtp_session *s, const char *status, const char *text)
{
	struct smtp_rcpt *rcpt;
	size_t i;

	for (i = 0; i < s->msg->rcpt_count; i++) {
		rcpt = &s->msg->rcpts[i];
		if (rcpt->fate != SMTP_LEFT)
			continue;
		snprintf(rcpt->status, sizeof(rcpt->status), "%s", status);
		buf_sets(&rcpt->reason, text);
		buf_reset(&rcpt->diag);
		rcpt->has_reply = true;
		rcpt->fate = SMTP_BOUNCE;
	}
}
