/*
 * auth.c - AUTH: clients prove who they are (RFC 4954)
 *
 * lib/net/sasl.h asks who knows passwords; here is what the client is told,
 * what the log says of it, which log watchers read, and when it may try.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/auth.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/smtpd/anvil_client.h"
#include "daemon/smtpd/env.h"
#include "daemon/smtpd/restrict.h"
#include "daemon/smtpd/session.h"
#include "daemon/smtpd/tls_server.h"
#include "daemon/smtpd/verbs.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/net/sasl.h"
#include "lib/table/match_list.h"

struct auth_server {
	struct sasl_authority *authority;
	struct match_list *exceptions;	/* that are offered nothing */
	struct match_list *filter;	/* of mechanisms */
	unsigned	 security, tls_security;	/* SASL_* */
};

/* ---- a process ---- */

struct auth_server *
auth_server_new(void)
{
	const struct sasl_setup setup = {
		.type = params.smtpd_sasl_type,
		.path = params.smtpd_sasl_path,
		.config_path = params.cyrus_sasl_config_path,
		.service = params.smtpd_sasl_service,
		.realm = params.smtpd_sasl_local_domain,
		.host = params.myhostname,
	};
	struct err err = ERR_INIT;
	struct auth_server *v;

	if (!params.smtpd_sasl_auth_enable)
		return NULL;
	v = xcalloc(1, sizeof(*v));
	if ((v->authority = sasl_authority_new(&setup, &err)) == NULL) {
		log_warning("%s", err.text);
		log_fatal("SASL per-process initialization failed");
	}
	v->security = sasl_security_need(params.smtpd_sasl_security_options);
	v->tls_security = sasl_security_need(
	    params.smtpd_sasl_tls_security_options);
	v->exceptions = match_list_new("smtpd_sasl_exceptions_networks",
	    MATCH_HOST, params.smtpd_sasl_exceptions_networks);
	v->filter = match_list_new("smtpd_sasl_mechanism_filter", MATCH_STRING,
	    params.smtpd_sasl_mechanism_filter);
	return v;
}

void
auth_server_free(struct auth_server *v)
{
	if (v == NULL)
		return;
	sasl_authority_free(v->authority);
	match_list_free(v->exceptions);
	match_list_free(v->filter);
	free(v);
}

/* ---- a session ---- */

/* What smtpd_sasl_mechanism_filter leaves is announced; the rest is only not said. */
static void
filter_mechanisms(struct session *s, const char *list)
{
	char *copy = xstrdup(list), *rest = copy, *word;

	buf_reset(&s->mechanisms);
	while ((word = text_split(&rest, " ")) != NULL) {
		switch (match_list_find(s->env->auth->filter, word, NULL)) {
		case TABLE_FOUND:
			buf_addf(&s->mechanisms, "%s%s",
			    s->mechanisms.len > 0 ? " " : "", word);
			break;
		case TABLE_NOT_FOUND:
			break;
		default:
			log_fatal("smtpd_sasl_mechanism_filter: table lookup "
			    "problem");
		}
	}
	free(copy);
	if (s->mechanisms.len == 0)
		log_fatal("%s discards all mechanisms in '%s'",
		    "smtpd_sasl_mechanism_filter", list);
}

static bool
is_possible(const struct session *s)
{
	return s->env->auth != NULL && (s->tls != NULL ||
	    !(params.smtpd_tls_auth_only || tls_server_is_required(s->env->tls)));
}

void
auth_open(struct session *s)
{
	struct auth_server *v = s->env->auth;
	const struct sasl_peer peer = { .own_addr = s->peer.server_addr,
	    .own_port = s->peer.server_port, .addr = s->peer.addr,
	    .port = s->peer.port, .is_encrypted = s->tls != NULL };
	struct err err = ERR_INIT;

	sasl_check_free(s->check);
	s->check = NULL;
	if (!is_possible(s))
		return;
	s->check = sasl_check_new(v->authority, &peer, s->tls != NULL ?
	    v->tls_security : v->security, &err);
	if (s->check == NULL)
		log_warning("%s", err.text);
	if (s->check == NULL || *sasl_check_mechanisms(s->check) == '\0')
		log_fatal("no SASL authentication mechanisms");
	filter_mechanisms(s, sasl_check_mechanisms(s->check));
}

void
auth_close(struct session *s)
{
	sasl_check_free(s->check);
	s->check = NULL;
	s->in_auth = false;
	session_forget(&s->auth_mechanism);
	auth_set_login(s, NULL, NULL);
}

void
auth_set_login(struct session *s, const char *method, const char *user)
{
	session_forget(&s->sasl_method);
	session_forget(&s->sasl_username);
	if (user == NULL)
		return;
	s->sasl_method = xstrdup(method);
	s->sasl_username = xstrdup(user);
	/* It goes to logs, headers, queue files and other programs. */
	text_make_printable(s->sasl_username, strlen(s->sasl_username), true);
}

size_t
auth_put_offer(struct session *s, size_t last)
{
	if (s->check == NULL || (s->ehlo_discard & EHLO_AUTH) != 0 ||
	    session_is_listed(s, s->env->auth->exceptions))
		return last;
	last = s->out.len;
	buf_addf(&s->out, "250-AUTH %s\r\n", s->mechanisms.ptr);
	if (params.broken_sasl_auth_clients) {
		last = s->out.len;
		buf_addf(&s->out, "250-AUTH=%s\r\n", s->mechanisms.ptr);
	}
	return last;
}

/* ---- trying ---- */

static void
log_failure(struct session *s, const char *why)
{
	const char *user = sasl_check_user(s->check);
	struct buf name = BUF_INIT;

	text_printable(&name, user != NULL ? user : "(unavailable)",
	    strlen(user != NULL ? user : "(unavailable)"),
	    params.smtputf8_enable);
	log_warning("%s: SASL %.100s authentication failed: %s, "
	    "sasl_username=%.100s", s->peer.namaddr, s->auth_mechanism, why,
	    name.ptr);
	buf_done(&name);
}

static void
fail(struct session *s, enum sasl_step step, const struct buf *text)
{
	struct buf why = BUF_INIT;

	text_printable(&why, text->ptr, text->len, params.smtputf8_enable);
	if (why.len == 0)
		buf_adds(&why, "(reason unavailable)");
	log_failure(s, why.ptr);
	if (step == SASL_STEP_RETRY)
		session_reply(s, "454 4.7.0 Temporary authentication failure: "
		    "%s", why.ptr);
	else
		session_reply(s, "535 5.7.8 Error: authentication failed: %s",
		    why.ptr);
	buf_done(&why);
}

/* Returns whether all is well so far. */
static bool
conclude(struct session *s, enum sasl_step step, const struct buf *text)
{
	switch (step) {
	case SASL_STEP_MORE:
		session_reply(s, "334 %s", text->ptr);
		s->in_auth = true;
		return true;
	case SASL_STEP_DONE:
		auth_set_login(s, s->auth_mechanism,
		    sasl_check_user(s->check));
		s->done[VERB_AUTH]++;
		/* Our own users may be those who are logged in. */
		s->is_local_rewrite = s->sink->is_local ||
		    restrict_local_client(s);
		session_reply(s, "235 2.7.0 Authentication successful");
		return true;
	case SASL_STEP_REFUSED:
	case SASL_STEP_RETRY:
		break;
	}
	fail(s, step, text);
	return false;
}

static bool
too_many(struct session *s)
{
	int rate, limit = params.smtpd_client_auth_rate_limit;

	if (limit == 0 || s->anvil == NULL || s->is_exempt ||
	    session_is_listed(s, s->env->xclient_hosts) ||
	    !anvil_client_event(s->anvil, ANVIL_AUTH, s->peer.addr, NULL,
	    &rate) || rate <= limit)
		return false;
	log_warning("AUTH command rate limit exceeded: %d from %s for service "
	    "%s", rate, s->peer.namaddr, s->env->service);
	session_reply(s, "450 4.7.1 Error: too many AUTH commands from %s",
	    s->peer.addr);
	return true;
}

static bool
may_try(struct session *s, const struct words *w)
{
	if (s->env->auth != NULL && too_many(s))
		return false;
	if (s->helo == NULL && params.smtpd_helo_required)
		session_reply(s, "503 5.5.1 Error: send HELO/EHLO first");
	else if (s->check == NULL || (s->ehlo_discard & EHLO_AUTH) != 0)
		session_reply(s, "503 5.5.1 Error: authentication not enabled");
	else if (s->sender != NULL)
		session_reply(s, "503 5.5.1 Error: MAIL transaction in "
		    "progress");
	else if (s->sasl_username != NULL)
		session_reply(s, "503 5.5.1 Error: already authenticated");
	else if (w->count < 2 || w->count > 3)
		session_reply(s, "501 5.5.4 Syntax: AUTH mechanism");
	else
		return true;
	return false;
}

static void
wipe(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

bool
verb_auth(struct session *s, const struct words *w)
{
	struct buf text = BUF_INIT;
	enum sasl_step step;
	char *response = NULL;
	bool ok;

	if (!may_try(s, w))
		return false;
	session_forget(&s->auth_mechanism);
	s->auth_mechanism = xstrndup(w->w[1].ptr, w->w[1].len);
	if (w->count == 3)
		response = xstrndup(w->w[2].ptr, w->w[2].len);
	step = sasl_check_first(s->check, s->auth_mechanism, response, &text);
	wipe(response);
	ok = conclude(s, step, &text);
	buf_done(&text);
	return ok;
}

void
auth_response(struct session *s, const char *line)
{
	struct buf text = BUF_INIT;
	enum sasl_step step;

	s->in_auth = false;
	if (strcmp(line, "*") == 0) {
		log_warning("%s: SASL %.100s authentication aborted",
		    s->peer.namaddr, s->auth_mechanism);
		session_reply(s, "501 5.7.0 Authentication aborted");
		s->errors++;
		return;
	}
	step = sasl_check_next(s->check, line, &text);
	if (!conclude(s, step, &text))
		s->errors++;
	buf_done(&text);
}

void
auth_overlong(struct session *s)
{
	s->in_auth = false;
	session_reply(s, "500 5.5.6 SASL response limit exceeded");
	s->errors++;
}
