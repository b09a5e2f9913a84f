/*
 * cleanup_map.c - what happens to addresses on their way in
 *
 *	as given -> completed -> canonical maps -> masquerade
 *	                    (envelope recipients) -> virtual aliases -> bcc
 *
 * What the tables say is decided in lib/route/address_map.c; here is what that
 * means for a message. Spec: tables.md 15.6, 16.1 to 16.3, 16.10.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>
#include <strings.h>

#include "daemon/cleanup/cleanup_internal.h"
#include "daemon/serve/agent.h"
#include "daemon/serve/verify_client.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/mail/dsn.h"
#include "lib/queue/queue_log.h"

void
cleanup_map_init(void)
{
	struct err err = ERR_INIT;

	cleanup_tables.addresses = address_map_new(&err);
	if (cleanup_tables.addresses == NULL)
		log_fatal("%s", err.text);
}

/* map_address - canonical maps and masquerading of a complete address */
static void
map_address(struct cleanup *c, enum address_class class, struct buf *address)
{
	if ((c->flags & CLEANUP_MAP) != 0 &&
	    address_map_apply(cleanup_tables.addresses, class, c->id.ptr,
	    address) == -1)
		cleanup_fail(c, CLEANUP_WRITE, NULL);
}

void
cleanup_rewrite(struct cleanup *c, enum address_class class,
    const char *address, struct buf *out)
{
	if (*address == '\0') {
		buf_reset(out);
		return;
	}
	rewrite_internal(REWRITE_LOCAL, address, out);
	map_address(c, class, out);
}

void
cleanup_rewrite_header(struct cleanup *c, enum address_class class,
    const char *external, struct buf *out)
{
	struct buf completed = BUF_INIT, internal = BUF_INIT;

	rewrite_address(c->rule, external, &completed);
	if (address_map_rewrites(cleanup_tables.addresses) &&
	    (c->flags & CLEANUP_MAP) != 0) {
		address_unquote(&internal, completed.ptr);
		map_address(c, class, &internal);
		address_quote(out, internal.ptr);
	} else {
		buf_add(out, completed.ptr, completed.len);
	}
	buf_done(&completed);
	buf_done(&internal);
}

/* ---- virtual aliases ---- */

/* report_expansion - the sender asked to hear of success: the alias is as far as it goes */
static void
report_expansion(struct cleanup *c, const char *rcpt, const char *orig,
    const char *orcpt)
{
	struct queue_rcpt r = { rcpt, orig, orcpt, DSN_NOTIFY_SUCCESS, -1 };
	struct dsn dsn = { "2.0.0", "expanded", "alias expanded", "", "", "",
	    "" };
	struct err err = ERR_INIT;

	if (queue_log_append("trace", c->id.ptr, &r, &dsn, &err) == -1) {
		log_warning("%s: %s", c->id.ptr, err.text);
		cleanup_fail(c, CLEANUP_WRITE, NULL);
	}
}

/* answer_probe - an alias for many has no server to ask: it exists, and that is all */
static void
answer_probe(struct cleanup *c, const char *rcpt, const char *orig)
{
	struct queue_rcpt r = { rcpt, orig, "", 0, -1 };
	struct dsn dsn = { "2.0.0", "", "aliased to multiple recipients", "",
	    "", "", "" };
	struct agent_times times = { .arrival = c->arrival };

	times.active = times.handoff = times.connected = times.delivered =
	    clock_timeval();
	agent_log(c->id.ptr, c->sender.ptr, &r, "none", &times,
	    verify_report(&r, VERIFY_DELIVERABLE, dsn.reason), &dsn, 0);
	c->flags |= CLEANUP_DISCARD;
}

/* expand - the aliases of rcpt; false when they cannot be said */
static bool
expand(struct cleanup *c, const char *rcpt, struct address_items *list)
{
	switch (address_map_expand(cleanup_tables.addresses, c->id.ptr, rcpt,
	    list)) {
	case ALIAS_DONE:
		return true;
	case ALIAS_UNREASONABLE:
		cleanup_fail(c, CLEANUP_DEFER, "4.6.0 Alias expansion error");
		return false;
	case ALIAS_RETRY:
		cleanup_fail(c, CLEANUP_WRITE, NULL);
		return false;
	}
	return false;
}

/* deliver_to - one recipient, rewritten: through the aliases into the file */
static void
deliver_to(struct cleanup *c, const char *orcpt, unsigned notify,
    const char *orig, const char *rcpt)
{
	struct address_items list = ADDRESS_ITEMS_INIT;
	size_t i;

	if ((c->flags & CLEANUP_MAP) == 0 ||
	    !address_map_has_aliases(cleanup_tables.addresses)) {
		cleanup_add_rcpt(c, orcpt, notify, orig, rcpt);
		return;
	}
	/* A bounce goes to the address that could not be expanded. */
	if (!expand(c, rcpt, &list)) {
		cleanup_add_rcpt(c, orcpt, notify, orig, rcpt);
		address_items_done(&list);
		return;
	}
	if (c->is_probe && list.count > 1) {
		answer_probe(c, rcpt, orig);
		address_items_done(&list);
		return;
	}
	if ((notify & DSN_NOTIFY_SUCCESS) != 0 &&
	    (list.count > 1 || strcasecmp(list.items[0], rcpt) != 0)) {
		report_expansion(c, rcpt, orig, orcpt);
		notify &= ~(unsigned)DSN_NOTIFY_SUCCESS;
		if (notify == 0)
			notify = DSN_NOTIFY_NEVER;
	}
	for (i = 0; i < list.count; i++)
		cleanup_add_rcpt(c, orcpt, notify, orig, list.items[i]);
	address_items_done(&list);
}

/* ---- recipients, all the way ---- */

void
cleanup_extra_rcpt(struct cleanup *c, const char *rcpt, const char *orcpt,
    unsigned notify)
{
	struct buf address = BUF_INIT;

	cleanup_rewrite(c, CLASS_ENV_RCPT, *rcpt != '\0' ? rcpt :
	    params.empty_address_recipient, &address);
	deliver_to(c, orcpt, notify, address.ptr, address.ptr);
	buf_done(&address);
}

void
cleanup_bcc_rcpt(struct cleanup *c, const char *rcpt)
{
	cleanup_extra_rcpt(c, rcpt, "", DSN_NOTIFY_NEVER);
}

/* find_bcc - by one of the *_bcc_maps (16.3) */
static void
find_bcc(struct cleanup *c, enum address_bcc of, const char *address)
{
	struct buf value = BUF_INIT;

	if ((c->flags & CLEANUP_BCC) == 0)
		return;
	switch (address_map_bcc(cleanup_tables.addresses, of, c->id.ptr,
	    address, &value)) {
	case TABLE_FOUND:
		cleanup_bcc_rcpt(c, value.ptr);
		break;
	case TABLE_NOT_FOUND:
		break;
	case TABLE_RETRY:
	case TABLE_BROKEN:
		cleanup_fail(c, CLEANUP_WRITE, NULL);
		break;
	}
	buf_done(&value);
}

void
cleanup_sender_bcc(struct cleanup *c)
{
	find_bcc(c, BCC_OF_SENDER, c->sender.ptr);
}

void
cleanup_new_rcpt(struct cleanup *c, const char *rcpt)
{
	struct buf address = BUF_INIT;

	cleanup_rewrite(c, CLASS_ENV_RCPT, *rcpt != '\0' ? rcpt :
	    params.empty_address_recipient, &address);
	cleanup_note_utf8(c, address.ptr);
	buf_sets(&c->last_rcpt, address.ptr);
	if ((c->flags & CLEANUP_MILTER) != 0 && c->milters == NULL &&
	    *params.non_smtpd_milters != '\0')
		buf_add(&c->seen_by_milters, address.ptr, address.len + 1);
	if (c->dsn_orcpt.len == 0)
		buf_setf(&c->dsn_orcpt, "%s;%s",
		    (c->sendopts & SENDOPT_REQUESTED) != 0 &&
		    !text_is_ascii(address.ptr) ? "utf-8" : "rfc822",
		    address.ptr);
	deliver_to(c, c->dsn_orcpt.ptr, c->notify,
	    c->has_orig ? c->orig_rcpt.ptr : rcpt, address.ptr);
	find_bcc(c, BCC_OF_RECIPIENT, address.ptr);
	buf_done(&address);
}
