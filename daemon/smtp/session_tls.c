/*
 * session_tls.c - STARTTLS (RFC 3207): ask for it, insist on it, or do without
 *
 *	EHLO ──offered──▶ STARTTLS ──220──▶ (handshake) ──▶ EHLO again
 *	  └──not offered, refused: AUTH, READY in the clear, or the host is no use
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/session_internal.h"

#include "lib/base/log.h"

static enum smtp_step
fail(struct smtp_session *s)
{
	buf_sets(&s->failure.mta, s->host);
	return SMTP_STEP_FAILED;
}

enum smtp_step
session_after_hello(struct smtp_session *s)
{
	bool is_offered = (s->features & SMTP_HAS_STARTTLS) != 0;

	if (s->is_encrypted)
		return session_start_auth(s);
	if (s->tls_level == TLS_LEVEL_NONE) {
		if (is_offered && s->cfg->tls.notes_offer)
			log_info("Host offered STARTTLS: [%s]", s->host);
		return session_start_auth(s);
	}
	if (is_offered && s->cfg->tls.ctx != NULL) {
		session_enter(s, SMTP_STARTTLS);
		buf_adds(&s->out, "STARTTLS\r\n");
		return SMTP_STEP_READ;
	}
	if (s->tls_level < TLS_LEVEL_ENCRYPT)
		return session_start_auth(s);
	if (is_offered)
		smtp_failure_set(&s->failure, "4.7.5", "TLS is required, but "
		    "our TLS engine is unavailable");
	else
		smtp_failure_set(&s->failure, "4.7.4", "TLS is required, but "
		    "was not offered by host %s", s->host_addr);
	return fail(s);
}

enum smtp_step
session_on_starttls(struct smtp_session *s, const struct smtp_reply *r)
{
	if (r->code / 100 == 2)
		return SMTP_STEP_TLS;
	if (s->tls_level < TLS_LEVEL_ENCRYPT)
		return session_start_auth(s);
	return session_fail_tls_refused(s, r);
}

enum smtp_step
smtp_session_tls_started(struct smtp_session *s, bool is_good)
{
	s->is_encrypted = true;
	if (!is_good) {
		smtp_failure_set(&s->failure, "4.7.5",
		    "Server certificate not verified");
		return fail(s);
	}
	/* In wrapper mode the server has not spoken yet. */
	if (s->state == SMTP_GREETING)
		return SMTP_STEP_READ;
	return session_say_hello(s, SMTP_EHLO);
}

enum smtp_step
smtp_session_tls_failed(struct smtp_session *s)
{
	s->tls_failed = true;
	smtp_failure_set(&s->failure, "4.7.5",
	    "Cannot start TLS: handshake failure");
	session_enter(s, SMTP_GONE);
	return fail(s);
}
