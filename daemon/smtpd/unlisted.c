/*
 * unlisted.c - does this recipient, or sender, exist here?
 *
 * To refuse at the door is the only way not to bounce to forged senders. An
 * address that any rewriting table knows exists; then its class names the
 * table to ask, and an empty table means that nobody can tell.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/unlisted.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "daemon/smtpd/env.h"
#include "daemon/smtpd/session.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/mail/dsn.h"
#include "lib/route/rewrite.h"
#include "lib/table/maps.h"
#include "lib/table/search.h"

static enum table_result
find(struct maps *maps, const char *address)
{
	if (maps == NULL || maps_is_empty(maps))
		return TABLE_NOT_FOUND;
	return search_person(maps, address, NULL);
}

static bool
is_reserved(const char *address)
{
	static const char *const names[] = { "postmaster", "mailer-daemon" };
	const char *at = strrchr(address, '@');
	size_t len = at != NULL ? (size_t)(at - address) : strlen(address), i;

	if (strlen(params.double_bounce_sender) == len &&
	    strncasecmp(address, params.double_bounce_sender, len) == 0)
		return true;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == len &&
		    strncasecmp(address, names[i], len) == 0)
			return true;
	return false;
}

static enum restrict_result
unknown(struct session *s, const char *address, enum restrict_class class,
    int code, const char *table)
{
	return restrict_reject_for(s, FAULT_BOUNCE, code,
	    class == CLASS_SENDER ? "5.1.0" : "5.1.1", "<%s>: %s rejected: User unknown%s%s%s", address,
	    restrict_class_text(class),
	    params.show_user_unknown_table_name ? " in " : "",
	    params.show_user_unknown_table_name ? table : "",
	    params.show_user_unknown_table_name ? " table" : "");
}

static enum restrict_result
try_later(struct session *s, const char *address, enum restrict_class class)
{
	return restrict_reject(s, 451,
	    class == CLASS_SENDER ? "4.1.0" : "4.1.1",
	    "<%s>: Temporary lookup failure", address);
}

/* The transports error and retry carry their own text as next hop. */
static enum restrict_result
by_transport(struct session *s, const char *address,
    const struct resolve_reply *r, enum restrict_class class)
{
	bool is_error = strcmp(r->transport->ptr, params.error_service_name) ==
	    0;
	char status[DSN_STATUS_SIZE], fit[16];
	const char *text = dsn_split(r->nexthop->ptr,
	    is_error ? "5.0.0" : "4.0.0", status);
	int code;

	restrict_dsn(fit, status, class);
	if ((r->flags & RESOLVE_ALIAS) != 0 && is_error)
		code = params.unknown_virtual_alias_reject_code;
	else
		code = status[0] == '4' ? 450 : 550;
	return restrict_reject_for(s, FAULT_BOUNCE, code, fit,
	    "<%s>: %s rejected: %s", address, restrict_class_text(class),
	    text);
}

static enum restrict_result
by_class(struct session *s, const char *address, const char *recipient,
    unsigned flags, enum restrict_class class)
{
	const struct smtpd_env *env = s->env;
	struct maps *maps = NULL;
	const char *table = "";
	int code = 550;

	if ((flags & RESOLVE_LOCAL) != 0) {
		if (is_reserved(recipient))
			return RESTRICT_DUNNO;
		maps = env->local_rcpt;
		table = "local recipient";
		code = params.unknown_local_recipient_reject_code;
	} else if ((flags & RESOLVE_MAILBOX) != 0) {
		maps = env->virtual_mailbox;
		table = "virtual mailbox";
		code = params.unknown_virtual_mailbox_reject_code;
	} else if ((flags & RESOLVE_RELAY) != 0) {
		maps = env->relay_rcpt;
		table = "relay recipient";
		code = params.unknown_relay_recipient_reject_code;
	}
	if (maps == NULL || maps_is_empty(maps))
		return RESTRICT_DUNNO;
	switch (find(maps, recipient)) {
	case TABLE_FOUND:
		return RESTRICT_DUNNO;
	case TABLE_NOT_FOUND:
		return unknown(s, address, class, code, table);
	default:
		return try_later(s, address, class);
	}
}

enum restrict_result
unlisted_check(struct session *s, const char *address,
    enum restrict_class class)
{
	const struct smtpd_env *env = s->env;
	struct maps *const first[] = { env->rcpt_canonical,
	    class == CLASS_SENDER ? env->sender_canonical : NULL,
	    env->canonical, env->virtual_alias };
	struct resolve_reply r;
	struct buf full = BUF_INIT;
	enum restrict_result result = RESTRICT_DUNNO;
	enum table_result found;
	size_t i;

	resolve_reply_init(&r);
	rewrite_internal(REWRITE_LOCAL, address, &full);
	rewrite_resolve(s->sender != NULL ? s->sender : "", full.ptr, false,
	    &r);
	if ((r.flags & RESOLVE_FAIL) != 0) {
		result = try_later(s, address, class);
		goto out;
	}
	for (i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		found = find(first[i], r.recipient->ptr);
		if (found == TABLE_FOUND)
			goto out;
		if (found != TABLE_NOT_FOUND) {
			result = try_later(s, address, class);
			goto out;
		}
	}
	if (strcmp(r.transport->ptr, params.error_service_name) == 0 ||
	    strcmp(r.transport->ptr, "retry") == 0)
		result = by_transport(s, address, &r, class);
	else
		result = by_class(s, address, r.recipient->ptr, r.flags, class);
out:
	resolve_reply_done(&r);
	buf_done(&full);
	return result;
}
