/*
 * rules_names.c - rules about the names that clients give: HELO and addresses
 *
 * Is it well-formed, is it complete, does DNS know it?
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/rules.h"

#include <resolv.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/smtpd/session.h"
#include "daemon/smtpd/unlisted.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/net/dns.h"
#include "lib/net/netaddr.h"
#include "lib/route/rewrite.h"

/* ---- HELO rules ---- */

/* A name without the dot that may end it. */
static char *
without_dot(const char *name)
{
	size_t len = strlen(name);

	return xstrndup(name, len > 1 && name[len - 1] == '.' ? len - 1 : len);
}

static bool
is_helo_name(const char *name)
{
	char *plain = without_dot(name);
	struct netaddr a;
	bool ok = address_is_hostname(plain) ||
	    address_is_literal(plain, NULL) ||
	    netaddr_parse(&a, plain, 0, NULL) == 0;

	free(plain);
	return ok;
}

enum restrict_result
rule_invalid_helo(struct session *s, const struct ask *a)
{
	(void)a;
	if (is_helo_name(s->helo))
		return RESTRICT_DUNNO;
	return restrict_reject(s, params.invalid_hostname_reject_code, "5.5.2",
	    "<%s>: Helo command rejected: %s", s->helo,
	    s->helo[0] == '[' ? "invalid ip address" : "Invalid name");
}

enum restrict_result
rule_non_fqdn_helo(struct session *s, const struct ask *a)
{
	char *plain = without_dot(s->helo);
	bool ok = address_is_literal(plain, NULL) || address_is_fqdn(plain);

	(void)a;
	free(plain);
	if (ok)
		return RESTRICT_DUNNO;
	return restrict_reject(s, params.non_fqdn_reject_code, "5.5.2",
	    "<%s>: Helo command rejected: need fully-qualified hostname",
	    s->helo);
}

/* Does a mail domain, or a host, exist? As DNS answers, MX first. */
static enum dns_result
domain_exists(const char *domain, bool wants_mx)
{
	struct dns_answer answer = { 0 };
	enum dns_result r = DNS_NO_DATA;

	if (wants_mx) {
		r = dns_query(domain, ns_t_mx, &answer, NULL);
		dns_answer_done(&answer);
		if (r != DNS_NO_DATA && r != DNS_NOT_FOUND)
			return r;
	}
	r = dns_addresses(domain, true, &answer, NULL);
	dns_answer_done(&answer);
	return r;
}

enum restrict_result
rule_tempfail(struct session *s, const char *action, int code,
    const char *dsn, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	enum restrict_result r;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	if (strcasecmp(action, "defer") == 0)
		r = restrict_reject(s, code, dsn, "%s", text.ptr);
	else
		r = restrict_defer_if_permit(s, code, dsn, "%s", text.ptr);
	buf_done(&text);
	return r;
}

enum restrict_result
rule_unknown_helo(struct session *s, const struct ask *a)
{
	(void)a;
	if (address_is_literal(s->helo, NULL))
		return RESTRICT_DUNNO;
	if (!address_is_hostname(s->helo))
		return restrict_reject(s, params.unknown_hostname_reject_code,
		    "4.7.1", "<%s>: Helo command rejected: Host not found",
		    s->helo);
	switch (domain_exists(s->helo, true)) {
	case DNS_FOUND:
	case DNS_NULL_MX:
		return RESTRICT_DUNNO;
	case DNS_RETRY:
		return rule_tempfail(s,
		    params.unknown_helo_hostname_tempfail_action, 450,
		    "4.7.1", "<%s>: Helo command rejected: Host not found",
		    s->helo);
	case DNS_FAIL:
		return restrict_reject(s, params.unknown_hostname_reject_code,
		    "4.7.1", "<%s>: Helo command rejected: Malformed DNS "
		    "server reply", s->helo);
	default:
		return restrict_reject(s, params.unknown_hostname_reject_code,
		    "4.7.1", "<%s>: Helo command rejected: Host not found",
		    s->helo);
	}
}

/* ---- sender and recipient rules; detail: CLASS_SENDER or CLASS_RCPT ---- */

const char *
rule_address(const struct session *s, int class)
{
	return class == CLASS_SENDER ? s->sender : s->rcpt;
}

enum restrict_result
rule_non_fqdn_address(struct session *s, const struct ask *a)
{
	const char *address = rule_address(s, a->detail), *domain;
	enum restrict_result r = RESTRICT_DUNNO;

	if (address[0] == '\0')
		return r;
	domain = address_domain(address);
	/* "postmaster" is an address everywhere (RFC 5321 4.5.1). */
	if (domain == NULL && a->detail == CLASS_RCPT &&
	    strcasecmp(address, "postmaster") == 0)
		return r;
	if (domain == NULL || (!address_is_literal(domain, NULL) &&
	    !address_is_fqdn(domain)))
		r = restrict_reject(s, params.non_fqdn_reject_code,
		    "5.5.2",
		    "<%s>: %s rejected: need fully-qualified address",
		    address, restrict_class_text(a->detail));
	return r;
}

static enum restrict_result
judge_domain(struct session *s, int class, const char *name,
    const char *domain)
{
	const char *dsn = class == CLASS_SENDER ? "4.1.8" : "4.1.2";
	const char *what = restrict_class_text(class);

	switch (domain_exists(domain, true)) {
	case DNS_FOUND:
		return RESTRICT_DUNNO;
	case DNS_NULL_MX:
		if (class == CLASS_SENDER)
			return restrict_reject(s, 550, "5.7.27", "<%s>: %s "
			    "rejected: Domain %s does not accept mail (nullMX)",
			    name, what, domain);
		return restrict_reject(s, 556, "5.1.10", "<%s>: %s rejected: "
		    "Domain %s does not accept mail (nullMX)", name, what,
		    domain);
	case DNS_RETRY:
		return rule_tempfail(s,
		    params.unknown_address_tempfail_action, 450, dsn,
		    "<%s>: %s rejected: Domain not found", name, what);
	case DNS_FAIL:
		return restrict_reject(s, params.unknown_address_reject_code,
		    dsn, "<%s>: %s rejected: Malformed DNS server reply", name,
		    what);
	default:
		return restrict_reject(s, params.unknown_address_reject_code,
		    dsn, "<%s>: %s rejected: Domain not found", name, what);
	}
}

enum restrict_result
rule_unknown_domain(struct session *s, const struct ask *a)
{
	const char *address = rule_address(s, a->detail), *domain;
	struct resolve_reply r;
	enum restrict_result result = RESTRICT_DUNNO;

	if (address[0] == '\0')
		return RESTRICT_DUNNO;
	rule_resolve(s, address, &r);
	if ((r.flags & RESOLVE_FAIL) != 0)
		result = rule_lookup_failure(s, address);
	else if ((r.flags & (RESOLVE_LOCAL | RESOLVE_ALIAS |
	    RESOLVE_MAILBOX)) == 0 &&
	    (domain = address_domain(r.recipient->ptr)) != NULL &&
	    domain[0] != '[')
		result = judge_domain(s, a->detail, address,
		    domain);
	resolve_reply_done(&r);
	return result;
}

enum restrict_result
rule_unlisted(struct session *s, const struct ask *a)
{
	const char *address = rule_address(s, a->detail);

	if (address[0] == '\0')
		return RESTRICT_DUNNO;
	if (a->detail == CLASS_RCPT)
		s->unlisted_done = true;
	return unlisted_check(s, address, (enum restrict_class)a->detail);
}
