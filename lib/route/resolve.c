/*
 * resolve.c - where does mail for an address go?
 *
 *	address -> strip our own domains -> class -> transport, nexthop
 *	                                               ^ transport_maps
 *	                                               ^ relocated_maps
 *
 * A domain of ours with a route in front of it ("user%other@us") is peeled off
 * and the rest looked at again; what remains decides the class. Each class has
 * a transport in main.cf; probes of the address verifier may have others.
 * Spec: tables.md 16.5.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/route/rewrite.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/conf/service_line.h"
#include "lib/mail/address.h"
#include "lib/mail/dsn.h"
#include "lib/route/resolve_cache.h"
#include "lib/route/resolve_internal.h"
#include "lib/route/rewrite_client.h"
#include "lib/route/rewrite_internal.h"
#include "lib/route/route_trace.h"
#include "lib/table/local_domain.h"
#include "lib/table/maps.h"
#include "lib/table/match_list.h"
#include "lib/table/search.h"

/* What a probe may have of its own. */
struct routing {
	const char	*local_transport, *virtual_transport,
			*relay_transport, *default_transport, *relayhost;
	struct maps	*transports;
	struct maps	*sender_relayhosts;
	struct maps	*sender_transports;
	const char	*relayhosts_name, *sender_transports_name,
			*transports_name;
};

static struct routing	 normal, probe;
static struct match_list *alias_domains, *mailbox_domains,
			*relay_domains;
static struct maps	*relocated;
static bool		 is_open;

/* ---- opening ---- */

static struct maps *
open_maps(const char *name, const char *list, struct maps *same,
    const char *same_list)
{
	if (same != NULL && strcmp(list, same_list) == 0)
		return same;
	return maps_open(name, list, SEARCH_ROUTING);
}

static void
open_normal(struct routing *r)
{
	r->local_transport = params.local_transport;
	r->virtual_transport = params.virtual_transport;
	r->relay_transport = params.relay_transport;
	r->default_transport = params.default_transport;
	r->relayhost = params.relayhost;
	r->transports_name = "transport_maps";
	r->relayhosts_name = "sender_dependent_relayhost_maps";
	r->sender_transports_name = "sender_dependent_default_transport_maps";
	r->transports = open_maps(r->transports_name, params.transport_maps,
	    NULL, NULL);
	r->sender_relayhosts = open_maps(r->relayhosts_name,
	    params.sender_dependent_relayhost_maps, NULL, NULL);
	r->sender_transports = open_maps(r->sender_transports_name,
	    params.sender_dependent_default_transport_maps, NULL, NULL);
}

static void
open_probe(struct routing *r)
{
	r->local_transport = params.address_verify_local_transport;
	r->virtual_transport = params.address_verify_virtual_transport;
	r->relay_transport = params.address_verify_relay_transport;
	r->default_transport = params.address_verify_default_transport;
	r->relayhost = params.address_verify_relayhost;
	r->transports_name = "address_verify_transport_maps";
	r->relayhosts_name = "address_verify_sender_dependent_relayhost_maps";
	r->sender_transports_name =
	    "address_verify_sender_dependent_default_transport_maps";
	r->transports = open_maps(r->transports_name,
	    params.address_verify_transport_maps, normal.transports,
	    params.transport_maps);
	r->sender_relayhosts = open_maps(r->relayhosts_name,
	    params.address_verify_sender_dependent_relayhost_maps,
	    normal.sender_relayhosts, params.sender_dependent_relayhost_maps);
	r->sender_transports = open_maps(r->sender_transports_name,
	    params.address_verify_sender_dependent_default_transport_maps,
	    normal.sender_transports,
	    params.sender_dependent_default_transport_maps);
}

void
rewrite_init(void)
{
	if (is_open)
		return;
	rewrite_asks_service = !service_line_is_plain(
	    params.rewrite_service_name, "rewrite", "trivial-rewrite");
	if (rewrite_asks_service)
		is_open = true;
	else
		rewrite_init_service();
}

void
rewrite_init_service(void)
{
	if (is_open)
		return;
	is_open = true;
	alias_domains = match_list_new("virtual_alias_domains", MATCH_STRING,
	    params.virtual_alias_domains);
	mailbox_domains = match_list_new("virtual_mailbox_domains",
	    MATCH_STRING, params.virtual_mailbox_domains);
	relay_domains = match_list_new("relay_domains", MATCH_DOMAIN,
	    params.relay_domains);
	relocated = maps_open("relocated_maps", params.relocated_maps,
	    SEARCH_ADDRESSES);
	open_normal(&normal);
	open_probe(&probe);
}

/* ---- domains ---- */

/* is_in - a match list's answer; a failure sets RESOLVE_FAIL */
static bool
is_in(struct match_list *list, const char *name, const char *domain,
    unsigned *flags)
{
	switch (match_list_find(list, domain, NULL)) {
	case TABLE_FOUND:
		return true;
	case TABLE_NOT_FOUND:
		return false;
	case TABLE_RETRY:
	case TABLE_BROKEN:
		log_warning("%s lookup failure", name);
		*flags |= RESOLVE_FAIL;
		return false;
	}
	return false;
}

static void
warn_both(const char *domain, const char *one, const char *other)
{
	log_warning("do not list domain %s in BOTH %s and %s", domain, one,
	    other);
}

/* ---- telling ---- */

/* tell_class - the class, and what in which list made it so; NULL: mydestination */
static void
tell_class(const struct question *q, const char *class, const char *parameter,
    const struct match_list *list)
{
	struct buf note = BUF_INIT;

	if (route_trace_to == NULL)
		return;
	if (list != NULL)
		match_list_describe(list, &note);
	else if (!q->has_domain)
		buf_adds(&note, "no domain: this machine");
	else
		parameter = local_domain_describe(&note);
	resolve_tell(q, "class", class, parameter, note.ptr);
	buf_done(&note);
}

/* tell_way - transport and, where the value holds one, next hop */
static void
tell_way(const struct question *q, const struct resolve_reply *r,
    const char *parameter)
{
	resolve_tell(q, "transport", r->transport->ptr, parameter, NULL);
	if (r->nexthop->len > 0)
		resolve_tell(q, "nexthop", r->nexthop->ptr, parameter, NULL);
}

/* ---- from the domain to the transport ---- */

/* set_transport - "transport:nexthop"; false when there is no transport in it */
static bool
set_transport(struct resolve_reply *r, const char *value)
{
	const char *colon = strchr(value, ':');

	if (colon == value || *value == '\0')
		return false;
	if (colon == NULL) {
		buf_sets(r->transport, value);
		buf_reset(r->nexthop);
	} else {
		buf_set(r->transport, value, (size_t)(colon - value));
		buf_sets(r->nexthop, colon + 1);
	}
	return true;
}

/*
 * by_sender - search a sender_dependent_* table
 *
 * Returns true when it has a word to say; value is that.
 */
static bool
by_sender(struct question *q, struct maps *maps, const char *name,
    const char *null_key, struct buf *value)
{
	enum table_result found;

	if (maps_is_empty(maps))
		return false;
	found = search_sender(maps, q->sender, null_key, value);
	if (found == TABLE_NOT_FOUND)
		return false;
	if (found != TABLE_FOUND) {
		log_warning("%s lookup failure", name);
		q->flags |= RESOLVE_FAIL;
		return false;
	}
	return strcasecmp(value->ptr, "DUNNO") != 0;
}

/* send_out - transport and relayhost of a destination that is not ours */
static void
send_out(struct question *q, struct resolve_reply *r)
{
	const struct routing *how = q->routing;
	struct buf value = BUF_INIT;
	unsigned failed = 0;

	if (is_in(relay_domains, "relay_domains", q->domain.ptr, &failed)) {
		q->flags |= RESOLVE_RELAY;
		tell_class(q, "relay", "relay_domains", relay_domains);
		set_transport(r, how->relay_transport);
		tell_way(q, r, "relay_transport");
	} else {
		q->flags |= RESOLVE_DEFAULT | failed;
		resolve_tell(q, "class", "default", NULL,
		    "a domain of no list of ours");
		set_transport(r, how->default_transport);
		tell_way(q, r, "default_transport");
		if (by_sender(q, how->sender_transports,
		    how->sender_transports_name,
		    params.empty_address_default_transport_maps_lookup_key,
		    &value)) {
			if (set_transport(r, value.ptr)) {
				tell_way(q, r, how->sender_transports_name);
			} else {
				log_warning("%s: null transport is not "
				    "allowed: %s",
				    how->sender_transports_name, value.ptr);
				q->flags |= RESOLVE_FAIL;
			}
		}
	}
	if (r->nexthop->len == 0) {
		if (by_sender(q, how->sender_relayhosts, how->relayhosts_name,
		    params.empty_address_relayhost_maps_lookup_key, &value)) {
			buf_sets(r->nexthop, value.ptr);
			resolve_tell(q, "nexthop", value.ptr, how->relayhosts_name,
			    NULL);
		} else if (*how->relayhost != '\0') {
			buf_sets(r->nexthop, how->relayhost);
			resolve_tell(q, "nexthop", how->relayhost, "relayhost", NULL);
		}
	}
	buf_done(&value);
}

/* classify - the address class, and what main.cf says for it */
static void
classify(struct question *q, struct resolve_reply *r)
{
	const char *domain = q->domain.ptr;
	unsigned failed = 0;

	if (q->is_local) {
		q->flags |= RESOLVE_LOCAL;
		tell_class(q, "local", NULL, NULL);
		set_transport(r, q->routing->local_transport);
		tell_way(q, r, "local_transport");
		if (is_in(alias_domains, "virtual_alias_domains", domain,
		    &failed))
			warn_both(domain, "mydestination",
			    "virtual_alias_domains");
		if (is_in(mailbox_domains, "virtual_mailbox_domains", domain,
		    &failed))
			warn_both(domain, "mydestination",
			    "virtual_mailbox_domains");
	} else if (is_in(alias_domains, "virtual_alias_domains", domain,
	    &q->flags)) {
		q->flags |= RESOLVE_ALIAS;
		buf_sets(r->transport, "error");
		buf_setf(r->nexthop, "5.1.1 User unknown%s",
		    params.show_user_unknown_table_name ?
		    " in virtual alias table" : "");
		tell_class(q, "virtual alias", "virtual_alias_domains",
		    alias_domains);
		resolve_tell(q, "error", r->nexthop->ptr, NULL,
		    "no virtual alias has it");
		if (is_in(mailbox_domains, "virtual_mailbox_domains", domain,
		    &failed))
			warn_both(domain, "virtual_alias_domains",
			    "virtual_mailbox_domains");
		if (is_in(relay_domains, "relay_domains", domain, &failed))
			warn_both(domain, "virtual_alias_domains",
			    "relay_domains");
	} else if (is_in(mailbox_domains, "virtual_mailbox_domains", domain,
	    &q->flags)) {
		q->flags |= RESOLVE_MAILBOX;
		tell_class(q, "virtual mailbox", "virtual_mailbox_domains",
		    mailbox_domains);
		set_transport(r, q->routing->virtual_transport);
		tell_way(q, r, "virtual_transport");
		if (is_in(relay_domains, "relay_domains", domain, &failed))
			warn_both(domain, "virtual_mailbox_domains",
			    "relay_domains");
	} else {
		send_out(q, r);
	}
	if (r->nexthop->len == 0) {
		buf_sets(r->nexthop, domain);
		resolve_tell(q, "nexthop", domain, NULL, "the recipient's domain");
	}
}

/* by_recipient - let transport_maps change transport and nexthop */
static void
by_recipient(struct question *q, struct resolve_reply *r)
{
	struct maps *maps = q->routing->transports;
	struct buf value = BUF_INIT;
	enum table_result found;
	const char *nexthop;

	if (maps_is_empty(maps) || (q->flags & RESOLVE_ALIAS) != 0)
		return;
	if (q->is_null) {
		log_warning("null address: skipping %s lookup",
		    q->routing->transports_name);
		return;
	}
	found = search_transport(maps, r->recipient->ptr, &value);
	if (found == TABLE_FOUND) {
		nexthop = strchr(value.ptr, ':');
		if (nexthop != value.ptr) {
			set_transport(r, value.ptr);
			if (r->nexthop->len > 0)
				;
			else if (strcmp(r->transport->ptr, "error") == 0 ||
			    strcmp(r->transport->ptr, "retry") == 0)
				buf_sets(r->nexthop,
				    "Address is undeliverable");
			else
				buf_sets(r->nexthop, q->domain.ptr);
			tell_way(q, r, q->routing->transports_name);
		} else if (nexthop[1] != '\0') {
			buf_sets(r->nexthop, nexthop + 1);
			resolve_tell(q, "nexthop", nexthop + 1,
			    q->routing->transports_name, NULL);
		}
	} else if (found != TABLE_NOT_FOUND) {
		log_warning("%s lookup failure", q->routing->transports_name);
		q->flags |= RESOLVE_FAIL;
	}
	buf_done(&value);
}

/* by_move - a user who has left */
static void
by_move(struct question *q, struct resolve_reply *r)
{
	struct buf value = BUF_INIT;

	if (maps_is_empty(relocated) || q->is_null)
		return;
	switch (search_person(relocated, r->recipient->ptr, &value)) {
	case TABLE_NOT_FOUND:
		break;
	case TABLE_FOUND:
		buf_sets(r->transport, "error");
		if (params.relocated_prefix_enable) {
			buf_setf(r->nexthop, "5.1.6 User has moved to %s",
			    value.ptr);
		} else if (dsn_status_len(value.ptr) > 0) {
			buf_sets(r->nexthop, value.ptr);
		} else {
			log_warning("relocated_maps result must contain "
			    "RFC 3463 status and text: '%s'", value.ptr);
			buf_sets(r->nexthop, "5.2.0 Mailbox is unavailable");
		}
		resolve_tell(q, "relocated", r->nexthop->ptr, "relocated_maps", NULL);
		break;
	case TABLE_RETRY:
	case TABLE_BROKEN:
		log_warning("relocated_maps lookup failure");
		q->flags |= RESOLVE_FAIL;
		break;
	}
	buf_done(&value);
}

static void
resolve(struct question *q, const char *address, struct resolve_reply *r)
{
	struct buf external = BUF_INIT;

	if (params.resolve_dequoted_address) {
		path_set_raw(&q->path, address);
	} else {
		address_quote(&external, address);
		path_set(&q->path, external.ptr);
		buf_done(&external);
	}
	resolve_peel(q);
	if (!q->is_local && (q->flags & (RESOLVE_ERROR | RESOLVE_FAIL)) == 0)
		resolve_check_domain(q);
	if (params.smtputf8_enable &&
	    !text_is_utf8(q->path.text.ptr, q->path.text.len))
		q->flags |= RESOLVE_ERROR;
	buf_set(r->recipient, q->path.text.ptr, q->path.text.len);
	if ((q->flags & RESOLVE_ERROR) != 0) {
		q->flags |= RESOLVE_DEFAULT;
		buf_sets(r->transport, "error");
		buf_sets(r->nexthop, "5.1.3 bad address syntax");
		resolve_tell(q, "error", r->nexthop->ptr, NULL, NULL);
		return;
	}
	if (resolve_is_routed(q))
		q->flags |= RESOLVE_ROUTED;
	classify(q, r);
	by_recipient(q, r);
	by_move(q, r);
	/* A program might take it for an option. */
	if (!params.allow_min_user && q->path.text.ptr[0] == '-') {
		q->flags |= RESOLVE_ERROR;
		resolve_tell(q, "error", "5.1.3 bad address syntax", "allow_min_user",
		    "begins with '-'");
	}
}

/* ---- the whole ---- */

/* answer_key - all that the answer depends on */
static void
answer_key(struct buf *key, const struct routing *how, const char *sender,
    const char *address)
{
	/* Of a service we cannot know. */
	bool by_the_sender = rewrite_asks_service ||
	    !maps_is_empty(how->sender_relayhosts) ||
	    !maps_is_empty(how->sender_transports);

	buf_addc(key, how == &probe ? 'p' : 'n');
	if (by_the_sender)
		buf_adds(key, sender);
	buf_addc(key, '\n');
	buf_adds(key, address);
}

/* fail_resolve - the service does not answer: that is for later */
static void
fail_resolve(const char *address, struct resolve_reply *out)
{
	buf_sets(out->transport, "retry");
	buf_sets(out->nexthop, "4.3.5 address resolver failure");
	buf_sets(out->recipient, address);
	out->flags = RESOLVE_FAIL;
}

void
rewrite_resolve(const char *sender, const char *address, bool is_probe,
    struct resolve_reply *out)
{
	struct question q = {
		.routing = is_probe ? &probe : &normal,
		.is_probe = is_probe, .sender = sender,
		.path = PATH_INIT, .domain = BUF_INIT
	};
	struct buf key = BUF_INIT;
	int64_t now = clock_mono_ms();

	rewrite_init();
	answer_key(&key, q.routing, sender, address);
	/* Whoever wants to know why wants to know it every time. */
	if (route_trace_to == NULL && resolve_cache_get(&key, now, out)) {
		buf_done(&key);
		return;
	}
	buf_reset(out->transport);
	buf_reset(out->nexthop);
	if (!rewrite_asks_service) {
		resolve(&q, address, out);
		out->flags = q.flags;
	} else if (!rewrite_client_resolve(sender, address, is_probe, out)) {
		fail_resolve(address, out);
	}
	/* A failure is worth asking again. */
	if ((out->flags & RESOLVE_FAIL) == 0)
		resolve_cache_put(&key, now, out);
	path_done(&q.path);
	buf_done(&q.domain);
	buf_done(&key);
}

void
resolve_reply_init(struct resolve_reply *r)
{
	r->transport = xcalloc(3, sizeof(struct buf));
	r->nexthop = r->transport + 1;
	r->recipient = r->transport + 2;
	buf_init(r->transport);
	buf_init(r->nexthop);
	buf_init(r->recipient);
	r->flags = 0;
}

void
resolve_reply_done(struct resolve_reply *r)
{
	buf_done(r->transport);
	buf_done(r->nexthop);
	buf_done(r->recipient);
	free(r->transport);
}

bool
rewrite_needs_server(void)
{
	static const char *const types[] = { "ldap:", "mysql:", "pgsql:",
	    "mongodb:", "redis:", "memcache:", "socketmap:", "tcp:",
	    "proxy:" };
	const char *const lists[] = {
		params.mydestination, params.virtual_alias_domains,
		params.virtual_mailbox_domains, params.relay_domains,
		params.relocated_maps, params.transport_maps,
		params.sender_dependent_relayhost_maps,
		params.sender_dependent_default_transport_maps,
		params.address_verify_transport_maps,
		params.address_verify_sender_dependent_relayhost_maps,
		params.address_verify_sender_dependent_default_transport_maps,
	};
	size_t i, t;

	if (rewrite_asks_service)
		return true;
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (t = 0; t < sizeof(types) / sizeof(types[0]); t++)
			if (strstr(lists[i], types[t]) != NULL)
				return true;
	return false;
}
