/*
 * tls_dane.c - what signed TLSA records say about a server (RFC 7672)
 *
 * They are asked for where an alias of the host leads first, then for its own
 * name. Records of the two usages that need no authorities of ours count;
 * when there are only others the mail is encrypted and nobody is checked
 * (RFC 7672 2.2, 3.1).
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/tls_policy.h"

#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/smtp/smtp.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/net/dns.h"

#define USAGE_TA	2	/* RFC 7218 2.1 */
#define USAGE_EE	3
#define SELECTOR_MAX	1

static void
warn_unsupported(const char *name, const struct dns_rr *rr, const char *what)
{
	struct buf hex = BUF_INIT;
	size_t i;

	for (i = 3; i < rr->raw_len; i++)
		buf_addf(&hex, "%02X", rr->raw[i]);
	log_warning("%s unsupported TLSA %s: %u %u %u %s", name, what,
	    rr->raw[0], rr->raw[1], rr->raw[2], hex.ptr);
	buf_done(&hex);
}

static bool
is_usable(const char *name, const struct dns_rr *rr)
{
	const char *what = NULL;

	if (rr->raw[0] != USAGE_TA && rr->raw[0] != USAGE_EE)
		what = "certificate usage";
	else if (rr->raw[1] > SELECTOR_MAX)
		what = "selector";
	else if (!tls_has_digest(rr->raw[2]))
		what = "matching type";
	if (what != NULL)
		warn_unsupported(name, rr, what);
	return what == NULL;
}

static void
keep(struct tls_policy *p, const struct dns_rr *rr)
{
	struct tls_tlsa *t;

	p->tlsa = xreallocarray(p->tlsa, p->tlsa_count + 1, sizeof(*p->tlsa));
	t = &p->tlsa[p->tlsa_count++];
	t->usage = rr->raw[0];
	t->selector = rr->raw[1];
	t->matching = rr->raw[2];
	t->len = rr->raw_len - 3;
	t->data = xmemdup(rr->raw + 3, t->len);
}

static enum dane_found
ask(struct tls_policy *p, const char *host, int port)
{
	struct dns_answer answer;
	struct err err = ERR_INIT;
	struct buf name = BUF_INIT;
	enum dane_found found = DANE_NONE;
	size_t i;

	buf_setf(&name, "_%d._tcp.%s", port, host);
	switch (dns_query(name.ptr, DNS_T_TLSA, &answer, &err)) {
	case DNS_FOUND:
		if (!answer.is_secure)
			break;
		for (i = 0; i < answer.count; i++)
			if (is_usable(name.ptr, &answer.rr[i]))
				keep(p, &answer.rr[i]);
		found = p->tlsa_count > 0 ? DANE_USABLE : DANE_UNUSABLE;
		break;
	case DNS_NOT_FOUND:
	case DNS_NO_DATA:
	case DNS_NULL_MX:
		break;
	case DNS_RETRY:
	case DNS_FAIL:
		log_warning("DANE TLSA lookup problem: %s", err.text);
		found = DANE_RETRY;
		break;
	}
	dns_answer_done(&answer);
	buf_done(&name);
	return found;
}

enum dane_found
tls_dane_find(struct tls_policy *p, const struct smtp_host *host, int port)
{
	enum dane_found found = DANE_NONE;
	const char *base = host->canonical;

	if (strcasecmp(base, host->name) != 0)
		found = ask(p, base, port);
	if (found == DANE_NONE) {
		base = host->name;
		found = ask(p, base, port);
	}
	p->tlsa_base = xstrdup(base);
	return found;
}
