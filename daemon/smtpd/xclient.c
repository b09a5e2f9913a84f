/*
 * xclient.c - XCLIENT and XFORWARD: a trusted client speaks for another
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/xclient.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/smtpd/auth.h"
#include "daemon/smtpd/session.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/mail/dsn.h"
#include "lib/net/netaddr.h"

#define VALUE_MAX	255

/* Set one attribute; value is NULL for [UNAVAILABLE]. false: bad value. */
typedef bool (*set_fn)(struct session *s, const char *value, bool is_temporary);

static void
replace(char **where, const char *value)
{
	free(*where);
	*where = value != NULL ? xstrdup(value) : NULL;
}

static bool
is_name(const char *value)
{
	return address_is_hostname(value) || address_is_literal(value, NULL);
}

/* RFC 5321 4.1.3: an IPv6 address carries a tag. */
static bool
is_address(const char *value)
{
	bool is_tagged = strncasecmp(value, "IPv6:", 5) == 0;
	struct netaddr a;

	if (is_tagged)
		value += 5;
	return netaddr_parse(&a, value, 0, NULL) == 0 && *value != '[' &&
	    (strchr(value, ':') != NULL) == is_tagged;
}

static bool
is_port(const char *value)
{
	return strlen(value) <= 5 && *value != '\0' &&
	    strspn(value, "0123456789") == strlen(value);
}

static bool
set_name(struct session *s, const char *value, bool is_temporary)
{
	if (value != NULL && !is_name(value))
		return false;
	peer_set_name(&s->peer, value != NULL ? value : "unknown",
	    value != NULL ? PEER_NAME_OK : is_temporary ? PEER_NAME_RETRY :
	    PEER_NAME_NONE);
	if (value != NULL)	/* until REVERSE_NAME says more */
		peer_set_reverse(&s->peer, value, PEER_NAME_OK);
	return true;
}

static bool
set_reverse(struct session *s, const char *value, bool is_temporary)
{
	if (value != NULL && !is_name(value))
		return false;
	peer_set_reverse(&s->peer, value != NULL ? value : "unknown",
	    value != NULL ? PEER_NAME_OK : is_temporary ? PEER_NAME_RETRY :
	    PEER_NAME_NONE);
	return true;
}

static bool
set_addr(struct session *s, const char *value, bool is_temporary)
{
	(void)is_temporary;
	if (value != NULL && !is_address(value))
		return false;
	return peer_set_addr(&s->peer, value != NULL ? value : "unknown") == 0;
}

static bool
set_port(struct session *s, const char *value, bool is_temporary)
{
	(void)is_temporary;
	if (value != NULL && !is_port(value))
		return false;
	peer_set_port(&s->peer, value != NULL ? value : "unknown");
	return true;
}

static bool
set_helo(struct session *s, const char *value, bool is_temporary)
{
	(void)is_temporary;
	replace(&s->helo, value);
	return true;
}

static bool
set_proto(struct session *s, const char *value, bool is_temporary)
{
	(void)is_temporary;
	if (value == NULL || (strcasecmp(value, "SMTP") != 0 &&
	    strcasecmp(value, "ESMTP") != 0))
		return false;
	s->protocol = strcasecmp(value, "SMTP") == 0 ? "SMTP" : "ESMTP";
	return true;
}

static bool
set_login(struct session *s, const char *value, bool is_temporary)
{
	(void)is_temporary;
	auth_set_login(s, "XCLIENT", value);
	return true;
}

static bool
set_dest_addr(struct session *s, const char *value, bool is_temporary)
{
	(void)is_temporary;
	if (value != NULL && !is_address(value))
		return false;
	replace(&s->peer.server_addr, value != NULL ? value : "unknown");
	return true;
}

static bool
set_dest_port(struct session *s, const char *value, bool is_temporary)
{
	(void)is_temporary;
	if (value != NULL && !is_port(value))
		return false;
	replace(&s->peer.server_port, value != NULL ? value : "unknown");
	return true;
}

static bool
fwd_name(struct session *s, const char *value, bool is_temporary)
{
	(void)is_temporary;
	if (value != NULL && !is_name(value))
		return false;
	replace(&s->forwarded.name, value != NULL ? value : "unknown");
	return true;
}

static bool
fwd_addr(struct session *s, const char *value, bool is_temporary)
{
	(void)is_temporary;
	if (value != NULL && !is_address(value))
		return false;
	if (value == NULL)
		value = "unknown";
	else if (strchr(value, ':') != NULL)
		value += strlen("IPv6:");
	replace(&s->forwarded.addr, value);
	return true;
}

static bool
fwd_port(struct session *s, const char *value, bool is_temporary)
{
	(void)is_temporary;
	if (value != NULL && !is_port(value))
		return false;
	replace(&s->forwarded.port, value != NULL ? value : "unknown");
	return true;
}

static bool
fwd_proto(struct session *s, const char *value, bool is_temporary)
{
	(void)is_temporary;
	if (value != NULL && strlen(value) > 64)
		return false;
	replace(&s->forwarded.proto, value);
	return true;
}

static bool
fwd_helo(struct session *s, const char *value, bool is_temporary)
{
	(void)is_temporary;
	replace(&s->forwarded.helo, value);
	return true;
}

static bool
fwd_ident(struct session *s, const char *value, bool is_temporary)
{
	(void)is_temporary;
	replace(&s->forwarded.ident, value);
	return true;
}

static bool
fwd_source(struct session *s, const char *value, bool is_temporary)
{
	(void)is_temporary;
	if (value != NULL && strcasecmp(value, "LOCAL") != 0 &&
	    strcasecmp(value, "REMOTE") != 0)
		return false;
	replace(&s->forwarded.source, value);
	return true;
}

struct attribute {
	const char	*name;
	set_fn		 set;
};

static const struct attribute xclient_attributes[] = {
	{ "NAME", set_name }, { "ADDR", set_addr }, { "PORT", set_port },
	{ "PROTO", set_proto }, { "HELO", set_helo },
	{ "REVERSE_NAME", set_reverse }, { "LOGIN", set_login },
	{ "DESTADDR", set_dest_addr }, { "DESTPORT", set_dest_port },
	{ NULL, NULL }
};

static const struct attribute xforward_attributes[] = {
	{ "NAME", fwd_name }, { "ADDR", fwd_addr }, { "PORT", fwd_port },
	{ "PROTO", fwd_proto }, { "HELO", fwd_helo }, { "IDENT", fwd_ident },
	{ "SOURCE", fwd_source }, { NULL, NULL }
};

/* One NAME=value word; false after a reply. */
static bool
take_word(struct session *s, const struct attribute *table, struct span word,
    const char *verb)
{
	char *copy = xstrndup(word.ptr, word.len), *eq = strchr(copy, '=');
	struct buf value = BUF_INIT;
	bool ok = false, is_known;

	if (eq == NULL || eq[1] == '\0') {
		session_reply(s, "501 5.5.4 Error: attribute=value expected");
		goto out;
	}
	*eq++ = '\0';
	while (table->name != NULL && strcasecmp(copy, table->name) != 0)
		table++;
	if (table->name == NULL) {
		session_reply(s, "501 5.5.4 Bad %s attribute name: %s", verb,
		    copy);
		goto out;
	}
	if (strlen(eq) > VALUE_MAX) {
		session_reply(s, "501 5.5.4 Error: attribute value too long");
		goto out;
	}
	is_known = strcasecmp(eq, "[UNAVAILABLE]") != 0 &&
	    strcasecmp(eq, "[TEMPUNAVAIL]") != 0;
	ok = !is_known || (xtext_decode(&value, eq) && strlen(value.ptr) == value.len);
	ok = ok && table->set(s, is_known ? value.ptr : NULL,
	    strcasecmp(eq, "[TEMPUNAVAIL]") == 0);
	if (!ok)
		session_reply(s, "501 5.5.4 Bad %s syntax: %.100s", table->name,
		    eq);
out:
	buf_done(&value);
	free(copy);
	return ok;
}

bool
xclient_run(struct session *s, const struct span *words, int count)
{
	int i;

	if (count < 1) {
		session_reply(s, "501 5.5.4 Syntax: XCLIENT "
		    "attribute=value...");
		return false;
	}
	/* What is not said is not known of the other client. */
	replace(&s->helo, NULL);
	s->protocol = "SMTP";
	auth_set_login(s, NULL, NULL);
	for (i = 0; i < count; i++)
		if (!take_word(s, xclient_attributes, words[i], "XCLIENT"))
			return false;
	session_new_transcript(s, 0);
	session_reset_mail(s);
	xforward_reset(s);
	session_greet_again(s);
	return true;
}

bool
xforward_run(struct session *s, const struct span *words, int count)
{
	int i;

	if (count < 1) {
		session_reply(s, "501 5.5.4 Syntax: XFORWARD "
		    "attribute=value...");
		return false;
	}
	for (i = 0; i < count; i++)
		if (!take_word(s, xforward_attributes, words[i], "XFORWARD"))
			return false;
	session_reply(s, "250 2.0.0 Ok");
	return true;
}

void
xforward_reset(struct session *s)
{
	struct forwarded *f = &s->forwarded;

	free(f->name);
	free(f->addr);
	free(f->port);
	free(f->proto);
	free(f->helo);
	free(f->ident);
	free(f->source);
	memset(f, 0, sizeof(*f));
}
