/*
 * verbs.c - which verbs there are, and those that carry no mail
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/verbs.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/cleanup/milter.h"
#include "daemon/smtpd/auth.h"
#include "daemon/smtpd/env.h"
#include "daemon/smtpd/flush_client.h"
#include "daemon/smtpd/milter_session.h"
#include "daemon/smtpd/session.h"
#include "daemon/smtpd/tls_server.h"
#include "daemon/smtpd/xclient.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"

static bool
greet(struct session *s, const struct words *w, const char *protocol)
{
	const char *refusal;
	bool told_helo = s->told_helo;

	if (w->count < 2) {
		session_reply(s, "501 Syntax: %s hostname",
		    strcmp(protocol, "ESMTP") == 0 ? "EHLO" : "HELO");
		return false;
	}
	session_new_transcript(s, params.smtpd_history_flush_threshold);
	session_reset_mail(s);
	free(s->helo);
	s->helo = xstrndup(w->w[1].ptr, w->w[1].len);
	if (!params.smtpd_delay_reject &&
	    (refusal = restrict_helo(s)) != NULL) {
		session_reply(s, "%s", refusal);
		session_forget(&s->helo);
		return false;
	}
	refusal = milter_session_helo(s);
	if (told_helo)
		milters_abort(s->milters);
	s->has_refusal = refusal != NULL && *refusal == '5';
	if (refusal != NULL && strncmp(refusal, "421", 3) == 0) {
		session_reply(s, "%s", refusal);
		return false;
	}
	s->protocol = protocol;
	return true;
}

static bool
verb_helo(struct session *s, const struct words *w)
{
	if (!greet(s, w, "SMTP"))
		return false;
	session_reply(s, "250 %s", params.myhostname);
	return true;
}

static void
find_discard(struct session *s)
{
	struct buf names = BUF_INIT;

	s->ehlo_discard = s->env->ehlo_discard;
	ehlo_find(s->env->ehlo_discard_maps, s->peer.addr, &s->ehlo_discard);
	ehlo_names(&names, s->ehlo_discard);
	if (names.len > 0)
		log_info("discarding EHLO keywords:%s", names.ptr);
	buf_done(&names);
}

/* What this client is not offered. */
static unsigned
hidden_features(const struct session *s)
{
	unsigned hide = s->ehlo_discard;

	if (params.disable_vrfy_command)
		hide |= EHLO_VRFY;
	if (s->env->tls == NULL || s->tls != NULL)
		hide |= EHLO_STARTTLS;
	if (!session_is_listed(s, s->env->verp_clients))
		hide |= EHLO_XVERP;
	if (!session_is_listed(s, s->env->xclient_hosts))
		hide |= EHLO_XCLIENT;
	if (!s->may_xforward)
		hide |= EHLO_XFORWARD;
	if (!params.smtputf8_enable)
		hide |= EHLO_SMTPUTF8;
	if (s->has_refusal)		/* a filter takes nothing from this client */
		hide |= ~(unsigned)EHLO_ENHANCED;
	return hide;
}

static void
put_features(struct session *s, unsigned hide)
{
	static const struct {
		enum ehlo_feature bit;
		const char	*keyword;
	} features[] = {		/* in the order that clients are used to */
		{ EHLO_PIPELINING,	"PIPELINING" },
		{ EHLO_SIZE,		"SIZE" },
		{ EHLO_VRFY,		"VRFY" },
		{ EHLO_ETRN,		"ETRN" },
		{ EHLO_STARTTLS,	"STARTTLS" },
		{ EHLO_AUTH,		"AUTH" },
		{ EHLO_XVERP,		"XVERP" },
		{ EHLO_XCLIENT,		XCLIENT_KEYWORD },
		{ EHLO_XFORWARD,	XFORWARD_KEYWORD },
		{ EHLO_ENHANCED,	"ENHANCEDSTATUSCODES" },
		{ EHLO_8BITMIME,	"8BITMIME" },
		{ EHLO_DSN,		"DSN" },
		{ EHLO_SMTPUTF8,	"SMTPUTF8" },
		{ EHLO_CHUNKING,	"CHUNKING" },
	};
	size_t i, last = s->out.len;

	buf_addf(&s->out, "250-%s\r\n", params.myhostname);
	for (i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		if ((hide & features[i].bit) != 0)
			continue;
		if (features[i].bit == EHLO_AUTH) {
			last = auth_put_offer(s, last);
			continue;
		}
		last = s->out.len;
		if (features[i].bit == EHLO_SIZE &&
		    params.message_size_limit > 0)
			buf_addf(&s->out, "250-SIZE %ld\r\n",
			    params.message_size_limit);
		else
			buf_addf(&s->out, "250-%s\r\n", features[i].keyword);
	}
	s->out.ptr[last + 3] = ' ';
}

static bool
verb_ehlo(struct session *s, const struct words *w)
{
	size_t start = s->out.len;

	if (!greet(s, w, "ESMTP"))
		return false;
	find_discard(s);
	put_features(s, hidden_features(s));
	session_said(s, "Out: ", s->out.ptr + start, s->out.len - start);
	if (s->errors >= params.smtpd_soft_error_limit)
		s->sleep_s += params.smtpd_error_sleep_time;
	return true;
}

static bool
verb_rset(struct session *s, const struct words *w)
{
	if (w->count != 1) {
		session_reply(s, "501 5.5.4 Syntax: RSET");
		return false;
	}
	session_new_transcript(s, params.smtpd_history_flush_threshold);
	session_reset_mail(s);
	session_reply(s, "250 2.0.0 Ok");
	return true;
}

static bool
verb_noop(struct session *s, const struct words *w)
{
	(void)w;
	session_reply(s, "250 2.0.0 Ok");
	return true;
}

static bool
verb_etrn(struct session *s, const struct words *w)
{
	const char *refusal;
	char *domain;
	bool ok = false;

	if (s->helo == NULL && params.smtpd_helo_required) {
		session_reply(s, "503 Error: send HELO/EHLO first");
		return false;
	}
	if (s->sender != NULL) {
		session_reply(s, "503 Error: MAIL transaction in progress");
		return false;
	}
	if (w->count != 2) {
		session_reply(s, "500 Syntax: ETRN domain");
		return false;
	}
	domain = xstrndup(w->w[1].ptr, w->w[1].len);
	if (domain[0] == '@' || domain[0] == '#')
		memmove(domain, domain + 1, strlen(domain));
	if (!address_is_hostname(domain) &&
	    !address_is_literal(domain, NULL)) {
		session_reply(s, "501 Error: invalid parameter syntax");
	} else if ((refusal = restrict_etrn(s, domain)) != NULL) {
		session_reply(s, "%s", refusal);
	} else {
		switch (flush_client_site(domain)) {
		case FLUSH_DONE:
			session_reply(s, "250 Queuing started");
			ok = true;
			break;
		case FLUSH_DENIED:
			session_fault(s, FAULT_NONE);
			log_warning("reject: ETRN %.100s... from %s", domain,
			    s->peer.namaddr);
			session_reply(s, "459 <%s>: service unavailable",
			    domain);
			break;
		case FLUSH_FAILED:
			session_fault(s, FAULT_NONE);
			log_warning("ETRN %.100s... from %s: could not flush",
			    domain, s->peer.namaddr);
			session_reply(s, "458 Unable to queue messages");
			break;
		}
	}
	free(domain);
	return ok;
}

static bool
verb_quit(struct session *s, const struct words *w)
{
	(void)w;
	session_reply(s, "221 2.0.0 Bye");
	s->is_closing = true;
	return true;
}

static bool
verb_starttls(struct session *s, const struct words *w)
{
	if (w->count != 1) {
		session_reply(s, "501 5.5.4 Syntax: STARTTLS");
	} else if (s->tls != NULL) {
		session_reply(s, "554 5.5.1 Error: TLS already active");
	} else if (s->env->tls == NULL ||
	    (s->ehlo_discard & EHLO_STARTTLS) != 0) {
		session_reply(s, "502 5.5.1 Error: command not implemented");
	} else if (!tls_server_works(s->env->tls)) {
		session_reply(s,
		    "454 4.7.0 TLS not available due to local problem");
	} else if (tls_server_refuses(s, "STARTTLS request")) {
		session_reply(s, "454 4.7.0 Error: too many new TLS sessions "
		    "from %s", s->peer.namaddr);
	} else {
		session_reply(s, "220 2.0.0 Ready to start TLS");
		s->wants_tls = true;
	}
	return s->wants_tls;
}

static bool
verb_xclient(struct session *s, const struct words *w)
{
	if (!session_is_listed(s, s->env->xclient_hosts)) {
		session_fault(s, FAULT_POLICY);
		session_reply(s, "550 5.7.0 Error: insufficient authorization");
		return false;
	}
	if (s->sender != NULL) {
		session_reply(s,
		    "503 5.5.1 Error: MAIL transaction in progress");
		return false;
	}
	return xclient_run(s, w->w + 1, w->count - 1);
}

static bool
verb_xforward(struct session *s, const struct words *w)
{
	if (!s->may_xforward) {
		session_fault(s, FAULT_POLICY);
		session_reply(s, "550 5.7.0 Error: insufficient authorization");
		return false;
	}
	if (s->sender != NULL) {
		session_reply(s,
		    "503 5.5.1 Error: MAIL transaction in progress");
		return false;
	}
	return xforward_run(s, w->w + 1, w->count - 1);
}

/* ---- the table ---- */

const struct verb verb_table[] = {
	{ "HELO",	"helo",		VERB_HELO, VERB_LAST | VERB_CLEAR, verb_helo },
	{ "EHLO",	"ehlo",		VERB_EHLO, VERB_LAST | VERB_CLEAR, verb_ehlo },
	{ "XCLIENT",	"xclient",	VERB_XCLIENT, VERB_LAST | VERB_CLEAR, verb_xclient },
	{ "XFORWARD",	"xforward",	VERB_XFORWARD, 0, verb_xforward },
	{ "STARTTLS",	"starttls",	VERB_STARTTLS, VERB_CLEAR, verb_starttls },
	{ "AUTH",	"auth",		VERB_AUTH, VERB_LAST, verb_auth },
	{ "MAIL",	"mail",		VERB_MAIL, 0, verb_mail },
	{ "RCPT",	"rcpt",		VERB_RCPT, 0, verb_rcpt },
	{ "DATA",	"data",		VERB_DATA, VERB_LAST, verb_data },
	{ "BDAT",	"bdat",		VERB_BDAT, 0, verb_bdat },
	{ "RSET",	"rset",		VERB_RSET, VERB_JUNK, verb_rset },
	{ "NOOP",	"noop",		VERB_NOOP, VERB_JUNK | VERB_LAST | VERB_CLEAR, verb_noop },
	{ "VRFY",	"vrfy",		VERB_VRFY, VERB_JUNK | VERB_LAST, verb_vrfy },
	{ "ETRN",	"etrn",		VERB_ETRN, VERB_JUNK | VERB_LAST, verb_etrn },
	{ "QUIT",	"quit",		VERB_QUIT, VERB_CLEAR, verb_quit },
	{ "UNKNOWN",	"unknown",	VERB_UNKNOWN, 0, NULL },
};

const struct verb *
verb_find(struct span name)
{
	size_t i;

	for (i = 0; verb_table[i].run != NULL; i++)
		if (span_ieq(name, verb_table[i].name))
			return verb_table + i;
	return verb_table + i;
}
