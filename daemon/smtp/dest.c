/*
 * dest.c - from a nexthop to the addresses to try, in order
 *
 *	"example.org"	-> MX -> hosts by preference -> A, AAAA -> shuffle, cut
 *	"[host]:port"	-> A, AAAA
 *	"unix:path"	-> nothing to ask
 *
 * When one of our own addresses is among the mail exchangers, hosts of the
 * same or a worse preference would send the mail back to us (RFC 5321 5.1).
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtp/smtp.h"

#include <arpa/nameser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/net/dns.h"

#define HOSTS_MAX	500	/* of one destination: more is mischief */

/* ---- lists of hosts ---- */

static void
host_done(struct smtp_host *host)
{
	free(host->name);
	free(host->canonical);
}

void
smtp_hosts_done(struct smtp_hosts *h)
{
	size_t i;

	for (i = 0; i < h->count; i++)
		host_done(&h->list[i]);
	free(h->list);
	h->list = NULL;
	h->count = 0;
}

/* rr is NULL for an address that was given as such */
static void
hosts_add(struct smtp_hosts *h, const char *name, const struct netaddr *addr,
    int port, unsigned pref, const struct dns_rr *rr)
{
	char text[NETADDR_TEXT_SIZE];
	struct smtp_host *host;

	if (h->count == HOSTS_MAX)
		return;
	h->list = xreallocarray(h->list, h->count + 1, sizeof(*h->list));
	host = memset(&h->list[h->count++], 0, sizeof(*host));
	host->name = xstrdup(name);
	host->canonical = xstrdup(rr != NULL ? rr->name : name);
	host->is_secure = rr != NULL && rr->is_secure;
	host->pref = pref;
	netaddr_parse(&host->addr, netaddr_text(addr, text), port, NULL);
}

static void
swap_hosts(struct smtp_host *a, struct smtp_host *b)
{
	struct smtp_host t = *a;

	*a = *b;
	*b = t;
}

/* Which of two of the same preference comes first?  Negative: a. */
static int
compare(const struct smtp_host *a, const struct smtp_host *b,
    enum smtp_prefer prefer)
{
	int family = prefer == SMTP_PREFER_IPV6 ? AF_INET6 : AF_INET;
	int fa = a->addr.ss.ss_family, fb = b->addr.ss.ss_family;

	if (a->pref != b->pref)
		return a->pref < b->pref ? -1 : 1;
	if (prefer == SMTP_PREFER_ANY || fa == fb)
		return 0;
	return fa == family ? -1 : 1;
}

/*
 * Cut to limit so that both families are among the survivors, if the list has
 * both: a broken family must not use up all attempts. The last places go to
 * the best of the family that would be missing.
 */
static void
cut(struct smtp_hosts *h, size_t limit, bool balances)
{
	size_t i, first = h->count, room;
	int family;

	if (limit == 0 || h->count <= limit)
		return;
	if (balances && limit > 1) {
		family = h->list[0].addr.ss.ss_family;
		for (i = 0; i < h->count; i++)
			if (h->list[i].addr.ss.ss_family != family) {
				first = i;
				break;
			}
		room = limit - 1;
		if (first < h->count && first >= limit)
			swap_hosts(&h->list[room], &h->list[first]);
	}
	for (i = limit; i < h->count; i++)
		host_done(&h->list[i]);
	h->count = limit;
}

void
smtp_hosts_order(struct smtp_hosts *h, const struct smtp_config *cfg,
    long (*roll)(void))
{
	size_t i, j;

	if (roll != NULL)
		for (i = h->count; i > 1; i--)
			swap_hosts(&h->list[i - 1],
			    &h->list[(size_t)roll() % i]);
	/* Insertion keeps equals in their shuffled order. */
	for (i = 1; i < h->count; i++)
		for (j = i; j > 0 && compare(&h->list[j], &h->list[j - 1],
		    cfg->prefer) < 0; j--)
			swap_hosts(&h->list[j], &h->list[j - 1]);
	cut(h, (size_t)cfg->address_limit, cfg->balances);
}

/* ---- asking ---- */

/* What the system's own functions say of a name that they cannot resolve. */
static void
set_native_failure(struct smtp_failure *f, enum dns_result result,
    const char *name)
{
	const char *status = "5.4.4", *why = "Name or service not known";

	if (result == DNS_RETRY || result == DNS_FAIL) {
		status = "4.4.4";
		why = "Temporary failure in name resolution";
	} else if (result == DNS_NO_DATA) {
		status = "5.3.0";
		why = "No address associated with hostname";
	}
	smtp_failure_set(f, status, "unable to look up host %s: %s", name, why);
}

static void
set_dns_failure(struct smtp_failure *f, enum dns_result result,
    const struct err *err)
{
	smtp_failure_set(f, result != DNS_RETRY ? "5.4.4" :
	    err->kind == ERR_DENIED ? "4.7.0" : "4.4.3", "%s", err->text);
}

/*
 * The addresses of one host; why there are none is left in f. Where both ways
 * are allowed DNS comes first, and only a clear "no" leads on to the other.
 */
static enum dns_result
add_addresses(struct smtp_hosts *h, const struct smtp_config *cfg,
    const char *name, int port, unsigned pref, struct smtp_failure *f)
{
	enum dns_result result = DNS_NOT_FOUND;
	struct dns_answer answer = { 0 };
	struct err err = ERR_INIT;
	struct netaddr a;
	size_t i;

	if (netaddr_parse(&a, name, port, NULL) == 0) {
		hosts_add(h, name, &a, port, pref, NULL);
		return DNS_FOUND;
	}
	if ((cfg->lookup & SMTP_LOOKUP_DNS) != 0) {
		result = dns_addresses(name, false, &answer, &err);
		set_dns_failure(f, result, &err);
	}
	if ((cfg->lookup & SMTP_LOOKUP_NATIVE) != 0 &&
	    (result == DNS_NOT_FOUND || result == DNS_NO_DATA)) {
		result = dns_addresses(name, true, &answer, NULL);
		set_native_failure(f, result, name);
	}
	for (i = 0; i < answer.count; i++)
		hosts_add(h, name, &answer.rr[i].addr, port, pref,
		    &answer.rr[i]);
	dns_answer_done(&answer);
	return result;
}

/* Our own addresses, found out once. */
static bool
is_own_address(const struct netaddr *a)
{
	static struct netaddr *own;
	static size_t count;
	size_t i;

	if (own == NULL && (own = netaddr_own(true, &count)) == NULL)
		return false;
	for (i = 0; i < count; i++)
		if (netaddr_same_host(a, &own[i]))
			return true;
	return false;
}

/*
 * Drop ourselves and every host that is no better. Returns false when that
 * leaves nobody: the mail would loop.
 */
static bool
drop_self(struct smtp_hosts *h)
{
	unsigned mine = 0;
	bool found = false;
	size_t i, n = 0;

	for (i = 0; i < h->count; i++) {
		if (!is_own_address(&h->list[i].addr))
			continue;
		if (!found || h->list[i].pref < mine)
			mine = h->list[i].pref;
		found = true;
	}
	h->has_self = found;
	if (!found)
		return true;
	for (i = 0; i < h->count; i++) {
		if (h->list[i].pref < mine)
			h->list[n++] = h->list[i];
		else
			host_done(&h->list[i]);
	}
	h->count = n;
	return n > 0;
}

static int
fail_loop(struct smtp_failure *f, const char *domain)
{
	smtp_failure_set(f, "5.4.6", "mail for %s loops back to myself",
	    domain);
	f->is_self = f->is_end = true;
	return -1;
}

/* The hosts of all MX records. */
static int
hosts_of_mx(const struct smtp_dest *d, const struct smtp_config *cfg,
    const struct dns_answer *mx, struct smtp_hosts *out,
    struct smtp_failure *failure)
{
	bool some_retry = false;
	size_t i;

	for (i = 0; i < mx->count; i++)
		if (add_addresses(out, cfg, mx->rr[i].data, d->port,
		    mx->rr[i].pref, failure) == DNS_RETRY)
			some_retry = true;
	if (out->count == 0) {
		log_warning("no MX host for %s has a valid address record",
		    d->host);
		if (failure->is_hard && (some_retry ||
		    cfg->defers_no_mx_address)) {
			failure->is_hard = false;
			failure->status[0] = '4';
		}
		return -1;
	}
	if (d->detects_loops && !drop_self(out))
		return fail_loop(failure, d->host);
	return 0;
}

/* Ask for MX. 1: go on with the domain's own addresses. */
static int
try_mx(const struct smtp_dest *d, const struct smtp_config *cfg,
    struct smtp_hosts *out, bool *is_secure, struct smtp_failure *failure)
{
	struct dns_answer mx;
	struct err err = ERR_INIT;
	enum dns_result result;
	int rc;

	result = dns_query(d->host, ns_t_mx, &mx, &err);
	switch (result) {
	case DNS_FOUND:
		rc = hosts_of_mx(d, cfg, &mx, out, failure);
		*is_secure = mx.is_secure;
		dns_answer_done(&mx);
		return rc;
	case DNS_NULL_MX:
		smtp_failure_set(failure, "5.1.0", "%s", err.text);
		return -1;
	case DNS_NO_DATA:
	case DNS_NOT_FOUND:	/* the hosts file may know it all the same */
		*is_secure = mx.is_secure;
		return 1;
	case DNS_RETRY:
	case DNS_FAIL:
		if (cfg->ignores_mx_error)
			return 1;
		break;
	}
	set_dns_failure(failure, result, &err);
	return -1;
}

/* ---- SRV (RFC 2782) ---- */

/* Those of weight 0 stand in front, or the lot would never fall on them. */
static bool
comes_first(const struct dns_rr *a, const struct dns_rr *b)
{
	return a->pref != b->pref ? a->pref < b->pref :
	    a->weight == 0 && b->weight != 0;
}

/*
 * Put the records in the order in which they are to be tried, one behind the
 * other: by priority, and among equals by weighted lot. pref becomes the place.
 */
static void
order_srv(struct dns_answer *srv, long (*roll)(void))
{
	struct dns_rr *rr = srv->rr, t;
	unsigned long total, at;
	size_t i, j, end, pick;

	for (i = 1; i < srv->count; i++)
		for (j = i; j > 0 && comes_first(&rr[j], &rr[j - 1]); j--) {
			t = rr[j];
			rr[j] = rr[j - 1];
			rr[j - 1] = t;
		}
	for (i = 0; i < srv->count; i++) {
		for (total = 0, end = i; end < srv->count &&
		    rr[end].pref == rr[i].pref; end++)
			total += rr[end].weight;
		at = roll != NULL ? (unsigned long)roll() % (total + 1) : 0;
		for (pick = i; roll != NULL && pick + 1 < end &&
		    at > rr[pick].weight; pick++)
			at -= rr[pick].weight;
		t = rr[pick];
		memmove(rr + i + 1, rr + i, (pick - i) * sizeof(*rr));
		rr[i] = t;
	}
	for (i = 0; i < srv->count; i++)
		rr[i].pref = (uint16_t)i;
}

/* The hosts of all SRV records. 1: there are none, and others may be asked for. */
static int
hosts_of_srv(const struct smtp_dest *d, const struct smtp_config *cfg,
    struct dns_answer *srv, struct smtp_hosts *out,
    struct smtp_failure *failure)
{
	bool some_retry = false;
	size_t i;

	/* "." says that the service is decidedly not there. */
	if (srv->count == 1 && strcmp(srv->rr[0].data, ".") == 0) {
		smtp_failure_set(failure, "5.1.0", "Service %s is not "
		    "available for host or domain %s", d->service, d->host);
		return -1;
	}
	order_srv(srv, cfg->randomizes ? random : NULL);
	for (i = 0; i < srv->count; i++)
		if (strcmp(srv->rr[i].data, ".") != 0 &&
		    add_addresses(out, cfg, srv->rr[i].data, srv->rr[i].port,
		    srv->rr[i].pref, failure) == DNS_RETRY)
			some_retry = true;
	if (out->count > 0)
		return 0;
	log_warning("no SRV host for %s has a valid address record", d->host);
	if (cfg->falls_back_from_srv)
		return 1;
	if (failure->is_hard && some_retry) {
		failure->is_hard = false;
		failure->status[0] = '4';
	}
	return -1;
}

/* 1: go on with MX, or the domain's own addresses. */
static int
try_srv(const struct smtp_dest *d, const struct smtp_config *cfg,
    struct smtp_hosts *out, bool *is_secure, struct smtp_failure *failure)
{
	char name[sizeof(d->service) + sizeof(d->host) + sizeof("_._tcp.")];
	struct dns_answer srv;
	struct err err = ERR_INIT;
	enum dns_result result;
	int rc;

	snprintf(name, sizeof(name), "_%s._tcp.%s", d->service, d->host);
	result = dns_query(name, ns_t_srv, &srv, &err);
	switch (result) {
	case DNS_FOUND:
		rc = hosts_of_srv(d, cfg, &srv, out, failure);
		*is_secure = srv.is_secure;
		dns_answer_done(&srv);
		return rc;
	case DNS_NO_DATA:
	case DNS_NOT_FOUND:
		if (cfg->falls_back_from_srv)
			return 1;
		break;
	case DNS_RETRY:
	case DNS_FAIL:
	case DNS_NULL_MX:
		if (cfg->ignores_srv_error)
			return 1;
		break;
	}
	set_dns_failure(failure, result, &err);
	return -1;
}

int
smtp_dest_hosts(const struct smtp_dest *d, const struct smtp_config *cfg,
    struct smtp_hosts *out, struct smtp_failure *failure)
{
	bool is_secure = true;	/* who names a host need not ask for it */
	size_t i;
	int rc = 1;

	memset(out, 0, sizeof(*out));
	if (d->service[0] != '\0') {
		is_secure = false;
		rc = try_srv(d, cfg, out, &is_secure, failure);
		if (rc == 1 && d->port <= 0) {
			smtp_failure_set(failure, "4.3.5", "unknown service: "
			    "%s/tcp", d->service);
			rc = -1;
		}
	}
	if (rc == 1 && d->wants_mx) {
		is_secure = false;
		rc = try_mx(d, cfg, out, &is_secure, failure);
	}
	if (rc == 1) {
		rc = add_addresses(out, cfg, d->host, d->port, 0, failure) ==
		    DNS_FOUND ? 0 : -1;
		if (rc == 0 && d->detects_loops && !drop_self(out))
			rc = fail_loop(failure, d->host);
	}
	for (i = 0; i < out->count; i++)
		out->list[i].mx_is_secure = is_secure;
	if (rc == 0)
		smtp_hosts_order(out, cfg, cfg->randomizes ? random : NULL);
	else
		smtp_hosts_done(out);
	return rc;
}
