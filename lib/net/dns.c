/*
 * dns.c - DNS questions over libresolv
 *
 * libresolv makes the question and carries it (retries, TCP, several
 * servers); dns_parse_reply makes sense of the bytes that came back.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/dns.h"

#include <arpa/nameser.h>
#include <netinet/in.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/net/dns_internal.h"

#define QUERY_SIZE	512

/* The resolver's state, made at the first question; like the logger, one per process. */
static struct __res_state resolver;
static bool resolver_is_ready;

/* ---- asking ---- */

/* "host:port, [v6]:port": replaces what resolv.conf said. */
static void
use_servers(res_state res, const char *list)
{
	char *copy = xstrdup(list), *rest = copy, *word, *colon;
	struct netaddr a;
	int n = 0, port;

	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL && n < MAXNS) {
		port = NAMESERVER_PORT;
		colon = strrchr(word, ':');
		if (colon != NULL && (strchr(word, ':') == colon ||
		    colon[-1] == ']')) {
			*colon++ = '\0';
			port = netaddr_service(colon);
		}
		if (port == -1 || netaddr_parse(&a, word, port, NULL) == -1) {
			log_warning("posthorn_dns_servers: bad address or port "
			    "of %s in \"%s\"", word, list);
			continue;
		}
		memset(&res->nsaddr_list[n], 0, sizeof(res->nsaddr_list[n]));
		if (a.ss.ss_family == AF_INET) {
			memcpy(&res->nsaddr_list[n], &a.ss,
			    sizeof(res->nsaddr_list[n]));
		} else {
			/* A slot without family takes the IPv6 address beside it. */
			free(res->_u._ext.nsaddrs[n]);
			res->_u._ext.nsaddrs[n] = xmemdup(&a.ss,
			    sizeof(struct sockaddr_in6));
		}
		n++;
	}
	res->nscount = n;
	res->_u._ext.nscount = 0;
	free(copy);
}

static bool
resolver_ready(void)
{
	if (resolver_is_ready)
		return true;
	if (res_ninit(&resolver) == -1)
		return false;
	/* Names are given in full; domains of this host are not tried. */
	resolver.options &= ~(unsigned long)(RES_DEFNAMES | RES_DNSRCH);
	if (params.posthorn_dns_servers != NULL &&
	    params.posthorn_dns_servers[0] != '\0')
		use_servers(&resolver, params.posthorn_dns_servers);
	resolver_is_ready = true;
	return true;
}

void
dns_init(void)
{
	resolver_ready();
}

static bool
is_loopback(const struct sockaddr *sa)
{
	struct netaddr a = { 0 };

	memcpy(&a.ss, sa, sa->sa_family == AF_INET6 ?
	    sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
	return netaddr_is_loopback(&a);
}

bool
dns_use_dnssec(void)
{
	const struct sockaddr *sa;
	bool is_local = true;
	int i;

	if (!resolver_ready())
		return false;
	for (i = 0; i < resolver.nscount && is_local; i++) {
		sa = (const struct sockaddr *)&resolver.nsaddr_list[i];
		if (sa->sa_family == AF_UNSPEC &&
		    resolver._u._ext.nsaddrs[i] != NULL)
			sa = (const struct sockaddr *)
			    resolver._u._ext.nsaddrs[i];
		is_local = is_loopback(sa);
	}
	if (is_local)
		resolver.options |= RES_TRUSTAD;
	return (resolver.options & RES_TRUSTAD) != 0;
}

static unsigned search;		/* DNS_SEARCH_* */

void
dns_set_search(unsigned how)
{
	search = how;
}

/* Complete a name as resolv.conf says, too. */
static enum dns_result
ask_around(const char *name, int type, struct dns_answer *out,
    struct err *err)
{
	unsigned char reply[DNS_REPLY_SIZE];
	unsigned long options = resolver.options;
	int n;

	if ((search & DNS_SEARCH_OWN) != 0)
		resolver.options |= RES_DEFNAMES;
	if ((search & DNS_SEARCH_PARENTS) != 0)
		resolver.options |= RES_DNSRCH;
	n = res_nsearch(&resolver, name, ns_c_in, type, reply, sizeof(reply));
	resolver.options = options;
	if (n > (int)sizeof(reply))
		n = sizeof(reply);
	if (n >= 0)
		return dns_parse_reply(reply, (size_t)n, type, out, err);
	switch (resolver.res_h_errno) {
	case HOST_NOT_FOUND:
		return dns_failure(DNS_NOT_FOUND, name, type, err);
	case NO_DATA:
		return dns_failure(DNS_NO_DATA, name, type, err);
	case NO_RECOVERY:
		return dns_failure(DNS_FAIL, name, type, err);
	default:
		return dns_failure(DNS_RETRY, name, type, err);
	}
}

static enum dns_result
ask(const char *name, int type, bool may_complete, struct dns_answer *out,
    struct err *err)
{
	unsigned char query[QUERY_SIZE], reply[DNS_REPLY_SIZE];
	int n;

	*out = DNS_NO_ANSWER;
	if (!resolver_ready())
		return dns_failure(DNS_RETRY, name, type, err);
	if (may_complete)
		return ask_around(name, type, out, err);
	n = res_nmkquery(&resolver, ns_o_query, name, ns_c_in, type, NULL, 0,
	    NULL, query, sizeof(query));
	if (n == -1)
		return dns_failure(DNS_FAIL, name, type, err);
	n = res_nsend(&resolver, query, n, reply, sizeof(reply));
	if (n == -1)
		return dns_failure(DNS_RETRY, name, type, err);
	return dns_parse_reply(reply, (size_t)n, type, out, err);
}

/* ---- what a table makes of it ---- */

static enum dns_verdict (*filter)(const char *record);

void
dns_set_filter(enum dns_verdict (*fn)(const char *record))
{
	filter = fn;
}

/* Drop what the table drops; no verdict on one is none on all. */
static enum dns_result
apply_filter(struct dns_answer *out, const char *name, int type,
    struct err *err)
{
	enum dns_verdict verdict = DNS_KEEP;
	struct buf text = BUF_INIT;
	size_t i, n = 0;
	char number[12];

	for (i = 0; i < out->count && verdict != DNS_BROKEN; i++) {
		buf_reset(&text);
		dns_print(&text, &out->rr[i]);
		if ((verdict = filter(text.ptr)) == DNS_DROP)
			dns_rr_done(&out->rr[i]);
		else
			out->rr[n++] = out->rr[i];
	}
	for (; i < out->count; i++)
		out->rr[n++] = out->rr[i];
	buf_done(&text);
	out->count = n;
	if (verdict != DNS_BROKEN && n > 0)
		return DNS_FOUND;
	dns_answer_done(out);
	err_set(err, verdict == DNS_BROKEN ? ERR_CONFIG : ERR_DENIED,
	    "Error looking up name=%s type=%s: %s", name,
	    dns_type_name(type, number), verdict == DNS_BROKEN ?
	    "Invalid DNS reply filter syntax" :
	    "DNS reply filter drops all results");
	return DNS_RETRY;
}

static enum dns_result
query(const char *name, int type, bool is_filtered, struct dns_answer *out,
    struct err *err)
{
	enum dns_result result = DNS_FAIL;
	char current[NS_MAXDNAME];
	bool is_secure = true;
	size_t i;
	int hops, ttl_s = -1;

	*out = DNS_NO_ANSWER;
	/* No server can know such a name, so none is asked. */
	if (type != ns_t_ptr && !dns_is_host_name(name))
		return dns_failure(DNS_NOT_FOUND, name, type, err);
	snprintf(current, sizeof(current), "%s", name);
	for (hops = 0; hops < DNS_CNAME_MAX; hops++) {
		/* Mail goes where it is addressed to: hosts have short names, domains have not. */
		result = ask(current, type, search != 0 && hops == 0 &&
		    (type == ns_t_a || type == ns_t_aaaa), out, err);
		is_secure = is_secure && out->is_secure;
		if (hops == 0 || (out->ttl_s >= 0 && out->ttl_s < ttl_s))
			ttl_s = out->ttl_s;
		if (result != DNS_NO_DATA || out->count == 0)
			break;
		snprintf(current, sizeof(current), "%s", out->rr[0].data);
		dns_answer_done(out);
	}
	if (result != DNS_FOUND) {
		dns_answer_done(out);
		dns_failure(result, name, type, err);
	}
	/* An alias is as good as the worst of its steps. */
	out->is_secure = is_secure;
	out->ttl_s = ttl_s;
	for (i = 0; i < out->count; i++)
		out->rr[i].is_secure = is_secure;
	if (is_filtered && filter != NULL && result == DNS_FOUND)
		result = apply_filter(out, name, type, err);
	return result;
}

enum dns_result
dns_query(const char *name, int type, struct dns_answer *out, struct err *err)
{
	return query(name, type, true, out, err);
}

/* ---- names to addresses and back ---- */

/* The answer that says most about why there is none: retry before all else. */
static enum dns_result
worse(enum dns_result a, enum dns_result b)
{
	if (a == DNS_RETRY || b == DNS_RETRY)
		return DNS_RETRY;
	return a == DNS_FOUND ? b : a == DNS_NO_DATA ? a : b;
}

const char *
dns_host_text(enum dns_result result)
{
	return result == DNS_RETRY ? "Temporary failure in name resolution" :
	    "Name or service not known";
}

enum dns_result
dns_addresses(const char *name, bool with_hosts, struct dns_answer *out,
    struct err *err)
{
	static const struct {
		int	family;
		int	type;
	} kinds[] = { { AF_INET, ns_t_a }, { AF_INET6, ns_t_aaaa } };
	enum dns_result result = DNS_FOUND, r;
	struct dns_answer part;
	struct err why;
	size_t i;

	*out = DNS_NO_ANSWER;
	if (with_hosts && dns_hosts_addresses(name, out))
		return DNS_FOUND;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!netaddr_wants(kinds[i].family))
			continue;
		err_reset(&why);
		r = query(name, kinds[i].type, !with_hosts, &part, &why);
		if (r == DNS_FOUND) {
			dns_answer_move(out, &part);
			continue;
		}
		if (r == DNS_NOT_FOUND && netaddr_wants(AF_INET6))
			/* No such name: what goes for one type goes for both. */
			return dns_failure(r, name, ns_t_aaaa, err);
		if (err != NULL && (result == DNS_FOUND || r == worse(result, r)))
			*err = why;
		result = result == DNS_FOUND ? r : worse(result, r);
	}
	if (out->count > 0)
		return DNS_FOUND;
	return result == DNS_FOUND ? dns_failure(DNS_NOT_FOUND, name, ns_t_a, err) :
	    result;
}

enum dns_result
dns_reverse(const struct netaddr *a, struct dns_answer *out, struct err *err)
{
	char name[NETADDR_REVERSED_SIZE + sizeof(".in-addr.arpa")];

	*out = DNS_NO_ANSWER;
	if (dns_hosts_names(a, out))
		return DNS_FOUND;
	if (netaddr_reversed(a, name) == -1)
		return dns_failure(DNS_FAIL, "unknown", ns_t_ptr, err);
	strcat(name, a->ss.ss_family == AF_INET ? ".in-addr.arpa" :
	    ".ip6.arpa");
	return query(name, ns_t_ptr, false, out, err);
}
