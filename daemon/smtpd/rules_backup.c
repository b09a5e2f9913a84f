/*
 * rules_backup.c - permit_mx_backup: mail for domains that name us as a backup
 *
 * DNS is anybody's to write: a domain may name us without asking. So we are a
 * backup only for those whose first mail exchangers are not ourselves and, if
 * permit_mx_backup_networks is set, stand in those networks.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/rules.h"

#include <resolv.h>
#include <stdlib.h>

#include "daemon/smtpd/env.h"
#include "daemon/smtpd/session.h"
#include "lib/base/buf.h"
#include "lib/mail/address.h"
#include "lib/net/dns.h"
#include "lib/net/netaddr.h"
#include "lib/route/rewrite.h"
#include "lib/table/match_list.h"

enum host { HOST_OTHER, HOST_OURS, HOST_UNKNOWN };

static enum restrict_result
cannot_tell(struct session *s, const char *what, const char *host,
    const char *why)
{
	return restrict_defer_if_reject(s, 450, "4.4.4", "<%s>: Recipient "
	    "address rejected: Unable to look up mail exchanger %s%s: %s",
	    s->rcpt, what, host, why);
}

static bool
is_own(const struct dns_answer *addrs)
{
	struct netaddr *own;
	size_t count = 0, i, j;
	bool found = false;

	own = netaddr_own(true, &count);
	for (i = 0; i < addrs->count && !found; i++)
		for (j = 0; j < count && !found; j++)
			found = netaddr_same_host(&addrs->rr[i].addr, own + j);
	free(own);
	return found;
}

/* Are all of these addresses in permit_mx_backup_networks? */
static bool
is_in_networks(const struct session *s, const struct dns_answer *addrs)
{
	char text[NETADDR_TEXT_SIZE];
	size_t i;

	for (i = 0; i < addrs->count; i++) {
		netaddr_text(&addrs->rr[i].addr, text);
		if (match_list_find(s->env->backup_networks, text, text) !=
		    TABLE_FOUND)
			return false;
	}
	return true;
}

/* The hosts with the preference that senders try first. */
static bool
may_be_primary(const struct session *s, const struct dns_answer *addrs)
{
	return !is_own(addrs) && (s->env->backup_networks == NULL ||
	    is_in_networks(s, addrs));
}

static enum restrict_result
judge_hosts(struct session *s, const struct dns_answer *mx)
{
	struct dns_answer addrs = { 0 };
	enum dns_result r;
	bool is_backup = false, is_allowed = true;
	uint16_t first = mx->rr[0].pref;
	size_t i;

	for (i = 0; i < mx->count; i++)
		if (mx->rr[i].pref < first)
			first = mx->rr[i].pref;
	for (i = 0; i < mx->count; i++) {
		r = dns_addresses(mx->rr[i].data, true, &addrs, NULL);
		if (r != DNS_FOUND) {
			dns_answer_done(&addrs);
			return cannot_tell(s, "host ", mx->rr[i].data,
			    dns_host_text(r));
		}
		if (mx->rr[i].pref == first)
			is_allowed &= may_be_primary(s, &addrs);
		else
			is_backup |= is_own(&addrs);
		dns_answer_done(&addrs);
	}
	return is_backup && is_allowed ? RESTRICT_PERMIT : RESTRICT_DUNNO;
}

static enum restrict_result
judge_domain(struct session *s, const char *domain)
{
	struct dns_answer mx = { 0 };
	enum restrict_result result = RESTRICT_DUNNO;

	switch (dns_query(domain, ns_t_mx, &mx, NULL)) {
	case DNS_FOUND:
		result = judge_hosts(s, &mx);
		break;
	case DNS_RETRY:
	case DNS_FAIL:
		result = cannot_tell(s, "information", "",
		    "Host not found, try again");
		break;
	default:
		break;
	}
	dns_answer_done(&mx);
	return result;
}

enum restrict_result
rule_mx_backup(struct session *s, const struct ask *a)
{
	enum restrict_result result = rule_permit_destination(s, a);
	struct resolve_reply r;
	const char *domain;

	if (result != RESTRICT_DUNNO)
		return result;
	rule_resolve(s, s->rcpt, &r);
	domain = address_domain(r.recipient->ptr);
	if (domain != NULL && domain[0] != '[')
		result = judge_domain(s, domain);
	resolve_reply_done(&r);
	return result;
}
