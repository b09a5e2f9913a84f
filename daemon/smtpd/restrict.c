/*
 * restrict.c - restriction lists: parse, evaluate, reject
 *
 * Every rule is one row of a table: its name, what words it takes, and the
 * function that decides. Rules about something not yet known (the sender at
 * HELO, say) decide nothing. A lookup that fails never lets mail in that a
 * working one would have kept out: it is remembered, and what would have been
 * a permit becomes a "try again later".
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/restrict.h"

#include <ctype.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/cleanup/cleanup.h"
#include "daemon/rewrite/rewrite.h"
#include "daemon/smtpd/access.h"
#include "daemon/smtpd/env.h"
#include "daemon/smtpd/policy.h"
#include "daemon/smtpd/session.h"
#include "daemon/smtpd/unlisted.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/net/dns.h"
#include "lib/net/netaddr.h"
#include "lib/table/maps.h"
#include "lib/table/match_list.h"

#define DEPTH_MAX	100	/* rules within rules */

enum verb_needs {
	TAKES_TABLE	= 1,
	TAKES_WORD	= 2,
	GUARDS_RELAY	= 4,	/* refuses strangers' mail for strangers */
	NEEDS_HELO	= 8,	/* decides nothing before it is known */
	NEEDS_SENDER	= 16,
	NEEDS_RCPT	= 32
};

struct ask {			/* one rule being evaluated */
	const struct restrict_rule *rule;
	const char	*reply_name;
	enum restrict_class class;
	int		 detail;	/* of the verb's row */
};

struct restrict_verb {
	const char	*name;
	unsigned	 needs;
	int		 detail;
	enum restrict_result (*run)(struct session *s, const struct ask *a);
};

static const char *const class_texts[] = {
	[CLASS_CLIENT] = "Client host", [CLASS_HELO] = "Helo command",
	[CLASS_SENDER] = "Sender address", [CLASS_RCPT] = "Recipient address",
	[CLASS_DATA] = "Data command", [CLASS_EOD] = "End-of-data",
	[CLASS_ETRN] = "Etrn command"
};

const char *
restrict_class_text(enum restrict_class class)
{
	return class_texts[class];
}

/* ---- refusing ---- */

void
restrict_dsn(char out[16], const char *dsn, enum restrict_class class)
{
	/* RFC 3463 3.2: address status, index is the detail of X.1.detail. */
	static const char *const sender[] = { "1.0", "1.7", "1.8", "1.7",
	    "1.7", "1.0", "1.7", "1.7", "1.8" };
	static const char *const rcpt[] = { "1.0", "1.1", "1.2", "1.3", "1.4",
	    "1.5", "1.6", "1.3", "1.2" };
	const char *fit = "0.0";
	int detail;

	snprintf(out, 16, "%s", dsn);
	if (strncmp(dsn + 1, ".1.", 3) != 0)
		return;
	detail = atoi(dsn + 4);
	if (class == CLASS_SENDER)
		fit = detail <= 8 ? sender[detail] :
		    detail == 10 ? "1.10" : "1.0";
	else if (class == CLASS_RCPT)
		fit = detail <= 8 ? rcpt[detail] :
		    detail == 10 ? "1.10" : "1.0";
	if (strcmp(dsn + 2, fit) == 0)
		return;
	snprintf(out, 16, "%c.%s", dsn[0], fit);
	log_info("mapping DSN status %s into %s status %s", dsn,
	    class_texts[class], out);
}

static void
add_address(struct buf *line, const char *what, const char *address)
{
	struct buf text = BUF_INIT;

	if (address == NULL)
		return;
	if (address[0] != '\0')
		address_quote(&text, address);
	buf_addf(line, " %s=<%s>", what, text.ptr);
	buf_done(&text);
}

void
restrict_log(struct session *s, const char *what, const char *text)
{
	struct buf line = BUF_INIT;

	buf_addf(&line, "%s: %s: %s from %s: %s;",
	    s->queue_id != NULL ? s->queue_id : "NOQUEUE", what, s->where,
	    s->peer.namaddr, text);
	add_address(&line, "from", s->sender);
	add_address(&line, "to", s->rcpt != NULL ? s->rcpt :
	    s->rcpt_count == 1 ? s->first_rcpt : NULL);
	buf_addf(&line, " proto=%s", s->protocol);
	if (s->helo != NULL)
		buf_addf(&line, " helo=<%s>", s->helo);
	log_info("%s", line.ptr);
	buf_done(&line);
}

/* Refuse with what is in s->reject after "CODE DSN ". */
static enum restrict_result
refuse(struct session *s, int code, const char *dsn, const char *text)
{
	struct buf reply = BUF_INIT;
	char status[16];

	snprintf(status, sizeof(status), "%s", dsn);
	if (s->if_reject.is_active && s->warn_depth == 0 && code / 100 == 5) {
		code = s->if_reject.code;
		snprintf(status, sizeof(status), "%s", s->if_reject.dsn);
		text = s->if_reject.text;
	}
	if (params.soft_bounce && code / 100 == 5) {
		code -= 100;
		status[0] = '4';
	}
	/* Code and status must not contradict each other (RFC 2034 4). */
	if ((code / 100 == 4 || code / 100 == 5) &&
	    status[0] != '0' + code / 100)
		status[0] = (char)('0' + code / 100);
	buf_addf(&reply, "%d %s ", code, status);
	text_printable(&reply, text, strlen(text), params.smtputf8_enable);
	restrict_log(s, s->warn_depth > 0 ? "reject_warning" : "reject",
	    reply.ptr);
	if (s->warn_depth > 0) {
		buf_done(&reply);
		return RESTRICT_DUNNO;
	}
	buf_swap(&s->reject, &reply);
	buf_done(&reply);
	return RESTRICT_REJECT;
}

enum restrict_result
restrict_reject(struct session *s, int code, const char *dsn, const char *fmt,
    ...)
{
	struct buf text = BUF_INIT;
	enum restrict_result result;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	result = refuse(s, code, dsn, text.ptr);
	buf_done(&text);
	return result;
}

static enum restrict_result
remember(struct session *s, struct deferral *d, int code, const char *dsn,
    const char *fmt, va_list ap)
{
	struct buf text = BUF_INIT;

	buf_vaddf(&text, fmt, ap);
	if (s->warn_depth > 0) {
		struct buf line = BUF_INIT;

		buf_setf(&line, "%d %s %s", code, dsn, text.ptr);
		restrict_log(s, "reject_warning", line.ptr);
		buf_done(&line);
	} else if (!d->is_active) {	/* the first problem is reported */
		d->is_active = true;
		d->code = code;
		snprintf(d->dsn, sizeof(d->dsn), "%s", dsn);
		free(d->text);
		d->text = buf_take(&text);
	}
	buf_done(&text);
	return RESTRICT_DUNNO;
}

enum restrict_result
restrict_defer_if_permit(struct session *s, int code, const char *dsn,
    const char *fmt, ...)
{
	enum restrict_result r;
	va_list ap;

	va_start(ap, fmt);
	r = remember(s, &s->if_permit, code, dsn, fmt, ap);
	va_end(ap);
	return r;
}

enum restrict_result
restrict_defer_if_reject(struct session *s, int code, const char *dsn,
    const char *fmt, ...)
{
	enum restrict_result r;
	va_list ap;

	va_start(ap, fmt);
	r = remember(s, &s->if_reject, code, dsn, fmt, ap);
	va_end(ap);
	return r;
}

static enum restrict_result
server_error(struct session *s)
{
	return restrict_reject(s, 451, "4.3.5", "Server configuration error");
}

/* ---- resolving ---- */

static void
resolve(const struct session *s, const char *address, struct resolve_reply *r)
{
	struct buf full = BUF_INIT;

	resolve_reply_init(r);
	rewrite_internal(REWRITE_LOCAL, address, &full);
	rewrite_resolve(s->sender != NULL ? s->sender : "", full.ptr, false, r);
	buf_done(&full);
}

static enum restrict_result
lookup_failure(struct session *s, const char *name)
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
rule_never(struct session *s, const struct ask *a)
{
	(void)s, (void)a;
	return RESTRICT_DUNNO;
}

static enum restrict_result
rule_reject(struct session *s, const struct ask *a)
{
	return restrict_reject(s, params.reject_code, "5.7.1",
	    "<%s>: %s rejected: Access denied", a->reply_name,
	    class_texts[a->class]);
}

static enum restrict_result
rule_defer(struct session *s, const struct ask *a)
{
	return restrict_reject(s, params.defer_code, "4.3.2",
	    "<%s>: %s rejected: Try again later", a->reply_name,
	    class_texts[a->class]);
}

static enum restrict_result
rule_defer_if(struct session *s, const struct ask *a)
{
	if (a->detail)
		return restrict_defer_if_permit(s, 450, "4.7.0",
		    "<%s>: %s rejected: defer_if_permit requested",
		    a->reply_name, class_texts[a->class]);
	return restrict_defer_if_reject(s, 450, "4.7.0",
	    "<%s>: %s rejected: defer_if_reject requested", a->reply_name,
	    class_texts[a->class]);
}

static enum restrict_result
rule_sleep(struct session *s, const struct ask *a)
{
	int64_t seconds;

	if (num_parse_int(a->rule->arg, 0, 10000, &seconds, NULL) == -1) {
		log_warning("restriction sleep: bad number of seconds \"%s\"",
		    a->rule->arg);
		return server_error(s);
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
	return restrict_reject(s, 503, "5.5.0", "<%s>: %s rejected: Improper "
	    "use of SMTP command pipelining", a->reply_name,
	    class_texts[a->class]);
}

static enum restrict_result
rule_plaintext(struct session *s, const struct ask *a)
{
	(void)a;
	return restrict_reject(s, params.plaintext_reject_code, "4.7.1",
	    "Session encryption is required");
}

static enum restrict_result
rule_not_built(struct session *s, const struct ask *a)
{
	log_warning("restriction %s is not available in this server",
	    a->rule->name);
	return server_error(s);
}

static enum restrict_result
rule_policy(struct session *s, const struct ask *a)
{
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
		return server_error(s);
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
	    a->detail && status == PEER_NAME_RETRY ? 1 : 25);
	return restrict_reject(s, code, dsn, "Client host rejected: cannot "
	    "find your %shostname, [%s]", a->detail ? "reverse " : "",
	    s->peer.addr);
}

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

static enum restrict_result
rule_invalid_helo(struct session *s, const struct ask *a)
{
	(void)a;
	if (is_helo_name(s->helo))
		return RESTRICT_DUNNO;
	return restrict_reject(s, params.invalid_hostname_reject_code, "5.5.2",
	    "<%s>: Helo command rejected: %s", s->helo,
	    s->helo[0] == '[' ? "invalid ip address" : "Invalid name");
}

static enum restrict_result
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

/* What a temporary failure means: *_tempfail_action. */
static enum restrict_result
tempfail(struct session *s, const char *action, const char *dsn,
    const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	enum restrict_result r;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	if (strcmp(action, "defer") == 0)
		r = restrict_reject(s, 450, dsn, "%s", text.ptr);
	else
		r = restrict_defer_if_permit(s, 450, dsn, "%s", text.ptr);
	buf_done(&text);
	return r;
}

static enum restrict_result
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
		return tempfail(s, params.unknown_helo_hostname_tempfail_action,
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

static const char *
address_of(const struct session *s, int class)
{
	return class == CLASS_SENDER ? s->sender : s->rcpt;
}

static enum restrict_result
rule_non_fqdn_address(struct session *s, const struct ask *a)
{
	const char *address = address_of(s, a->detail), *domain;
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
		    address, class_texts[a->detail]);
	return r;
}

static enum restrict_result
judge_domain(struct session *s, int class, const char *name,
    const char *domain)
{
	const char *dsn = class == CLASS_SENDER ? "4.1.8" : "4.1.2";
	const char *what = class_texts[class];

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
		return tempfail(s, params.unknown_address_tempfail_action, dsn,
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

static enum restrict_result
rule_unknown_domain(struct session *s, const struct ask *a)
{
	const char *address = address_of(s, a->detail), *domain;
	struct resolve_reply r;
	enum restrict_result result = RESTRICT_DUNNO;

	if (address[0] == '\0')
		return RESTRICT_DUNNO;
	resolve(s, address, &r);
	if ((r.flags & RESOLVE_FAIL) != 0)
		result = lookup_failure(s, address);
	else if ((r.flags & (RESOLVE_LOCAL | RESOLVE_ALIAS |
	    RESOLVE_MAILBOX)) == 0 &&
	    (domain = address_domain(r.recipient->ptr)) != NULL &&
	    domain[0] != '[')
		result = judge_domain(s, a->detail, address,
		    domain);
	resolve_reply_done(&r);
	return result;
}

static enum restrict_result
rule_unlisted(struct session *s, const struct ask *a)
{
	const char *address = address_of(s, a->detail);

	if (address[0] == '\0')
		return RESTRICT_DUNNO;
	if (a->detail == CLASS_RCPT)
		s->unlisted_done = true;
	return unlisted_check(s, address, (enum restrict_class)a->detail);
}

/* Is the recipient ours, in whatever class? -1: cannot tell now. */
static int
is_authorized_destination(struct session *s)
{
	struct resolve_reply r;
	int is_ours;

	resolve(s, s->rcpt, &r);
	if ((r.flags & RESOLVE_FAIL) != 0)
		is_ours = -1;
	else if (address_domain(r.recipient->ptr) == NULL)
		is_ours = 1;
	else if ((r.flags & RESOLVE_ROUTED) != 0 &&
	    !params.allow_untrusted_routing)
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
		r = lookup_failure(s, s->rcpt);
	else if (ours == 0 && a->detail)
		r = restrict_reject(s, params.relay_domains_reject_code,
		    "5.7.1", "<%s>: Relay access denied",
		    s->rcpt);
	else if (ours == 0)
		r = restrict_reject(s, 454, "4.7.1",
		    "<%s>: Relay access denied", s->rcpt);
	return r;
}

static enum restrict_result
rule_permit_destination(struct session *s, const struct ask *a)
{
	enum restrict_result r = RESTRICT_DUNNO;
	int ours = is_authorized_destination(s);

	(void)a;
	if (ours == -1)
		r = lookup_failure(s, s->rcpt);
	else if (ours == 1)
		r = RESTRICT_PERMIT;
	return r;
}

/* Being a backup for others is not offered; our own destinations are. */
static enum restrict_result
rule_mx_backup(struct session *s, const struct ask *a)
{
	enum restrict_result r = rule_permit_destination(s, a);

	if (r == RESTRICT_DUNNO)
		log_warning("permit_mx_backup: MX records are not looked at by "
		    "this server");
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
	    a->reply_name, class_texts[a->class]);
}

/*
 * Nobody is logged in here: an address that has an owner is not the client's.
 * detail: whether the rule speaks about clients without a login at all.
 */
static enum restrict_result
rule_login_mismatch(struct session *s, const struct ask *a)
{
	struct buf owner = BUF_INIT, text = BUF_INIT;
	struct resolve_reply r;
	enum restrict_result result = RESTRICT_DUNNO;

	if (!a->detail || s->sender[0] == '\0')
		return RESTRICT_DUNNO;
	resolve(s, s->sender, &r);
	switch (maps_find_address(s->env->login_maps, r.recipient->ptr,
	    MAPS_DEFAULT, MAPS_BOTH, false, NULL, NULL, &owner)) {
	case TABLE_FOUND:
		result = restrict_reject(s, 553, "5.7.1", "<%s>: Sender "
		    "address rejected: not logged in",
		    s->sender);
		break;
	case TABLE_NOT_FOUND:
		break;
	default:
		result = server_error(s);
	}
	resolve_reply_done(&r);
	buf_done(&owner);
	buf_done(&text);
	return result;
}

/* ---- DNS block lists ---- */

static void
reversed_address(struct buf *out, const char *addr)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *p;
	struct netaddr a;
	int i;

	if (netaddr_parse(&a, addr, 0, NULL) == -1)
		return;
	if (a.ss.ss_family == AF_INET) {
		p = (const unsigned char *)
		    &((const struct sockaddr_in *)&a.ss)->sin_addr;
		buf_addf(out, "%u.%u.%u.%u", p[3], p[2], p[1], p[0]);
		return;
	}
	p = (const unsigned char *)&((const struct sockaddr_in6 *)&a.ss)->sin6_addr;
	for (i = 15; i >= 0; i--)
		buf_addf(out, "%s%c.%c", i < 15 ? "." : "", hex[p[i] & 15],
		    hex[p[i] >> 4]);
}

/* zone, or zone=address: does the answer hold that address? */
static bool
is_wanted(const struct dns_answer *answer, const char *wanted)
{
	struct netaddr want;
	size_t i;

	if (wanted == NULL)
		return true;
	if (netaddr_parse(&want, wanted, 0, NULL) == -1) {
		log_warning("bad address \"%s\" behind a DNS list name", wanted);
		return false;
	}
	for (i = 0; i < answer->count; i++)
		if (netaddr_same_host(&answer->rr[i].addr, &want))
			return true;
	return false;
}

struct dnsl_kind {
	bool		 permits;	/* a list of good ones */
	char		 what;		/* c client, r reverse client, h HELO, s, r cipient */
	const char	*class;
};

static const char *
dnsl_domain(const struct session *s, char what)
{
	switch (what) {
	case 'n':
		return strcmp(s->peer.name, "unknown") != 0 ?
		    s->peer.name : NULL;
	case 'v':
		return strcmp(s->peer.reverse_name, "unknown") != 0 ?
		    s->peer.reverse_name : NULL;
	case 'h':
		return s->helo != NULL && address_is_hostname(s->helo) ?
		    s->helo : NULL;
	case 's':
		return s->sender != NULL ? address_domain(s->sender) : NULL;
	default:
		return s->rcpt != NULL ? address_domain(s->rcpt) : NULL;
	}
}

/* detail: the kind's letter; upper case for a list that permits */
static enum restrict_result
rule_dns_list(struct session *s, const struct ask *a)
{
	char *zone = xstrdup(a->rule->arg), *wanted = strchr(zone, '=');
	char what = (char)tolower(a->detail);
	bool permits = isupper(a->detail);
	struct dns_answer answer = { 0 }, reason = { 0 };
	struct buf name = BUF_INIT;
	const char *domain = NULL, *subject = s->peer.addr,
	    *class = "Client host";
	enum restrict_result result = RESTRICT_DUNNO;

	if (wanted != NULL)
		*wanted++ = '\0';
	if (what == 'c') {
		reversed_address(&name, s->peer.addr);
	} else if ((domain = dnsl_domain(s, what)) != NULL &&
	    domain[0] != '[') {
		buf_adds(&name, domain);
		subject = domain;
		class = what == 'h' ? "Helo command" :
		    what == 's' ? "Sender address" :
		    what == 't' ? "Recipient address" : "Client host";
	}
	if (name.len == 0)
		goto out;
	buf_addf(&name, ".%s", zone);
	switch (dns_query(name.ptr, ns_t_a, &answer, NULL)) {
	case DNS_FOUND:
		if (!is_wanted(&answer, wanted))
			break;
		if (permits) {
			result = RESTRICT_PERMIT;
			break;
		}
		(void)dns_query(name.ptr, ns_t_txt, &reason, NULL);
		result = restrict_reject(s, params.maps_rbl_reject_code,
		    "5.7.1", "Service unavailable; %s [%s] blocked using "
		    "%s%s%s", class, subject, zone,
		    reason.count > 0 ? "; " : "",
		    reason.count > 0 ? reason.rr[0].data : "");
		break;
	case DNS_RETRY:
		log_warning("%s: RBL lookup error: try again", name.ptr);
		/* The list of good ones does not answer: no permanent no now. */
		if (permits)
			restrict_defer_if_reject(s, 450, "4.7.1",
			    "<%s>: %s rejected: temporary lookup failure",
			    a->reply_name, class_texts[a->class]);
		break;
	default:
		break;
	}
	dns_answer_done(&answer);
	dns_answer_done(&reason);
out:
	buf_done(&name);
	free(zone);
	return result;
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
	address = address_of(s, a->detail);
	if (address[0] == '\0')
		return access_mail(s, rule->maps, rule->arg, "", "",
		    CLASS_SENDER);
	resolve(s, address, &r);
	if ((r.flags & RESOLVE_FAIL) != 0)
		result = lookup_failure(s, address);
	else
		result = access_mail(s, rule->maps, rule->arg,
		    r.recipient->ptr, address,
		    (enum restrict_class)a->detail);
	/* A route through us must not ride on a permit for the first hop. */
	if (result == RESTRICT_PERMIT && a->detail == CLASS_RCPT &&
	    (r.flags & RESOLVE_ROUTED) != 0 && !params.allow_untrusted_routing)
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
		address = address_of(s, (int)class);
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
	{ "permit_sasl_authenticated",	0, 0, rule_never },
	{ "permit_tls_clientcerts",	0, 0, rule_never },
	{ "permit_tls_all_clientcerts",	0, 0, rule_never },
	{ "check_ccert_access",		T, 0, rule_never },
	{ "check_sasl_access",		T, 0, rule_never },
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
	{ "reject_unverified_sender",	S, 0, rule_not_built },
	{ "reject_sender_login_mismatch", S, 1, rule_login_mismatch },
	{ "reject_unauthenticated_sender_login_mismatch", S, 1,
	    rule_login_mismatch },
	{ "reject_known_sender_login_mismatch", S, 1, rule_login_mismatch },
	{ "reject_authenticated_sender_login_mismatch", S, 0,
	    rule_login_mismatch },

	{ "check_recipient_access",	T | R, CLASS_RCPT, rule_access },
	{ "reject_unauth_destination",	R | GUARDS_RELAY, 1,
	    rule_unauth_destination },
	{ "check_relay_domains",	R | GUARDS_RELAY, 1,
	    rule_unauth_destination },
	{ "defer_unauth_destination",	R | GUARDS_RELAY, 0,
	    rule_unauth_destination },
	{ "permit_auth_destination",	R, 0, rule_permit_destination },
	{ "permit_mx_backup",		R, 0, rule_mx_backup },
	{ "reject_non_fqdn_recipient",	R, CLASS_RCPT, rule_non_fqdn_address },
	{ "reject_unknown_recipient_domain", R, CLASS_RCPT,
	    rule_unknown_domain },
	{ "reject_unlisted_recipient",	R, CLASS_RCPT, rule_unlisted },
	{ "check_recipient_maps",	R, CLASS_RCPT, rule_unlisted },
	{ "reject_unverified_recipient", R, 0, rule_not_built },
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

static const struct restrict_verb *
find_verb(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcasecmp(name, verbs[i].name) == 0)
			return verbs + i;
	return NULL;
}

/* ---- parsing ---- */

/* What a bare "type:name" does in a list of this class. */
static const struct restrict_verb *
bare_table_verb(enum restrict_class class)
{
	switch (class) {
	case CLASS_HELO:
		return find_verb("check_helo_access");
	case CLASS_SENDER:
		return find_verb("check_sender_access");
	case CLASS_RCPT:
		return find_verb("check_recipient_access");
	case CLASS_ETRN:
		return find_verb("check_etrn_access");
	default:
		return find_verb("check_client_access");
	}
}

static bool
is_class_name(const char *name)
{
	char *copy = xstrdup(params.smtpd_restriction_classes), *rest = copy,
	    *word;
	bool found = false;

	while (!found && (word = text_split(&rest, TEXT_LIST_SEP)) != NULL)
		found = strcasecmp(word, name) == 0;
	free(copy);
	return found;
}

static void
parse_at(struct restrict_list *out, const char *title, const char *text,
    enum restrict_class class, bool has_tables, int depth);

static void
set_class(struct restrict_rule *rule, const char *name,
    enum restrict_class class, bool has_tables, int depth)
{
	const char *value;

	if (depth >= DEPTH_MAX || (value = params_lookup(name)) == NULL)
		return;		/* stays unknown: refused when it is reached */
	rule->sub = xcalloc(1, sizeof(*rule->sub));
	parse_at(rule->sub, rule->name, value, class, has_tables, depth + 1);
}

static bool
is_table_name(const char *word)
{
	return strchr(word, ':') != NULL && *word != '[';
}

static void
set_table(struct restrict_rule *rule, const char *title, bool has_tables)
{
	if (has_tables)
		rule->maps = maps_open(title, rule->arg,
		    TABLE_FOLD | TABLE_UTF8);
}

static void
parse_at(struct restrict_list *out, const char *title, const char *text,
    enum restrict_class class, bool has_tables, int depth)
{
	char *copy = xstrdup(text), *rest = copy, *word, *inner;
	struct restrict_rule *rule;

	*out = (struct restrict_list){ .title = title, .class = class };
	while ((word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		out->rules = xreallocarray(out->rules, out->count + 1,
		    sizeof(*out->rules));
		rule = out->rules + out->count++;
		memset(rule, 0, sizeof(*rule));
		rule->name = xstrdup(word);
		if (strcasecmp(word, "warn_if_reject") == 0)
			continue;
		if (is_table_name(word) && *word != '{') {
			rule->verb = bare_table_verb(class);
			rule->arg = xstrdup(word);
			set_table(rule, title, has_tables);
			continue;
		}
		if (is_class_name(word)) {
			set_class(rule, rule->name, class, has_tables, depth);
			continue;
		}
		if ((rule->verb = find_verb(word)) == NULL ||
		    (rule->verb->needs & (TAKES_TABLE | TAKES_WORD)) == 0)
			continue;
		if ((word = text_split_braced(&rest, TEXT_LIST_SEP)) == NULL) {
			log_warning("%s: restriction %s needs an argument",
			    title, rule->name);
			rule->verb = NULL;
			break;
		}
		if (*word == '{' && text_brace_strip(word, &inner) == NULL)
			word = inner;
		rule->arg = xstrdup(word);
		if ((rule->verb->needs & TAKES_TABLE) != 0)
			set_table(rule, title, has_tables);
	}
	free(copy);
}

void
restrict_parse(struct restrict_list *out, const char *title, const char *text,
    enum restrict_class class, bool has_tables)
{
	parse_at(out, title, text, class, has_tables, 0);
}

void
restrict_done(struct restrict_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		free(list->rules[i].name);
		free(list->rules[i].arg);
		if (list->rules[i].maps != NULL)
			maps_free(list->rules[i].maps);
		if (list->rules[i].sub != NULL) {
			restrict_done(list->rules[i].sub);
			free(list->rules[i].sub);
		}
	}
	free(list->rules);
	*list = (struct restrict_list){ 0 };
}

bool
restrict_guards_relay(const struct restrict_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		const struct restrict_rule *rule = list->rules + i;

		if (strcasecmp(rule->name, "permit") == 0)
			return false;	/* nothing behind it works */
		if (strcasecmp(rule->name, "warn_if_reject") == 0) {
			i++;
			continue;
		}
		if (rule->verb != NULL &&
		    (rule->verb->needs & GUARDS_RELAY) != 0)
			return true;
		if (rule->sub != NULL && restrict_guards_relay(rule->sub))
			return true;
	}
	return false;
}

/* ---- evaluating ---- */

static bool
is_known(const struct session *s, unsigned needs)
{
	return ((needs & NEEDS_HELO) == 0 || s->helo != NULL) &&
	    ((needs & NEEDS_SENDER) == 0 || s->sender != NULL) &&
	    ((needs & NEEDS_RCPT) == 0 || s->rcpt != NULL);
}

static enum restrict_result
eval_rule(struct session *s, const struct restrict_rule *rule,
    const char *reply_name, enum restrict_class class)
{
	struct ask a = { rule, reply_name, class, 0 };

	if (rule->sub != NULL)
		return restrict_eval(s, rule->sub, reply_name, class);
	if (rule->verb == NULL) {
		log_warning("unknown smtpd restriction: \"%s\"", rule->name);
		return server_error(s);
	}
	if (!is_known(s, rule->verb->needs))
		return RESTRICT_DUNNO;
	if ((rule->verb->needs & TAKES_TABLE) != 0 && rule->maps == NULL) {
		log_warning("access table has entry with lookup table: %s",
		    rule->arg);
		log_warning("do not specify lookup tables inside SMTPD access "
		    "maps");
		log_warning("define a restriction class and specify its name "
		    "instead.");
		return server_error(s);
	}
	a.detail = rule->verb->detail;
	return rule->verb->run(s, &a);
}

enum restrict_result
restrict_eval(struct session *s, const struct restrict_list *list,
    const char *reply_name, enum restrict_class class)
{
	enum restrict_result r = RESTRICT_DUNNO;
	bool only_warns;
	size_t i;

	if (s->rule_depth > DEPTH_MAX) {
		log_warning("SMTPD access map, policy or parent map contains a "
		    "loop");
		return server_error(s);
	}
	s->rule_depth++;
	for (i = 0; r == RESTRICT_DUNNO && i < list->count; i++) {
		only_warns = strcasecmp(list->rules[i].name,
		    "warn_if_reject") == 0;
		if (only_warns && ++i == list->count) {
			log_warning("%s: warn_if_reject needs a restriction "
			    "behind it", list->title);
			break;
		}
		s->warn_depth += only_warns;
		r = eval_rule(s, list->rules + i, reply_name, class);
		s->warn_depth -= only_warns;
		if (only_warns && r == RESTRICT_REJECT)
			r = RESTRICT_DUNNO;
	}
	s->rule_depth--;
	return r;
}

enum restrict_result
restrict_text(struct session *s, const char *table, const char *text,
    const char *reply_name, enum restrict_class class)
{
	struct restrict_list list;
	enum restrict_result r;

	restrict_parse(&list, table, text, class, false);
	r = restrict_eval(s, &list, reply_name, class);
	restrict_done(&list);
	return r;
}

/* ---- stages ---- */

static void
deferral_reset(struct deferral *d)
{
	d->is_active = false;
}

/* A fresh judgement: what earlier recipients met does not count. */
static void
begin(struct session *s, enum restrict_class stage)
{
	s->stage = stage;
	s->warn_depth = s->rule_depth = 0;
	deferral_reset(&s->if_permit);
	deferral_reset(&s->if_reject);
	if (s->early_if_permit.is_active) {
		free(s->if_permit.text);
		s->if_permit = s->early_if_permit;
		s->if_permit.text = xstrdup(s->early_if_permit.text);
	}
}

/* What client, HELO and sender rules found, when they run ahead of RCPT. */
static void
keep_early(struct session *s)
{
	if (s->early_if_permit.is_active || !s->if_permit.is_active)
		return;
	free(s->early_if_permit.text);
	s->early_if_permit = s->if_permit;
	s->if_permit.text = NULL;
	s->if_permit.is_active = false;
}

static const char *
verdict(struct session *s, enum restrict_result r)
{
	return r == RESTRICT_REJECT ? s->reject.ptr : NULL;
}

static enum restrict_result
eval_client(struct session *s)
{
	return restrict_eval(s, &s->env->client, s->peer.namaddr,
	    CLASS_CLIENT);
}

static enum restrict_result
eval_helo(struct session *s)
{
	if (s->helo == NULL)
		return RESTRICT_DUNNO;
	return restrict_eval(s, &s->env->helo, s->helo, CLASS_HELO);
}

static enum restrict_result
eval_sender(struct session *s)
{
	enum restrict_result r;

	if (s->sender == NULL)
		return RESTRICT_DUNNO;
	r = restrict_eval(s, &s->env->sender, s->sender,
	    CLASS_SENDER);
	if (r != RESTRICT_REJECT && params.smtpd_reject_unlisted_sender &&
	    s->sender[0] != '\0')
		r = unlisted_check(s, s->sender, CLASS_SENDER);
	return r;
}

const char *
restrict_client(struct session *s)
{
	enum restrict_result r;

	begin(s, CLASS_CLIENT);
	r = eval_client(s);
	keep_early(s);
	return verdict(s, r);
}

const char *
restrict_helo(struct session *s)
{
	enum restrict_result r;

	begin(s, CLASS_HELO);
	r = eval_helo(s);
	keep_early(s);
	return verdict(s, r);
}

const char *
restrict_sender(struct session *s)
{
	enum restrict_result r;

	begin(s, CLASS_SENDER);
	r = eval_sender(s);
	keep_early(s);
	return verdict(s, r);
}

static enum restrict_result
eval_rcpt(struct session *s, const char *name)
{
	const struct restrict_list *order[2] = { &s->env->relay,
	    &s->env->rcpt };
	enum restrict_result r = RESTRICT_DUNNO;
	int i;

	if (!params.smtpd_relay_before_recipient_restrictions) {
		order[0] = &s->env->rcpt;
		order[1] = &s->env->relay;
	}
	for (i = 0; i < 2 && r != RESTRICT_REJECT; i++)
		r = restrict_eval(s, order[i], name, CLASS_RCPT);
	if (r != RESTRICT_REJECT && !s->unlisted_done &&
	    params.smtpd_reject_unlisted_recipient && s->env->checks_unlisted)
		r = unlisted_check(s, s->rcpt, CLASS_RCPT);
	/* Some rule could not be judged: then it is not a yes. */
	if (r != RESTRICT_REJECT && s->if_permit.is_active) {
		s->if_reject.is_active = false;
		r = refuse(s, s->if_permit.code, s->if_permit.dsn,
		    s->if_permit.text);
	}
	return r;
}

const char *
restrict_rcpt(struct session *s)
{
	enum restrict_result r = RESTRICT_DUNNO;

	/* A message that goes nowhere may go to anybody. */
	if ((s->access_flags & CLEANUP_DISCARD) != 0)
		return NULL;
	begin(s, CLASS_RCPT);
	s->unlisted_done = false;
	if (params.smtpd_delay_reject) {
		r = eval_client(s);
		if (r != RESTRICT_REJECT)
			r = eval_helo(s);
		if (r != RESTRICT_REJECT)
			r = eval_sender(s);
	}
	if (r != RESTRICT_REJECT)
		r = eval_rcpt(s, s->rcpt);
	return verdict(s, r);
}

const char *
restrict_etrn(struct session *s, const char *domain)
{
	enum restrict_result r = RESTRICT_DUNNO;

	begin(s, CLASS_ETRN);
	s->etrn_domain = domain;
	if (params.smtpd_delay_reject) {
		r = eval_client(s);
		if (r != RESTRICT_REJECT)
			r = eval_helo(s);
	}
	if (r != RESTRICT_REJECT)
		r = restrict_eval(s, &s->env->etrn, domain, CLASS_ETRN);
	s->etrn_domain = NULL;
	return verdict(s, r);
}

const char *
restrict_data(struct session *s)
{
	enum restrict_result r;

	if ((s->access_flags & CLEANUP_DISCARD) != 0)
		return NULL;
	begin(s, CLASS_DATA);
	s->rcpt = s->rcpt_count == 1 ? xstrdup(s->first_rcpt) : NULL;
	r = restrict_eval(s, &s->env->data, "DATA", CLASS_DATA);
	if (r == RESTRICT_DUNNO && s->if_permit.is_active)
		r = refuse(s, s->if_permit.code, s->if_permit.dsn,
		    s->if_permit.text);
	free(s->rcpt);
	s->rcpt = NULL;
	return verdict(s, r);
}

const char *
restrict_eod(struct session *s)
{
	enum restrict_result r;

	if (s->env->eod.count == 0 ||
	    (s->access_flags & CLEANUP_DISCARD) != 0)
		return NULL;
	begin(s, CLASS_EOD);
	s->rcpt = s->rcpt_count == 1 ? xstrdup(s->first_rcpt) : NULL;
	r = restrict_eval(s, &s->env->eod, "END-OF-MESSAGE", CLASS_EOD);
	if (r == RESTRICT_DUNNO && s->if_permit.is_active)
		r = refuse(s, s->if_permit.code, s->if_permit.dsn,
		    s->if_permit.text);
	free(s->rcpt);
	s->rcpt = NULL;
	return verdict(s, r);
}
