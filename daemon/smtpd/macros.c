/*
 * macros.c - $names about a session, in replies that an administrator words
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/macros.h"

#include <string.h>
#include <time.h>

#include "daemon/smtpd/session.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/conf/macro.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"

struct work {
	const struct session *s;
	const struct macro_value *own;
	struct buf	 made;		/* a value that is put together */
};

static const char *
local_part(struct work *w, const char *address)
{
	const char *domain;

	if (address == NULL || (domain = address_domain(address)) == NULL)
		return address;
	buf_set(&w->made, address, (size_t)(domain - 1 - address));
	return w->made.ptr;
}

static const char *
domain_part(const char *address)
{
	return address != NULL ? address_domain(address) : NULL;
}

static const char *
local_time(struct work *w)
{
	char text[32];
	struct tm tm;
	time_t now = clock_now();

	strftime(text, sizeof(text), "%b %d %H:%M:%S", localtime_r(&now, &tm));
	buf_sets(&w->made, text);
	return w->made.ptr;
}

static const char *
lookup(const char *name, void *ctx)
{
	struct work *w = ctx;
	const struct session *s = w->s;
	const char *rcpt = s->rcpt != NULL ? s->rcpt : s->first_rcpt;
	const struct macro_value *m;
	const struct macro_value known[] = {
		{ "client", s->peer.namaddr },
		{ "client_address", s->peer.addr },
		{ "client_name", s->peer.name },
		{ "client_port", s->peer.port },
		{ "reverse_client_name", s->peer.reverse_name },
		{ "helo_name", s->helo },
		{ "sender", s->sender }, { "recipient", rcpt },
		{ "sender_domain", domain_part(s->sender) },
		{ "recipient_domain", domain_part(rcpt) },
		{ "server_name", params.myhostname },
		{ NULL, NULL }
	};

	for (m = w->own; m != NULL && m->name != NULL; m++)
		if (strcmp(name, m->name) == 0)
			return m->value;
	for (m = known; m->name != NULL; m++)
		if (strcmp(name, m->name) == 0)
			return m->value;
	if (strcmp(name, "sender_name") == 0)
		return local_part(w, s->sender);
	if (strcmp(name, "recipient_name") == 0)
		return local_part(w, rcpt);
	if (strcmp(name, "localtime") == 0)
		return local_time(w);
	log_warning("unknown macro name \"%s\" in expansion request", name);
	return NULL;
}

bool
macros_expand(struct buf *out, const char *text, const char *title,
    const struct session *s, const struct macro_value *own)
{
	struct work w = { s, own, BUF_INIT };
	struct buf allowed = BUF_INIT;
	struct err err = ERR_INIT;
	bool ok;

	text_unescape(&allowed, params.smtpd_expansion_filter);
	ok = macro_expand(out, text, 0, allowed.ptr, lookup, &w, &err) == 0;
	if (!ok)
		log_warning("%s: %s", title, err.text);
	buf_done(&w.made);
	buf_done(&allowed);
	return ok;
}
