/*
 * rules_dns.c - rules that ask DNS lists: reject_rbl_client and its kin
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/rules.h"

#include <ctype.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/smtpd/session.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/net/dns.h"
#include "lib/net/netaddr.h"

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

/* n, v the client's name, verified or not; h HELO; s sender; t recipient */
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

enum restrict_result
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
			    a->reply_name, restrict_class_text(a->class));
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
