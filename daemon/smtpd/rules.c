/*
 * rules.c - the single restrictions
 *
 * Every rule is one row of the table at the end: its name, what words it
 * takes and what must be known, and the function that decides.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/smtpd/access.h"
#include "daemon/smtpd/env.h"
#include "daemon/smtpd/policy.h"
#include "daemon/smtpd/session.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/net/netaddr.h"
#include "lib/route/rewrite.h"
#include "lib/table/match_list.h"
#include "lib/table/search.h"

/* ---- resolving ---- */

void
rule_resolve(const struct session *s, const char *address, struct resolve_reply *r)
{
	struct buf full = BUF_INIT;

	resolve_reply_init(r);
	rewrite_internal(REWRITE_LOCAL, address, &full);
	rewrite_resolve(s->sender != NULL ? s->sender : "", full.ptr, false, r);
	buf_done(&full);
}

enum restrict_result
rule_lookup_failure(struct session *s, const char *name)
{
	return restrict_reject(s, 451, "4.3.0", "<%s>: Temporary lookup "
	    "failure", name);
}

/* ---- generic rules ---- */

static enum restrict_result
rule_permit(struct session *s, const struct ask *a)
{
	(void)s, (void)a;
	return RESTRICT_PERMIT;
}

static enum restrict_result
rule_reject(struct session *s, const struct ask *a)
{
	return restrict_reject(s, params.reject_code, "5.7.1",
	    "<%s>: %s rejected: Access denied", a->reply_name,
	    restrict_class_text(a->class));
}

static enum restrict_result
rule_defer(struct session *s, const struct ask *a)
{
	return restrict_reject(s, params.defer_code, "4.3.2",
	    "<%s>: %s rejected: Try again later", a->reply_name,
	    restrict_class_text(a->class));
}

static enum restrict_result
rule_defer_if(struct session *s, const struct ask *a)
{
	if (a->detail)
		return restrict_defer_if_permit(s, 450, "4.7.0",
		    "<%s>: %s rejected: defer_if_permit requested",
		    a->reply_name, restrict_class_text(a->class));
	return restrict_defer_if_reject(s, 450, "4.7.0",
	    "<%s>: %s rejected: defer_if_reject requested", a->reply_name,
	    restrict_class_text(a->class));
}

static enum restrict_result
rule_sleep(struct session *s, const struct ask *a)
{
	int64_t seconds;

	if (num_parse_int(a->rule->arg, 0, 10000, &seconds, NULL) == -1) {
		log_warning("restriction sleep must be followed by number");
		return restrict_server_error(s);
	}
	s->sleep_s += (int)seconds;
	return RESTRICT_DUNNO;
}

static enum restrict_result
rule_pipelining(struct session *s, const struct ask *a)
{
	const char *data;

	/* RFC 2920 3.1: a group may hold what is announced, and only after EHLO. */
	if (s->pending == NULL || s->pending(s->pending_ctx, &data) == 0)
		return RESTRICT_DUNNO;
	if (strcmp(s->protocol, "ESMTP") == 0 &&
	    strcmp(s->where, "DATA") != 0 && strcmp(s->where, "EHLO") != 0 &&
	    strcmp(s->where, "CONNECT") != 0 && strcmp(s->where, "ETRN") != 0 &&
	    strcmp(s->where, "VRFY") != 0)
		return RESTRICT_DUNNO;
	return restrict_reject_for(s, FAULT_PROTOCOL, 503, "5.5.0", "<%s>: %s "
	    "rejected: Improper use of SMTP command pipelining",
	    a->reply_name, restrict_class_text(a->class));
}

static enum restrict_result
rule_policy(struct session *s, const struct ask *a)
{
	if (strcmp(a->rule->arg, a->rule->name) == 0) {
		log_warning("restriction %s must be followed by "
		    "transport:server", a->rule->name);
		return restrict_server_error(s);
	}
	return policy_check(s, a->rule->arg, a->reply_name, a->class);
}

/* ---- client rules ---- */

static enum restrict_result
rule_mynetworks(struct session *s, const struct ask *a)
{
	(void)a;
	switch (match_list_find(s->env->mynetworks, s->peer.addr,
	    s->peer.addr)) {
	case TABLE_FOUND:
		return RESTRICT_PERMIT;
	case TABLE_NOT_FOUND:
		return RESTRICT_DUNNO;
	default:
		return restrict_server_error(s);
	}
}

static enum restrict_result
rule_own_address(struct session *s, const struct ask *a)
{
	struct netaddr client, *own;
	enum restrict_result result = RESTRICT_DUNNO;
	size_t count = 0, i;

	(void)a;
	if (netaddr_parse(&client, s->peer.addr, 0, NULL) == -1)
		return RESTRICT_DUNNO;
	own = netaddr_own(false, &count);
	for (i = 0; i < count && result == RESTRICT_DUNNO; i++)
		if (netaddr_same_host(own + i, &client))
			result = RESTRICT_PERMIT;
	free(own);
	return result;
}

static enum restrict_result
rule_unknown_client(struct session *s, const struct ask *a)
{
	/* detail: whether the reverse name alone is asked for */
	enum peer_name status = a->detail ? s->peer.reverse_status :
	    s->peer.name_status;
	char dsn[16];
	int code = params.unknown_client_reject_code;

	if (status == PEER_NAME_OK)
		return RESTRICT_DUNNO;
	if (status == PEER_NAME_RETRY)
		code = 450;
	snprintf(dsn, sizeof(dsn), "%c.7.%d", '0' + code / 100,
	    a->detail ? 1 : 25);
	return restrict_reject(s, code, dsn, "Client host rejected: cannot "
	    "find your %shostname, [%s]", a->detail ? "reverse " : "",
	    s->peer.addr);
}

/* What we do not take for a route, the next system may. */
static bool
is_routed(const struct resolve_reply *r)
{
	const char *domain = address_domain(r->recipient->ptr);
	size_t local = domain != NULL ? (size_t)(domain - 1 -
	    r->recipient->ptr) : r->recipient->len;

	return (r->flags & RESOLVE_ROUTED) != 0 ||
	    strcspn(r->recipient->ptr, "@%!") < local;
}

/* Is the recipient ours, in whatever class? -1: cannot tell now. */
static int
is_authorized_destination(struct session *s)
{
	struct resolve_reply r;
	int is_ours;

	rule_resolve(s, s->rcpt, &r);
	if ((r.flags & RESOLVE_FAIL) != 0)
		is_ours = -1;
	else if (address_domain(r.recipient->ptr) == NULL)
		is_ours = 1;
	else if (is_routed(&r) && !params.allow_untrusted_routing)
		is_ours = 0;	/* user%elsewhere@here must not open a relay */
	else
		is_ours = (r.flags & (RESOLVE_LOCAL | RESOLVE_ALIAS |
		    RESOLVE_MAILBOX | RESOLVE_RELAY)) != 0;
	resolve_reply_done(&r);
	return is_ours;
}

static enum restrict_result
rule_unauth_destination(struct session *s, const struct ask *a)
{
	enum restrict_result r = RESTRICT_DUNNO;
	int ours = is_authorized_destination(s);

	if (ours == -1)
		r = rule_lookup_failure(s, s->rcpt);
	else if (ours == 0 && a->detail)
		r = restrict_reject(s, params.relay_domains_reject_code,
		    "5.7.1", "<%s>: Relay access denied",
		    s->rcpt);
	else if (ours == 0)
		r = restrict_reject(s, 454, "4.7.1",
		    "<%s>: Relay access denied", s->rcpt);
	return r;
}

enum restrict_result
rule_permit_destination(struct session *s, const struct ask *a)
{
	enum restrict_result r = RESTRICT_DUNNO;
	int ours = is_authorized_destination(s);

	(void)a;
	if (ours == -1)
		r = rule_lookup_failure(s, s->rcpt);
	else if (ours == 1)
		r = RESTRICT_PERMIT;
	return r;
}

/* An old name for "ours, or nothing". */
static enum restrict_result
rule_relay_domains(struct session *s, const struct ask *a)
{
	enum restrict_result r;

	if (!s->said_obsolete)
		log_warning("support for restriction \"%s\" will be removed "
		    "from %s; use \"reject_unauth_destination\" instead",
		    a->rule->name, params.mail_name);
	s->said_obsolete = true;
	r = rule_permit_destination(s, a);
	if (r == RESTRICT_DUNNO)
		r = restrict_reject(s, params.relay_domains_reject_code,
		    "5.7.1", "<%s>: Recipient address rejected: Relay access "
		    "denied", s->rcpt);
	return r;
}

static enum restrict_result
rule_multi_bounce(struct session *s, const struct ask *a)
{
	int count = s->rcpt_count + (s->rcpt != NULL ? 1 : 0);

	if (s->sender == NULL || s->sender[0] != '\0' || count <= 1)
		return RESTRICT_DUNNO;
	return restrict_reject(s, params.multi_recipient_bounce_reject_code,
	    "5.5.3", "<%s>: %s rejected: Multi-recipient bounce",
	    a->reply_name, restrict_class_text(a->class));
}

/* ---- tables ---- */

static enum restrict_result
rule_access(struct session *s, const struct ask *a)
{
	const struct restrict_rule *rule = a->rule;
	struct resolve_reply r;
	const char *address;
	enum restrict_result result;

	switch ((enum restrict_class)a->detail) {
	case CLASS_CLIENT:
		return access_host(s, rule->maps, rule->arg, s->peer.name,
		    s->peer.addr, s->peer.namaddr, CLASS_CLIENT);
	case CLASS_HELO:
		return access_domain(s, rule->maps, rule->arg, s->helo,
		    s->helo, CLASS_HELO);
	case CLASS_ETRN:
		if (s->etrn_domain == NULL)
			return RESTRICT_DUNNO;
		return access_domain(s, rule->maps, rule->arg, s->etrn_domain,
		    s->etrn_domain, CLASS_ETRN);
	case CLASS_SENDER:
	case CLASS_RCPT:
		break;
	default:
		return RESTRICT_DUNNO;
	}
	address = rule_address(s, a->detail);
	if (address[0] == '\0')
		return access_mail(s, rule->maps, rule->arg, "", "",
		    CLASS_SENDER);
	rule_resolve(s, address, &r);
	if ((r.flags & RESOLVE_FAIL) != 0)
		result = rule_lookup_failure(s, address);
	else
		result = access_mail(s, rule->maps, rule->arg,
		    r.recipient->ptr, address,
		    (enum restrict_class)a->detail);
	/* A route through us must not ride on a permit for the first hop. */
	if (result == RESTRICT_PERMIT && a->detail == CLASS_RCPT &&
	    is_routed(&r) && !params.allow_untrusted_routing)
		result = RESTRICT_DUNNO;
	resolve_reply_done(&r);
	return result;
}

static enum restrict_result
rule_reverse_access(struct session *s, const struct ask *a)
{
	return access_domain(s, a->rule->maps, a->rule->arg,
	    s->peer.reverse_name, s->peer.namaddr, CLASS_CLIENT);
}

/* detail: class * 16 + kind of server; 8 is added for the reverse name */
#define SERVERS(class, type)	((class) * 16 + (type))
#define REVERSE			8

static enum restrict_result
rule_servers(struct session *s, const struct ask *a)
{
	enum restrict_class class = (enum restrict_class)(a->detail / 16);
	enum access_server type = (enum access_server)(a->detail & 7);
	const char *domain, *address;
	enum restrict_result r = RESTRICT_DUNNO;

	switch (class) {
	case CLASS_CLIENT:
		domain = (a->detail & REVERSE) != 0 ? s->peer.reverse_name :
		    s->peer.name;
		if (strcmp(domain, "unknown") == 0)
			return r;
		return access_servers(s, a->rule->maps, a->rule->arg, type,
		    domain, s->peer.namaddr, class);
	case CLASS_HELO:
		return access_servers(s, a->rule->maps, a->rule->arg, type,
		    s->helo, s->helo, class);
	default:
		address = rule_address(s, (int)class);
		if ((domain = address_domain(address)) != NULL)
			r = access_servers(s, a->rule->maps, a->rule->arg,
			    type, domain, address, class);
		return r;
	}
}

/* ---- the table of rules ---- */

#define S NEEDS_SENDER
#define R NEEDS_RCPT
#define H NEEDS_HELO
#define T TAKES_TABLE
#define W TAKES_WORD

static const struct restrict_verb verbs[] = {
	{ "permit",			0, 0, rule_permit },
	{ "reject",			GUARDS_RELAY, 0, rule_reject },
	{ "defer",			GUARDS_RELAY, 0, rule_defer },
	{ "defer_if_permit",		GUARDS_RELAY, 1, rule_defer_if },
	{ "defer_if_reject",		0, 0, rule_defer_if },
	{ "sleep",			W, 0, rule_sleep },
	{ "reject_unauth_pipelining",	0, 0, rule_pipelining },
	{ "reject_plaintext_session",	0, 0, rule_plaintext },
	{ "check_policy_service",	W, 0, rule_policy },

	{ "permit_mynetworks",		0, 0, rule_mynetworks },
	{ "permit_inet_interfaces",	0, 0, rule_own_address },
	{ "permit_sasl_authenticated",	0, 0, rule_permit_login },
	{ "permit_tls_clientcerts",	0, 0, rule_permit_cert },
	{ "permit_tls_all_clientcerts",	0, 1, rule_permit_cert },
	{ "check_ccert_access",		T, 0, rule_cert_access },
	{ "check_sasl_access",		T, 0, rule_login_access },
	{ "check_client_access",	T, CLASS_CLIENT, rule_access },
	{ "check_address_map",		T, CLASS_CLIENT, rule_access },
	{ "check_reverse_client_hostname_access", T, 0, rule_reverse_access },
	{ "reject_unknown_client",	0, 0, rule_unknown_client },
	{ "reject_unknown_client_hostname", 0, 0, rule_unknown_client },
	{ "reject_unknown_reverse_client_hostname", 0, 1, rule_unknown_client },
	{ "reject_rbl_client",		W, 'c', rule_dns_list },
	{ "reject_rhsbl_client",	W, 'n', rule_dns_list },
	{ "reject_rhsbl_reverse_client", W, 'v', rule_dns_list },
	{ "reject_rhsbl_helo",		W, 'h', rule_dns_list },
	{ "reject_rhsbl_sender",	W, 's', rule_dns_list },
	{ "reject_rhsbl_recipient",	W, 't', rule_dns_list },
	{ "permit_dnswl_client",	W, 'C', rule_dns_list },
	{ "permit_rhswl_client",	W, 'N', rule_dns_list },
	{ "reject_maps_rbl",		0, 0, rule_maps_rbl },

	{ "check_helo_access",		T | H, CLASS_HELO, rule_access },
	{ "reject_invalid_hostname",	H, 0, rule_invalid_helo },
	{ "reject_invalid_helo_hostname", H, 0, rule_invalid_helo },
	{ "reject_non_fqdn_hostname",	H, 0, rule_non_fqdn_helo },
	{ "reject_non_fqdn_helo_hostname", H, 0, rule_non_fqdn_helo },
	{ "reject_unknown_hostname",	H, 0, rule_unknown_helo },
	{ "reject_unknown_helo_hostname", H, 0, rule_unknown_helo },

	{ "check_sender_access",	T | S, CLASS_SENDER, rule_access },
	{ "reject_non_fqdn_sender",	S, CLASS_SENDER, rule_non_fqdn_address },
	{ "reject_unknown_address",	S, CLASS_SENDER, rule_unknown_domain },
	{ "reject_unknown_sender_domain", S, CLASS_SENDER, rule_unknown_domain },
	{ "reject_unlisted_sender",	S, CLASS_SENDER, rule_unlisted },
	{ "reject_unverified_sender",	S, CLASS_SENDER, rule_unverified },
	{ "reject_sender_login_mismatch", 0, MISMATCH_ANY,
	    rule_login_mismatch },
	{ "reject_unauthenticated_sender_login_mismatch", 0,
	    MISMATCH_STRANGER, rule_login_mismatch },
	{ "reject_known_sender_login_mismatch", 0, MISMATCH_KNOWN,
	    rule_login_mismatch },
	{ "reject_authenticated_sender_login_mismatch", 0, MISMATCH_USER,
	    rule_login_mismatch },

	{ "check_recipient_access",	T | R, CLASS_RCPT, rule_access },
	{ "reject_unauth_destination",	R | GUARDS_RELAY, 1,
	    rule_unauth_destination },
	{ "check_relay_domains",	R | GUARDS_RELAY, 0,
	    rule_relay_domains },
	{ "defer_unauth_destination",	R | GUARDS_RELAY, 0,
	    rule_unauth_destination },
	{ "permit_auth_destination",	R, 0, rule_permit_destination },
	{ "permit_mx_backup",		R, 0, rule_mx_backup },
	{ "reject_non_fqdn_recipient",	R, CLASS_RCPT, rule_non_fqdn_address },
	{ "reject_unknown_recipient_domain", R, CLASS_RCPT,
	    rule_unknown_domain },
	{ "reject_unlisted_recipient",	R, CLASS_RCPT, rule_unlisted },
	{ "check_recipient_maps",	R, CLASS_RCPT, rule_unlisted },
	{ "reject_unverified_recipient", R, CLASS_RCPT, rule_unverified },
	{ "reject_multi_recipient_bounce", 0, 0, rule_multi_bounce },
	{ "check_etrn_access",		T, CLASS_ETRN, rule_access },

	{ "check_client_a_access",	T, SERVERS(CLASS_CLIENT, ACCESS_A),
	    rule_servers },
	{ "check_client_mx_access",	T, SERVERS(CLASS_CLIENT, ACCESS_MX),
	    rule_servers },
	{ "check_client_ns_access",	T, SERVERS(CLASS_CLIENT, ACCESS_NS),
	    rule_servers },
	{ "check_reverse_client_hostname_a_access", T,
	    SERVERS(CLASS_CLIENT, ACCESS_A) + REVERSE, rule_servers },
	{ "check_reverse_client_hostname_mx_access", T,
	    SERVERS(CLASS_CLIENT, ACCESS_MX) + REVERSE, rule_servers },
	{ "check_reverse_client_hostname_ns_access", T,
	    SERVERS(CLASS_CLIENT, ACCESS_NS) + REVERSE, rule_servers },
	{ "check_helo_a_access",	T | H, SERVERS(CLASS_HELO, ACCESS_A),
	    rule_servers },
	{ "check_helo_mx_access",	T | H, SERVERS(CLASS_HELO, ACCESS_MX),
	    rule_servers },
	{ "check_helo_ns_access",	T | H, SERVERS(CLASS_HELO, ACCESS_NS),
	    rule_servers },
	{ "check_sender_a_access",	T | S, SERVERS(CLASS_SENDER, ACCESS_A),
	    rule_servers },
	{ "check_sender_mx_access",	T | S, SERVERS(CLASS_SENDER, ACCESS_MX),
	    rule_servers },
	{ "check_sender_ns_access",	T | S, SERVERS(CLASS_SENDER, ACCESS_NS),
	    rule_servers },
	{ "check_recipient_a_access",	T | R, SERVERS(CLASS_RCPT, ACCESS_A),
	    rule_servers },
	{ "check_recipient_mx_access",	T | R, SERVERS(CLASS_RCPT, ACCESS_MX),
	    rule_servers },
	{ "check_recipient_ns_access",	T | R, SERVERS(CLASS_RCPT, ACCESS_NS),
	    rule_servers },
};

#undef S
#undef R
#undef H
#undef T
#undef W

const struct restrict_verb *
rule_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcasecmp(name, verbs[i].name) == 0)
			return verbs + i;
	return NULL;
}
