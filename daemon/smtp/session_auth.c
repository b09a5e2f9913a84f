/*
 * session_auth.c - AUTH (RFC 4954): who we are at this server
 *
 *	hello over ──no AUTH offered, no password: READY
 *	    └─────▶ AUTH ──334──▶ (response) ──235──▶ READY
 *	              └──refused: the host is no use, or mail for it bounces
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/session_internal.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/net/sasl.h"
#include "lib/table/maps.h"
#include "lib/table/match_list.h"

static enum smtp_step
ready(struct smtp_session *s)
{
	session_enter(s, SMTP_READY);
	return SMTP_STEP_HELLO;
}

static enum smtp_step
fail(struct smtp_session *s)
{
	buf_sets(&s->failure.mta, s->host);
	return SMTP_STEP_FAILED;
}

/* ---- what is offered ---- */

/* May this mechanism be used? A table that cannot say is not a yes. */
static bool
passes(const struct auth_config *c, const char *word)
{
	if (c->filter == NULL)
		return true;
	switch (match_list_find(c->filter, word, NULL)) {
	case TABLE_FOUND:
		return true;
	case TABLE_NOT_FOUND:
		break;
	default:
		log_warning("%s_sasl_mechanism_filter: table lookup problem",
		    c->service);
	}
	return false;
}

/* Servers may have more than one such line, old ones "AUTH=" as well. */
void
session_take_auth(struct smtp_session *s, struct span words)
{
	const struct auth_config *c = &s->cfg->auth;
	struct buf all = BUF_INIT;
	bool is_good = false;
	char *rest, *word;

	if (c->passwords == NULL)
		return;
	words = span_trim(words);
	buf_set(&all, words.ptr, words.len);
	if (all.len == 0)
		log_warning("%s offered null AUTH mechanism list", s->relay);
	rest = all.ptr;
	while ((word = text_split(&rest, " \t")) != NULL) {
		if (!passes(c, word))
			continue;
		is_good = true;
		buf_addf(&s->mechanisms, "%s%s", s->mechanisms.len > 0 ? " " :
		    "", word);
	}
	if (words.len > 0 && !is_good)
		log_warning("%s offered no supported AUTH mechanisms: '%.*s'",
		    s->relay, (int)words.len, words.ptr);
	buf_done(&all);
}

/* ---- who we are ---- */

static void
set_who(struct smtp_session *s, const struct buf *value)
{
	const char *colon = strchr(value->ptr, s->cfg->auth.delimiter);
	size_t len = colon != NULL ? (size_t)(colon - value->ptr) : value->len;

	buf_set(&s->user, value->ptr, len);
	buf_sets(&s->password, colon != NULL ? colon + 1 : "");
}

void
session_forget_login(struct smtp_session *s)
{
	sasl_login_free(s->login);
	s->login = NULL;
	explicit_bzero(s->password.ptr, s->password.len);
	buf_reset(&s->password);
}

static unsigned
wanted_security(const struct smtp_session *s)
{
	const struct auth_config *c = &s->cfg->auth;

	return !s->is_encrypted ? c->security : !s->is_verified ?
	    c->tls_security : c->verified_security;
}

/* It failed before, and would again: the server need not hear of it. */
static bool
failed_before(struct smtp_session *s)
{
	struct buf status = BUF_INIT, text = BUF_INIT;
	bool found = auth_cache_find(&s->cfg->auth, s->host, s->user.ptr,
	    s->password.ptr, &status, &text);

	if (found) {
		if (s->cfg->auth.is_soft && status.ptr[0] == '5')
			status.ptr[0] = '4';
		smtp_failure_set(&s->failure, status.ptr, "SASL [CACHED] "
		    "authentication failed; server %s said: %s", s->host,
		    text.ptr);
		buf_swap(&s->failure.diag, &text);
		s->failure.is_end = s->failure.is_hard;
	}
	buf_done(&status);
	buf_done(&text);
	return found;
}

static enum smtp_step
cannot(struct smtp_session *s, const char *why)
{
	session_forget_login(s);
	smtp_failure_set(&s->failure, "4.7.0", "SASL authentication failed; "
	    "cannot authenticate to server %s: %s", s->host_addr, why);
	return fail(s);
}

static enum smtp_step
begin(struct smtp_session *s)
{
	const struct sasl_credentials who = { .user = s->user.ptr,
	    .password = s->password.ptr,
	    .act_for = s->cfg->auth.says_authzid ? s->user.ptr : NULL };
	const char *mechanism = NULL;
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	enum sasl_step step;

	s->login = sasl_login_new(s->cfg->auth.service, s->host, &who,
	    wanted_security(s), &err);
	if (s->login == NULL)
		return cannot(s, err.text);
	step = sasl_login_first(s->login, s->mechanisms.ptr, &mechanism,
	    &text);
	if (step == SASL_STEP_MORE) {
		session_enter(s, SMTP_AUTH);
		buf_addf(&s->out, "AUTH %s%s%s\r\n", mechanism,
		    text.len > 0 ? " " : "", text.ptr);
		explicit_bzero(text.ptr, text.len);
		buf_done(&text);
		return SMTP_STEP_READ;
	}
	cannot(s, text.ptr);
	buf_done(&text);
	return SMTP_STEP_FAILED;
}

/* A login at this server is configured, and it knows AUTH. */
static enum smtp_step
log_in(struct smtp_session *s, const struct buf *value)
{
	set_who(s, value);
	if (s->mechanisms.len == 0) {
		smtp_failure_set(&s->failure, "4.7.0", "SASL authentication "
		    "failed: server %s offered no compatible authentication "
		    "mechanisms for this type of connection security",
		    s->host_addr);
		return fail(s);
	}
	if (failed_before(s))
		return fail(s);
	return begin(s);
}

enum smtp_step
session_start_auth(struct smtp_session *s)
{
	const struct auth_config *c = &s->cfg->auth;
	struct buf value = BUF_INIT;
	enum table_result found;
	enum smtp_step step;

	if (c->passwords == NULL || (s->features & SMTP_HAS_AUTH) == 0 ||
	    s->find_login == NULL)
		return ready(s);
	found = s->find_login(s->find_ctx, s->host, &value);
	if (found == TABLE_FOUND) {
		step = log_in(s, &value);
	} else if (found == TABLE_NOT_FOUND) {
		step = ready(s);
	} else {
		log_warning("%s: %s lookup error", smtp_session_queue_id(s),
		    maps_title(c->passwords));
		smtp_failure_set(&s->failure, "4.3.0", "local data error "
		    "while talking to %s", s->host_addr);
		step = fail(s);
	}
	explicit_bzero(value.ptr, value.len);
	buf_done(&value);
	return step;
}

/* ---- what the server says ---- */

static enum smtp_step
answer(struct smtp_session *s, const struct smtp_reply *r)
{
	struct buf challenge = BUF_INIT, text = BUF_INIT;
	enum smtp_step step = SMTP_STEP_READ;
	struct span rest;

	rest = span_trim((struct span){ r->text.ptr + 3, r->text.len - 3 });
	buf_set(&challenge, rest.ptr, rest.len);
	if (sasl_login_next(s->login, challenge.ptr, &text) == SASL_STEP_MORE)
		buf_addf(&s->out, "%s\r\n", text.ptr);
	else
		step = cannot(s, text.ptr);
	explicit_bzero(text.ptr, text.len);
	buf_done(&text);
	buf_done(&challenge);
	return step;
}

/* Lines of a reply in one, as they go into the cache and the log. */
static enum smtp_step
refused(struct smtp_session *s, const struct smtp_reply *r)
{
	const struct auth_config *c = &s->cfg->auth;
	char status[DSN_STATUS_SIZE];
	struct buf text = BUF_INIT;

	text_printable(&text, r->text.ptr, r->text.len, true);
	session_reply_status(s, r, status);
	if (r->code / 100 == 5) {
		auth_cache_store(c, s->host, s->user.ptr, s->password.ptr,
		    status, text.ptr);
		if (c->is_soft)
			status[0] = '4';
	}
	session_forget_login(s);
	smtp_failure_set(&s->failure, status, "SASL authentication failed; "
	    "server %s said: %s", s->host_addr, text.ptr);
	buf_swap(&s->failure.diag, &text);
	s->failure.is_end = s->failure.is_hard;
	buf_done(&text);
	return fail(s);
}

enum smtp_step
session_on_auth(struct smtp_session *s, const struct smtp_reply *r)
{
	if (r->code / 100 == 3)
		return answer(s, r);
	if (r->code / 100 != 2)
		return refused(s, r);
	auth_cache_forget(&s->cfg->auth, s->host, s->user.ptr);
	session_forget_login(s);
	s->is_logged_in = true;
	return ready(s);
}
