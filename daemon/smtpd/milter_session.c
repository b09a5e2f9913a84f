/*
 * milter_session.c - a session and the filters that watch it (smtpd_milters)
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/milter_session.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/cleanup/cleanup.h"
#include "daemon/cleanup/milter.h"
#include "daemon/smtpd/session.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/mail/dsn.h"
#include "lib/net/tls.h"
#include "lib/route/rewrite.h"
#include "lib/table/maps.h"

#define WORDS_MAX	64	/* ESMTP parameters that a filter gets */

/* ---- macros ---- */

/* resolved - transport, nexthop or address of an address; "" is whoever gets bounces */
static const char *
resolved(struct session *s, const char *address, const char *what)
{
	struct resolve_reply r;
	struct buf full = BUF_INIT;

	resolve_reply_init(&r);
	rewrite_internal(REWRITE_LOCAL, *address != '\0' ? address :
	    params.empty_address_recipient, &full);
	rewrite_resolve("", full.ptr, false, &r);
	buf_reset(&s->macro);
	if (strcmp(what, "mailer") == 0)
		buf_adds(&s->macro, r.transport->ptr);
	else if (strcmp(what, "host") == 0)
		buf_adds(&s->macro, r.nexthop->ptr);
	else if (*address != '\0')
		address_quote(&s->macro, r.recipient->ptr);
	resolve_reply_done(&r);
	buf_done(&full);
	return s->macro.ptr;
}

/* refused_rcpt - of our refusal: "error", the status, the text */
static const char *
refused_rcpt(struct session *s, const char *what)
{
	char status[DSN_STATUS_SIZE];
	const char *text, *p;

	if (strcmp(what, "mailer") == 0)
		return "error";
	text = dsn_split(s->refused_rcpt + 4, "5.0.0", status);
	if (strcmp(what, "host") == 0) {
		buf_sets(&s->macro, status);
		return s->macro.ptr;
	}
	if (*text == '<' && (p = strstr(text, ">: ")) != NULL)
		text = p + 3;
	return text;
}

static const char *
name_result(enum peer_name status)
{
	switch (status) {
	case PEER_NAME_OK:	return "OK";
	case PEER_NAME_RETRY:	return "TEMP";
	case PEER_NAME_FORGED:	return "FORGED";
	default:		return "FAIL";
	}
}

static const char *
client_macro(struct session *s, const char *name)
{
	const struct peer *p = &s->peer;

	if (strcmp(name, "addr") == 0)
		return p->addr;
	if (strcmp(name, "name") == 0)
		return p->name;
	if (strcmp(name, "port") == 0)
		return p->port;
	if (strcmp(name, "ptr") == 0)
		return p->reverse_name;
	if (strcmp(name, "resolve") == 0)
		return name_result(p->name_status);
	if (strcmp(name, "connections") != 0)
		return NULL;
	buf_setf(&s->macro, "%d", s->connection_count);
	return s->macro.ptr;
}

static const char *
tls_macro(struct session *s, const char *name)
{
	const struct tls_info *tls = s->tls;

	if (tls == NULL)
		return NULL;
	if (strcmp(name, "tls_version") == 0)
		return tls->protocol;
	if (strcmp(name, "cipher") == 0)
		return tls->cipher;
	if (strcmp(name, "cipher_bits") == 0) {
		buf_setf(&s->macro, "%d", tls->used_bits);
		return s->macro.ptr;
	}
	if (tls->is_trusted && strcmp(name, "cert_subject") == 0)
		return tls->subject_cn;
	if (tls->is_trusted && strcmp(name, "cert_issuer") == 0)
		return tls->issuer_cn;
	return NULL;
}

static const char *
auth_macro(const struct session *s, const char *name)
{
	if (strcmp(name, "type") == 0)
		return s->sasl_method;
	if (strcmp(name, "authen") == 0)
		return s->sasl_username;
	if (strcmp(name, "author") == 0 && s->mail.has_auth)
		return s->mail.auth.ptr;
	return NULL;
}

static const char *
macro(const char *name, void *ctx)
{
	struct session *s = ctx;
	const char *rcpt = s->rcpt != NULL ? s->rcpt : s->first_rcpt;

	if (strcmp(name, "i") == 0)
		return s->queue_id;
	if (strcmp(name, "_") == 0) {
		buf_setf(&s->macro, "%s [%s]", s->peer.name, s->peer.addr);
		return s->macro.ptr;
	}
	if (strncmp(name, "client_", 7) == 0)
		return client_macro(s, name + 7);
	if (strncmp(name, "auth_", 5) == 0)
		return auth_macro(s, name + 5);
	if (strcmp(name, "daemon_addr") == 0)
		return s->peer.server_addr;
	if (strcmp(name, "daemon_port") == 0)
		return s->peer.server_port;
	if (strncmp(name, "mail_", 5) == 0 && s->sender != NULL)
		return resolved(s, s->sender, name + 5);
	if (strncmp(name, "rcpt_", 5) == 0 && s->refused_rcpt != NULL)
		return refused_rcpt(s, name + 5);
	if (strncmp(name, "rcpt_", 5) == 0 && rcpt != NULL)
		return resolved(s, rcpt, name + 5);
	return tls_macro(s, name);
}

/* ---- verdicts ---- */

static void
log_verdict(struct session *s, const char *what, const char *text)
{
	struct buf safe = BUF_INIT;

	text_printable(&safe, text, strlen(text), params.smtputf8_enable);
	restrict_log(s, what, safe.ptr);
	buf_done(&safe);
}

static const char *
apply(struct session *s, enum milter_verdict v)
{
	switch (v) {
	case MILTER_GO_ON:
		break;
	case MILTER_REFUSE:
	case MILTER_CLOSE:
		log_verdict(s, "milter-reject", milters_text(s->milters));
		return milters_text(s->milters);
	case MILTER_DROP:
		log_verdict(s, "milter-discard",
		    "milter triggers DISCARD action");
		s->access_flags |= CLEANUP_DISCARD;
		break;
	case MILTER_HOLD:
		log_verdict(s, "milter-hold", "milter triggers HOLD action");
		s->access_flags |= CLEANUP_HOLD;
		break;
	}
	return NULL;
}

/* is_asked - a message that is to be forgotten concerns no filter any more */
static bool
is_asked(const struct session *s)
{
	return s->milters != NULL && (s->access_flags & CLEANUP_DISCARD) == 0;
}

/* ---- events ---- */

/* find_milters - smtpd_milter_maps may have other filters for a client, or none */
static void
find_milters(struct session *s)
{
	struct buf list = BUF_INIT;

	buf_sets(&list, params.smtpd_milters);
	if (!maps_is_empty(s->env->milter_maps) &&
	    maps_find(s->env->milter_maps, s->peer.addr, false, &list) ==
	    TABLE_FOUND && strcasecmp(list.ptr, "DISABLE") == 0)
		buf_reset(&list);
	s->milters = milters_new(list.ptr, macro, s);
	buf_done(&list);
}

const char *
milter_session_connect(struct session *s)
{
	if ((s->env->cleanup_flags & CLEANUP_MILTER) == 0 ||
	    s->sink->set_milters == NULL || s->env->needs_filter)
		return NULL;
	find_milters(s);
	return apply(s, milters_connect(s->milters, s->peer.name,
	    s->peer.family, s->peer.port, s->peer.addr));
}

const char *
milter_session_helo(struct session *s)
{
	s->told_helo = true;
	return apply(s, milters_helo(s->milters, s->helo));
}

/* cut - address and parameters as a filter gets them */
static size_t
cut(struct span address, struct span rest, char **words)
{
	struct span word;
	size_t n = 0;

	words[n++] = xstrndup(address.ptr, address.len);
	while (n < WORDS_MAX && (word = span_word(&rest)).len > 0)
		words[n++] = xstrndup(word.ptr, word.len);
	return n;
}

static void
free_words(char **words, size_t n)
{
	while (n > 0)
		free(words[--n]);
}

/* tell_path - of MAIL or RCPT */
static const char *
tell_path(struct session *s, enum milter_verdict (*tell)(struct milters *ms,
    const char *const *words, size_t count), struct span address,
    struct span rest)
{
	char *words[WORDS_MAX];
	enum milter_verdict v;
	size_t n = cut(address, rest, words);

	v = tell(s->milters, (const char *const *)words, n);
	free_words(words, n);
	return apply(s, v);
}

const char *
milter_session_mail(struct session *s, struct span address, struct span rest)
{
	if (!is_asked(s))
		return NULL;
	s->told_mail = true;
	return tell_path(s, milters_mail, address, rest);
}

const char *
milter_session_rcpt(struct session *s, struct span address, struct span rest)
{
	return is_asked(s) ? tell_path(s, milters_rcpt, address, rest) : NULL;
}

void
milter_session_rcpt_refused(struct session *s, struct span address,
    struct span rest, const char *refusal)
{
	char *words[WORDS_MAX];
	size_t n;

	if (!is_asked(s))
		return;
	s->refused_rcpt = refusal;
	n = cut(address, rest, words);
	milters_rcpt_refused(s->milters, (const char *const *)words, n);
	free_words(words, n);
	s->refused_rcpt = NULL;
}

const char *
milter_session_data(struct session *s)
{
	const char *refusal;

	if (!is_asked(s))
		return NULL;
	s->rcpt = s->first_rcpt;	/* for the log */
	refusal = apply(s, milters_data(s->milters));
	s->rcpt = NULL;
	return refusal;
}

const char *
milter_session_unknown(struct session *s, struct span command)
{
	char *word;
	enum milter_verdict v;

	if (!is_asked(s))
		return NULL;
	word = xstrndup(command.ptr, command.len);
	v = milters_unknown(s->milters, word);
	free(word);
	return apply(s, v);
}

void
milter_session_end(struct session *s)
{
	if (s->told_helo)
		milters_abort(s->milters);
	s->told_helo = s->told_mail = false;
	milters_free(s->milters);
	s->milters = NULL;
}
