/*
 * session_mail.c - one transaction, from MAIL FROM to the final dot
 *
 * With PIPELINING everything from MAIL to DATA is in out at once, recipients in
 * batches, so that two full socket buffers never wait for each other; the
 * state only says whose reply is next.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/session_internal.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/mail/address.h"

#define BATCH		100	/* recipients in flight */

static void
put_address(struct buf *out, const struct smtp_config *cfg, const char *internal)
{
	if (cfg->quotes_envelope)
		address_quote(out, internal);
	else
		buf_adds(out, internal);
}

/* The size that is known is that of the queue file, before anything becomes 7-bit. */
static bool
knows_size(const struct smtp_session *s)
{
	return (s->features & SMTP_HAS_8BITMIME) != 0 ||
	    !s->cfg->converts_8bit;
}

static void
put_mail(struct smtp_session *s)
{
	const struct smtp_message *m = s->msg;
	struct buf *out = &s->out;

	buf_adds(out, "MAIL FROM:<");
	put_address(out, s->cfg, m->sender);
	buf_addc(out, '>');
	if ((s->features & SMTP_HAS_SIZE) != 0 && knows_size(s))
		buf_addf(out, " SIZE=%ld", m->size);
	if (m->is_8bit && (s->features & SMTP_HAS_8BITMIME) != 0)
		buf_adds(out, " BODY=8BITMIME");
	if ((m->wants_smtputf8 || m->needs_smtputf8) &&
	    (s->features & SMTP_HAS_SMTPUTF8) != 0)
		buf_adds(out, " SMTPUTF8");
	if ((s->features & SMTP_HAS_DSN) != 0) {
		if (m->envelope_id[0] != '\0') {
			buf_adds(out, " ENVID=");
			xtext_encode(out, m->envelope_id);
		}
		if (m->ret != 0)
			buf_adds(out, m->ret == DSN_RET_FULL ? " RET=FULL" :
			    " RET=HDRS");
	}
	if (s->is_logged_in && s->cfg->auth.marks_mail)
		buf_adds(out, " AUTH=<>");
	buf_adds(out, "\r\n");
}

static void
put_notify(struct buf *out, unsigned notify)
{
	static const struct {
		unsigned	 bit;
		const char	*word;
	} words[] = {
		{ DSN_NOTIFY_NEVER, "NEVER" }, { DSN_NOTIFY_SUCCESS, "SUCCESS" },
		{ DSN_NOTIFY_FAILURE, "FAILURE" }, { DSN_NOTIFY_DELAY, "DELAY" }
	};
	const char *comma = "";
	size_t i;

	buf_adds(out, " NOTIFY=");
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if ((notify & words[i].bit) == 0)
			continue;
		buf_addf(out, "%s%s", comma, words[i].word);
		comma = ",";
	}
}

static void
put_rcpt(struct smtp_session *s, const struct smtp_rcpt *rcpt)
{
	struct buf *out = &s->out;
	const char *semicolon;

	buf_adds(out, "RCPT TO:<");
	put_address(out, s->cfg, rcpt->address);
	buf_addc(out, '>');
	if ((s->features & SMTP_HAS_DSN) != 0) {
		semicolon = strchr(rcpt->orcpt, ';');
		if (semicolon != NULL && text_is_ascii(rcpt->orcpt)) {
			buf_addf(out, " ORCPT=%.*s",
			    (int)(semicolon + 1 - rcpt->orcpt), rcpt->orcpt);
			xtext_encode(out, semicolon + 1);
		}
		if (rcpt->notify != 0)
			put_notify(out, rcpt->notify);
	}
	buf_adds(out, "\r\n");
}

/* Next recipient that is LEFT, from index i on; rcpt_count when there is none. */
static size_t
next_left(const struct smtp_message *msg, size_t i)
{
	while (i < msg->rcpt_count && msg->rcpts[i].fate != SMTP_LEFT)
		i++;
	return i;
}

static bool
pipelines(const struct smtp_session *s)
{
	return (s->features & SMTP_HAS_PIPELINING) != 0;
}

/* A probe whose answer is the reply to RCPT TO. */
static bool
ends_at_rcpt(const struct smtp_session *s)
{
	return s->msg->is_probe && !s->cfg->probes_data;
}

/* Say RCPT TO for the next ones, and DATA behind the last. */
static void
put_batch(struct smtp_session *s)
{
	size_t n = 0, i = s->sent_upto, max = pipelines(s) ? BATCH : 1;

	while (n < max && (i = next_left(s->msg, i)) < s->msg->rcpt_count) {
		put_rcpt(s, &s->msg->rcpts[i]);
		s->msg->rcpts[i].is_asked = true;
		i++;
		n++;
	}
	s->sent_upto = i;
	if (pipelines(s) && !ends_at_rcpt(s) &&
	    next_left(s->msg, i) == s->msg->rcpt_count) {
		buf_adds(&s->out, "DATA\r\n");
		s->data_sent = true;
	}
}

enum smtp_step
session_start_mail(struct smtp_session *s)
{
	session_enter(s, SMTP_MAIL);
	put_mail(s);
	s->sent_upto = s->at = 0;
	s->accepted = 0;
	s->data_sent = false;
	s->mail_failed = false;
	if (pipelines(s))
		put_batch(s);
	return SMTP_STEP_READ;
}

/* What the message needs and the server does not have. */
static bool
is_refused_by_us(struct smtp_session *s)
{
	const struct smtp_message *m = s->msg;
	char text[512];

	if (s->size_limit > 0 && m->size > s->size_limit) {
		snprintf(text, sizeof(text), "message size %ld exceeds size"
		    " limit %ld of server %s", m->size, s->size_limit,
		    s->host_addr);
		session_all_bounce(s, "5.3.4", text);
		return true;
	}
	if (m->needs_smtputf8 && (s->features & SMTP_HAS_SMTPUTF8) == 0) {
		snprintf(text, sizeof(text), "SMTPUTF8 is required, but was"
		    " not offered by host %s", s->host_addr);
		session_all_bounce(s, "5.6.7", text);
		return true;
	}
	return false;
}

enum smtp_step
smtp_session_mail(struct smtp_session *s, struct smtp_message *msg)
{
	size_t i;

	s->msg = msg;
	for (i = 0; i < msg->rcpt_count; i++) {
		msg->rcpts[i].is_asked = msg->rcpts[i].is_accepted = false;
		if (msg->rcpts[i].fate == SMTP_LEFT)
			msg->rcpts[i].has_reply = false;	/* another host's */
	}
	if (is_refused_by_us(s))
		return SMTP_STEP_END;
	if (s->cfg->send_xforward && s->xforward != 0) {
		session_enter(s, SMTP_XFORWARD);
		session_put_xforward(s);
		return SMTP_STEP_READ;
	}
	return session_start_mail(s);
}

enum smtp_step
session_end_mail(struct smtp_session *s)
{
	session_enter(s, s->said_421 ? SMTP_GONE : SMTP_READY);
	return SMTP_STEP_END;
}

/* The transaction cannot go on; the server may hold a half of it. */
static enum smtp_step
reset(struct smtp_session *s)
{
	if (s->said_421)
		return session_end_mail(s);
	session_enter(s, SMTP_RSET);
	buf_adds(&s->out, "RSET\r\n");
	return SMTP_STEP_READ;
}

/* All replies to RCPT TO are in. */
static enum smtp_step
after_rcpt(struct smtp_session *s)
{
	if (!s->data_sent) {
		if (s->mail_failed || s->accepted == 0 || ends_at_rcpt(s))
			return reset(s);
		buf_adds(&s->out, "DATA\r\n");
		s->data_sent = true;
	}
	session_enter(s, SMTP_DATA);
	return SMTP_STEP_READ;
}

/* Wait for the reply of the next recipient that was asked for, ask for more, or go on to DATA. */
static enum smtp_step
next_rcpt(struct smtp_session *s)
{
	bool has_more = !s->mail_failed && !s->data_sent &&
	    next_left(s->msg, s->sent_upto) < s->msg->rcpt_count;

	while (s->at < s->sent_upto && !s->msg->rcpts[s->at].is_asked)
		s->at++;
	if (s->at < s->sent_upto) {
		session_enter(s, SMTP_RCPT);
		return SMTP_STEP_READ;
	}
	if (has_more) {
		put_batch(s);
		return next_rcpt(s);
	}
	return after_rcpt(s);
}

enum smtp_step
session_on_mail(struct smtp_session *s, const struct smtp_reply *r)
{
	if (r->code / 100 != 2) {
		session_all_said(s, r, false);
		s->mail_failed = true;
	}
	return next_rcpt(s);
}

enum smtp_step
session_on_rcpt(struct smtp_session *s, const struct smtp_reply *r)
{
	struct smtp_rcpt *rcpt = &s->msg->rcpts[s->at++];

	if (s->mail_failed)
		return next_rcpt(s);
	if (r->code / 100 == 2) {
		rcpt->is_accepted = true;
		s->accepted++;
		if (ends_at_rcpt(s))
			session_rcpt_sent(rcpt, r);
	} else {
		session_rcpt_said(s, rcpt, r);
	}
	return next_rcpt(s);
}

/* The next accepted recipient from s->at on; false when there is none. */
static bool
find_accepted(struct smtp_session *s)
{
	while (s->at < s->msg->rcpt_count &&
	    !(s->msg->rcpts[s->at].is_accepted &&
	    s->msg->rcpts[s->at].fate == SMTP_LEFT))
		s->at++;
	return s->at < s->msg->rcpt_count;
}

/* The server waits for the message of a probe, and will not get it. */
static void
probed_data(struct smtp_session *s, const struct smtp_reply *r)
{
	for (s->at = 0; find_accepted(s); s->at++)
		session_rcpt_sent(&s->msg->rcpts[s->at], r);
}

enum smtp_step
session_on_data(struct smtp_session *s, const struct smtp_reply *r)
{
	if (r->code / 100 == 3 && s->msg->is_probe) {
		probed_data(s, r);
		return smtp_session_body_failed(s);
	}
	if (r->code / 100 == 3 && s->accepted > 0 && !s->mail_failed) {
		session_enter(s, SMTP_BODY);
		return SMTP_STEP_BODY;
	}
	if (r->code / 100 == 3) {	/* for nobody: nothing, then */
		buf_adds(&s->out, ".\r\n");
		session_enter(s, SMTP_ABORT_DOT);
		return SMTP_STEP_READ;
	}
	session_all_said(s, r, true);
	return reset(s);
}

enum smtp_step
smtp_session_body_sent(struct smtp_session *s)
{
	buf_adds(&s->out, ".\r\n");
	if (!s->keeps_open && pipelines(s)) {
		buf_adds(&s->out, "QUIT\r\n");
		s->quit_sent = true;
	}
	session_enter(s, SMTP_DOT);
	s->at = 0;
	return SMTP_STEP_READ;
}

enum smtp_step
smtp_session_body_failed(struct smtp_session *s)
{
	/* Only closing the connection tells the server that this is not all. */
	buf_reset(&s->out);
	s->quit_sent = true;
	session_enter(s, SMTP_GONE);
	return SMTP_STEP_END;
}

static void
dot_said(struct smtp_session *s, struct smtp_rcpt *rcpt,
    const struct smtp_reply *r)
{
	if (r->code / 100 == 2)
		session_rcpt_sent(rcpt, r);
	else
		session_rcpt_said(s, rcpt, r);
}

enum smtp_step
session_on_dot(struct smtp_session *s, const struct smtp_reply *r)
{
	if (!s->cfg->is_lmtp) {
		while (find_accepted(s))
			dot_said(s, &s->msg->rcpts[s->at++], r);
		return session_end_mail(s);
	}
	/* LMTP: one reply a recipient (RFC 2033 4.2) */
	if (find_accepted(s))
		dot_said(s, &s->msg->rcpts[s->at++], r);
	if (!find_accepted(s))
		return session_end_mail(s);
	if (!s->said_421)
		return SMTP_STEP_READ;
	smtp_session_lost(s, SMTP_LOST_EOF);
	return SMTP_STEP_FAILED;
}
