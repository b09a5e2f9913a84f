/*
 * rules_dns.c - rules that ask DNS lists: reject_rbl_client and its kin
 *
 * A session asks each name once: fifty recipients do not make fifty questions
 * of one. What the client is told is a template (default_rbl_reply,
 * rbl_reply_maps) that the administrator words.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/rules.h"

#include <ctype.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/smtpd/dns_seen.h"
#include "daemon/smtpd/env.h"
#include "daemon/smtpd/macros.h"
#include "daemon/smtpd/session.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/mail/dsn.h"
#include "lib/net/addr_pattern.h"
#include "lib/net/dns.h"
#include "lib/net/netaddr.h"
#include "lib/table/maps.h"

/* One question to one list. */
struct question {
	const char	*entry;		/* "zone=pattern", as written */
	char		*zone;		/* without the pattern */
	const char	*pattern;	/* NULL: any answer counts */
	struct buf	 name;		/* what is asked; empty: nothing to ask */
	const char	*what, *class;	/* for the reply */
};

static void
reversed_address(struct buf *out, const char *addr)
{
	char text[NETADDR_REVERSED_SIZE];
	struct netaddr a;

	if (netaddr_parse(&a, addr, 0, NULL) == 0 &&
	    netaddr_reversed(&a, text) == 0)
		buf_adds(out, text);
}

static const char *
known(const char *name)
{
	return strcmp(name, "unknown") != 0 ? name : NULL;
}

/* n, v the client's name, verified or not; h HELO; s sender; t recipient */
static const char *
asked_domain(const struct session *s, char what, struct question *q)
{
	const char *domain;

	switch (what) {
	case 'n':
		return q->what = known(s->peer.name);
	case 'v':
		q->class = "Unverified Client host";
		return q->what = known(s->peer.reverse_name);
	case 'h':
		q->class = "Helo command";
		return q->what = s->helo != NULL &&
		    address_is_hostname(s->helo) ? s->helo : NULL;
	case 's':
		q->class = "Sender address";
		q->what = s->sender;
		break;
	default:
		q->class = "Recipient address";
		q->what = s->rcpt;
	}
	domain = q->what != NULL ? address_domain(q->what) : NULL;
	return domain != NULL && domain[0] != '[' ? domain : NULL;
}

static void
question_init(struct question *q, const struct session *s, const char *entry,
    char what)
{
	char *pattern;
	const char *domain;

	*q = (struct question){ .entry = entry, .zone = xstrdup(entry),
	    .name = BUF_INIT, .class = "Client host", .what = s->peer.addr };
	if ((pattern = strchr(q->zone, '=')) != NULL)
		*pattern++ = '\0';
	q->pattern = pattern;
	if (what == 'c')
		reversed_address(&q->name, s->peer.addr);
	else if ((domain = asked_domain(s, what, q)) != NULL)
		buf_adds(&q->name, domain);
	if (q->name.len > 0)
		buf_addf(&q->name, ".%s", q->zone);
}

static void
question_done(struct question *q)
{
	free(q->zone);
	buf_done(&q->name);
}

/* Does an address of the answer fit the pattern? -1: the pattern is bad. */
static int
is_wanted(const struct dns_answer *answer, const char *text)
{
	struct addr_pattern pattern;
	struct err err = ERR_INIT;
	const struct sockaddr_in *sin;
	size_t i;

	if (text == NULL)
		return 1;
	if (addr_pattern_parse(&pattern, text, &err) == -1) {
		log_warning("RBL reply error: %s", err.text);
		return -1;
	}
	for (i = 0; i < answer->count; i++) {
		sin = (const struct sockaddr_in *)&answer->rr[i].addr.ss;
		if (sin->sin_family == AF_INET && addr_pattern_matches(&pattern,
		    (const unsigned char *)&sin->sin_addr))
			return 1;
	}
	return 0;
}

/* ---- the reply ---- */

static bool
find_template(struct session *s, const struct question *q, struct buf *out)
{
	struct maps *maps = s->env->rbl_replies;
	enum table_result r = TABLE_NOT_FOUND;

	if (!maps_is_empty(maps))
		r = maps_find(maps, q->entry, false, out);
	if (r == TABLE_NOT_FOUND)
		buf_sets(out, params.default_rbl_reply);
	return r == TABLE_FOUND || r == TABLE_NOT_FOUND;
}

static enum restrict_result
refuse(struct session *s, const struct question *q, const char *reason)
{
	char code[16], status[DSN_STATUS_SIZE];
	const struct macro_value own[] = {
		{ "rbl_code", code }, { "rbl_class", q->class },
		{ "rbl_domain", q->zone }, { "rbl_what", q->what },
		{ "rbl_reason", reason }, { "rbl_txt", reason },
		{ NULL, NULL }
	};
	struct buf template = BUF_INIT, text = BUF_INIT;
	const char *rest;
	enum restrict_result r;

	snprintf(code, sizeof(code), "%d", params.maps_rbl_reject_code);
	if (!find_template(s, q, &template) || !macros_expand(&text,
	    template.ptr, "default_rbl_reply", s, own)) {
		r = restrict_server_error(s);
	} else if (text.len < 4 || strchr("45", text.ptr[0]) == NULL ||
	    !isdigit((unsigned char)text.ptr[1]) ||
	    !isdigit((unsigned char)text.ptr[2]) || text.ptr[3] != ' ') {
		log_warning("rbl response code configuration error: %s",
		    text.ptr);
		r = restrict_reject(s, 450, "4.7.1", "Service unavailable");
	} else {
		rest = dsn_split(text_skip_blank(text.ptr + 4),
		    text.ptr[0] == '4' ? "4.7.1" : "5.7.1", status);
		r = restrict_reject(s, atoi(text.ptr), status, "%s", rest);
	}
	buf_done(&template);
	buf_done(&text);
	return r;
}

/* The texts of a list's TXT record, as one line. */
static enum restrict_result
refuse_with_reason(struct session *s, const struct question *q)
{
	const struct dns_seen *reason = dns_seen_ask(&s->dns_seen, q->name.ptr,
	    ns_t_txt);

	return refuse(s, q, reason->answer.count > 0 ?
	    reason->answer.rr[0].data : NULL);
}

/* ---- the rules ---- */

/* The list of good ones does not answer: no permanent no now. */
static enum restrict_result
unanswered(struct session *s, const struct question *q,
    const struct dns_seen *seen, bool permits)
{
	log_warning("%s: RBL lookup error: %s", q->name.ptr, seen->why);
	if (!permits)
		return RESTRICT_DUNNO;
	return restrict_defer_if_reject(s, 450, "4.7.1",
	    "<%s>: %s rejected: Service unavailable", q->what, q->class);
}

static enum restrict_result
ask_list(struct session *s, const char *entry, char what, bool permits)
{
	const struct dns_seen *seen;
	struct question q;
	enum restrict_result r = RESTRICT_DUNNO;

	question_init(&q, s, entry, what);
	if (q.name.len > 0) {
		seen = dns_seen_ask(&s->dns_seen, q.name.ptr, ns_t_a);
		if (seen->result == DNS_RETRY || seen->result == DNS_FAIL) {
			r = unanswered(s, &q, seen, permits);
		} else if (seen->result == DNS_FOUND) {
			switch (is_wanted(&seen->answer, q.pattern)) {
			case 1:
				r = permits ? RESTRICT_PERMIT :
				    refuse_with_reason(s, &q);
				break;
			case -1:
				r = restrict_server_error(s);
			}
		}
	}
	question_done(&q);
	return r;
}

enum restrict_result
rule_dns_list(struct session *s, const struct ask *a)
{
	if (strcmp(a->rule->arg, a->rule->name) == 0) {
		log_warning("restriction %s requires domain name argument",
		    a->rule->name);
		return RESTRICT_DUNNO;
	}
	return ask_list(s, a->rule->arg, (char)tolower(a->detail),
	    isupper(a->detail));
}

/* reject_maps_rbl: the lists of maps_rbl_domains, as before there was a rule for each. */
enum restrict_result
rule_maps_rbl(struct session *s, const struct ask *a)
{
	char *copy = xstrdup(params.maps_rbl_domains), *rest = copy, *zone;
	enum restrict_result r = RESTRICT_DUNNO;

	if (!s->said_obsolete)
		log_warning("support for restriction \"%s\" will be removed from "
		    "%s; use \"reject_rbl_client domain-name\" instead",
		    a->rule->name, params.mail_name);
	s->said_obsolete = true;
	while (r == RESTRICT_DUNNO &&
	    (zone = text_split(&rest, TEXT_LIST_SEP)) != NULL)
		r = ask_list(s, zone, 'c', false);
	free(copy);
	return r;
}
