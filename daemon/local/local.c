/*
 * local.c - deliver to the users of this machine
 *
 * The role and the first steps of a recipient: what its address says, whether
 * it was here before (Delivered-To), then aliases, then the user. See local.h
 * for the picture.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/local/local.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/role.h"
#include "daemon/serve/agent.h"
#include "daemon/serve/mailbox.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/mail/mbox_lock.h"
#include "lib/route/rewrite.h"
#include "lib/table/maps.h"
#include "lib/table/search.h"

#define LEVEL_MAX	100		/* spec/tables.md 16.7 */

struct local_tables local_tables;
unsigned local_mailbox_locks;

/* ---- outcomes ---- */

/*
 * A recipient may end in several places, so none of them marks it done; that
 * is for the end of them all. What stays in the queue names its record.
 */
bool
local_report(const struct local_state *st, const struct delivery *d)
{
	struct queue_rcpt rcpt = st->rcpt;
	bool may_stay = d->kind == OUTCOME_DEFERRED ||
	    (d->kind == OUTCOME_BOUNCED && params.soft_bounce);

	if (!may_stay)
		rcpt.offset = -1;
	return delivery_report(st->lr->rq, &rcpt, "local", d);
}

bool
local_fail(const struct local_state *st, const char *status, const char *fmt,
    ...)
{
	struct delivery d = DELIVERY_INIT;
	struct buf text = BUF_INIT;
	va_list ap;
	bool done;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	delivery_set(&d, status, "%s", text.ptr);
	done = local_report(st, &d);
	delivery_done(&d);
	buf_done(&text);
	return done;
}

bool
local_is_probed(const struct local_state *st)
{
	return (st->lr->rq->flags & AGENT_USER_PROBE) != 0;
}

bool
local_probed(const struct local_state *st, const char *fmt, ...)
{
	struct delivery d = DELIVERY_INIT;
	va_list ap;
	bool done;

	va_start(ap, fmt);
	buf_vaddf(&d.reason, fmt, ap);
	va_end(ap);
	done = local_report(st, &d);
	delivery_done(&d);
	return done;
}

void
local_expand_begin(struct local_state *next)
{
	unsigned *notify = &next->rcpt.dsn_notify;

	if ((*notify & DSN_NOTIFY_SUCCESS) == 0)
		return;
	*notify &= ~(unsigned)DSN_NOTIFY_SUCCESS;
	/* None at all would mean the default. */
	if (*notify == 0)
		*notify = DSN_NOTIFY_NEVER;
}

void
local_expand_end(const struct local_state *st, bool is_list)
{
	struct dsn dsn = { "2.0.0", is_list ? "delivered" : "expanded",
	    "alias expanded", "", "", "", "" };
	struct queue_rcpt rcpt = st->rcpt;

	if ((rcpt.dsn_notify & DSN_NOTIFY_SUCCESS) == 0 || local_is_probed(st))
		return;
	if (is_list)
		rcpt.orig = "";
	agent_traced(st->lr->rq, &rcpt, "local", &dsn);
}

bool
local_seen(struct local_request *lr, const char *fmt, ...)
{
	struct buf key = BUF_INIT;
	va_list ap;
	bool seen;

	va_start(ap, fmt);
	buf_vaddf(&key, fmt, ap);
	va_end(ap);
	seen = local_text_has(&lr->seen, key.ptr);
	if (!seen && (params.duplicate_filter_limit == 0 ||
	    lr->seen.count < (size_t)params.duplicate_filter_limit))
		local_text_add(&lr->seen, key.ptr);
	buf_done(&key);
	return seen;
}

/* ---- one recipient ---- */

/* What the address says, letters folded: local part, user, extension; domain. */
struct address_parts {
	struct buf	local, user, extension;
	const char	*domain;
};

static void
split_address(struct address_parts *p, const char *address)
{
	const char *domain = address_domain(address);
	struct buf text = BUF_INIT;
	size_t len, split;

	buf_init(&p->local);
	buf_init(&p->user);
	buf_init(&p->extension);
	p->domain = domain != NULL ? domain : params.myorigin;
	len = domain == NULL ? strlen(address) :
	    (size_t)(domain - 1 - address);
	buf_set(&text, address, len);
	text_fold(&p->local, text.ptr);
	split = address_split_extension(p->local.ptr, p->local.len,
	    params.recipient_delimiter);
	buf_set(&p->user, p->local.ptr, split);
	if (split < p->local.len)
		buf_sets(&p->extension, p->local.ptr + split + 1);
	buf_done(&text);
	if (strchr(p->extension.ptr, '/') != NULL) {
		log_warning("%s: address with illegal extension: %s", address,
		    p->local.ptr);
		buf_reset(&p->extension);
	}
}

bool
local_recipient(struct local_state *st)
{
	struct address_parts parts;
	const char *address = st->rcpt.address;
	bool done;

	if (*address == '\\') {
		st->is_verbatim = true;
		st->rcpt.address = ++address;
	}
	if (!params.frozen_delivered_to)
		st->delivered = address;
	if (delivered_to_has(&st->lr->loops, st->lr->rq, address))
		return local_fail(st, "5.4.6", "mail forwarding loop for %s",
		    address);
	split_address(&parts, address);
	st->local = parts.local.ptr;
	st->user = parts.user.ptr;
	st->extension = parts.extension.ptr;
	st->domain = parts.domain;
	st->account = NULL;
	if (st->level > LEVEL_MAX) {
		log_warning("alias database loop for %s", st->user);
		done = local_fail(st, "5.4.6", "alias database loop for %s",
		    st->user);
	} else if (st->is_verbatim || !local_alias(st, &done))
		done = local_user(st);
	buf_done(&parts.local);
	buf_done(&parts.user);
	buf_done(&parts.extension);
	return done;
}

static void
deliver_one(struct local_request *lr, const struct queue_rcpt *rcpt)
{
	struct local_state st = { .lr = lr, .rcpt = *rcpt,
	    .sender = lr->rq->sender, .delivered = rcpt->address,
	    .unmatched = "" };
	bool done;

	lr->was_passed = false;
	done = local_recipient(&st);
	/* What was collected on the way belongs to the first address again. */
	st.rcpt = *rcpt;
	local_expand_begin(&st);
	/* What must be tried again would send it again, each time. */
	if (done)
		done = local_resend_all(&st);
	local_resend_drop(lr);
	if (done && !lr->was_passed)
		agent_completed(lr->rq, rcpt);
}

/* The verify service only asks whether somebody is there. */
static void
probe(struct agent_request *rq, const struct queue_rcpt *rcpt)
{
	struct delivery d = DELIVERY_INIT;
	struct address_parts parts;
	struct local_user *u = NULL;
	struct buf name = BUF_INIT, value = BUF_INIT;

	split_address(&parts, rcpt->address);
	buf_sets(&name, parts.local.ptr);
	delivery_set(&d, "2.0.0", "delivers to mailbox");
	if (search_alias(local_tables.aliases, &name, parts.user.ptr,
	    &value) == TABLE_FOUND)
		delivery_set(&d, "2.0.0", "aliased to %s", value.ptr);
	else if (params.mailbox_transport[0] == '\0' &&
	    params.fallback_transport[0] == '\0' &&
	    params.luser_relay[0] == '\0' &&
	    local_account(parts.user.ptr, &u) == 0)
		delivery_set(&d, "5.1.1", "unknown user: \"%s\"",
		    parts.user.ptr);
	delivery_report(rq, rcpt, "local", &d);
	local_user_free(u);
	delivery_done(&d);
	buf_done(&name);
	buf_done(&value);
	buf_done(&parts.local);
	buf_done(&parts.user);
	buf_done(&parts.extension);
}

static void
deliver(struct agent_request *rq, const char *service, void *ctx)
{
	struct local_request lr = { .rq = rq, .service = service };
	size_t i;

	(void)ctx;
	for (i = 0; i < rq->rcpt_count && !rq->is_corrupt; i++)
		if ((rq->flags & AGENT_MTA_PROBE) != 0)
			probe(rq, &rq->rcpts[i]);
		else
			deliver_one(&lr, &rq->rcpts[i]);
	local_text_done(&lr.seen);
	local_text_done(&lr.busy);
	delivered_to_done(&lr.loops);
}

static void
serve(struct stream *client, const char *service, char **argv)
{
	(void)argv;
	agent_serve(client, service, deliver, NULL);
}

static void
check_list(const char *name, const char *value, const char *const *known)
{
	char *copy = xstrdup(value), *rest = copy, *word;
	size_t i;

	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		for (i = 0; known[i] != NULL; i++)
			if (strcmp(word, known[i]) == 0)
				break;
		if (known[i] == NULL)
			log_fatal("parameter %s: unknown name \"%s\"", name,
			    word);
	}
	free(copy);
}

static void
pre_jail(const char *service, char **argv)
{
	static const char *const sources[] = { "alias", "forward", "include",
	    NULL };
	static const char *const headers[] = { "command", "file", "forward",
	    NULL };
	/* sun_mailtool_compatibility is the old name for "dot locks only". */
	const char *locks = params.sun_mailtool_compatibility ? "dotlock" :
	    params.mailbox_delivery_lock;
	struct err err = ERR_INIT;

	(void)service;
	(void)argv;
	if (mbox_lock_styles("mailbox_delivery_lock", locks,
	    &local_mailbox_locks, &err) == -1)
		log_fatal("%s", err.text);
	if (params.mailbox_size_limit > 0 && (params.message_size_limit == 0 ||
	    params.mailbox_size_limit < params.message_size_limit))
		log_fatal("main.cf configuration error: mailbox_size_limit is "
		    "smaller than message_size_limit");
	check_list("allow_mail_to_commands", params.allow_mail_to_commands,
	    sources);
	check_list("allow_mail_to_files", params.allow_mail_to_files,
	    sources);
	check_list("prepend_delivered_header",
	    params.prepend_delivered_header, headers);
	agent_init("local_delivery_status_filter",
	    params.local_delivery_status_filter);
	rewrite_init();
	local_tables.aliases = maps_open("alias_maps", params.alias_maps,
	    SEARCH_ALIASES);
	local_tables.mailbox_transport = maps_open("mailbox_transport_maps",
	    params.mailbox_transport_maps, SEARCH_ALIASES);
	local_tables.mailbox_command = maps_open("mailbox_command_maps",
	    params.mailbox_command_maps, SEARCH_ALIASES);
	local_tables.fallback_transport = maps_open("fallback_transport_maps",
	    params.fallback_transport_maps, SEARCH_ALIASES);
}

const struct role local_role = {
	.name = "local",
	.summary = "deliver to the users of this machine",
	.skeleton = ROLE_SINGLE,
	.needs = ROLE_PRIVILEGED | ROLE_COMMANDS,
	.greeting = "delivery_request_protocol",
	.pre_jail = pre_jail,
	.serve = serve
};
